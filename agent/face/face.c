#include "agent/face/face.h"

#include <pthread.h>

#include "agent/face/avatar.h"
#include "agent/face/caption.h"
#include "agent/face/feelings.h"
#include "agent/face/film.h"
#include "agent/face/frames.h"
#include "agent/face/picture.h"
#include "agent/face/recorder.h"
#include "agent/face/screen.h"
#include "agent/face/stage.h"
#include "agent/face/track.h"
#include "agent/face/wardrobe.h"
#include "agent/voice/priority.h"
#include "agent/voice/speaker.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define NOTICE_BYTES   128
#define MAX_STEP_MS    250.0
#define CATCH_UP_NS    (50 * INT64_C(1000000))
#define CATCH_UP_STEPS 40                /* by then a mood is all there */
#define SETTLE_MS      1500              /* after a new mood */
#define REST_FRAMES    3                 /* 20 pictures a second */
#define SHUT           AUDIO_SAMPLE_RATE /* by then nothing of a clause moves the mouth */
#define FELT_EARLY     (AUDIO_SAMPLE_RATE * 7 / 10) /* before the end of what is felt about */

struct face {
    struct speaker *speaker;
    struct recorder *recorder;   /* NULL: none */
    char name[FACE_LABEL_BYTES]; /* the window's */
    struct wardrobe *wardrobe;
    int64_t latency_samples;
    struct screen_options screen; /* its texts are this face's */
    char driver[32];
    pthread_t thread;
    bool has_screen; /* and the thread that draws on it */

    pthread_mutex_t lock; /* guards what follows; the speaker's lock may be held outside of it */
    pthread_cond_t opened;
    bool is_stopping;
    bool is_drawn; /* again and again */
    bool is_opening;
    enum status opening;
    uint64_t turn;
    bool is_turn_over;
    enum face_mood rest;
    bool listens;
    struct track *track;
    struct stage stage;
    struct feelings feelings;
    const struct pack *pack; /* what the face wears; the wardrobe's */
    char label[FACE_LABEL_BYTES];
    char notice[NOTICE_BYTES];
    int64_t notice_until_ms;
    struct frames frames;
    /* as last shown */
    struct track_pose mouth;
    struct expression expression;
    enum face_mood mood;
    int64_t mood_since_ms; /* clock_mono_ms() */
    int64_t stepped_ns;
};

/* Call without the lock. Without a voice the clock of the machine stands in. */
static int64_t playhead(struct face *face)
{
    if (face->speaker)
        return speaker_playhead(face->speaker);
    return clock_mono_ns() / 1000 * AUDIO_SAMPLE_RATE / 1000000;
}

/* --- what the speaker tells --- */

/* Call with the lock held. */
static void begin(struct face *face, uint64_t turn, int64_t now)
{
    if (turn <= face->turn)
        return;
    face->turn = turn;
    face->is_turn_over = false;
    /* most turns begin long after the last sound: what lies back is kept for nobody */
    if (stage_end(&face->stage) < now - SHUT) {
        track_clear(face->track);
    } else {
        track_cut(face->track, now);
        track_forget(face->track, now - SHUT); /* a screen may show what was heard before */
    }
    stage_clear(&face->stage, now, FACE_LISTENING);
    feelings_clear(&face->feelings);
    if (face->recorder)
        recorder_begin(face->recorder, turn, now, FACE_LISTENING);
}

static void on_turn(void *context, uint64_t turn)
{
    struct face *face = context;
    int64_t now = playhead(face);

    pthread_mutex_lock(&face->lock);
    begin(face, turn, now);
    pthread_mutex_unlock(&face->lock);
}

/* Call with the lock held. */
static void feel(struct face *face, int64_t sample, enum emotion emotion)
{
    if (emotion == EMOTION_NONE)
        return;
    stage_feeling(&face->stage, sample, emotion);
    if (face->recorder)
        recorder_feeling(face->recorder, face->turn, sample, emotion);
}

static void on_clause(void *context, uint64_t turn, int64_t sample, struct span text)
{
    struct face *face = context;

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        stage_clause(&face->stage, sample, text);
        if (face->recorder)
            recorder_clause(face->recorder, turn, sample, text);
        feel(face, sample, feelings_begin(&face->feelings));
    }
    pthread_mutex_unlock(&face->lock);
}

