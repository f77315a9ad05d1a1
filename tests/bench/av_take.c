#include "tests/bench/av_take.h"

#include <math.h>

#include "tests/support/spoken.h"

#define PATH_BYTES    512
#define NEAR_NS       5000000000 /* stamps that far away tell of the same line */
#define SETTLING      3          /* seconds in which the sound server learns its own latency */
#define SEARCH_MS     400
#define LOOK_MS       1000 /* of the clause that is looked for */
#define NEAR_MS       25
#define AROUND_FROM   (-30) /* milliseconds around a sample that tell its place */
#define AROUND_UNTIL  80
#define LEAST_LIKE    0.5
#define MAX_LOOK      (LOOK_MS * AV_SLOW / 1000)
#define SLOW_OF(ms)   ((ms)*AV_SLOW / 1000)
#define SPOKEN_A_SLOW ((double)AUDIO_SAMPLE_RATE / AV_SLOW)

/* --- loading --- */

static enum status read_all(const char *folder, const char *name, size_t size, void **out,
                            size_t *count)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return STATUS_IO;
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file) / size;
    rewind(file);
    *out = calloc(*count + 1, size);
    bool is_read = *out && fread(*out, size, *count, file) == *count;
    fclose(file);
    return is_read ? STATUS_OK : STATUS_IO;
}

static enum status read_clauses(struct av_take *take, const char *folder)
{
    char path[PATH_BYTES], line[1100];
    long long time_ns, playhead, sample;

    snprintf(path, sizeof path, "%s/spoken", folder);
    FILE *file = fopen(path, "r");
    if (!file)
        return STATUS_IO;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lld %lld %lld", &time_ns, &playhead, &sample) < 3)
            continue;
        struct av_clause *grown =
            realloc(take->clauses, (take->clause_count + 1) * sizeof *take->clauses);
        if (!grown)
            break;
        take->clauses = grown;
        grown[take->clause_count++] =
            (struct av_clause){.time_ns = time_ns, .playhead = playhead, .sample = sample};
    }
    fclose(file);
    return STATUS_OK;
}

/* Copied out, because the bytes behind it leave the next one unaligned. */
static bool next_said(const uint8_t **at, const uint8_t *end, struct av_said *said)
{
    if ((size_t)(end - *at) < sizeof *said)
        return false;
    memcpy(said, *at, sizeof *said);
    *at += sizeof *said;
    return said->size <= (size_t)(end - *at);
}

/* Clauses began in the order in which they were said, but not every one was heard. */
static void find_said(struct av_take *take)
{
    const uint8_t *at = take->said, *end = take->said + take->said_size;
    struct av_clause *clause = NULL;
    struct av_said said;
    size_t next = 0;

    for (const uint8_t *from = at; next_said(&at, end, &said); from = at += said.size) {
        if (said.kind != AV_SAID_CLAUSE)
            continue;
        if (clause)
            clause->said_end = from;
        clause = NULL;
        while (next < take->clause_count && take->clauses[next].sample < said.sample)
            next++;
        if (next < take->clause_count && take->clauses[next].sample == said.sample) {
            clause = &take->clauses[next];
            clause->said = at;
            clause->said_end = end;
        }
    }
}

