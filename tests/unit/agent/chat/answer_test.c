/* Reads the transcripts of tests/vectors/<dialect>: what is expected, "---", the HTTP answer as
 * sent. */
#include "agent/chat/answer.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/base/file.h"

#define MAX_VECTORS    128
#define MAX_BYTES      (64 * 1024)
#define INPUT_ESTIMATE 33
#define MAX_TEXT       512

struct vector {
    const char *dialect;
    char name[280];
    uint8_t *file;
    struct span expected; /* "name: value" lines */
    struct span head;
    struct span body;
};

struct vectors {
    size_t count;
    struct vector items[MAX_VECTORS];
};

/* What came of feeding an answer. */
struct got {
    char text[MAX_TEXT];
    size_t size;
    int64_t retry_after_ms;
    wire_UsageRecord record;
};

static void on_text(void *context, struct span text)
{
    struct got *got = context;

    assert_true(span_is_utf8(text));
    assert_true(got->size + text.size < sizeof got->text);
    memcpy(got->text + got->size, text.data, text.size);
    got->size += text.size;
}

/* The line up to the line feed; the rest stays in *text. */
static struct span take_line(struct span *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->size);

    assert_non_null(end);
    struct span line = span_of(text->data, (size_t)(end - text->data));
    *text = span_of(end + 1, text->size - line.size - 1);
    return line;
}

static void split(struct vector *vector, size_t size)
{
    struct span rest = span_of(vector->file, size);
    const uint8_t *start = rest.data;

    while (!span_equal_text(take_line(&rest), "---"))
        vector->expected = span_of(start, (size_t)(rest.data - start));
    start = rest.data;
    while (take_line(&rest).size)
        vector->head = span_of(start, (size_t)(rest.data - start));
    vector->body = rest;
}

static const char *const folders[] = {"openai",    "anthropic",  "ollama",
                                      "dashscope", "minimax-v2", "spark"};

static void read_folder(struct vectors *vectors, const char *dialect)
{
    char folder[300];
    size_t before = vectors->count;

    snprintf(folder, sizeof folder, "%s/%s", MYNA_VECTORS, dialect);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct vector *vector = &vectors->items[vectors->count];
        char path[600];
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        assert_true(vectors->count++ < MAX_VECTORS);
        vector->dialect = dialect;
        snprintf(vector->name, sizeof vector->name, "%s", entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_int_equal(file_read(path, MAX_BYTES, &vector->file, &size), STATUS_OK);
        split(vector, size);
    }
    closedir(dir);
    assert_true(vectors->count > before + 5);
}

static int read_vectors(void **state)
{
    static struct vectors vectors;

    vectors.count = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        read_folder(&vectors, folders[i]);
    *state = &vectors;
    return 0;
}

static int free_vectors(void **state)
{
    struct vectors *vectors = *state;

    for (size_t i = 0; i < vectors->count; i++)
        free(vectors->items[i].file);
    return 0;
}

static void feed_head(struct answer *answer, struct span head)
{
    struct span line = take_line(&head);
    int64_t status;

    assert_int_equal(span_to_int64(span_of(line.data + 9, 3), &status), STATUS_OK);
    answer_on_status(answer, (int)status);
    while (head.size) {
        line = take_line(&head);
        const uint8_t *colon = memchr(line.data, ':', line.size);
        size_t size = (size_t)(colon - line.data);
        answer_on_header(answer, span_of(line.data, size),
                         span_of(colon + 2, line.size - size - 2));
    }
}

struct cut {
    size_t first;  /* bytes of the first piece */
    size_t piece;  /* bytes of those after it; 0: the rest at once */
    size_t length; /* bytes of the body that arrive at all */
    enum answer_end end;
};

static struct cut whole(const struct vector *vector)
{
    return (struct cut){vector->body.size, 0, vector->body.size, ANSWER_COMPLETE};
}

static void feed(const struct vector *vector, struct cut cut, struct got *got)
{
    struct answer answer;
    size_t at = 0, piece = cut.first;

    *got = (struct got){.record = {.reserved_input = 100, .reserved_output = 50}};
    answer_init(&answer, dialect_find(vector->dialect), on_text, got);
    feed_head(&answer, vector->head);
    while (at < cut.length) {
        if (!piece || piece > cut.length - at)
            piece = cut.length - at;
        assert_int_equal(answer_on_body(&answer, span_of(vector->body.data + at, piece)),
                         STATUS_OK);
        at += piece;
        piece = cut.piece;
    }
    answer_close(&answer, cut.end, INPUT_ESTIMATE, &got->record);
    got->retry_after_ms = answer_retry_after_ms(&answer);
    answer_release(&answer);
}

