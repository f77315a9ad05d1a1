/* device health: what a robot measured of itself over two days, as one line for each figure */
#include <stdio.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")
#define BARS    48 /* of an hour each: two days */

static const struct figure {
    const char *title;
    const char *member;
    bool is_count; /* since the agent's start: what matters is how much came in an hour */
} figures[] = {
    {"processor %", "cpu_percent", false},     {"memory KiB", "memory_kib", false},
    {"disk free MiB", "disk_free_mib", false}, {"records waiting", "journal_pending", false},
    {"Wi-Fi dBm", "wifi_dbm", false},          {"turns", "turns", true},
    {"failed turns", "failed_turns", true},    {"audio underruns", "audio_underruns", true},
    {"late frames", "frames_late", true},
};

/* What one figure came to: for a level the values themselves, for a count what was added. */
struct course {
    int64_t values[BARS];
    size_t count;
    int64_t least, most, last;
};

static int64_t value_at(const struct json *items, size_t i, const char *member)
{
    return json_int(json_member(json_item(items, i), member), 0);
}

/* A count that fell was reset by a start of the agent: then all of it is new. */
static int64_t added(const struct json *items, size_t from, size_t to, const char *member)
{
    int64_t sum = 0;

    for (size_t i = from > 0 ? from : 1; i < to; i++) {
        const int64_t before = value_at(items, i - 1, member), now = value_at(items, i, member);

        sum += now >= before ? now - before : now;
    }
    return sum;
}

static struct course course_of(const struct json *items, const struct figure *figure)
{
    const size_t samples = json_count(items);
    struct course course = {.count = samples < BARS ? samples : BARS};

    for (size_t b = 0; b < course.count; b++) {
        const size_t from = b * samples / course.count, to = (b + 1) * samples / course.count;
        const int64_t value = figure->is_count ? added(items, from, to, figure->member)
                                               : value_at(items, to - 1, figure->member);

        course.values[b] = value;
        course.least = b == 0 || value < course.least ? value : course.least;
        course.most = b == 0 || value > course.most ? value : course.most;
        course.last = value;
    }
    return course;
}

static void draw(const struct course *course)
{
    static const char *const heights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const int64_t range = course->most - course->least;

    for (size_t b = 0; b < course->count; b++)
        fputs(heights[range ? (course->values[b] - course->least) * 7 / range : 0], stdout);
}

static void print_figure(const struct json *items, const struct figure *figure)
{
    const struct course course = course_of(items, figure);

    printf("%-16s %10lld %10lld %10lld  ", figure->title, (long long)course.least,
           (long long)course.most, (long long)course.last);
    draw(&course);
    putchar('\n');
}

static int health(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/health", (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    if ((result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    const struct json *items = json_member(json, "items");
    const size_t count = json_count(items);
    if (count == 0) {
        printf("%s has told nothing of itself in two days\n", ctl->args.words[0]);
    } else {
        printf("%s, %zu sample%s from %.16s to %.16s UTC\n", ctl->args.words[0], count,
               count == 1 ? "" : "s", json_text(json_member(json_item(items, 0), "at"), ""),
               json_text(json_member(json_item(items, count - 1), "at"), ""));
        printf("%-16s %10s %10s %10s\n", "", "least", "most", "last");
        for (size_t f = 0; f < sizeof figures / sizeof *figures; f++)
            print_figure(items, &figures[f]);
    }
    json_free(json);
    return CTL_DONE;
}

const struct ctl_verb noun_health_verbs[] = {
    {"device", "health", "ROBOT", 1, 1, "",
     "what it measured of itself in two days; counts as what each span added\n"
     "What it measured of itself over two days: of each figure the least, the most and the "
     "last, and its course as a line of bars. Of counts such as turns or audio underruns each "
     "bar is what was added in its span.",
     health},
    {0},
};
