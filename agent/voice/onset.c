#include "agent/voice/onset.h"

#include <stdlib.h>

/* 66 dB below full scale: a vendor's silence is not always zeros, and the softest beginning of a
 * consonant is louder. */
#define SILENT_AMPLITUDE 16

void onset_begin(struct onset *onset, bool is_awaited)
{
    onset->is_awaited = is_awaited;
    onset->skipped = 0;
    onset->note_count = 0;
}

size_t onset_skip(struct onset *onset, const int16_t *pcm, size_t count)
{
    size_t silent = 0;

    if (!onset->is_awaited)
        return 0;
    while (silent < count && onset->skipped < ONSET_MAX_SAMPLES &&
           abs(pcm[silent]) <= SILENT_AMPLITUDE) {
        silent++;
        onset->skipped++;
    }
    onset->is_awaited = silent == count;
    return silent;
}

bool onset_keep(struct onset *onset, const struct onset_note *note)
{
    if (!onset->is_awaited)
        return false;
    if (onset->note_count < ONSET_MAX_NOTES)
        onset->notes[onset->note_count++] = *note;
    return true;
}
