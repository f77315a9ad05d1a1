/* av_offset.c - how late pictures are behind the sound they belong to
 *
 * usage: av_offset FOLDER
 *
 * For each word of a recording (av_take.h): when another word of the subtitle was lit, less when
 * that word's first sample was heard; positive: the picture is late. The samples that the voice
 * made are looked for in what was recorded. Prints one line: words measured, words whose picture
 * never came, mean, standard deviation, share in per cent within the limits, earliest, latest, and
 * by how much the mean moved from the first to the last quarter; then of the robot's own clock, the
 * playhead, how late it was behind what was heard: median and standard deviation. All in
 * milliseconds.
 *
 * The limits are those of ATSC IS-191: sound at most 15 ms early and at most 45 ms late.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/av_take.h"
#include "tests/support/spoken.h"

#define MAX_EVENTS     65536
#define REACH_MS       85.0 /* half of the shortest time between two beeps */
#define SOUND_EARLY_MS 15.0
#define SOUND_LATE_MS  45.0

struct offsets {
    size_t count, missing;
    double ms[MAX_EVENTS];
    size_t clause_count;
    double clock_ms[MAX_EVENTS];
};

struct summary {
    double mean, sd;
};

/* When a new word was lit, nearest to a time; 0: never near it. */
static double lit_near_ns(const struct av_take *take, double time_ns)
{
    double best = REACH_MS * 1e6, lit_ns = 0;
    size_t low = 0, high = take->picture_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if ((double)take->pictures[middle].at_ns < time_ns - 2 * best)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low > 0 ? low : 1; i < take->picture_count; i++) {
        const struct av_picture *picture = &take->pictures[i];
        double came_ns = (double)(picture->before_ns + picture->at_ns) / 2;

        if (came_ns > time_ns + 2 * REACH_MS * 1e6)
            break;
        if (picture->word == 0 || picture->word == picture[-1].word ||
            fabs(came_ns - time_ns) >= best)
            continue;
        best = fabs(came_ns - time_ns);
        lit_ns = came_ns;
    }
    return lit_ns;
}

/* What the playhead told is heard that long after the clause's first sample. */
static void measure_clock(struct offsets *offsets, const struct av_take *take,
                          const struct av_clause *clause, double begin)
{
    double since_ns = (double)(clause->playhead - clause->sample) * 1e9 / AUDIO_SAMPLE_RATE;
    double heard_ns = av_take_time_ns(take, begin * AV_SLOW_STEP) + since_ns;

    if (offsets->clause_count < MAX_EVENTS)
        offsets->clock_ms[offsets->clause_count++] = ((double)clause->time_ns - heard_ns) / 1e6;
}

static void measure_clause(struct offsets *offsets, const struct av_take *take,
                           const struct spoken *spoken, const struct av_clause *clause)
{
    double begin = av_take_find(take, spoken, clause->time_ns);

    if (begin >= 0)
        measure_clock(offsets, take, clause, begin);
    for (size_t i = 0; begin >= 0 && i < spoken->word_count; i++) {
        double heard_ns = av_take_heard_ns(take, spoken, begin, spoken->words[i].sample);
        double lit_ns = heard_ns > 0 ? lit_near_ns(take, heard_ns) : 0;

        if (heard_ns <= 0 || offsets->count == MAX_EVENTS)
            continue;
        if (lit_ns > 0)
            offsets->ms[offsets->count++] = (lit_ns - heard_ns) / 1e6;
        else
            offsets->missing++;
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static struct summary summarise(const double *values, size_t count)
{
    struct summary summary = {0};
    double squares = 0;

    for (size_t i = 0; i < count; i++)
        summary.mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - summary.mean) * (values[i] - summary.mean);
    summary.sd = count > 0 ? sqrt(squares / (double)count) : 0;
    return summary;
}

static void tell(struct offsets *offsets)
{
    struct summary all = summarise(offsets->ms, offsets->count);
    struct summary clock = summarise(offsets->clock_ms, offsets->clause_count);
    double least = offsets->ms[0], most = offsets->ms[0];
    size_t within = 0, quarter = offsets->count / 4;

    for (size_t i = 0; i < offsets->count; i++) {
        double value = offsets->ms[i];

        within += value <= SOUND_EARLY_MS && value >= -SOUND_LATE_MS;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    double moved = summarise(offsets->ms + offsets->count - quarter, quarter).mean -
                   summarise(offsets->ms, quarter).mean;
    qsort(offsets->clock_ms, offsets->clause_count, sizeof *offsets->clock_ms, ascending);
    double clock_ms = offsets->clause_count > 0 ? offsets->clock_ms[offsets->clause_count / 2] : 0;
    printf("%zu %zu %.3f %.3f %.3f %.2f %.2f %.3f %.3f %.3f\n", offsets->count, offsets->missing,
           all.mean, all.sd, 100.0 * (double)within / (double)(offsets->count + offsets->missing),
           least, most, moved, clock_ms, clock.sd);
}

int main(int argc, char **argv)
{
    static struct offsets offsets;
    static struct spoken spoken;
    struct av_take take;

    if (argc != 2)
        return 2;
    enum status status = av_take_load(&take, argv[1]);
    for (size_t i = 0; status == STATUS_OK && i < take.clause_count; i++) {
        av_take_spoken(&take.clauses[i], &spoken);
        measure_clause(&offsets, &take, &spoken, &take.clauses[i]);
    }
    if (status == STATUS_OK && offsets.count > 0)
        tell(&offsets);
    else
        fprintf(stderr, "av_offset: nothing could be measured: %s\n", status_text(status));
    av_take_free(&take);
    return status == STATUS_OK && offsets.count > 0 ? 0 : 1;
}
