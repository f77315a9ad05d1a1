#include "agent/face/track.h"

#include <math.h>

#include "agent/face/viseme.h"

#define MS_SAMPLES (AUDIO_SAMPLE_RATE / 1000.0f)

#define MAX_SEGMENTS 8192
#define CELL_SAMPLES 220 /* loudness is kept per 10 ms */
#define MAX_CELLS    16384
#define MAX_CLAUSES  64

/* Core of a shape's interval: closures hold, other shapes only pass through their middle. */
#define CORE_CLOSED 0.9f
#define CORE_OPEN   0.5f
#define REACH_MS    250.0f /* shapes farther away have faded */
#define EARLY_ROUND 1.8f   /* rounding starts 60 to 120 ms ahead */

/* Lips that must meet: how near is shut, how fast they part, how fast they come together. They come
 * together as fast as the limit on closing allows, so that the limit never keeps them apart. */
#define PRESS_LIMIT    0.0f
#define TOUCH_LIMIT    0.10f
#define PART_MS        22.0f
#define MEET_MS        (FRAME_MS / MAX_CLOSING)
#define MIN_CLOSURE_MS 36.0f /* a frame at 30 Hz and a little */

#define FRAME_MS    16.7f
#define MAX_CLOSING 0.45f /* of open in a frame at 60 Hz */

#define HOLD_PAUSE_MS  120.0f
#define RELAX_PAUSE_MS 350.0f
#define RELAX_OPEN     0.08f
#define ONSET_MS       120.0f /* the mouth moves that long before the first sound */
#define REST_MS        60.0f  /* after the last sound: with its slow theta, shut by 150 ms */
#define REST_THETA_MS  40.0f
#define CUT_THETA_MS   15.0f
#define REST_LENGTH_MS 300.0f

#define AFTER_LIQUID_MS (-10.0f) /* espeak-ng marks a vowel there after it began */

#define LOUD_BASE 0.60f
#define LOUD_PART 0.40f

enum kind {
    KIND_SHAPE,
    KIND_RELAX,
    KIND_REST,
};

/* One shape over one interval, in samples. */
struct segment {
    int64_t from, until;
    enum viseme viseme;
    enum kind kind;
    bool is_last; /* put at the end of a clause; goes when the next one follows closely */
    float dominance, round_add;
    float theta_left, theta_right;
    int64_t closed_from, closed_until; /* equal: no closure */
    char phoneme[VOICE_PHONEME_SIZE];
};

struct cell {
    int64_t number; /* sample / CELL_SAMPLES */
    float energy;   /* sum of squares */
};

struct loud_clause {
    int64_t from, until;
    float loudest; /* energy of its loudest 40 ms */
};

struct track {
    struct segment segments[MAX_SEGMENTS]; /* n at n % MAX_SEGMENTS */
    size_t segment_count;                  /* ever added and not taken back */
    struct cell cells[MAX_CELLS];          /* number n at (n - first_cell) % MAX_CELLS */
    int64_t first_cell;                    /* of the first sound */
    size_t cell_count;                     /* from there on */
    struct loud_clause clauses[MAX_CLAUSES];
    size_t clause_count;

    struct voice_mark mark; /* waits for the next one */
    int64_t mark_sample;
    bool has_mark;
    bool is_after_liquid;
    bool is_spoken; /* something was spoken before */
    int64_t spoken_until;
};

static int64_t samples_of(float ms)
{
    return (int64_t)lrintf(ms * MS_SAMPLES);
}

/* --- segments --- */

static struct segment *segment_at(struct track *track, size_t index)
{
    return &track->segments[index % MAX_SEGMENTS];
}

static const struct segment *const_segment_at(const struct track *track, size_t index)
{
    return &track->segments[index % MAX_SEGMENTS];
}

static size_t cell_index(const struct track *track, int64_t number)
{
    return (uint64_t)(number - track->first_cell) % MAX_CELLS;
}

static size_t oldest(const struct track *track)
{
    return track->segment_count > MAX_SEGMENTS ? track->segment_count - MAX_SEGMENTS : 0;
}

static struct segment *add_segment(struct track *track, int64_t from, int64_t until,
                                   enum viseme viseme)
{
    const struct viseme_shape *shape = viseme_shape(viseme);
    struct segment *segment = segment_at(track, track->segment_count++);

    *segment = (struct segment){.from = from,
                                .until = until > from ? until : from + 1,
                                .viseme = viseme,
                                .dominance = shape->dominance,
                                .theta_left = shape->theta_left,
                                .theta_right = shape->theta_right};
    return segment;
}

