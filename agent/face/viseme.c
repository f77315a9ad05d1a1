#include "agent/face/viseme.h"

#include <assert.h>

#include "agent/face/viseme_table.h"

struct key {
    enum voice_language language;
    const char *name;
};

static int compare(const void *key_pointer, const void *row_pointer)
{
    const struct key *key = key_pointer;
    const struct viseme_phoneme *row = row_pointer;

    if (key->language != row->language)
        return key->language < row->language ? -1 : 1;
    return strcmp(key->name, row->name);
}

const struct viseme_shape *viseme_shape(enum viseme viseme)
{
    assert(viseme < VISEME_COUNT);
    return &viseme_table_shapes[viseme];
}

const struct viseme_phoneme *viseme_find(enum voice_language language, const char *name)
{
    const struct key key = {.language = language, .name = name};

    return bsearch(&key, viseme_table_phonemes, viseme_table_phoneme_count,
                   sizeof viseme_table_phonemes[0], compare);
}