static void on_sound(void *context, uint64_t turn, int64_t sample, const int16_t *pcm, size_t count)
{
    struct face *face = context;

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        track_sound(face->track, sample, pcm, count);
        if (face->recorder)
            recorder_sound(face->recorder, turn, sample, pcm, count);
    }
    pthread_mutex_unlock(&face->lock);
}

static void on_mark(void *context, uint64_t turn, int64_t sample, const struct voice_mark *mark)
{
    struct face *face = context;

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        track_mark(face->track, sample, mark);
        if (face->recorder)
            recorder_mark(face->recorder, turn, sample, mark);
    }
    pthread_mutex_unlock(&face->lock);
}

static void on_word(void *context, uint64_t turn, int64_t sample, uint32_t offset, uint32_t length)
{
    struct face *face = context;

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        stage_word(&face->stage, sample, offset, length);
        if (face->recorder)
            recorder_word(face->recorder, turn, sample, offset, length);
    }
    pthread_mutex_unlock(&face->lock);
}

static void on_clause_end(void *context, uint64_t turn, int64_t sample)
{
    struct face *face = context;

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        track_close(face->track, sample);
        stage_clause_end(&face->stage, sample);
        if (face->recorder)
            recorder_clause_end(face->recorder, turn, sample);
        feel(face, sample - FELT_EARLY, feelings_end(&face->feelings));
    }
    pthread_mutex_unlock(&face->lock);
}

/* Call with the lock held. Nothing of the turn is seen from sample on. */
static void cut(struct face *face, int64_t sample)
{
    if (stage_end(&face->stage) > sample) {
        track_cut(face->track, sample);
        stage_cut(&face->stage, sample);
    }
}

static void on_turn_end(void *context, uint64_t turn, int64_t sample)
{
    struct face *face = context;

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        cut(face, sample);
        face->is_turn_over = true;
        if (face->recorder)
            recorder_end(face->recorder, turn, sample);
    }
    pthread_mutex_unlock(&face->lock);
}

/* --- drawing --- */

/* Call with the lock held. Moves pose and expression on to a picture that is seen then. */
static void step(struct face *face, int64_t sample, int64_t seen_ns, struct avatar_look *look)
{
    double elapsed_ms = (double)(seen_ns - face->stepped_ns) / 1e6;
    struct track_pose wanted, shown = face->mouth;
    struct stage_view view;

    stage_at(&face->stage, sample, &view);
    if (elapsed_ms > MAX_STEP_MS)
        elapsed_ms = MAX_STEP_MS;
    if (elapsed_ms < 0) /* the screen learned that it is faster */
        elapsed_ms = 0;
    face->stepped_ns = seen_ns;
    if (face->is_turn_over && view.mood != FACE_SPEAKING)
        view.mood = face->rest == FACE_NEUTRAL && face->listens ? FACE_LISTENING : face->rest;
    track_pose(face->track, sample, &wanted);
    track_step(&shown, &wanted, (float)elapsed_ms, &face->mouth);
    expression_step(&face->expression, view.mood, view.emotion, elapsed_ms);
    if (view.mood != face->mood)
        face->mood_since_ms = clock_mono_ms();
    face->mood = view.mood;
    if (clock_mono_ms() >= face->notice_until_ms)
        face->notice[0] = '\0';
    look->mouth = face->mouth;
    look->expression = face->expression;
    look->subtitle = view.subtitle;
}

/* Call with the lock held. A face that nobody saw comes to look as if it had been seen all the
 * time. */
static void catch_up(struct face *face, int64_t sample, int64_t now_ns)
{
    struct avatar_look look;
    int64_t at_ns = face->stepped_ns;

    if (at_ns < now_ns - CATCH_UP_STEPS * CATCH_UP_NS)
        at_ns = now_ns - CATCH_UP_STEPS * CATCH_UP_NS;
    for (; at_ns < now_ns; at_ns += CATCH_UP_NS)
        step(face, sample - (now_ns - at_ns) / 1000 * AUDIO_SAMPLE_RATE / 1000000, at_ns, &look);
    step(face, sample, now_ns, &look);
}

/* Texts may change while the picture is drawn. */
struct texts {
    char subtitle[STAGE_TEXT_BYTES];
    char notice[NOTICE_BYTES];
    char label[FACE_LABEL_BYTES];
};

