#include "server/store/budgets.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/money/weight.h"
#include "server/store/alarm.h"
#include "server/store/bounds.h"
#include "server/store/pools.h"
#include "server/store/room.h"
#include "server/store/thresholds.h"

#define BUDGET_JSON                                                                                \
    "jsonb_build_object('id', b.budget_id, 'scope', b.scope, 'subject', nullif(b.subject, ''),"    \
    " 'metric', b.metric, 'currency', b.currency, 'at_most', trim_scale(b.at_most)::text,"         \
    " 'per', b.per, 'zone', b.zone, 'models', to_jsonb(b.models), 'hard', b.hard,"                 \
    " 'note', b.note, 'thresholds', b.thresholds, 'version', b.version,"                           \
    " 'created_at', b.created_at, 'created_by', b.created_by,"                                     \
    " 'pool', (SELECT p.item || jsonb_build_object('zone', b.zone) FROM myna.pool_item p"          \
    "   WHERE p.source = 'budget:' || b.budget_id AND p.is_active AND NOT p.is_closed"             \
    "   AND p.period_from <= now() AND p.period_to > now()"                                        \
    "   ORDER BY p.pool_id DESC LIMIT 1))"

enum status budgets_list(struct store *store, const char *after, int64_t limit, struct arena *arena,
                         struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT " BUDGET_JSON " AS item, b.budget_id,"
        "    row_number() OVER (ORDER BY b.budget_id) AS n"
        "  FROM myna.budget b WHERE $1::text IS NULL OR b.budget_id > $1"
        "  ORDER BY b.budget_id LIMIT $2 + 1)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
        "  'next', CASE WHEN count(*) > $2 THEN max(budget_id::text) FILTER (WHERE n <= $2) END)"
        "FROM page");

    return store_json(store, &list, STORE_VALUES(value_text(after), value_int(limit)), arena, json);
}

enum status budgets_get(struct store *store, const char *budget_id, struct arena *arena,
                        struct document *out)
{
    STORE_STATEMENT(get, "SELECT " BUDGET_JSON ", b.version FROM myna.budget b"
                         " WHERE b.budget_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(budget_id)), arena, out);
}

/* One change, in a transaction that owns the pools. */
struct change {
    const struct author *author;
    const struct budgets_terms *terms;
    int64_t if_version;
    struct arena *arena;
    char *reason;
    const char *warning; /* robots can hardly keep within it; NULL: they can */
    enum status (*write)(struct store_conn *conn, struct change *change);
};

/* ---- whether robots can keep within it ---- */

static enum status check_contract(const struct change *change, const struct terms_contract *found)
{
    char why[160];
    int64_t ignored;
    const struct contract_terms *terms = terms_in_force(found, clock_wall_ms(), &ignored);
    enum status status = weight_check(&found->contract, terms ? terms->version : 0, why);

    if (status != STATUS_OK)
        snprintf(change->reason, 160, "under %.48s %.100s", found->contract_id, why);
    return status == STATUS_FULL ? STATUS_DENIED : status;
}

/* Hard limits of money need an upper bound for every contract in their currency. */
static enum status check_bounds(struct store_conn *conn, const struct change *change,
                                struct terms *terms)
{
    STORE_STATEMENT(list, "SELECT DISTINCT c.contract_id FROM myna.contract c"
                          " JOIN myna.budget b ON b.currency = c.currency AND b.hard"
                          " WHERE b.budget_id = $1 ORDER BY 1");
    struct result result = {0};
    enum status status =
        store_exec(conn, &list, STORE_VALUES(value_text(change->terms->budget_id)), &result);

    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++) {
        const struct terms_contract *found = terms_find(terms, result_text(&result, i, 0));

        if (found)
            status = check_contract(change, found);
    }
    result_release(&result);
    return status;
}

