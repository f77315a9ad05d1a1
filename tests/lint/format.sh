#!/bin/sh
# C is formatted by tool (.clang-format, version 14).
set -eu
cd "$1"
git ls-files -co --exclude-standard -- 'schema/*.[ch]' 'server/*.[ch]' 'agent/*.[ch]' 'tests/*.[ch]' 'cmake/*.h' |
	while read -r file; do [ -f "$file" ] && printf '%s\n' "$file"; done |
	xargs clang-format --dry-run -Werror
