#include "server/store/preflight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/preflight_parts.h"

void preflight_find(struct preflight_work *work, const char *code, enum preflight_severity severity,
                    int64_t wave, const char *format, ...)
{
    const size_t place =
        work->finding_count < PREFLIGHT_FINDINGS ? work->finding_count : PREFLIGHT_FINDINGS - 1;
    char text[400];
    va_list args;

    if (place < work->finding_count && severity != PREFLIGHT_REFUSE)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    work->findings[place] =
        (struct preflight_finding){code, severity, wave, arena_text(work->arena, span_text(text))};
    work->finding_count = place + 1;
}

struct fraction preflight_share(const struct preflight_work *work, size_t state)
{
    int64_t moved = 0;

    for (size_t i = 0; i < state; i++)
        moved += work->waves[i].size;
    return work->members > 0 ? fraction_ratio(moved, (int64_t)work->members) : FRACTION_ZERO;
}

bool preflight_moves(const struct preflight_work *work, const struct preflight_load *load,
                     const char *contract_id)
{
    for (size_t i = 0; i < work->metered_count; i++) {
        const struct preflight_metered *row = &work->metered[i];

        if (row->to && row->group == load->group &&
            strcmp(row->contract_id, load->contract_id) == 0 &&
            strcmp(row->to->contract_id, contract_id) == 0)
            return true;
    }
    return false;
}

enum status preflight_mean(const struct preflight_work *work, const struct preflight_metered *row,
                           size_t metric, struct fraction *out)
{
    int64_t sum = 0;

    for (size_t i = 0; i < PREFLIGHT_DAYS; i++)
        sum += row->days[i][metric];
    return fraction_multiply(fraction_of(sum), fraction_ratio(24, work->hours), out);
}

/* The first one that forbids what is asked for. A later wave is refused when it is its turn. */
static const char *refusal_of(const struct preflight_work *work)
{
    const int64_t wave = work->ask->wave > 0 ? work->ask->wave : 1;

    for (size_t i = 0; i < work->finding_count; i++)
        if (work->findings[i].severity == PREFLIGHT_REFUSE && work->findings[i].wave <= wave)
            return work->findings[i].text;
    return NULL;
}

static enum status look(struct preflight_work *work)
{
    bool is_software = false, is_key = false;
    enum status status = preflight_read_robots(work);

    if (status == STATUS_OK)
        status = preflight_check_drained(work);
    if (status == STATUS_OK && work->to_count == 0)
        status = preflight_check_software(work, &is_software);
    if (status == STATUS_OK && work->to_count == 0 && !is_software)
        status = preflight_check_key(work, &is_key);
    if (status == STATUS_OK && (is_software || is_key))
        return STATUS_OK;
    if (status == STATUS_OK && work->to_count == 0) {
        preflight_find(work, "no_switch", PREFLIGHT_INFO, 0,
                       "nothing of it changes who answers: there is nothing to price");
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = preflight_read_metered(work);
    if (status == STATUS_OK)
        status = preflight_check_routes(work);
    if (status == STATUS_OK)
        status = preflight_price(work);
    if (status == STATUS_OK)
        status = preflight_measure_rooms(work);
    return status == STATUS_OK ? preflight_check_rates(work) : status;
}

enum status preflight_run(struct store_conn *conn, const struct preflight_ask *ask,
                          struct arena *arena, struct preflight *out)
{
    struct preflight_work *work = calloc(1, sizeof *work); /* a month of hours: large */
    struct preflight found = {0};

    if (!work)
        return STATUS_MEMORY;
    work->conn = conn;
    work->arena = arena;
    work->ask = ask;
    enum status status = terms_create(&work->terms);
    if (status == STATUS_OK)
        status = terms_refresh(work->terms, conn);
    if (status == STATUS_OK)
        status = preflight_read_rollout(work);
    if (status == STATUS_OK)
        status = look(work);
    if (status == STATUS_OK)
        status = preflight_weigh_cost(work, &found);
    if (status == STATUS_OK)
        status = preflight_write(work, &found.json);
    found.refusal = refusal_of(work);
    terms_free(work->terms);
    free(work);
    if (status == STATUS_OK && arena_failed(arena))
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        *out = found;
    return status;
}

enum status preflight_keep(struct store_conn *conn, const struct preflight_ask *ask,
                           const struct preflight *found)
{
    STORE_STATEMENT(keep, "UPDATE myna.rollout SET preflight = $2,"
                          " preflight_at = $3::timestamptz WHERE rollout_id = $1");

    return store_exec(
        conn, &keep,
        STORE_VALUES(value_text(ask->rollout_id), value_json(found->json), value_time(ask->now_ms)),
        NULL);
}

struct preview {
    const struct preflight_ask *ask;
    struct arena *arena;
    struct preflight found;
};

static enum status run(struct store_conn *conn, void *context)
{
    struct preview *preview = context;

    return preflight_run(conn, preview->ask, preview->arena, &preview->found);
}

enum status preflight_preview(struct store *store, const struct preflight_ask *ask,
                              struct arena *arena, struct span *json)
{
    struct preview preview = {.ask = ask, .arena = arena};
    enum status status = store_transaction(store, run, &preview);

    if (status == STATUS_OK)
        *json = preview.found.json;
    return status;
}