/* A robot's line has room for four measures; of money one binds, that of its contract. */
static enum status check_units(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(count, "SELECT count(DISTINCT CASE WHEN is_money THEN 'money' ELSE unit END)"
                           " FROM myna.pool WHERE hard AND NOT is_closed AND period_to > now()");
    struct result result = {0};
    enum status status = store_exec(conn, &count, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    if (result_int(&result, 0, 0) > LIMIT_MEASURES) {
        snprintf(change->reason, 160,
                 "hard limits would be in more than %d different units: a robot keeps within %d",
                 LIMIT_MEASURES, LIMIT_MEASURES);
        status = STATUS_DENIED;
    }
    result_release(&result);
    return status;
}

/* Money of a currency in which nothing that it covers is billed would never be spent. Before there
 * is a contract at all nobody can tell. */
static enum status check_currency(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(list, "SELECT string_agg(DISTINCT c.currency, ', ' ORDER BY c.currency),"
                          " coalesce(bool_or(c.currency = $3), true) FROM myna.contract c"
                          " WHERE CASE $1 WHEN 'vendor' THEN c.vendor_id = $2"
                          "   WHEN 'contract' THEN c.contract_id = $2 ELSE true END");
    const struct budgets_terms *t = change->terms;
    struct result result = {0};

    if (t->currency == NULL)
        return STATUS_OK;
    enum status status = store_exec(
        conn, &list,
        STORE_VALUES(value_text(t->scope), value_text(t->subject), value_text(t->currency)),
        &result);
    if (status == STATUS_OK && !result_bool(&result, 0, 1)) {
        snprintf(change->reason, 160,
                 "is of no contract that this budget covers, so that it would never bind: "
                 "they are in %.60s",
                 result_text(&result, 0, 0));
        status = STATUS_INVALID;
    }
    result_release(&result);
    return status;
}

static enum status follow(struct store_conn *conn, struct change *change)
{
    struct terms *terms;
    bool changed;
    enum status status = terms_create(&terms);

    if (status != STATUS_OK)
        return status;
    status = pools_follow(conn, change->arena, terms, clock_wall_ms(), &changed);
    if (status == STATUS_OK)
        status = check_bounds(conn, change, terms);
    if (status == STATUS_OK)
        status = bounds_check_budget(conn, change->terms->budget_id, change->reason);
    if (status == STATUS_OK)
        status = check_units(conn, change);
    if (status == STATUS_OK)
        status = room_warn(conn, change->arena, terms, change->terms->budget_id, &change->warning);
    if (status == STATUS_OK)
        status = alarm_clear(conn, "limit_too_small",
                             arena_format(change->arena, "budget/%s", change->terms->budget_id));
    terms_free(terms);
    return status;
}

static enum status run(struct store_conn *conn, void *context)
{
    struct change *change = context;
    enum status status = pools_own(conn);

    if (status == STATUS_OK)
        status = change->write(conn, change);
    if (status == STATUS_OK)
        status = check_currency(conn, change);
    return status == STATUS_OK ? follow(conn, change) : status;
}

/* ---- writing ---- */

static enum status write_one(struct store_conn *conn, const struct store_statement *statement,
                             const struct value *values, size_t count, struct change *change)
{
    struct document ignored;

    return document_exec(conn, statement, values, count, change->arena, &ignored);
}

static enum status insert(struct store_conn *conn, struct change *change)
{
    STORE_STATEMENT(
        create,
        "WITH b AS (INSERT INTO myna.budget (budget_id, scope, subject, metric, currency, at_most,"
        "    per, zone, models, hard, note, created_by, thresholds)"
        "  SELECT $3, $4, $5, $6, $7, $8::text::numeric, $9, $10,"
        "    (SELECT array_agg(m) FROM jsonb_array_elements_text($11::jsonb) m),"
        "    $12::bigint <> 0, $13, $1, coalesce($14::jsonb, '" THRESHOLDS_USUAL "')"
        "  WHERE CASE $4 WHEN 'fleet' THEN true"
        "    WHEN 'group' THEN EXISTS (SELECT FROM myna.device_group WHERE group_id = $5)"
        "    WHEN 'device' THEN EXISTS (SELECT FROM myna.device WHERE device_id = $5)"
        "    WHEN 'vendor' THEN EXISTS (SELECT FROM myna.vendor WHERE vendor_id = $5)"
        "    ELSE EXISTS (SELECT FROM myna.contract WHERE contract_id = $5) END RETURNING *),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'budget.create',"
        "    'budget/' || b.budget_id, NULL, to_jsonb(b))),"
        "    min(myna.tell('budget', b.budget_id)::text) FROM b)"
        " SELECT to_jsonb(b.version), b.version FROM b, done");
    const struct budgets_terms *t = change->terms;

    return write_one(
        conn, &create,
        STORE_VALUES(value_text(change->author->actor), value_text(change->author->source),
                     value_text(t->budget_id), value_text(t->scope), value_text(t->subject),
                     value_text(t->metric), value_text(t->currency), value_text(t->at_most),
                     value_text(t->per), value_text(t->zone),
                     t->models.size > 0 ? value_json(t->models) : value_no_json(),
                     value_int(t->hard), value_text(t->note),
                     t->thresholds.size > 0 ? value_json(t->thresholds) : value_no_json()),
        change);
}

static enum status update(struct store_conn *conn, struct change *change)
{
    STORE_STATEMENT(
        set, "WITH old AS (SELECT * FROM myna.budget WHERE budget_id = $3 FOR UPDATE),"
             " new AS (UPDATE myna.budget b SET at_most = coalesce($5::text::numeric, b.at_most),"
             "    hard = CASE WHEN $6::bigint < 0 THEN b.hard ELSE $6::bigint <> 0 END,"
             "    note = coalesce($7, b.note),"
             "    thresholds = coalesce($8::jsonb, b.thresholds), version = b.version + 1"
             "  FROM old WHERE b.budget_id = old.budget_id AND $4::bigint IN (-1, old.version)"
             "  RETURNING b.*),"
             " done AS (SELECT min(myna.audit_append($1, $2, 'budget.update',"
             "    'budget/' || new.budget_id, to_jsonb(old), to_jsonb(new))),"
             "    min(myna.tell('budget', new.budget_id)::text)"
             "  FROM new JOIN old USING (budget_id))"
             " SELECT to_jsonb(new.version), old.version"
             " FROM done, old LEFT JOIN new USING (budget_id)");
    const struct budgets_terms *t = change->terms;

    return write_one(
        conn, &set,
        STORE_VALUES(value_text(change->author->actor), value_text(change->author->source),
                     value_text(t->budget_id), value_int(change->if_version),
                     value_text(t->at_most), value_int(t->hard), value_text(t->note),
                     t->thresholds.size > 0 ? value_json(t->thresholds) : value_no_json()),
        change);
}

static enum status remove_budget(struct store_conn *conn, struct change *change)
{
    STORE_STATEMENT(
        remove, "WITH old AS (SELECT * FROM myna.budget WHERE budget_id = $3 FOR UPDATE),"
                " gone AS (DELETE FROM myna.budget b USING old WHERE b.budget_id = old.budget_id"
                "  AND $4::bigint IN (-1, old.version) RETURNING b.*),"
                " done AS (SELECT min(myna.audit_append($1, $2, 'budget.delete',"
                "    'budget/' || gone.budget_id, to_jsonb(gone), NULL)),"
                "    min(myna.tell('budget', gone.budget_id)::text) FROM gone)"
                " SELECT to_jsonb(gone.version), old.version"
                " FROM done, old LEFT JOIN gone USING (budget_id)");

    return write_one(
        conn, &remove,
        STORE_VALUES(value_text(change->author->actor), value_text(change->author->source),
                     value_text(change->terms->budget_id), value_int(change->if_version)),
        change);
}

/* The budget as it is now, and what to heed. */
static enum status answer(struct store *store, const struct change *change, struct document *out)
{
    enum status status = budgets_get(store, change->terms->budget_id, change->arena, out);

    if (status != STATUS_OK || !change->warning || out->json.size < 2)
        return status;
    const char *text =
        arena_format(change->arena, "%.*s, \"warnings\": [\"%s\"]}", (int)out->json.size - 1,
                     (const char *)out->json.data, change->warning);
    if (!text)
        return STATUS_MEMORY;
    out->json = span_text(text);
    return STATUS_OK;
}

enum status budgets_create(struct store *store, const struct author *author,
                           const struct budgets_terms *terms, struct arena *arena,
                           struct document *out, char reason[160])
{
    struct change change = {.author = author,
                            .terms = terms,
                            .if_version = -1,
                            .arena = arena,
                            .reason = reason,
                            .write = insert};
    enum status status = store_transaction(store, run, &change);

    return status == STATUS_OK ? answer(store, &change, out) : status;
}

enum status budgets_update(struct store *store, const struct author *author, int64_t if_version,
                           const struct budgets_terms *terms, struct arena *arena,
                           struct document *out, char reason[160])
{
    struct change change = {.author = author,
                            .terms = terms,
                            .if_version = if_version,
                            .arena = arena,
                            .reason = reason,
                            .write = update};
    enum status status = store_transaction(store, run, &change);

    return status == STATUS_OK ? answer(store, &change, out) : status;
}

enum status budgets_delete(struct store *store, const struct author *author, const char *budget_id,
                           int64_t if_version, struct arena *arena)
{
    const struct budgets_terms terms = {.budget_id = budget_id};
    char reason[160];
    struct change change = {.author = author,
                            .terms = &terms,
                            .if_version = if_version,
                            .arena = arena,
                            .reason = reason,
                            .write = remove_budget};

    return store_transaction(store, run, &change);
}

/* Another metric or period makes another budget of the same name. */
static enum status put_plan(struct store_conn *conn, struct change *change)
{
    STORE_STATEMENT(same, "SELECT metric = $2 AND per = $3 AND zone = $4"
                          " FROM myna.budget WHERE budget_id = $1");
    const struct budgets_terms *t = change->terms;
    struct result result = {0};
    enum status status = store_exec(conn, &same,
                                    STORE_VALUES(value_text(t->budget_id), value_text(t->metric),
                                                 value_text(t->per), value_text(t->zone)),
                                    &result);

    if (status != STATUS_OK)
        return status;
    const bool is_there = result_count(&result) > 0;
    const bool is_same = is_there && result_bool(&result, 0, 0);
    result_release(&result);
    if (is_same)
        return update(conn, change);
    if (is_there)
        status = remove_budget(conn, change);
    return status == STATUS_OK ? insert(conn, change) : status;
}

enum status budgets_put_plan(struct store *store, const struct author *author,
                             const struct budgets_terms *terms, struct arena *arena,
                             struct document *out, char reason[160])
{
    struct change change = {.author = author,
                            .terms = terms,
                            .if_version = -1,
                            .arena = arena,
                            .reason = reason,
                            .write = put_plan};
    enum status status = store_transaction(store, run, &change);

    return status == STATUS_OK ? answer(store, &change, out) : status;
}

/* ---- writing off ---- */

struct write_off {
    const struct author *author;
    const char *device_id;
    struct credits *credits;
    struct arena *arena;
    struct span json;
};

static enum status lock_device(struct store_conn *conn, const char *device_id)
{
    STORE_STATEMENT(lock, "SELECT FROM myna.device_link WHERE device_id = $1 FOR UPDATE");
    struct result result = {0};
    enum status status = store_exec(conn, &lock, STORE_VALUES(value_text(device_id)), &result);

    if (status == STATUS_OK && result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

static struct credits_sum *find_sum(struct credits_sum *sums, size_t count, int64_t pool_id)
{
    for (size_t i = 0; i < count; i++) {
        if (sums[i].pool_id == pool_id)
            return &sums[i];
    }
    return NULL;
}

static void write_charge(struct json_writer *writer, const struct credits_account *row,
                         uint64_t amount)
{
    char text[48];

    if (row->terms.divisor == WEIGHT_DIVISOR)
        snprintf(text, sizeof text, "%llu.%09llu", (unsigned long long)(amount / WEIGHT_SCALE),
                 (unsigned long long)(amount % WEIGHT_SCALE));
    else
        snprintf(text, sizeof text, "%llu", (unsigned long long)amount);
    json_begin_object(writer);
    json_key(writer, "unit");
    json_write_text(writer, span_text(row->terms.unit));
    json_key(writer, "amount");
    json_write_text(writer, span_text(text));
    json_end_object(writer);
}

static void charge(struct credits_account *row, struct credits_sum *sums, size_t sum_count,
                   struct json_writer *writer)
{
    struct grant_pool *list[CREDITS_POOLS];
    struct grant_pools held = {list, 0};

    for (size_t i = 0; i < row->pool_count; i++) {
        struct credits_sum *sum = find_sum(sums, sum_count, row->pools[i]);

        if (sum)
            list[held.count++] = &sum->pool;
    }
    const uint64_t amount = grant_charge(&row->account, held);
    if (amount == 0)
        return;
    row->is_changed = true;
    write_charge(writer, row, amount);
}

/* Every pool that holds one of the rows, ascending and each once. */
static size_t list_pools(const struct credits_account *rows, size_t count, int64_t *ids)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < rows[i].pool_count; p++) {
            const int64_t id = rows[i].pools[p];
            size_t at = 0;

            while (at < n && ids[at] < id)
                at++;
            if (at < n && ids[at] == id)
                continue;
            memmove(&ids[at + 1], &ids[at], (n - at) * sizeof *ids);
            ids[at] = id;
            n++;
        }
    }
    return n;
}

