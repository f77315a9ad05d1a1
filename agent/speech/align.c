#include "agent/speech/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BAND        256 /* frames of the pattern that are looked at for one of the sound */
#define BEHIND      100 /* of them behind the likeliest */
#define TEMPOS      9
#define MAX_STEP    3   /* frames of the pattern for one of the sound */
#define MEMORY      512 /* frames of the sound for which the ways are kept */
#define REST_FRAMES 4   /* a pause of the pattern, however long it is */
#define PAUSE_MS    60
#define QUIET_DB    32 /* below the loudest: silence */
#define LEAST_PEAK  (-26)

#define LOUDNESS_COST 0.07f /* for each dB of difference, */
#define LOUDNESS_MOST 25.0f /* up to so many */
#define COLOUR_COST   0.03f /* the same for each band against the whole */
#define COLOUR_MOST   20.0f
#define CHANGE_COST   0.05f /* and for how loudness changes within 40 ms */
#define CHANGE_MOST   20.0f
#define PRIOR_FRAMES  30 /* as many as these the pattern's mean colour counts for the sound's */
#define REST_LEFT_OUT 4.0f
#define NO_WAY        (-1e30f)

#define TEMPO_SPREAD  0.30  /* of its logarithm, from one voice to another */
#define TEMPO_CHANGES 0.02f /* of frames */
#define STEP_MAY_ERR  0.04f

enum {
    REST = 1, /* silence of any length: at the ends and where the pattern pauses */
    WORD = 2, /* silence may be put in here */
};

/* A frame of the pattern. */
struct beat {
    uint32_t sample;
    float loudness; /* dB against the loudest */
    float change;
    float colours[HUE_BANDS]; /* dB against the frame, and against what is usual for the voice */
    uint8_t kind;
};

/* One byte per place of the lattice: how it was come to. */
struct way {
    uint32_t first; /* place of the pattern of the first column */
    uint8_t back[BAND][TEMPOS];
};

struct align {
    unsigned frame_samples;
    struct hues pattern, sound;
    bool is_complete, is_whole;
    uint8_t *is_word; /* frame of the pattern */

    struct beat *beats;
    size_t beat_count;
    float usual[HUE_BANDS]; /* colours of the pattern's voice */

    /* of the sound, up to `done` */
    size_t done;
    int peak; /* dB */
    float colour_sum[HUE_BANDS], colour_count;
    float step_cost[TEMPOS][MAX_STEP + 1];
    float scores[2][BAND][TEMPOS];
    uint32_t first; /* place of scores[now]'s first column */
    unsigned now;
    uint32_t best_place;
    unsigned best_tempo;
    struct way *ways; /* a ring of MEMORY */
    uint32_t *path;   /* for each frame of the sound its beat */
    size_t traced;    /* frames of path that are up to date */
};

/* How many frames of the pattern go by in one of the sound: 0.5 to 2. */
static double tempo_of(unsigned k)
{
    return 0.5 * pow(4.0, (double)k / (TEMPOS - 1));
}

static void fill_steps(struct align *align)
{
    for (unsigned k = 0; k < TEMPOS; k++) {
        const double tempo = tempo_of(k), whole = floor(tempo), rest = tempo - whole;

        for (unsigned step = 0; step <= MAX_STEP; step++) {
            const double share = (double)step == whole       ? 1 - rest
                                 : (double)step == whole + 1 ? rest
                                                             : 0;

            align->step_cost[k][step] =
                (float)-log(share * (1 - STEP_MAY_ERR) + STEP_MAY_ERR / (MAX_STEP + 1));
        }
    }
}

enum status align_create(struct align **out, unsigned sample_rate, unsigned max_seconds)
{
    struct align *align = calloc(1, sizeof *align);
    const size_t room = (size_t)max_seconds * 1000 / HUE_FRAME_MS + 2;

    if (!align)
        return STATUS_MEMORY;
    enum status status = hue_init(&align->pattern, sample_rate, room);
    if (status == STATUS_OK)
        status = hue_init(&align->sound, sample_rate, room);
    align->is_word = calloc(room, 1);
    align->beats = calloc(room + 2 + REST_FRAMES, sizeof *align->beats);
    align->ways = calloc(MEMORY, sizeof *align->ways);
    align->path = calloc(room, sizeof *align->path);
    if (!align->is_word || !align->beats || !align->ways || !align->path)
        status = STATUS_MEMORY;
    if (status != STATUS_OK) {
        align_free(align);
        return status;
    }
    align->frame_samples = align->pattern.frame_samples;
    align->peak = LEAST_PEAK;
    fill_steps(align);
    *out = align;
    return STATUS_OK;
}

