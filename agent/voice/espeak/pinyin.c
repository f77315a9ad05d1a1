/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/pinyin.h"

#include "agent/voice/espeak/pinyin_table.h"

static int compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct pinyin_row *)row)->phrase);
}

static const char *find(const char *phrase)
{
    const struct pinyin_row *row =
        bsearch(phrase, pinyin_table, pinyin_table_count, sizeof pinyin_table[0], compare);

    return row ? row->reading : NULL;
}

size_t pinyin_match(const struct letter *letters, size_t count, const char **reading)
{
    char phrase[4 * PINYIN_MAX_LETTERS + 1];
    size_t ends[PINYIN_MAX_LETTERS + 1] = {0};
    size_t han = 0;

    while (han < count && han < PINYIN_MAX_LETTERS && letters_is_han(letters[han].code)) {
        ends[han + 1] = ends[han] + letters_encode(letters[han].code, phrase + ends[han]);
        han++;
    }
    for (; han > 0; han--) {
        phrase[ends[han]] = '\0';
        const char *found = find(phrase);
        if (found) {
            *reading = found;
            return han;
        }
    }
    return 0;
}
