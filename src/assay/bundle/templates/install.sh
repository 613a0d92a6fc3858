#!/bin/sh
# Installs Assay @VERSION@ from this folder alone, without a network:  sh install.sh PLACE
set -eu

fail() { printf 'install: %s\n' "$1" >&2; [ -z "${2:-}" ] || printf '  %s\n' "$2" >&2; exit 1; }

[ "$#" -eq 1 ] || { printf 'usage: sh install.sh PLACE\n  PLACE: a new folder for the program, for example /opt/assay\n' >&2; exit 2; }
case "$1" in /*) place=$1 ;; *) place=$(pwd)/$1 ;; esac
cd "$(dirname "$0")"

printf '1 of 4: checking this folder\n'
if command -v sha256sum >/dev/null 2>&1; then sums='sha256sum -c --quiet SHA256SUMS'
elif command -v shasum >/dev/null 2>&1; then sums='shasum -a 256 -c -s SHA256SUMS'
else fail 'neither sha256sum nor shasum is there to check the files with'; fi
$sums || fail 'files differ from SHA256SUMS; nothing was installed' 'copy the folder again from where it was made'

[ "$(uname -s)" = '@SYSTEM@' ] && [ "$(uname -m)" = '@MACHINE@' ] ||
    fail "this folder is for @PLATFORM@; this machine is $(uname -s) $(uname -m)" 'make another one with: assay bundle --platform'
if [ -e "$place" ] && [ -n "$(ls -A "$place" 2>/dev/null)" ]; then
    fail "$place exists and is not empty" 'give a new folder'
fi
python=${PYTHON:-python@PYTHON@}
command -v "$python" >/dev/null 2>&1 ||
    fail "$python was not found" 'install Python @PYTHON@, or name it: PYTHON=/path/to/python sh install.sh PLACE'
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$found" = '@PYTHON@' ] || fail "this folder is for Python @PYTHON@; $python is $found"

printf '2 of 4: making %s\n' "$place"
"$python" -m venv "$place" ||
    fail 'a virtual environment could not be made' 'Debian and Ubuntu: install python@PYTHON@-venv'

printf '3 of 4: installing, without asking any server\n'
# No settings of this machine, no index, no file but those whose digests are listed.
PIP_CONFIG_FILE=/dev/null "$place/bin/python" -m pip --isolated --disable-pip-version-check install -q \
    --no-index --find-links wheels --require-hashes -r requirements.txt ||
    fail "the installation failed; remove $place before the next try"
for part in @PARTS@; do
    home=$("$place/bin/python" -c 'from assay.trust.lists import home; print(home())')
    mkdir -p "$home/$part"
    for file in "$part"/*; do
        [ -e "$home/$part/${file##*/}" ] || cp "$file" "$home/$part/"
    done
    printf '  %s: copied to %s\n' "$part" "$home/$part"
done

printf '4 of 4: assay doctor\n\n'
code=0
"$place/bin/assay" doctor || code=$?
printf '\nAssay @VERSION@ is installed: %s\n' "$place/bin/assay"
exit "$code"
