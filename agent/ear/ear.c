#include "agent/ear/ear.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/ear/deafness.h"
#include "agent/ear/microphone.h"
#include "agent/ear/wake.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define TAP_MS         400  /* a button that is let go sooner was tapped */
#define RETRY_FIRST_MS 2000 /* a microphone that is to wait for the wake phrase is lost */
#define RETRY_MAX_MS   60000
#define OVER_DB        6.0f /* what is spoken over the robot's own voice is louder by so much */

struct ear {
    struct ear_options options;
    char mute_path[PATH_MAX];
    struct transcriber *transcriber;
    struct recording recording;
    pthread_t thread;
    /* the thread's own */
    struct vad vad;
    struct recording_preroll preroll;
    struct overhear *overhear;
    struct backoff backoff;
    bool is_ducked;
    struct deafness deafness;

    pthread_mutex_t stepping; /* one step with its act after the other; before the next one */
    pthread_mutex_t lock;     /* of what follows */
    pthread_cond_t changed;
    bool is_stopping, is_joined;
    bool is_open; /* a microphone is */
    bool is_deaf;
    enum attention_state state;
    enum ear_mode mode;
    char phrase[WAKE_MAX_PHRASE + 1];
    enum ear_wake wake;
    int64_t retry_ms; /* no microphone is opened before, unless somebody calls */
    bool is_fresh;    /* somebody called, and the thread has not seen it yet */
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

static void act_on(struct ear *ear, enum attention_act act, enum attention_event event,
                   uint64_t client)
{
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
}

/* The one place that changes the state. Not with the lock held. Whoever mutes or lets go while a
 * question begins comes behind its beginning: what was to be dropped would begin after the drop. */
static void step(struct ear *ear, enum attention_event event)
{
    pthread_mutex_lock(&ear->stepping);
    pthread_mutex_lock(&ear->lock);
    const enum attention_state before = ear->state;
    const enum attention_act act = attention_step(&ear->state, event);
    const enum attention_state now = ear->state;
    const uint64_t client = ear->client;
    pthread_cond_broadcast(&ear->changed);
    pthread_mutex_unlock(&ear->lock);

    act_on(ear, act, event, client);
    if (now != before)
        ear->options.host.on_state(ear->options.host.context, now);
    pthread_mutex_unlock(&ear->stepping);
}

/* --- the thread --- */

struct moment {
    enum attention_state state;
    bool is_held, is_fresh;
    bool waits; /* for the wake phrase */
    int64_t since_call_ms;
};

static struct moment moment_of(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const struct moment moment = {ear->state, ear->is_held, ear->is_fresh, ear->mode == EAR_WAKE,
                                  clock_mono_ms() - ear->called_ms};
    pthread_mutex_unlock(&ear->lock);
    return moment;
}

static void set_ducked(struct ear *ear, bool is_ducked)
{
    if (ear->is_ducked != is_ducked)
        ear->options.host.duck(ear->options.host.context, is_ducked);
    ear->is_ducked = is_ducked;
}

/* Somebody called: what was said before is no part of the question. */
static void begin_anew(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    ear->is_fresh = false;
    pthread_mutex_unlock(&ear->lock);
    vad_raise(&ear->vad, 0);
    vad_forget(&ear->vad);
    crypto_wipe(&ear->preroll, sizeof ear->preroll);
    set_ducked(ear, false);
}

static void take_frame(struct ear *ear, const int16_t pcm[VAD_FRAME]);

/* The owner addressed the robot without its button. What was said since is the question's
 * beginning. */
static void answer_call(struct ear *ear, size_t ago)
{
    int16_t pcm[VAD_FRAME];
    bool is_taken;

    pthread_mutex_lock(&ear->lock);
    is_taken = ear->state == ATTENTION_RESTING && ear->mode == EAR_WAKE && !ear->is_stopping;
    if (is_taken) {
        snprintf(ear->device, sizeof ear->device, "%s", ear->options.device);
        ear->client = 0;
        ear->called_ms = clock_mono_ms();
        ear->is_held = false;
    }
    pthread_mutex_unlock(&ear->lock);
    if (!is_taken)
        return;
    ear->options.host.on_called(ear->options.host.context);
    step(ear, ATTENTION_CALL);
    begin_anew(ear);
    for (; ago >= VAD_FRAME; ago -= VAD_FRAME) {
        overhear_tail(ear->overhear, ago, pcm);
        take_frame(ear, pcm);
    }
    crypto_wipe(pcm, sizeof pcm);
    overhear_forget(ear->overhear);
}

static void overhear(struct ear *ear, const int16_t pcm[VAD_FRAME], enum overhear_mouth mouth)
{
    size_t ago = 0;

    switch (overhear_feed(ear->overhear, pcm, &ear->vad, mouth, clock_mono_ms(), &ago)) {
    case OVERHEAR_DUCK:
        set_ducked(ear, true);
        break;
    case OVERHEAR_RESTORE:
        set_ducked(ear, false);
        break;
    case OVERHEAR_CALLED:
        answer_call(ear, ago);
        break;
    case OVERHEAR_NO_ACT:
        break;
    }
}

static void take_frame(struct ear *ear, const int16_t pcm[VAD_FRAME])
{
    const struct moment moment = moment_of(ear);
    const struct ear_host *host = &ear->options.host;
    enum overhear_mouth mouth = OVERHEAR_SILENT;

    if (moment.is_fresh) {
        begin_anew(ear);
        overhear_forget(ear->overhear);
    }
    if (moment.state == ATTENTION_RESTING && moment.waits && host->mouth) {
        mouth = host->mouth(host->context);
        vad_raise(&ear->vad, mouth == OVERHEAR_SILENT ? 0 : OVER_DB);
    }
    const bool is_speech = vad_feed(&ear->vad, pcm);

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
        if (moment.waits)
            overhear(ear, pcm, mouth);
        break;
    case ATTENTION_MUTED:
        break;
    }
}

