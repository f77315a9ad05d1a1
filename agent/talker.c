#include "agent/talker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/chat/fold.h"
#include "agent/chat/stop_word.h"
#include "agent/consent.h"
#include "agent/recall.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "schema/base/queue.h"

#define QUEUE_BYTES       (128 * 1024)
#define SPOKEN_TIMEOUT_MS 120000
#define NOTICE_MS         6000
#define SAY_LIMIT         6 /* messages of the server, in SAY_WINDOW_MS */
#define SAY_WINDOW_MS     60000
#define PROBE_QUESTION    "Answer with the single word: yes"
#define PROBE_TOKENS      16
/* Where one question was, another is likely: until then connections to the first routes are kept,
 * each looked after before http.h lets it go. */
#define WARM_FOR_MS   300000
#define WARM_EVERY_MS 45000

/* Travels through the queue, the text behind it. */
struct job {
    wire_CommandKind kind; /* KIND_NONE: a question */
    bool is_nudge;         /* nothing to do but what every job begins with */
    uint64_t place;        /* of a question in the order in which they came */
    enum stop_word wish;   /* that a question was */
    uint64_t client;
    uint8_t id[16]; /* of the command; of the question's turn */
};

struct talker {
    struct talker_options options;
    pthread_t thread;
    struct queue *queue;
    struct turn *turn;
    struct turn *probe;                                  /* without a voice */
    struct conversation *conversation, *no_conversation; /* the turn's, the probe's */
    struct settings_values values;
    uint64_t number;               /* of the newest turn; the chat thread's own */
    enum limit_mode limit_mode;    /* announced last; the chat thread's own, like the next */
    int64_t next_question_ms;      /* no vendor is asked before, by turns_per_minute */
    int64_t warm_until_ms;         /* connections to vendors are kept */
    atomic_bool has_waiting;       /* a job waits: whatever passes the time must end */
    atomic_uint_fast64_t asked;    /* the newest question's place */
    atomic_uint_fast64_t unwanted; /* whoever asked up to this place wished for silence since */
    int64_t said[SAY_LIMIT];       /* when messages of the server came; the link thread's own */
    size_t said_next;

    pthread_mutex_t lock; /* of what follows */
    uint64_t running;     /* 0: silence */
    uint64_t client;      /* whose turn is running */
    bool stopping, stopped;
    bool heard_chinese; /* the last question was */
    uint32_t turns, failed;
    uint32_t held[FILTER_CLASSES];
};

/* Turns. */

static enum face_mood mood_of(enum excuse excuse)
{
    return excuse == EXCUSE_LIMIT || excuse == EXCUSE_BLOCKED ? FACE_LIMIT
           : excuse == EXCUSE_OFFLINE                         ? FACE_OFFLINE
                                                              : FACE_NEUTRAL;
}

/* What the face shows while a turn runs; the mouth follows the speaker by itself. */
static void show_turn(struct face *face, const struct turn_event *event)
{
    switch (event->kind) {
    case TURN_STARTED:
        face_mood(face, event->number, FACE_THINKING);
        break;
    case TURN_ANSWERING:
        face_mood(face, event->number, FACE_NEUTRAL);
        break;
    case TURN_EXCUSING:
        face_mood(face, event->number, mood_of(event->report->excuse));
        break;
    case TURN_ENDED:
        face_rest(face, mood_of(event->report->excuse));
        if (event->report->interrupted)
            face_interrupt(face, event->number);
        face_end_turn(face, event->number);
        break;
    case TURN_EMOJI:
        face_emoji(face, event->number, event->clause, event->character);
        break;
    case TURN_CLAUSE:
    case TURN_DENIED:
        break;
    }
}

static bool is_online(void *context)
{
    const struct talker_host *host = &((struct talker *)context)->options.host;

    return host->is_online && host->is_online(host->context);
}

/* All that a probe tells. */
static void on_probe_event(void *context, const struct turn_event *event)
{
    struct talker *talker = context;

    if (event->kind == TURN_DENIED)
        talker->options.host.on_used(talker->options.host.context);
}

