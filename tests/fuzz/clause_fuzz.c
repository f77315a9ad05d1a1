#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "agent/chat/clause.h"

#define MAX_TEXT 65536

struct text {
    size_t size;
    uint8_t bytes[MAX_TEXT];
};

static void on_clause(void *context, struct span piece)
{
    struct text *text = context;

    FUZZ_CHECK(piece.size > 0 && piece.size <= CLAUSE_MAX_BYTES);
    FUZZ_CHECK(span_is_utf8(piece));
    FUZZ_CHECK(!memchr(piece.data, '\n', piece.size));
    if (text->size + piece.size < sizeof text->bytes) {
        memcpy(text->bytes + text->size, piece.data, piece.size);
        text->bytes[text->size + piece.size] = '\n';
    }
    text->size += piece.size + 1;
}

static void cut(struct span bytes, size_t piece, struct text *text)
{
    const struct clause_listener listener = {text, on_clause, NULL};
    struct clause clause;

    text->size = 0;
    clause_init(&clause, &listener, false);
    for (size_t at = 0; at < bytes.size; at += piece) {
        size_t rest = bytes.size - at;
        clause_feed(&clause, span_of(bytes.data + at, rest < piece ? rest : piece),
                    (struct clause_moment){0, 1000});
    }
    clause_end(&clause);
}

/* The first byte is the size of the pieces: whatever it is, the same clauses come out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text whole, pieces;

    if (size < 2)
        return 0;
    struct span bytes = span_of(data + 1, size - 1);
    cut(bytes, bytes.size, &whole);
    cut(bytes, data[0] % 8 + 1u, &pieces);
    FUZZ_CHECK(whole.size == pieces.size);
    FUZZ_CHECK(!memcmp(whole.bytes, pieces.bytes, whole.size < MAX_TEXT ? whole.size : MAX_TEXT));
    return 0;
}
