#!/bin/sh
# Turns a drawing into C: embed_pack.sh myna.svg pack_data.c
set -eu

{
    echo '/* Made from a drawing by embed_pack.sh. */'
    echo '#include "agent/face/pack_data.h"'
    echo 'const uint8_t pack_data[] = {'
    od -An -v -tu1 "$1" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
    echo '};'
    echo 'const size_t pack_data_size = sizeof pack_data;'
} >"$2.new"
mv "$2.new" "$2"
