#!/bin/sh
# docs/settings.md is what the one table of settings says.
set -eu
root=$1
page=$2/tests/lint/settings_page
made=$(mktemp)
trap 'rm -f "$made"' EXIT
"$page" >"$made"
if ! diff -u "$root/docs/settings.md" "$made"; then
	echo "docs/settings.md is not what schema/wire/setting.c says (hint: $page >docs/settings.md)"
	exit 1
fi
