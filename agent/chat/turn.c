#include "agent/chat/turn.h"

#include "agent/chat/asking.h"
#include "agent/chat/clause.h"
#include "agent/chat/running.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define MAX_SAID_BYTES 32768
/* The record waits for the voice, so that it tells whether the owner interrupted, but not longer: a
 * power cut meanwhile would charge the worst case. */
#define RECORD_WAIT_MS 60000
#define SPEECH_WAIT_MS 600000
#define ROOM_WAIT_MS   120000
#define ROOM_STEP_MS   100
#define WARM_ROUTES    2

_Static_assert(CLAUSE_MAX_BYTES <= SPEAKER_MAX_CLAUSE_BYTES, "a clause can be spoken");

struct turn {
    struct turn_options options;
    struct http *http;
    struct circuit_set circuits; /* the chat thread's own */
    pthread_mutex_t told;        /* guards what follows */
    struct circuit_set shown;    /* the same, as any thread may see them */
    struct running running;
};

/* The turn under way, the chat thread's own. */
struct run {
    struct turn *turn;
    const struct turn_settings *settings;
    struct span question;
    bool chinese;
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    size_t message_count;
    struct clause clause;
    struct filter_stream filter; /* reads the answer */
    struct buffer said;          /* all text that came */
    struct buffer spoken;        /* what of it went to the voice */
    bool own_words;              /* what is said now is the robot's own: not filtered */
    struct turn_report *report;
    struct asking asking; /* of the vendors */
    bool record_open;     /* asking.attempt.record is still to be closed */
    enum excuse kept;     /* why no vendor was asked; NONE: they were */
    int64_t asked_ms;
    uint64_t number;
    const uint8_t *uuid;
};

static bool is_cancelled(const struct run *run)
{
    return running_is_cancelled(&run->turn->running);
}

static void tell(const struct run *run, struct turn_event event)
{
    const struct turn *turn = run->turn;

    event.number = run->number;
    event.uuid = run->uuid;
    if (turn->options.on_event)
        turn->options.on_event(turn->options.context, &event);
}

/* The voice takes a bounded number of clauses; the vendor's stream waits meanwhile. */
static void say(struct run *run, struct span text)
{
    struct turn *turn = run->turn;
    int64_t deadline_ms = clock_mono_ms() + ROOM_WAIT_MS;

    if (!turn->options.speaker) {
        tell(run, (struct turn_event){.kind = TURN_CLAUSE, .text = text});
        return;
    }
    while (!is_cancelled(run)) {
        enum status status = speaker_say(turn->options.speaker, run->number, text, NULL);
        if (status == STATUS_STALE)
            running_stop(&turn->running);
        if (status != STATUS_FULL || clock_mono_ms() > deadline_ms)
            return;
        running_pause(&turn->running, ROOM_STEP_MS);
    }
}

static bool is_held(const struct run *run)
{
    return run->report->held_answer != FILTER_NONE;
}

/* Whether a piece of the answer may be said. From one that may not on, the answer is over. */
static bool passes(struct run *run, struct span text)
{
    struct turn *turn = run->turn;

    if (run->own_words || !turn->options.filter)
        return true;
    if (!is_held(run)) {
        filter_feed(&run->filter, text);
        run->report->held_answer = filter_of_answer(&run->filter, run->settings->audience);
    }
    if (!is_held(run))
        return true;
    running_hold(&turn->running);
    return false;
}

static void on_clause(void *context, struct span text)
{
    struct run *run = context;

    if (is_cancelled(run) || !passes(run, text))
        return;
    buffer_add(&run->spoken, text);
    say(run, text);
}

static void on_emoji(void *context, uint32_t clause, uint32_t character)
{
    const struct turn_event event = {.kind = TURN_EMOJI, .character = character, .clause = clause};

    if (!is_held(context))
        tell(context, event);
}

static struct clause_moment moment_of(const struct run *run)
{
    struct speaker *speaker = run->turn->options.speaker;

    return (struct clause_moment){
        .mono_ms = clock_mono_ms(),
        .queued_ms = speaker ? speaker_queued_ms(speaker) : 0,
    };
}

static void on_text(void *context, struct span text)
{
    struct run *run = context;

    if (!buffer_span(&run->said).size) {
        run->report->first_token_ms = (uint32_t)(clock_mono_ms() - run->asked_ms);
        tell(run, (struct turn_event){.kind = TURN_ANSWERING});
    }
    buffer_add(&run->said, text);
    clause_feed(&run->clause, text, moment_of(run));
}

static void on_idle(void *context)
{
    struct run *run = context;

    clause_tick(&run->clause, moment_of(run));
}

