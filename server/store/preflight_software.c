/* Of a rollout of software: what its robots have now, and so how many would refuse it. */
#include "schema/wire/manifest.h"
#include "server/store/preflight_parts.h"

#define MIB (INT64_C(1) << 20)

struct counts {
    int64_t never_heard, unable, has_it, wrong_version, older, lacks_room;
};

static enum status read_manifest(struct preflight_work *work, struct manifest *out, bool *is_back)
{
    STORE_STATEMENT(read, "SELECT manifest ->> 'document', reverses IS NOT NULL FROM myna.rollout"
                          " WHERE rollout_id = $1 AND software_kind IS NOT NULL");
    struct json_problem problem;
    struct result row;
    enum status status =
        store_exec(work->conn, &read, STORE_VALUES(value_text(work->ask->rollout_id)), &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        status = manifest_read(result_span(&row, 0, 0), out, &problem);
    if (status == STATUS_OK)
        *is_back = result_bool(&row, 0, 1);
    result_release(&row);
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}

/* As the robots will decide, from what they told; the agent's own version is in its hello. */
static enum status count_robots(struct preflight_work *work, const struct manifest *manifest,
                                struct counts *out)
{
    STORE_STATEMENT(
        count,
        "WITH robot AS (SELECT l.last_seen IS NULL AS is_new, l.capabilities ? 'software' AS "
        "is_able,"
        "   coalesce(nullif(p.item ->> 'version', ''), CASE $2 WHEN 'agent' THEN"
        "     nullif(l.software, '') END, 'none') AS version,"
        "   coalesce((p.item ->> 'counter')::bigint, 0) AS counter,"
        "   (l.health ->> 'disk_free_mib')::bigint AS free_mib"
        "  FROM myna.device_link l LEFT JOIN LATERAL (SELECT item"
        "    FROM jsonb_array_elements(l.packages) item WHERE item ->> 'kind' = $2"
        "    AND item ->> 'name' = $3) p ON true"
        "  WHERE l.device_id = ANY ($1::text[])) "
        "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new AND NOT is_able),"
        "  count(*) FILTER (WHERE is_able AND version = $4),"
        "  count(*) FILTER (WHERE is_able AND version <> $4 AND $5::text[] <> '{}'"
        "     AND NOT version = ANY ($5)),"
        "  count(*) FILTER (WHERE is_able AND version <> $4 AND counter >= $6 AND NOT $7"
        "     AND ($5::text[] = '{}' OR version = ANY ($5))),"
        "  count(*) FILTER (WHERE is_able AND version <> $4 AND free_mib < $8) FROM robot");
    const char *from[MANIFEST_FROM_MAX];
    struct result row;

    for (size_t i = 0; i < manifest->from_count; i++)
        from[i] = manifest->from[i];
    enum status status = store_exec(
        work->conn, &count,
        STORE_VALUES(value_text_array(work->ids, work->members), value_text(manifest->kind),
                     value_text(manifest->name), value_text(manifest->version),
                     value_text_array(from, manifest->from_count), value_int(manifest->counter),
                     value_bool(manifest->allow_downgrade),
                     value_int(2 * manifest->size_bytes / MIB + 1)),
        &row);
    if (status != STATUS_OK)
        return status;
    *out = (struct counts){result_int(&row, 0, 0), result_int(&row, 0, 1), result_int(&row, 0, 2),
                           result_int(&row, 0, 3), result_int(&row, 0, 4), result_int(&row, 0, 5)};
    result_release(&row);
    return STATUS_OK;
}

static void tell(struct preflight_work *work, const struct manifest *manifest,
                 const struct counts *counts)
{
    const int64_t refusing = counts->unable + counts->wrong_version + counts->older;
    const int64_t mib = (manifest->size_bytes + MIB - 1) / MIB;

    if (counts->unable > 0)
        preflight_find(work, "software_unable", PREFLIGHT_WARN, 0,
                       "%lld robots cannot: they are too old for it, or know no key",
                       (long long)counts->unable);
    if (counts->wrong_version > 0)
        preflight_find(work, "software_from", PREFLIGHT_WARN, 0,
                       "%lld robots will refuse it: what they have is not among the versions that "
                       "it may follow",
                       (long long)counts->wrong_version);
    if (counts->older > 0)
        preflight_find(work, "software_older", PREFLIGHT_WARN, 0,
                       "%lld robots will refuse it: they have a counter not below %lld",
                       (long long)counts->older, (long long)manifest->counter);
    if (counts->lacks_room > 0)
        preflight_find(work, "software_disk", PREFLIGHT_WARN, 0,
                       "%lld robots may have no room: they told of less than %lld MiB",
                       (long long)counts->lacks_room, (long long)(2 * mib));
    if (counts->has_it > 0)
        preflight_find(work, "software_has", PREFLIGHT_INFO, 0, "%lld robots have it already",
                       (long long)counts->has_it);
    if (counts->never_heard > 0)
        preflight_find(work, "software_unheard", PREFLIGHT_INFO, 0,
                       "%lld robots were never heard: nothing is known of what they have",
                       (long long)counts->never_heard);
    preflight_find(work, "software_size", PREFLIGHT_INFO, 0,
                   "each robot fetches %lld bytes; %lld MiB by all of them",
                   (long long)manifest->size_bytes, (long long)(mib * (int64_t)work->members));
    if (work->members > 0 && refusing == (int64_t)work->members)
        preflight_find(work, "software_nobody", PREFLIGHT_REFUSE, 0,
                       "none of its %lld robots would install it", (long long)refusing);
}

enum status preflight_check_software(struct preflight_work *work, bool *is_software)
{
    struct manifest manifest;
    struct counts counts;
    bool is_back = false;
    enum status status = read_manifest(work, &manifest, &is_back);

    *is_software = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK && !is_back)
        status = count_robots(work, &manifest, &counts);
    if (status == STATUS_OK && !is_back)
        tell(work, &manifest, &counts);
    return status;
}
