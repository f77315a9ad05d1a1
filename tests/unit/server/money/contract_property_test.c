/* Random contracts that are right, and the same with one thing wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/money/contract.h"
#include "tests/support/dice.h"

#define DOCUMENTS 150
#define DAMAGES   25

struct maker {
    struct dice dice;
    struct buffer text;
};

static unsigned below(struct maker *maker, unsigned limit)
{
    return (unsigned)dice_below(&maker->dice, limit);
}

static bool toss(struct maker *maker)
{
    return below(maker, 2) == 1;
}

static const char *pick(struct maker *maker, const char *const *words, unsigned count)
{
    return words[below(maker, count)];
}

static void add(struct maker *maker, const char *text)
{
    buffer_text(&maker->text, text);
}

static void maybe(struct maker *maker, const char *text)
{
    if (toss(maker))
        add(maker, text);
}

static void add_number(struct maker *maker, const char *member)
{
    if (toss(maker))
        buffer_format(&maker->text, ",\"%s\":%u", member, below(maker, 1000) + 1);
    else
        buffer_format(&maker->text, ",\"%s\":\"%u.%04u\"", member, below(maker, 1000) + 1,
                      below(maker, 10000));
}

static void add_per(struct maker *maker)
{
    static const char *const pers[] = {"term", "day", "week", "month", "quarter", "year"};
    static const char *const anchored[] = {"week", "month", "quarter", "year"};

    if (below(maker, 4) == 0)
        buffer_format(&maker->text, ",\"per\":\"%s\",\"anchor\":\"2026-01-%02u\"",
                      pick(maker, anchored, 4), 1 + below(maker, 31));
    else
        buffer_format(&maker->text, ",\"per\":\"%s\"", pick(maker, pers, 6));
}

static void add_metric(struct maker *maker)
{
    static const char *const metrics[] = {"\"input_uncached\"", "\"output\"", "\"requests\"",
                                          "\"tokens\"", "[\"output\",\"reasoning\"]"};

    buffer_format(&maker->text, ",\"metric\":%s", pick(maker, metrics, 5));
}

static void add_filters(struct maker *maker)
{
    maybe(maker, ",\"models\":[\"big\",\"small\"]");
    maybe(maker, ",\"discount\":\"12.5%\"");
    maybe(maker, ",\"maximum\":\"5000\"");
    maybe(maker, ",\"minimum\":5");
}

static void add_tiers(struct maker *maker)
{
    unsigned count = 1 + below(maker, 4), up_to = 0;

    add(maker, ",\"tiers\":[");
    for (unsigned i = 1; i < count; i++) {
        up_to += 1 + below(maker, 5000);
        buffer_format(&maker->text, "{\"up_to\":%u", up_to);
        add_number(maker, "price");
        maybe(maker, ",\"flat\":\"2.5\"");
        maybe(maker, ",\"unit\":1000");
        add(maker, "},");
    }
    add(maker, "{\"flat\":3");
    add_number(maker, "price");
    add(maker, "}]");
}

static void add_unit(struct maker *maker)
{
    add_metric(maker);
    add_number(maker, "price");
    maybe(maker, ",\"unit\":1000000");
    maybe(maker, ",\"included\":{\"units\":1000,\"per_device\":true}");
    maybe(maker, ",\"hours\":{\"from\":\"22:00\",\"to\":\"06:00\",\"decided_by\":\"end\"}");
    add_filters(maker);
}

static void add_tiered(struct maker *maker)
{
    add_metric(maker);
    add_tiers(maker);
    maybe(maker, ",\"included\":100");
    add_filters(maker);
}

static void add_level(struct maker *maker)
{
    add(maker,
        toss(maker) ? ",\"metric\":\"active_devices\"" : ",\"metric\":{\"gauge\":\"seats\"}");
    add(maker, toss(maker) ? ",\"measured\":\"last\"" : ",\"measured\":\"average\"");
    add_number(maker, "price");
}

static void add_matrix(struct maker *maker)
{
    add(maker, ",\"prices\":{\"input\":\"0.80\",\"output\":2,\"reasoning\":\"2\"},\"unit\":1000");
    add_filters(maker);
}

static void add_hours(struct maker *maker)
{
    add_metric(maker);
    add_number(maker, "price");
    add(maker, ",\"windows\":[{\"from\":\"00:30\",\"to\":\"08:30\",\"price\":\"0.5\"},"
               "{\"from\":\"22:00\",\"to\":\"23:00\",\"price\":1}]");
    add_filters(maker);
}

static void add_length(struct maker *maker)
{
    add_metric(maker);
    add(maker, ",\"by\":\"input\",\"tiers\":[{\"up_to\":1000,\"price\":1},{\"price\":\"2\"}]");
}

static void add_service_tier(struct maker *maker)
{
    add_metric(maker);
    add(maker, ",\"prices\":{\"default\":2,\"batch\":\"1\"}");
}

static void add_package(struct maker *maker)
{
    add_metric(maker);
    add_number(maker, "price");
    add(maker, ",\"size\":10");
}

static void add_percentage(struct maker *maker)
{
    add(maker, ",\"rate\":\"1.3%\",\"fixed\":2,\"free_amount\":250,\"event_max\":12");
}

static void add_licence(struct maker *maker)
{
    add_number(maker, "price");
    add(maker, toss(maker) ? ",\"term\":{\"months\":12},\"renews\":true"
                           : ",\"term\":\"contract\",\"starts\":\"contract\"");
    maybe(maker, ",\"replacement\":\"free\"");
}

static void add_points(struct maker *maker)
{
    add(maker, ",\"weights\":[{\"metric\":\"output\",\"models\":[\"big\"],\"points\":12,\"unit\":"
               "1000},{\"metric\":\"tokens\",\"points\":\"0.5\"}]");
    if (toss(maker))
        add_number(maker, "price");
    else
        add_tiers(maker);
    maybe(maker, ",\"included\":100");
}

static void add_flat(struct maker *maker)
{
    add_number(maker, "amount");
}

static void add_capacity(struct maker *maker)
{
    add_number(maker, "amount");
    add(maker, ",\"count\":5");
}

static const struct {
    const char *kind;
    void (*add)(struct maker *maker);
} kinds[] = {
    {"flat", add_flat},
    {"unit", add_unit},
    {"unit", add_level},
    {"matrix", add_matrix},
    {"graduated", add_tiered},
    {"volume", add_tiered},
    {"package", add_package},
    {"time_of_day", add_hours},
    {"request_length", add_length},
    {"service_tier", add_service_tier},
    {"percentage", add_percentage},
    {"licence", add_licence},
    {"capacity", add_capacity},
    {"points", add_points},
};

static void add_charges(struct maker *maker)
{
    unsigned count = 1 + below(maker, 4);

    add(maker, "\"charges\":[");
    for (unsigned i = 0; i < count; i++) {
        unsigned kind = below(maker, sizeof kinds / sizeof *kinds);

        buffer_format(&maker->text, "%s{\"name\":\"c%u\",\"kind\":\"%s\"", i > 0 ? "," : "", i,
                      kinds[kind].kind);
        kinds[kind].add(maker);
        add_per(maker);
        add(maker, "}");
    }
    add(maker, "]");
}

static void add_clauses(struct maker *maker)
{
    maybe(maker,
          ",\"commitments\":[{\"name\":\"floor\",\"metric\":\"spend\",\"at_least\":\"5\","
          "\"per\":\"year\",\"shortfall\":{\"true_up\":true},\"charges\":[\"c0\"]},{\"metric\":"
          "\"tokens\",\"share\":\"70%\",\"shortfall\":{\"penalty\":9}}]");
    maybe(maker, ",\"credits\":[{\"amount\":500,\"price\":\"400\",\"priority\":1},{\"units\":7,"
                 "\"metric\":\"requests\",\"per\":\"day\",\"rollover\":{\"periods\":2}}]");
    maybe(maker, ",\"discounts\":[{\"rebate\":[{\"up_to\":5,\"share\":\"0%\"},{\"share\":\"5%\"}],"
                 "\"per\":\"year\"},{\"percent\":\"3%\",\"charges\":[\"c0\"],\"periods\":2}]");
    if (toss(maker))
        add(maker, ",\"caps\":[{\"name\":\"day\",\"metric\":\"requests\",\"at_most\":5,\"per\":"
                   "\"day\",\"hard\":true},{\"metric\":\"concurrency\",\"at_most\":9}],"
                   "\"thresholds\":[{\"of\":\"cap:day\",\"at\":\"95%\",\"rearm\":\"90%\",\"do\":"
                   "[\"alert\",{\"throttle\":{\"turns_per_minute\":2}}]},{\"of\":\"spend\","
                   "\"limit\":9,\"forecast\":\"100%\",\"do\":[{\"fall_back_to\":\"other\"}]}]");
    maybe(maker, ",\"tax\":{\"rate\":\"6%\",\"inclusive\":true}");
    maybe(maker, ",\"third_party_models\":{\"models\":[\"theirs\"],\"markup\":\"10%\"}");
    maybe(maker, ",\"termination\":{\"notice_days\":30,\"notified\":\"2026-05-05\"}");
    maybe(maker, ",\"service_levels\":[{\"from\":\"2026-02-01\",\"to\":\"2026-03-01\","
                 "\"credit\":\"10%\"}]");
    maybe(maker, ",\"interim\":[\"200\",500]");
    if (toss(maker)) {
        add(maker, ",\"amendments\":[{\"effective_from\":\"2026-07-01\",\"counters\":\"restart\","
                   "\"interim\":[7]},{\"effective_from\":\"2026-08-15\",");
        add_charges(maker);
        add(maker, "}]");
    }
}

static struct span make_document(struct maker *maker)
{
    buffer_clear(&maker->text);
    add(maker, "{\"contract\":\"c-1\",\"vendor\":\"v-1\",\"currency\":\"CNY\",\"zone\":\"Asia/"
               "Shanghai\",\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},");
    add_charges(maker);
    add_clauses(maker);
    add(maker, "}");
    assert_int_equal(buffer_status(&maker->text), STATUS_OK);
    return buffer_span(&maker->text);
}

static void check_versions(const struct contract *contract)
{
    int64_t day = contract->term_first;

    for (size_t i = 0; i < contract->version_count; i++) {
        const struct contract_terms *terms = &contract->versions[i];

        assert_int_equal(terms->first, day);
        assert_true(terms->end > terms->first && terms->charge_count > 0);
        assert_ptr_equal(contract_terms_on(contract, terms->end - 1), terms);
        day = terms->end;
    }
    assert_int_equal(day, contract->term_end);
}

static void run(void (*judge)(struct maker *maker, struct span text, struct arena *arena))
{
    struct maker maker;
    struct arena *arena;

    assert_int_equal(arena_create(&arena, 8u << 20), STATUS_OK);
    buffer_init(&maker.text, 1u << 16);
    for (uint64_t seed = 0; seed < DOCUMENTS; seed++) {
        dice_init(&maker.dice, seed, span_text("contracts"));
        struct span text = make_document(&maker);

        judge(&maker, text, arena);
        arena_reset(arena);
    }
    buffer_release(&maker.text);
    arena_free(arena);
}

static void judge_good(struct maker *maker, struct span text, struct arena *arena)
{
    struct json *json;
    struct contract contract;
    struct json_problem problem = {0};

    (void)maker;
    assert_int_equal(json_parse(text, &json, problem.detail), STATUS_OK);
    if (contract_read(json, arena, &contract, &problem) != STATUS_OK)
        fail_msg("%s: %s in %.*s", problem.pointer, problem.detail, (int)text.size, text.data);
    json_free(json);
    check_versions(&contract);
}

static void every_right_document_is_read(void **state)
{
    (void)state;
    run(judge_good);
}

/* The part that a pointer names, or the one around it for a member that is missing. */
static bool leads_somewhere(const struct json *json, const char *pointer)
{
    char name[64];
    uint64_t index = 0;

    while (*pointer == '/') {
        size_t size = strcspn(pointer + 1, "/");

        snprintf(name, sizeof name, "%.*s", (int)size, pointer + 1);
        pointer += 1 + size;
        if (json_type(json) == JSON_ARRAY && span_to_uint64(span_text(name), &index) != STATUS_OK)
            return false;
        const struct json *next =
            json_type(json) == JSON_ARRAY ? json_item(json, index) : json_member(json, name);
        if (!next)
            return !*pointer; /* only the last one may be missing */
        json = next;
    }
    return true;
}