static void add_rest(struct track *track, int64_t sample)
{
    struct segment *rest = add_segment(track, sample + samples_of(REST_MS),
                                       sample + samples_of(REST_MS + REST_LENGTH_MS), VISEME_sil);

    rest->kind = KIND_REST;
    rest->is_last = true;
    rest->theta_left = REST_THETA_MS;
}

/* What lies between the last movement and the next one at sample. */
static void add_pause(struct track *track, int64_t sample)
{
    if (track->segment_count > 0 && segment_at(track, track->segment_count - 1)->is_last)
        track->segment_count--;

    float pause_ms = (float)(sample - track->spoken_until) / MS_SAMPLES;
    bool is_long = !track->is_spoken || pause_ms >= RELAX_PAUSE_MS;
    if (!is_long && pause_ms < HOLD_PAUSE_MS)
        return;
    if (!is_long) {
        add_segment(track, track->spoken_until, sample, VISEME_sil)->kind = KIND_RELAX;
        return;
    }
    if (track->is_spoken) {
        add_rest(track, track->spoken_until);
        segment_at(track, track->segment_count - 1)->is_last = false;
    }
    struct segment *before = add_segment(track, sample - samples_of(ONSET_MS + REST_LENGTH_MS),
                                         sample - samples_of(ONSET_MS), VISEME_sil);
    before->kind = KIND_REST;
    before->theta_right = REST_THETA_MS;
}

/* --- marks --- */

