#include "server/store/preflight_drain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/money/amount.h"
#include "server/store/bills.h"
#include "server/store/preflight_parts.h"

#define DOCUMENT_BYTES ((size_t)256 << 10)
#define NAMES          20 /* of robots without another route */

struct draining {
    struct preflight_work *work;
    const char *vendor_id;
    int64_t now_ms;
    struct arena *arena;
    struct preflight *out;
    /* what was read */
    const char *kept[NAMES];
    int64_t robots, kept_count;
    bool is_cut; /* more kinds of lists than there is room for */
};

/* ---- who lands where ---- */

static const char *member_of(const struct json *route, const char *name)
{
    return json_text(json_member(route, name), "");
}

static const struct json *first_of(const struct json *routes, const char *use)
{
    for (size_t i = 0; i < json_count(routes); i++) {
        const struct json *route = json_item(routes, i);

        if (strcmp(json_text(json_member(route, "use"), "chat"), use) == 0)
            return route;
    }
    return NULL;
}

/* Where the vendor was first and is so no more: what it served goes to whoever is first then. */
static enum status take_landings(struct draining *draining, const struct json *was,
                                 const struct json *becomes, int64_t group)
{
    static const char *const uses[PREFLIGHT_USES] = {"chat", "speech", "transcription"};
    struct preflight_work *work = draining->work;

    for (size_t u = 0; u < PREFLIGHT_USES; u++) {
        const struct json *from = first_of(was, uses[u]), *to = first_of(becomes, uses[u]);

        if (!from || !to || strcmp(member_of(from, "vendor"), draining->vendor_id) != 0 ||
            strcmp(member_of(to, "vendor"), draining->vendor_id) == 0)
            continue;
        if (work->to_count == PREFLIGHT_TO)
            return STATUS_FULL;
        work->to[work->to_count++] = (struct preflight_route){
            .use = uses[u],
            .vendor_id = arena_text(work->arena, span_text(member_of(to, "vendor"))),
            .model = arena_text(work->arena, span_text(member_of(to, "model"))),
            .contract_id = arena_text(work->arena, span_text(member_of(to, "contract"))),
            .group = group,
        };
    }
    return STATUS_OK;
}

static enum status take_lists(struct draining *draining, struct span was, struct span becomes,
                              int64_t group)
{
    struct json *before = NULL, *after = NULL;
    enum status status = json_parse(was, &before, NULL);

    if (status == STATUS_OK)
        status = json_parse(becomes, &after, NULL);
    if (status == STATUS_OK)
        status = take_landings(draining, before, after, group);
    json_free(before);
    json_free(after);
    return status;
}

static void note_kept(struct draining *draining, const char *device_id)
{
    if (draining->kept_count < NAMES)
        draining->kept[draining->kept_count] = device_id;
    draining->kept_count++;
}

/* Columns of a row: device, number of its pair of lists, is_kept, is_led, was, becomes. */
static enum status take_rows(struct draining *draining, const struct result *result)
{
    struct preflight_work *work = draining->work;
    int64_t known = 0;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < result_count(result) && status == STATUS_OK; i++) {
        const int64_t group = result_int(result, i, 1);

        work->ids[i] = arena_text(work->arena, result_span(result, i, 0));
        work->groups[i] = group;
        draining->robots += result_bool(result, i, 3);
        if (result_bool(result, i, 2))
            note_kept(draining, work->ids[i]);
        if (group != known)
            status =
                take_lists(draining, result_span(result, i, 4), result_span(result, i, 5), group);
        if (status == STATUS_FULL) {
            draining->is_cut = true;
            status = STATUS_OK;
        }
        known = group;
        for (size_t k = 0; k < work->to_count; k++)
            work->to[k].robots += work->to[k].group == group;
    }
    work->members = result_count(result);
    return status;
}

/* Lists are few. More kinds of landings than there is room for are a fleet whose robots all have
 * lists of their own: what is beyond is said, not counted. */
static enum status read_effect(struct draining *draining)
{
    STORE_STATEMENT(read, "SELECT e.device_id, dense_rank() OVER (ORDER BY e.was, e.becomes),"
                          " e.becomes @> jsonb_build_array(jsonb_build_object('vendor', $1::text)),"
                          " e.was <> e.becomes, e.was::text, e.becomes::text"
                          " FROM myna.drain_effect($1, NULL) e ORDER BY 2, 1");
    struct preflight_work *work = draining->work;
    struct result result = {0};
    enum status status =
        store_exec(work->conn, &read, STORE_VALUES(value_text(draining->vendor_id)), &result);