static void on_turn_event(void *context, const struct turn_event *event)
{
    struct talker *talker = context;

    if (event->kind == TURN_DENIED) {
        talker->options.host.on_used(talker->options.host.context);
        return;
    }
    show_turn(talker->options.face, event);
    pthread_mutex_lock(&talker->lock);
    const uint64_t client = talker->client;
    pthread_mutex_unlock(&talker->lock);
    talker->options.host.on_event(talker->options.host.context, client, event);
}

static uint64_t begin(struct talker *talker, uint64_t client)
{
    pthread_mutex_lock(&talker->lock);
    talker->running = ++talker->number;
    talker->client = client;
    pthread_mutex_unlock(&talker->lock);
    return talker->number;
}

static void end(struct talker *talker)
{
    pthread_mutex_lock(&talker->lock);
    talker->running = talker->client = 0;
    pthread_mutex_unlock(&talker->lock);
}

static struct turn_settings turn_settings_of(const struct settings_values *values)
{
    return (struct turn_settings){
        .routes = values->routes,
        .route_count = values->route_count,
        .persona = span_text(values->persona),
        .history_turns = values->history_turns,
        .history_tokens = values->history_tokens,
        .max_output_tokens = values->max_output_tokens,
        .generation = values->generation,
        .language = settings_language(values),
        .limit_mode = limit_mode_from_name(values->limit_mode),
        .limit_text = span_text(values->limit_text),
        .canned = span_text(values->canned_persona),
        .audience = filter_audience_from_name(values->audience),
        .crisis_text = span_text(values->crisis_text),
    };
}

/* The one clock of turns_per_minute: questions that reached a vendor are spaced evenly. */
static void space(struct talker *talker, int64_t asked_ms)
{
    const int64_t per_minute = talker->values.turns_per_minute;
    const int64_t started_ms =
        asked_ms > talker->next_question_ms ? asked_ms : talker->next_question_ms;

    talker->next_question_ms = per_minute > 0 ? started_ms + 60000 / per_minute : 0;
}

/* A turn that was over before it began: the owner said "stop". */
static void end_unasked(struct talker *talker, const struct job *job)
{
    const struct turn_report report = {.stopped = true, .chinese = talker->heard_chinese};
    uint8_t uuid[16] = {0};
    struct turn_event event = {.uuid = uuid, .report = &report};

    crypto_uuid(uuid);
    event.number = begin(talker, job->client);
    event.kind = TURN_STARTED;
    talker->options.host.on_event(talker->options.host.context, job->client, &event);
    event.kind = TURN_ENDED;
    talker->options.host.on_event(talker->options.host.context, job->client, &event);
    end(talker);
}

static struct care_rules rules_of(const struct settings_values *values)
{
    return (struct care_rules){values->quiet_hours, values->zone, values->daily_minutes,
                               values->break_reminder_min};
}

static bool is_chinese_for(const struct settings_values *values, struct span question)
{
    const enum voice_language language = settings_language(values);

    return language == VOICE_LANGUAGE_ZH ||
           (language == VOICE_LANGUAGE_AUTO && fold_has_wide(question));
}

/* Whether the robot may talk now, and what it says besides the answer. */
static void take_care(struct talker *talker, struct span question, struct turn_settings *settings)
{
    const struct care_rules rules = rules_of(&talker->values);
    const bool chinese = is_chinese_for(&talker->values, question);
    struct care *care = talker->options.care;

    if (!care)
        return;
    settings->kept = care_refusal(care, &rules, clock_wall_ms());
    settings->preface = span_text(care_notice(care, chinese));
    if (settings->kept == EXCUSE_NONE && care_wants_break(care, &rules, clock_mono_ms()))
        settings->epilogue = span_text(care_break_text(chinese));
}

/* After a turn that a vendor was asked in. */
static void note_care(struct talker *talker, const struct turn_settings *settings,
                      const struct turn_report *report, int64_t asked_ms)
{
    const struct care_rules rules = rules_of(&talker->values);
    struct care *care = talker->options.care;
    const int64_t now_ms = clock_mono_ms();

    if (!care)
        return;
    enum status status = care_note(care, &rules, clock_wall_ms(), now_ms, now_ms - asked_ms);
    if (status == STATUS_OK && settings->preface.size > 0 && !report->interrupted)
        status = care_noticed(care);
    if (status != STATUS_OK)
        log_warning("chat", "cannot keep how long people talked: %s (hint: is the disk full?)",
                    status_text(status));
}

