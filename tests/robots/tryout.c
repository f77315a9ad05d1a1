#include "tests/robots/tryout.h"

#include "agent/chat/answer.h"
#include "agent/trial.h"
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"

#define MAX_URL_BYTES    512
#define MAX_BODY_BYTES   (8 * 1024)
#define TOTAL_TIMEOUT_MS 60000
#define QUESTION         "Answer with one short sentence: are you there?"

/* One attempt and what it needs while it lasts. */
struct attempt {
    wire_UsageRecord record;
    struct buffer url, body;
    struct dialect_headers headers;
    struct answer answer;
    const struct dialect *dialect;
    uint64_t input_estimate;
    int64_t sent_ms; /* monotonic */
    struct ask *ask;
};

struct tryout {
    struct tryout_options options;
    struct loop_timer timer;
    struct trial trial;
    wire_TrialReport report; /* generation 0: none */
    struct plan *plan;       /* held; NULL: nothing is */
    struct attempt *attempt;
};

static void plan_test(struct tryout *tryout)
{
    if (loop_at(tryout->options.loop, &tryout->timer, trial_due_ms(&tryout->trial)) != STATUS_OK)
        log_error("robots", "out of memory: a trial does not go on");
}

static void release_plan(struct tryout *tryout)
{
    plans_release(tryout->options.plans, tryout->plan);
    tryout->plan = NULL;
    loop_cancel(tryout->options.loop, &tryout->timer);
}

/* ---- telling ---- */

static void reach(struct tryout *tryout, wire_TrialStep step, int64_t after_ms)
{
    wire_TrialReport *report = &tryout->report;

    for (pb_size_t i = report->step_ms_count; i < (pb_size_t)step; i++)
        report->step_ms[i] = (uint32_t)after_ms;
    report->step_ms_count = (pb_size_t)step;
    report->step = step;
}

static enum trial_outcome fail(struct tryout *tryout, wire_ErrorClass error_class, bool may_pass,
                               const char *reason)
{
    wire_TrialReport *report = &tryout->report;

    report->error_class = error_class;
    report->retryable = may_pass;
    snprintf(report->reason, sizeof report->reason, "%s", reason);
    return may_pass ? TRIAL_MAY_PASS : TRIAL_CANNOT_PASS;
}

static bool is_passing(wire_ErrorClass error_class)
{
    return error_class == wire_ErrorClass_RATE || error_class == wire_ErrorClass_BUSY ||
           error_class == wire_ErrorClass_NET;
}

static enum trial_outcome judge(struct tryout *tryout, const wire_UsageRecord *record,
                                int64_t took_ms)
{
    if (record->outcome == wire_Outcome_FAILED)
        return fail(tryout, record->error_class, is_passing(record->error_class),
                    "the vendor gave no answer");
    if (record->outcome == wire_Outcome_FILTERED)
        return fail(tryout, wire_ErrorClass_CONTENT, false, "the vendor's filter refused it");
    if (tryout->report.step < wire_TrialStep_TRIAL_FIRST_TOKEN)
        return fail(tryout, wire_ErrorClass_ERROR_NONE, false, "the answer had no words");
    reach(tryout, wire_TrialStep_TRIAL_MOUTH, took_ms);
    if (record->provenance != wire_Provenance_VENDOR_FINAL)
        return fail(tryout, wire_ErrorClass_ERROR_NONE, false,
                    "the vendor did not say what it counted");
    reach(tryout, wire_TrialStep_TRIAL_USAGE, took_ms);
    return TRIAL_WENT_WELL;
}

/* The test that began has ended. */
static void end_test(struct tryout *tryout, enum trial_outcome outcome)
{
    const struct tryout_options *options = &tryout->options;

    trial_end(&tryout->trial, outcome, options->is_online(options->context), clock_mono_ms(),
              dice_next(&tryout->options.dice));
    tryout->report.tries = tryout->trial.tries;
    if (tryout->trial.state == TRIAL_WAITING) {
        plan_test(tryout);
        return;
    }
    const bool is_passed = tryout->trial.state == TRIAL_PASSED;
    tryout->report.verdict =
        is_passed ? wire_TrialVerdict_TRIAL_PASSED : wire_TrialVerdict_TRIAL_FAILED;
    options->on_settled(options->context, is_passed);
    release_plan(tryout);
}

/* ---- the attempt ---- */

static void free_attempt(struct tryout *tryout)
{
    struct attempt *attempt = tryout->attempt;

    answer_release(&attempt->answer);
    buffer_release(&attempt->url);
    buffer_release(&attempt->body);
    crypto_wipe(&attempt->headers, sizeof attempt->headers);
    free(attempt);
    tryout->attempt = NULL;
}

