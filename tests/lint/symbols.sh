#!/bin/sh
# Every symbol that leaves a file starts with its module's name (style rule 3), and no file keeps
# mutable state (style rule 20). A file "pki_x25519.c" may serve the module "pki" of "pki.h".
set -eu
cd "$1"
build=$2
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

# What is logged, and who else reads it, is the process's and nobody's.
known_state='log.c least_level|log.c sink'

find "$build/schema" "$build/server" "$build/agent" -name '*.c.o' | sort | while read -r object; do
	path=${object#"$build"/}
	folder=${path%%/CMakeFiles*}
	file=$(basename "$object" .o)
	name=${file%.c}
	case $path in
	*.pb.c.o | */main.c.o | *generated*) continue ;;
	esac
	[ -f "$folder/$file" ] || continue
	modules=$name
	while [ "${name%_*}" != "$name" ]; do
		name=${name%_*}
		[ -f "$folder/$name.h" ] && modules="$modules|$name"
	done
	objdump -t "$object" | awk -v modules="^($modules)(_|\$)" -v file="$file" -v known="$known_state" '
		$1 !~ /^[0-9a-f]+$/ || NF < 4 { next }
		{
			global = $2 == "g"
			section = global || $2 == "l" ? ($3 ~ /^[OF]$/ ? $4 : $3) : $2
			symbol = $NF
		}
		symbol ~ /^(\.|__|_GLOBAL|_sub|mosquitto_plugin_|create_audio_device_object)/ || section == "*UND*" { next }
		global && symbol !~ modules { print file ": " symbol " does not start with its module" }
		$3 == "O" && section ~ /^\.(data|bss)(\.|$)/ && section !~ /^\.data\.rel\.ro/ &&
			index("|" known "|", "|" file " " symbol "|") == 0 { print file ": " symbol " is mutable state of the file" }'
done | sort -u >"$findings"
cat "$findings"
[ ! -s "$findings" ]
