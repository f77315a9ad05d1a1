#include "server/store/attempts.h"

#include <string.h>

#include "schema/wire/message.h"
#include "server/store/contracts.h"

#define NAMES 16

/* The words of the enums of schema/wire, by number. */
struct names {
    const char *provenances[NAMES], *outcomes[NAMES], *errors[NAMES], *purposes[NAMES];
};

static void read_names(struct names *names)
{
    for (int i = 0; i < NAMES; i++) {
        names->provenances[i] = message_provenance_name((wire_Provenance)i);
        names->outcomes[i] = message_outcome_name((wire_Outcome)i);
        names->errors[i] = message_error_name((wire_ErrorClass)i);
        names->purposes[i] = message_purpose_name((wire_Purpose)i);
    }
}

/* $1 after, $2 limit, $3 to $6 the names. */
#define PAGE_VALUES(after, limit, names)                                                           \
    value_text(after), value_int(limit), value_text_array((names)->provenances, NAMES),            \
        value_text_array((names)->outcomes, NAMES), value_text_array((names)->errors, NAMES),      \
        value_text_array((names)->purposes, NAMES)

/* One attempt as both lists tell it. */
#define SHOWN                                                                                      \
    "jsonb_build_object("                                                                          \
    "     'at', u.at, 'device', u.device_id, 'turn', u.turn, 'attempt', u.attempt,"                \
    "     'request_id', u.turn || '-' || u.attempt, 'vendor', u.vendor_id, 'model', u.model,"      \
    "     'model_served', u.model_served, 'contract', u.contract_id,"                              \
    "     'contract_version', u.contract_version,"                                                 \
    "     'provenance', ($3::text[])[u.provenance + 1],"                                           \
    "     'outcome', ($4::text[])[u.outcome + 1],"                                                 \
    "     'error_class', ($5::text[])[u.error_class + 1],"                                         \
    "     'input_uncached', coalesce(s.input_uncached, u.input_uncached),"                         \
    "     'input_cached', coalesce(s.input_cached, u.input_cached),"                               \
    "     'output', coalesce(s.output, u.output),"                                                 \
    "     'reasoning', coalesce(s.reasoning, u.reasoning), 'requests', u.requests,"                \
    "     'first_token_ms', u.first_token_ms, 'first_audio_ms', u.first_audio_ms,"                 \
    "     'duration_ms', u.duration_ms, 'interrupted', u.interrupted,"                             \
    "     'generation', u.generation, 'purpose', ($6::text[])[u.purpose + 1],"                     \
    "     'price', trim_scale(coalesce(s.price, u.price))::text,"                                  \
    "     'currency', u.currency, 'settled', s.import_id IS NOT NULL) AS item"                     \
    "   FROM page u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"

#define ITEMS "coalesce((SELECT jsonb_agg(item ORDER BY n) FROM shown WHERE n <= $2), '[]')"

enum status attempts_of_device(struct store *store, const char *device_id, const char *after,
                               int64_t limit, struct arena *arena, struct span *json)
{
    /* The key of a page is "arrived_at,journal,seq" of its last row. */
    STORE_STATEMENT(
        attempts,
        "WITH key AS (SELECT split_part($1::text, ',', 1)::timestamptz AS arrived_at,"
        "     split_part($1::text, ',', 2)::uuid AS journal_id,"
        "     split_part($1::text, ',', 3)::bigint AS seq WHERE $1::text IS NOT NULL),"
        " page AS (SELECT u.*, row_number() OVER (ORDER BY u.arrived_at DESC, u.journal_id DESC,"
        "     u.seq DESC) AS n FROM myna.usage u WHERE u.device_id = $7"
        "   AND ($1::text IS NULL OR (u.arrived_at, u.journal_id, u.seq) <"
        "        (SELECT arrived_at, journal_id, seq FROM key))"
        "   ORDER BY u.arrived_at DESC, u.journal_id DESC, u.seq DESC LIMIT $2 + 1),"
        " shown AS (SELECT n, u.arrived_at, u.journal_id, u.seq, " SHOWN ")"
        "SELECT jsonb_build_object('items', " ITEMS ","
        "  'next', (SELECT arrived_at || ',' || journal_id || ',' || seq FROM shown"
        "           WHERE n = $2 AND EXISTS (SELECT FROM shown m WHERE m.n > $2)))"
        " FROM myna.device d WHERE d.device_id = $7");
    struct names names;

    read_names(&names);
    return store_json(store, &attempts,
                      STORE_VALUES(PAGE_VALUES(after, limit, &names), value_text(device_id)), arena,
                      json);
}

/* More would make a page of what there is little of wait for what there is much of. */
#define LOOKS "20000"

/* From when the first of the days began in any zone that is asked about until the last ended in all
 * of them: those bounds are for the index, the exact ones are in WANTED. The key of a page is
 * "at,journal,seq" of the last record that it looked at. */
