#include "tests/vendors/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/vendors/dialect_openai.h"

#include "schema/base/json.h"
#include "tests/vendors/tokens.h"
#include "tests/vendors/utf8.h"

#define TEXT    "你好，robots talk all day long. 学而时习之，不亦说乎？"
#define THOUGHT "Let me think about that."

/* What one run of a stream in virtual time gave. */
struct outcome {
    struct buffer body;
    enum stream_step last;
    int64_t took_ms;
    int64_t longest_wait_ms;
    bool split_character; /* a piece ended inside a character */
    struct json *line;    /* of the ledger */
};

struct setting {
    bool stream, include_usage, thinks;
    enum fault fault;
    const char *seed;
    int stop_after_pieces; /* 0: run to the end */
};

static struct json *ledger_line(struct ledger *ledger)
{
    struct buffer text;
    struct json *json = NULL;
    char problem[160];

    buffer_init(&text, 4096);
    ledger_write_summary(ledger, &text);
    assert_int_equal(json_parse(buffer_span(&text), &json, problem), STATUS_OK);
    buffer_release(&text);
    return json;
}

static int64_t billed(const struct outcome *outcome, const char *name)
{
    return json_int(json_member(json_member(outcome->line, "total"), name), -1);
}

static struct stream *begin(const struct setting *setting, struct ledger *ledger)
{
    const struct question question = {
        .model = "demo", .stream = setting->stream, .include_usage = setting->include_usage};
    const struct answer answer = {
        .thought = span_text(setting->thinks ? THOUGHT : ""),
        .text = span_text(TEXT),
        .thought_tokens = setting->thinks ? (int64_t)tokens_count(span_text(THOUGHT)) : 0,
        .text_tokens = (int64_t)tokens_count(span_text(TEXT)),
        .finish_reason = "stop"};
    struct conditions conditions;
    struct stream_plan plan = {
        .dialect = &dialect_openai,
        .question = &question,
        .answer = &answer,
        .conditions = &conditions,
        .entry = {.key = "key", .status = 200, .input = 20, .cached = 0, .fault = setting->fault},
        .ledger = ledger};
    struct stream *stream = NULL;
    struct arena *arena = NULL;

    conditions_init(&conditions);
    conditions.jitter_ms = 0;
    dice_init(&plan.dice, 1, span_text(setting->seed != NULL ? setting->seed : "seed"));
    assert_int_equal(arena_create(&arena, 4096), STATUS_OK);
    assert_int_equal(stream_create(&stream, &plan, arena), STATUS_OK);
    return stream;
}

static bool ends_inside_a_character(struct span body)
{
    size_t back = 1, size;

    while (back <= body.size && back < 4 && (body.data[body.size - back] & 0xC0) == 0x80)
        back++;
    if (back > body.size)
        return false;
    return utf8_first(span_of(body.data + body.size - back, back), &size) == UTF8_NONE;
}

static void run(const struct setting *setting, struct outcome *outcome)
{
    struct ledger *ledger = NULL;
    int64_t now_ms = 0, wake_ms = 0;
    char problem[256];
    int pieces = 0;

    *outcome = (struct outcome){.last = STREAM_WAIT};
    buffer_init(&outcome->body, 1u << 20);
    assert_int_equal(ledger_open(&ledger, NULL, problem), STATUS_OK);
    struct stream *stream = begin(setting, ledger);
    while (outcome->last != STREAM_END && outcome->last != STREAM_CUT) {
        uint8_t piece[4096];
        size_t size = 0;

        outcome->last = stream_next(stream, now_ms, piece, sizeof piece, &size, &wake_ms);
        if (outcome->last == STREAM_WAIT) {
            assert_true(wake_ms > now_ms);
            if (wake_ms - now_ms > outcome->longest_wait_ms)
                outcome->longest_wait_ms = wake_ms - now_ms;
            now_ms = wake_ms;
        }
        if (outcome->last != STREAM_GIVE)
            continue;
        assert_true(size > 0);
        buffer_add(&outcome->body, span_of(piece, size));
        outcome->split_character |= ends_inside_a_character(buffer_span(&outcome->body));
        if (++pieces == setting->stop_after_pieces)
            break;
    }
    outcome->took_ms = now_ms;
    stream_free(stream);
    outcome->line = ledger_line(ledger);
    ledger_close(ledger);
}

