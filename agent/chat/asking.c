#include "agent/chat/asking.h"

#include "agent/chat/next_step.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

/* In all of a turn: a grant takes some 50 ms when the server answers at all. */
#define CREDIT_WAIT_MS 700
#define CREDIT_STEP_MS 10

enum step { STEP_DONE, STEP_AGAIN, STEP_RETRY, STEP_NEXT };

static bool is_halted(const struct asking *asking)
{
    return atomic_load(asking->halt);
}

static bool may_wait(const struct asking *asking)
{
    return asking->credit_wait_ms > 0 && !is_halted(asking) &&
           asking->host.is_online(asking->host.context);
}

static void wait_a_step(struct asking *asking)
{
    asking->host.pause(asking->host.context, CREDIT_STEP_MS);
    asking->credit_wait_ms -= CREDIT_STEP_MS;
}

/* The server was just told that the route lacks credit. Another route is not asked for what is on
 * its way already: true when it came. */
static bool wait_for_credit(struct asking *asking, const wire_Route *route)
{
    enum credit_outlook outlook = journal_outlook(asking->journal, route->line_id);

    while (outlook == CREDIT_AWAITED && may_wait(asking)) {
        wait_a_step(asking);
        outlook = journal_outlook(asking->journal, route->line_id);
    }
    return outlook == CREDIT_GRANTED;
}

/* No route has credit. Before the robot falls silent the server is waited for once: a limit may
 * have been raised. True when something was granted. */
static bool wait_for_any_credit(struct asking *asking)
{
    while (may_wait(asking)) {
        for (size_t i = 0; i < asking->route_count; i++)
            if (journal_outlook(asking->journal, asking->routes[i].line_id) == CREDIT_GRANTED)
                return true;
        if (journal_credit_events(asking->journal).told != asking->told)
            return false;
        wait_a_step(asking);
    }
    return false;
}

/* Nothing was sent. */
static enum step judge_refusal(struct asking *asking, const wire_Route *route, enum status status)
{
    if (status == STATUS_DENIED) {
        if (!asking->is_limited)
            asking->told = journal_credit_events(asking->journal).told;
        asking->host.on_denied(asking->host.context);
        if (wait_for_credit(asking, route))
            return STEP_AGAIN;
    }
    log_warning("chat", "cannot use route \"%s\": %s", route->vendor, status_text(status));
    asking->is_limited |= status == STATUS_DENIED || status == STATUS_FULL || status == STATUS_IO;
    return status == STATUS_FULL || status == STATUS_IO ? STEP_DONE : STEP_NEXT;
}

/* The first route from first on that is worth asking. */
static size_t next_route(const struct asking *asking, size_t first)
{
    return circuit_set_next(asking->circuits, first, clock_mono_ms());
}

/* What the attempt says about its route. Whether the route is still worth asking. */
static bool note_circuit(struct asking *asking, size_t index)
{
    const struct attempt_result *attempt = &asking->attempt;
    const wire_ErrorClass error_class = attempt->record.error_class;
    /* Whoever tries an open circuit tries once. */
    const bool is_trial = circuit_set_try(asking->circuits, index);
    const int64_t left_out_ms =
        circuit_set_note(asking->circuits, index, error_class, attempt->retry_after_ms,
                         clock_mono_ms(), crypto_random_u64());

    if (left_out_ms > 0)
        log_warning("chat", "vendor \"%s\" is left out for %lld s: class=%s",
                    asking->routes[index].vendor, (long long)(left_out_ms / 1000),
                    message_error_name(error_class));
    return !is_trial && left_out_ms == 0;
}

/* An attempt was made and not interrupted. */
static enum step judge(struct asking *asking, size_t index, bool first_try)
{
    const struct attempt_result *attempt = &asking->attempt;
    const bool is_worth_it = note_circuit(asking, index);
    const struct next_step_facts facts = {
        .outcome = attempt->record.outcome,
        .error_class = attempt->record.error_class,
        .has_text = attempt->text_bytes > 0,
        .may_retry = is_worth_it && first_try,
        .is_last_route = next_route(asking, index + 1) == asking->route_count,
        .age_ms = clock_mono_ms() - asking->asked_ms,
        .retry_after_ms = attempt->retry_after_ms,
    };

    switch (next_step_of(&facts)) {
    case NEXT_STEP_RETRY:
        return STEP_RETRY;
    case NEXT_STEP_ROUTE:
        return STEP_NEXT;
    case NEXT_STEP_DONE:
    case NEXT_STEP_STOP:
        break;
    }
    return STEP_DONE;
}

static enum step try_route(struct asking *asking, size_t index, bool first_try)
{
    const struct asking_host *host = &asking->host;
    const struct attempt_request request = {
        .route = &asking->routes[index],
        .messages = asking->messages,
        .count = asking->message_count,
        .max_output_tokens = asking->max_output_tokens,
        .turn = asking->uuid,
        .number = host->next_number(host->context),
        .generation = asking->generation,
        .cancel = asking->halt,
        .on_text = host->on_text,
        .on_idle = host->on_idle,
        .context = host->context,
    };
    enum status status = attempt_run(asking->http, asking->journal, &request, &asking->attempt);

    if (status != STATUS_OK)
        return judge_refusal(asking, request.route, status);
    asking->attempts++;
    host->on_attempt(host->context);
    if (asking->attempt.problem[0])
        log_warning("chat", "vendor \"%s\" gave no answer: %s", request.route->vendor,
                    asking->attempt.problem);
    if (is_halted(asking))
        return STEP_DONE;
    enum step step = judge(asking, index, first_try);
    if (step != STEP_DONE)
        host->close(host->context);
    return step;
}

static void try_routes(struct asking *asking)
{
    struct backoff backoff;
    bool first_try = true;
    size_t index = next_route(asking, 0);

    backoff_init(&backoff, 400, 1000, 100);
    /* Every route is left out: one is asked all the same, else the robot would say nothing. */
    if (index == asking->route_count)
        index = circuit_set_soonest(asking->circuits);
    while (index < asking->route_count && !is_halted(asking)) {
        switch (try_route(asking, index, first_try)) {
        case STEP_DONE:
            return;
        case STEP_AGAIN:
            break;
        case STEP_NEXT:
            first_try = true;
            index = next_route(asking, index + 1);
            break;
        case STEP_RETRY:
            first_try = false;
            asking->host.pause(asking->host.context,
                               asking->attempt.retry_after_ms >= 0
                                   ? asking->attempt.retry_after_ms
                                   : backoff_next(&backoff, crypto_random_u64()));
            break;
        }
    }
}

void asking_run(struct asking *asking)
{
    asking->credit_wait_ms = CREDIT_WAIT_MS;
    circuit_set_begin(asking->circuits, asking->generation, asking->route_count);
    try_routes(asking);
    if (asking->is_limited && asking->attempts == 0 && wait_for_any_credit(asking))
        try_routes(asking);
}
