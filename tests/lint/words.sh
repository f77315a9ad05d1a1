#!/bin/sh
# No unfinished marks, no commented-out code's usual signs, no blanks at line ends.
set -eu
cd "$1"
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
files=$(mktemp)
trap 'rm -f "$findings" "$files"' EXIT
git ls-files -co --exclude-standard | grep -vE '\.(png|svg|tsv|bin)$|package-lock\.json$|^LICENSE|^tests/lint/words\.sh$' |
	while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done >"$files"

# lines PATTERN : the files' lines that match it, one grep for all of them
lines() {
	xargs -d '\n' grep -HnE "$1" <"$files" || true
}

{
	lines '\b(TODO|FIXME|XXX|HACK)\b'
	lines '[[:blank:]]+$' | grep -v '\.md:' || true
	lines '^[[:blank:]]*//' | grep -E '^[^:]*\.(c|h):' || true
} >"$findings"
cat "$findings"
[ ! -s "$findings" ]
