#!/bin/sh
# Each test that SECURITY.md names exists, each line of its tables names one or says that there is none
# yet, and the units are no more exposed than it says.
set -eu
cd "$1"
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "FILE<tab>NAME" of each; a name may itself stand in the source with its apostrophes escaped.
# shellcheck disable=SC2016 # the marks of the text, not a command
grep -oE '`tests/[^`]+` "[^"]+"' SECURITY.md | sed 's/^`\([^`]*\)` "\(.*\)"$/\1\t\2/' >"$work/named"

{
	[ "$(wc -l <"$work/named")" -gt 20 ] || echo "SECURITY.md: hardly any test was found in it"
	tab=$(printf '\t')
	while IFS=$tab read -r file name; do
		if [ ! -f "$file" ]; then
			echo "SECURITY.md names $file, which is not there"
		elif ! sed "s/\\\\'/'/g" "$file" | grep -E "test\(|^static void " | grep -qF -- "$name"; then
			echo "SECURITY.md: $file has no test \"$name\""
		fi
	done <"$work/named"

	awk '/^## What the system/ { exit }
		/^\| / && !/^\| ---/ && !/shown by \|$/ && !/`tests\// && !/no test yet/ { print "SECURITY.md:" NR ": names no test" }' SECURITY.md

	sed -n 's/^| \([a-z-]*\.service\) | \([0-9.]*\) |$/\1 \2/p' SECURITY.md >"$work/units"
	[ "$(wc -l <"$work/units")" = 2 ] || echo "SECURITY.md: the exposure of two units was expected"
	if command -v systemd-analyze >/dev/null 2>&1; then
		while read -r unit figure; do
			found=$(systemd-analyze security --offline=true --no-pager "$build/packaging/$unit" 2>/dev/null |
				sed -n 's/.* exposure level for .*: \([0-9.]*\) .*/\1/p')
			[ "$found" = "$figure" ] || echo "SECURITY.md: $unit has the exposure ${found:-unknown}, not $figure"
		done <"$work/units"
	fi
} >"$work/findings"
cat "$work/findings"
[ ! -s "$work/findings" ]