static bool is_movement(const struct viseme_phoneme *phoneme)
{
    return phoneme && phoneme->class != VISEME_CLASS_pause &&
           phoneme->class != VISEME_CLASS_marker && phoneme->parts[0] != VISEME_NONE;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* When the lips are shut or touch, in milliseconds after the mark. */
static void set_closure(struct segment *segment, const struct viseme_phoneme *phoneme, int64_t mark,
                        int64_t next)
{
    float next_ms = (float)(next - mark) / MS_SAMPLES;
    float from = phoneme->closed_from_ms;
    float until = smaller(phoneme->closed_until_ms, next_ms + phoneme->closed_until_next_ms);

    if (phoneme->closed_from_ms == phoneme->closed_until_ms)
        return;
    if (until - from < MIN_CLOSURE_MS) {
        float middle = (from + until) / 2;

        from = middle - MIN_CLOSURE_MS / 2;
        until = middle + MIN_CLOSURE_MS / 2;
    }
    segment->closed_from = mark + samples_of(from);
    segment->closed_until = mark + samples_of(until);
}

/* The end of the movement: the next one's beginning, but a stop is over at its burst. */
static int64_t end_of(const struct viseme_phoneme *phoneme, int64_t mark, int64_t next_begin)
{
    enum viseme viseme = phoneme->parts[0];
    bool is_plain = viseme == VISEME_PP || viseme == VISEME_DD || viseme == VISEME_kk;

    if (phoneme->class == VISEME_CLASS_vless_stop && is_plain)
        return mark + samples_of(3);
    if (phoneme->class == VISEME_CLASS_vstop && is_plain && mark + samples_of(45) < next_begin)
        return mark + samples_of(45);
    return next_begin;
}

static void add_shapes(struct track *track, const struct viseme_phoneme *phoneme, int64_t from,
                       int64_t until, int64_t next)
{
    float share = 0;

    for (size_t i = 0; i < VISEME_MAX_PARTS && phoneme->parts[i] < VISEME_COUNT; i++) {
        float begin = share;

        share += phoneme->shares[i];
        struct segment *segment =
            add_segment(track, from + (int64_t)((float)(until - from) * begin),
                        from + (int64_t)((float)(until - from) * share), phoneme->parts[i]);
        segment->dominance = smaller(segment->dominance * phoneme->weight, phoneme->dominance);
        segment->round_add = phoneme->round_add;
        memcpy(segment->phoneme, track->mark.phoneme, sizeof segment->phoneme);
        if (i == 0)
            set_closure(segment, phoneme, track->mark_sample, next);
    }
}

static int64_t begin_of(const struct viseme_phoneme *phoneme, int64_t mark, bool is_after_liquid)
{
    bool is_vowel = phoneme->class == VISEME_CLASS_vowel || phoneme->class == VISEME_CLASS_diph;

    return mark + samples_of(phoneme->onset_ms) +
           samples_of(is_vowel && is_after_liquid ? AFTER_LIQUID_MS : 0);
}

/* The waiting mark is followed by one at next. */
static void finish_mark(struct track *track, int64_t next, const struct viseme_phoneme *follower)
{
    const struct viseme_phoneme *phoneme = viseme_find(track->mark.language, track->mark.phoneme);

    if (!track->has_mark)
        return;
    track->has_mark = false;
    bool is_after_liquid = track->is_after_liquid;
    track->is_after_liquid =
        phoneme && (phoneme->class == VISEME_CLASS_liquid || phoneme->class == VISEME_CLASS_nasal);
    if (!is_movement(phoneme))
        return;

    int64_t from = begin_of(phoneme, track->mark_sample, is_after_liquid);
    int64_t next_begin =
        is_movement(follower) ? begin_of(follower, next, track->is_after_liquid) : next;
    int64_t until = end_of(phoneme, track->mark_sample, next_begin);
    if (until < from + samples_of(10))
        until = from + samples_of(10);
    add_pause(track, from);
    add_shapes(track, phoneme, from, until, next);
    track->is_spoken = true;
    /* aspiration and affrication go on until the next movement */
    track->spoken_until = until > next_begin ? until : next_begin;
}

void track_mark(struct track *track, int64_t sample, const struct voice_mark *mark)
{
    finish_mark(track, sample, viseme_find(mark->language, mark->phoneme));
    track->mark = *mark;
    track->mark_sample = sample;
    track->has_mark = true;
}

void track_close(struct track *track, int64_t sample)
{
    finish_mark(track, sample, NULL);
    if (track->is_spoken && !segment_at(track, track->segment_count - 1)->is_last)
        add_rest(track, track->spoken_until);
    if (track->clause_count > 0)
        track->clauses[(track->clause_count - 1) % MAX_CLAUSES].until = sample;
}

static struct cell *cell_at(struct track *track, int64_t number)
{
    return &track->cells[cell_index(track, number)];
}

/* Sound that is not heard says nothing about what comes in its place. */
static void cut_cells(struct track *track, int64_t sample)
{
    const int64_t end = track->first_cell + (int64_t)track->cell_count;
    const int64_t from = sample / CELL_SAMPLES + 1;
    int64_t number = from > track->first_cell ? from : track->first_cell;

    for (; number < end; number++, track->cell_count--)
        *cell_at(track, number) = (struct cell){0};
}

void track_cut(struct track *track, int64_t sample)
{
    size_t first = oldest(track);

    track->has_mark = false;
    track->is_after_liquid = false;
    while (track->segment_count > first &&
           segment_at(track, track->segment_count - 1)->from >= sample)
        track->segment_count--;
    for (size_t i = first; i < track->segment_count; i++) {
        struct segment *segment = segment_at(track, i);

        if (segment->until > sample)
            segment->until = sample;
        if (segment->closed_until > sample)
            segment->closed_until = segment->closed_from < sample ? sample : segment->closed_from;
    }
    if (track->clause_count > 0)
        track->clauses[(track->clause_count - 1) % MAX_CLAUSES].until = sample;
    cut_cells(track, sample);
    if (!track->is_spoken)
        return;
    struct segment *rest = add_segment(track, sample + samples_of(REST_MS / 2),
                                       sample + samples_of(REST_LENGTH_MS), VISEME_sil);
    rest->kind = KIND_REST;
    rest->is_last = true;
    rest->dominance = 1.0f;
    rest->theta_left = CUT_THETA_MS;
    if (track->spoken_until > sample)
        track->spoken_until = sample;
}

/* --- loudness --- */

static float energy_at(const struct track *track, int64_t number)
{
    const struct cell *cell = &track->cells[cell_index(track, number)];

    return cell->number == number ? cell->energy : 0;
}

static float energy_of_40_ms(const struct track *track, int64_t number)
{
    return energy_at(track, number - 2) + energy_at(track, number - 1) + energy_at(track, number) +
           energy_at(track, number + 1);
}

static void note_clause(struct track *track, int64_t sample, int64_t until)
{
    struct loud_clause *clause = &track->clauses[(track->clause_count - 1) % MAX_CLAUSES];

    if (track->clause_count == 0 || clause->until != INT64_MAX || sample < clause->from) {
        clause = &track->clauses[track->clause_count++ % MAX_CLAUSES];
        *clause = (struct loud_clause){.from = sample, .until = INT64_MAX};
    }
    for (int64_t number = sample / CELL_SAMPLES; number <= until / CELL_SAMPLES; number++) {
        float energy = energy_of_40_ms(track, number);

        clause->loudest = energy > clause->loudest ? energy : clause->loudest;
    }
}

void track_sound(struct track *track, int64_t sample, const int16_t *pcm, size_t count)
{
    if (count > 0 && track->cell_count == 0)
        track->first_cell = sample / CELL_SAMPLES;
    for (size_t i = 0; i < count; i++) {
        int64_t number = (sample + (int64_t)i) / CELL_SAMPLES;
        struct cell *cell = cell_at(track, number);

        if (cell->number != number)
            *cell = (struct cell){.number = number};
        cell->energy += (float)pcm[i] * (float)pcm[i];
    }
    if (count == 0)
        return;
    track->cell_count =
        (size_t)((sample + (int64_t)count - 1) / CELL_SAMPLES - track->first_cell) + 1;
    note_clause(track, sample, sample + (int64_t)count - 1);
}

/* 0.60 to 1: vowels that are spoken louder open wider. */
static float loudness_at(const struct track *track, int64_t sample)
{
    size_t first = track->clause_count > MAX_CLAUSES ? track->clause_count - MAX_CLAUSES : 0;

    for (size_t i = track->clause_count; i > first; i--) {
        const struct loud_clause *clause = &track->clauses[(i - 1) % MAX_CLAUSES];

        if (sample < clause->from || sample >= clause->until || clause->loudest <= 0)
            continue;
        float energy = energy_of_40_ms(track, sample / CELL_SAMPLES);
        return LOUD_BASE + LOUD_PART * sqrtf(sqrtf(smaller(energy / clause->loudest, 1)));
    }
    return LOUD_BASE;
}

/* --- blending --- */

struct sums {
    float weight, round_weight;
    struct track_pose pose;
};

static float influence(const struct segment *segment, int64_t sample, float left_factor)
{
    float core = segment->viseme == VISEME_PP || segment->viseme == VISEME_FF ||
                         segment->viseme == VISEME_sil
                     ? CORE_CLOSED
                     : CORE_OPEN;
    float half_ms = (float)(segment->until - segment->from) / 2 / MS_SAMPLES;
    float from_center_ms =
        ((float)(sample - segment->from) - (float)(segment->until - segment->from) / 2) /
        MS_SAMPLES;
    float distance = fabsf(from_center_ms) - core * half_ms;
    float theta = from_center_ms < 0 ? segment->theta_left * left_factor : segment->theta_right;

    if (distance <= 0)
        return segment->dominance;
    return distance > REACH_MS ? 0 : segment->dominance * expf(-distance / theta);
}

static void add_influence(struct sums *sums, const struct segment *segment, int64_t sample)
{
    const struct viseme_shape *shape = viseme_shape(segment->viseme);
    bool is_round = segment->viseme == VISEME_O || segment->viseme == VISEME_U;
    float weight = influence(segment, sample, 1);
    float round_weight = is_round ? influence(segment, sample, EARLY_ROUND) : weight;
    float relax = segment->kind == KIND_RELAX ? RELAX_OPEN : 0;

    sums->weight += weight;
    sums->round_weight += round_weight;
    sums->pose.open += weight * (shape->open + relax);
    sums->pose.jaw += weight * (shape->jaw + relax);
    sums->pose.teeth_up += weight * shape->teeth_up;
    sums->pose.teeth_low += weight * shape->teeth_low;
    sums->pose.tongue += weight * shape->tongue;
    sums->pose.tuck += weight * shape->tuck;
    sums->pose.width += round_weight * (shape->width - segment->round_add * 0.5f);
    sums->pose.round += round_weight * (shape->round + segment->round_add);
}

static float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static float closure_cap(const struct segment *segment, int64_t sample)
{
    float limit = segment->viseme == VISEME_FF ? TOUCH_LIMIT : PRESS_LIMIT;

    if (segment->closed_from == segment->closed_until)
        return 1;
    if (sample < segment->closed_from)
        return limit + (float)(segment->closed_from - sample) / MS_SAMPLES / MEET_MS;
    if (sample > segment->closed_until)
        return limit + (float)(sample - segment->closed_until) / MS_SAMPLES / PART_MS;
    return limit;
}

static size_t first_in_reach(const struct track *track, int64_t sample)
{
    int64_t from = sample - samples_of(REACH_MS + REST_LENGTH_MS + ONSET_MS + 400);
    size_t low = oldest(track), high = track->segment_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (const_segment_at(track, middle)->from < from)
            low = middle + 1;
        else
            high = middle;
    }
    /* a long segment may begin before and reach in; the order is not strict around pauses */
    return low > oldest(track) + 4 ? low - 4 : oldest(track);
}

