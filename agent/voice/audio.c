#include "agent/voice/audio.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

#include "agent/voice/audio_device.h"
#include "agent/voice/priority.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define QUEUE_SAMPLES   (AUDIO_QUEUE_S * AUDIO_SAMPLE_RATE)
#define HISTORY_SAMPLES 16384 /* more than any device holds unheard, and AUDIO_PLAYED_MS */
#define FADE_SAMPLES    110   /* 5 ms */
#define KEEP_SAMPLES    110   /* too late to change */
#define JUMP_SAMPLES    (0.06 * AUDIO_SAMPLE_RATE)
#define PLL_GAIN        0.1 /* settles in about 100 ms at one reading per period */
#define DROP_WAIT_MS    200
/* In silence the device is fed that many periods at once, less than half of what it holds: waking
 * for each was three quarters of what an idle robot cost. */
#define IDLE_PERIODS 4
#define IDLE_MS      (IDLE_PERIODS * AUDIO_DEVICE_PERIOD * 1000 / AUDIO_SAMPLE_RATE)
#define REST_AFTER   32     /* periods */
#define DUCKED_GAIN  0.251f /* -12 dB */

/* The device's clock, smoothed: readings of its delay jump by a period. */
struct playclock {
    double position; /* samples, at time_ns */
    int64_t time_ns;
    int64_t last; /* handed out; never steps back */
};

struct audio {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows but the device, which is the thread's own */
    pthread_cond_t changed;
    pthread_cond_t wanted; /* there is something to do for a thread that rests */
    struct audio_device *device;
    bool is_audible;
    bool is_stopping;

    int64_t filled;      /* the next sample that goes to the device */
    int64_t queue_end;   /* after the last one queued; nothing is queued when <= filled */
    int64_t queue_first; /* sample of queue[0] */
    struct playclock clock;
    unsigned drops_wanted, drops_done;
    int64_t drop_sample; /* where the last drop fell silent */
    float gain, wanted_gain;
    bool is_ducked;
    uint32_t underruns;

    /* samples that the device had unheard when it was fed last, and at most: the thread's own */
    int64_t held, most_held;

    /* Sample n at (n - queue_first) % QUEUE_SAMPLES. What comes into an empty queue comes to its
     * beginning: no more of it is ever touched than waits at once. */
    int16_t queue[QUEUE_SAMPLES];
    int16_t history[HISTORY_SAMPLES]; /* what went to the device: sample n at n % HISTORY_SAMPLES */
};

static int16_t *queued_at(struct audio *audio, int64_t sample)
{
    return &audio->queue[(sample - audio->queue_first) % QUEUE_SAMPLES];
}

/* Call with the lock held. False: the time is up. */
static bool wait_for(pthread_cond_t *condition, struct audio *audio, int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

    return pthread_cond_timedwait(condition, &audio->lock, &until) == 0;
}

static double clock_position(const struct playclock *clock, int64_t now_ns)
{
    return clock->position + (double)(now_ns - clock->time_ns) * AUDIO_SAMPLE_RATE / 1e9;
}

static void clock_read(struct playclock *clock, int64_t heard, int64_t now_ns)
{
    double predicted = clock_position(clock, now_ns);
    double error = (double)heard - predicted;

    clock->position = fabs(error) > JUMP_SAMPLES ? (double)heard : predicted + PLL_GAIN * error;
    clock->time_ns = now_ns;
}

static float gain_of(int volume)
{
    float part = (float)(volume < 0 ? 0 : volume > 100 ? 100 : volume) / 100.0f;

    return part * part;
}

/* Call with the lock held. Takes the next period from the queue, or silence. */
static void fill_period(struct audio *audio, int16_t *period)
{
    const float wanted = audio->wanted_gain * (audio->is_ducked ? DUCKED_GAIN : 1.0f);
    float step = (wanted - audio->gain) / AUDIO_DEVICE_PERIOD;

    for (size_t i = 0; i < AUDIO_DEVICE_PERIOD; i++) {
        int64_t sample = audio->filled + (int64_t)i;
        int16_t value = sample < audio->queue_end ? *queued_at(audio, sample) : 0;

        audio->gain += step;
        period[i] = (int16_t)lrintf((float)value * audio->gain);
        audio->history[sample % HISTORY_SAMPLES] = period[i];
    }
    audio->gain = wanted;
    audio->filled += AUDIO_DEVICE_PERIOD;
    pthread_cond_broadcast(&audio->changed);
}

/* Call with the lock held. Returns the samples of a fade out of what was taken back. */
static size_t drop_now(struct audio *audio, int16_t fade[FADE_SAMPLES])
{
    size_t back = audio->device->rewind(audio->device, KEEP_SAMPLES);
    size_t count = back < FADE_SAMPLES ? back : FADE_SAMPLES;

    audio->filled -= (int64_t)back;
    for (size_t i = 0; i < count; i++) {
        int64_t sample = audio->filled + (int64_t)i;
        float part = 1.0f - (float)(i + 1) / (float)count;

        fade[i] = (int16_t)lrintf((float)audio->history[sample % HISTORY_SAMPLES] * part);
    }
    audio->filled += (int64_t)count;
    audio->queue_end = audio->filled;
    audio->drop_sample = audio->filled;
    audio->drops_done = audio->drops_wanted;
    pthread_cond_broadcast(&audio->changed);
    return count;
}

