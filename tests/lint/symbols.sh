#!/bin/sh
# Every symbol that leaves a file starts with the file's name (style rule 3), and no file keeps
# mutable state (style rule 20).
set -eu
cd "$1"
build=$2
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

for object in $(find "$build/schema" "$build/server" "$build/agent" -name '*.c.o' | sort); do
	source=${object%.o}
	name=$(basename "$source" .c)
	case $object in
	*.pb.c.o | */generated/* | *_data.c.o | *_table.c.o | *main.c.o | */web/*) continue ;;
	esac
	# the broker calls its plugin by fixed names
	nm --defined-only "$object" | awk -v name="$name" -v object="$name.c" '
		$2 ~ /^[TDBRC]$/ && $3 !~ "^" name "(_|$)" && $3 !~ /^(mosquitto_plugin_|__|_)/ {
			print object ": " $3 " does not start with " name "_"
		}
		$2 ~ /^[bBdD]$/ && $3 !~ /^(__|_|\.L|asan|ubsan|\.)/ && $3 !~ /\.rel|guard|stop|counter_key/ {
			print object ": " $3 " is mutable state of the file"
		}'
done | sort -u >"$findings"
cat "$findings"
[ ! -s "$findings" ]