/* Reads what may be wrong: it is refused with a place that is in the document, or read. */
static enum status read_damaged(struct span text, struct arena *arena)
{
    struct json *json;
    struct contract contract;
    struct json_problem problem = {0};

    if (json_parse(text, &json, NULL) != STATUS_OK)
        return STATUS_CORRUPT;
    enum status status = contract_read(json, arena, &contract, &problem);
    if (status == STATUS_INVALID) {
        assert_true(problem.detail[0] != 0);
        if (!strchr(problem.pointer, '~') && !leads_somewhere(json, problem.pointer))
            fail_msg("%s: %s in %.*s", problem.pointer, problem.detail, (int)text.size, text.data);
    } else {
        assert_int_equal(status, STATUS_OK);
        assert_non_null(contract.versions);
    }
    json_free(json);
    return status;
}

static void judge_damaged_bytes(struct maker *maker, struct span text, struct arena *arena)
{
    static const char bytes[] = "0123456789-.,:{}[]\"%abctrue ";
    uint8_t copy[1u << 14];

    assert_true(text.size < sizeof copy);
    for (int i = 0; i < DAMAGES; i++) {
        memcpy(copy, text.data, text.size);
        copy[below(maker, (unsigned)text.size)] = (uint8_t)bytes[below(maker, sizeof bytes - 1)];
        (void)read_damaged(span_of(copy, text.size), arena);
        arena_reset(arena);
    }
}

