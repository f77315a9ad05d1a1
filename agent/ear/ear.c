#include "agent/ear/ear.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/ear/microphone.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define TAP_MS 400 /* a button that is let go sooner was tapped */

struct ear {
    struct ear_options options;
    char mute_path[PATH_MAX];
    struct transcriber *transcriber;
    struct recording recording;
    pthread_t thread;
    /* the thread's own */
    struct vad vad;
    struct recording_preroll preroll;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool is_stopping, is_joined;
    bool is_open; /* a microphone is */
    enum attention_state state;
    uint64_t client;
    int64_t called_ms;
    bool is_held; /* the button is down */
    char device[PATH_MAX];
};

/* --- steps --- */

static void tell_problem(const struct ear *ear, uint64_t client, const char *problem)
{
    static const uint8_t no_turn[16] = {0};
    const struct transcriber_heard heard = {
        .client = client, .uuid = no_turn, .text = "", .problem = problem};

    ear->options.host.on_heard(ear->options.host.context, &heard);
}

static void begin_question(struct ear *ear, uint64_t client)
{
    transcriber_cancel(ear->transcriber);
    recording_begin(&ear->recording);
    if (recording_take_preroll(&ear->recording, &ear->preroll) != STATUS_OK)
        log_error("ear", "the pre-roll is longer than a question may be");
    transcriber_begin(ear->transcriber, client);
}

static void drop_question(struct ear *ear)
{
    if (!ear->transcriber) /* it was dropped when the ear stopped */
        return;
    transcriber_cancel(ear->transcriber);
    recording_begin(&ear->recording);
}

/* The one place that changes the state. Not with the lock held. */
static void step(struct ear *ear, enum attention_event event)
{
    pthread_mutex_lock(&ear->lock);
    const enum attention_state before = ear->state;
    const enum attention_act act = attention_step(&ear->state, event);
    const enum attention_state now = ear->state;
    const uint64_t client = ear->client;
    pthread_cond_broadcast(&ear->changed);
    pthread_mutex_unlock(&ear->lock);

    switch (act) {
    case ATTENTION_BEGIN:
        begin_question(ear, client);
        break;
    case ATTENTION_FINISH:
        recording_end(&ear->recording);
        transcriber_wake(ear->transcriber);
        break;
    case ATTENTION_GIVE_UP:
        tell_problem(ear, client,
                     event == ATTENTION_LOST ? "nothing was heard: is the microphone there?"
                                             : "nothing was heard");
        break;
    case ATTENTION_DROP:
        drop_question(ear);
        break;
    case ATTENTION_WAIT:
    case ATTENTION_NO_ACT:
        break;
    }
    if (now != before)
        ear->options.host.on_state(ear->options.host.context, now);
}

/* --- the thread --- */

struct moment {
    enum attention_state state;
    bool is_held;
    int64_t since_call_ms;
};

static struct moment moment_of(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const struct moment moment = {ear->state, ear->is_held, clock_mono_ms() - ear->called_ms};
    pthread_mutex_unlock(&ear->lock);
    return moment;
}

static void take_frame(struct ear *ear, const int16_t pcm[VAD_FRAME])
{
    const bool is_speech = vad_feed(&ear->vad, pcm);
    const struct moment moment = moment_of(ear);

    switch (moment.state) {
    case ATTENTION_ADDRESSED:
        recording_preroll_add(&ear->preroll, pcm, VAD_FRAME);
        if (is_speech)
            step(ear, ATTENTION_SPEECH);
        else if (!moment.is_held && moment.since_call_ms > ATTENTION_PATIENCE_MS)
            step(ear, ATTENTION_NOTHING);
        break;
    case ATTENTION_HEARING:
        if (recording_add(&ear->recording, pcm, VAD_FRAME) != STATUS_OK ||
            (!is_speech && !moment.is_held))
            step(ear, ATTENTION_END);
        transcriber_wake(ear->transcriber);
        break;
    case ATTENTION_RESTING:
    case ATTENTION_MUTED:
        break;
    }
}

/* With the lock held. */
static bool wants_microphone(const struct ear *ear)
{
    return !ear->is_stopping &&
           (ear->state == ATTENTION_ADDRESSED || ear->state == ATTENTION_HEARING);
}

static bool goes_on(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const bool wanted = wants_microphone(ear);
    pthread_mutex_unlock(&ear->lock);
    return wanted;
}

static void set_open(struct ear *ear, bool is_open)
{
    pthread_mutex_lock(&ear->lock);
    ear->is_open = is_open;
    pthread_mutex_unlock(&ear->lock);
}

static void listen(struct ear *ear, const char *device)
{
    struct microphone *microphone = NULL;
    int16_t pcm[VAD_FRAME];
    enum status status = microphone_open(&microphone, device);

    if (status != STATUS_OK) {
        log_warning("ear",
                    "cannot listen to \"%s\": %s (hint: --ear-device; arecord -L lists them)",
                    device, status_text(status));
        step(ear, ATTENTION_LOST);
        return;
    }
    set_open(ear, true);
    vad_init(&ear->vad);
    ear->preroll.count = 0;
    while (goes_on(ear) && (status = microphone->read(microphone, pcm)) == STATUS_OK)
        take_frame(ear, pcm);
    microphone->close(microphone);
    crypto_wipe(pcm, sizeof pcm);
    crypto_wipe(&ear->preroll, sizeof ear->preroll);
    set_open(ear, false);
    if (status != STATUS_OK)
        step(ear, ATTENTION_LOST);
}