static void close_record(struct run *run)
{
    struct turn *turn = run->turn;
    const struct attempt_result *attempt = &run->asking.attempt;
    wire_UsageRecord *record = &run->asking.attempt.record;

    if (!run->record_open)
        return;
    const int64_t first_audio_ms = running_first_audio_ms(&turn->running);
    if (first_audio_ms > attempt->started_mono_ms)
        record->first_audio_ms = (uint32_t)(first_audio_ms - attempt->started_mono_ms);
    if (is_cancelled(run))
        record->interrupted = true;

    enum status status = journal_close_attempt(turn->options.journal, record);
    if (status != STATUS_OK)
        log_error("chat",
                  "cannot close attempt %u in the journal: %s (hint: it counts as lost at "
                  "the next start)",
                  (unsigned)record->attempt, status_text(status));
    run->record_open = false;
}

static void note(struct run *run)
{
    const wire_UsageRecord *record = &run->asking.attempt.record;
    struct turn_report *report = run->report;

    report->attempts = run->asking.attempts;
    report->outcome = record->outcome;
    report->error_class = record->error_class;
    report->input = record->input_uncached + record->input_cached;
    report->output = record->output + record->reasoning;
    snprintf(report->vendor, sizeof report->vendor, "%s", record->vendor);
    snprintf(report->model, sizeof report->model, "%s",
             record->model_served[0] ? record->model_served : record->model);
}

/* What asking the routes needs of the turn. */

static uint32_t next_number(void *context)
{
    const struct run *run = context;
    struct attempts *attempts = run->turn->options.attempts;
    uint32_t number = run->asking.attempts + 1;
    uint8_t uuid[16];

    if (attempts && attempts_next(attempts, run->number, uuid, &number) != STATUS_OK)
        log_error("chat", "a turn was asked for that did not begin");
    return number;
}

static void on_attempt(void *context)
{
    struct run *run = context;

    run->record_open = true;
    note(run);
}

static void on_close(void *context)
{
    close_record(context);
}

static void on_denied(void *context)
{
    tell(context, (struct turn_event){.kind = TURN_DENIED});
}

static bool is_online(void *context)
{
    const struct turn_options *options = &((const struct run *)context)->turn->options;

    return options->is_online && options->is_online(options->context);
}

static void on_pause(void *context, int64_t duration_ms)
{
    running_pause(&((struct run *)context)->turn->running, duration_ms);
}

void turn_circuits(struct turn *turn, uint64_t generation, size_t route_count,
                   struct circuit_set *out)
{
    pthread_mutex_lock(&turn->told);
    *out = turn->shown;
    pthread_mutex_unlock(&turn->told);
    if (out->generation != generation || out->count != route_count)
        *out = (struct circuit_set){0};
}

static void show_circuits(struct turn *turn)
{
    pthread_mutex_lock(&turn->told);
    turn->shown = turn->circuits;
    pthread_mutex_unlock(&turn->told);
}

static void ask_routes(struct run *run)
{
    const struct turn_settings *settings = run->settings;
    struct turn *turn = run->turn;

    run->asking = (struct asking){
        .http = turn->http,
        .journal = turn->options.journal,
        .circuits = &turn->circuits,
        .halt = running_halt(&turn->running),
        .routes = settings->routes,
        .route_count = settings->route_count,
        .messages = run->messages,
        .message_count = run->message_count,
        .max_output_tokens = settings->max_output_tokens,
        .uuid = run->uuid,
        .generation = settings->generation,
        .asked_ms = run->asked_ms,
        .host = {run, on_text, on_idle, next_number, on_attempt, on_close, on_denied, is_online,
                 on_pause},
    };
    asking_run(&run->asking);
    show_circuits(turn);
}

static enum excuse excuse_of(const struct run *run)
{
    const wire_UsageRecord *record = &run->asking.attempt.record;
    bool spoke = buffer_span(&run->said).size > 0;

    if (is_cancelled(run) || run->report->canned || run->report->held_question == FILTER_CRISIS)
        return EXCUSE_NONE;
    if (is_held(run))
        return EXCUSE_FILTER;
    if (run->kept != EXCUSE_NONE)
        return run->kept;
    switch (run->report->outcome) {
    case wire_Outcome_ANSWERED:
    case wire_Outcome_TRUNCATED:
        return spoke ? EXCUSE_NONE : EXCUSE_EMPTY;
    case wire_Outcome_FILTERED:
        return EXCUSE_CONTENT;
    default:
        break;
    }
    if (spoke)
        return EXCUSE_CUT;
    if (run->asking.is_limited)
        return EXCUSE_LIMIT;
    bool offline = !run->report->attempts || record->error_class == wire_ErrorClass_NET;
    return offline ? EXCUSE_OFFLINE : EXCUSE_BUSY;
}

/* What the company wants to be said at a limit, else the robot's own words. */
static struct span words_of(const struct run *run, enum excuse excuse)
{
    bool is_limit = excuse == EXCUSE_LIMIT || excuse == EXCUSE_BLOCKED;

