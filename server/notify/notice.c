#include "server/notify/notice.h"

#include <string.h>

#include "schema/base/json.h"

const char *notice_headline(const struct notice *notice, struct arena *arena)
{
    if (notice->event == NOTICE_TEST)
        return "test: this channel works";
    if (notice->event == NOTICE_CLEARED)
        return arena_format(arena, "over: %s, %s", notice->title, notice->subject);
    if (notice->count == 1)
        return arena_format(arena, "%s: %s, %s", notice->severity, notice->title, notice->subject);
    return arena_format(arena, "%s: %s, %s, %lld times", notice->severity, notice->title,
                        notice->subject, (long long)notice->count);
}

static void add_fact(struct buffer *out, const char *name, const struct json *value)
{
    buffer_text(out, out->size > 0 ? ", " : "");
    for (; *name != '\0'; name++)
        buffer_byte(out, *name == '_' ? ' ' : (uint8_t)*name);
    buffer_text(out, ": ");
    if (json_type(value) == JSON_TEXT)
        buffer_text(out, json_text(value, ""));
    else
        json_dump(value, out);
}

/* Whole characters, at most so many bytes, on one line. */
static const char *fit(struct span text, size_t max, struct arena *arena)
{
    size_t size = 0;

    while (size < text.size) {
        size_t step = span_utf8_step(span_of(text.data + size, text.size - size));

        if (step == 0 || size + step > max)
            break;
        size += step;
    }
    char *line = arena_text(arena, span_of(text.data, size));
    for (char *at = line; line != NULL && *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    return line;
}

const char *notice_facts(const struct notice *notice, struct arena *arena)
{
    struct json *detail;
    struct buffer out;

    if (notice->detail.size == 0 || json_parse(notice->detail, &detail, NULL) != STATUS_OK)
        return "";
    buffer_init(&out, (size_t)1 << 20);
    for (size_t i = 0; i < json_count(detail); i++) {
        const char *name;
        const struct json *value = json_member_at(detail, i, &name);

        add_fact(&out, name, value);
    }
    const char *facts =
        buffer_status(&out) == STATUS_OK ? fit(buffer_span(&out), NOTICE_FACTS_MAX, arena) : "";
    buffer_release(&out);
    json_free(detail);
    return facts;
}

const char *notice_link(const struct notice *notice, const char *dashboard, struct arena *arena)
{
    return arena_format(arena, "%s%s", dashboard,
                        notice->event == NOTICE_TEST ? "/alerts" : notice->link);
}

const char *notice_worst(const struct notice *notices, size_t count)
{
    static const char *const names[] = {"info", "warning", "critical"};
    size_t worst = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t rank = worst + 1; rank < 3; rank++)
            if (notices[i].event == NOTICE_RAISED && strcmp(notices[i].severity, names[rank]) == 0)
                worst = rank;
    return names[worst];
}
