#include "server/money/contract.h"

#include <assert.h>
#include <string.h>

#include "server/money/contract_parts.h"

static const char *const metric_names[] = {
    [CONTRACT_INPUT_UNCACHED] = "input_uncached",
    [CONTRACT_INPUT_CACHED] = "input_cached",
    [CONTRACT_CACHE_WRITE_5M] = "cache_write_5m",
    [CONTRACT_CACHE_WRITE_1H] = "cache_write_1h",
    [CONTRACT_OUTPUT] = "output",
    [CONTRACT_REASONING] = "reasoning",
    [CONTRACT_AUDIO_IN_MS] = "audio_in_ms",
    [CONTRACT_AUDIO_OUT_CHARS] = "audio_out_chars",
    [CONTRACT_IMAGES] = "images",
    [CONTRACT_VIDEO_MS] = "video_ms",
    [CONTRACT_REQUESTS] = "requests",
};
_Static_assert(sizeof metric_names / sizeof *metric_names == CONTRACT_METRICS, "a name is missing");

const char *contract_metric_name(enum contract_metric metric)
{
    assert(metric < CONTRACT_METRICS);
    return metric_names[metric];
}

/* ISO 4217: the currencies whose minor unit is not a hundredth. */
static unsigned minor_places(const char *currency)
{
    static const char none[] =
        "BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF";
    static const char three[] = "BHD|IQD|JOD|KWD|LYD|OMR|TND";
    static const char four[] = "CLF|UYW";

    if (span_is_choice(span_text(currency), none))
        return 0;
    if (span_is_choice(span_text(currency), three))
        return 3;
    return span_is_choice(span_text(currency), four) ? 4 : 2;
}

static void read_currency(struct reading *reading, const struct json *document,
                          struct contract *contract)
{
    const char *text = reading_text(reading, document, "currency", 64);

    if (!text)
        return;
    if (strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        reading_refuse(reading, "currency", "must be an ISO 4217 code: CNY");
    contract->currency = text;
    contract->minor_places = minor_places(text);
}

static void read_term(struct reading *reading, const struct json *document,
                      struct contract *contract)
{
    const struct json *term = json_member(document, "term");
    size_t mark = reading_enter(reading, "term");

    contract->term_first = contract->term_end = CONTRACT_NO_DAY;
    if (term && reading_object(reading, term, "from|to", "from|to")) {
        reading_day(reading, term, "from", &contract->term_first);
        reading_day(reading, term, "to", &contract->term_end);
        if (contract->term_first >= contract->term_end)
            reading_refuse(reading, "to", "must be later than from; the term ends before this day");
    }
    reading_leave(reading, mark);
}

static void read_terms(struct reading *reading, const struct json *document,
                       struct contract *contract)
{
    struct contract_terms *terms = reading_take(reading, 1, sizeof *terms);

    if (!terms)
        return;
    *terms = (struct contract_terms){
        .version = 1,
        .document = 1,
        .first = contract->term_first,
        .end = contract->term_end == CONTRACT_NO_DAY ? CONTRACT_FOREVER : contract->term_end,
        .from_ms = CONTRACT_NO_DAY,
    };
    contract_charges_read(reading, document, contract, terms);
    contract->versions = terms;
    contract->version_count = 1;
}

enum status contract_read(const struct json *document, struct arena *arena, struct contract *out,
                          struct json_problem *problem)
{
    struct contract contract = {0};
    struct reading reading;

    reading_init(&reading, arena, problem);
    if (reading_object(&reading, document, "contract|vendor|currency|zone|term|charges",
                       "contract|vendor|currency|zone|charges")) {
        contract.contract_id = reading_slug(&reading, document, "contract");
        contract.vendor_id = reading_slug(&reading, document, "vendor");
        contract.zone = reading_text(&reading, document, "zone", 64);
        read_currency(&reading, document, &contract);
        read_term(&reading, document, &contract);
        read_terms(&reading, document, &contract);
    }
    if (!reading_failed(&reading))
        *out = contract;
    return reading_status(&reading);
}

const struct contract_terms *contract_terms_on(const struct contract *contract, int64_t day)
{
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

enum status contract_amend(const struct contract *base, const struct contract *next,
                           int64_t from_ms, int64_t first, struct arena *arena,
                           struct contract *out)
{
    const struct contract_terms *newest = newest_document(base);
    size_t kept = base->version_count, count = kept + next->version_count;
    struct contract joined = *next;

    if (!is_same_contract(base, next))
        return STATUS_DENIED;
    if (!is_after(newest, from_ms, first))
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
        versions[i].document = newest->document + 1;
    }
    versions[kept].first = first;
    versions[kept].from_ms = from_ms;
    joined.term_first = base->term_first;
    joined.versions = versions;
    joined.version_count = count;
    *out = joined;
    return STATUS_OK;
}
