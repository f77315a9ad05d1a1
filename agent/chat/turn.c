#include "agent/chat/turn.h"

#include <pthread.h>
#include <time.h>

#include "agent/chat/attempt.h"
#include "agent/chat/circuit.h"
#include "agent/chat/clause.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define MAX_SAID_BYTES    32768
#define MAX_RETRY_WAIT_MS 2000  /* a longer wait that a vendor asks for is no answer */
#define RETRY_UNTIL_MS    8000  /* after the question; later only the next route is tried */
#define ROUTE_UNTIL_MS    30000 /* after the question; later the robot gives up */
/* The record waits for the voice, so that it tells whether the owner interrupted, but not longer: a
 * power cut meanwhile would charge the worst case. */
#define RECORD_WAIT_MS 60000
#define SPEECH_WAIT_MS 600000
#define ROOM_WAIT_MS   120000
#define ROOM_STEP_MS   100
#define WARM_ROUTES    2
/* In all of a turn: a grant takes some 50 ms when the server answers at all. */
#define CREDIT_WAIT_MS 700
#define CREDIT_STEP_MS 10

_Static_assert(CLAUSE_MAX_BYTES <= SPEAKER_MAX_CLAUSE_BYTES, "a clause can be spoken");

struct turn {
    struct turn_options options;
    struct http *http;
    struct circuit_set circuits; /* the chat thread's own */
    atomic_bool cancel;          /* the running turn was interrupted */
    atomic_bool halt; /* its request ends: cancelled, or held back; read by the HTTP loop */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock: what other threads tell about the running turn */
    bool running;
    uint64_t number;
    uint64_t cancelled; /* every turn up to this one was interrupted */
    uint8_t uuid[16];
    bool heard;             /* the voice is done with it */
    int64_t first_audio_ms; /* monotonic; 0: nothing was heard yet */
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
    struct attempt_result attempt;
    bool record_open; /* attempt.record is still to be closed */
    bool limited;     /* a route was left out for want of credit */
    enum excuse kept; /* why no vendor was asked; NONE: they were */
    int64_t asked_ms;
    int64_t credit_wait_ms; /* how long credit may still be waited for */
    uint64_t told;          /* states about credit that had come when it was first lacking */
};

enum step { STEP_DONE, STEP_AGAIN, STEP_RETRY, STEP_NEXT, STEP_STOP };

static bool is_cancelled(const struct run *run)
{
    return atomic_load(&run->turn->cancel);
}

static void tell(const struct run *run, struct turn_event event)
{
    const struct turn *turn = run->turn;

    event.number = turn->number;
    event.uuid = turn->uuid;
    if (turn->options.on_event)
        turn->options.on_event(turn->options.context, &event);
}

/* With the lock held. False after the deadline. */
static bool wait_until(struct turn *turn, int64_t deadline_ms)
{
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ms / 1000),
        .tv_nsec = (long)(deadline_ms % 1000) * 1000000,
    };

    return pthread_cond_timedwait(&turn->changed, &turn->lock, &deadline) == 0;
}

static void wait_heard(struct turn *turn, int64_t timeout_ms)
{
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;

    pthread_mutex_lock(&turn->lock);
    while (!turn->heard && !atomic_load(&turn->cancel) && wait_until(turn, deadline_ms))
        ;
    pthread_mutex_unlock(&turn->lock);
}

/* Waits, or less when the turn is interrupted. */
static void pause_for(struct turn *turn, int64_t duration_ms)
{
    int64_t deadline_ms = clock_mono_ms() + duration_ms;

    pthread_mutex_lock(&turn->lock);
    while (!atomic_load(&turn->cancel) && wait_until(turn, deadline_ms))
        ;
    pthread_mutex_unlock(&turn->lock);
}

static void stop(struct turn *turn)
{
    atomic_store(&turn->cancel, true);
    atomic_store(&turn->halt, true);
    http_wake(turn->http);
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
        enum status status = speaker_say(turn->options.speaker, turn->number, text, NULL);
        if (status == STATUS_STALE)
            stop(turn);
        if (status != STATUS_FULL || clock_mono_ms() > deadline_ms)
            return;
        pause_for(turn, ROOM_STEP_MS);
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
    atomic_store(&turn->halt, true);
    http_wake(turn->http);
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
    wire_UsageRecord *record = &run->attempt.record;
    int64_t first_audio_ms;

    if (!run->record_open)
        return;
    pthread_mutex_lock(&turn->lock);
    first_audio_ms = turn->first_audio_ms;
    pthread_mutex_unlock(&turn->lock);
    if (first_audio_ms > run->attempt.started_mono_ms)
        record->first_audio_ms = (uint32_t)(first_audio_ms - run->attempt.started_mono_ms);
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
    const wire_UsageRecord *record = &run->attempt.record;
    struct turn_report *report = run->report;

    report->outcome = record->outcome;
    report->input = record->input_uncached + record->input_cached;
    report->output = record->output + record->reasoning;
    snprintf(report->vendor, sizeof report->vendor, "%s", record->vendor);
    snprintf(report->model, sizeof report->model, "%s",
             record->model_served[0] ? record->model_served : record->model);
}

