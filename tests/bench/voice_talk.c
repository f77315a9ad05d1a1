/* voice_talk.c - how soon a voice is heard, and how soon it is silent again
 *
 * usage: voice_talk VOICE_PROGRAM ROUNDS
 *
 * Plays on ALSA's "default" and listens on ALSA's "monitor" (voice.bench makes both one PulseAudio
 * null sink). In each round the bytes of an answer are fed to the clause splitter; the time counts
 * from the byte that completes the first clause. A while later the robot is interrupted. Prints one
 * line: the 50th and 99th percentile in milliseconds until the first sample of the clause was
 * handed to the audio device, until it was heard on the monitor, and from the interruption to
 * silence there.
 */
#include <alsa/asoundlib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "agent/chat/clause.h"
#include "agent/voice/speaker.h"
#include "schema/base/clock.h"

#define MAX_ROUNDS    500
#define MONITOR_HZ    44100
#define MONITOR_FRAME 220 /* 5 ms */
#define LOUD          60  /* of 32767: well above nothing, of which the null sink has plenty */
#define WAIT_MS       5000
#define QUIET_MS      250
#define WARM_UP       3 /* rounds that do not count: the sink's clock settles, the voice starts */

static const char answer[] =
    "Hello there, my friend, and a very good morning to you and to yours. ";

/* When something loud went by, on the monotonic clock. */
struct ear {
    atomic_llong first_ns; /* since it was cleared; 0: nothing */
    atomic_llong last_ns;
};

static struct {
    struct ear device;  /* what the agent hands to ALSA */
    struct ear monitor; /* what comes out of the sink */
    atomic_bool is_stopping;
} ears;

static void hear(struct ear *ear, const int16_t *pcm, size_t count, int64_t first_ns,
                 double ns_per_sample)
{
    for (size_t i = 0; i < count; i++) {
        if (pcm[i] < LOUD && pcm[i] > -LOUD)
            continue;
        const int64_t at_ns = first_ns + (int64_t)((double)i * ns_per_sample);
        if (atomic_load(&ear->first_ns) == 0)
            atomic_store(&ear->first_ns, at_ns);
        atomic_store(&ear->last_ns, at_ns);
    }
}

static void clear(struct ear *ear)
{
    atomic_store(&ear->first_ns, 0);
    atomic_store(&ear->last_ns, 0);
}

/* The linker puts this between the agent's audio and ALSA (--wrap). */
snd_pcm_sframes_t __real_snd_pcm_writei(snd_pcm_t *pcm, const void *buffer, snd_pcm_uframes_t size);
snd_pcm_sframes_t __wrap_snd_pcm_writei(snd_pcm_t *pcm, const void *buffer, snd_pcm_uframes_t size);

snd_pcm_sframes_t __wrap_snd_pcm_writei(snd_pcm_t *pcm, const void *buffer, snd_pcm_uframes_t size)
{
    hear(&ears.device, buffer, size, clock_mono_ns(), 0);
    return __real_snd_pcm_writei(pcm, buffer, size);
}

/* Records the monitor; a frame's time is that of its reading less what was still in the buffers. */
static void *listen_to_monitor(void *argument)
{
    snd_pcm_t *pcm = argument;
    int16_t frame[MONITOR_FRAME];

    while (!atomic_load(&ears.is_stopping)) {
        snd_pcm_sframes_t got = snd_pcm_readi(pcm, frame, MONITOR_FRAME), behind = 0;

        if (got < 0) {
            if (snd_pcm_recover(pcm, (int)got, 1) < 0)
                break;
            continue;
        }
        if (snd_pcm_delay(pcm, &behind) < 0 || behind < 0)
            behind = 0;
        const int64_t first_ns =
            clock_mono_ns() - (int64_t)(behind + got) * 1000000000 / MONITOR_HZ;
        hear(&ears.monitor, frame, (size_t)got, first_ns, 1e9 / MONITOR_HZ);
    }
    return NULL;
}

static void fail(const char *what)
{
    fprintf(stderr, "voice_talk: %s\n", what);
    exit(1);
}

