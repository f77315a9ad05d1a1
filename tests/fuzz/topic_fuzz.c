#include "tests/fuzz/fuzz.h"

#include "schema/wire/topic.h"

/* A topic that was read is the very one that would be made. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char device[LIMIT_SLUG + 1], topic[TOPIC_SIZE];
    enum topic_kind kind;

    if (topic_parse(span_of(data, size), device, &kind) != STATUS_OK)
        return 0;
    topic_make(topic, device, kind);
    FUZZ_CHECK(span_equal_text(span_of(data, size), topic));
    return 0;
}
