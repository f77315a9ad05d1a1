/* pack_data.h - the drawing of the built-in avatar, made at build time from packs/myna.svg */
#ifndef AGENT_FACE_PACK_DATA_H
#define AGENT_FACE_PACK_DATA_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t pack_data[];
extern const size_t pack_data_size;

#endif
