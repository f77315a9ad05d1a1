/* av_take.h - a recording of a robot's sound and picture on one clock, and what was heard when
 *
 * av_recorder writes it as three files of a folder: "sound" (16 bit mono at AV_RATE, what left the
 * sound server's sink), "stamps" (struct av_stamp) and "pictures" (struct av_picture, one for each
 * picture that differs from the one before). av_robot adds "spoken", a line for each clause that it
 * began (time, playhead, first sample: as in struct av_clause, and the text), and "said": what its
 * voice said, struct av_said each with its bytes behind it. All times are CLOCK_MONOTONIC in
 * nanoseconds.
 */
#ifndef TESTS_BENCH_AV_TAKE_H
#define TESTS_BENCH_AV_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define AV_RATE      48000
#define AV_SLOW      8000 /* what clauses are looked for in */
#define AV_SLOW_STEP (AV_RATE / AV_SLOW)

/* The first `samples` of the sound had left the sink at time_ns, as the sound server tells it:
 * single readings are wrong by milliseconds. */
struct av_stamp {
    int64_t samples;
    int64_t time_ns;
};

/* A picture came between two looks at the screen. */
struct av_picture {
    int64_t before_ns; /* the last look at the one before */
    int64_t at_ns;     /* the first look at this one */
    uint32_t word;     /* differs when another word of the subtitle is lit; 0: none is */
    uint32_t opening;  /* rows of the mouth's middle column between the lips */
};

/* What the robot told when it began a clause. */
struct av_clause {
    int64_t time_ns;                /* shortly after it began */
    int64_t playhead;               /* what the robot thought was heard then, on its own timeline */
    int64_t sample;                 /* of its timeline, the clause's first */
    const uint8_t *said, *said_end; /* its struct av_said */
};

enum av_said_kind {
    AV_SAID_CLAUSE = 0, /* begins; nothing follows */
    AV_SAID_SOUND = 1,  /* 16 bit samples follow */
    AV_SAID_MARK = 2,   /* a struct voice_mark follows */
    AV_SAID_WORD = 3,   /* begins; nothing follows */
};

struct av_said {
    int64_t sample; /* of the robot's timeline */
    uint32_t kind;
    uint32_t size; /* of the bytes that follow */
};

/* Read-only once loaded. */
struct av_take {
    int16_t *sound;
    size_t count;
    float *slow; /* at AV_SLOW */
    size_t slow_count;
    int64_t *start_ns; /* of each stamp: when sample 0 would have been heard */
    struct av_stamp *stamps;
    size_t stamp_count;
    struct av_picture *pictures;
    size_t picture_count;
    struct av_clause *clauses;
    size_t clause_count;
    uint8_t *said;
    size_t said_size;
};

/* Reads folder. STATUS_IO, STATUS_MEMORY. Freed by av_take_free() in any case. */
MUST_CHECK enum status av_take_load(struct av_take *take, const char *folder);
void av_take_free(struct av_take *take);

/* When sample `index` of the sound (of AV_RATE; it may lie between two) was heard. */
double av_take_time_ns(const struct av_take *take, double index);

/* The sample that was heard then. */
double av_take_index(const struct av_take *take, double time_ns);

struct spoken;

/* What was said of a clause, its samples counted from the clause's first. */
void av_take_spoken(const struct av_clause *clause, struct spoken *spoken);

/* Where in the sound a clause begins: looks for its samples around time_ns. The result counts at
 * AV_SLOW, less than 0: it is not there. */
double av_take_find(const struct av_take *take, const struct spoken *spoken, int64_t time_ns);

/* When this sample of a clause that begins at `begin` was heard, looked for by the sound around it
 * alone: a device that ran dry within the clause moves what follows. 0: what is heard there is
 * something else. */
double av_take_heard_ns(const struct av_take *take, const struct spoken *spoken, double begin,
                        uint32_t sample);

#endif
