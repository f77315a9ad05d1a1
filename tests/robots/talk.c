#include "tests/robots/talk.h"

#include <math.h>

#include "agent/chat/answer.h"
#include "agent/chat/circuit.h"
#include "agent/chat/next_step.h"
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"
#include "tests/robots/questions.h"

#define MAX_URL_BYTES    512
#define MAX_BODY_BYTES   (64 * 1024)
#define MAX_SAID_BYTES   8192
#define MAX_HISTORY      20
#define MAX_MESSAGES     (2 * MAX_HISTORY + 2)
#define TOTAL_TIMEOUT_MS 180000
#define INTERRUPT_WITHIN 3000  /* ms after the first text */
#define MAX_SPACING_MS   10000 /* longer the owner is not kept waiting by turns_per_minute */
#define CREDIT_WAIT_MS   700   /* in all of a turn, as the agent does */
#define CREDIT_STEP_MS   20

enum phase {
    PHASE_IDLE,     /* until the owner asks */
    PHASE_THINKING, /* the attempt is open, the owner still speaks */
    PHASE_ASKING,   /* the vendor answers */
    PHASE_PAUSING,  /* before the retry */
    PHASE_LACKING,  /* until credit for the attempt comes, or not */
};

struct exchange {
    char *question, *answer;
};

/* One attempt and what it needs while it lasts. */
struct attempt {
    wire_UsageRecord record;
    struct buffer url, body;
    struct dialect_headers headers;
    struct answer answer;
    const struct dialect *dialect;
    uint64_t input_estimate;
    int64_t sent_ms; /* monotonic */
    struct ask *ask; /* NULL: not sent yet */
};

struct talk {
    struct talk_options options;
    struct loop_timer timer;     /* the next step of the phase */
    struct loop_timer interrupt; /* the owner has heard enough */
    enum phase phase;
    struct plan *plan; /* of the next turn */
    uint64_t generation;
    struct talk_counts counts;
    struct exchange history[MAX_HISTORY];
    size_t history_count;

    struct plan *turn_plan; /* of the turn under way */
    uint64_t turn_generation;
    uint8_t turn[16];
    char question[QUESTIONS_SIZE];
    struct buffer said;
    uint32_t number; /* of the last attempt */
    size_t route;
    size_t last_route; /* behind it none is tried */
    bool retried;
    struct circuit_set circuits; /* from turn to turn */
    int64_t asked_ms;            /* monotonic */
    int64_t credit_wait_ms;      /* how long credit may still be waited for */
    talk_probed_fn on_probed;
    int64_t next_turn_ms; /* none is asked before, by turns_per_minute */
    struct attempt *attempt;
    /* how the owner's last turn ended */
    int64_t ended_ms; /* 0: none did */
    enum excuse excuse;
    wire_ErrorClass error_class; /* of its last attempt */
};

static void start_attempt(struct talk *talk);

/* The one place that changes the phase. */
static void enter(struct talk *talk, enum phase phase, int64_t wait_ms)
{
    talk->phase = phase;
    if (wait_ms < 0)
        loop_cancel(talk->options.loop, &talk->timer);
    else if (loop_at(talk->options.loop, &talk->timer, clock_mono_ms() + wait_ms) != STATUS_OK)
        log_error("robots", "out of memory: a robot falls silent");
}

static void wait_for_owner(struct talk *talk)
{
    double mean_ms;

    if (talk->options.turns_per_minute <= 0) {
        enter(talk, PHASE_IDLE, -1);
        return;
    }
    mean_ms = 60000 / talk->options.turns_per_minute;
    double wait_ms = -log(1 - dice_fraction(&talk->options.dice)) * mean_ms;
    enter(talk, PHASE_IDLE, wait_ms < 1e12 ? (int64_t)wait_ms : (int64_t)1e12);
}

static void forget_oldest(struct talk *talk)
{
    free(talk->history[0].question);
    free(talk->history[0].answer);
    talk->history_count--;
    memmove(talk->history, talk->history + 1, talk->history_count * sizeof *talk->history);
}