#define BOUNDS                                                                                     \
    "WITH z AS (SELECT min($12::text::date::timestamp AT TIME ZONE name) AS first,"                \
    "     max(($13::text::date + 1)::timestamp AT TIME ZONE name) AS past"                         \
    "   FROM (SELECT coalesce($16::text, zone) AS name FROM myna.contract"                         \
    "     WHERE ($7::text IS NULL OR vendor_id = $7) AND ($9::text IS NULL OR contract_id = $9)"   \
    "     UNION SELECT $16 WHERE $16 IS NOT NULL) zones),"                                         \
    " b AS MATERIALIZED (SELECT"                                                                   \
    "     greatest($14::text::timestamptz, z.first, '-infinity') AS lower,"                        \
    "     least($15::text::timestamptz, z.past, split_part($1::text, ',', 1)::timestamptz,"        \
    "       'infinity') AS upper,"                                                                 \
    "     split_part($1::text, ',', 1)::timestamptz AS at,"                                        \
    "     split_part($1::text, ',', 2)::uuid AS journal_id,"                                       \
    "     split_part($1::text, ',', 3)::bigint AS seq,"                                            \
    "     (SELECT jsonb_object_agg(contract_id, zone) FROM myna.contract) AS zones,"               \
    "     coalesce($7::text, (SELECT vendor_id FROM myna.contract WHERE contract_id = $9))"        \
    "       AS vendor,"                                                                            \
    "     (SELECT groups FROM myna.reach WHERE reach_id = $17::text) AS groups,"                   \
    "     (SELECT vendors FROM myna.reach WHERE reach_id = $17::text) AS vendors FROM z),"

/* Orders that an index has, of a table. */
#define BY_TIME(of)   of ".at DESC, " of ".journal_id DESC, " of ".seq DESC"
#define BY_VENDOR(of) of ".vendor_id DESC, " BY_TIME(of)

/* Nothing begins after it arrived, by more than clocks of servers differ: earlier months need not
 * be opened. */
#define WALK(some, by)                                                                             \
    " (SELECT w.* FROM myna.usage w WHERE " some " w.at >= (SELECT lower FROM b)"                  \
    "   AND w.at <= (SELECT upper FROM b)"                                                         \
    "   AND w.arrived_at >= (SELECT lower - interval '1 day' FROM b)"                              \
    "   AND ($1::text IS NULL OR (w.at, w.journal_id, w.seq) <"                                    \
    "        ((SELECT at FROM b), (SELECT journal_id FROM b), (SELECT seq FROM b)))"               \
    "   ORDER BY " by("w") " LIMIT " LOOKS ")"

#define ZONE "coalesce($16::text, (SELECT zones FROM b) ->> u.contract_id, 'UTC')"

#define WANTED                                                                                     \
    " ($15::text IS NULL OR u.at < $15::text::timestamptz)"                                        \
    " AND ($7::text IS NULL OR u.vendor_id = $7) AND ($8::text IS NULL OR $8 IN (u.model, "        \
    "u.model_served))"                                                                             \
    " AND ($9::text IS NULL OR u.contract_id = $9)"                                                \
    " AND ($10::text IS NULL OR EXISTS (SELECT FROM myna.group_member m"                           \
    "      WHERE m.device_id = u.device_id AND m.group_id = $10))"                                 \
    " AND ($11::text IS NULL OR u.outcome = 5 AND ($5::text[])[u.error_class + 1] ="               \
    "      ANY (string_to_array($11, ',')))"                                                       \
    " AND ($22::text IS NULL OR u.currency = $22)"                                                 \
    " AND ($23::text IS NULL OR u.provenance <> 5 OR $23 = 'health' AND u.outcome = 5)"            \
    " AND ($23::text IS DISTINCT FROM 'health' OR u.attempt > 0)"                                  \
    " AND (NOT $24::boolean OR u.first_token_ms > 0)"                                              \
    " AND ($12::text IS NULL OR (u.at AT TIME ZONE " ZONE ")::date >= $12::text::date)"            \
    " AND ($13::text IS NULL OR (u.at AT TIME ZONE " ZONE ")::date <= $13::text::date)"            \
    " AND ($18::text IS NULL OR ($3::text[])[u.provenance + 1] = $18)"                             \
    " AND ($19::text IS NULL OR ($4::text[])[u.outcome + 1] = $19)"                                \
    " AND (NOT $20::boolean OR u.provenance NOT IN (1, 5) AND NOT EXISTS (SELECT"                  \
    "      FROM myna.usage_settlement s WHERE s.device_id = u.device_id"                           \
    "      AND s.journal_id = u.journal_id AND s.seq = u.seq))"                                    \
    " AND ($17::text IS NULL OR coalesce(u.vendor_id = ANY ((SELECT vendors FROM b)::text[]),"     \
    "      true) AND ((SELECT groups FROM b) IS NULL OR EXISTS (SELECT FROM myna.group_member m"   \
    "      WHERE m.device_id = u.device_id AND m.group_id = ANY ((SELECT groups FROM b)::text[]))" \
    "      ))"

#define KEY "at || ',' || journal_id || ',' || seq"

