#include "agent/face/recorder.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/face/avatar.h"
#include "agent/face/caption.h"
#include "agent/face/film.h"
#include "agent/face/stage.h"
#include "agent/face/track.h"
#include "schema/base/file.h"
#include "schema/base/heap.h"
#include "schema/base/log.h"

#define MAX_SAMPLES   (RECORDER_MAX_S * AUDIO_SAMPLE_RATE)
#define FRAME_SAMPLES (AUDIO_SAMPLE_RATE / RECORDER_FRAMES_S)
#define FRAME_MS      (1000.0f / RECORDER_FRAMES_S)
#define LEAD_SAMPLES  (AUDIO_SAMPLE_RATE * 6 / 10) /* before the first sound and after the last */
#define WARM_UP_MS    1000                         /* the face is in its mood when it begins */
#define TAKE_COUNT    3
#define NICENESS      10

static_assert(AUDIO_SAMPLE_RATE % RECORDER_FRAMES_S == 0, "a frame is a whole number of samples");

enum take_state {
    TAKE_OPEN,    /* of the turn being spoken */
    TAKE_WAITING, /* to be encoded */
    TAKE_BUSY,    /* being encoded */
};

/* All that is needed to draw a turn again. It is six megabytes, touched as far as the answer is
 * long, so it is made when a turn begins and goes when its film is done. */
struct take {
    enum take_state state;
    uint64_t turn;
    int64_t begin; /* of the turn */
    int64_t first; /* sample of frame 0; known with the first clause */
    const struct pack *pack;
    char label[FACE_LABEL_BYTES];
    bool has_sound;
    bool is_unwanted; /* what becomes of it is thrown away */
    size_t count;     /* samples of pcm */
    int16_t *pcm;     /* MAX_SAMPLES, from first on */
    struct track *track;
    struct stage stage;
};

struct recorder {
    char folder[PATH_MAX];
    char ffmpeg[PATH_MAX];
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows; the content of a busy take is the thread's */
    pthread_cond_t changed;
    bool is_stopping;
    unsigned drawers; /* others in this process that draw */
    const struct pack *pack;
    char label[FACE_LABEL_BYTES];
    struct take *takes[TAKE_COUNT]; /* NULL: room for one */

    /* the thread's own */
    const struct pack *worn; /* by the avatar */
    struct avatar *avatar;
};

/* --- noting, under the lock --- */

static void drop_take(struct recorder *recorder, struct take *take)
{
    for (size_t i = 0; i < TAKE_COUNT; i++) {
        if (recorder->takes[i] != take)
            continue;
        track_free(take->track);
        free(take->pcm);
        free(take);
        recorder->takes[i] = NULL;
        return;
    }
}

/* NULL: no memory, or no room. */
static struct take *add_take(struct recorder *recorder)
{
    size_t at = 0;

    while (at < TAKE_COUNT && recorder->takes[at])
        at++;
    if (at == TAKE_COUNT)
        return NULL;
    struct take *take = recorder->takes[at] = calloc(1, sizeof *take);
    if (!take)
        return NULL;
    take->pcm = calloc(MAX_SAMPLES, sizeof *take->pcm);
    if (take->pcm && track_create(&take->track) == STATUS_OK)
        return take;
    drop_take(recorder, take);
    return NULL;
}

static struct take *open_take(struct recorder *recorder, uint64_t turn)
{
    for (size_t i = 0; i < TAKE_COUNT; i++) {
        struct take *take = recorder->takes[i];

        if (take && take->state == TAKE_OPEN && take->turn == turn)
            return take;
    }
    return NULL;
}

static struct take *take_in(struct recorder *recorder, enum take_state state)
{
    struct take *oldest = NULL;

    for (size_t i = 0; i < TAKE_COUNT; i++) {
        struct take *take = recorder->takes[i];

        if (take && take->state == state && (!oldest || take->turn < oldest->turn))
            oldest = take;
    }
    return oldest;
}

static void close_take(struct recorder *recorder, struct take *take, int64_t sample)
{
    const int64_t heard = sample - take->first;

    if (!take->has_sound || heard < 0) {
        drop_take(recorder, take);
        return;
    }
    /* an interrupted turn: what was queued was not heard, and the mouth must not say it */
    if ((size_t)heard < take->count) {
        track_cut(take->track, sample);
        stage_cut(&take->stage, sample);
        take->count = (size_t)heard;
    }
    take->state = TAKE_WAITING;
    pthread_cond_broadcast(&recorder->changed);
}