void align_free(struct align *align)
{
    if (!align)
        return;
    hue_release(&align->pattern);
    hue_release(&align->sound);
    free(align->is_word);
    free(align->beats);
    free(align->ways);
    free(align->path);
    free(align);
}

/* --- the pattern --- */

void align_pattern_sound(struct align *align, const int16_t *pcm, size_t count)
{
    if (!align->is_complete)
        hue_feed(&align->pattern, pcm, count);
}

void align_pattern_word(struct align *align, uint32_t sample)
{
    const size_t frame = sample / align->frame_samples;

    if (frame < align->pattern.room)
        align->is_word[frame] = 1;
}

static int loudest(const struct hues *hues)
{
    int peak = HUE_LEAST_DB;

    for (size_t i = 0; i < hues->count; i++)
        peak = hues->list[i].loudness > peak ? hues->list[i].loudness : peak;
    return peak;
}

static float change_at(const struct hues *hues, size_t i, int peak)
{
    const int least = peak - QUIET_DB - 8;
    const int before = hues->list[i > 2 ? i - 2 : 0].loudness;
    const int after = hues->list[i + 2 < hues->count ? i + 2 : hues->count - 1].loudness;

    return (float)((after > least ? after : least) - (before > least ? before : least));
}

static float clipped(float value, float most)
{
    return value > most ? most : value;
}

static float loudness_of(const struct hue *hue, int peak)
{
    return fmaxf(-(QUIET_DB + 8), (float)(hue->loudness - peak));
}

static bool is_loud(const struct hue *hue, int peak)
{
    return hue->loudness > peak - 20;
}

static void learn_colours(struct align *align, int peak)
{
    float count = 0;

    for (size_t i = 0; i < align->pattern.count; i++) {
        const struct hue *hue = &align->pattern.list[i];

        if (!is_loud(hue, peak))
            continue;
        count++;
        for (size_t b = 0; b < HUE_BANDS; b++)
            align->usual[b] += (float)(hue->bands[b] - hue->loudness);
    }
    for (size_t b = 0; b < HUE_BANDS && count > 0; b++)
        align->usual[b] /= count;
}

static void add_rest(struct align *align, uint32_t sample)
{
    align->beats[align->beat_count++] =
        (struct beat){.sample = sample, .loudness = -(QUIET_DB + 8), .kind = REST};
}

static void add_beat(struct align *align, size_t i, int peak)
{
    const struct hue *hue = &align->pattern.list[i];
    struct beat *beat = &align->beats[align->beat_count++];

    const bool is_behind_rest = beat[-1].kind & REST; /* the first beat is one */

    *beat = (struct beat){.sample = (uint32_t)i * align->frame_samples,
                          .loudness = loudness_of(hue, peak),
                          .change = change_at(&align->pattern, i, peak),
                          .kind = align->is_word[i] && !is_behind_rest ? WORD : 0};
    for (size_t b = 0; b < HUE_BANDS; b++)
        beat->colours[b] = (float)(hue->bands[b] - hue->loudness) - align->usual[b];
}

/* Frames from i on that are silent. */
static size_t silence_at(const struct hues *hues, size_t i, int peak)
{
    size_t count = 0;

    while (i + count < hues->count && hues->list[i + count].loudness < peak - QUIET_DB)
        count++;
    return count;
}

static uint32_t sample_of(const struct align *align, size_t frame)
{
    return (uint32_t)frame * align->frame_samples;
}

void align_pattern_end(struct align *align)
{
    const struct hues *hues = &align->pattern;
    const int peak = loudest(hues);
    size_t i = silence_at(hues, 0, peak);

    if (align->is_complete)
        return;
    align->is_complete = true;
    if (i == hues->count)
        return;
    learn_colours(align, peak);
    add_rest(align, 0);
    while (i < hues->count) {
        const size_t silent = silence_at(hues, i, peak);

        if (silent < PAUSE_MS / HUE_FRAME_MS && i + silent < hues->count) {
            add_beat(align, i++, peak);
            continue;
        }
        for (size_t n = 0; n < REST_FRAMES && i + silent < hues->count; n++)
            add_rest(align, sample_of(align, i + silent * n / REST_FRAMES));
        i += silent;
    }
    add_rest(align, sample_of(align, hues->count));
}