/* What the database no longer has is told by what its sums by day still know. */
#define LIST(some, by)                                                                             \
    BOUNDS " page AS (SELECT u.*, row_number() OVER (ORDER BY " by("u") ") AS n FROM" WALK(        \
        some,                                                                                      \
        by) " u WHERE " WANTED                                                                     \
            " ORDER BY " by(                                                                       \
                "u") " LIMIT $2 + 1),"                                                             \
                     " shown AS (SELECT n, " SHOWN "),"                                            \
                     " ended AS (SELECT at, " KEY                                                  \
                     " AS key FROM (SELECT at, journal_id, seq FROM page"                          \
                     "     WHERE n = $2 AND EXISTS (SELECT FROM page m WHERE m.n > $2)"            \
                     "   UNION ALL (SELECT l.at, l.journal_id, l.seq FROM (SELECT) one, "          \
                     "LATERAL" WALK(                                                               \
                         some,                                                                     \
                         by) "     l WHERE (SELECT count(*) FROM page) <= $2 OFFSET " LOOKS        \
                             " - 1)) e),"                                                          \
                             " kept AS (SELECT coalesce(min(at), now()) AS since FROM myna.usage)" \
                             "SELECT jsonb_build_object('as_of', now(), 'items', " ITEMS ","       \
                             "  'next', (SELECT key FROM ended), 'looked_to', (SELECT at FROM "    \
                             "ended),"                                                             \
                             "  'kept_since', (SELECT since FROM kept WHERE EXISTS (SELECT FROM "  \
                             "myna.usage_day"                                                      \
                             "     WHERE day < (since AT TIME ZONE 'UTC')::date - 1)))"

#define OF_ANY    " $21::text IS NULL AND"
#define OF_DEVICE " w.device_id = $21::text AND"
#define FAILED    " w.outcome = 5 AND"
#define UNCERTAIN " w.provenance NOT IN (1, 5) AND"
/* As rows: the index by time alone cannot be taken for it. */
#define OF_VENDOR                                                                                  \
    OF_ANY " (w.vendor_id, w.at) >= ((SELECT vendor FROM b), (SELECT lower FROM b))"               \
           " AND (w.vendor_id, w.at) <= ((SELECT vendor FROM b), (SELECT upper FROM b)) AND"

/* By the index that leaves the fewest to look at. */
static const struct store_statement *choose(const struct attempts_order *order)
{
    STORE_STATEMENT(of_device, LIST(OF_DEVICE, BY_TIME));
    STORE_STATEMENT(failed, LIST(OF_ANY FAILED, BY_TIME));
    STORE_STATEMENT(uncertain, LIST(OF_ANY UNCERTAIN, BY_TIME));
    STORE_STATEMENT(of_vendor, LIST(OF_VENDOR, BY_VENDOR));
    STORE_STATEMENT(all, LIST(OF_ANY, BY_TIME));

    if (order->device != NULL)
        return &of_device;
    if (order->error_classes != NULL ||
        (order->outcome != NULL && strcmp(order->outcome, "failed") == 0))
        return &failed;
    if (order->uncertain)
        return &uncertain;
    return order->vendor != NULL || order->contract != NULL ? &of_vendor : &all;
}

struct listing {
    const struct attempts_order *order;
    const char *after;
    int64_t limit;
    struct arena *arena;
    struct span *json;
};

/* The planner takes bounds that it does not know for narrow ones: it would sort all months, or look
 * up all their hours, rather than begin at the end of an index. A robot's own records are sorted.
 */
static enum status walk(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(steer, "SELECT set_config('plan_cache_mode', 'force_generic_plan', true),"
                           " set_config('enable_bitmapscan', 'off', true),"
                           " set_config('enable_sort', $1, true)");
    const struct listing *listing = context;
    const struct attempts_order *order = listing->order;
    struct names names;
    enum status status = store_exec(
        conn, &steer, STORE_VALUES(value_text(order->device != NULL ? "on" : "off")), NULL);

    if (status != STATUS_OK)
        return status;
    read_names(&names);
    return store_exec_json(
        conn, choose(order),
        STORE_VALUES(
            PAGE_VALUES(listing->after, listing->limit, &names), value_text(order->vendor),
            value_text(order->model), value_text(order->contract), value_text(order->group),
            value_text(order->error_classes), value_text(order->from), value_text(order->to),
            value_text(order->since), value_text(order->until), value_text(order->zone),
            value_text(order->role), value_text(order->provenance), value_text(order->outcome),
            value_bool(order->uncertain), value_text(order->device), value_text(order->currency),
            value_text(order->counted), value_bool(order->answered)),
        listing->arena, listing->json);
}

enum status attempts_list(struct store *store, const struct attempts_order *order,
                          const char *after, int64_t limit, struct arena *arena, struct span *json)
{
    struct listing listing = {order, after, limit, arena, json};

    if (order->zone != NULL) {
        enum status status = contracts_check_zone(store, order->zone);
        if (status != STATUS_OK)
            return status;
    }
    return store_transaction(store, walk, &listing);
}
