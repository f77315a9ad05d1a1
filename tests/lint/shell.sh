#!/bin/sh
# Shell scripts pass shellcheck.
set -eu
cd "$1"
git ls-files -co --exclude-standard | while read -r file; do
	[ -f "$file" ] || continue
	case $file in
	*.sh | myna | .ci/run | *.bench) printf '%s\n' "$file" ;;
	esac
done | xargs shellcheck -x -e SC1091