    if (status != STATUS_OK)
        return status;
    const size_t count = result_count(&result);
    work->ids = arena_take(work->arena, (count + 1) * sizeof *work->ids);
    work->groups = arena_take(work->arena, (count + 1) * sizeof *work->groups);
    status = work->ids && work->groups ? take_rows(draining, &result) : STATUS_MEMORY;
    result_release(&result);
    if (status == STATUS_OK && arena_failed(work->arena))
        status = STATUS_MEMORY;
    return status;
}

/* ---- the look ---- */

static enum status look(struct draining *draining)
{
    struct preflight_work *work = draining->work;
    enum status status = read_effect(draining);

    if (status != STATUS_OK)
        return status;
    if (draining->is_cut)
        preflight_find(work, "many_lists", PREFLIGHT_WARN, 0,
                       "robots have more than %d kinds of lists: not all places where they land"
                       " are looked at",
                       PREFLIGHT_TO);
    work->wave_count = 1;
    work->waves[0].size = (int64_t)work->members;
    if (draining->kept_count > 0)
        preflight_find(work, "kept", PREFLIGHT_WARN, 0,
                       "%lld robots have no other route for some use, and go on asking it",
                       (long long)draining->kept_count);
    if (work->to_count == 0)
        return STATUS_OK;
    status = preflight_read_metered(work);
    if (status == STATUS_OK)
        status = preflight_price(work);
    if (status == STATUS_OK)
        status = preflight_measure_rooms(work);
    return status == STATUS_OK ? preflight_check_rates(work) : status;
}

/* ---- the document ---- */

static void write_int(struct json_writer *writer, const char *name, int64_t number)
{
    json_key(writer, name);
    json_write_int(writer, number);
}

static void write_bool(struct json_writer *writer, const char *name, bool flag)
{
    json_key(writer, name);
    json_write_bool(writer, flag);
}

/* Those of one vendor, model and contract together, whichever list leads there. */
static void write_landings(struct json_writer *writer, const struct preflight_work *work)
{
    json_key(writer, "landings");
    json_begin_array(writer);
    for (size_t i = 0; i < work->to_count; i++) {
        const struct preflight_route *to = &work->to[i];
        int64_t robots = 0;
        bool is_first = true;

        for (size_t k = 0; k < work->to_count; k++) {
            const struct preflight_route *other = &work->to[k];

            if (strcmp(to->use, other->use) != 0 || strcmp(to->vendor_id, other->vendor_id) != 0 ||
                strcmp(to->model, other->model) != 0 ||
                strcmp(to->contract_id, other->contract_id) != 0)
                continue;
            robots += other->robots;
            is_first &= k >= i;
        }
        if (!is_first)
            continue;
        json_begin_object(writer);
        json_write_member(writer, "use", to->use);
        json_write_member(writer, "vendor", to->vendor_id);
        json_write_member(writer, "model", to->model);
        json_write_member(writer, "contract", to->contract_id);
        write_int(writer, "robots", robots);
        json_end_object(writer);
    }
    json_end_array(writer);
}

/* What the drained load costs a day, by its usage alone: nothing where it was, or all of it where
 * it lands. */
static enum status day_of(const struct preflight_work *work, const struct preflight_cost *cost,
                          struct fraction *out)
{
    const int64_t first = zone_day(cost->terms->zone, work->ask->now_ms) + 1;
    const struct decimal *more = cost->is_joined ? &cost->usage[1] : &cost->usage[0];
    const struct decimal *less = cost->is_joined ? &cost->usage[0] : &cost->usage[1];
    enum status status =
        fraction_subtract(fraction_of_decimal(*more), fraction_of_decimal(*less), out);

    return status == STATUS_OK
               ? fraction_multiply(*out, fraction_ratio(1, work->horizon - first), out)
               : status;
}

