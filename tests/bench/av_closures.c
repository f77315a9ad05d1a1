/* av_closures.c - how many of the closures of p, b and m that are heard are seen
 *
 * usage: av_closures FOLDER
 *
 * Labels come from the recorded sound (av_take.h) and the order of phonemes that the voice marks;
 * the tables that move the mouth are not read here. Between the phoneme before a p, b or m and the
 * one after it, the level of the sound between 900 and 4000 Hz falls when the lips meet, to silence
 * (p) or to a murmur that has hardly anything above 900 Hz (b, m), and rises when they part. The
 * closure is where that level lies in the lower half, in decibels, between its minimum and the
 * lower of the two peaks around it. No label: less than 10 dB deep, shorter than 15 ms or longer
 * than 200, farther than 20 ms from the mark, at a pause, or beside another sound that falls as low
 * (stops, nasals, f, v, th, h), for there the sound does not tell whose closure it is; neighbours
 * that close the lips too count as one with it.
 *
 * A closure is shown when a picture with shut lips was on the screen within it, for 4 ms at least;
 * shut is at most 3 rows between the lips of the 75 that open wide. As a check of the check, the
 * same is asked of the same spans 230 ms later, where lips are shut by chance only, and of the
 * middle of vowels that are said with an open mouth.
 *
 * Prints: closures labelled, p, b and m in all, closures shown in per cent, by chance in per cent,
 * vowels, vowels with an open mouth in per cent. With a second argument, every closure that was not
 * shown on standard error.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/av_take.h"
#include "tests/support/spoken.h"

#define HOP       (AV_RATE / 500) /* 2 ms */
#define WINDOW    (4 * HOP)
#define HOP_MS    2.0
#define LOW_HZ    900.0
#define HIGH_HZ   4000.0
#define REACH_MS  110.0 /* from the mark, within which the closure lies */
#define PEAK_MS   120.0 /* and its peaks, from the minimum */
#define LEAST_DB  10.0
#define LEAST_MS  15.0
#define MOST_MS   200.0
#define NEAR_MS   20.0
#define SEEN_NS   4000000
#define SHUT_ROWS 3
#define CHANCE_NS 230000000
#define ELSEWHERE "pbtdkgmnNfvTDhXxc?" /* how sounds begin that fall as low */

struct levels {
    float *db; /* of each hop of the sound */
    size_t count;
};

struct result {
    size_t sounds, labelled, shown, by_chance;
    size_t vowels, open;
    bool tells;
};

/* --- the level between LOW_HZ and HIGH_HZ --- */

/* Of second order, Butterworth; from the audio cookbook of R. Bristow-Johnson. */
struct filter {
    double b0, b1, b2, a1, a2;
    double x1, x2, y1, y2;
};

static struct filter make_filter(double hz, bool is_high_pass)
{
    double w = 6.283185307179586 * hz / AV_RATE, cosine = cos(w);
    double alpha = sin(w) / sqrt(2), a0 = 1 + alpha;
    double edge = is_high_pass ? (1 + cosine) / 2 : (1 - cosine) / 2;

    return (struct filter){.b0 = edge / a0,
                           .b1 = (is_high_pass ? -2 : 2) * edge / a0,
                           .b2 = edge / a0,
                           .a1 = -2 * cosine / a0,
                           .a2 = (1 - alpha) / a0};
}

static double pass(struct filter *f, double x)
{
    double y = f->b0 * x + f->b1 * f->x1 + f->b2 * f->x2 - f->a1 * f->y1 - f->a2 * f->y2;

    f->x2 = f->x1;
    f->x1 = x;
    f->y2 = f->y1;
    f->y1 = y;
    return y;
}

static bool measure_levels(struct levels *levels, const struct av_take *take)
{
    struct filter chain[] = {make_filter(LOW_HZ, true), make_filter(LOW_HZ, true),
                             make_filter(HIGH_HZ, false)};
    size_t hops = take->count / HOP;
    float *energy = calloc(hops + 1, sizeof *energy);

    levels->db = calloc(hops + 1, sizeof *levels->db);
    levels->count = hops;
    if (!energy || !levels->db) {
        free(energy);
        return false;
    }
    for (size_t i = 0; i < hops * HOP; i++) {
        double value = take->sound[i];

        for (size_t k = 0; k < sizeof chain / sizeof *chain; k++)
            value = pass(&chain[k], value);
        energy[i / HOP] += (float)(value * value);
    }
    for (size_t i = 0; i < hops; i++) { /* the hop's middle is the window's */
        double sum = 1;

        for (size_t k = i > 0 ? i - 1 : 0; k < i + WINDOW / HOP - 2 && k < hops; k++)
            sum += energy[k];
        levels->db[i] = (float)(10 * log10(sum));
    }
    free(energy);
    return true;
}

