#include "schema/wire/topic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "myna/1/d/"

static const struct {
    enum topic_kind kind;
    const char *name;
    bool is_up;
} kinds[] = {
    {TOPIC_HELLO, "hello", true},       {TOPIC_USAGE, "usage", true},
    {TOPIC_REPORT, "report", true},     {TOPIC_REPLY, "reply", true},
    {TOPIC_PRESENCE, "presence", true}, {TOPIC_CONFIG, "config", false},
    {TOPIC_STATE, "state", false},      {TOPIC_COMMAND, "command", false},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *topic_kind_name(enum topic_kind kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i].kind == kind)
            return kinds[i].name;
    return NULL;
}

bool topic_kind_is_up(enum topic_kind kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i].kind == kind)
            return kinds[i].is_up;
    return false;
}

static bool is_slug_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool topic_is_slug(struct span id)
{
    for (size_t i = 0; i < id.size; i++)
        if (!is_slug_byte(id.data[i]))
            return false;
    return id.size >= 1 && id.size <= LIMIT_SLUG;
}

void topic_make(char out[TOPIC_SIZE], const char *device_id, enum topic_kind kind)
{
    const char *name = topic_kind_name(kind);

    assert(topic_is_slug(span_text(device_id)) && name);
    snprintf(out, TOPIC_SIZE, PREFIX "%s/%s/%s", device_id, topic_kind_is_up(kind) ? "up" : "down",
             name);
}

void topic_make_down_filter(char out[TOPIC_SIZE], const char *device_id)
{
    assert(topic_is_slug(span_text(device_id)));
    snprintf(out, TOPIC_SIZE, PREFIX "%s/down/#", device_id);
}

void topic_make_shared_filter(char out[TOPIC_SIZE], const char *group)
{
    assert(*group && strlen(group) <= 32 && strspn(group, "0123456789abcdef") == strlen(group));
    snprintf(out, TOPIC_SIZE, "$share/%s/" PREFIX "+/up/#", group);
}

/* Cuts off what comes before the next slash; all of it when there is none. */
static struct span take_level(struct span *rest)
{
    const uint8_t *slash = rest->size > 0 ? memchr(rest->data, '/', rest->size) : NULL;
    struct span level = span_of(rest->data, slash ? (size_t)(slash - rest->data) : rest->size);
    size_t used = level.size + (slash ? 1 : 0);

    *rest = span_of(rest->data + used, rest->size - used);
    return level;
}

enum status topic_parse(struct span topic, char device_id[LIMIT_SLUG + 1], enum topic_kind *kind)
{
    if (!span_starts_with(topic, PREFIX))
        return STATUS_INVALID;

    struct span rest = span_of(topic.data + strlen(PREFIX), topic.size - strlen(PREFIX));
    struct span device = take_level(&rest);
    struct span direction = take_level(&rest);
    bool is_up = span_equal_text(direction, "up");

    if (!topic_is_slug(device) || (!is_up && !span_equal_text(direction, "down")))
        return STATUS_INVALID;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].is_up != is_up || !span_equal_text(rest, kinds[i].name))
            continue;
        *kind = kinds[i].kind;
        return span_to_text(device, device_id, LIMIT_SLUG + 1);
    }
    return STATUS_INVALID;
}