/* A sound card that was pulled out must not stop the robot: it goes on in silence. */
static bool replace_device(struct audio *audio)
{
    struct audio_device *silent;

    log_warning("voice", "sound device lost, going on without sound (hint: restart the agent when "
                         "it is back)");
    if (audio_silent_open(&silent, NULL) != STATUS_OK)
        return false;
    audio->device->close(audio->device);
    audio->device = silent;
    audio->is_audible = false;
    return true;
}

static bool play_period(struct audio *audio)
{
    int16_t period[AUDIO_DEVICE_PERIOD];
    size_t count = AUDIO_DEVICE_PERIOD;

    audio->device->wait(audio->device);
    pthread_mutex_lock(&audio->lock);
    if (audio->drops_done != audio->drops_wanted)
        count = drop_now(audio, period);
    else
        fill_period(audio, period);
    int64_t written = audio->filled;
    bool go_on = !audio->is_stopping;
    pthread_mutex_unlock(&audio->lock);

    const uint32_t dry = audio->device->underruns;
    if (count > 0 && audio->device->write(audio->device, period, count) != STATUS_OK)
        return replace_device(audio) && go_on;
    int64_t heard = written - audio->device->delay(audio->device);
    int64_t now_ns = clock_mono_ns();

    audio->held = written - heard;
    if (audio->held > audio->most_held)
        audio->most_held = audio->held;
    pthread_mutex_lock(&audio->lock);
    clock_read(&audio->clock, heard, now_ns);
    audio->underruns += audio->device->underruns - dry;
    pthread_mutex_unlock(&audio->lock);
    return go_on;
}

/* Call with the lock held. */
static bool is_idle(const struct audio *audio)
{
    return audio->queue_end <= audio->filled && audio->drops_done == audio->drops_wanted &&
           !audio->is_stopping;
}

/* A thread that was late feeds it up first. */
static bool is_full(const struct audio *audio)
{
    return audio->held > audio->most_held - AUDIO_DEVICE_PERIOD / 2;
}

/* Waits for something to do, no longer than the device can. */
static void rest(struct audio *audio)
{
    const int64_t until_ms = clock_mono_ms() + IDLE_MS;

    pthread_mutex_lock(&audio->lock);
    for (bool waited = true; is_idle(audio) && waited;)
        waited = wait_for(&audio->wanted, audio, until_ms);
    pthread_mutex_unlock(&audio->lock);
}

static void *play_forever(void *argument)
{
    struct audio *audio = argument;
    unsigned silent = 0; /* periods since something sounded */

    priority_raise(PRIORITY_SOUND);
    while (play_period(audio)) {
        pthread_mutex_lock(&audio->lock);
        silent = is_idle(audio) ? silent + 1 : 0;
        pthread_mutex_unlock(&audio->lock);
        if (silent > REST_AFTER && is_full(audio))
            rest(audio);
    }
    return NULL;
}

static enum status open_device(struct audio *audio, const struct audio_options *options)
{
    const char *name = options->device ? options->device : "default";
    enum status status = STATUS_UNREACHABLE;

    if (options->sink != AUDIO_SINK_SILENT)
        status = audio_alsa_open(&audio->device, name);
    audio->is_audible = status == STATUS_OK;
    if (status == STATUS_OK || options->sink == AUDIO_SINK_ALSA)
        return status;
    return audio_silent_open(&audio->device, options->wav_path);
}