static void remember(struct talk *talk)
{
    struct exchange *exchange;

    if (talk->said.size == 0)
        return;
    if (talk->history_count == MAX_HISTORY)
        forget_oldest(talk);
    exchange = &talk->history[talk->history_count];
    exchange->question = strdup(talk->question);
    exchange->answer = strdup(buffer_cstring(&talk->said));
    if (exchange->question != NULL && exchange->answer != NULL) {
        talk->history_count++;
        return;
    }
    free(exchange->question);
    free(exchange->answer);
}

static void end_turn(struct talk *talk, const char *reason)
{
    talk_probed_fn on_probed = talk->on_probed;

    talk->counts.turns++;
    if (reason[0] != '\0')
        talk->counts.failed++;
    if (on_probed == NULL) {
        talk->ended_ms = clock_mono_ms();
        talk->excuse = reason[0] == '\0' || talk->said.size > 0   ? EXCUSE_NONE
                       : talk->number == 0                        ? EXCUSE_LIMIT
                       : talk->error_class == wire_ErrorClass_NET ? EXCUSE_OFFLINE
                                                                  : EXCUSE_BUSY;
    }
    remember(talk);
    buffer_clear(&talk->said);
    plans_release(talk->options.plans, talk->turn_plan);
    talk->turn_plan = NULL;
    talk->on_probed = NULL;
    wait_for_owner(talk);
    if (on_probed != NULL)
        on_probed(talk->options.context, reason);
}

static void free_attempt(struct talk *talk)
{
    struct attempt *attempt = talk->attempt;

    if (attempt == NULL)
        return;
    loop_cancel(talk->options.loop, &talk->interrupt);
    answer_release(&attempt->answer);
    buffer_release(&attempt->url);
    buffer_release(&attempt->body);
    crypto_wipe(&attempt->headers, sizeof attempt->headers);
    free(attempt);
    talk->attempt = NULL;
}

/* Writes the attempt's end into the journal and returns its record. */
static wire_UsageRecord close_attempt(struct talk *talk, enum answer_end end)
{
    struct attempt *attempt = talk->attempt;
    wire_UsageRecord *record = &attempt->record;

    answer_close(&attempt->answer, end, attempt->input_estimate, record);
    record->end_ms = clock_wall_ms() + talk->options.wall_skew_ms;
    if (end == ANSWER_INTERRUPTED) {
        record->interrupted = true;
        talk->counts.interrupted++;
    }
    enum status status = journal_close_attempt(talk->options.journal, record);
    if (status != STATUS_OK)
        log_error("robots", "cannot close an attempt in the journal: %s", status_text(status));
    wire_UsageRecord closed = *record;
    free_attempt(talk);
    talk->options.on_closed(talk->options.context);
    return closed;
}

/* The first route from first on that is worth asking. A probe asks its one route whatever is known
 * of it, and what comes of that is no news to the owner's turns. */
static size_t worth_asking(const struct talk *talk, size_t first)
{
    return talk->on_probed != NULL ? first
                                   : circuit_set_next(&talk->circuits, first, clock_mono_ms());
}

/* What the attempt says about its route. Whether the route is still worth asking. */
static bool note_circuit(struct talk *talk, wire_ErrorClass error_class, int64_t retry_after_ms)
{
    if (talk->on_probed != NULL)
        return true;
    const bool is_trial = circuit_set_try(&talk->circuits, talk->route);
    const int64_t left_out_ms =
        circuit_set_note(&talk->circuits, talk->route, error_class, retry_after_ms, clock_mono_ms(),
                         dice_next(&talk->options.dice));

    return !is_trial && left_out_ms == 0;
}

static enum next_step judge(struct talk *talk, const wire_UsageRecord *record,
                            int64_t retry_after_ms)
{
    const bool is_worth_it = note_circuit(talk, record->error_class, retry_after_ms);
    const struct next_step_facts facts = {
        .outcome = record->outcome,
        .error_class = record->error_class,
        .has_text = talk->said.size > 0,
        .may_retry = is_worth_it && !talk->retried,
        .is_last_route = worth_asking(talk, talk->route + 1) >= talk->last_route,
        .age_ms = clock_mono_ms() - talk->asked_ms,
        .retry_after_ms = retry_after_ms,
    };

    return next_step_of(&facts);
}