static void look_up(const struct vector *vector, const char *name, char value[MAX_TEXT])
{
    struct span rest = vector->expected;
    size_t size = strlen(name);

    while (rest.size) {
        struct span line = take_line(&rest);
        if (span_starts_with(line, name) && line.data[size] == ':') {
            /* nothing behind the colon: empty */
            size_t skip = line.size > size + 1 ? size + 2 : size + 1;
            struct span text = span_of(line.data + skip, line.size - skip);
            assert_int_equal(span_to_text(text, value, MAX_TEXT), STATUS_OK);
            return;
        }
    }
    fail_msg("%s does not say what to expect of %s", vector->name, name);
}

static void check_text(const struct vector *vector, const char *name, const char *value)
{
    char expected[MAX_TEXT];

    look_up(vector, name, expected);
    if (strcmp(expected, value))
        fail_msg("%s/%s: %s is \"%s\" and not \"%s\"", vector->dialect, vector->name, name, value,
                 expected);
}

static void check_number(const struct vector *vector, const char *name, int64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)value);
    check_text(vector, name, text);
}

static void check_tokens(const struct vector *vector, const struct got *got)
{
    const wire_UsageRecord *record = &got->record;

    check_number(vector, "input_uncached", (int64_t)record->input_uncached);
    check_number(vector, "input_cached", (int64_t)record->input_cached);
    check_number(vector, "cache_write_5m", (int64_t)record->cache_write_5m);
    check_number(vector, "cache_write_1h", (int64_t)record->cache_write_1h);
    check_number(vector, "output", (int64_t)record->output);
    check_number(vector, "reasoning", (int64_t)record->reasoning);
}

static void check(const struct vector *vector, const struct got *got)
{
    const wire_UsageRecord *record = &got->record;

    check_text(vector, "text", got->text);
    check_text(vector, "outcome", message_outcome_name(record->outcome));
    check_text(vector, "error", message_error_name(record->error_class));
    check_text(vector, "provenance", message_provenance_name(record->provenance));
    check_text(vector, "model_served", record->model_served);
    check_text(vector, "vendor_request_id", record->vendor_request_id);
    check_number(vector, "retry_after_ms", got->retry_after_ms);
    check_tokens(vector, got);
    assert_int_equal(record->requests, 1);
    assert_false(record->interrupted);
}

static void transcripts_are_read_as_expected(void **state)
{
    const struct vectors *vectors = *state;
    struct got got;

    for (size_t i = 0; i < vectors->count; i++) {
        feed(&vectors->items[i], whole(&vectors->items[i]), &got);
        check(&vectors->items[i], &got);
    }
}

static void a_transcript_may_arrive_in_any_two_pieces_or_byte_by_byte(void **state)
{
    const struct vectors *vectors = *state;
    struct got got;

    for (size_t i = 0; i < vectors->count; i++) {
        const struct vector *vector = &vectors->items[i];
        struct cut cut = whole(vector);
        for (cut.first = 1; cut.first < vector->body.size; cut.first++) {
            feed(vector, cut, &got);
            check(vector, &got);
        }
        cut.first = cut.piece = 1;
        feed(vector, cut, &got);
        check(vector, &got);
    }
}

static void check_cut(const struct vector *vector, const struct got *cut, const struct got *full)
{
    const wire_UsageRecord *a = &cut->record, *b = &full->record;

    if (strncmp(full->text, cut->text, cut->size))
        fail_msg("%s: \"%s\" is not the beginning of \"%s\"", vector->name, cut->text, full->text);
    assert_int_equal(a->requests, 1);
    if (a->provenance == wire_Provenance_VENDOR_FINAL) {
        /* only when the vendor said that nothing follows */
        assert_string_equal(cut->text, full->text);
        assert_int_equal(b->provenance, wire_Provenance_VENDOR_FINAL);
        assert_int_equal(a->output, b->output);
    }
    if (a->provenance != wire_Provenance_ESTIMATED) {
        assert_true(a->input_uncached + a->input_cached <= b->input_uncached + b->input_cached);
        assert_true(a->output + a->reasoning <= b->output + b->reasoning);
    }
}

static void a_transcript_cut_anywhere_is_never_taken_for_final(void **state)
{
    const struct vectors *vectors = *state;
    struct got full, got;

    for (size_t i = 0; i < vectors->count; i++) {
        const struct vector *vector = &vectors->items[i];
        struct cut cut = {vector->body.size, 0, 0, ANSWER_CUT};
        feed(vector, whole(vector), &full);
        for (; cut.length <= vector->body.size; cut.length++) {
            feed(vector, cut, &got);
            check_cut(vector, &got, &full);
        }
    }
}

static const struct vector *find(const struct vectors *vectors, const char *name)
{
    for (size_t i = 0; i < vectors->count; i++)
        if (!strcmp(vectors->items[i].name, name))
            return &vectors->items[i];
    fail_msg("no transcript %s", name);
    return NULL;
}