static void init_locks(struct audio *audio)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&audio->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&audio->changed, &attributes);
    pthread_cond_init(&audio->wanted, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status audio_open(struct audio **out, const struct audio_options *options)
{
    struct audio *audio = calloc(1, sizeof *audio);

    if (!audio)
        return STATUS_MEMORY;
    enum status status = open_device(audio, options);
    if (status != STATUS_OK) {
        free(audio);
        return status;
    }
    audio->gain = audio->wanted_gain = gain_of(options->volume);
    audio->clock.time_ns = clock_mono_ns();
    init_locks(audio);
    if (pthread_create(&audio->thread, NULL, play_forever, audio) != 0) {
        audio->device->close(audio->device);
        pthread_cond_destroy(&audio->wanted);
        pthread_cond_destroy(&audio->changed);
        pthread_mutex_destroy(&audio->lock);
        free(audio);
        return STATUS_MEMORY;
    }
    *out = audio;
    return STATUS_OK;
}

void audio_close(struct audio *audio)
{
    if (!audio)
        return;
    pthread_mutex_lock(&audio->lock);
    audio->is_stopping = true;
    pthread_cond_signal(&audio->wanted);
    pthread_mutex_unlock(&audio->lock);
    pthread_join(audio->thread, NULL);
    audio->device->close(audio->device);
    pthread_cond_destroy(&audio->wanted);
    pthread_cond_destroy(&audio->changed);
    pthread_mutex_destroy(&audio->lock);
    free(audio);
}

bool audio_is_audible(const struct audio *audio)
{
    return audio->is_audible;
}

/* Call with the lock held. Half a period stays free, so that a chunk put in place is not overtaken.
 */
static size_t room(const struct audio *audio)
{
    int64_t queued = audio->queue_end > audio->filled ? audio->queue_end - audio->filled : 0;

    return (size_t)(QUEUE_SAMPLES - queued);
}

size_t audio_write(struct audio *audio, const int16_t *pcm, size_t count, int64_t *first_sample)
{
    pthread_mutex_lock(&audio->lock);
    size_t taken = count < room(audio) ? count : room(audio);
    if (audio->drops_done != audio->drops_wanted)
        taken = 0; /* where silence begins is not known yet */
    if (taken > 0) {
        if (audio->queue_end <= audio->filled)
            audio->queue_first = audio->queue_end = audio->filled;
        for (size_t i = 0; i < taken; i++)
            *queued_at(audio, audio->queue_end + (int64_t)i) = pcm[i];
        *first_sample = audio->queue_end;
        audio->queue_end += (int64_t)taken;
        pthread_cond_signal(&audio->wanted);
    }
    pthread_mutex_unlock(&audio->lock);
    return taken;
}

enum status audio_wait_room(struct audio *audio, size_t count, int64_t timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;

    pthread_mutex_lock(&audio->lock);
    bool waited = true;
    while ((room(audio) < count || audio->drops_done != audio->drops_wanted) && waited)
        waited = wait_for(&audio->changed, audio, until_ms);
    bool fits = room(audio) >= count;
    pthread_mutex_unlock(&audio->lock);
    return fits ? STATUS_OK : STATUS_TIMEOUT;
}

/* Call with the lock held. */
static int64_t playhead_now(struct audio *audio)
{
    int64_t position = (int64_t)clock_position(&audio->clock, clock_mono_ns());

    if (position > audio->filled)
        position = audio->filled;
    if (position > audio->clock.last)
        audio->clock.last = position;
    return audio->clock.last;
}

int64_t audio_playhead(struct audio *audio)
{
    pthread_mutex_lock(&audio->lock);
    int64_t playhead = playhead_now(audio);
    pthread_mutex_unlock(&audio->lock);
    return playhead;
}

int64_t audio_sample_at(struct audio *audio, int64_t mono_ns)
{
    pthread_mutex_lock(&audio->lock);
    const int64_t sample = (int64_t)clock_position(&audio->clock, mono_ns);
    pthread_mutex_unlock(&audio->lock);
    return sample;
}

void audio_played(struct audio *audio, int64_t sample, int16_t *out, size_t count)
{
    pthread_mutex_lock(&audio->lock);
    for (size_t i = 0; i < count; i++) {
        const int64_t at = sample + (int64_t)i;
        const bool is_known =
            at >= 0 && at < audio->filled && at >= audio->filled - HISTORY_SAMPLES;

        out[i] = is_known ? audio->history[at % HISTORY_SAMPLES] : 0;
    }
    pthread_mutex_unlock(&audio->lock);
}

int64_t audio_queued_ms(struct audio *audio)
{
    pthread_mutex_lock(&audio->lock);
    int64_t samples = audio->queue_end - playhead_now(audio);
    pthread_mutex_unlock(&audio->lock);
    return samples > 0 ? samples * 1000 / AUDIO_SAMPLE_RATE : 0;
}

int64_t audio_drop(struct audio *audio)
{
    int64_t until_ms = clock_mono_ms() + DROP_WAIT_MS;

    pthread_mutex_lock(&audio->lock);
    unsigned wanted = ++audio->drops_wanted;
    pthread_cond_signal(&audio->wanted);
    audio->queue_end = audio->filled;
    bool waited = true;
    while ((int)(audio->drops_done - wanted) < 0 && waited)
        waited = wait_for(&audio->changed, audio, until_ms);
    int64_t sample = audio->drops_done == wanted ? audio->drop_sample : audio->filled;
    pthread_mutex_unlock(&audio->lock);
    return sample;
}

uint32_t audio_underruns(struct audio *audio)
{
    pthread_mutex_lock(&audio->lock);
    uint32_t underruns = audio->underruns;
    pthread_mutex_unlock(&audio->lock);
    return underruns;
}

void audio_duck(struct audio *audio, bool is_ducked)
{
    pthread_mutex_lock(&audio->lock);
    audio->is_ducked = is_ducked;
    pthread_mutex_unlock(&audio->lock);
}

void audio_set_volume(struct audio *audio, int volume)
{
    pthread_mutex_lock(&audio->lock);
    audio->wanted_gain = gain_of(volume);
    pthread_mutex_unlock(&audio->lock);
}