/* What to do after an attempt that was made and not interrupted. */
static enum step judge(const struct run *run, bool first_try, bool last_route)
{
    const wire_UsageRecord *record = &run->attempt.record;
    bool in_time = clock_mono_ms() - run->asked_ms < RETRY_UNTIL_MS;

    if (record->outcome != wire_Outcome_FAILED)
        return STEP_DONE;
    if (run->attempt.text_bytes)
        return STEP_STOP;
    if (!first_try || !in_time || run->attempt.retry_after_ms > MAX_RETRY_WAIT_MS)
        return STEP_NEXT;
    switch (record->error_class) {
    case wire_ErrorClass_RATE:
    case wire_ErrorClass_NET:
        return STEP_RETRY;
    case wire_ErrorClass_BUSY: /* another vendor is quicker than an overloaded one */
        return last_route ? STEP_RETRY : STEP_NEXT;
    default:
        return STEP_NEXT;
    }
}

/* The server was just told that the route lacks credit. Another route is not asked for what is on
 * its way already: true when it came. */
static bool wait_for_credit(struct run *run, const wire_Route *route)
{
    const struct turn_options *options = &run->turn->options;
    enum credit_outlook outlook = journal_outlook(options->journal, route->line_id);

    while (outlook == CREDIT_AWAITED && run->credit_wait_ms > 0 && !is_cancelled(run) &&
           options->is_online && options->is_online(options->context)) {
        pause_for(run->turn, CREDIT_STEP_MS);
        run->credit_wait_ms -= CREDIT_STEP_MS;
        outlook = journal_outlook(options->journal, route->line_id);
    }
    return outlook == CREDIT_GRANTED;
}

/* No route has credit. Before the robot falls silent the server is waited for once: a limit may
 * have been raised. True when something was granted. */
static bool wait_for_any_credit(struct run *run)
{
    const struct turn_options *options = &run->turn->options;
    const struct turn_settings *settings = run->settings;

    while (run->credit_wait_ms > 0 && !is_cancelled(run) && options->is_online &&
           options->is_online(options->context)) {
        for (size_t i = 0; i < settings->route_count; i++)
            if (journal_outlook(options->journal, settings->routes[i].line_id) == CREDIT_GRANTED)
                return true;
        if (journal_credit_events(options->journal).told != run->told)
            return false;
        pause_for(run->turn, CREDIT_STEP_MS);
        run->credit_wait_ms -= CREDIT_STEP_MS;
    }
    return false;
}

/* Nothing was sent. */
static enum step judge_refusal(struct run *run, const wire_Route *route, enum status status)
{
    if (status == STATUS_DENIED) {
        if (!run->limited)
            run->told = journal_credit_events(run->turn->options.journal).told;
        tell(run, (struct turn_event){.kind = TURN_DENIED});
        if (wait_for_credit(run, route))
            return STEP_AGAIN;
    }
    log_warning("chat", "cannot use route \"%s\": %s", route->vendor, status_text(status));
    run->limited |= status == STATUS_DENIED || status == STATUS_FULL || status == STATUS_IO;
    return status == STATUS_FULL || status == STATUS_IO ? STEP_STOP : STEP_NEXT;
}

/* The first route from first on that is worth asking. */
static size_t next_route(const struct run *run, size_t first)
{
    return circuit_set_next(&run->turn->circuits, first, clock_mono_ms());
}

/* What the attempt says about its route. Whether the route is still worth asking. */
static bool note_circuit(struct run *run, const wire_Route *route, size_t index)
{
    const wire_UsageRecord *record = &run->attempt.record;
    /* Whoever tries an open circuit tries once. */
    const bool is_trial = circuit_set_try(&run->turn->circuits, index);
    const int64_t left_out_ms =
        circuit_set_note(&run->turn->circuits, index, record->error_class,
                         run->attempt.retry_after_ms, clock_mono_ms(), crypto_random_u64());

    if (left_out_ms > 0)
        log_warning("chat", "vendor \"%s\" is left out for %lld s: class=%s", route->vendor,
                    (long long)(left_out_ms / 1000), message_error_name(record->error_class));
    return !is_trial && left_out_ms == 0;
}