/* What a picture shows that is seen then. False: the face is to end. */
static bool look_at(struct face *face, int64_t seen_ns, struct avatar_look *look,
                    struct texts *texts, const struct pack **pack)
{
    int64_t ahead_us = (seen_ns - clock_mono_ns()) / 1000;
    int64_t sample =
        playhead(face) + ahead_us * AUDIO_SAMPLE_RATE / 1000000 + face->latency_samples;

    pthread_mutex_lock(&face->lock);
    step(face, sample, seen_ns, look);
    snprintf(texts->subtitle, sizeof texts->subtitle, "%s", look->subtitle.text);
    memcpy(texts->notice, face->notice, sizeof texts->notice);
    memcpy(texts->label, face->label, sizeof texts->label);
    *pack = face->pack;
    bool is_stopping = face->is_stopping;
    pthread_mutex_unlock(&face->lock);
    look->subtitle.text = texts->subtitle;
    look->notice = texts->notice;
    look->name = texts->label;
    return !is_stopping;
}

/* Whether pictures were due at the full rate decides whether one was late. */
static void note_frame(struct face *face, int frames)
{
    pthread_mutex_lock(&face->lock);
    if (frames == 1)
        frames_shown(&face->frames, clock_mono_ns());
    else
        face->frames.shown_ns = 0;
    pthread_mutex_unlock(&face->lock);
}

/* How many frames of the display a picture may stay: a face at rest only breathes and glances. */
static int frames_of(struct face *face)
{
    pthread_mutex_lock(&face->lock);
    bool is_still = face->mood != FACE_SPEAKING && face->mood != FACE_THINKING &&
                    face->expression.blink <= 0 &&
                    clock_mono_ms() > face->mood_since_ms + SETTLE_MS;
    pthread_mutex_unlock(&face->lock);
    return is_still ? REST_FRAMES : 1;
}

/* The avatar that fits screen and pack; the one given when it does. */
static enum status fit_avatar(struct avatar **avatar, const struct screen *screen,
                              const struct pack **worn, const struct pack *pack)
{
    int width, height;

    screen_size(screen, &width, &height);
    if (*avatar && *worn == pack && avatar_width(*avatar) == width &&
        avatar_height(*avatar) == height)
        return STATUS_OK;
    avatar_free(*avatar);
    *avatar = NULL;
    *worn = pack;
    return avatar_create(avatar, pack, width, height);
}

static void draw_on(struct face *face, struct screen *screen)
{
    struct avatar *avatar = NULL;
    const struct pack *pack, *worn = NULL;
    struct avatar_look look;
    struct texts texts;
    struct rects changed;

    for (;;) {
        int frames = frames_of(face);

        if (!look_at(face, screen_next(screen, frames), &look, &texts, &pack) ||
            fit_avatar(&avatar, screen, &worn, pack) != STATUS_OK)
            break;
        avatar_draw(avatar, &look, &changed);
        if (screen_show(screen, avatar_pixels(avatar), &changed) != STATUS_OK)
            break;
        note_frame(face, frames);
    }
    avatar_free(avatar);
}

static void tell_opened(struct face *face, enum status status)
{
    pthread_mutex_lock(&face->lock);
    face->opening = status;
    face->is_drawn = status == STATUS_OK;
    face->is_opening = false;
    pthread_cond_broadcast(&face->opened);
    pthread_mutex_unlock(&face->lock);
}

static void share_fonts(struct face *face, bool is_drawing)
{
    if (face->recorder)
        recorder_share_fonts(face->recorder, is_drawing);
}

/* SDL wants one thread for everything, so the window is opened here. */
static void show_window(struct face *face)
{
    struct screen *screen = NULL;
    char problem[160] = "";
    enum status status = screen_open(&screen, &face->screen, problem);

    if (status != STATUS_OK)
        log_info("face", "no window: %s", problem[0] ? problem : status_text(status));
    tell_opened(face, status);
    share_fonts(face, true);
    if (status == STATUS_OK)
        draw_on(face, screen);
    share_fonts(face, false);
    screen_close(screen);
    pthread_mutex_lock(&face->lock);
    face->is_drawn = false; /* but it can still be asked for its picture */
    pthread_mutex_unlock(&face->lock);
}

static void *run(void *argument)
{
    priority_raise(PRIORITY_PICTURE);
    show_window(argument);
    return NULL;
}

/* --- making --- */

static enum status make_recorder(struct face *face, const struct face_options *options)
{
    const char *ffmpeg = options->ffmpeg ? options->ffmpeg : "ffmpeg";

