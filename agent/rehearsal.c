#include "agent/rehearsal.h"

#include <pthread.h>

#include "agent/face/track.h"
#include "schema/base/clock.h"
#include "schema/wire/message.h"

#define TOTAL_MS        10000
#define VENDOR_TOTAL_MS 30000
#define STEP_MS         20
#define TURN            1
/* Rounding and closures come before their sound. */
#define LEAD_SAMPLES  (AUDIO_SAMPLE_RATE / 4)
#define FRAME_SAMPLES (AUDIO_SAMPLE_RATE / 60)
#define MIN_MOVEMENT  0.2f /* of how far the mouth opens; every vowel opens it further */

/* Filled by the voice's thread, under the lock. */
struct stage {
    pthread_mutex_t lock;
    struct track *track;
    int64_t begin; /* of the clause under way */
    int64_t at;    /* where its next sample lies */
    uint32_t ended;
    bool is_failed;
    bool is_settled; /* the order, as used says */
    struct voice_used used;
};

static void on_begin(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate)
{
    struct stage *stage = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&stage->lock);
    stage->begin = stage->at;
    stage->is_failed |= sample_rate != AUDIO_SAMPLE_RATE;
    pthread_mutex_unlock(&stage->lock);
}

static void on_pcm(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm, size_t count)
{
    struct stage *stage = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&stage->lock);
    track_sound(stage->track, stage->at, pcm, count);
    stage->at += (int64_t)count;
    pthread_mutex_unlock(&stage->lock);
}

static void on_mark(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark)
{
    struct stage *stage = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&stage->lock);
    track_mark(stage->track, stage->begin + mark->sample, mark);
    pthread_mutex_unlock(&stage->lock);
}

static void on_word(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word)
{
    (void)context, (void)turn, (void)clause, (void)word;
}

static void on_end(void *context, uint64_t turn, uint32_t clause, uint32_t samples)
{
    struct stage *stage = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&stage->lock);
    track_close(stage->track, stage->at);
    stage->is_failed |= samples == 0 || stage->at == stage->begin;
    stage->ended++;
    pthread_mutex_unlock(&stage->lock);
}

static void on_failed(void *context, uint64_t turn, uint32_t clause)
{
    struct stage *stage = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&stage->lock);
    stage->is_failed = true;
    pthread_mutex_unlock(&stage->lock);
}

static const struct voice_used unknown = {.fate = VOICE_FATE_UNKNOWN,
                                          .error_class = wire_ErrorClass_NET};
static const struct voice_used not_sent = {.fate = VOICE_FATE_NOT_SENT,
                                           .error_class = wire_ErrorClass_NET};

static void settle(struct stage *stage, const struct voice_used *used, bool is_settled)
{
    pthread_mutex_lock(&stage->lock);
    stage->is_settled = is_settled;
    if (used)
        stage->used = *used;
    pthread_mutex_unlock(&stage->lock);
}

static void on_used(void *context, uint64_t turn, uint32_t clause, const struct voice_used *used)
{
    (void)turn, (void)clause;
    settle(context, used, true);
}

/* Nothing more is told of what it was given. */
static void on_gone(void *context)
{
    settle(context, NULL, true);
}

static enum status say(const struct rehearsal *rehearsal, struct voice *voice, struct stage *stage,
                       uint32_t number)
{
    const struct voice_clause clause = {
        .turn = TURN,
        .clause = number,
        .rate_wpm = 175,
        .pitch = -1,
        .text = rehearsal->clauses[number],
        .order = rehearsal->order,
    };

    settle(stage, &unknown, false); /* before: the answer may come at once */
    enum status status = voice_say(voice, &clause);
    if (status != STATUS_OK)
        settle(stage, &not_sent, true);
    return status;
}

/* A program that does not run yet, or is busy, is asked again until the time is over. */
static void perform(const struct rehearsal *rehearsal, struct voice *voice, struct stage *stage)
{
    const int64_t until_ms = clock_mono_ms() + (rehearsal->order ? VENDOR_TOTAL_MS : TOTAL_MS);
    uint32_t told = 0;
    bool is_over = false;

    while (!is_over) {
        if (told < rehearsal->count && say(rehearsal, voice, stage, told) == STATUS_OK)
            told++;
        else
            clock_sleep_ms(STEP_MS);
        pthread_mutex_lock(&stage->lock);
        is_over = (stage->is_failed || stage->ended == rehearsal->count) &&
                  (!rehearsal->order || stage->is_settled);
        pthread_mutex_unlock(&stage->lock);
        is_over |= atomic_load(rehearsal->cancel) || clock_mono_ms() > until_ms;
    }
}

static bool moves(const struct stage *stage)
{
    struct track_pose pose;
    float least = 1, most = 0;

    for (int64_t at = 0; at < stage->at; at += FRAME_SAMPLES) {
        track_pose(stage->track, at, &pose);
        least = pose.open < least ? pose.open : least;
        most = pose.open > most ? pose.open : most;
    }
    return most - least >= MIN_MOVEMENT;
}

enum status rehearsal_run(const struct rehearsal *rehearsal, struct rehearsal_result *result)
{
    struct stage stage = {.at = LEAD_SAMPLES, .lock = PTHREAD_MUTEX_INITIALIZER, .used = not_sent};
    const struct voice_listener listener = {
        .context = &stage,
        .on_begin = on_begin,
        .on_pcm = on_pcm,
        .on_mark = on_mark,
        .on_word = on_word,
        .on_end = on_end,
        .on_failed = on_failed,
        .on_used = on_used,
        .on_gone = on_gone,
    };
    struct voice *voice = NULL;
    enum status status = track_create(&stage.track);

    if (status == STATUS_OK)
        status = voice_create(&voice, rehearsal->voice_program, &listener);
    if (status != STATUS_OK)
        goto out;
    perform(rehearsal, voice, &stage);
    voice_free(voice); /* and its thread */
    const bool is_spoken = !stage.is_failed && stage.ended == rehearsal->count;
    *result = (struct rehearsal_result){
        .samples = (uint32_t)(stage.at - LEAD_SAMPLES),
        .is_spoken = is_spoken,
        .is_moved = is_spoken && moves(&stage),
        .used = stage.used,
    };
    if (atomic_load(rehearsal->cancel))
        status = STATUS_CLOSED;
out:
    track_free(stage.track);
    pthread_mutex_destroy(&stage.lock);
    return status;
}