static uint32_t next_attempt(const struct run *run)
{
    struct turn *turn = run->turn;
    uint32_t number = run->report->attempts + 1;
    uint8_t uuid[16];

    if (turn->options.attempts &&
        attempts_next(turn->options.attempts, turn->number, uuid, &number) != STATUS_OK)
        log_error("chat", "a turn was asked for that did not begin");
    return number;
}

static enum step try_route(struct run *run, size_t index, bool first_try)
{
    const struct turn_settings *settings = run->settings;
    struct turn *turn = run->turn;
    const struct attempt_request request = {
        .route = &settings->routes[index],
        .messages = run->messages,
        .count = run->message_count,
        .max_output_tokens = settings->max_output_tokens,
        .turn = turn->uuid,
        .number = next_attempt(run),
        .generation = settings->generation,
        .cancel = &turn->halt,
        .on_text = on_text,
        .on_idle = on_idle,
        .context = run,
    };
    enum status status = attempt_run(turn->http, turn->options.journal, &request, &run->attempt);

    if (status != STATUS_OK)
        return judge_refusal(run, request.route, status);
    run->report->attempts++;
    run->record_open = true;
    note(run);
    if (run->attempt.problem[0])
        log_warning("chat", "vendor \"%s\" gave no answer: %s", request.route->vendor,
                    run->attempt.problem);
    if (is_cancelled(run) || is_held(run))
        return STEP_STOP;
    const bool may_retry = note_circuit(run, request.route, index) && first_try;
    enum step step = judge(run, may_retry, next_route(run, index + 1) == settings->route_count);
    if (step == STEP_RETRY || step == STEP_NEXT)
        close_record(run);
    return step;
}

static void try_routes(struct run *run)
{
    struct backoff backoff;
    bool first_try = true;
    size_t index = next_route(run, 0);

    backoff_init(&backoff, 400, 1000, 100);
    /* Every route is left out: one is asked all the same, else the robot would say nothing. */
    if (index == run->settings->route_count)
        index = circuit_set_soonest(&run->turn->circuits);
    while (index < run->settings->route_count && !is_cancelled(run) &&
           clock_mono_ms() - run->asked_ms < ROUTE_UNTIL_MS) {
        switch (try_route(run, index, first_try)) {
        case STEP_DONE:
        case STEP_STOP:
            return;
        case STEP_AGAIN:
            break;
        case STEP_NEXT:
            first_try = true;
            index = next_route(run, index + 1);
            break;
        case STEP_RETRY:
            first_try = false;
            pause_for(run->turn, run->attempt.retry_after_ms >= 0
                                     ? run->attempt.retry_after_ms
                                     : backoff_next(&backoff, crypto_random_u64()));
            break;
        }
    }
}

static void ask_routes(struct run *run)
{
    circuit_set_begin(&run->turn->circuits, run->settings->generation, run->settings->route_count);
    try_routes(run);
    if (run->limited && run->report->attempts == 0 && wait_for_any_credit(run))
        try_routes(run);
}

static enum excuse excuse_of(const struct run *run)
{
    const wire_UsageRecord *record = &run->attempt.record;
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
    if (run->limited)
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
    } else if (is_cancelled(run) && turn->options.speaker) {
        if (speaker_heard(turn->options.speaker, turn->number, &heard) == STATUS_OK)
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
        speaker_end_turn(speaker, turn->number);
        wait_heard(turn, RECORD_WAIT_MS);
        close_record(run);
        wait_heard(turn, SPEECH_WAIT_MS);
    }
    close_record(run);
    if (speaker && is_cancelled(run))
        speaker_interrupt(speaker, turn->number);
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
        pause_for(run->turn, wait_ms);
        run->asked_ms = clock_mono_ms();
    }
    if (settings->preface.size > 0 && !is_cancelled(run))
        say(run, settings->preface);
    return true;
}

static void begin(struct run *run, uint64_t number, const uint8_t *uuid)
{
    struct turn *turn = run->turn;
    const struct clause_listener listener = {run, on_clause, on_emoji};
    enum voice_language language = run->settings->language;

    run->report->chinese = run->chinese =
        language == VOICE_LANGUAGE_ZH ||
        (language == VOICE_LANGUAGE_AUTO && fold_has_wide(run->question));
    pthread_mutex_lock(&turn->lock);
    turn->running = true;
    turn->number = number;
    memcpy(turn->uuid, uuid, sizeof turn->uuid);
    turn->heard = false;
    turn->first_audio_ms = 0;
    atomic_store(&turn->cancel, number <= turn->cancelled);
    atomic_store(&turn->halt, number <= turn->cancelled);
    pthread_mutex_unlock(&turn->lock);

    if (turn->options.attempts)
        attempts_begin(turn->options.attempts, number, uuid);
    clause_init(&run->clause, &listener, run->chinese);
    buffer_init(&run->said, MAX_SAID_BYTES);
    buffer_init(&run->spoken, MAX_SAID_BYTES);
    if (turn->options.speaker && speaker_begin_turn(turn->options.speaker, number) != STATUS_OK)
        stop(turn);
    const struct conversation_budget budget = {(size_t)run->settings->history_turns,
                                               (uint64_t)run->settings->history_tokens};
    run->message_count = conversation_messages(turn->options.conversation, run->settings->persona,
                                               budget, run->question, run->messages);
    tell(run, (struct turn_event){.kind = TURN_STARTED});
}

