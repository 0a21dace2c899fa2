#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the image: a Python of 3.11 or newer, its packages, bubblewrap.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq bubblewrap || echo "No bubblewrap: students' code will run as another OS user."
python=""
for version in 3.13 3.12 3.11; do
  if apt-get install -y -qq "python$version" "python$version-venv"; then python="python$version" && break; fi
done
[ -n "$python" ] || { echo "No Python 3.11 or newer can be installed here: choose a newer base image." >&2; exit 1; }
"$python" -m venv "$root/python"
constraints="$root/source/constraints/${python/python3./py3}.txt"
"$root/python/bin/python" -m pip install --quiet --disable-pip-version-check \
  @INDEX@ -c "$constraints" -r "$root/source/requirements.txt"
"$root/python/bin/python" -c "import matplotlib.font_manager"  # its list of fonts, once for all submissions
chmod 700 "$root/source"
