#include "tests/fuzz/fuzz.h"

#include "schema/wire/claim_uri.h"
#include "server/api/serial_list.h"

/* A label's URI is read from the same bytes: what one writes, the other reads. */
static void read_uri(struct span text)
{
    char code[CLAIM_URI_CODE], url[CLAIM_URI_URL];
    char code_again[CLAIM_URI_CODE], url_again[CLAIM_URI_URL];
    struct buffer out;

    if (claim_uri_read(text, code, url) != STATUS_OK)
        return;
    buffer_init(&out, 4096);
    claim_uri_write(&out, code, url);
    FUZZ_CHECK(claim_uri_read(buffer_span(&out), code_again, url_again) == STATUS_OK);
    FUZZ_CHECK(strcmp(code, code_again) == 0 && strcmp(url, url_again) == 0);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = NULL;
    struct serial_list list;

    FUZZ_CHECK(arena_create(&arena, 16u << 20) == STATUS_OK);
    enum status status = serial_list_read(span_of(data, size), NULL, arena, &list);
    FUZZ_CHECK(status != STATUS_INVALID || list.fault_count > 0);
    FUZZ_CHECK(status != STATUS_OK || (list.count > 0 && list.fault_count == 0));
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++)
        FUZZ_CHECK(list.rows[i].serial[0] && list.rows[i].line > 1);
    arena_free(arena);
    read_uri(span_of(data, size));
    return 0;
}