    return is_limit && run->settings->limit_text.size > 0
               ? run->settings->limit_text
               : span_text(excuse_text(excuse, run->chinese));
}

/* The vendor's part of what was heard: before it the preface, behind it an epilogue or excuse. */
static struct span answer_in(const struct run *run, struct span heard)
{
    const size_t preface = run->settings->preface.size;
    const size_t spoken = buffer_span(&run->spoken).size;
    const size_t size = heard.size > preface ? heard.size - preface : 0;

    return span_of(heard.data + (heard.size - size), size < spoken ? size : spoken);
}

static void remember(struct run *run)
{
    struct turn *turn = run->turn;
    struct buffer heard;

    buffer_init(&heard, MAX_SAID_BYTES);
    if (run->own_words) {
        /* a crisis, a limit: no part of the conversation */
    } else if (run->report->outcome == wire_Outcome_FILTERED) {
        /* the vendor would object to every question that it goes along with */
    } else if (is_cancelled(run) && turn->options.speaker) {
        if (speaker_heard(turn->options.speaker, run->number, &heard) == STATUS_OK)
            conversation_add(turn->options.conversation, run->question,
                             answer_in(run, buffer_span(&heard)), clock_wall_ms());
    } else {
        conversation_add(turn->options.conversation, run->question,
                         buffer_span(is_held(run) ? &run->spoken : &run->said), clock_wall_ms());
    }
    crypto_wipe(heard.data, heard.size);
    buffer_release(&heard);
}

/* Everything was asked: lets the voice come to its end, closes the record. */
static void finish(struct run *run)
{
    struct turn *turn = run->turn;
    struct speaker *speaker = turn->options.speaker;
    enum excuse excuse;

    if (!is_cancelled(run))
        clause_end(&run->clause);
    excuse = excuse_of(run);
    if (!is_cancelled(run)) {
        run->report->excuse = excuse;
        if (excuse != EXCUSE_NONE)
            tell(run, (struct turn_event){.kind = TURN_EXCUSING, .report = run->report});
        if (excuse != EXCUSE_NONE)
            say(run, words_of(run, excuse));
        else if (run->settings->epilogue.size > 0 && !run->own_words)
            say(run, run->settings->epilogue);
    }
    if (speaker && !is_cancelled(run)) {
        speaker_end_turn(speaker, run->number);
        running_wait_heard(&turn->running, RECORD_WAIT_MS);
        close_record(run);
        running_wait_heard(&turn->running, SPEECH_WAIT_MS);
    }
    close_record(run);
    if (speaker && is_cancelled(run))
        speaker_interrupt(speaker, run->number);
    /* The robot's own excuse is no part of the conversation. */
    remember(run);
    run->report->interrupted = is_cancelled(run);
}

/* With a text of ours; it is no part of the conversation. */
static void answer_with(struct run *run, struct span text)
{
    run->own_words = true;
    tell(run, (struct turn_event){.kind = TURN_ANSWERING});
    clause_feed(&run->clause, text, moment_of(run));
}

static void answer_canned(struct run *run, struct span text)
{
    run->report->canned = true;
    answer_with(run, text);
}

/* Somebody in need is answered at once, whatever limits hold. */
static void answer_crisis(struct run *run)
{
    const struct span text = run->settings->crisis_text;

    answer_with(run, text.size > 0 ? text : span_text(excuse_crisis_text(run->chinese)));
}

/* What the robot's own filter says. False: the question stays here. */
static bool passes_filter(struct run *run)
{
    const struct filter *filter = run->turn->options.filter;
    struct filter_stream stream;

    if (!filter)
        return true;
    filter_begin(&run->filter, filter);
    filter_begin(&stream, filter);
    filter_feed(&stream, run->question);
    run->report->held_question = filter_of_question(&stream, run->settings->audience);
    if (run->report->held_question == FILTER_CRISIS)
        answer_crisis(run);
    else if (run->report->held_question != FILTER_NONE)
        run->kept = EXCUSE_FILTER;
    return run->report->held_question == FILTER_NONE;
}

/* Keeps to the limits that the company set. False: no vendor may be asked. */
static bool may_ask(struct run *run)
{
    const struct turn_settings *settings = run->settings;
    const int64_t wait_ms = settings->start_at_ms - run->asked_ms;

    if (settings->answer.size > 0)
        answer_canned(run, settings->answer);
    else if (!passes_filter(run))
        return false;
    else if (settings->kept != EXCUSE_NONE)
        run->kept = settings->kept;
    else if (settings->limit_mode == LIMIT_MODE_CANNED && settings->canned.size > 0)
        answer_canned(run, settings->canned);
    else if (!limit_mode_allows_asking(settings->limit_mode))
        run->kept = EXCUSE_BLOCKED;
    else if (wait_ms > TURN_MAX_SPACING_MS)
        run->kept = EXCUSE_REST;
    if (run->report->canned || run->kept != EXCUSE_NONE)
        return false;
    if (wait_ms > 0) {
        running_pause(&run->turn->running, wait_ms);
        run->asked_ms = clock_mono_ms();
    }
    if (settings->preface.size > 0 && !is_cancelled(run))
        say(run, settings->preface);
    return true;
}