static wire_UsageRecord close_attempt(struct tryout *tryout, enum answer_end end)
{
    struct attempt *attempt = tryout->attempt;
    wire_UsageRecord *record = &attempt->record;

    answer_close(&attempt->answer, end, attempt->input_estimate, record);
    record->end_ms = clock_wall_ms() + tryout->options.wall_skew_ms;
    record->interrupted = end == ANSWER_INTERRUPTED;
    enum status status = journal_close_attempt(tryout->options.journal, record);
    if (status != STATUS_OK)
        log_error("robots", "cannot close a trial's attempt: %s", status_text(status));
    wire_UsageRecord closed = *record;
    free_attempt(tryout);
    return closed;
}

static void on_text(void *context, struct span text)
{
    struct tryout *tryout = context;

    (void)text;
    if (tryout->report.step >= wire_TrialStep_TRIAL_FIRST_TOKEN)
        return;
    const int64_t after_ms = clock_mono_ms() - tryout->attempt->sent_ms;
    tryout->attempt->record.first_token_ms = (uint32_t)after_ms;
    reach(tryout, wire_TrialStep_TRIAL_FIRST_TOKEN, after_ms);
}

static void on_status(void *context, int status)
{
    struct tryout *tryout = context;

    reach(tryout, wire_TrialStep_TRIAL_CONNECTED, clock_mono_ms() - tryout->attempt->sent_ms);
    answer_on_status(&tryout->attempt->answer, status);
}

static void on_header(void *context, struct span name, struct span value)
{
    answer_on_header(&((struct tryout *)context)->attempt->answer, name, value);
}

static enum status on_body(void *context, struct span bytes)
{
    return answer_on_body(&((struct tryout *)context)->attempt->answer, bytes);
}

static void on_done(void *context, const struct ask_end *end)
{
    struct tryout *tryout = context;
    const int64_t took_ms = clock_mono_ms() - tryout->attempt->sent_ms;
    const enum answer_end how = !end->sent                 ? ANSWER_NOT_SENT
                                : end->status == STATUS_OK ? ANSWER_COMPLETE
                                                           : ANSWER_CUT;

    tryout->attempt->ask = NULL;
    const wire_UsageRecord record = close_attempt(tryout, how);
    end_test(tryout, judge(tryout, &record, took_ms));
    tryout->options.on_closed(tryout->options.context);
}

static void prepare_record(struct tryout *tryout, const wire_Route *route, struct reservation worst)
{
    wire_UsageRecord *record = &tryout->attempt->record;

    *record = (wire_UsageRecord){
        .attempt = 1,
        .contract_version = route->contract_version,
        .start_ms = clock_wall_ms() + tryout->options.wall_skew_ms,
        .generation = tryout->trial.generation,
        .purpose = wire_Purpose_TEST,
        .reserved_input = worst.input,
        .reserved_output = worst.output,
    };
    crypto_uuid(record->turn);
    memcpy(record->vendor, route->vendor, sizeof record->vendor);
    memcpy(record->model, route->model, sizeof record->model);
    memcpy(record->contract, route->contract, sizeof record->contract);
}

static enum status open_attempt(struct tryout *tryout, const wire_Route *route, const char *line_id)
{
    struct attempt *attempt = tryout->attempt;
    const struct dialect_message message = {DIALECT_USER, span_text(QUESTION)};
    struct dialect_question question = {
        .model = route->model,
        .messages = &message,
        .count = 1,
        .max_output_tokens = CREDIT_TEST_OUTPUT,
    };
    char turn[ENCODE_UUID_SIZE], id[ENCODE_UUID_SIZE + 12];

    prepare_record(tryout, route, dialect_worst_case(attempt->dialect, &question));
    snprintf(attempt->record.line_id, sizeof attempt->record.line_id, "%s", line_id);
    journal_clip(tryout->options.journal, &attempt->record);
    question.max_output_tokens = (int64_t)attempt->record.reserved_output;
    encode_uuid(attempt->record.turn, turn);
    snprintf(id, sizeof id, "%s-1", turn);
    dialect_url(attempt->dialect, route->base_url, &attempt->url);
    dialect_write(attempt->dialect, &question, &attempt->body);
    enum status status = buffer_status(&attempt->url);
    if (status == STATUS_OK)
        status = buffer_status(&attempt->body);
    if (status == STATUS_OK)
        status = dialect_headers(attempt->dialect, route->api_key, id, &attempt->headers);
    if (status != STATUS_OK)
        return STATUS_INVALID;
    attempt->input_estimate = dialect_estimate_input(attempt->dialect, &question);
    return journal_begin(tryout->options.journal, &attempt->record);
}

/* The first one, or the one of the vendor that the trial is about. */
static const wire_Route *choose(const struct plan *plan, const char **line_id)
{
    *line_id = plan->trial.line_id;
    for (size_t i = 0; i < plan->route_count && plan->trial.vendor[0]; i++) {
        if (strcmp(plan->routes[i].vendor, plan->trial.vendor) != 0)
            continue;
        *line_id = plan->trial.vendor_line_id;
        return &plan->routes[i];
    }
    return &plan->routes[0];
}