void recorder_share_fonts(struct recorder *recorder, bool is_drawing)
{
    pthread_mutex_lock(&recorder->lock);
    recorder->drawers += is_drawing ? 1 : -1;
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_label(struct recorder *recorder, const char *label)
{
    pthread_mutex_lock(&recorder->lock);
    snprintf(recorder->label, sizeof recorder->label, "%s", label);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_dress(struct recorder *recorder, const struct pack *pack)
{
    pthread_mutex_lock(&recorder->lock);
    recorder->pack = pack;
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_begin(struct recorder *recorder, uint64_t turn, int64_t sample, enum face_mood mood)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = take_in(recorder, TAKE_OPEN);
    if (take)
        close_take(recorder, take, sample);
    take = add_take(recorder);
    if (take) {
        take->state = TAKE_OPEN;
        take->turn = turn;
        take->begin = sample;
        take->pack = recorder->pack;
        memcpy(take->label, recorder->label, sizeof take->label);
        stage_clear(&take->stage, sample, mood);
    } else {
        log_info("face", "answer not recorded, the encoder is behind: turn=%llu",
                 (unsigned long long)turn);
    }
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_mood(struct recorder *recorder, uint64_t turn, int64_t sample, enum face_mood mood)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take)
        stage_mood(&take->stage, sample, mood);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_text(struct recorder *recorder, uint64_t turn, int64_t sample, struct span text)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take)
        stage_text(&take->stage, sample, text);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_clause(struct recorder *recorder, uint64_t turn, int64_t sample, struct span text)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take && !take->has_sound) {
        take->has_sound = true;
        take->first = sample - LEAD_SAMPLES > take->begin ? sample - LEAD_SAMPLES : take->begin;
    }
    if (take)
        stage_clause(&take->stage, sample, text);
    pthread_mutex_unlock(&recorder->lock);
}

/* Sound is put at its place; gaps between chunks are silence. */
static void keep_sound(struct take *take, int64_t sample, const int16_t *pcm, size_t count)
{
    int64_t at = sample - take->first;

    if (at < 0 || at >= MAX_SAMPLES)
        return;
    size_t room = (size_t)(MAX_SAMPLES - at);
    if (count > room)
        count = room;
    if ((size_t)at > take->count)
        memset(take->pcm + take->count, 0, ((size_t)at - take->count) * sizeof *pcm);
    memcpy(take->pcm + at, pcm, count * sizeof *pcm);
    take->count = (size_t)at + count;
}

void recorder_sound(struct recorder *recorder, uint64_t turn, int64_t sample, const int16_t *pcm,
                    size_t count)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take && take->has_sound) {
        keep_sound(take, sample, pcm, count);
        if (take->count < MAX_SAMPLES)
            track_sound(take->track, sample, pcm, count);
    }
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_mark(struct recorder *recorder, uint64_t turn, int64_t sample,
                   const struct voice_mark *mark)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take && take->count < MAX_SAMPLES)
        track_mark(take->track, sample, mark);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_word(struct recorder *recorder, uint64_t turn, int64_t sample, uint32_t offset,
                   uint32_t length)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take)
        stage_word(&take->stage, sample, offset, length);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_feeling(struct recorder *recorder, uint64_t turn, int64_t sample,
                      enum emotion emotion)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take)
        stage_feeling(&take->stage, sample, emotion);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_clause_end(struct recorder *recorder, uint64_t turn, int64_t sample)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take && take->count < MAX_SAMPLES)
        track_close(take->track, sample);
    if (take)
        stage_clause_end(&take->stage, sample);
    pthread_mutex_unlock(&recorder->lock);
}

void recorder_end(struct recorder *recorder, uint64_t turn, int64_t sample)
{
    pthread_mutex_lock(&recorder->lock);
    struct take *take = open_take(recorder, turn);
    if (take)
        close_take(recorder, take, sample);
    pthread_mutex_unlock(&recorder->lock);
}

/* --- drawing and encoding, on the recorder's thread --- */

static bool is_stopping(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    bool stopping = recorder->is_stopping;
    pthread_mutex_unlock(&recorder->lock);
    return stopping;
}

static void undress(struct recorder *recorder)
{
    avatar_free(recorder->avatar);
    recorder->avatar = NULL;
}

/* The avatar wears what the turn was begun with. */
static enum status dress(struct recorder *recorder, const struct take *take)
{
    if (recorder->avatar && recorder->worn == take->pack) {
        avatar_forget(recorder->avatar);
        return STATUS_OK;
    }
    undress(recorder);
    recorder->worn = take->pack;
    return avatar_create(&recorder->avatar, take->pack, FILM_SIZE, FILM_SIZE);
}

static bool is_unwanted(struct recorder *recorder, const struct take *take)
{
    pthread_mutex_lock(&recorder->lock);
    const bool is_unwanted = take->is_unwanted;
    pthread_mutex_unlock(&recorder->lock);
    return is_unwanted;
}

static enum status draw_frames(struct recorder *recorder, const struct take *take,
                               struct film *film, size_t frames)
{
    struct avatar_look look = {.name = take->label, .notice = "", .mouth.cap = 1};
    struct stage_view view;
    struct rects changed;
    enum status status = dress(recorder, take);

