#include "server/store/terms.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/log.h"

#define TERMS_BYTES (64u << 20)

struct terms {
    struct arena *arena;            /* of what follows */
    struct terms_version *versions; /* by contract, then by the time they come into force */
    size_t count;
    int64_t known; /* rows in the table when it was read; -1: never */
};

enum status terms_create(struct terms **out)
{
    struct terms *terms = calloc(1, sizeof *terms);

    if (!terms || arena_create(&terms->arena, TERMS_BYTES) != STATUS_OK) {
        free(terms);
        return STATUS_MEMORY;
    }
    terms->known = -1;
    *out = terms;
    return STATUS_OK;
}

void terms_free(struct terms *terms)
{
    if (!terms)
        return;
    arena_free(terms->arena);
    free(terms);
}

static enum status count_versions(struct store_conn *conn, int64_t *count)
{
    STORE_STATEMENT(counting, "SELECT count(*) FROM myna.contract_version");
    struct result result = {0};
    enum status status = store_exec(conn, &counting, STORE_NO_VALUES, &result);

    if (status == STATUS_OK)
        *count = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

static enum status version_from_row(const struct result *result, size_t i, struct arena *arena,
                                    struct terms_version *version)
{
    struct json *document = NULL;
    struct json_problem problem = {0};

    version->contract_id = arena_text(arena, result_span(result, i, 0));
    version->version = result_int(result, i, 1);
    version->effective_from_ms = result_time(result, i, 2);
    version->currency = arena_text(arena, result_span(result, i, 4));
    version->zone = arena_text(arena, result_span(result, i, 5));
    if (arena_failed(arena))
        return STATUS_MEMORY;

    enum status status = json_parse(result_span(result, i, 3), &document, problem.detail);
    if (status == STATUS_OK)
        status = contract_read(document, arena, &version->contract, &problem);
    json_free(document);
    if (status == STATUS_INVALID)
        log_error("store", "cannot read contract \"%s\" version=%lld: %s %s", version->contract_id,
                  (long long)version->version, problem.pointer, problem.detail);
    return status;
}

static enum status read_versions(struct terms *terms, const struct result *result)
{
    size_t count = result_count(result);

    arena_reset(terms->arena);
    terms->count = 0;
    terms->known = -1;
    terms->versions = arena_take(terms->arena, (count + 1) * sizeof *terms->versions);
    if (!terms->versions)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct terms_version *version = &terms->versions[terms->count];
        enum status status = version_from_row(result, i, terms->arena, version);

        if (status == STATUS_OK)
            terms->count++;
        else if (status != STATUS_INVALID)
            return status;
    }
    terms->known = (int64_t)count;
    return STATUS_OK;
}

enum status terms_refresh(struct terms *terms, struct store_conn *conn)
{
    STORE_STATEMENT(list, "SELECT v.contract_id, v.version, v.effective_from, v.document,"
                          " c.currency, c.zone"
                          " FROM myna.contract_version v JOIN myna.contract c USING (contract_id)"
                          " ORDER BY v.contract_id, v.effective_from, v.version");
    struct result result = {0};
    int64_t count;
    enum status status = count_versions(conn, &count);

    if (status != STATUS_OK || count == terms->known)
        return status;
    status = store_exec(conn, &list, STORE_NO_VALUES, &result);
    if (status == STATUS_OK)
        status = read_versions(terms, &result);
    result_release(&result);
    return status;
}

const struct terms_version *terms_find(const struct terms *terms, const char *contract_id,
                                       int64_t at_ms)
{
    const struct terms_version *found = NULL;

    for (size_t i = 0; i < terms->count; i++) {
        const struct terms_version *version = &terms->versions[i];

        if (version->effective_from_ms <= at_ms && strcmp(version->contract_id, contract_id) == 0)
            found = version;
    }
    return found;
}
