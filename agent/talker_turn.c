/* A question and its answer: talker_parts.h. */
#include "agent/chat/fold.h"
#include "agent/recall.h"
#include "agent/talker_parts.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

/* Where one question was, another is likely: until then connections to the first routes are kept.
 */
#define WARM_FOR_MS 300000

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

/* All that a probe tells. */
void talker_on_probe_event(void *context, const struct turn_event *event)
{
    struct talker *talker = context;

    if (event->kind == TURN_DENIED)
        talker->options.host.on_used(talker->options.host.context);
}

void talker_on_turn_event(void *context, const struct turn_event *event)
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

uint64_t talker_begin(struct talker *talker, uint64_t client)
{
    pthread_mutex_lock(&talker->lock);
    talker->running = ++talker->number;
    talker->client = client;
    pthread_mutex_unlock(&talker->lock);
    return talker->number;
}

void talker_end(struct talker *talker)
{
    pthread_mutex_lock(&talker->lock);
    talker->running = talker->client = 0;
    pthread_mutex_unlock(&talker->lock);
}

struct turn_settings talker_turn_settings(const struct settings_values *values)
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
static void end_unasked(struct talker *talker, const struct talker_job *job)
{
    const struct turn_report report = {.stopped = true, .chinese = talker->heard_chinese};
    uint8_t uuid[16] = {0};
    struct turn_event event = {.uuid = uuid, .report = &report};

    crypto_uuid(uuid);
    event.number = talker_begin(talker, job->client);
    event.kind = TURN_STARTED;
    talker->options.host.on_event(talker->options.host.context, job->client, &event);
    event.kind = TURN_ENDED;
    talker->options.host.on_event(talker->options.host.context, job->client, &event);
    talker_end(talker);
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

enum status talker_forget_talk(struct talker *talker)
{
    const struct talker_options *options = &talker->options;
    const enum status made = face_forget_films(options->face); /* and those being made */
    const enum status status =
        recall_forget(options->memory, talker->conversation, options->care, options->films);

    return made == STATUS_OK ? status : made;
}

static void ask_turn(struct talker *talker, const struct talker_job *job, struct span question)
{
    struct turn_settings settings = talker_turn_settings(&talker->values);
    const int64_t asked_ms = clock_mono_ms();
    struct turn_report report;

    if (talker->values.turns_per_minute > 0)
        settings.start_at_ms = talker->next_question_ms;
    if (job->wish == STOP_WORD_FORGET)
        settings.answer = recall_words(talker_forget_talk(talker), fold_has_wide(question));
    take_care(talker, question, &settings);
    const uint64_t number = talker_begin(talker, job->client);
    /* "stop" came before there was a turn to interrupt */
    if (job->place <= atomic_load(&talker->unwanted))
        turn_interrupt(talker->turn, number);
    face_begin_turn(talker->options.face, number);
    face_subtitle(talker->options.face, number, question);
    enum status status = turn_run(talker->turn, number, job->id, question, &settings, &report);
    talker_end(talker);
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

void talker_answer(struct talker *talker, const struct talker_job *job, struct span question)
{
    const bool is_dropped =
        job->wish == STOP_WORD_NONE && job->place <= atomic_load(&talker->unwanted);

    if (job->wish == STOP_WORD_STOP || is_dropped)
        end_unasked(talker, job);
    else
        ask_turn(talker, job, question);
}
