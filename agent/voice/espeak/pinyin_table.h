/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pinyin_table.h - the phrases, sorted by their bytes; written by make_table.sh at build time */
#ifndef AGENT_VOICE_ESPEAK_PINYIN_TABLE_H
#define AGENT_VOICE_ESPEAK_PINYIN_TABLE_H

#include <stddef.h>

struct pinyin_row {
    const char *phrase;
    const char *reading;
};

extern const struct pinyin_row pinyin_table[];
extern const size_t pinyin_table_count;

#endif
