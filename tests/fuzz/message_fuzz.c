#include "tests/fuzz/fuzz.h"

#include "schema/wire/message.h"

/* What was decoded can be encoded, and from then on nothing changes any more. The first byte says
 * which message it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t room = 4 * LIMIT_MESSAGE_BYTES; /* for the largest of all the structs too */
    size_t first_size, second_size;

    if (size < 1 || data[0] > MESSAGE_KEPT_TRIAL)
        return 0;

    enum message_type type = (enum message_type)data[0];
    void *message = malloc(room);
    uint8_t *first = malloc(room), *second = malloc(room);
    FUZZ_CHECK(message && first && second);
    if (message_decode(type, span_of(data + 1, size - 1), message) == STATUS_OK) {
        FUZZ_CHECK(message_encode(type, message, first, room, &first_size) == STATUS_OK);
        FUZZ_CHECK(message_decode(type, span_of(first, first_size), message) == STATUS_OK);
        FUZZ_CHECK(message_encode(type, message, second, room, &second_size) == STATUS_OK);
        FUZZ_CHECK(span_equal(span_of(first, first_size), span_of(second, second_size)));
    }
    free(second);
    free(first);
    free(message);
    return 0;
}
