#!/bin/sh
# Each header compiles alone (style rule 4) and opens with "/* its name - " (style rule 38).
set -eu
cd "$1"
build=$2
flags=$(pkg-config --cflags cairo sdl2 libpq jansson libcurl 2>/dev/null || true)
failed=0
for header in $(git ls-files -co --exclude-standard -- 'schema/*.h' 'server/*.h' 'agent/*.h'); do
	name=$(basename "$header")
	if ! head -3 "$header" | grep -qF "$name - "; then
		echo "$header: does not open with \"/* $name - what it is\""
		failed=1
	fi
	# shellcheck disable=SC2086 # flags are words
	printf '#include "%s"\n' "$header" |
		cc -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I. -I"$build/schema/generated" $flags \
			-fsyntax-only -x c - || failed=1
done
exit $failed
