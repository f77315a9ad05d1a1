#include "agent/face/feelings.h"

void feelings_clear(struct feelings *feelings)
{
    *feelings = (struct feelings){.count = 0};
}

bool feelings_add(struct feelings *feelings, uint32_t clause, enum emotion emotion)
{
    if (clause > 0 && feelings->ended >= clause)
        return true;
    if (feelings->count < FEELINGS_MAX) {
        feelings->waiting[feelings->count].clause = clause;
        feelings->waiting[feelings->count++].emotion = emotion;
    }
    return false;
}

/* The last one that waits for this clause or an earlier one. */
static enum emotion take(struct feelings *feelings, uint32_t clause)
{
    enum emotion taken = EMOTION_NONE;
    size_t kept = 0;

    for (size_t i = 0; i < feelings->count; i++) {
        if (feelings->waiting[i].clause <= clause)
            taken = feelings->waiting[i].emotion;
        else
            feelings->waiting[kept++] = feelings->waiting[i];
    }
    feelings->count = kept;
    return taken;
}

enum emotion feelings_begin(struct feelings *feelings)
{
    return take(feelings, feelings->begun++);
}

enum emotion feelings_end(struct feelings *feelings)
{
    return take(feelings, ++feelings->ended);
}
