#!/bin/sh
# Turns the filter's lists into C: embed_lists.sh filter_lists.c filter_en.txt filter_zh.txt
set -eu

out=$1
shift
{
    echo '/* Made from lists of words by embed_lists.sh. */'
    echo '#include "agent/chat/filter_lists.h"'
    echo 'const uint8_t filter_lists[] = {'
    cat "$@" | od -An -v -tu1 | sed 's/  *\([0-9][0-9]*\)/\1,/g'
    echo '};'
    echo 'const size_t filter_lists_size = sizeof filter_lists;'
} >"$out.new"
mv "$out.new" "$out"
