/* What the server wants said, or asked: talker_parts.h. */
#include <stdarg.h>

#include "agent/consent.h"
#include "agent/recall.h"
#include "agent/talker_parts.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define SPOKEN_TIMEOUT_MS 120000
#define PROBE_QUESTION    "Answer with the single word: yes"
#define PROBE_TOKENS      16

__attribute__((format(printf, 4, 5))) static void finish(struct talker *talker,
                                                         const struct talker_job *job,
                                                         wire_CommandStatus status,
                                                         const char *reason, ...)
{
    struct peer_answer answer = {.status = status};
    va_list args;

    va_start(args, reason);
    vsnprintf(answer.reason, sizeof answer.reason, reason, args);
    va_end(args);
    talker->options.host.on_command(talker->options.host.context, job->id, &answer);
}

/* Speaks the texts and waits until they were heard. */
static enum status speak(struct talker *talker, const struct span *texts, size_t count)
{
    struct speaker *speaker = talker->options.speaker;
    const uint64_t number = talker_begin(talker, 0);

    uint8_t uuid[16];

    crypto_uuid(uuid);
    if (talker->options.attempts) /* a vendor's voice may say it */
        attempts_begin(talker->options.attempts, number, uuid);
    face_begin_turn(talker->options.face, number);
    enum status status = speaker_begin_turn(speaker, number);

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = speaker_say(speaker, number, texts[i], NULL);
    speaker_end_turn(speaker, number);
    if (status == STATUS_OK)
        status = speaker_wait_idle(speaker, SPOKEN_TIMEOUT_MS);
    face_end_turn(talker->options.face, number);
    talker_end(talker);
    return status;
}

bool talker_speaks_chinese(struct talker *talker, const struct settings_values *values)
{
    const enum voice_language language = settings_language(values);

    pthread_mutex_lock(&talker->lock);
    const bool heard = talker->heard_chinese;
    pthread_mutex_unlock(&talker->lock);
    return language == VOICE_LANGUAGE_ZH || (language == VOICE_LANGUAGE_AUTO && heard);
}

void talker_announce(struct talker *talker)
{
    const struct settings_values *values = &talker->values;
    const enum limit_mode mode = limit_mode_from_name(values->limit_mode);
    const bool chinese = talker_speaks_chinese(talker, values);

    if (mode == talker->limit_mode)
        return;
    talker->limit_mode = mode;
    face_rest(talker->options.face, mode == LIMIT_MODE_BLOCKED ? FACE_LIMIT : FACE_NEUTRAL);
    if (mode == LIMIT_MODE_NONE)
        return;
    const struct span words =
        span_text(values->limit_text[0] ? values->limit_text : limit_mode_words(mode, chinese));

    enum status status = speak(talker, &words, 1);
    if (status != STATUS_OK)
        log_warning("chat", "cannot say that limit_mode is \"%s\": %s", values->limit_mode,
                    status_text(status));
}

static void finish_spoken(struct talker *talker, const struct talker_job *job, enum status status)
{
    if (status == STATUS_OK)
        finish(talker, job, wire_CommandStatus_COMMAND_DONE, "%s", "");
    else
        finish(talker, job, wire_CommandStatus_COMMAND_FAILED, "%s", status_text(status));
}

/* Whoever hears it must know that it is not the robot's own idea. */
static void say(struct talker *talker, const struct talker_job *job, struct span text)
{
    const bool chinese = talker_speaks_chinese(talker, &talker->values);
    const struct span texts[] = {
        span_text(chinese ? "公司通知：" : "A message from the company that looks after me:"),
        text};

    face_notice(talker->options.face, span_text(chinese ? "公司通知" : "Message"),
                TALKER_NOTICE_MS);
    finish_spoken(talker, job, speak(talker, texts, 2));
}

static void identify(struct talker *talker, const struct talker_job *job, struct span text)
{
    const bool chinese = talker_speaks_chinese(talker, &talker->values);
    char words[LIMIT_SLUG + 32];

    (void)text;
    snprintf(words, sizeof words, chinese ? "我在这里，我是%s。" : "Here I am. I am %s.",
             talker->options.device_id);
    const struct span spoken = span_text(words);
    face_notice(talker->options.face, span_text(talker->options.device_id), TALKER_NOTICE_MS);
    finish_spoken(talker, job, speak(talker, &spoken, 1));
}

/* Nothing is sent unless the owner agrees (orders.c); this is the question. It is no turn: the
 * answer is the button's, and no microphone listens for it. */
static void ask_for_bundle(struct talker *talker, const struct talker_job *job, struct span text)
{
    const bool chinese = talker_speaks_chinese(talker, &talker->values);
    const struct span words = span_text(
        chinese ? "客服想要一份关于这台机器人的报告：版本、设置、状态和故障，不含说过的任何话。"
                  "同意请按住按钮两秒，拒绝请短按一下。"
                : "The company asks for a report about me: versions, settings, health and faults, "
                  "and nothing that was said. To agree, hold my button for two seconds. To "
                  "decline, press it briefly.");

    (void)text;
    (void)job;
    face_notice(
        talker->options.face,
        span_text(chinese ? "发送报告？长按同意，短按拒绝" : "Send a report? Hold: yes, press: no"),
        CONSENT_WINDOW_MS);
    if (speak(talker, &words, 1) != STATUS_OK)
        log_warning("chat", "nobody heard that a report is asked for; it stands on the screen");
}

