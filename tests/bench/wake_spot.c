/* wake_spot.c - how often a wake phrase is missed, and how often other speech is taken for it
 *
 * usage: wake_spot VOICE_PROGRAM TEXT_FILE MINUTES
 *
 * Each phrase that the setting wake_phrase may be is said by the voice program at many speeds and
 * pitches, in a room of more and less noise, before a question; the text, without the phrases, is
 * read to it for so many minutes. Sound is left out where nobody speaks, as the ear does. Prints a
 * line per phrase: its words with dashes, times said, missed in a quiet room (noise 30 dB below
 * speech), missed in a loud one (15 dB), taken for it in the text; then "text", the minutes read
 * and the part of a core that listening took.
 */
#include <math.h>
#include <pthread.h>
#include <strings.h>
#include <time.h>

#include "agent/ear/vad.h"
#include "agent/ear/wake/spotter.h"
#include "agent/voice/audio.h"
#include "agent/voice/voice.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/wire/setting.h"

#define MAX_SECONDS  90
#define MAX_CLAUSE   700
#define WAIT_MS      60000
#define SPEECH_DB    -20.0
#define QUIET_DB     -50.0
#define LOUD_DB      -35.0
#define PAUSE_FRAMES 60

static const int rates[] = {130, 145, 160, 175, 190, 205};
static const int pitches[] = {25, 35, 45, 55, 65, 75};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

struct bench {
    struct voice *voice;
    struct spotter *spotter;
    struct vad vad;
    unsigned quiet_frames;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int state; /* of the clause: 0 under way, 1 said, -1 failed */
    uint32_t clause;
    size_t count;
    int16_t spoken[MAX_SECONDS * AUDIO_SAMPLE_RATE];
    uint32_t seed;
    double heard_s, cpu_s;
};

static void on_begin(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate)
{
    (void)context, (void)turn, (void)clause, (void)sample_rate;
}

static void on_pcm(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm, size_t count)
{
    struct bench *bench = context;
    const size_t room = COUNT(bench->spoken) - bench->count;

    (void)turn, (void)clause;
    count = count < room ? count : room;
    memcpy(bench->spoken + bench->count, pcm, count * sizeof *pcm);
    bench->count += count;
}

static void on_mark(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark)
{
    (void)context, (void)turn, (void)clause, (void)mark;
}

static void on_word(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word)
{
    (void)context, (void)turn, (void)clause, (void)word;
}

static void finish(struct bench *bench, int state)
{
    pthread_mutex_lock(&bench->lock);
    bench->state = state;
    pthread_cond_broadcast(&bench->changed);
    pthread_mutex_unlock(&bench->lock);
}

static void on_end(void *context, uint64_t turn, uint32_t clause, uint32_t samples)
{
    (void)turn, (void)clause, (void)samples;
    finish(context, 1);
}

static void on_failed(void *context, uint64_t turn, uint32_t clause)
{
    (void)turn, (void)clause;
    finish(context, -1);
}