static void *run(void *context)
{
    struct ear *ear = context;
    char device[PATH_MAX];

    pthread_mutex_lock(&ear->lock);
    while (!ear->is_stopping) {
        if (!wants_microphone(ear)) {
            pthread_cond_wait(&ear->changed, &ear->lock);
            continue;
        }
        memcpy(device, ear->device, sizeof device);
        pthread_mutex_unlock(&ear->lock);
        listen(ear, device);
        pthread_mutex_lock(&ear->lock);
    }
    pthread_mutex_unlock(&ear->lock);
    return NULL;
}

/* --- requests --- */

/* With the lock held. STATUS_EXISTS: a question is being heard already. */
static enum status may_call(const struct ear *ear)
{
    if (ear->options.is_deaf || ear->is_stopping)
        return STATUS_UNREACHABLE;
    if (ear->state == ATTENTION_MUTED)
        return STATUS_DENIED;
    return ear->state == ATTENTION_RESTING ? STATUS_OK : STATUS_EXISTS;
}

static enum status call(struct ear *ear, uint64_t client, const char *device, bool is_held)
{
    pthread_mutex_lock(&ear->lock);
    enum status status = may_call(ear);
    if (status == STATUS_OK)
        status = span_to_text(span_text(device), ear->device, sizeof ear->device);
    if (status == STATUS_OK) {
        ear->client = client;
        ear->called_ms = clock_mono_ms();
        ear->is_held = is_held;
    }
    pthread_mutex_unlock(&ear->lock);
    if (status != STATUS_OK)
        return status;
    ear->options.host.on_called(ear->options.host.context);
    step(ear, ATTENTION_CALL);
    return STATUS_OK;
}

enum status ear_call(struct ear *ear, uint64_t client)
{
    return call(ear, client, ear->options.device, true);
}

enum status ear_hear(struct ear *ear, uint64_t client, const char *path)
{
    char device[PATH_MAX];

    if (snprintf(device, sizeof device, MICROPHONE_FILE "%s", path) >= (int)sizeof device)
        return STATUS_INVALID;
    return call(ear, client, device, false);
}

void ear_let_go(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const bool was_held = ear->is_held;
    const bool was_tapped = clock_mono_ms() - ear->called_ms < TAP_MS;
    ear->is_held = false;
    pthread_mutex_unlock(&ear->lock);
    if (was_held && !was_tapped)
        step(ear, ATTENTION_END);
}

enum status ear_mute(struct ear *ear, bool is_muted)
{
    enum status status = STATUS_OK;

    if (is_muted) {
        step(ear, ATTENTION_MUTE);
        return file_replace(ear->mute_path, span_text("muted\n"), 0600);
    }
    if (unlink(ear->mute_path) < 0 && access(ear->mute_path, F_OK) == 0)
        return STATUS_IO;
    status = file_sync_folder(ear->mute_path);
    if (status == STATUS_OK)
        step(ear, ATTENTION_UNMUTE);
    return status;
}

enum attention_state ear_state(struct ear *ear)
{
    return moment_of(ear).state;
}

bool ear_is_open(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const bool is_open = ear->is_open;
    pthread_mutex_unlock(&ear->lock);
    return is_open;
}

/* --- life --- */

static void on_heard(void *context, const struct transcriber_heard *heard)
{
    const struct ear *ear = context;

    ear->options.host.on_heard(ear->options.host.context, heard);
}

static void read_settings(void *context, struct transcriber_settings *out)
{
    const struct ear *ear = context;

    ear->options.host.settings(ear->options.host.context, out);
}

static void on_used(void *context)
{
    const struct ear *ear = context;

    ear->options.host.on_used(ear->options.host.context);
}

static bool is_online(void *context)
{
    const struct ear *ear = context;

    return ear->options.host.is_online && ear->options.host.is_online(ear->options.host.context);
}

static enum status start_transcriber(struct ear *ear)
{
    const struct transcriber_options options = {
        .recording = &ear->recording,
        .journal = ear->options.journal,
        .attempts = ear->options.attempts,
        .host = {ear, read_settings, on_heard, on_used, is_online}};

    return transcriber_start(&ear->transcriber, &options);
}

enum status ear_start(struct ear **out, const struct ear_options *options)
{
    struct ear *ear = calloc(1, sizeof *ear);

    if (!ear)
        return STATUS_MEMORY;
    ear->options = *options;
    ear->state = access(options->mute_path, F_OK) == 0 ? ATTENTION_MUTED : ATTENTION_RESTING;
    enum status status =
        span_to_text(span_text(options->mute_path), ear->mute_path, sizeof ear->mute_path);
    recording_init(&ear->recording);
    pthread_mutex_init(&ear->lock, NULL);
    pthread_cond_init(&ear->changed, NULL);
    ear->is_joined = true;
    if (status == STATUS_OK)
        status = start_transcriber(ear);
    if (status == STATUS_OK && pthread_create(&ear->thread, NULL, run, ear) != 0)
        status = STATUS_MEMORY;
    ear->is_joined = status != STATUS_OK;
    if (status == STATUS_OK)
        *out = ear;
    else
        ear_free(ear);
    return status;
}

void ear_stop(struct ear *ear)
{
    if (!ear)
        return;
    pthread_mutex_lock(&ear->lock);
    ear->is_stopping = true;
    pthread_cond_broadcast(&ear->changed);
    pthread_mutex_unlock(&ear->lock);
    if (!ear->is_joined)
        pthread_join(ear->thread, NULL);
    ear->is_joined = true;
    transcriber_free(ear->transcriber);
    ear->transcriber = NULL;
}

void ear_free(struct ear *ear)
{
    if (!ear)
        return;
    ear_stop(ear);
    recording_release(&ear->recording);
    pthread_cond_destroy(&ear->changed);
    pthread_mutex_destroy(&ear->lock);
    free(ear);
}