/* Likewise: who has the robot now is asked before what was talked about is forgotten. */
static void ask_for_transfer(struct talker *talker, const struct talker_job *job, struct span text)
{
    const bool chinese = talker_speaks_chinese(talker, &talker->values);
    const struct span words = span_text(
        chinese
            ? "公司说这台机器人要换主人了。同意的话，我会忘掉和前主人聊过的一切，清除后无法恢复。"
              "同意请按住按钮两秒，拒绝请短按一下。"
            : "The company says that I get another owner. If you agree, I forget everything that "
              "was talked about until now, and it does not come back. To agree, hold my button "
              "for two seconds. To decline, press it briefly.");

    (void)text;
    (void)job;
    face_notice(
        talker->options.face,
        span_text(chinese ? "更换主人？长按同意，短按拒绝" : "New owner? Hold: yes, press: no"),
        CONSENT_WINDOW_MS);
    if (speak(talker, &words, 1) != STATUS_OK)
        log_warning("chat", "nobody heard that the robot is to be handed over; it stands on the "
                            "screen");
}

/* The company moves it to another owner: whoever stands before it hears that it happened. */
static void forget(struct talker *talker, const struct talker_job *job, struct span text)
{
    const enum status status = talker_forget_talk(talker);
    const struct span words = recall_words(status, talker_speaks_chinese(talker, &talker->values));

    (void)text;
    if (speak(talker, &words, 1) != STATUS_OK)
        log_warning("chat", "nobody heard that the conversation is forgotten");
    finish_spoken(talker, job, status);
}

static const wire_Route *find_route(const struct settings_values *values, struct span name)
{
    char known[LIMIT_SLUG + LIMIT_MODEL + 2];

    for (size_t i = 0; i < values->route_count; i++) {
        snprintf(known, sizeof known, "%s/%s", values->routes[i].vendor, values->routes[i].model);
        if (span_equal_text(name, known))
            return &values->routes[i];
    }
    return NULL;
}

/* A tiny turn on one route: silent, but metered like any other. */
static void probe(struct talker *talker, const struct talker_job *job, struct span name)
{
    const wire_Route *route = find_route(&talker->values, name);
    struct turn_settings settings = talker_turn_settings(&talker->values);
    struct turn_report report;
    uint8_t uuid[16];

    if (!route) {
        finish(talker, job, wire_CommandStatus_COMMAND_REFUSED, "this robot has no such route");
        return;
    }
    if (!limit_mode_allows_asking(settings.limit_mode)) {
        finish(talker, job, wire_CommandStatus_COMMAND_REFUSED,
               "this robot's limit_mode allows no vendor");
        return;
    }
    settings.routes = route;
    settings.route_count = 1;
    settings.persona = span_of(NULL, 0);
    settings.history_turns = 0;
    settings.max_output_tokens = PROBE_TOKENS;
    crypto_uuid(uuid);
    enum status status = turn_run(talker->probe, talker_begin(talker, 0), uuid,
                                  span_text(PROBE_QUESTION), &settings, &report);
    talker_end(talker);
    conversation_forget(talker->no_conversation);
    talker->options.host.on_used(talker->options.host.context);
    if (status == STATUS_OK)
        finish(talker, job, wire_CommandStatus_COMMAND_DONE, "first token after %u ms",
               (unsigned)report.first_token_ms);
    else
        finish(talker, job, wire_CommandStatus_COMMAND_FAILED, "no answer: %s",
               message_outcome_name(report.outcome));
}

static const struct {
    wire_CommandKind kind;
    void (*carry_out)(struct talker *talker, const struct talker_job *job, struct span text);
} works[] = {
    {wire_CommandKind_SAY, say},
    {wire_CommandKind_IDENTIFY, identify},
    {wire_CommandKind_PROBE_ROUTE, probe},
    {wire_CommandKind_FORGET, forget},
    {wire_CommandKind_BUNDLE, ask_for_bundle},
    {wire_CommandKind_TRANSFER, ask_for_transfer},
};

#define WORK_COUNT (sizeof works / sizeof works[0])

bool talker_is_command(wire_CommandKind kind)
{
    bool is_known = false;

    for (size_t i = 0; i < WORK_COUNT; i++)
        is_known |= works[i].kind == kind;
    return is_known;
}

void talker_carry_out(struct talker *talker, const struct talker_job *job, struct span text)
{
    for (size_t i = 0; i < WORK_COUNT; i++)
        if (works[i].kind == job->kind)
            works[i].carry_out(talker, job, text);
}
