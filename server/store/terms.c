#include "server/store/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/log.h"

#define TERMS_BYTES (64u << 20)

struct terms {
    struct arena *arena;              /* of what follows */
    struct terms_contract *contracts; /* by id */
    size_t count;
    int64_t revision;
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

static void forget(struct terms *terms)
{
    for (size_t i = 0; i < terms->count; i++)
        zone_close(terms->contracts[i].zone);
    terms->count = 0;
    terms->known = -1;
    terms->revision++;
    arena_reset(terms->arena);
}

void terms_free(struct terms *terms)
{
    if (!terms)
        return;
    forget(terms);
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

static enum status read_document(struct span text, struct arena *arena, struct contract *out,
                                 struct json_problem *problem)
{
    struct json *document = NULL;
    enum status status = json_parse(text, &document, problem->detail);

    if (status == STATUS_OK)
        status = contract_read(document, arena, out, problem);
    json_free(document);
    return status;
}

/* Joins one row's document to what the rows before it made; base is NULL for the first. */
static enum status join_row(const struct result *result, size_t i, struct arena *arena,
                            struct terms_contract *found, const struct contract *base)
{
    struct json_problem problem = {0};
    struct contract document;
    int64_t from_ms = result_time(result, i, 2);
    enum status status = read_document(result_span(result, i, 3), arena, &document, &problem);

    if (status == STATUS_OK && !found->zone &&
        zone_open(&found->zone, document.zone) != STATUS_OK) {
        snprintf(problem.detail, sizeof problem.detail, "the system knows no zone \"%.64s\"",
                 document.zone);
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK)
        status = contract_amend(base, &document, from_ms,
                                base ? zone_first_day(found->zone, from_ms)
                                     : zone_day(found->zone, from_ms),
                                arena, &found->contract);
    if (status != STATUS_OK && status != STATUS_MEMORY)
        log_error("store", "cannot read contract \"%s\" version=%lld: %s %s", found->contract_id,
                  (long long)result_int(result, i, 1), problem.pointer,
                  problem.detail[0] ? problem.detail : status_text(status));
    return status;
}

/* Rows from first to end are of one contract. A row that cannot be read is left out; a contract of
 * which none can is too. */
static enum status read_contract(struct terms *terms, const struct result *result, size_t first,
                                 size_t end)
{
    struct terms_contract *found = &terms->contracts[terms->count];
    int64_t *versions = arena_take(terms->arena, (end - first) * sizeof *versions);
    size_t joined = 0;

    found->contract_id = arena_text(terms->arena, result_span(result, first, 0));
    if (!versions || !found->contract_id)
        return STATUS_MEMORY;
    for (size_t i = first; i < end; i++) {
        enum status status =
            join_row(result, i, terms->arena, found, joined ? &found->contract : NULL);

        if (status == STATUS_MEMORY)
            return status;
        if (status == STATUS_OK)
            versions[joined++] = result_int(result, i, 1);
    }
    found->versions = versions;
    if (joined > 0) {
        terms->count++;
    } else {
        zone_close(found->zone);
        found->zone = NULL;
    }
    return STATUS_OK;
}

static enum status read_versions(struct terms *terms, const struct result *result)
{
    size_t count = result_count(result);
    size_t first = 0;

    forget(terms);
    terms->contracts = arena_take(terms->arena, (count + 1) * sizeof *terms->contracts);
    if (!terms->contracts)
        return STATUS_MEMORY;
    for (size_t i = 1; i <= count; i++) {
        if (i < count && span_equal(result_span(result, i, 0), result_span(result, first, 0)))
            continue;
        enum status status = read_contract(terms, result, first, i);

        if (status != STATUS_OK)
            return status;
        first = i;
    }
    terms->known = (int64_t)count;
    return STATUS_OK;
}

enum status terms_refresh(struct terms *terms, struct store_conn *conn)
{
    STORE_STATEMENT(list, "SELECT contract_id, version, effective_from, document"
                          " FROM myna.contract_version"
                          " ORDER BY contract_id, effective_from, version");
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

static enum status refresh_once(struct store_conn *conn, void *context)
{
    return terms_refresh(context, conn);
}

enum status terms_read(struct store *store, struct terms **out)
{
    struct terms *terms;
    enum status status = terms_create(&terms);

    if (status != STATUS_OK)
        return status;
    status = store_transaction(store, refresh_once, terms);
    if (status != STATUS_OK) {
        terms_free(terms);
        return status;
    }
    *out = terms;
    return STATUS_OK;
}

int64_t terms_revision(const struct terms *terms)
{
    return terms->revision;
}

const struct terms_contract *terms_find(const struct terms *terms, const char *contract_id)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (strcmp(terms->contracts[i].contract_id, contract_id) == 0)
            return &terms->contracts[i];
    }
    return NULL;
}

const struct contract_terms *terms_in_force(const struct terms_contract *found, int64_t at_ms,
                                            int64_t *version)
{
    const struct contract_terms *terms =
        found ? contract_terms_at(&found->contract, at_ms, zone_day(found->zone, at_ms)) : NULL;

    if (terms)
        *version = found->versions[terms->document - 1];
    return terms;
}

const struct contract_terms *terms_rating(const struct terms_contract *found, int64_t at_ms,
                                          int64_t *version)
{
    const struct contract_terms *terms =
        found ? contract_terms_on(&found->contract, zone_day(found->zone, at_ms)) : NULL;

    if (terms)
        *version = found->versions[terms->document - 1];
    return terms;
}