static enum status forget_talk(struct talker *talker)
{
    const struct talker_options *options = &talker->options;
    const enum status made = face_forget_films(options->face); /* and those being made */
    const enum status status =
        recall_forget(options->memory, talker->conversation, options->care, options->films);

    return made == STATUS_OK ? status : made;
}

static void ask_turn(struct talker *talker, const struct job *job, struct span question)
{
    struct turn_settings settings = turn_settings_of(&talker->values);
    const int64_t asked_ms = clock_mono_ms();
    struct turn_report report;

    if (talker->values.turns_per_minute > 0)
        settings.start_at_ms = talker->next_question_ms;
    if (job->wish == STOP_WORD_FORGET)
        settings.answer = recall_words(forget_talk(talker), fold_has_wide(question));
    take_care(talker, question, &settings);
    const uint64_t number = begin(talker, job->client);
    /* "stop" came before there was a turn to interrupt */
    if (job->place <= atomic_load(&talker->unwanted))
        turn_interrupt(talker->turn, number);
    face_begin_turn(talker->options.face, number);
    face_subtitle(talker->options.face, number, question);
    enum status status = turn_run(talker->turn, number, job->id, question, &settings, &report);
    end(talker);
    if (report.attempts > 0) {
        recall_keep(talker->options.memory, talker->conversation, talker->values.history_hours);
        note_care(talker, &settings, &report, asked_ms);
        space(talker, asked_ms);
        talker->warm_until_ms = clock_mono_ms() + WARM_FOR_MS;
    }
    pthread_mutex_lock(&talker->lock);
    talker->heard_chinese = report.chinese;
    talker->turns++;
    talker->failed += status != STATUS_OK;
    talker->held[report.held_question != FILTER_NONE ? report.held_question : report.held_answer]++;
    pthread_mutex_unlock(&talker->lock);
    talker->options.host.on_used(talker->options.host.context);
}

static void ask(struct talker *talker, const struct job *job, struct span question)
{
    const bool is_dropped =
        job->wish == STOP_WORD_NONE && job->place <= atomic_load(&talker->unwanted);

    if (job->wish == STOP_WORD_STOP || is_dropped)
        end_unasked(talker, job);
    else
        ask_turn(talker, job, question);
}

/* Commands. */

static void finish(struct talker *talker, const struct job *job, wire_CommandStatus status,
                   const char *reason)
{
    struct peer_answer answer = {.status = status};

    snprintf(answer.reason, sizeof answer.reason, "%s", reason);
    talker->options.host.on_command(talker->options.host.context, job->id, &answer);
}

/* Speaks the texts and waits until they were heard. */
static enum status speak(struct talker *talker, const struct span *texts, size_t count)
{
    struct speaker *speaker = talker->options.speaker;
    const uint64_t number = begin(talker, 0);

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
    end(talker);
    return status;
}

static bool speaks_chinese(struct talker *talker, const struct settings_values *values)
{
    const enum voice_language language = settings_language(values);

    pthread_mutex_lock(&talker->lock);
    const bool heard = talker->heard_chinese;
    pthread_mutex_unlock(&talker->lock);
    return language == VOICE_LANGUAGE_ZH || (language == VOICE_LANGUAGE_AUTO && heard);
}