/* --- labels --- */

/* A span of hops. */
struct closure {
    size_t from, until;
};

static float peak(const struct levels *levels, size_t from, size_t until)
{
    float most = -INFINITY;

    for (size_t i = from; i < until && i < levels->count; i++)
        most = levels->db[i] > most ? levels->db[i] : most;
    return most;
}

/* The dip whose bottom lies in [from, until). */
static bool find_closure(const struct levels *levels, size_t from, size_t until,
                         struct closure *closure)
{
    const size_t around = (size_t)(PEAK_MS / HOP_MS);
    size_t bottom = from;

    if (from < around || until + around > levels->count || from >= until)
        return false;
    for (size_t i = from; i < until; i++)
        bottom = levels->db[i] < levels->db[bottom] ? i : bottom;
    float least = levels->db[bottom];
    float left = peak(levels, bottom - around, bottom);
    float right = peak(levels, bottom, bottom + around);
    float lower = left < right ? left : right, middle = (least + lower) / 2;
    if (lower - least < LEAST_DB)
        return false;
    closure->from = closure->until = bottom;
    while (levels->db[closure->from - 1] < middle)
        closure->from--;
    while (levels->db[closure->until] < middle)
        closure->until++;
    double ms = (double)(closure->until - closure->from) * HOP_MS;
    return ms >= LEAST_MS && ms <= MOST_MS;
}

static bool is_lips(const struct voice_mark *mark)
{
    return strcmp(mark->phoneme, "p") == 0 || strcmp(mark->phoneme, "ph") == 0 ||
           strcmp(mark->phoneme, "b") == 0 || strcmp(mark->phoneme, "m") == 0;
}

static bool is_gap(const struct voice_mark *mark)
{
    return strcmp(mark->phoneme, "_|") == 0;
}

static bool is_open_vowel(const struct voice_mark *mark)
{
    static const char *const open[] = {"a", "aa", "A:", "aI", "aU", "A", "ai", "Au", "iA", "uA"};

    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (strcmp(mark->phoneme, open[i]) == 0)
            return true;
    return false;
}

/* Whether the sound beside tells itself apart. */
static bool is_clear(const struct voice_mark *mark)
{
    return mark->phoneme[0] != '_' && mark->phoneme[0] != '(' &&
           !strchr(ELSEWHERE, mark->phoneme[0]);
}

/* The marks before and after `first`..`last`, gaps between words left out. */
static bool find_neighbours(const struct spoken *spoken, size_t first, size_t last, size_t *before,
                            size_t *after)
{
    *before = first;
    *after = last;
    do
        if ((*before)-- == 0)
            return false;
    while (is_gap(&spoken->marks[*before]));
    do
        if (++*after == spoken->mark_count)
            return false;
    while (is_gap(&spoken->marks[*after]));
    return is_clear(&spoken->marks[*before]) && is_clear(&spoken->marks[*after]);
}

/* --- what was seen --- */

