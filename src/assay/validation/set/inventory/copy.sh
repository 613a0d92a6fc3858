#!/bin/sh
cp -rn "$1" "$2"