void av_take_spoken(const struct av_clause *clause, struct spoken *spoken)
{
    const size_t room = sizeof spoken->pcm / sizeof *spoken->pcm;
    const uint8_t *at = clause->said;
    struct av_said said;

    memset(spoken, 0, sizeof *spoken);
    while (at && next_said(&at, clause->said_end, &said)) {
        size_t place = (size_t)(said.sample - clause->sample), count = said.size / 2;

        if (said.kind == AV_SAID_SOUND && place + count <= room) {
            memcpy(spoken->pcm + place, at, said.size);
            spoken->count = place + count;
        }
        if (said.kind == AV_SAID_MARK && spoken->mark_count < SPOKEN_MAX_MARKS) {
            struct voice_mark *mark = &spoken->marks[spoken->mark_count++];

            memcpy(mark, at, sizeof *mark);
            /* the voice counts from its own beginning, of which the silence is not played */
            mark->sample = said.sample > clause->sample ? (uint32_t)place : 0;
        }
        if (said.kind == AV_SAID_WORD && spoken->word_count < SPOKEN_MAX_WORDS)
            spoken->words[spoken->word_count++].sample = (uint32_t)place;
        at += said.size;
    }
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int64_t plain_start_ns(const struct av_stamp *stamp)
{
    return stamp->time_ns - stamp->samples * 1000000000 / AV_RATE;
}

/* The median of what the stamps around say: single ones are wrong by milliseconds, and where the
 * recorder was too slow to take its sound the line goes on elsewhere. */
static enum status fit(struct av_take *take)
{
    int64_t *around = calloc(take->stamp_count + 1, sizeof *around);
    size_t first = 0, after = 0;

    take->start_ns = calloc(take->stamp_count + 1, sizeof *take->start_ns);
    if (!around || !take->start_ns) {
        free(around);
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < take->stamp_count; i++) {
        size_t count = 0;

        while (take->stamps[i].time_ns - take->stamps[first].time_ns > NEAR_NS)
            first++;
        while (after < take->stamp_count &&
               take->stamps[after].time_ns - take->stamps[i].time_ns <= NEAR_NS)
            after++;
        for (size_t k = first; k < after; k++)
            if (take->stamps[k].samples > SETTLING * AV_RATE)
                around[count++] = plain_start_ns(&take->stamps[k]);
        qsort(around, count, sizeof *around, ascending);
        take->start_ns[i] = count > 0 ? around[count / 2] : plain_start_ns(&take->stamps[i]);
    }
    free(around);
    return STATUS_OK;
}

static enum status slow_down(struct av_take *take)
{
    take->slow_count = take->count / AV_SLOW_STEP;
    take->slow = calloc(take->slow_count + 1, sizeof *take->slow);
    if (!take->slow)
        return STATUS_MEMORY;
    for (size_t i = 0; i < take->slow_count; i++)
        for (size_t k = 0; k < AV_SLOW_STEP; k++)
            take->slow[i] += take->sound[i * AV_SLOW_STEP + k];
    return STATUS_OK;
}

enum status av_take_load(struct av_take *take, const char *folder)
{
    *take = (struct av_take){0};
    enum status status =
        read_all(folder, "sound", sizeof *take->sound, (void **)&take->sound, &take->count);
    if (status == STATUS_OK)
        status = read_all(folder, "stamps", sizeof *take->stamps, (void **)&take->stamps,
                          &take->stamp_count);
    if (status == STATUS_OK)
        status = read_all(folder, "pictures", sizeof *take->pictures, (void **)&take->pictures,
                          &take->picture_count);
    if (status == STATUS_OK)
        status = read_clauses(take, folder);
    if (status == STATUS_OK)
        status = read_all(folder, "said", 1, (void **)&take->said, &take->said_size);
    if (status == STATUS_OK)
        find_said(take);
    if (status == STATUS_OK && take->stamp_count == 0)
        status = STATUS_IO;
    if (status == STATUS_OK)
        status = fit(take);
    return status == STATUS_OK ? slow_down(take) : status;
}

void av_take_free(struct av_take *take)
{
    free(take->sound);
    free(take->slow);
    free(take->stamps);
    free(take->start_ns);
    free(take->pictures);
    free(take->clauses);
    free(take->said);
    *take = (struct av_take){0};
}

/* --- the clock --- */

static int64_t start_at(const struct av_take *take, double index)
{
    size_t low = 0, high = take->stamp_count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if ((double)take->stamps[middle].samples < index)
            low = middle + 1;
        else
            high = middle;
    }
    return take->start_ns[low];
}

double av_take_time_ns(const struct av_take *take, double index)
{
    return (double)start_at(take, index) + index * 1e9 / AV_RATE;
}

double av_take_index(const struct av_take *take, double time_ns)
{
    double index = 0;

    for (int i = 0; i < 3; i++)
        index = (time_ns - (double)start_at(take, index)) * AV_RATE / 1e9;
    return index;
}

/* --- finding what was said --- */

/* The clause as the recording would have it, from its sample `from` on; returns how much there is.
 */
static size_t slow_part(const struct spoken *spoken, double from, size_t count, float *out)
{
    size_t have = 0;

    for (size_t i = 0; i < count; i++) {
        double at = from + (double)i * SPOKEN_A_SLOW;
        int64_t first = (int64_t)lrint(at), sum = 0;

        if (first + 2 >= (int64_t)spoken->count)
            break;
        for (int64_t k = first; k < first + 3; k++)
            sum += k >= 0 ? spoken->pcm[k] : 0;
        out[i] = (float)sum;
        have = i + 1;
    }
    return have;
}

static double likeness(const float *a, const float *b, size_t count)
{
    double product = 0, energy_a = 1, energy_b = 1;

    for (size_t i = 0; i < count; i++) {
        product += (double)(a[i] * b[i]);
        energy_a += (double)(a[i] * a[i]);
        energy_b += (double)(b[i] * b[i]);
    }
    return product / sqrt(energy_a * energy_b);
}

/* The place within reach of `around` where the part is heard best; less than 0: nowhere. */
static double best_place(const struct av_take *take, const float *part, size_t count, double around,
                         int reach)
{
    double best = LEAST_LIKE, place = -1;

    for (int shift = -reach; shift <= reach; shift++) {
        int64_t at = (int64_t)lrint(around) + shift;

        if (count == 0 || at < 0 || (size_t)at + count > take->slow_count)
            continue;
        double like = likeness(take->slow + at, part, count);
        if (like > best) {
            best = like;
            place = (double)at;
        }
    }
    return place;
}

double av_take_find(const struct av_take *take, const struct spoken *spoken, int64_t time_ns)
{
    float part[MAX_LOOK];
    size_t count = slow_part(spoken, 0, MAX_LOOK, part);
    double around = av_take_index(take, (double)time_ns) / AV_SLOW_STEP;

    return best_place(take, part, count, around, SLOW_OF(SEARCH_MS));
}

double av_take_heard_ns(const struct av_take *take, const struct spoken *spoken, double begin,
                        uint32_t sample)
{
    const int from = SLOW_OF(AROUND_FROM), size = SLOW_OF(AROUND_UNTIL) - from;
    double offset = (double)sample / SPOKEN_A_SLOW + from;
    float part[SLOW_OF(AROUND_UNTIL - AROUND_FROM)];
    size_t count = slow_part(spoken, offset * SPOKEN_A_SLOW, (size_t)size, part);
    double around = begin + offset;
    double place = best_place(take, part, count, around, SLOW_OF(NEAR_MS));

    if (place < 0)
        return 0;
    place += around - rint(around) - from;
    return av_take_time_ns(take, place * AV_SLOW_STEP);
}