static void a_damaged_byte_is_refused_or_says_something_else(void **state)
{
    (void)state;
    run(judge_damaged_bytes);
}

/* The next member name from at on: its first letter, or 0. */
static size_t find_name(struct span text, size_t at)
{
    for (size_t i = at; i + 1 < text.size; i++) {
        if ((text.data[i] != '{' && text.data[i] != ',') || text.data[i + 1] != '"')
            continue;
        size_t end = i + 2;

        while (end < text.size && text.data[end] != '"')
            end++;
        if (end + 1 < text.size && text.data[end + 1] == ':')
            return i + 2;
    }
    return 0;
}

/* Names of service tiers are the vendor's: another name is another tier. */
static bool is_free(struct span text, size_t name)
{
    struct span rest = {text.data + name, text.size - name};

    return span_starts_with(rest, "default\"") || span_starts_with(rest, "batch\"");
}

static void judge_misspelt_members(struct maker *maker, struct span text, struct arena *arena)
{
    uint8_t copy[1u << 14];

    (void)maker;
    assert_true(text.size < sizeof copy);
    for (size_t name = find_name(text, 0); name; name = find_name(text, name)) {
        if (is_free(text, name))
            continue;
        memcpy(copy, text.data, text.size);
        copy[name] = 'Z';
        if (read_damaged(span_of(copy, text.size), arena) != STATUS_INVALID)
            fail_msg("read in spite of \"%.20s\": %.*s", (const char *)&copy[name], (int)text.size,
                     text.data);
        arena_reset(arena);
    }
}

static void no_misspelt_member_is_ever_ignored(void **state)
{
    (void)state;
    run(judge_misspelt_members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_right_document_is_read),
        cmocka_unit_test(a_damaged_byte_is_refused_or_says_something_else),
        cmocka_unit_test(no_misspelt_member_is_ever_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