static size_t picture_at(const struct av_take *take, int64_t time_ns)
{
    size_t low = 0, high = take->picture_count;

    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;

        if (take->pictures[middle].at_ns <= time_ns)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Whether a picture with shut lips was seen for SEEN_NS within the span, by every look in it. */
static bool is_shown(const struct av_take *take, int64_t from_ns, int64_t until_ns)
{
    for (size_t i = picture_at(take, from_ns); i < take->picture_count; i++) {
        const struct av_picture *picture = &take->pictures[i];
        int64_t gone_ns = i + 1 < take->picture_count ? picture[1].before_ns : INT64_MAX;
        int64_t begin_ns = picture->at_ns > from_ns ? picture->at_ns : from_ns;
        int64_t end_ns = gone_ns < until_ns ? gone_ns : until_ns;

        if (picture->at_ns >= until_ns)
            return false;
        if (picture->opening <= SHUT_ROWS && end_ns - begin_ns >= SEEN_NS)
            return true;
    }
    return false;
}

/* --- judging --- */

static size_t hop_of(const struct av_take *take, double time_ns)
{
    double index = av_take_index(take, time_ns);

    return index > 0 ? (size_t)(index / HOP) : 0;
}

static int64_t time_of(const struct av_take *take, size_t hop)
{
    return (int64_t)av_take_time_ns(take, ((double)hop + 0.5) * HOP);
}

struct judged {
    const struct av_take *take;
    const struct levels *levels;
    const struct spoken *spoken;
    double begin; /* of the clause, see av_take_find() */
};

static void judge_closure(struct result *result, const struct judged *judged, size_t first,
                          size_t last)
{
    const struct spoken *spoken = judged->spoken;
    const struct av_take *take = judged->take;
    size_t before, after;
    struct closure closure;

    if (!find_neighbours(spoken, first, last, &before, &after))
        return;
    double heard_ns = av_take_heard_ns(take, spoken, judged->begin, spoken->marks[first].sample);
    if (heard_ns <= 0)
        return;
    double ns_a_sample = 1e9 / AUDIO_SAMPLE_RATE, reach_ns = REACH_MS * 1e6;
    double back = (spoken->marks[first].sample - spoken->marks[before].sample) * ns_a_sample;
    double on = (spoken->marks[after].sample - spoken->marks[first].sample) * ns_a_sample;
    size_t from = hop_of(take, heard_ns - (back < reach_ns ? back : reach_ns));
    size_t until = hop_of(take, heard_ns + (on < reach_ns ? on : reach_ns));
    if (!find_closure(judged->levels, from, until, &closure))
        return;
    int64_t from_ns = time_of(take, closure.from), until_ns = time_of(take, closure.until);
    if ((double)from_ns > heard_ns + NEAR_MS * 1e6 || (double)until_ns < heard_ns - NEAR_MS * 1e6)
        return;
    bool is_seen = is_shown(take, from_ns, until_ns);
    result->labelled++;
    result->shown += is_seen;
    result->by_chance += is_shown(take, from_ns + CHANCE_NS, until_ns + CHANCE_NS);
    if (result->tells && !is_seen)
        fprintf(stderr, "%s after %s before %s: heard from %.0f to %.0f ms of its mark\n",
                spoken->marks[first].phoneme, spoken->marks[before].phoneme,
                spoken->marks[after].phoneme, ((double)from_ns - heard_ns) / 1e6,
                ((double)until_ns - heard_ns) / 1e6);
}

static void judge_vowel(struct result *result, const struct judged *judged, size_t index)
{
    const struct voice_mark *mark = &judged->spoken->marks[index];
    double heard_ns = av_take_heard_ns(judged->take, judged->spoken, judged->begin,
                                       mark->sample + mark->duration / 2);

    if (heard_ns <= 0)
        return;
    result->vowels++;
    result->open += !is_shown(judged->take, (int64_t)heard_ns, (int64_t)heard_ns + SEEN_NS);
}

static void judge_clause(struct result *result, const struct judged *judged)
{
    const struct spoken *spoken = judged->spoken;

    for (size_t i = 0; i < spoken->mark_count; i++) {
        size_t last = i;

        if (is_open_vowel(&spoken->marks[i]))
            judge_vowel(result, judged, i);
        if (!is_lips(&spoken->marks[i]))
            continue;
        result->sounds++;
        while (last + 1 < spoken->mark_count && is_lips(&spoken->marks[last + 1]))
            last++;
        judge_closure(result, judged, i, last);
        i = last;
    }
}

static double share(size_t part, size_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

int main(int argc, char **argv)
{
    struct levels levels = {0};
    static struct spoken spoken;
    struct result result = {.tells = argc == 3};
    struct av_take take;

    if (argc < 2)
        return 2;
    enum status status = av_take_load(&take, argv[1]);
    if (status == STATUS_OK && !measure_levels(&levels, &take))
        status = STATUS_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < take.clause_count; i++) {
        av_take_spoken(&take.clauses[i], &spoken);
        double begin = av_take_find(&take, &spoken, take.clauses[i].time_ns);
        if (begin >= 0)
            judge_clause(&result, &(struct judged){&take, &levels, &spoken, begin});
    }
    if (status == STATUS_OK)
        printf("%zu %zu %.2f %.2f %zu %.2f\n", result.labelled, result.sounds,
               share(result.shown, result.labelled), share(result.by_chance, result.labelled),
               result.vowels, share(result.open, result.vowels));
    else
        fprintf(stderr, "av_closures: %s\n", status_text(status));
    free(levels.db);
    av_take_free(&take);
    return status == STATUS_OK ? 0 : 1;
}