static void release(struct outcome *outcome)
{
    buffer_release(&outcome->body);
    json_free(outcome->line);
}

/* Joins the field of all whole events; *events counts them. */
static void join_field(struct span body, const char *field, struct buffer *out)
{
    while (body.size > 0) {
        const uint8_t *end = memmem(body.data, body.size, "\n\n", 2);
        struct json *json = NULL;
        char problem[160];

        if (end == NULL)
            return;
        struct span event = span_of(body.data + 6, (size_t)(end - body.data) - 6);
        body = span_of(end + 2, body.size - (size_t)(end + 2 - body.data));
        if (span_equal_text(event, "[DONE]"))
            continue;
        assert_int_equal(json_parse(event, &json, problem), STATUS_OK);
        const struct json *choice = json_item(json_member(json, "choices"), 0);
        buffer_text(out, json_text(json_member(json_member(choice, "delta"), field), ""));
        json_free(json);
    }
}

static void assert_field(const struct outcome *outcome, const char *field, const char *expected)
{
    struct buffer text;

    buffer_init(&text, 4096);
    join_field(buffer_span(&outcome->body), field, &text);
    assert_string_equal(buffer_cstring(&text), expected);
    buffer_release(&text);
}

static bool body_has(const struct outcome *outcome, const char *part)
{
    return strstr(buffer_cstring(&outcome->body), part) != NULL;
}

static void a_streamed_answer_arrives_whole_and_is_billed_whole(void **state)
{
    const struct setting setting = {.stream = true, .include_usage = true, .thinks = true};
    int64_t thought = (int64_t)tokens_count(span_text(THOUGHT));
    int64_t text = (int64_t)tokens_count(span_text(TEXT));
    struct outcome outcome;
    char usage[96];

    (void)state;
    run(&setting, &outcome);
    assert_int_equal(outcome.last, STREAM_END);
    assert_field(&outcome, "content", TEXT);
    assert_field(&outcome, "reasoning_content", THOUGHT);
    snprintf(usage, sizeof usage, "\"prompt_tokens\":20,\"completion_tokens\":%d",
             (int)(thought + text));
    assert_true(body_has(&outcome, usage));
    assert_true(body_has(&outcome, "data: [DONE]\n\n"));
    assert_int_equal(billed(&outcome, "output"), thought + text);
    assert_int_equal(billed(&outcome, "reasoning"), thought);
    assert_int_equal(billed(&outcome, "input"), 20);
    assert_int_equal(billed(&outcome, "finished"), 1);
    release(&outcome);
}

static void tokens_come_at_their_rate_after_the_first(void **state)
{
    const struct setting setting = {.stream = true};
    struct outcome outcome;
    int64_t tokens = (int64_t)tokens_count(span_text(TEXT));

    (void)state;
    run(&setting, &outcome);
    assert_in_range(outcome.took_ms, 250 + tokens * 25, 250 + tokens * 25 + 200);
    assert_int_equal(outcome.longest_wait_ms, 250);
    release(&outcome);
}

static void usage_comes_only_when_asked_for(void **state)
{
    const struct setting setting = {.stream = true};
    struct outcome outcome;

    (void)state;
    run(&setting, &outcome);
    assert_false(body_has(&outcome, "usage"));
    release(&outcome);
}

static void pieces_end_inside_characters_too(void **state)
{
    const struct setting setting = {.stream = true};
    struct outcome outcome;

    (void)state;
    run(&setting, &outcome);
    assert_true(outcome.split_character);
    release(&outcome);
}

static void a_cut_answer_bills_its_prompt_and_the_whole_events_sent(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (int seed = 0; seed < 50; seed++) {
        char name[16];
        const struct setting setting = {
            .stream = true, .include_usage = true, .fault = FAULT_CUT, .seed = name};
        struct outcome outcome;
        struct buffer sent;

        snprintf(name, sizeof name, "%d", seed);
        run(&setting, &outcome);
        assert_int_equal(outcome.last, STREAM_CUT);
        buffer_init(&sent, 4096);
        join_field(buffer_span(&outcome.body), "content", &sent);
        assert_int_equal(billed(&outcome, "output"), tokens_count(buffer_span(&sent)));
        least = billed(&outcome, "output") < least ? billed(&outcome, "output") : least;
        most = billed(&outcome, "output") > most ? billed(&outcome, "output") : most;
        assert_int_equal(billed(&outcome, "input"), 20);
        assert_int_equal(billed(&outcome, "finished"), 0);
        assert_false(body_has(&outcome, "completion_tokens"));
        assert_false(body_has(&outcome, "[DONE]"));
        buffer_release(&sent);
        release(&outcome);
    }
    assert_true(least < 4 && most > (int64_t)tokens_count(span_text(TEXT)) - 4);
}