static const struct vector *find_of(const struct vectors *vectors, const char *dialect,
                                    const char *name)
{
    for (size_t i = 0; i < vectors->count; i++)
        if (!strcmp(vectors->items[i].dialect, dialect) && !strcmp(vectors->items[i].name, name))
            return &vectors->items[i];
    fail_msg("no transcript %s/%s", dialect, name);
    return NULL;
}

/* Whatever happens to the connection then. */
static void an_answer_is_final_when_the_dialects_last_event_came(void **state)
{
    const struct vector *last[] = {
        find_of(*state, "anthropic", "usage_told_twice_counts_once.txt"),
        find_of(*state, "ollama", "counts_on_the_last_line.txt"),
        find_of(*state, "openai", "trailing_usage.txt"),
    };

    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        struct cut cut = {last[i]->body.size, 0, last[i]->body.size, ANSWER_CUT};
        struct got got;
        feed(last[i], cut, &got);
        check(last[i], &got);
    }
}

static void an_interruption_is_neither_a_failure_nor_final(void **state)
{
    const struct vector *vector = find(*state, "trailing_usage.txt");
    struct cut cut = {vector->body.size, 0, 620, ANSWER_INTERRUPTED};
    struct got got;

    feed(vector, cut, &got);
    assert_true(got.record.interrupted);
    assert_int_equal(got.record.outcome, wire_Outcome_INTERRUPTED);
    assert_int_equal(got.record.error_class, wire_ErrorClass_ERROR_NONE);
    assert_int_equal(got.record.provenance, wire_Provenance_ESTIMATED);
}

static void what_was_not_sent_costs_nothing(void **state)
{
    const struct vector *vector = find(*state, "trailing_usage.txt");
    struct cut cut = {0, 0, 0, ANSWER_NOT_SENT};
    struct got got;

    feed(vector, cut, &got);
    assert_int_equal(got.record.provenance, wire_Provenance_NOT_SENT);
    assert_int_equal(got.record.requests, 0);
    assert_int_equal(got.record.input_uncached + got.record.output, 0);
}

static void an_estimate_never_passes_the_reservation(void **state)
{
    const struct vector *vector = find(*state, "usage_chunk_missing.txt");
    struct answer answer;
    struct got got = {.record = {.reserved_input = 3, .reserved_output = 1}};

    answer_init(&answer, dialect_find("openai"), on_text, &got);
    feed_head(&answer, vector->head);
    assert_int_equal(answer_on_body(&answer, vector->body), STATUS_OK);
    answer_close(&answer, ANSWER_COMPLETE, INPUT_ESTIMATE, &got.record);
    answer_release(&answer);
    assert_int_equal(got.record.input_uncached, 3);
    assert_int_equal(got.record.output, 1);
}

static void an_event_without_end_is_refused(void **state)
{
    struct answer answer;
    struct got got = {.size = 0};
    char block[4096];
    enum status status = STATUS_OK;

    (void)state;
    memset(block, 'x', sizeof block);
    answer_init(&answer, dialect_find("openai"), on_text, &got);
    answer_on_status(&answer, 200);
    for (size_t fed = 0; fed <= SSE_MAX_EVENT_BYTES && status == STATUS_OK; fed += sizeof block)
        status = answer_on_body(&answer, span_of(block, sizeof block));
    assert_int_equal(status, STATUS_FULL);
    answer_release(&answer);
}

static void names_longer_than_their_place_are_cut_at_a_character(void **state)
{
    struct answer answer;
    struct got got = {.size = 0};
    char name[121] = "", event[200];

    (void)state;
    for (size_t i = 0; i < 40; i++)
        memcpy(name + 3 * i, "模", 4);
    snprintf(event, sizeof event, "data: {\"model\":\"%s\",\"choices\":[]}\n\n", name);
    answer_init(&answer, dialect_find("openai"), on_text, &got);
    answer_on_status(&answer, 200);
    assert_int_equal(answer_on_body(&answer, span_text(event)), STATUS_OK);
    answer_close(&answer, ANSWER_CUT, 0, &got.record);
    answer_release(&answer);
    assert_int_equal(strlen(got.record.model_served), 63);
    assert_true(span_is_utf8(span_text(got.record.model_served)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transcripts_are_read_as_expected),
        cmocka_unit_test(a_transcript_may_arrive_in_any_two_pieces_or_byte_by_byte),
        cmocka_unit_test(a_transcript_cut_anywhere_is_never_taken_for_final),
        cmocka_unit_test(an_answer_is_final_when_the_dialects_last_event_came),
        cmocka_unit_test(an_interruption_is_neither_a_failure_nor_final),
        cmocka_unit_test(what_was_not_sent_costs_nothing),
        cmocka_unit_test(an_estimate_never_passes_the_reservation),
        cmocka_unit_test(an_event_without_end_is_refused),
        cmocka_unit_test(names_longer_than_their_place_are_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, read_vectors, free_vectors);
}