static void retry(struct talk *talk, int64_t retry_after_ms)
{
    talk->retried = true;
    enter(talk, PHASE_PAUSING,
          retry_after_ms >= 0 ? retry_after_ms
                              : 100 + (int64_t)dice_below(&talk->options.dice, 900));
}

static enum answer_end end_of(const struct ask_end *end)
{
    if (!end->sent)
        return ANSWER_NOT_SENT;
    return end->status == STATUS_OK ? ANSWER_COMPLETE : ANSWER_CUT;
}

static void on_done(void *context, const struct ask_end *end)
{
    struct talk *talk = context;
    int64_t retry_after_ms = answer_retry_after_ms(&talk->attempt->answer);

    talk->attempt->ask = NULL;
    const wire_UsageRecord record = close_attempt(talk, end_of(end));
    talk->error_class = record.error_class;
    switch (judge(talk, &record, retry_after_ms)) {
    case NEXT_STEP_DONE:
        end_turn(talk, "");
        break;
    case NEXT_STEP_STOP:
        end_turn(talk, talk->said.size > 0 ? "the answer broke off" : "no route answered");
        break;
    case NEXT_STEP_RETRY:
        retry(talk, retry_after_ms);
        break;
    case NEXT_STEP_ROUTE:
        talk->retried = false;
        talk->route = worth_asking(talk, talk->route + 1);
        start_attempt(talk);
        break;
    }
}

static void on_interrupt(void *context)
{
    struct talk *talk = context;
    bool sent;

    asker_cancel(talk->options.asker, talk->attempt->ask, &sent);
    talk->attempt->ask = NULL;
    close_attempt(talk, ANSWER_INTERRUPTED);
    end_turn(talk, "");
}

/* How likely the owner interrupts the vendor that answers now. */
static unsigned interrupt_percent(const struct talk *talk)
{
    const struct talk_options *options = &talk->options;

    for (size_t i = 0; i < options->patience_count; i++)
        if (strcmp(options->patience[i].vendor, talk->attempt->record.vendor) == 0)
            return options->patience[i].interrupt_percent;
    return options->interrupt_percent;
}

static void on_text(void *context, struct span text)
{
    struct talk *talk = context;
    struct dice *dice = &talk->options.dice;
    int64_t now_ms = clock_mono_ms();

    if (talk->said.size == 0) {
        talk->attempt->record.first_token_ms = (uint32_t)(now_ms - talk->attempt->sent_ms);
        if (dice_below(dice, 100) < interrupt_percent(talk) &&
            loop_at(talk->options.loop, &talk->interrupt,
                    now_ms + (int64_t)dice_below(dice, INTERRUPT_WITHIN)) != STATUS_OK)
            log_error("robots", "out of memory: an owner is not heard");
    }
    buffer_add(&talk->said, text);
}

static void on_status(void *context, int status)
{
    answer_on_status(&((struct talk *)context)->attempt->answer, status);
}

static void on_header(void *context, struct span name, struct span value)
{
    answer_on_header(&((struct talk *)context)->attempt->answer, name, value);
}

static enum status on_body(void *context, struct span bytes)
{
    return answer_on_body(&((struct talk *)context)->attempt->answer, bytes);
}

static void send_attempt(struct talk *talk)
{
    struct attempt *attempt = talk->attempt;
    const struct http_request request = {
        .url = buffer_cstring(&attempt->url),
        .headers = attempt->headers.list,
        .header_count = attempt->headers.count,
        .body = buffer_span(&attempt->body),
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
    };
    const struct ask_listener listener = {.http = {.context = talk,
                                                   .on_status = on_status,
                                                   .on_header = on_header,
                                                   .on_body = on_body},
                                          .on_done = on_done};

    attempt->sent_ms = clock_mono_ms();
    enter(talk, PHASE_ASKING, -1);
    enum status status = asker_ask(talk->options.asker, &request, &listener, &attempt->ask);
    if (status != STATUS_OK)
        on_done(talk, &(struct ask_end){status, false});
}