/* With the lock held. The microphone that is wanted now; NULL: none. */
static const char *wanted_microphone(const struct ear *ear)
{
    if (ear->is_stopping)
        return NULL;
    if (ear->state == ATTENTION_ADDRESSED || ear->state == ATTENTION_HEARING)
        return ear->device;
    if (ear->state == ATTENTION_RESTING && ear->mode == EAR_WAKE &&
        clock_mono_ms() >= ear->retry_ms)
        return ear->options.device;
    return NULL;
}

/* Whether this one is still the one, and for which phrase ("": none). */
static bool goes_on(struct ear *ear, const char *device, char phrase[WAKE_MAX_PHRASE + 1])
{
    pthread_mutex_lock(&ear->lock);
    const char *wanted = wanted_microphone(ear);
    const bool is_wanted = wanted && strcmp(wanted, device) == 0;
    memcpy(phrase, ear->mode == EAR_WAKE ? ear->phrase : "",
           ear->mode == EAR_WAKE ? sizeof ear->phrase : 1);
    pthread_mutex_unlock(&ear->lock);
    return is_wanted;
}

static void set_open(struct ear *ear, bool is_open)
{
    pthread_mutex_lock(&ear->lock);
    ear->is_open = is_open;
    pthread_mutex_unlock(&ear->lock);
}

/* What the wake program can do now. */
static void look_after_wake(struct ear *ear, const char *phrase)
{
    const enum ear_wake now = !phrase                              ? EAR_WAKE_OFF
                              : overhear_has_failed(ear->overhear) ? EAR_WAKE_FAILED
                              : overhear_is_ready(ear->overhear)   ? EAR_WAKE_WAITS
                                                                   : EAR_WAKE_STARTS;

    pthread_mutex_lock(&ear->stepping); /* so that a newer state is not told first */
    pthread_mutex_lock(&ear->lock);
    const enum ear_wake before = ear->wake;
    const enum attention_state state = ear->state;
    ear->wake = now;
    pthread_mutex_unlock(&ear->lock);
    if (now != before && now != EAR_WAKE_STARTS)
        ear->options.host.on_state(ear->options.host.context, state);
    pthread_mutex_unlock(&ear->stepping);
}

static void set_deaf(struct ear *ear, bool is_deaf)
{
    pthread_mutex_lock(&ear->lock);
    ear->is_deaf = is_deaf;
    pthread_mutex_unlock(&ear->lock);
}

static void note_sound(struct ear *ear, const int16_t pcm[VAD_FRAME])
{
    const enum deafness_verdict verdict = deafness_feed(&ear->deafness, pcm);

    if (verdict != DEAFNESS_UNKNOWN)
        set_deaf(ear, verdict == DEAFNESS_DEAF);
}

/* Until the microphone is not wanted any more or lost. */
static enum status listen_to(struct ear *ear, struct microphone *microphone, const char *device)
{
    char phrase[WAKE_MAX_PHRASE + 1];
    int16_t pcm[VAD_FRAME];
    enum status status = STATUS_OK;

    while (goes_on(ear, device, phrase) &&
           (status = microphone->read(microphone, pcm)) == STATUS_OK) {
        const int64_t heard_ns = clock_mono_ns() - microphone->delay_ms(microphone) * 1000000;

        note_sound(ear, pcm);
        overhear_wait_for(ear->overhear, phrase[0] ? phrase : NULL);
        look_after_wake(ear, phrase[0] ? phrase : NULL);
        if (phrase[0])
            overhear_clean(ear->overhear, heard_ns, pcm);
        take_frame(ear, pcm);
    }
    crypto_wipe(pcm, sizeof pcm);
    return status;
}