    if (!options->record_folder)
        return STATUS_OK;
    if (!film_can(ffmpeg)) {
        log_warning("face",
                    "answers are not recorded: \"%s\" not found (hint: apt-get install "
                    "ffmpeg)",
                    ffmpeg);
        return STATUS_OK;
    }
    return recorder_create(&face->recorder, options->record_folder, ffmpeg, face->name, face->pack);
}

static void set_screen(struct face *face, const struct face_options *options)
{
    snprintf(face->driver, sizeof face->driver, "%s",
             options->video_driver ? options->video_driver : "");
    face->screen = (struct screen_options){
        .title = face->name[0] ? face->name : "Myna",
        .driver = face->driver,
        .on_key = options->on_key,
        .context = options->context,
        .width = options->width > 0 ? options->width : AVATAR_SIZE,
        .height = options->height > 0 ? options->height : AVATAR_SIZE,
    };
}

static void watch(struct face *face)
{
    const struct speaker_watcher watcher = {.context = face,
                                            .on_turn = on_turn,
                                            .on_clause = on_clause,
                                            .on_sound = on_sound,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_clause_end = on_clause_end,
                                            .on_turn_end = on_turn_end};

    if (face->speaker)
        speaker_watch(face->speaker, &watcher);
}

static void release(struct face *face)
{
    recorder_free(face->recorder);
    track_free(face->track);
    wardrobe_free(face->wardrobe);
    pthread_cond_destroy(&face->opened);
    pthread_mutex_destroy(&face->lock);
    free(face);
}

/* Starts the thread and, when a window must be, waits to know whether it is. */
static enum status start(struct face *face, enum face_screen kind)
{
    face->has_screen =
        kind == FACE_SCREEN_WINDOW || (kind == FACE_SCREEN_AUTO && screen_is_there(face->driver));
    face->is_opening = face->has_screen;
    if (!face->has_screen)
        return STATUS_OK;
    if (pthread_create(&face->thread, NULL, run, face) != 0)
        return STATUS_MEMORY;
    pthread_mutex_lock(&face->lock);
    while (face->is_opening)
        pthread_cond_wait(&face->opened, &face->lock);
    bool failed = face->opening != STATUS_OK && kind == FACE_SCREEN_WINDOW;
    face->is_stopping = failed;
    pthread_mutex_unlock(&face->lock);
    if (failed)
        pthread_join(face->thread, NULL);
    return failed ? STATUS_UNREACHABLE : STATUS_OK;
}

enum status face_create(struct face **out, const struct face_options *options)
{
    struct face *face = calloc(1, sizeof *face);

    if (!face)
        return STATUS_MEMORY;
    pthread_mutex_init(&face->lock, NULL);
    pthread_cond_init(&face->opened, NULL);
    face->speaker = options->speaker;
    face->is_turn_over = true;
    face->mouth.cap = 1;
    face->latency_samples = (int64_t)options->panel_latency_ms * AUDIO_SAMPLE_RATE / 1000;
    face->stepped_ns = clock_mono_ns();
    expression_init(&face->expression);
    stage_clear(&face->stage, 0, FACE_NEUTRAL);
    snprintf(face->name, sizeof face->name, "%s", options->name ? options->name : "");
    memcpy(face->label, face->name, sizeof face->label);
    set_screen(face, options);

    enum status status = track_create(&face->track);
    if (status == STATUS_OK)
        status =
            wardrobe_create(&face->wardrobe, options->avatar_folder, options->installed_folder);
    if (status == STATUS_OK)
        face->pack = wardrobe_pick(face->wardrobe, "");
    if (status == STATUS_OK)
        status = make_recorder(face, options);
    if (status == STATUS_OK)
        status = start(face, options->screen);
    if (status != STATUS_OK) {
        release(face);
        return status;
    }
    watch(face);
    *out = face;
    return STATUS_OK;
}

void face_free(struct face *face)
{
    const struct speaker_watcher nobody = {.context = NULL};

    if (!face)
        return;
    if (face->speaker)
        speaker_watch(face->speaker, &nobody);
    pthread_mutex_lock(&face->lock);
    face->is_stopping = true;
    pthread_mutex_unlock(&face->lock);
    if (face->has_screen)
        pthread_join(face->thread, NULL);
    release(face);
}

void face_forget_libraries(void)
{
    caption_forget_fonts();
    screen_forget();
}

/* --- what a turn tells --- */