static void write_money(struct json_writer *writer, const struct preflight_work *work)
{
    char text[AMOUNT_SIZE];

    json_key(writer, "money");
    json_begin_array(writer);
    for (size_t i = 0; i < work->cost_count; i++) {
        const struct preflight_cost *cost = &work->costs[i];
        struct fraction day;

        if (!cost->is_known ||
            work->horizon <= zone_day(cost->terms->zone, work->ask->now_ms) + 1 ||
            day_of(work, cost, &day) != STATUS_OK)
            continue;
        amount_rounded(day, cost->terms->contract.minor_places, text);
        json_begin_object(writer);
        json_write_member(writer, "contract", cost->terms->contract_id);
        json_write_member(writer, "currency", cost->terms->contract.currency);
        write_bool(writer, "lands", cost->is_joined);
        json_write_member(writer, "per_day", text);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_rates(struct json_writer *writer, const struct preflight_work *work)
{
    json_key(writer, "rates");
    json_begin_array(writer);
    for (size_t i = 0; i < work->rate_count; i++) {
        const struct preflight_rate *rate = &work->rates[i];

        json_begin_object(writer);
        json_write_member(writer, "contract", rate->contract_id);
        json_write_member(writer, "metric", rate->metric);
        write_bool(writer, "hard", rate->is_hard);
        write_int(writer, "limit", (int64_t)rate->limit);
        write_int(writer, "stay", (int64_t)ceil(rate->stay));
        write_int(writer, "at_end", (int64_t)ceil(rate->end));
        write_int(writer, "carries", rate->carries);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static const char *what_does_not_fit(const struct preflight_work *work)
{
    for (size_t i = 0; i < work->finding_count; i++)
        if (work->findings[i].severity == PREFLIGHT_REFUSE)
            return work->findings[i].text;
    return NULL;
}

static enum status write_all(const struct draining *draining, struct span *json)
{
    const struct preflight_work *work = draining->work;
    char as_of[CLOCK_TEXT_SIZE];
    struct json_writer writer;
    struct buffer text;

    clock_format(draining->now_ms, as_of);
    buffer_init(&text, DOCUMENT_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_write_member(&writer, "as_of", as_of);
    json_write_member(&writer, "vendor", draining->vendor_id);
    write_bool(&writer, "fits", what_does_not_fit(work) == NULL);
    write_int(&writer, "robots", draining->robots);
    write_int(&writer, "kept", draining->kept_count);
    json_key(&writer, "kept_first");
    json_begin_array(&writer);
    for (int64_t i = 0; i < draining->kept_count && i < NAMES; i++)
        json_write_text(&writer, span_text(draining->kept[i]));
    json_end_array(&writer);
    write_int(&writer, "hours", work->hours);
    write_landings(&writer, work);
    write_money(&writer, work);
    preflight_write_headroom(&writer, work);
    write_rates(&writer, work);
    preflight_write_findings(&writer, work);
    json_end_object(&writer);
    return bills_keep_text(&text, draining->arena, json);
}

static enum status find_vendor(struct store_conn *conn, const char *vendor_id)
{
    STORE_STATEMENT(find, "SELECT FROM myna.vendor WHERE vendor_id = $1");
    struct result result;
    enum status status = store_exec(conn, &find, STORE_VALUES(value_text(vendor_id)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

static enum status run(struct store_conn *conn, void *context)
{
    struct draining *draining = context;
    const struct preflight_ask ask = {.now_ms = draining->now_ms};
    struct preflight_work *work = calloc(1, sizeof *work); /* a month of hours: large */
    struct preflight found = {0};

    if (!work)
        return STATUS_MEMORY;
    work->conn = conn;
    work->arena = draining->arena;
    work->ask = &ask;
    work->leaves = draining->vendor_id;
    draining->work = work;
    draining->robots = draining->kept_count = 0;
    draining->is_cut = false;
    enum status status = find_vendor(conn, draining->vendor_id);
    if (status == STATUS_OK)
        status = terms_create(&work->terms);
    if (status == STATUS_OK)
        status = terms_refresh(work->terms, conn);
    if (status == STATUS_OK)
        status = look(draining);
    if (status == STATUS_OK)
        status = write_all(draining, &found.json);
    found.refusal = what_does_not_fit(work);
    terms_free(work->terms);
    free(work);
    if (status == STATUS_OK && arena_failed(draining->arena))
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        *draining->out = found;
    return status;
}

enum status preflight_drain(struct store *store, const char *vendor_id, int64_t now_ms,
                            struct arena *arena, struct preflight *out)
{
    struct draining draining = {
        .vendor_id = vendor_id, .now_ms = now_ms, .arena = arena, .out = out};

    return store_transaction(store, run, &draining);
}