static enum status make_attempt(struct tryout *tryout)
{
    const char *line_id;
    const wire_Route *route = choose(tryout->plan, &line_id);
    struct attempt *attempt = calloc(1, sizeof *attempt);

    if (attempt == NULL)
        return STATUS_MEMORY;
    attempt->dialect = dialect_find(route->dialect);
    if (attempt->dialect == NULL) {
        free(attempt);
        return STATUS_INVALID;
    }
    tryout->attempt = attempt;
    buffer_init(&attempt->url, MAX_URL_BYTES);
    buffer_init(&attempt->body, MAX_BODY_BYTES);
    answer_init(&attempt->answer, attempt->dialect, on_text, tryout);
    enum status status = open_attempt(tryout, route, line_id);
    if (status != STATUS_OK)
        free_attempt(tryout);
    return status;
}

static void send_attempt(struct tryout *tryout)
{
    struct attempt *attempt = tryout->attempt;
    const struct http_request request = {
        .url = buffer_cstring(&attempt->url),
        .headers = attempt->headers.list,
        .header_count = attempt->headers.count,
        .body = buffer_span(&attempt->body),
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
    };
    const struct ask_listener listener = {.http = {.context = tryout,
                                                   .on_status = on_status,
                                                   .on_header = on_header,
                                                   .on_body = on_body},
                                          .on_done = on_done};

    attempt->sent_ms = clock_mono_ms();
    enum status status = asker_ask(tryout->options.asker, &request, &listener, &attempt->ask);
    if (status != STATUS_OK)
        on_done(tryout, &(struct ask_end){status, false});
}

/* Nothing was sent. */
static void refuse(struct tryout *tryout, enum status status)
{
    if (status == STATUS_DENIED)
        tryout->options.on_closed(tryout->options.context);
    end_test(tryout, fail(tryout, wire_ErrorClass_ERROR_NONE, status != STATUS_INVALID,
                          status == STATUS_DENIED    ? "there is no credit for the test"
                          : status == STATUS_INVALID ? "the route cannot be used"
                                                     : "the journal takes no attempt"));
}

static void on_due(void *context)
{
    struct tryout *tryout = context;
    const struct tryout_options *options = &tryout->options;

    if (!trial_begin(&tryout->trial, options->is_online(options->context), clock_mono_ms())) {
        plan_test(tryout);
        return;
    }
    tryout->report = (wire_TrialReport){.generation = tryout->trial.generation,
                                        .verdict = wire_TrialVerdict_TRIAL_RUNNING,
                                        .tries = tryout->trial.tries};
    if (tryout->plan->route_count == 0) {
        end_test(tryout,
                 fail(tryout, wire_ErrorClass_ERROR_NONE, false, "it has no route for chat"));
        return;
    }
    enum status status = make_attempt(tryout);
    if (status == STATUS_OK)
        send_attempt(tryout);
    else
        refuse(tryout, status);
}

/* ---- life ---- */

enum status tryout_create(struct tryout **out, const struct tryout_options *options)
{
    struct tryout *tryout = calloc(1, sizeof *tryout);

    if (tryout == NULL)
        return STATUS_MEMORY;
    tryout->options = *options;
    tryout->timer.on_due = on_due;
    tryout->timer.context = tryout;
    *out = tryout;
    return STATUS_OK;
}

static void drop(struct tryout *tryout)
{
    if (tryout->attempt != NULL) {
        bool sent = false;

        if (tryout->attempt->ask != NULL)
            asker_cancel(tryout->options.asker, tryout->attempt->ask, &sent);
        close_attempt(tryout, sent ? ANSWER_INTERRUPTED : ANSWER_NOT_SENT);
    }
    trial_withdraw(&tryout->trial);
    tryout->report = (wire_TrialReport){.generation = 0};
    if (tryout->plan != NULL)
        release_plan(tryout);
}

void tryout_free(struct tryout *tryout)
{
    if (tryout == NULL)
        return;
    drop(tryout);
    free(tryout);
}

bool tryout_offer(struct tryout *tryout, struct plan *plan, uint64_t generation)
{
    if (tryout->report.generation == generation &&
        tryout->report.verdict != wire_TrialVerdict_TRIAL_PASSED)
        return false;
    drop(tryout);
    plan->references++;
    tryout->plan = plan;
    tryout->report =
        (wire_TrialReport){.generation = generation, .verdict = wire_TrialVerdict_TRIAL_RUNNING};
    trial_offer(&tryout->trial, generation, plan->trial.window_s, 0, clock_mono_ms());
    plan_test(tryout);
    return true;
}

void tryout_withdraw(struct tryout *tryout)
{
    drop(tryout);
}

bool tryout_report(const struct tryout *tryout, wire_TrialReport *out)
{
    *out = tryout->report;
    return tryout->report.generation > 0;
}
