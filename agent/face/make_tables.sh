#!/bin/sh
# Turns the viseme tables into C: make_tables.sh visemes.tsv viseme_shapes.tsv viseme_table.c
set -eu

phonemes() {
    grep -v '^#' "$1" | sed 1d | sed 's/^cmn/zh/' |
        LC_ALL=C sort -t "$(printf '\t')" -k 1,1 -k 2,2 | LC_ALL=C awk -F '\t' '
    function viseme(name) { return name == "-" || name == "" ? "NONE" : name == "hold" ? "HOLD" : name }
    function number(value) { return sprintf("%.3ff", value) }
    # "to event+3", "to event+45 (max next-10)", "to next-10", "event-5 to next-5", "-"
    function closure(text, onset,   from, until, next_until) {
        if (text == "-") return "0, 0, 0"
        from = onset
        if (match(text, /^event[-+][0-9]+/)) from = substr(text, 6, RLENGTH - 5)
        until = "VISEME_NEVER_MS"; next_until = "VISEME_NEVER_MS"
        if (match(text, /to event[-+][0-9]+/)) until = number(substr(text, RSTART + 8, RLENGTH - 8) + 0)
        if (match(text, /next[-+][0-9]+/)) next_until = number(substr(text, RSTART + 4, RLENGTH - 4) + 0)
        return number(from + 0) ", " until ", " next_until
    }
    NF >= 13 {
        name = $2
        gsub(/\\/, "\\\\", name); gsub(/"/, "\\\"", name); gsub(/\?/, "\\?", name)
        count = split($8, share, "/")
        printf "    {%s, \"%s\", VISEME_CLASS_%s, {VISEME_%s, VISEME_%s, VISEME_%s}, {%s, %s, %s},\n",
            $1 == "zh" ? "VOICE_LANGUAGE_ZH" : "VOICE_LANGUAGE_EN", name, $4,
            viseme($5), viseme($6), viseme($7),
            number(share[1]), number(count > 1 ? share[2] : 0), number(count > 2 ? share[3] : 0)
        printf "     %s, %s, %s, %s, %s},\n", number($9), closure($10, $9), number($11), number($12), number($13)
    }'
}

shapes() {
    grep -v '^#' "$1" | sed 1d | LC_ALL=C awk -F '\t' '
    NF >= 13 {
        printf "    [VISEME_%s] = {\"%s\"", $1, $1
        for (i = 2; i <= 9; i++) printf ", %.3ff", $i
        for (i = 11; i <= 13; i++) printf ", %.3ff", $i
        print "},"
    }'
}

{
    echo '/* Made from visemes.tsv and viseme_shapes.tsv by make_tables.sh. */'
    echo '#include "agent/face/viseme_table.h"'
    echo 'const struct viseme_shape viseme_table_shapes[VISEME_COUNT] = {'
    shapes "$2"
    echo '};'
    echo 'const struct viseme_phoneme viseme_table_phonemes[] = {'
    phonemes "$1"
    echo '};'
    echo 'const size_t viseme_table_phoneme_count ='
    echo '    sizeof viseme_table_phonemes / sizeof viseme_table_phonemes[0];'
} >"$3.new"
mv "$3.new" "$3"
