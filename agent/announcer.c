#include "agent/announcer.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "agent/consent.h"
#include "agent/face/face.h"
#include "agent/voice/speaker.h"
#include "schema/base/clock.h"

#define PAUSE_MS  6000 /* between two times of saying the digits: time to type */
#define NOTICE_MS 1200000
#define LAST_MS   10000

struct announcer {
    bool chinese;
    struct speaker *speaker;
    struct face *face;
    uint64_t turn;
    char digits[PAIRING_DIGITS + 1]; /* "": none are said */
    atomic_llong silent_ms;          /* monotonic: since when nothing is said; 0: something is */
    struct consent consent;
    atomic_int answer; /* enum consent_answer */
};

static bool is_chinese(const struct config *config)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    if (strcmp(config->language, "auto") != 0)
        return strcmp(config->language, "zh") == 0;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);

        if (value && value[0])
            return strncmp(value, "zh", 2) == 0;
    }
    return false;
}

/* On the speaker's thread. */
static void on_speaker(void *context, const struct speaker_event *event)
{
    struct announcer *announcer = context;

    if (event->kind == SPEAKER_TURN_FINISHED || event->kind == SPEAKER_INTERRUPTED)
        atomic_store(&announcer->silent_ms, clock_mono_ms());
}

/* On the render thread. */
static void on_key(void *context, enum face_key key, bool is_down)
{
    struct announcer *announcer = context;
    enum consent_answer answer;
    uint8_t id[16];

    if (key == FACE_KEY_TALK &&
        consent_button(&announcer->consent, is_down, clock_mono_ms(), &answer, id) &&
        answer != CONSENT_NONE)
        atomic_store(&announcer->answer, (int)answer);
}

static enum status open_voice(struct announcer *announcer, const struct config *config)
{
    const struct speaker_options options = {
        .voice_program = config->voice,
        .audio.sink = strcmp(config->audio, "alsa") == 0   ? AUDIO_SINK_ALSA
                      : strcmp(config->audio, "file") == 0 ? AUDIO_SINK_SILENT
                                                           : AUDIO_SINK_AUTO,
        .language = announcer->chinese ? VOICE_LANGUAGE_ZH : VOICE_LANGUAGE_EN,
        .rate_wpm = 140, /* people write it down */
        .pitch = -1,
        .volume = 90,
        .on_event = on_speaker,
        .context = announcer,
    };

    return speaker_create(&announcer->speaker, &options);
}

static enum status open_face(struct announcer *announcer, const struct config *config)
{
    const struct face_options options = {
        .speaker = announcer->speaker,
        .screen = config_is_headless(config)               ? FACE_SCREEN_HEADLESS
                  : strcmp(config->display, "window") == 0 ? FACE_SCREEN_WINDOW
                                                           : FACE_SCREEN_AUTO,
        .name = config->device_id,
        .width = config->width,
        .height = config->height,
        .video_driver = config->video_driver,
        .avatar_folder = config->avatars,
        .panel_latency_ms = (int)config->panel_latency_ms,
        .on_key = on_key,
        .context = announcer,
    };

    return face_create(&announcer->face, &options);
}

enum status announcer_create(struct announcer **out, const struct config *config, char problem[256])
{
    struct announcer *announcer = calloc(1, sizeof *announcer);

    snprintf(problem, 256, "out of memory");
    if (!announcer)
        return STATUS_MEMORY;
    announcer->chinese = is_chinese(config);
    consent_init(&announcer->consent);
    enum status status = open_voice(announcer, config);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot open the sound device (try --audio auto): %s",
                 status_text(status));
    else if ((status = open_face(announcer, config)) != STATUS_OK)
        snprintf(problem, 256, "cannot draw the face (try --display headless): %s",
                 status_text(status));
    if (status != STATUS_OK) {
        announcer_free(announcer);
        return status;
    }
    *out = announcer;
    return STATUS_OK;
}

void announcer_free(struct announcer *announcer)
{
    if (!announcer)
        return;
    /* whoever waits longer than this hears no end */
    if (announcer->speaker && speaker_wait_idle(announcer->speaker, LAST_MS) != STATUS_OK)
        speaker_interrupt(announcer->speaker, announcer->turn);
    face_free(announcer->face);
    speaker_free(announcer->speaker);
    consent_release(&announcer->consent);
    crypto_wipe(announcer, sizeof *announcer);
    free(announcer);
}

