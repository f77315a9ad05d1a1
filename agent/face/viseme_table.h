/* viseme_table.h - the tables behind viseme.h; written by make_tables.sh at build time */
#ifndef AGENT_FACE_VISEME_TABLE_H
#define AGENT_FACE_VISEME_TABLE_H

#include "agent/face/viseme.h"

extern const struct viseme_shape viseme_table_shapes[VISEME_COUNT];

/* Sorted by language, then by the bytes of the name. */
extern const struct viseme_phoneme viseme_table_phonemes[];
extern const size_t viseme_table_phoneme_count;

#endif
