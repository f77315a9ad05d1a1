#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/base/arena.h"
#include "schema/wire/topic.h"
#include "server/broker/rule.h"

/* I3: a name and a topic, a line each. Nobody but a server gets beyond the robots' down topics, and
 * a robot not beyond its own. */
static void check(const char *name, const char *topic)
{
    char own[TOPIC_SIZE];

    if (!rule_may_subscribe(name, topic))
        return;
    if (rule_is_server(name)) {
        FUZZ_CHECK(strstr(topic, "myna/1/d/") != NULL);
        return;
    }
    FUZZ_CHECK(topic_is_slug(span_text(name)));
    topic_make_down_filter(own, name);
    FUZZ_CHECK(strncmp(topic, own, strlen(own) - 1) == 0);
    FUZZ_CHECK(strcmp(topic, own) == 0 || strpbrk(topic, "+#") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = NULL;

    FUZZ_CHECK(arena_create(&arena, 1u << 20) == STATUS_OK);
    char *text = arena_text(arena, span_of(data, size));
    char *end = text != NULL ? strchr(text, '\n') : NULL;
    if (end != NULL) {
        *end = '\0';
        check(text, end + 1);
    }
    FUZZ_CHECK(text == NULL || !rule_may_subscribe(NULL, text));
    arena_free(arena);
    return 0;
}