void track_pose(const struct track *track, int64_t sample, struct track_pose *pose)
{
    int64_t until = sample + samples_of(REACH_MS + REST_LENGTH_MS + ONSET_MS);
    struct sums sums = {.weight = 1e-6f, .round_weight = 1e-6f};
    float cap = 1;

    for (size_t i = first_in_reach(track, sample); i < track->segment_count; i++) {
        const struct segment *segment = const_segment_at(track, i);

        if (segment->from > until)
            break;
        add_influence(&sums, segment, sample);
        cap = smaller(cap, closure_cap(segment, sample));
    }

    float loudness = loudness_at(track, sample);
    float open = sums.pose.open / sums.weight * loudness;
    *pose = (struct track_pose){
        .open = clamp(smaller(open, cap), 0, 1),
        .jaw = clamp(sums.pose.jaw / sums.weight * loudness, 0, 1),
        .width = clamp(sums.pose.width / sums.round_weight, -1, 1),
        .round = clamp(sums.pose.round / sums.round_weight, 0, 1),
        .teeth_up = clamp(sums.pose.teeth_up / sums.weight, 0, 1),
        .teeth_low = clamp(sums.pose.teeth_low / sums.weight, 0, 1),
        .tongue = clamp(sums.pose.tongue / sums.weight, 0, 1),
        .tuck = clamp(sums.pose.tuck / sums.weight, 0, 1),
        .cap = cap,
    };
}