static enum status charge_all(struct store_conn *conn, struct write_off *off, struct buffer *text)
{
    struct credits_account *rows = NULL;
    size_t count = 0;
    size_t found = 0;
    enum status status =
        credits_lock_accounts(conn, off->arena, &off->device_id, 1, 0, &rows, &count);

    if (status != STATUS_OK)
        return status;
    int64_t *ids = arena_take(off->arena, (count * CREDITS_POOLS + 1) * sizeof *ids);
    struct credits_sum *sums = arena_take(off->arena, (count * CREDITS_POOLS + 1) * sizeof *sums);
    if (!ids || !sums)
        return STATUS_MEMORY;
    const size_t id_count = list_pools(rows, count, ids);
    status = credits_lock_pools(conn, off->arena, ids, id_count, sums, &found);
    if (status != STATUS_OK)
        return status;
    struct json_writer writer;
    json_writer_init(&writer, text);
    json_begin_object(&writer);
    json_key(&writer, "device");
    json_write_text(&writer, span_text(off->device_id));
    json_key(&writer, "charged");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        charge(&rows[i], sums, found, &writer);
    json_end_array(&writer);
    json_end_object(&writer);
    status = credits_save_accounts(conn, off->arena, rows, count);
    if (status == STATUS_OK)
        status = credits_save_pools(conn, off->arena, sums, found, NULL, 0);
    return status == STATUS_OK ? buffer_status(text) : status;
}