static size_t make_messages(const struct talk *talk, struct dialect_message *messages)
{
    const struct plan *plan = talk->turn_plan;
    size_t turns = talk->history_count, count = 0;

    if (turns > (size_t)plan->history_turns)
        turns = (size_t)plan->history_turns;
    if (plan->persona != NULL && plan->persona[0] != '\0')
        messages[count++] = (struct dialect_message){DIALECT_SYSTEM, span_text(plan->persona)};
    for (size_t i = talk->history_count - turns; i < talk->history_count; i++) {
        messages[count++] =
            (struct dialect_message){DIALECT_USER, span_text(talk->history[i].question)};
        messages[count++] =
            (struct dialect_message){DIALECT_ASSISTANT, span_text(talk->history[i].answer)};
    }
    messages[count++] = (struct dialect_message){DIALECT_USER, span_text(talk->question)};
    return count;
}

static void prepare_record(struct talk *talk, const wire_Route *route, struct reservation worst)
{
    wire_UsageRecord *record = &talk->attempt->record;

    *record = (wire_UsageRecord){
        .attempt = talk->number,
        .contract_version = route->contract_version,
        .start_ms = clock_wall_ms() + talk->options.wall_skew_ms,
        .generation = talk->turn_generation,
        .reserved_input = worst.input,
        .reserved_output = worst.output,
    };
    memcpy(record->turn, talk->turn, sizeof record->turn);
    memcpy(record->vendor, route->vendor, sizeof record->vendor);
    memcpy(record->model, route->model, sizeof record->model);
    memcpy(record->contract, route->contract, sizeof record->contract);
    memcpy(record->line_id, route->line_id, sizeof record->line_id);
}

/* Everything the attempt on this route needs, the open entry in the journal last. */
static enum status open_attempt(struct talk *talk, const wire_Route *route)
{
    struct attempt *attempt = talk->attempt;
    struct dialect_message messages[MAX_MESSAGES];
    struct dialect_question question = {
        .model = route->model,
        .messages = messages,
        .count = make_messages(talk, messages),
        .max_output_tokens = talk->turn_plan->max_output_tokens,
    };
    char turn[ENCODE_UUID_SIZE], id[ENCODE_UUID_SIZE + 12];

    prepare_record(talk, route, dialect_worst_case(attempt->dialect, &question));
    journal_clip(talk->options.journal, &attempt->record);
    question.max_output_tokens = (int64_t)attempt->record.reserved_output;
    encode_uuid(talk->turn, turn);
    snprintf(id, sizeof id, "%s-%u", turn, talk->number);
    dialect_url(attempt->dialect, route->base_url, &attempt->url);
    dialect_write(attempt->dialect, &question, &attempt->body);
    enum status status = buffer_status(&attempt->url);
    if (status == STATUS_OK)
        status = buffer_status(&attempt->body);
    if (status == STATUS_OK)
        status = dialect_headers(attempt->dialect, route->api_key, id, &attempt->headers);
    if (status != STATUS_OK)
        return status;
    attempt->input_estimate = dialect_estimate_input(attempt->dialect, &question);
    return journal_begin(talk->options.journal, &attempt->record);
}

static enum status make_attempt(struct talk *talk, const wire_Route *route)
{
    const struct dialect *dialect = dialect_find(route->dialect);
    struct attempt *attempt = calloc(1, sizeof *attempt);

    if (attempt == NULL || dialect == NULL) {
        free(attempt);
        return attempt == NULL ? STATUS_MEMORY : STATUS_INVALID;
    }
    attempt->dialect = dialect;
    buffer_init(&attempt->url, MAX_URL_BYTES);
    buffer_init(&attempt->body, MAX_BODY_BYTES);
    answer_init(&attempt->answer, dialect, on_text, talk);
    talk->attempt = attempt;
    talk->number++;
    enum status status = open_attempt(talk, route);
    if (status != STATUS_OK) {
        talk->number--;
        free_attempt(talk);
    }
    return status;
}