/* What cannot be said is on the screen. */
static void say(struct announcer *announcer, const struct span *clauses, size_t count)
{
    const uint64_t turn = ++announcer->turn;

    atomic_store(&announcer->silent_ms, 0);
    face_begin_turn(announcer->face, turn);
    enum status status = speaker_begin_turn(announcer->speaker, turn);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = speaker_say(announcer->speaker, turn, clauses[i], NULL);
    speaker_end_turn(announcer->speaker, turn);
    face_end_turn(announcer->face, turn);
    if (status != STATUS_OK)
        atomic_store(&announcer->silent_ms, clock_mono_ms());
}

void announcer_spell(const char digits[PAIRING_DIGITS + 1], bool chinese,
                     char halves[2][ANNOUNCER_HALF_BYTES])
{
    static const char *const english[] = {"zero", "one", "two",   "three", "four",
                                          "five", "six", "seven", "eight", "nine"};
    static const char *const han[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

    for (size_t half = 0; half < 2; half++) {
        const char *at = digits + half * (PAIRING_DIGITS / 2);
        const char *const *words = chinese ? han : english;

        snprintf(halves[half], ANNOUNCER_HALF_BYTES, chinese ? "%s，%s，%s。" : "%s, %s, %s.",
                 words[at[0] - '0'], words[at[1] - '0'], words[at[2] - '0']);
    }
}

void announcer_digits(struct announcer *announcer, const char digits[PAIRING_DIGITS + 1])
{
    char shown[PAIRING_DIGITS + 2];

    memcpy(announcer->digits, digits, sizeof announcer->digits);
    snprintf(shown, sizeof shown, "%.3s %s", digits, digits + PAIRING_DIGITS / 2);
    face_notice(announcer->face, span_text(shown), NOTICE_MS);
    atomic_store(&announcer->silent_ms, clock_mono_ms() - PAUSE_MS);
}

void announcer_pass(struct announcer *announcer)
{
    const int64_t silent_ms = atomic_load(&announcer->silent_ms);
    char halves[2][ANNOUNCER_HALF_BYTES];

    if (!announcer->digits[0] || silent_ms == 0 || clock_mono_ms() - silent_ms < PAUSE_MS)
        return;
    announcer_spell(announcer->digits, announcer->chinese, halves);
    const struct span clauses[] = {
        span_text(announcer->chinese ? "我的配对码是：" : "My pairing code is:"),
        span_text(halves[0]), span_text(halves[1])};
    say(announcer, clauses, 3);
}

void announcer_say(struct announcer *announcer, enum announcer_text text)
{
    static const char *const spoken[][2] = {
        [ANNOUNCER_ASK] =
            {"The server says that somebody has typed my code. Was it one of you? To "
             "agree, hold my button for two seconds. To decline, press it briefly.",
             "服务器说有人输入了我的配对码。是你们吗？同意请按住按钮两秒，拒绝请短按一下"
             "。"},
        [ANNOUNCER_IN] = {"I am paired now. Thank you.", "配对好了，谢谢。"},
        [ANNOUNCER_OUT] = {"I was not let in.", "配对没有成功。"},
    };
    static const char *const shown[][2] = {
        [ANNOUNCER_ASK] = {"Typed by you? Hold: yes, press: no", "是你们输入的吗？长按是，短按否"},
        [ANNOUNCER_IN] = {"Paired", "已配对"},
        [ANNOUNCER_OUT] = {"Not paired", "未配对"},
    };
    const struct span words = span_text(spoken[text][announcer->chinese]);
    const uint8_t id[16] = {1};
    enum consent_answer before;

    announcer->digits[0] = '\0';
    face_notice(announcer->face, span_text(shown[text][announcer->chinese]), CONSENT_WINDOW_MS);
    if (text == ANNOUNCER_ASK)
        consent_ask(&announcer->consent, id, clock_mono_ms(), &before);
    say(announcer, &words, 1);
}

enum announcer_answer announcer_answer(struct announcer *announcer)
{
    const int answer = atomic_load(&announcer->answer);

    return answer == CONSENT_GIVEN      ? ANNOUNCER_YES
           : answer == CONSENT_DECLINED ? ANNOUNCER_NO
                                        : ANNOUNCER_NONE;
}
