#!/bin/sh
# Copy the camera card.
cp -rn "$1"/DCIM "$2"
