#!/bin/sh
# Turns pinyin.tsv into a C table: make_table.sh pinyin.tsv pinyin_table.c
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu

{
    echo '/* Made from pinyin.tsv by make_table.sh. */'
    echo '#include "agent/voice/espeak/pinyin_table.h"'
    echo 'const struct pinyin_row pinyin_table[] = {'
    grep -v '^#' "$1" | LC_ALL=C sort -t "$(printf '\t')" -k 1,1 | LC_ALL=C awk -F '\t' \
        'NF == 2 { printf "    {\"%s\", \"%s\"},\n", $1, $2 }'
    echo '};'
    echo 'const size_t pinyin_table_count = sizeof pinyin_table / sizeof pinyin_table[0];'
} >"$2.new"
mv "$2.new" "$2"