static void a_stalled_answer_keeps_waiting_before_it_is_cut(void **state)
{
    const struct setting setting = {.stream = true, .fault = FAULT_STALL};
    struct outcome outcome;

    (void)state;
    run(&setting, &outcome);
    assert_int_equal(outcome.last, STREAM_CUT);
    assert_int_equal(outcome.longest_wait_ms, 120000);
    assert_int_equal(billed(&outcome, "finished"), 0);
    release(&outcome);
}

static void an_answer_without_usage_is_finished_and_billed(void **state)
{
    const struct setting setting = {.stream = true, .include_usage = true, .fault = FAULT_NO_USAGE};
    struct outcome outcome;

    (void)state;
    run(&setting, &outcome);
    assert_int_equal(outcome.last, STREAM_END);
    assert_false(body_has(&outcome, "completion_tokens"));
    assert_true(body_has(&outcome, "data: [DONE]\n\n"));
    assert_int_equal(billed(&outcome, "output"), tokens_count(span_text(TEXT)));
    release(&outcome);
}

static void a_client_that_leaves_is_billed_what_was_sent(void **state)
{
    const struct setting setting = {.stream = true, .include_usage = true, .stop_after_pieces = 8};
    struct outcome outcome;
    struct buffer sent;

    (void)state;
    run(&setting, &outcome);
    buffer_init(&sent, 4096);
    join_field(buffer_span(&outcome.body), "content", &sent);
    assert_true(sent.size > 0);
    assert_int_equal(billed(&outcome, "requests"), 1);
    assert_int_equal(billed(&outcome, "output"), tokens_count(buffer_span(&sent)));
    assert_int_equal(billed(&outcome, "finished"), 0);
    buffer_release(&sent);
    release(&outcome);
}

static void an_answer_that_is_not_streamed_comes_at_the_same_time_with_its_usage(void **state)
{
    const struct setting setting = {.stream = false, .thinks = true};
    int64_t tokens = (int64_t)(tokens_count(span_text(TEXT)) + tokens_count(span_text(THOUGHT)));
    struct outcome outcome;
    struct json *json = NULL;
    char problem[160];

    (void)state;
    run(&setting, &outcome);
    assert_true(outcome.took_ms >= 250 + tokens * 25);
    assert_int_equal(json_parse(buffer_span(&outcome.body), &json, problem), STATUS_OK);
    const struct json *message = json_member(json_item(json_member(json, "choices"), 0), "message");
    assert_string_equal(json_text(json_member(message, "content"), ""), TEXT);
    assert_string_equal(json_text(json_member(message, "reasoning_content"), ""), THOUGHT);
    assert_int_equal(json_int(json_member(json_member(json, "usage"), "completion_tokens"), 0),
                     tokens);
    assert_int_equal(billed(&outcome, "output"), tokens);
    assert_int_equal(billed(&outcome, "finished"), 1);
    json_free(json);
    release(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_streamed_answer_arrives_whole_and_is_billed_whole),
        cmocka_unit_test(tokens_come_at_their_rate_after_the_first),
        cmocka_unit_test(usage_comes_only_when_asked_for),
        cmocka_unit_test(pieces_end_inside_characters_too),
        cmocka_unit_test(a_cut_answer_bills_its_prompt_and_the_whole_events_sent),
        cmocka_unit_test(a_stalled_answer_keeps_waiting_before_it_is_cut),
        cmocka_unit_test(an_answer_without_usage_is_finished_and_billed),
        cmocka_unit_test(a_client_that_leaves_is_billed_what_was_sent),
        cmocka_unit_test(an_answer_that_is_not_streamed_comes_at_the_same_time_with_its_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
