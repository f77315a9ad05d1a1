/* Of a rollout of a vendor's next key: whether there is one to give, and to whom it means anything.
 */
#include "server/store/preflight_parts.h"

struct facts {
    const char *vendor_id;
    bool is_next; /* the key that it was made for */
    bool is_shared;
    int64_t asking; /* of its robots */
};

static enum status read_facts(struct preflight_work *work, struct facts *out)
{
    STORE_STATEMENT(
        read, "SELECT r.key_vendor, coalesce(v.next_key_wrapped IS NOT NULL"
              "    AND v.key_number = r.key_number, false), coalesce(v.next_key_share > 0, false),"
              "  (SELECT count(*) FROM myna.effective_setting e WHERE e.name = 'routes'"
              "    AND e.device_id = ANY ($2::text[])"
              "    AND e.value @> jsonb_build_array(jsonb_build_object('vendor', r.key_vendor)))"
              " FROM myna.rollout r LEFT JOIN myna.vendor v ON v.vendor_id = r.key_vendor"
              " WHERE r.rollout_id = $1 AND r.key_vendor IS NOT NULL");
    struct result row;
    enum status status = store_exec(
        work->conn, &read,
        STORE_VALUES(value_text(work->ask->rollout_id), value_text_array(work->ids, work->members)),
        &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        *out = (struct facts){arena_text(work->arena, result_span(&row, 0, 0)),
                              result_bool(&row, 0, 1), result_bool(&row, 0, 2),
                              result_int(&row, 0, 3)};
    result_release(&row);
    return status;
}

/* Before a wave is opened shares are as they were at the start: a rollout under way keeps them. */
static void tell(struct preflight_work *work, const struct facts *facts)
{
    if (!facts->is_next)
        preflight_find(work, "key_none", PREFLIGHT_REFUSE, 0,
                       "vendor \"%s\" has no next key now, or another than when this was written: "
                       "give it one, and write the rollout anew",
                       facts->vendor_id);
    else if (facts->is_shared)
        preflight_find(work, "key_shared", PREFLIGHT_REFUSE, 0,
                       "a share of the robots has the next key of vendor \"%s\" already: go on by "
                       "shares, or drop that key first",
                       facts->vendor_id);
    if (facts->asking < (int64_t)work->members)
        preflight_find(work, "key_unasked", PREFLIGHT_INFO, 0,
                       "%lld of the robots do not ask vendor \"%s\": for them it changes nothing",
                       (long long)((int64_t)work->members - facts->asking), facts->vendor_id);
}

enum status preflight_check_key(struct preflight_work *work, bool *is_key)
{
    struct facts facts;
    enum status status = read_facts(work, &facts);

    *is_key = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK)
        tell(work, &facts);
    return status;
}
