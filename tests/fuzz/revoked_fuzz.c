#include "tests/fuzz/fuzz.h"

#include "server/broker/revoked.h"

/* Messages are cut at bytes 0xff. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct revoked *revoked = NULL;

    FUZZ_CHECK(revoked_create(&revoked) == STATUS_OK);
    for (size_t start = 0; start < size;) {
        size_t end = start;

        while (end < size && data[end] != 0xff)
            end++;
        size_t before = revoked_count(revoked);
        if (revoked_take(revoked, span_of(data + start, end - start)) != STATUS_OK)
            FUZZ_CHECK(revoked_count(revoked) == before);
        for (size_t i = 0; i < revoked_count(revoked); i++)
            FUZZ_CHECK(revoked_has(revoked, revoked_at(revoked, i)));
        start = end + 1;
    }
    revoked_free(revoked);
    return 0;
}