    expression_init(&look.expression);
    stage_at(&take->stage, take->first, &view);
    for (int ms = 0; ms < WARM_UP_MS; ms += 20)
        expression_step(&look.expression, view.mood, view.emotion, 20);
    for (size_t k = 0; k < frames && status == STATUS_OK; k++) {
        int64_t sample = take->first + (int64_t)k * FRAME_SAMPLES;
        struct track_pose wanted, shown = look.mouth;

        stage_at(&take->stage, sample, &view);
        look.subtitle = view.subtitle;
        track_pose(take->track, sample, &wanted);
        track_step(&shown, &wanted, FRAME_MS, &look.mouth);
        expression_step(&look.expression, view.mood, view.emotion, FRAME_MS);
        avatar_draw(recorder->avatar, &look, &changed);
        status = is_stopping(recorder) || is_unwanted(recorder, take)
                     ? STATUS_CLOSED
                     : film_frame(film, avatar_pixels(recorder->avatar));
    }
    return status;
}

static void encode(struct recorder *recorder, const struct take *take)
{
    size_t frames = (take->count + LEAD_SAMPLES) / FRAME_SAMPLES + 1;
    struct film *film;

    enum status status = film_start(&film, recorder->ffmpeg, recorder->folder, take->turn);
    if (status == STATUS_OK) {
        status = film_sound(film, take->pcm, take->count, frames * FRAME_SAMPLES);
        if (status == STATUS_OK)
            status = draw_frames(recorder, take, film, frames);
        enum status ended = film_finish(film, status == STATUS_OK);
        status = status == STATUS_OK ? ended : status;
    }
    if (status == STATUS_OK && is_unwanted(recorder, take)) /* only while it was put in its place */
        status = film_wipe(recorder->folder);
    else if (status == STATUS_OK)
        film_keep_newest(recorder->folder, RECORDER_KEEP);
    else if (status != STATUS_CLOSED)
        log_warning("face",
                    "answer not recorded: turn=%llu: %s (hint: is ffmpeg whole, is the disk full?)",
                    (unsigned long long)take->turn, status_text(status));
}

/* Nothing is to be drawn: pictures, letters and what a film took go back to the machine. */
static void rest(struct recorder *recorder)
{
    undress(recorder);
    pthread_mutex_lock(&recorder->lock);
    if (recorder->drawers == 0)
        caption_forget_fonts();
    pthread_mutex_unlock(&recorder->lock);
    heap_give_back();
}

static void *encode_forever(void *argument)
{
    struct recorder *recorder = argument;

    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
    pthread_mutex_lock(&recorder->lock);
    while (!recorder->is_stopping) {
        struct take *take = take_in(recorder, TAKE_WAITING);

        if (!take) {
            pthread_mutex_unlock(&recorder->lock);
            rest(recorder);
            pthread_mutex_lock(&recorder->lock);
            if (!recorder->is_stopping && !take_in(recorder, TAKE_WAITING))
                pthread_cond_wait(&recorder->changed, &recorder->lock);
            continue;
        }
        take->state = TAKE_BUSY;
        pthread_mutex_unlock(&recorder->lock);
        encode(recorder, take);
        pthread_mutex_lock(&recorder->lock);
        drop_take(recorder, take);
    }
    pthread_mutex_unlock(&recorder->lock);
    return NULL;
}

enum status recorder_forget(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    for (size_t i = 0; i < TAKE_COUNT; i++) {
        struct take *take = recorder->takes[i];

        if (take && take->state == TAKE_BUSY)
            take->is_unwanted = true;
        else if (take)
            drop_take(recorder, take);
    }
    pthread_mutex_unlock(&recorder->lock);
    return film_wipe(recorder->folder);
}

/* --- making --- */

static void release(struct recorder *recorder)
{
    for (size_t i = 0; i < TAKE_COUNT; i++)
        if (recorder->takes[i])
            drop_take(recorder, recorder->takes[i]);
    undress(recorder);
    pthread_cond_destroy(&recorder->changed);
    pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

enum status recorder_create(struct recorder **out, const char *folder, const char *ffmpeg,
                            const char *name, const struct pack *pack)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);

    if (!recorder)
        return STATUS_MEMORY;
    pthread_mutex_init(&recorder->lock, NULL);
    pthread_cond_init(&recorder->changed, NULL);
    recorder->pack = pack;
    snprintf(recorder->label, sizeof recorder->label, "%s", name);
    snprintf(recorder->ffmpeg, sizeof recorder->ffmpeg, "%s", ffmpeg);
    snprintf(recorder->folder, sizeof recorder->folder, "%s", folder);
    enum status status = file_make_folder(folder, 0700);
    if (status == STATUS_OK &&
        pthread_create(&recorder->thread, NULL, encode_forever, recorder) != 0)
        status = STATUS_MEMORY;
    if (status != STATUS_OK) {
        release(recorder);
        return status;
    }
    *out = recorder;
    return STATUS_OK;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    pthread_mutex_lock(&recorder->lock);
    recorder->is_stopping = true;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->lock);
    pthread_join(recorder->thread, NULL);
    release(recorder);
}