/* --- the sound --- */

void align_sound(struct align *align, const int16_t *pcm, size_t count)
{
    hue_feed(&align->sound, pcm, count);
}

void align_sound_end(struct align *align)
{
    align->is_whole = true;
}

/* What the frame is like, against the voice's own loudness and colours. */
struct heard {
    float loudness, change, colours[HUE_BANDS];
    bool is_silent;
};

static void hear(struct align *align, size_t t, struct heard *heard)
{
    const struct hue *hue = &align->sound.list[t];

    heard->loudness = loudness_of(hue, align->peak);
    heard->change = change_at(&align->sound, t, align->peak);
    heard->is_silent = hue->loudness < align->peak - QUIET_DB;
    for (size_t b = 0; b < HUE_BANDS; b++) {
        const float colour = (float)(hue->bands[b] - hue->loudness);

        if (is_loud(hue, align->peak))
            align->colour_sum[b] += colour;
        heard->colours[b] = colour - (align->colour_sum[b] + PRIOR_FRAMES * align->usual[b]) /
                                         (align->colour_count + PRIOR_FRAMES);
    }
    align->colour_count += is_loud(hue, align->peak) ? 1 : 0;
}

static float cost_of(const struct beat *beat, const struct heard *heard)
{
    const float quieter = fminf(beat->loudness, heard->loudness);
    const float weight = fmaxf(0, fminf(1, (quieter + 35) / 20)); /* noise has any colour */
    float cost = LOUDNESS_COST * clipped(fabsf(beat->loudness - heard->loudness), LOUDNESS_MOST) +
                 CHANGE_COST * clipped(fabsf(beat->change - heard->change), CHANGE_MOST);
    float colour = 0;

    if (beat->kind & REST)
        return LOUDNESS_COST * clipped(fmaxf(0, heard->loudness + QUIET_DB), LOUDNESS_MOST) * 1.5f;
    for (size_t b = 0; b < HUE_BANDS; b++)
        colour += clipped(fabsf(beat->colours[b] - heard->colours[b]), COLOUR_MOST);
    cost += COLOUR_COST * weight * colour;
    return (beat->kind & WORD) && heard->is_silent ? fminf(cost, 0.4f) : cost;
}

/* What going on by so many beats costs. */
static float step_cost(const struct align *align, const struct beat *from, unsigned tempo,
                       unsigned step, bool is_silent)
{
    if (from->kind & REST) /* any length of it is as likely; none at all is not */
        return step > 1 ? REST_LEFT_OUT : 0.6f;
    if ((from->kind & WORD) && is_silent && step == 0)
        return 0.3f;
    return align->step_cost[tempo][step];
}

static void begin(struct align *align)
{
    for (size_t i = 0; i < BAND; i++)
        for (unsigned k = 0; k < TEMPOS; k++)
            align->scores[0][i][k] = NO_WAY;
    for (unsigned k = 0; k < TEMPOS; k++) {
        const double off = log(tempo_of(k)) / TEMPO_SPREAD;

        align->scores[0][0][k] = (float)(-off * off / 2);
    }
    align->first = 0;
    align->now = 0;
}

/* The best of its own and the next tempos, at one place. */
static void change_tempo(float scores[TEMPOS], float out[TEMPOS], uint8_t from[TEMPOS])
{
    const float keep = logf(1 - TEMPO_CHANGES), change = logf(TEMPO_CHANGES / 2);

    for (unsigned k = 0; k < TEMPOS; k++) {
        out[k] = scores[k] + keep;
        from[k] = 1;
        if (k > 0 && scores[k - 1] + change > out[k]) {
            out[k] = scores[k - 1] + change;
            from[k] = 0;
        }
        if (k + 1 < TEMPOS && scores[k + 1] + change > out[k]) {
            out[k] = scores[k + 1] + change;
            from[k] = 2;
        }
    }
}

static void note_best(struct align *align, const float scores[BAND][TEMPOS])
{
    float best = NO_WAY;

    for (size_t i = 0; i < BAND; i++)
        for (unsigned k = 0; k < TEMPOS; k++)
            if (scores[i][k] > best) {
                best = scores[i][k];
                align->best_place = align->first + (uint32_t)i;
                align->best_tempo = k;
            }
}