static void begin(struct run *run)
{
    struct turn *turn = run->turn;
    const struct clause_listener listener = {run, on_clause, on_emoji};
    enum voice_language language = run->settings->language;

    run->report->chinese = run->chinese =
        language == VOICE_LANGUAGE_ZH ||
        (language == VOICE_LANGUAGE_AUTO && fold_has_wide(run->question));
    running_begin(&turn->running, run->number, run->uuid);
    if (turn->options.attempts)
        attempts_begin(turn->options.attempts, run->number, run->uuid);
    clause_init(&run->clause, &listener, run->chinese);
    buffer_init(&run->said, MAX_SAID_BYTES);
    buffer_init(&run->spoken, MAX_SAID_BYTES);
    if (turn->options.speaker &&
        speaker_begin_turn(turn->options.speaker, run->number) != STATUS_OK)
        running_stop(&turn->running);
    const struct conversation_budget budget = {(size_t)run->settings->history_turns,
                                               (uint64_t)run->settings->history_tokens};
    run->message_count = conversation_messages(turn->options.conversation, run->settings->persona,
                                               budget, run->question, run->messages);
    tell(run, (struct turn_event){.kind = TURN_STARTED});
}

static void end(struct run *run)
{
    const int64_t first_audio_ms = running_end(&run->turn->running);

    if (first_audio_ms)
        run->report->first_audio_ms = (uint32_t)(first_audio_ms - run->asked_ms);
    tell(run, (struct turn_event){.kind = TURN_ENDED, .report = run->report});
    crypto_wipe(run->said.data, run->said.size);
    crypto_wipe(run->spoken.data, run->spoken.size);
    buffer_release(&run->said);
    buffer_release(&run->spoken);
}

enum status turn_run(struct turn *turn, uint64_t number, const uint8_t *uuid, struct span question,
                     const struct turn_settings *settings, struct turn_report *report)
{
    struct run run = {
        .turn = turn,
        .settings = settings,
        .question = question,
        .report = report,
        .asked_ms = clock_mono_ms(),
        .number = number,
        .uuid = uuid,
    };

    *report = (struct turn_report){0};
    if (!question.size || question.size > CONVERSATION_MAX_TEXT_BYTES || !span_is_utf8(question))
        return STATUS_INVALID;
    begin(&run);
    if (may_ask(&run))
        ask_routes(&run);
    finish(&run);
    end(&run);
    return excuse_status(report->excuse);
}

enum status turn_create(struct turn **out, const struct turn_options *options)
{
    struct turn *turn = calloc(1, sizeof *turn);
    enum status status;

    if (!turn)
        return STATUS_MEMORY;
    turn->options = *options;
    status = pthread_mutex_init(&turn->told, NULL) ? STATUS_MEMORY : http_create(&turn->http);
    if (status == STATUS_OK)
        status = running_init(&turn->running, turn->http);
    if (status != STATUS_OK) {
        http_free(turn->http);
        free(turn);
        return status;
    }
    *out = turn;
    return STATUS_OK;
}

void turn_free(struct turn *turn)
{
    if (!turn)
        return;
    http_free(turn->http);
    running_release(&turn->running);
    pthread_mutex_destroy(&turn->told);
    free(turn);
}

void turn_warm(struct turn *turn, const wire_Route *routes, size_t count, const atomic_bool *cancel)
{
    for (size_t i = 0; i < count && i < WARM_ROUTES; i++)
        if (i == 0 || strcmp(routes[i].base_url, routes[0].base_url))
            http_warm(turn->http, routes[i].base_url, span_of(NULL, 0), cancel); /* as attempts */
}

void turn_interrupt(struct turn *turn, uint64_t number)
{
    /* Outside the lock: the speaker may be calling turn_on_speaker(). */
    if (running_interrupt(&turn->running, &number) && turn->options.speaker)
        speaker_interrupt(turn->options.speaker, number);
}

void turn_on_speaker(struct turn *turn, const struct speaker_event *event)
{
    struct turn_event clause = {.kind = TURN_CLAUSE, .number = event->turn, .text = event->text};
    uint8_t uuid[16];

    const bool current = running_on_speaker(&turn->running, event, uuid);
    clause.uuid = uuid;
    if (current && event->kind == SPEAKER_CLAUSE_STARTED && turn->options.on_event)
        turn->options.on_event(turn->options.context, &clause);
}