/* A file that was played to its end is not played again; a device that was lost may come back. */
static void put_off(struct ear *ear, enum status status)
{
    const int64_t delay_ms = backoff_next(&ear->backoff, crypto_random_u64());

    pthread_mutex_lock(&ear->lock);
    ear->retry_ms = status == STATUS_CLOSED ? INT64_MAX : clock_mono_ms() + delay_ms;
    pthread_mutex_unlock(&ear->lock);
}

static void listen(struct ear *ear, const char *device)
{
    struct microphone *microphone = NULL;
    enum status status = microphone_open(&microphone, device);

    if (status != STATUS_OK) {
        log_warning("ear",
                    "cannot listen to \"%s\": %s (hint: --ear-device; arecord -L lists them)",
                    device, status_text(status));
        set_deaf(ear, true);
    } else {
        set_open(ear, true);
        deafness_begin(&ear->deafness);
        vad_init(&ear->vad);
        ear->preroll.count = 0;
        status = listen_to(ear, microphone, device);
        microphone->close(microphone);
        backoff_reset(&ear->backoff);
        crypto_wipe(&ear->preroll, sizeof ear->preroll);
        overhear_wait_for(ear->overhear, NULL);
        look_after_wake(ear, NULL);
        set_ducked(ear, false);
        set_open(ear, false);
    }
    if (status != STATUS_OK) {
        if (strcmp(device, ear->options.device) == 0)
            put_off(ear, status);
        step(ear, ATTENTION_LOST);
    }
}

/* With the lock held. */
static void wait_change(struct ear *ear)
{
    const bool is_put_off =
        ear->mode == EAR_WAKE && ear->state == ATTENTION_RESTING && ear->retry_ms != INT64_MAX;
    const struct timespec until = {.tv_sec = ear->retry_ms / 1000,
                                   .tv_nsec = ear->retry_ms % 1000 * 1000000};

    if (is_put_off)
        pthread_cond_timedwait(&ear->changed, &ear->lock, &until);
    else
        pthread_cond_wait(&ear->changed, &ear->lock);
}

static void *run(void *context)
{
    struct ear *ear = context;
    char device[PATH_MAX];

    pthread_mutex_lock(&ear->lock);
    while (!ear->is_stopping) {
        const char *wanted = wanted_microphone(ear);

        if (!wanted) {
            wait_change(ear);
            continue;
        }
        snprintf(device, sizeof device, "%s", wanted);
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
    if (ear->mode == EAR_OFF || ear->is_stopping)
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
        ear->is_fresh = true;
    }
    pthread_mutex_unlock(&ear->lock);
    if (status != STATUS_OK)
        return status;
    ear->options.host.on_called(ear->options.host.context);
    step(ear, ATTENTION_CALL);
    return STATUS_OK;
}

void ear_set_mode(struct ear *ear, enum ear_mode mode, const char *phrase)
{
    char wanted[WAKE_MAX_PHRASE + 1];

    snprintf(wanted, sizeof wanted, "%s", phrase ? phrase : "");
    pthread_mutex_lock(&ear->lock);
    if (ear->mode != mode || strcmp(ear->phrase, wanted) != 0)
        ear->retry_ms = 0;
    ear->mode = mode;
    memcpy(ear->phrase, wanted, sizeof wanted);
    pthread_cond_broadcast(&ear->changed);
    pthread_mutex_unlock(&ear->lock);
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

enum ear_wake ear_wake(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const enum ear_wake wake = ear->wake;
    pthread_mutex_unlock(&ear->lock);
    return wake;
}

bool ear_is_deaf(struct ear *ear)
{
    pthread_mutex_lock(&ear->lock);
    const bool is_deaf = ear->is_deaf;
    pthread_mutex_unlock(&ear->lock);
    return is_deaf;
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

static void init_locks(struct ear *ear)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&ear->stepping, NULL);
    pthread_mutex_init(&ear->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ear->changed, &attributes);
    pthread_condattr_destroy(&attributes);
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
    ear->mode = options->mode;
    backoff_init(&ear->backoff, RETRY_FIRST_MS, RETRY_MAX_MS, RETRY_FIRST_MS);
    recording_init(&ear->recording);
    init_locks(ear);
    ear->is_joined = true;
    if (status == STATUS_OK)
        status = overhear_create(&ear->overhear, options->wake_program, options->played);
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
    overhear_free(ear->overhear);
    recording_release(&ear->recording);
    pthread_cond_destroy(&ear->changed);
    pthread_mutex_destroy(&ear->lock);
    pthread_mutex_destroy(&ear->stepping);
    free(ear);
}