/* A grant may be on its way: another route is not asked meanwhile. */
static bool awaits_credit(const struct talk *talk)
{
    const struct talk_options *options = &talk->options;
    const wire_Route *route = &talk->turn_plan->routes[talk->route];

    return talk->credit_wait_ms > 0 && options->is_online(options->context) &&
           journal_outlook(options->journal, route->line_id) == CREDIT_AWAITED;
}

/* Opens an attempt on the present route, or on the first behind it that takes one. */
static void start_attempt(struct talk *talk)
{
    for (; talk->route < talk->last_route; talk->route = worth_asking(talk, talk->route + 1)) {
        enum status status = make_attempt(talk, &talk->turn_plan->routes[talk->route]);

        if (status == STATUS_OK) {
            bool first = talk->number == 1;
            const int64_t per_minute = talk->turn_plan->turns_per_minute;

            if (first && per_minute > 0)
                talk->next_turn_ms = clock_mono_ms() + 60000 / per_minute;

            talk->counts.attempts++;
            talk->counts.clipped += talk->attempt->record.reserved_output <
                                    (uint64_t)talk->turn_plan->max_output_tokens;
            enter(talk, PHASE_THINKING, first ? talk->options.think_ms : 0);
            return;
        }
        talk->counts.refused++;
        if (status == STATUS_DENIED) {
            talk->counts.denied++;
            talk->options.on_closed(talk->options.context);
            if (awaits_credit(talk)) {
                enter(talk, PHASE_LACKING, CREDIT_STEP_MS);
                return;
            }
        }
        if (status == STATUS_FULL || status == STATUS_IO)
            break;
    }
    end_turn(talk, talk->number == 0 ? "no route takes an attempt" : "no route answered");
}

static void start_turn(struct talk *talk, struct plan *plan, size_t first_route, size_t last_route)
{
    talk->turn_plan = plan;
    plan->references++;
    talk->turn_generation = talk->generation;
    crypto_uuid(talk->turn);
    questions_draw(&talk->options.dice, talk->question);
    talk->number = 0;
    circuit_set_begin(&talk->circuits, talk->generation, plan->route_count);
    talk->route = worth_asking(talk, first_route);
    talk->last_route = last_route;
    /* Every route is left out: one is asked all the same. */
    if (talk->route >= last_route && first_route < last_route)
        talk->route = circuit_set_soonest(&talk->circuits);
    talk->retried = false;
    talk->asked_ms = clock_mono_ms() + talk->options.think_ms;
    talk->credit_wait_ms = CREDIT_WAIT_MS;
    start_attempt(talk);
}

/* What was granted meanwhile is tried; where nothing came in time the next route is. */
static void look_for_credit(struct talk *talk)
{
    const char *line_id = talk->turn_plan->routes[talk->route].line_id;

    talk->credit_wait_ms -= CREDIT_STEP_MS;
    if (awaits_credit(talk)) {
        enter(talk, PHASE_LACKING, CREDIT_STEP_MS);
        return;
    }
    if (journal_outlook(talk->options.journal, line_id) != CREDIT_GRANTED)
        talk->route = worth_asking(talk, talk->route + 1);
    start_attempt(talk);
}

/* The owner asks. What the configuration does not allow is a turn without an answer; a short wait
 * the owner takes. */
static void ask(struct talk *talk)
{
    const struct plan *plan = talk->plan;
    const int64_t now_ms = clock_mono_ms();
    const int64_t wait_ms = plan->turns_per_minute > 0 ? talk->next_turn_ms - now_ms : 0;

    if (plan->asks_nobody || wait_ms > MAX_SPACING_MS) {
        talk->counts.turns++;
        talk->counts.failed++;
        talk->counts.limited++;
        wait_for_owner(talk);
    } else if (wait_ms > 0) {
        enter(talk, PHASE_IDLE, wait_ms);
    } else {
        start_turn(talk, talk->plan, 0, talk->plan->route_count);
    }
}

