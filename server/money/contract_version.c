/* Versions: a document's amendments, and later documents that join it. */
#include <string.h>

#include "server/money/contract_parts.h"

/* What an amendment may say anew; in the order in which they are read. */
static const struct {
    const char *member;
    contract_part read;
    bool may_end; /* an empty list is what an amendment writes to say: no more of them */
} parts[] = {
    {"charges", contract_charge_read, false},
    {"discounts", contract_discount_read, true},
    {"third_party_models", contract_third_party_read, false},
    {"commitments", contract_commitment_read, true},
    {"credits", contract_credit_read, true},
    {"caps", contract_cap_read, true},
    {"thresholds", contract_threshold_read, true},
    {"tax", contract_tax_read, false},
    {"service_levels", contract_service_level_read, true},
    {"interim", contract_interim_read, true},
};
#define PARTS (sizeof parts / sizeof *parts)

/* Who says each part of the version that is being read: the document, or the newest amendment that
 * names it. What stays as it was is read again, so that it fits what has changed around it. */
struct source {
    const struct json *holder;
    size_t amendment; /* its place; SIZE_MAX: the document itself */
};

static bool has_ended(const struct source *source, size_t part)
{
    const struct json *list = json_member(source->holder, parts[part].member);

    return parts[part].may_end && source->amendment != SIZE_MAX && json_type(list) == JSON_ARRAY &&
           json_count(list) == 0;
}

static void read_parts(struct reading *reading, const struct source *sources, size_t amendment,
                       const struct contract *contract, struct contract_terms *terms)
{
    struct contract_draft draft = {.contract = contract, .terms = terms};

    for (size_t i = 0; i < PARTS; i++) {
        size_t outside = reading_enter(reading, "");

        if (has_ended(&sources[i], i))
            continue;
        if (sources[i].amendment != SIZE_MAX) {
            reading_enter(reading, "amendments");
            reading_enter_item(reading, sources[i].amendment);
        }
        parts[i].read(reading, sources[i].holder, &draft);
        reading_leave(reading, outside);
        if (!reading_failed(reading))
            continue;
        if (sources[i].amendment != amendment)
            reading_explain(reading, " (as amendments/%zu leaves it)", amendment);
        if (!reading_next(reading, READING_UNRELATED))
            return;
    }
}

static void read_head(struct reading *reading, const struct json *json,
                      const struct contract *contract, const struct contract_terms *before,
                      struct contract_terms *terms)
{
    if (!reading_object(reading, json, "effective_from|counters|" CONTRACT_TERMS_MEMBERS,
                        "effective_from"))
        return;
    reading_day(reading, json, "effective_from", &terms->first);
    terms->counters_restart = reading_choice(reading, json, "counters", "continue|restart", 0) == 1;
    if (terms->first <= before->first)
        reading_refuse(reading, "effective_from", "must be after what it amends");
    else if (contract->term_end != CONTRACT_NO_DAY && terms->first >= contract->term_end)
        reading_refuse(reading, "effective_from", "is past the contract's term");
}

static void read_amendment(struct reading *reading, const struct json *json, size_t place,
                           struct source *sources, const struct contract *contract,
                           struct contract_terms *before, struct contract_terms *terms)
{
    size_t outside = reading_enter(reading, "amendments");

    *terms = (struct contract_terms){
        .version = before->version + 1,
        .document = 1,
        .end = before->end,
        .from_ms = CONTRACT_NO_DAY,
    };
    reading_enter_item(reading, place);
    read_head(reading, json, contract, before, terms);
    reading_leave(reading, outside);
    if (!reading_next(reading, READING_SURE))
        return;
    before->end = terms->first;
    for (size_t i = 0; i < PARTS; i++) {
        if (json_member(json, parts[i].member))
            sources[i] = (struct source){json, place};
    }
    read_parts(reading, sources, place, contract, terms);
}

void contract_versions_read(struct reading *reading, const struct json *document,
                            struct contract *contract)
{
    const struct json *list;
    size_t count = reading_list(reading, document, "amendments", CONTRACT_VERSIONS - 1, &list);
    struct contract_terms *versions = reading_take(reading, count + 1, sizeof *versions);
    struct source sources[PARTS];