void face_begin_turn(struct face *face, uint64_t turn)
{
    on_turn(face, turn);
}

void face_mood(struct face *face, uint64_t turn, enum face_mood mood)
{
    int64_t now = playhead(face);

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        stage_mood(&face->stage, now, mood);
        if (face->recorder)
            recorder_mood(face->recorder, turn, now, mood);
    }
    pthread_mutex_unlock(&face->lock);
}

void face_emoji(struct face *face, uint64_t turn, uint32_t clause, uint32_t character)
{
    enum emotion emotion = emotion_of(character);

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn && emotion != EMOTION_NONE &&
        feelings_add(&face->feelings, clause, emotion))
        feel(face, stage_end(&face->stage) - FELT_EARLY, emotion);
    pthread_mutex_unlock(&face->lock);
}

void face_dress(struct face *face, const char *avatar)
{
    const struct pack *pack = wardrobe_pick(face->wardrobe, avatar);

    pthread_mutex_lock(&face->lock);
    face->pack = pack;
    if (face->recorder)
        recorder_dress(face->recorder, pack);
    pthread_mutex_unlock(&face->lock);
}

void face_subtitle(struct face *face, uint64_t turn, struct span text)
{
    int64_t now = playhead(face);

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        stage_text(&face->stage, now, text);
        if (face->recorder)
            recorder_text(face->recorder, turn, now, text);
    }
    pthread_mutex_unlock(&face->lock);
}

void face_interrupt(struct face *face, uint64_t turn)
{
    int64_t now = playhead(face);

    pthread_mutex_lock(&face->lock);
    if (turn == face->turn) {
        cut(face, now);
        stage_text(&face->stage, now, span_text(""));
        face->is_turn_over = true;
    }
    pthread_mutex_unlock(&face->lock);
}

void face_end_turn(struct face *face, uint64_t turn)
{
    pthread_mutex_lock(&face->lock);
    if (turn == face->turn)
        face->is_turn_over = true;
    pthread_mutex_unlock(&face->lock);
}

void face_rest(struct face *face, enum face_mood mood)
{
    pthread_mutex_lock(&face->lock);
    face->rest = mood;
    pthread_mutex_unlock(&face->lock);
}

void face_listen(struct face *face, bool listens)
{
    pthread_mutex_lock(&face->lock);
    face->listens = listens;
    pthread_mutex_unlock(&face->lock);
}

void face_label(struct face *face, const char *label)
{
    pthread_mutex_lock(&face->lock);
    snprintf(face->label, sizeof face->label, "%s", label);
    if (face->recorder)
        recorder_label(face->recorder, face->label);
    pthread_mutex_unlock(&face->lock);
}

enum status face_forget_films(struct face *face)
{
    return face->recorder ? recorder_forget(face->recorder) : STATUS_OK;
}

uint32_t face_frames_late(struct face *face)
{
    pthread_mutex_lock(&face->lock);
    uint32_t late = face->frames.late;
    pthread_mutex_unlock(&face->lock);
    return late;
}

void face_notice(struct face *face, struct span text, int64_t duration_ms)
{
    pthread_mutex_lock(&face->lock);
    if (span_to_text(text, face->notice, sizeof face->notice) != STATUS_OK)
        face->notice[0] = '\0';
    face->notice_until_ms = clock_mono_ms() + duration_ms;
    pthread_mutex_unlock(&face->lock);
}

enum status face_picture(struct face *face, struct buffer *out)
{
    char label[FACE_LABEL_BYTES];
    struct avatar_look look = {.notice = "", .name = label};
    struct avatar *avatar;
    struct rects changed;
    const int64_t sample = playhead(face) + face->latency_samples;

    pthread_mutex_lock(&face->lock);
    if (!face->is_drawn)
        catch_up(face, sample, clock_mono_ns());
    look.mouth = face->mouth;
    look.expression = face->expression;
    const struct pack *pack = face->pack;
    memcpy(label, face->label, sizeof label);
    pthread_mutex_unlock(&face->lock);

    share_fonts(face, true);
    enum status status = avatar_create(&avatar, pack, FACE_PICTURE_SIZE, FACE_PICTURE_SIZE);
    if (status == STATUS_OK) {
        avatar_draw(avatar, &look, &changed);
        status = picture_encode(avatar, FACE_PICTURE_MAX_BYTES, out);
        avatar_free(avatar);
    }
    share_fonts(face, false);
    return status;
}