static void advance(struct align *align, size_t t)
{
    float(*old)[TEMPOS] = align->scores[align->now], (*new)[TEMPOS] = align->scores[!align->now];
    struct way *way = &align->ways[t % MEMORY];
    const uint32_t old_first = align->first;
    struct heard heard;

    hear(align, t, &heard);
    if (align->best_place > align->first + BEHIND)
        align->first = align->best_place - BEHIND;
    way->first = align->first;
    for (size_t i = 0; i < BAND; i++)
        for (unsigned k = 0; k < TEMPOS; k++)
            new[i][k] = NO_WAY;
    for (size_t i = 0; i < BAND && old_first + i < align->beat_count; i++) {
        const uint32_t place = old_first + (uint32_t)i;
        const struct beat *from = &align->beats[place];
        float turned[TEMPOS];
        uint8_t tempo_from[TEMPOS];

        change_tempo(old[i], turned, tempo_from);
        for (unsigned step = 0; step <= MAX_STEP; step++) {
            const uint32_t to = place + step;

            if (to < align->first || to >= align->first + BAND || to >= align->beat_count)
                continue;
            for (unsigned k = 0; k < TEMPOS; k++) {
                const float score = turned[k] - step_cost(align, from, k, step, heard.is_silent);

                if (score > new[to - align->first][k]) {
                    new[to - align->first][k] = score;
                    way->back[to - align->first][k] = (uint8_t)(step << 2 | tempo_from[k]);
                }
            }
        }
    }
    for (size_t i = 0; i < BAND && align->first + i < align->beat_count; i++) {
        const float cost = cost_of(&align->beats[align->first + i], &heard);

        for (unsigned k = 0; k < TEMPOS; k++)
            new[i][k] -= cost;
    }
    align->now = !align->now;
    note_best(align, new);
}

/* The whole sound says the whole pattern. */
static void end_way(struct align *align)
{
    const uint32_t last = (uint32_t)align->beat_count - 1;
    float(*scores)[TEMPOS] = align->scores[align->now];
    float best = NO_WAY;

    for (uint32_t place = last > 2 ? last - 2 : 0; place <= last; place++)
        for (unsigned k = 0; k < TEMPOS; k++)
            if (place >= align->first && place < align->first + BAND &&
                scores[place - align->first][k] > best) {
                best = scores[place - align->first][k];
                align->best_place = place;
                align->best_tempo = k;
            }
}

static void trace(struct align *align)
{
    uint32_t place = align->best_place;
    unsigned tempo = align->best_tempo;

    for (size_t t = align->done; t > 0 && align->done - t < MEMORY; t--) {
        const struct way *way = &align->ways[(t - 1) % MEMORY];
        const uint8_t back = way->back[place - way->first][tempo];

        align->path[t - 1] = place;
        place -= back >> 2;
        tempo = tempo + (back & 3) - 1;
    }
    align->traced = align->done;
}

/* Frames whose neighbours are known, too. */
static void catch_up(struct align *align)
{
    const size_t count = align->sound.count;
    const size_t known = align->is_whole ? count : count > 2 ? count - 2 : 0;

    if (!align->is_complete || align->beat_count == 0)
        return;
    if (align->done == 0 && known > 0)
        begin(align);
    if (align->done < known) {
        const int peak = loudest(&align->sound);
        align->peak = peak > align->peak ? peak : align->peak;
    }
    const bool is_over = align->is_whole && align->done == known && align->traced == known;
    if (is_over)
        return;
    while (align->done < known) {
        advance(align, align->done++);
        if (align->done - align->traced >= MEMORY / 2) /* no frame goes untraced */
            trace(align);
    }
    if (align->is_whole && align->done > 0)
        end_way(align);
    if (align->done > 0)
        trace(align);
}

/* The last silence is no pause: nothing is said behind it. */
static bool is_pause(const struct align *align, size_t t)
{
    return (align->beats[align->path[t]].kind & REST) && align->path[t] + 1 < align->beat_count;
}

uint32_t align_place(struct align *align, uint32_t sample)
{
    catch_up(align);
    size_t low = 0, high = align->done;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (align->beats[align->path[middle]].sample < sample)
            low = middle + 1;
        else
            high = middle;
    }
    /* a phoneme that begins softly, within what was taken for a pause, is said at its end */
    while (low < align->done && is_pause(align, low))
        low++;
    return low == align->done ? ALIGN_NEVER
                              : sample_of(align, low) - (low > 0 ? align->frame_samples / 2 : 0);
}
