#!/bin/sh
# No unfinished marks, no commented-out code's usual signs, no blanks at line ends.
set -eu
cd "$1"
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
git ls-files -co --exclude-standard | grep -vE '\.(png|svg|tsv|bin)$|package-lock\.json$|^LICENSE|^tests/lint/words\.sh$' |
	while read -r file; do
		[ -f "$file" ] || continue
		grep -HnE '\b(TODO|FIXME|XXX|HACK)\b' "$file" || true
		grep -HnE '[[:blank:]]+$' "$file" | grep -v '\.md:' || true
		grep -HnE '^[[:blank:]]*//' "$file" | grep -E '\.(c|h):' || true
	done >"$findings"
cat "$findings"
[ ! -s "$findings" ]
