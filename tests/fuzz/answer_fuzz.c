#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "agent/chat/answer.h"
#include "schema/wire/dialects.h"

#define MAX_TEXT 65536

struct text {
    size_t size;
    uint8_t bytes[MAX_TEXT];
};

static void on_text(void *context, struct span piece)
{
    struct text *text = context;

    FUZZ_CHECK(span_is_utf8(piece));
    if (text->size + piece.size <= sizeof text->bytes)
        memcpy(text->bytes + text->size, piece.data, piece.size);
    text->size += piece.size;
}

static void read_answer(const char *dialect, struct span body, size_t piece, struct text *text,
                        wire_UsageRecord *record)
{
    struct answer answer;
    enum status status = STATUS_OK;

    *record = (wire_UsageRecord){.reserved_input = 1000, .reserved_output = 1000};
    text->size = 0;
    answer_init(&answer, dialect_find(dialect), on_text, text);
    answer_on_status(&answer, 200);
    for (size_t at = 0; at < body.size && status == STATUS_OK; at += piece) {
        size_t rest = body.size - at;
        status = answer_on_body(&answer, span_of(body.data + at, rest < piece ? rest : piece));
    }
    answer_close(&answer, status == STATUS_OK ? ANSWER_COMPLETE : ANSWER_CUT, 10, record);
    answer_release(&answer);
}

/* The first byte chooses the dialect, the second the size of the pieces: whatever that is, the same
 * answer comes out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text whole, pieces;
    wire_UsageRecord a, b;

    size_t count;
    const struct dialects_row *rows = dialects_table(&count);

    if (size < 3)
        return 0;
    const char *dialect = rows[data[0] % count].name;
    struct span body = span_of(data + 2, size - 2);
    read_answer(dialect, body, body.size, &whole, &a);
    read_answer(dialect, body, data[1] % 16 + 1u, &pieces, &b);
    FUZZ_CHECK(whole.size == pieces.size);
    FUZZ_CHECK(!memcmp(whole.bytes, pieces.bytes, whole.size < MAX_TEXT ? whole.size : MAX_TEXT));
    FUZZ_CHECK(a.provenance == b.provenance && a.output == b.output && a.outcome == b.outcome);
    FUZZ_CHECK(a.input_uncached == b.input_uncached && a.input_cached == b.input_cached);
    FUZZ_CHECK(a.cache_write_5m == b.cache_write_5m && a.cache_write_1h == b.cache_write_1h);
    FUZZ_CHECK(a.requests == 1);
    return 0;
}
