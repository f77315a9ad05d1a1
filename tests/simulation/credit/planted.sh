#!/bin/sh
# planted.sh PROGRAM... : each has a planted bug, which one of its first seeds must find.
set -u
missed=0
for program in "$@"; do
	if found=$("$program" --seeds 1000 --jobs 2 --must-find); then
		echo "$(basename "$program"):"
		echo "$found" | grep -A1 -e --trace | head -2 | sed 's|^/[^ ]*/||; s|^ *|    |'
	else
		echo "$(basename "$program"): NOT FOUND"
		missed=$((missed + 1))
	fi
done
[ "$missed" -eq 0 ]
