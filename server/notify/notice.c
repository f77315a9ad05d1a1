#include "server/notify/notice.h"

#include <string.h>

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