static void on_due(void *context)
{
    struct talk *talk = context;

    switch (talk->phase) {
    case PHASE_IDLE:
        ask(talk);
        break;
    case PHASE_THINKING:
        send_attempt(talk);
        break;
    case PHASE_PAUSING:
        start_attempt(talk);
        break;
    case PHASE_LACKING:
        look_for_credit(talk);
        break;
    case PHASE_ASKING:
        break;
    }
}

enum status talk_create(struct talk **out, const struct talk_options *options)
{
    struct talk *talk = calloc(1, sizeof *talk);

    if (talk == NULL)
        return STATUS_MEMORY;
    talk->options = *options;
    talk->timer.on_due = on_due;
    talk->timer.context = talk;
    talk->interrupt.on_due = on_interrupt;
    talk->interrupt.context = talk;
    talk->plan = plans_default(options->plans);
    buffer_init(&talk->said, MAX_SAID_BYTES);
    wait_for_owner(talk);
    *out = talk;
    return STATUS_OK;
}

void talk_hush(struct talk *talk)
{
    talk->options.turns_per_minute = 0;
    if (talk->attempt != NULL) {
        bool sent = false;

        if (talk->attempt->ask != NULL)
            asker_cancel(talk->options.asker, talk->attempt->ask, &sent);
        close_attempt(talk, sent ? ANSWER_INTERRUPTED : ANSWER_NOT_SENT);
    }
    if (talk->turn_plan != NULL)
        end_turn(talk, talk->on_probed != NULL ? "the robot was stopped" : "");
    wait_for_owner(talk);
}

void talk_free(struct talk *talk)
{
    if (talk == NULL)
        return;
    talk_hush(talk);
    loop_cancel(talk->options.loop, &talk->timer);
    plans_release(talk->options.plans, talk->plan);
    talk_forget(talk);
    buffer_release(&talk->said);
    free(talk);
}

void talk_set_plan(struct talk *talk, struct plan *plan, uint64_t generation)
{
    plan->references++;
    plans_release(talk->options.plans, talk->plan);
    talk->plan = plan;
    talk->generation = generation;
}

enum status talk_probe(struct talk *talk, const char *route, talk_probed_fn on_probed)
{
    char name[sizeof talk->plan->routes->vendor + sizeof talk->plan->routes->model];

    for (size_t i = 0; i < talk->plan->route_count; i++) {
        const wire_Route *known = &talk->plan->routes[i];

        snprintf(name, sizeof name, "%s/%s", known->vendor, known->model);
        if (strcmp(name, route) != 0)
            continue;
        if (talk->phase != PHASE_IDLE)
            return STATUS_AGAIN;
        if (talk->plan->asks_nobody)
            return STATUS_DENIED;
        talk->on_probed = on_probed;
        start_turn(talk, talk->plan, i, i + 1);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

void talk_forget(struct talk *talk)
{
    while (talk->history_count > 0)
        forget_oldest(talk);
}

bool talk_is_busy(const struct talk *talk)
{
    return talk->phase != PHASE_IDLE;
}

const struct talk_counts *talk_counts(const struct talk *talk)
{
    return &talk->counts;
}

void talk_tell_turn(const struct talk *talk, struct selfcheck_facts *out)
{
    const struct plan *plan = talk->plan;

    out->routes = plan->route_count;
    out->is_configured = talk->generation > 0;
    out->may_ask = !plan->asks_nobody;
    out->turn_ms = talk->ended_ms;
    out->excuse = talk->excuse;
    out->error_class = talk->error_class;
    for (size_t i = 0; i < plan->route_count; i++)
        out->credit_came =
            out->credit_came ||
            journal_outlook(talk->options.journal, plan->routes[i].line_id) == CREDIT_GRANTED;
}

void talk_tell_circuits(const struct talk *talk, wire_Health *out)
{
    if (talk->plan != NULL && talk->circuits.generation == talk->generation &&
        talk->circuits.count == talk->plan->route_count)
        circuit_tell(&talk->circuits, talk->plan->routes, clock_mono_ms(), out);
}
