#!/bin/sh
# The table of tests/fuzz/README.md names every fuzz target and no other, files that are there, and
# every file whose header promises to take bytes of outside apart.
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

table=tests/fuzz/README.md
# The third column, and the second.
# shellcheck disable=SC2016 # signs of the table, no commands
sed -n 's/^| .* | .* | \(`.*\) |$/\1/p' "$table" | tr -d '`' | tr ' ' '\n' | sort -u >"$work/told"
# shellcheck disable=SC2016
sed -n 's/^| .* | \(`.*`\) | `.*$/\1/p' "$table" | tr -d '`' | tr ' ' '\n' | sort -u >"$work/files"
find tests/fuzz -name '*_fuzz.c' | sed 's#.*/\(.*\)_fuzz\.c#\1#' | sort >"$work/there"
sed -n '/^set([a-z]*_targets/,/)/p' tests/fuzz/CMakeLists.txt | sed 's/^set([a-z]*_targets//; s/)//' |
	tr ' ' '\n' | grep . | sort >"$work/built"

# name(struct span of bytes, text, a file ...): what does so takes something apart.
find agent schema server -name '*.h' -exec grep -lE '_(read|parse|decode|feed|take)\(([^;]*[ (])?struct span (text|bytes|file|document|message|input|svg|pem|cert_pem)' {} + |
	sed 's/\.h$/.c/' | sort -u >"$work/readers"

failed=0
finding() { # FILE TEXT
	[ -s "$1" ] || return 0
	failed=1
	sed "s#\$#: $2#" "$1"
}
comm -13 "$work/told" "$work/there" >"$work/untold"
comm -23 "$work/told" "$work/there" >"$work/gone"
comm -3 "$work/there" "$work/built" | tr -d '\t' >"$work/unbuilt"
comm -13 "$work/files" "$work/readers" >"$work/unread"
finding "$work/untold" "a fuzz target that $table does not name"
finding "$work/gone" "$table names a fuzz target that there is not"
finding "$work/unbuilt" "tests/fuzz/CMakeLists.txt and the targets differ"
finding "$work/unread" "takes bytes of outside apart, and no row of $table names it"
while read -r file; do
	[ -f "$file" ] || {
		failed=1
		echo "$file: $table names it, and there is no such file"
	}
done <"$work/files"
while read -r target; do
	[ -d "tests/fuzz/corpus/$target" ] || {
		failed=1
		echo "$target: a fuzz target without a corpus"
	}
done <"$work/there"
exit "$failed"