/* What is said is in bench->spoken. */
static bool say(struct bench *bench, struct span text, int rate_wpm, int pitch)
{
    const struct voice_clause clause = {.turn = 1,
                                        .clause = ++bench->clause,
                                        .language = VOICE_LANGUAGE_EN,
                                        .rate_wpm = rate_wpm,
                                        .pitch = pitch,
                                        .text = text};
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;
    enum status status;

    bench->count = 0;
    bench->state = 0;
    while ((status = voice_say(bench->voice, &clause)) == STATUS_AGAIN &&
           clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    pthread_mutex_lock(&bench->lock);
    while (status == STATUS_OK && bench->state == 0)
        pthread_cond_wait(&bench->changed, &bench->lock);
    pthread_mutex_unlock(&bench->lock);
    return bench->state > 0;
}

static double noise(struct bench *bench)
{
    bench->seed = bench->seed * 1664525u + 1013904223u;
    return ((double)(bench->seed >> 8) / (1 << 23) - 1) * 1.732;
}

/* One frame as the ear takes it: whether the phrase was heard. */
static bool listen(struct bench *bench, const int16_t *pcm)
{
    uint32_t ago = 0;

    vad_feed(&bench->vad, pcm);
    bench->quiet_frames = vad_speech_ms(&bench->vad) > 0 ? 0 : bench->quiet_frames + 1;
    if (bench->quiet_frames == PAUSE_FRAMES)
        spotter_gap(bench->spotter);
    const clock_t before = clock();
    const bool is_heard =
        bench->quiet_frames < PAUSE_FRAMES && spotter_feed(bench->spotter, pcm, VAD_FRAME, &ago);
    bench->cpu_s += (double)(clock() - before) / CLOCKS_PER_SEC;
    bench->heard_s += VAD_FRAME_MS / 1000.0;
    return is_heard;
}

static double loudness(const struct bench *bench)
{
    double energy = 1;

    for (size_t i = 0; i < bench->count; i++)
        energy += (double)bench->spoken[i] * bench->spoken[i];
    return sqrt(energy / (double)(bench->count + 1)) / 32768;
}

/* What was said, in a room of that noise, with a pause before and behind. Returns how often the
 * phrase was heard. */
static unsigned hear(struct bench *bench, double noise_db, double pause_s)
{
    const double gain = pow(10, SPEECH_DB / 20) / loudness(bench), hiss = pow(10, noise_db / 20);
    const double length_s = (double)bench->count / AUDIO_SAMPLE_RATE;
    const size_t frames = (size_t)((length_s + 2 * pause_s) * 1000 / VAD_FRAME_MS);
    unsigned heard = 0;

    for (size_t frame = 0; frame < frames; frame++) {
        int16_t pcm[VAD_FRAME];

        for (size_t i = 0; i < VAD_FRAME; i++) {
            const double t = (double)(frame * VAD_FRAME + i) / VAD_HZ - pause_s;
            const double at = t * AUDIO_SAMPLE_RATE;
            double sample = 0;

            if (at >= 0 && at + 1 < (double)bench->count) {
                const size_t before = (size_t)at;

                sample =
                    bench->spoken[before] +
                    (at - (double)before) * (bench->spoken[before + 1] - bench->spoken[before]);
            }
            sample = sample / 32768 * gain + hiss * noise(bench);
            pcm[i] = (int16_t)lrint(fmax(-1, fmin(1, sample)) * 32767);
        }
        heard += listen(bench, pcm);
    }
    return heard;
}

static bool count_misses(struct bench *bench, struct span phrase, unsigned missed[2])
{
    char text[96];

    snprintf(text, sizeof text, "%.*s. What time is it?", (int)phrase.size,
             (const char *)phrase.data);
    for (size_t i = 0; i < COUNT(rates) * COUNT(pitches); i++) {
        if (!say(bench, span_text(text), rates[i % COUNT(rates)], pitches[i / COUNT(rates)]))
            return false;
        missed[0] += hear(bench, QUIET_DB, 1.2) == 0;
        missed[1] += hear(bench, LOUD_DB, 1.2) == 0;
    }
    return true;
}

/* The text in pieces that end with a line, over and over. */
static bool read_text(struct bench *bench, struct span text, double minutes, unsigned *taken)
{
    struct span left = text;
    size_t piece = 0;

    for (double read_s = 0; read_s < minutes * 60; piece++) {
        size_t size = left.size < MAX_CLAUSE ? left.size : MAX_CLAUSE;

        while (size < left.size && size > 1 && left.data[size - 1] != '\n' &&
               left.data[size - 1] != ' ')
            size--;
        if (!say(bench, span_of(left.data, size), rates[piece % COUNT(rates)],
                 pitches[piece % COUNT(pitches)]))
            return false;
        read_s += (double)bench->count / AUDIO_SAMPLE_RATE;
        *taken += hear(bench, QUIET_DB, 0.2);
        left = span_of(left.data + size, left.size - size);
        if (left.size == 0)
            left = text;
    }
    return true;
}

/* The phrase at the start of *left, which is behind it then. */
static struct span next_phrase(const char **left)
{
    const struct span phrase = span_of(*left, strcspn(*left, "|"));

    *left += phrase.size + ((*left)[phrase.size] == '|');
    return phrase;
}

static void leave_out(uint8_t *text, size_t size, struct span phrase)
{
    for (size_t i = 0; i + phrase.size <= size; i++)
        if (strncasecmp((const char *)text + i, (const char *)phrase.data, phrase.size) == 0)
            memset(text + i, ' ', phrase.size);
}

static bool run(struct bench *bench, uint8_t *text, size_t size, double minutes)
{
    const char *const phrases = setting_find(span_text("wake_phrase"))->choices;
    bool is_done = true;

    for (const char *left = phrases; *left;)
        leave_out(text, size, next_phrase(&left));
    for (const char *left = phrases; *left && is_done;) {
        const struct span phrase = next_phrase(&left);
        unsigned missed[2] = {0}, taken = 0;
        char name[64];

        snprintf(name, sizeof name, "%.*s", (int)phrase.size, (const char *)phrase.data);
        for (char *at = name; *at; at++)
            *at = *at == ' ' ? '-' : *at;
        vad_init(&bench->vad);
        is_done = spotter_listen(bench->spotter, phrase) == STATUS_OK &&
                  count_misses(bench, phrase, missed) &&
                  read_text(bench, span_of(text, size), minutes, &taken);
        printf("%s %zu %u %u %u\n", name, COUNT(rates) * COUNT(pitches), missed[0], missed[1],
               taken);
        fflush(stdout);
    }
    printf("text %.1f %.4f\n", minutes, bench->cpu_s / bench->heard_s);
    return is_done;
}

int main(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof *bench);
    const struct voice_listener listener = {.context = bench,
                                            .on_begin = on_begin,
                                            .on_pcm = on_pcm,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_end = on_end,
                                            .on_failed = on_failed};
    uint8_t *text = NULL;
    size_t size = 0;
    bool is_done = false;

    if (argc != 4 || !bench) {
        fprintf(stderr, "usage: wake_spot VOICE_PROGRAM TEXT_FILE MINUTES\n");
        return 2;
    }
    pthread_mutex_init(&bench->lock, NULL);
    pthread_cond_init(&bench->changed, NULL);
    if (file_read(argv[2], 1 << 20, &text, &size) == STATUS_OK && size > 0 &&
        spotter_open(&bench->spotter) == STATUS_OK &&
        voice_create(&bench->voice, argv[1], &listener) == STATUS_OK)
        is_done = run(bench, text, size, strtod(argv[3], NULL));
    if (!is_done)
        fprintf(stderr, "wake_spot: the voice, the text or pocketsphinx-en-us is missing\n");
    voice_free(bench->voice);
    spotter_close(bench->spotter);
    free(text);
    free(bench);
    return is_done ? 0 : 1;
}
