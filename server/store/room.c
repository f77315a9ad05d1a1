#include "server/store/room.h"

#include <string.h>

#include "schema/base/clock.h"
#include "schema/wire/measure.h"
#include "server/money/weight.h"

/* As bus/lines.h has them. */
#define LEAST_INPUT  200
#define LEAST_OUTPUT 32

/* Of one attempt, in the budget's unit; money in 10^-9. */
struct attempts {
    uint64_t longest;
    uint64_t least;
};

static void weigh(const uint64_t *weights, uint64_t divisor, uint64_t longest_output,
                  struct attempts *out)
{
    wire_CreditMeasure terms = {.weights_count = LIMIT_WEIGHTS, .divisor = divisor};
    wire_UsageRecord record = {.reserved_input = LEAST_INPUT, .reserved_output = longest_output};

    memcpy(terms.weights, weights, sizeof terms.weights);
    const uint64_t longest = measure_worst_case(&terms, &record);
    if (record.reserved_output > LEAST_OUTPUT)
        record.reserved_output = LEAST_OUTPUT;
    const uint64_t least = measure_worst_case(&terms, &record);
    if (longest > out->longest)
        out->longest = longest;
    if (least > 0 && (out->least == 0 || least < out->least))
        out->least = least;
}

/* Over all models that routes of robots in the budget's scope name. */
static enum status weigh_money(struct store_conn *conn, struct terms *terms, const char *budget_id,
                               uint64_t longest_output, struct attempts *out)
{
    STORE_STATEMENT(routes, "SELECT DISTINCT r ->> 'contract', r ->> 'model' FROM myna.budget b"
                            " JOIN myna.effective_setting e ON e.name = 'routes' AND CASE b.scope"
                            "   WHEN 'device' THEN e.device_id = b.subject"
                            "   WHEN 'group' THEN EXISTS (SELECT FROM myna.group_member m"
                            "     WHERE m.group_id = b.subject AND m.device_id = e.device_id)"
                            "   ELSE true END,"
                            " jsonb_array_elements(e.value) r"
                            " WHERE b.budget_id = $1 AND CASE b.scope"
                            "   WHEN 'vendor' THEN r ->> 'vendor' = b.subject"
                            "   WHEN 'contract' THEN r ->> 'contract' = b.subject ELSE true END"
                            " AND EXISTS (SELECT FROM myna.contract c"
                            "   WHERE c.contract_id = r ->> 'contract' AND c.currency = b.currency)"
                            " LIMIT 100");
    struct result result = {0};
    enum status status = store_exec(conn, &routes, STORE_VALUES(value_text(budget_id)), &result);

    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++) {
        const struct terms_contract *found = terms_find(terms, result_text(&result, i, 0));
        int64_t ignored;
        const struct contract_terms *in_force =
            found ? terms_in_force(found, clock_wall_ms(), &ignored) : NULL;
        uint64_t weights[CONTRACT_METRICS];
        char reason[160];

        if (in_force && weight_of_money(&found->contract, in_force->version,
                                        result_text(&result, i, 1), weights, reason) == STATUS_OK)
            weigh(weights, WEIGHT_DIVISOR, longest_output, out);
    }
    result_release(&result);
    return status;
}

static const char *amount_text(struct arena *arena, bool is_money, uint64_t amount)
{
    return is_money
               ? arena_format(arena, "%llu.%09llu", (unsigned long long)(amount / WEIGHT_SCALE),
                              (unsigned long long)(amount % WEIGHT_SCALE))
               : arena_format(arena, "%llu", (unsigned long long)amount);
}

/* A pool's own limit, whatever is spent of it. */
static enum status compare(struct store_conn *conn, struct arena *arena, const char *budget_id,
                           const char *unit, bool is_money, const struct attempts *attempts,
                           const char **warning)
{
    STORE_STATEMENT(look, "SELECT at_most < $2::text::numeric, at_most < $3::text::numeric"
                          " FROM myna.budget WHERE budget_id = $1");
    const char *least = amount_text(arena, is_money, attempts->least);
    const char *longest = amount_text(arena, is_money, attempts->longest);
    struct result result = {0};
    enum status status = store_exec(
        conn, &look, STORE_VALUES(value_text(budget_id), value_text(least), value_text(longest)),
        &result);

    if (status != STATUS_OK)
        return status;
    if (result_bool(&result, 0, 0))
        *warning = arena_format(arena,
                                "no robot can answer within this limit: the shortest attempt takes "
                                "%s %s; raise it",
                                least, unit);
    else if (result_bool(&result, 0, 1))
        *warning = arena_format(arena,
                                "answers are cut short: one may take up to %s %s, which is more "
                                "than the whole limit; raise it, or lower max_output_tokens",
                                longest, unit);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status room_warn(struct store_conn *conn, struct arena *arena, struct terms *terms,
                      const char *budget_id, const char **warning)
{
    STORE_STATEMENT(
        look, "SELECT b.hard, coalesce(b.currency, b.metric), b.currency IS NOT NULL,"
              " coalesce((SELECT max((e.value #>> '{}')::bigint) FROM myna.effective_setting e"
              "   WHERE e.name = 'max_output_tokens' AND CASE b.scope"
              "   WHEN 'device' THEN e.device_id = b.subject"
              "   WHEN 'group' THEN EXISTS (SELECT FROM myna.group_member m"
              "     WHERE m.group_id = b.subject AND m.device_id = e.device_id)"
              "   ELSE true END), 400) FROM myna.budget b WHERE b.budget_id = $1");
    struct attempts attempts = {0};
    struct result result = {0};
    enum status status = store_exec(conn, &look, STORE_VALUES(value_text(budget_id)), &result);

    *warning = NULL;
    if (status != STATUS_OK || result_count(&result) == 0 || !result_bool(&result, 0, 0)) {
        result_release(&result);
        return status;
    }
    const char *unit = arena_text(arena, result_span(&result, 0, 1));
    const bool is_money = result_bool(&result, 0, 2);
    const uint64_t longest_output = (uint64_t)result_int(&result, 0, 3);
    result_release(&result);
    if (!unit)
        return STATUS_MEMORY;
    if (is_money) {
        status = weigh_money(conn, terms, budget_id, longest_output, &attempts);
    } else {
        uint64_t weights[CONTRACT_METRICS];

        weight_of_metrics(weight_find_metrics(span_text(unit)), weights);
        weigh(weights, 1, longest_output, &attempts);
    }
    if (status != STATUS_OK || attempts.longest == 0)
        return status;
    return compare(conn, arena, budget_id, unit, is_money, &attempts, warning);
}
