#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "server/http/proxies.h"

#define LINES 6

/* Lines: the networks that are named; who connects; headers that a proxy or anybody wrote, in turn
 * of X-Forwarded-For and X-Forwarded-Proto. */
static size_t split(char *text, const char *lines[LINES])
{
    size_t count = 0;

    while (text != NULL && count < LINES) {
        char *end = strchr(text, '\n');

        if (end != NULL)
            *end++ = '\0';
        lines[count++] = text;
        text = end;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"X-Forwarded-For", "X-Forwarded-Proto"};
    char problem[PROXIES_PROBLEM] = "";
    const char *lines[LINES];
    struct request request = {0};
    struct proxies proxies;

    FUZZ_CHECK(arena_create(&request.arena, 1u << 20) == STATUS_OK);
    char *text = arena_text(request.arena, span_of(data, size));
    const size_t count = split(text, lines);
    if (count > 1 && proxies_parse(&proxies, lines[0], problem) == STATUS_OK &&
        span_to_text(span_text(lines[1]), request.address, sizeof request.address) == STATUS_OK) {
        FUZZ_CHECK(proxies.count <= PROXIES_MAX);
        for (size_t i = 2; i < count; i++)
            request.headers[request.header_count++] = (struct request_pair){names[i % 2], lines[i]};
        proxies_look_through(&proxies, &request);
        FUZZ_CHECK(memchr(request.address, 0, sizeof request.address) != NULL);
        /* who is no named proxy is not believed */
        FUZZ_CHECK(proxies.count > 0 ||
                   (strcmp(request.address, lines[1]) == 0 && !request.secure));
    } else {
        FUZZ_CHECK(count < 2 || problem[0] != '\0' || strlen(lines[1]) >= REQUEST_ADDRESS);
    }
    arena_free(request.arena);
    return 0;
}
