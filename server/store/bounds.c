#include "server/store/bounds.h"

#include <stdio.h>
#include <string.h>

#include "schema/wire/dialects.h"

#define MAX_NAMES 64

static const unsigned output_metrics =
    CONTRACT_BIT(CONTRACT_OUTPUT) | CONTRACT_BIT(CONTRACT_REASONING);

static enum status refuse(const char *limit, const char *vendor_id, const char *dialect,
                          char reason[160])
{
    const struct dialects_row *row = dialects_find(dialect);

    snprintf(reason, 160, "%.30s cannot be hard: in the dialect of \"%.24s\" %.58s", limit,
             vendor_id, row ? row->limit : "nothing is known to bound an answer");
    return STATUS_DENIED;
}

/* ---- a contract's caps ---- */

static bool counts_output(const struct contract_cap *cap)
{
    if (cap->quantity.source == CONTRACT_SPEND)
        return true;
    return cap->quantity.source == CONTRACT_RECORDED && (cap->quantity.metrics & output_metrics);
}

static const struct contract_cap *find_cap(const struct contract *terms, size_t *place)
{
    for (size_t i = 0; i < terms->version_count; i++)
        for (size_t j = 0; j < terms->versions[i].cap_count; j++) {
            const struct contract_cap *cap = &terms->versions[i].caps[j];

            *place = j;
            if (cap->hard && counts_output(cap))
                return cap;
        }
    return NULL;
}

enum status bounds_check_terms(struct store *store, const struct contract *terms, size_t *place,
                               char reason[160])
{
    STORE_STATEMENT(find, "SELECT dialect FROM myna.vendor WHERE vendor_id = $1");
    size_t found;
    struct result result = {0};

    if (!find_cap(terms, &found))
        return STATUS_OK;
    enum status status =
        store_query(store, &find, STORE_VALUES(value_text(terms->vendor_id)), &result);
    if (status == STATUS_OK && result_count(&result) > 0 &&
        !dialects_bounds_output(result_text(&result, 0, 0))) {
        *place = found;
        status = refuse("it", terms->vendor_id, result_text(&result, 0, 0), reason);
    }
    result_release(&result);
    return status;
}

/* ---- pools ---- */

static size_t bounded_names(const char *names[MAX_NAMES])
{
    size_t count, kept = 0;
    const struct dialects_row *rows = dialects_table(&count);

    for (size_t i = 0; i < count && kept < MAX_NAMES; i++)
        if (rows[i].bound == DIALECTS_BOUND_ALL)
            names[kept++] = rows[i].name;
    return kept;
}

/* A limit of the fleet, a group or a device binds every vendor with a contract: whichever route a
 * device is given next. */
static enum status check_pools(struct store_conn *conn, const char *source, const char *vendor_id,
                               char reason[160])
{
    STORE_STATEMENT(
        find, "SELECT p.source, v.vendor_id, v.dialect FROM myna.pool p"
              " JOIN myna.vendor v ON CASE p.scope"
              "   WHEN 'vendor' THEN v.vendor_id = p.subject"
              "   WHEN 'contract' THEN v.vendor_id = (SELECT c.vendor_id FROM myna.contract c"
              "     WHERE c.contract_id = p.subject)"
              "   ELSE EXISTS (SELECT FROM myna.contract c WHERE c.vendor_id = v.vendor_id) END"
              " WHERE p.hard AND NOT p.is_closed AND p.period_to > now()"
              "   AND (p.is_money OR p.metrics & $1::bigint::integer <> 0)"
              "   AND NOT v.dialect = ANY ($2::text[])"
              "   AND p.source = coalesce($3::text, p.source)"
              "   AND v.vendor_id = coalesce($4::text, v.vendor_id::text)"
              " ORDER BY p.source, v.vendor_id LIMIT 1");
    const char *names[MAX_NAMES];
    const size_t count = bounded_names(names);
    struct result result = {0};
    char limit[64];
    enum status status =
        store_exec(conn, &find,
                   STORE_VALUES(value_int(output_metrics), value_text_array(names, count),
                                value_text(source), value_text(vendor_id)),
                   &result);

    if (status == STATUS_OK && result_count(&result) > 0) {
        snprintf(limit, sizeof limit, "%.60s", result_text(&result, 0, 0));
        status = refuse(limit, result_text(&result, 0, 1), result_text(&result, 0, 2), reason);
    }
    result_release(&result);
    return status;
}

enum status bounds_check_vendor(struct store_conn *conn, const char *vendor_id, char reason[160])
{
    return check_pools(conn, NULL, vendor_id, reason);
}

enum status bounds_check_budget(struct store_conn *conn, const char *budget_id, char reason[160])
{
    char source[64];

    snprintf(source, sizeof source, "budget:%.50s", budget_id);
    return check_pools(conn, source, NULL, reason);
}