static snd_pcm_t *open_monitor(void)
{
    snd_pcm_t *pcm;

    if (snd_pcm_open(&pcm, "monitor", SND_PCM_STREAM_CAPTURE, 0) < 0 ||
        snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1, MONITOR_HZ, 1,
                           20000) < 0)
        fail("cannot listen to the monitor (hint: run voice.bench)");
    return pcm;
}

struct round {
    struct speaker *speaker;
    uint64_t turn;
    int64_t clause_ns; /* when the byte that completed it was fed */
    bool has_clause;
};

static void on_clause(void *context, struct span text)
{
    struct round *round = context;

    if (round->has_clause)
        return;
    round->has_clause = true;
    if (speaker_say(round->speaker, round->turn, text, NULL) != STATUS_OK)
        fail("the speaker takes no clause");
}

/* Byte by byte, as a stream would bring it; up to the first clause. */
static void feed(struct round *round)
{
    const struct clause_listener listener = {.context = round, .on_clause = on_clause};
    struct clause clause;

    clause_init(&clause, &listener, false);
    for (size_t i = 0; answer[i] && !round->has_clause; i++) {
        round->clause_ns = clock_mono_ns();
        clause_feed(&clause, span_of(answer + i, 1),
                    (struct clause_moment){.mono_ms = round->clause_ns / 1000000});
    }
}

static int64_t wait_loud(const struct ear *ear)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (atomic_load(&ear->first_ns) == 0 && clock_mono_ms() < until_ms)
        clock_sleep_ms(1);
    if (atomic_load(&ear->first_ns) == 0)
        fail("nothing was heard");
    return atomic_load(&ear->first_ns);
}

static void wait_quiet(void)
{
    while (clock_mono_ns() - atomic_load(&ears.monitor.last_ns) < QUIET_MS * INT64_C(1000000))
        clock_sleep_ms(5);
}

static int by_size(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void print(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    printf("%.3f %.3f ", values[count / 2], values[(count * 99 + 99) / 100 - 1]);
}

int main(int argc, char **argv)
{
    static double to_device[MAX_ROUNDS], to_sound[MAX_ROUNDS], to_silence[MAX_ROUNDS];
    const size_t rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    const struct speaker_options options = {.voice_program = argc > 1 ? argv[1] : NULL,
                                            .audio.sink = AUDIO_SINK_ALSA,
                                            .pitch = -1,
                                            .volume = 100};
    struct speaker *speaker;
    pthread_t listener;

    if (rounds < 1 || rounds > MAX_ROUNDS)
        fail("usage: voice_talk VOICE_PROGRAM ROUNDS");
    snd_pcm_t *monitor = open_monitor();
    if (pthread_create(&listener, NULL, listen_to_monitor, monitor) != 0 ||
        speaker_create(&speaker, &options) != STATUS_OK)
        fail("cannot open the sound device (hint: run voice.bench)");
    clock_sleep_ms(2000);

    for (size_t n = 0; n < WARM_UP + rounds; n++) {
        const size_t i = n < WARM_UP ? 0 : n - WARM_UP;
        struct round round = {.speaker = speaker, .turn = n + 1};

        wait_quiet();
        clock_sleep_ms((int64_t)(n * 7 % 11)); /* not in step with the periods of the device */
        clear(&ears.device);
        clear(&ears.monitor);
        if (speaker_begin_turn(speaker, round.turn) != STATUS_OK)
            fail("the speaker takes no turn");
        feed(&round);
        to_device[i] = (double)(wait_loud(&ears.device) - round.clause_ns) / 1e6;
        to_sound[i] = (double)(wait_loud(&ears.monitor) - round.clause_ns) / 1e6;
        /* within a vowel as likely as anywhere: not in step with the periods of the device */
        clock_sleep_ms(250 + (int64_t)(i * 37 % 150));
        const int64_t stopped_ns = clock_mono_ns();
        speaker_interrupt(speaker, round.turn);
        clock_sleep_ms(QUIET_MS);
        to_silence[i] = (double)(atomic_load(&ears.monitor.last_ns) - stopped_ns) / 1e6;
    }
    print(to_device, rounds);
    print(to_sound, rounds);
    print(to_silence, rounds);
    printf("\n");
    speaker_free(speaker);
    atomic_store(&ears.is_stopping, true);
    pthread_join(listener, NULL);
    snd_pcm_close(monitor);
    return 0;
}