void track_step(const struct track_pose *previous, const struct track_pose *wanted,
                float elapsed_ms, struct track_pose *shown)
{
    float least = previous->open - MAX_CLOSING * elapsed_ms / FRAME_MS;
    float open = wanted->open > least ? wanted->open : least;

    *shown = *wanted;
    shown->open = smaller(open, wanted->cap);
}

const char *track_phoneme(const struct track *track, int64_t sample)
{
    for (size_t i = first_in_reach(track, sample); i < track->segment_count; i++) {
        const struct segment *segment = const_segment_at(track, i);

        if (sample >= segment->from && sample < segment->until && segment->kind == KIND_SHAPE)
            return segment->phoneme;
    }
    return "";
}

/* --- forgetting --- */

/* The rooms' beginnings are used again, so that no more is ever touched than the longest answer
 * takes. What lies around a room's end stays until the next time: it is in nobody's way. */

static void forget_segments(struct track *track, int64_t sample)
{
    const size_t first = first_in_reach(track, sample), kept = track->segment_count - first;

    if (first % MAX_SEGMENTS + kept > MAX_SEGMENTS)
        return;
    memmove(track->segments, segment_at(track, first), kept * sizeof track->segments[0]);
    track->segment_count = kept;
}

static void forget_cells(struct track *track, int64_t sample)
{
    const int64_t from = (sample - samples_of(REACH_MS)) / CELL_SAMPLES;
    const int64_t gone = from - track->first_cell;

    if (gone <= 0)
        return;
    const size_t kept = (size_t)gone < track->cell_count ? track->cell_count - (size_t)gone : 0;
    const size_t first = cell_index(track, from);
    if (first + kept > MAX_CELLS)
        return;
    const size_t used = track->cell_count < MAX_CELLS ? track->cell_count : MAX_CELLS;
    memmove(track->cells, track->cells + first, kept * sizeof track->cells[0]);
    memset(track->cells + kept, 0, (used - kept) * sizeof track->cells[0]);
    track->first_cell = from;
    track->cell_count = kept;
}

void track_forget(struct track *track, int64_t sample)
{
    forget_segments(track, sample);
    forget_cells(track, sample);
}

/* --- making --- */

enum status track_create(struct track **out)
{
    struct track *track = calloc(1, sizeof *track);

    if (!track)
        return STATUS_MEMORY;
    *out = track;
    return STATUS_OK;
}

void track_free(struct track *track)
{
    free(track);
}

/* Only what was used is touched: most of the room waits for an answer of two minutes. What is
 * beyond segment_count is never read, a cell of zeroes is silence. */
void track_clear(struct track *track)
{
    const size_t used = track->cell_count < MAX_CELLS ? track->cell_count : MAX_CELLS;

    memset(track->cells, 0, used * sizeof track->cells[0]);
    track->segment_count = track->cell_count = track->clause_count = 0;
    track->has_mark = track->is_after_liquid = track->is_spoken = false;
}