static enum status write_off(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(audit, "SELECT myna.audit_append($1, $2, 'credit.write_off',"
                           " 'device/' || $3, NULL, $4), myna.tell('pool', '')::text");
    struct write_off *off = context;
    struct buffer text;
    enum status status = credits_refresh(off->credits, conn);

    buffer_init(&text, 64u << 10);
    if (status == STATUS_OK)
        status = lock_device(conn, off->device_id);
    if (status == STATUS_OK)
        status = charge_all(conn, off, &text);
    if (status == STATUS_OK) {
        off->json = arena_copy(off->arena, buffer_span(&text));
        status = arena_failed(off->arena)
                     ? STATUS_MEMORY
                     : store_exec(conn, &audit,
                                  STORE_VALUES(value_text(off->author->actor),
                                               value_text(off->author->source),
                                               value_text(off->device_id), value_json(off->json)),
                                  NULL);
    }
    buffer_release(&text);
    return status;
}

enum status budgets_write_off(struct store *store, const struct author *author,
                              const char *device_id, struct arena *arena, struct span *json)
{
    struct write_off off = {.author = author, .device_id = device_id, .arena = arena};
    enum status status = credits_create(&off.credits);

    if (status != STATUS_OK)
        return status;
    status = store_transaction(store, write_off, &off);
    credits_free(off.credits);
    *json = off.json;
    return status;
}