    if (!versions || !reading_next(reading, READING_SURE))
        return;
    for (size_t i = 0; i < PARTS; i++)
        sources[i] = (struct source){document, SIZE_MAX};
    versions[0] = (struct contract_terms){
        .version = 1,
        .document = 1,
        .first = contract->term_first,
        .end = contract->term_end == CONTRACT_NO_DAY ? CONTRACT_FOREVER : contract->term_end,
        .from_ms = CONTRACT_NO_DAY,
    };
    read_parts(reading, sources, SIZE_MAX, contract, &versions[0]);
    for (size_t i = 0; i < count && reading_next(reading, READING_SURE); i++)
        read_amendment(reading, json_item(list, i), i, sources, contract, &versions[i],
                       &versions[i + 1]);
    contract->versions = versions;
    contract->version_count = count + 1;
}

const struct contract_terms *contract_terms_on(const struct contract *contract, int64_t day)
{
    if (contract->term_first != CONTRACT_NO_DAY && day < contract->term_first)
        return NULL;
    for (size_t i = contract->version_count; i-- > 0;) {
        const struct contract_terms *terms = &contract->versions[i];

        if (terms->first <= day && day < terms->end)
            return terms;
    }
    return NULL;
}

/* Whether the version has begun at that instant of that local day. */
static bool has_begun(const struct contract_terms *terms, int64_t at_ms, int64_t day)
{
    return terms->from_ms != CONTRACT_NO_DAY ? terms->from_ms <= at_ms : terms->first <= day;
}

const struct contract_terms *contract_terms_at(const struct contract *contract, int64_t at_ms,
                                               int64_t day)
{
    if (contract->term_end != CONTRACT_NO_DAY && day >= contract->term_end)
        return NULL;
    for (size_t i = contract->version_count; i-- > 0;) {
        if (has_begun(&contract->versions[i], at_ms, day))
            return &contract->versions[i];
    }
    return NULL;
}

static bool is_same_contract(const struct contract *a, const struct contract *b)
{
    return strcmp(a->contract_id, b->contract_id) == 0 && strcmp(a->vendor_id, b->vendor_id) == 0 &&
           strcmp(a->currency, b->currency) == 0 && strcmp(a->zone, b->zone) == 0;
}

/* The first version of the newest document. */
static const struct contract_terms *newest_document(const struct contract *contract)
{
    size_t i = contract->version_count - 1;

    while (i > 0 && contract->versions[i - 1].document == contract->versions[i].document)
        i--;
    return &contract->versions[i];
}

static bool is_after(const struct contract_terms *terms, int64_t from_ms, int64_t first)
{
    return terms->from_ms != CONTRACT_NO_DAY ? from_ms > terms->from_ms : first > terms->first;
}

/* What the base's versions own ends with the day before; what had not begun then owns nothing. */
static void cut(struct contract_terms *terms, int64_t day)
{
    if (terms->end > day)
        terms->end = day;
    if (terms->end < terms->first)
        terms->end = terms->first;
}

/* The document's versions up to the last one begin on that day: of those the last one holds. */
static void begin(struct contract_terms *versions, size_t last, int64_t from_ms, int64_t first)
{
    for (size_t i = 0; i <= last; i++) {
        versions[i].first = first;
        versions[i].from_ms = from_ms;
        if (i < last || versions[i].end < first)
            versions[i].end = first;
    }
}

enum status contract_amend(const struct contract *base, const struct contract *next,
                           int64_t from_ms, int64_t first, struct arena *arena,
                           struct contract *out)
{
    const struct contract_terms *newest = base ? newest_document(base) : NULL;
    size_t kept = base ? base->version_count : 0, count = kept + next->version_count;
    struct contract joined = *next;

    if (base && !is_same_contract(base, next))
        return STATUS_DENIED;
    if (newest && !is_after(newest, from_ms, first))
        return STATUS_STALE;
    if (count > CONTRACT_VERSIONS)
        return STATUS_FULL;

    struct contract_terms *versions = arena_take(arena, count * sizeof *versions);
    if (!versions)
        return STATUS_MEMORY;
    for (size_t i = 0; i < kept; i++) {
        versions[i] = base->versions[i];
        cut(&versions[i], first);
    }
    for (size_t i = kept; i < count; i++) {
        versions[i] = next->versions[i - kept];
        versions[i].version = (int64_t)i + 1;
        versions[i].document = newest ? newest->document + 1 : 1;
        if (i == kept || versions[i].first <= first)
            begin(&versions[kept], i - kept, from_ms, first);
    }
    if (base)
        joined.term_first = base->term_first;
    joined.versions = versions;
    joined.version_count = count;
    *out = joined;
    return STATUS_OK;
}