/* Says it when another limit begins, kindly and once. */
static void announce(struct talker *talker)
{
    const struct settings_values *values = &talker->values;
    const enum limit_mode mode = limit_mode_from_name(values->limit_mode);
    const bool chinese = speaks_chinese(talker, values);

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

static void finish_spoken(struct talker *talker, const struct job *job, enum status status)
{
    if (status == STATUS_OK)
        finish(talker, job, wire_CommandStatus_COMMAND_DONE, "");
    else
        finish(talker, job, wire_CommandStatus_COMMAND_FAILED, status_text(status));
}

/* Whoever hears it must know that it is not the robot's own idea. */
static void say(struct talker *talker, const struct job *job, struct span text)
{
    const bool chinese = speaks_chinese(talker, &talker->values);
    const struct span texts[] = {
        span_text(chinese ? "公司通知：" : "A message from the company that looks after me:"),
        text};

    face_notice(talker->options.face, span_text(chinese ? "公司通知" : "Message"), NOTICE_MS);
    finish_spoken(talker, job, speak(talker, texts, 2));
}

static void identify(struct talker *talker, const struct job *job, struct span text)
{
    const bool chinese = speaks_chinese(talker, &talker->values);
    char words[LIMIT_SLUG + 32];

    (void)text;
    snprintf(words, sizeof words, chinese ? "我在这里，我是%s。" : "Here I am. I am %s.",
             talker->options.device_id);
    const struct span spoken = span_text(words);
    face_notice(talker->options.face, span_text(talker->options.device_id), NOTICE_MS);
    finish_spoken(talker, job, speak(talker, &spoken, 1));
}

/* Nothing is sent unless the owner agrees (orders.c); this is the question. It is no turn: the
 * answer is the button's, and no microphone listens for it. */
static void ask_for_bundle(struct talker *talker, const struct job *job, struct span text)
{
    const bool chinese = speaks_chinese(talker, &talker->values);
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

/* The company moves it to another owner: whoever stands before it hears that it happened. */
static void forget(struct talker *talker, const struct job *job, struct span text)
{
    const enum status status = forget_talk(talker);
    const struct span words = recall_words(status, speaks_chinese(talker, &talker->values));

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
static void probe(struct talker *talker, const struct job *job, struct span name)
{
    const wire_Route *route = find_route(&talker->values, name);
    struct turn_settings settings = turn_settings_of(&talker->values);
    struct turn_report report;
    char reason[LIMIT_REASON + 1];
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
    enum status status = turn_run(talker->probe, begin(talker, 0), uuid, span_text(PROBE_QUESTION),
                                  &settings, &report);
    end(talker);
    conversation_forget(talker->no_conversation);
    talker->options.host.on_used(talker->options.host.context);
    if (status == STATUS_OK)
        snprintf(reason, sizeof reason, "first token after %u ms", (unsigned)report.first_token_ms);
    else
        snprintf(reason, sizeof reason, "no answer: %s", message_outcome_name(report.outcome));
    finish(talker, job,
           status == STATUS_OK ? wire_CommandStatus_COMMAND_DONE
                               : wire_CommandStatus_COMMAND_FAILED,
           reason);
}

static const struct {
    wire_CommandKind kind;
    void (*carry_out)(struct talker *talker, const struct job *job, struct span text);
} works[] = {
    {wire_CommandKind_KIND_NONE, ask},     {wire_CommandKind_SAY, say},
    {wire_CommandKind_IDENTIFY, identify}, {wire_CommandKind_PROBE_ROUTE, probe},
    {wire_CommandKind_FORGET, forget},     {wire_CommandKind_BUNDLE, ask_for_bundle},
};

#define WORK_COUNT (sizeof works / sizeof works[0])

/* The thread. */

static bool is_stopping(struct talker *talker)
{
    pthread_mutex_lock(&talker->lock);
    bool stopping = talker->stopping;
    pthread_mutex_unlock(&talker->lock);
    return stopping;
}

static void carry_out(struct talker *talker, struct span message)
{
    struct job job;

    memcpy(&job, message.data, sizeof job);
    settings_values(talker->options.settings, &talker->values);
    if (job.wish != STOP_WORD_STOP)
        announce(talker);
    for (size_t i = 0; i < WORK_COUNT && !job.is_nudge; i++)
        if (works[i].kind == job.kind)
            works[i].carry_out(talker, &job,
                               span_of(message.data + sizeof job, message.size - sizeof job));
    crypto_wipe(talker->values.routes, sizeof talker->values.routes);
}

static void keep_warm(struct talker *talker)
{
    settings_values(talker->options.settings, &talker->values);
    if (limit_mode_allows_asking(limit_mode_from_name(talker->values.limit_mode)))
        turn_warm(talker->turn, talker->values.routes, talker->values.route_count,
                  &talker->has_waiting);
    crypto_wipe(talker->values.routes, sizeof talker->values.routes);
}

/* The next job; connections are looked after while none comes. */
static enum status take(struct talker *talker, uint8_t **data, size_t *size)
{
    enum status status;

    do {
        const bool is_warm = clock_mono_ms() < talker->warm_until_ms;
        status = queue_take(talker->queue, is_warm ? WARM_EVERY_MS : -1, data, size);
        if (status == STATUS_TIMEOUT)
            keep_warm(talker);
    } while (status == STATUS_TIMEOUT);
    atomic_store(&talker->has_waiting, false);
    return status;
}

static void *run(void *context)
{
    struct talker *talker = context;
    uint8_t *data;
    size_t size;

    while (take(talker, &data, &size) == STATUS_OK) {
        if (!is_stopping(talker))
            carry_out(talker, span_of(data, size));
        crypto_wipe(data, size); /* speech stays no longer than it must */
        free(data);
    }
    pthread_mutex_lock(&talker->lock);
    talker->stopped = true;
    pthread_mutex_unlock(&talker->lock);
    return NULL;
}

static enum status put(struct talker *talker, const struct job *job, struct span text)
{
    const struct span parts[] = {span_of(job, sizeof *job), text};

    atomic_store(&talker->has_waiting, true);
    return queue_put(talker->queue, parts, 2);
}

/* Life. */

enum status talker_start(struct talker **out, const struct talker_options *options)
{
    struct talker *talker = calloc(1, sizeof *talker);

    if (!talker)
        return STATUS_MEMORY;
    enum status status = conversation_create(&talker->conversation);
    if (status == STATUS_OK)
        status = conversation_create(&talker->no_conversation);
    const struct turn_options spoken = {.journal = options->journal,
                                        .conversation = talker->conversation,
                                        .attempts = options->attempts,
                                        .speaker = options->speaker,
                                        .on_event = on_turn_event,
                                        .is_online = is_online,
                                        .filter = options->filter,
                                        .context = talker};
    const struct turn_options silent = {.journal = options->journal,
                                        .conversation = talker->no_conversation,
                                        .on_event = on_probe_event,
                                        .is_online = is_online,
                                        .context = talker};
    talker->options = *options;
    /* later than every number of an earlier process: videos are named by it */
    talker->number = (uint64_t)clock_wall_ms();
    settings_values(options->settings, &talker->values);
    talker->limit_mode = limit_mode_from_name(talker->values.limit_mode); /* said before */
    crypto_wipe(talker->values.routes, sizeof talker->values.routes);
    pthread_mutex_init(&talker->lock, NULL);
    if (status == STATUS_OK)
        recall_restore(options->memory, talker->conversation, talker->values.history_hours);
    if (status == STATUS_OK)
        status = queue_create(&talker->queue, TALKER_MAX_WAITING, QUEUE_BYTES);
    if (status == STATUS_OK)
        status = turn_create(&talker->turn, &spoken);
    if (status == STATUS_OK)
        status = turn_create(&talker->probe, &silent);
    if (status == STATUS_OK && pthread_create(&talker->thread, NULL, run, talker) != 0)
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        *out = talker;
    else
        talker_free(talker);
    return status;
}

void talker_stop(struct talker *talker)
{
    bool stopped = false;

    if (!talker)
        return;
    pthread_mutex_lock(&talker->lock);
    talker->stopping = true;
    pthread_mutex_unlock(&talker->lock);
    atomic_store(&talker->has_waiting, true);
    queue_close(talker->queue);
    while (!stopped) { /* again and again: a turn may be just about to begin */
        talker_interrupt(talker);
        pthread_mutex_lock(&talker->lock);
        stopped = talker->stopped;
        pthread_mutex_unlock(&talker->lock);
        if (!stopped)
            clock_sleep_ms(10);
    }
    pthread_join(talker->thread, NULL);
}

void talker_free(struct talker *talker)
{
    if (!talker)
        return;
    turn_free(talker->turn);
    turn_free(talker->probe);
    conversation_free(talker->conversation);
    conversation_free(talker->no_conversation);
    queue_free(talker->queue);
    pthread_mutex_destroy(&talker->lock);
    free(talker);
}

/* Requests. */

enum status talker_ask(struct talker *talker, uint64_t client, struct span question)
{
    return talker_ask_heard(talker, client, NULL, question);
}

enum status talker_ask_heard(struct talker *talker, uint64_t client, const uint8_t *uuid,
                             struct span question)
{
    struct job job = {.client = client};

    if (question.size == 0 || question.size > CONVERSATION_MAX_TEXT_BYTES ||
        !span_is_utf8(question))
        return STATUS_INVALID;
    if (uuid)
        memcpy(job.id, uuid, sizeof job.id);
    else
        crypto_uuid(job.id);
    job.place = atomic_fetch_add(&talker->asked, 1) + 1;
    job.wish = stop_word_of(question);
    if (job.wish == STOP_WORD_STOP) {
        atomic_store(&talker->unwanted, job.place);
        talker_interrupt(talker);
    }
    return put(talker, &job, question);
}

enum status talker_forget(struct talker *talker, uint64_t client)
{
    const char *wish =
        talker_is_chinese(talker) ? "忘掉我们的对话" : "Forget what we talked about.";

    return talker_ask(talker, client, span_text(wish));
}

static bool may_say(struct talker *talker)
{
    const int64_t now_ms = clock_mono_ms();
    int64_t *oldest = &talker->said[talker->said_next];

    if (*oldest != 0 && now_ms - *oldest < SAY_WINDOW_MS)
        return false;
    *oldest = now_ms;
    talker->said_next = (talker->said_next + 1) % SAY_LIMIT;
    return true;
}

enum status talker_command(struct talker *talker, const wire_Command *command)
{
    struct job job = {.kind = command->kind};
    const struct span text = span_text(command->text);
    bool known = false;

    for (size_t i = 1; i < WORK_COUNT; i++)
        known |= works[i].kind == command->kind;
    if (!known)
        return STATUS_INVALID;
    if (command->kind == wire_CommandKind_SAY) {
        if (text.size == 0 || text.size > LIMIT_SAY_TEXT)
            return STATUS_INVALID;
        if (!may_say(talker))
            return STATUS_DENIED;
    }
    memcpy(job.id, command->id, sizeof job.id);
    return put(talker, &job, text);
}

/* With a full queue the next question is about to come anyway. */
void talker_settings_changed(struct talker *talker)
{
    const struct job job = {.is_nudge = true};

    if (put(talker, &job, span_of(NULL, 0)) != STATUS_OK)
        log_debug("chat", "the queue is full: a new limit_mode is said with the next question");
}

bool talker_is_chinese(struct talker *talker)
{
    struct settings_values *values = malloc(sizeof *values);

    if (!values)
        return false;
    settings_values(talker->options.settings, values);
    const bool chinese = speaks_chinese(talker, values);
    crypto_wipe(values, sizeof *values);
    free(values);
    return chinese;
}

void talker_interrupt(struct talker *talker)
{
    pthread_mutex_lock(&talker->lock);
    const uint64_t running = talker->running;
    pthread_mutex_unlock(&talker->lock);
    if (running == 0)
        return;
    turn_interrupt(talker->turn, running);
    turn_interrupt(talker->probe, running);
    speaker_interrupt(talker->options.speaker, running);
}

void talker_leave(struct talker *talker, uint64_t client)
{
    pthread_mutex_lock(&talker->lock);
    const bool speaks = talker->running != 0 && talker->client == client;
    pthread_mutex_unlock(&talker->lock);
    if (speaks)
        talker_interrupt(talker);
}

/* No voice can say it: the owner reads it. */
static void show_clause(struct talker *talker, const struct speaker_event *event)
{
    pthread_mutex_lock(&talker->lock);
    const bool chinese = talker->heard_chinese;
    pthread_mutex_unlock(&talker->lock);

    face_subtitle(talker->options.face, event->turn, event->text);
    face_notice(talker->options.face,
                span_text(chinese ? "我说不出话了，请看字幕" : "I lost my voice: please read"),
                NOTICE_MS);
}

void talker_on_speaker(struct talker *talker, const struct speaker_event *event)
{
    if (event->kind == SPEAKER_CLAUSE_FAILED)
        show_clause(talker, event);
    turn_on_speaker(talker->turn, event);
}

void talker_count(struct talker *talker, uint32_t *turns, uint32_t *failed)
{
    pthread_mutex_lock(&talker->lock);
    *turns = talker->turns;
    *failed = talker->failed;
    pthread_mutex_unlock(&talker->lock);
}

void talker_held(struct talker *talker, uint32_t held[FILTER_CLASSES])
{
    pthread_mutex_lock(&talker->lock);
    memcpy(held, talker->held, sizeof talker->held);
    pthread_mutex_unlock(&talker->lock);
}

uint32_t talker_left_out(struct talker *talker, uint64_t generation)
{
    return turn_left_out(talker->turn, generation);
}