static void end(struct run *run)
{
    struct turn *turn = run->turn;

    pthread_mutex_lock(&turn->lock);
    turn->running = false;
    if (turn->first_audio_ms)
        run->report->first_audio_ms = (uint32_t)(turn->first_audio_ms - run->asked_ms);
    pthread_mutex_unlock(&turn->lock);
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
        .credit_wait_ms = CREDIT_WAIT_MS,
    };

    *report = (struct turn_report){0};
    if (!question.size || question.size > CONVERSATION_MAX_TEXT_BYTES || !span_is_utf8(question))
        return STATUS_INVALID;
    begin(&run, number, uuid);
    if (may_ask(&run))
        ask_routes(&run);
    finish(&run);
    end(&run);
    return excuse_status(report->excuse);
}

static enum status init_lock(struct turn *turn)
{
    pthread_condattr_t attributes;

    if (pthread_mutex_init(&turn->lock, NULL))
        return STATUS_MEMORY;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&turn->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!failed)
        return STATUS_OK;
    pthread_mutex_destroy(&turn->lock);
    return STATUS_MEMORY;
}

enum status turn_create(struct turn **out, const struct turn_options *options)
{
    struct turn *turn = calloc(1, sizeof *turn);
    enum status status;

    if (!turn)
        return STATUS_MEMORY;
    status = init_lock(turn);
    if (status != STATUS_OK) {
        free(turn);
        return status;
    }
    turn->options = *options;
    status = http_create(&turn->http);
    if (status != STATUS_OK) {
        turn_free(turn);
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
    pthread_cond_destroy(&turn->changed);
    pthread_mutex_destroy(&turn->lock);
    free(turn);
}

void turn_warm(struct turn *turn, const wire_Route *routes, size_t count, const atomic_bool *cancel)
{
    for (size_t i = 0; i < count && i < WARM_ROUTES; i++)
        if (i == 0 || strcmp(routes[i].base_url, routes[0].base_url))
            http_warm(turn->http, routes[i].base_url, cancel);
}

void turn_interrupt(struct turn *turn, uint64_t number)
{
    pthread_mutex_lock(&turn->lock);
    bool now = turn->running && turn->number <= number;
    uint64_t running = turn->number;
    if (number > turn->cancelled)
        turn->cancelled = number;
    if (now)
        stop(turn);
    pthread_cond_broadcast(&turn->changed);
    pthread_mutex_unlock(&turn->lock);

    /* Outside the lock: the speaker may be calling turn_on_speaker(). */
    if (now && turn->options.speaker)
        speaker_interrupt(turn->options.speaker, running);
}

/* With the lock held. */
static void take_speaker_event(struct turn *turn, const struct speaker_event *event)
{
    switch (event->kind) {
    case SPEAKER_CLAUSE_STARTED:
        if (!turn->first_audio_ms)
            turn->first_audio_ms = event->mono_ms;
        break;
    case SPEAKER_INTERRUPTED:
        turn->heard = true;
        stop(turn);
        break;
    case SPEAKER_TURN_FINISHED:
        turn->heard = true;
        break;
    case SPEAKER_CLAUSE_FINISHED:
    case SPEAKER_CLAUSE_FAILED:
        break;
    }
    pthread_cond_broadcast(&turn->changed);
}

void turn_on_speaker(struct turn *turn, const struct speaker_event *event)
{
    struct turn_event clause = {.kind = TURN_CLAUSE, .number = event->turn, .text = event->text};
    uint8_t uuid[16];

    pthread_mutex_lock(&turn->lock);
    bool current = turn->running && event->turn == turn->number;
    if (current)
        take_speaker_event(turn, event);
    memcpy(uuid, turn->uuid, sizeof uuid);
    pthread_mutex_unlock(&turn->lock);

    clause.uuid = uuid;
    if (current && event->kind == SPEAKER_CLAUSE_STARTED && turn->options.on_event)
        turn->options.on_event(turn->options.context, &clause);
}
