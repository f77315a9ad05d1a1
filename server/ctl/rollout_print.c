#include "server/ctl/rollout_print.h"

#include <string.h>

#include "schema/base/clock.h"

#define BAR_WIDTH  40
#define TEXT_BYTES ((size_t)64 << 10)

/* In the order in which they stand in a bar. */
static const struct {
    const char *member;
    char sign;
} kinds[] = {
    {"confirmed", '#'},   {"opened", '>'},   {"failed", 'x'},
    {"unreachable", '?'}, {"reverted", '<'}, {"waiting", '.'},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static int64_t number(const struct json *object, const char *name)
{
    return json_int(json_member(object, name), 0);
}

static const char *text(const struct json *object, const char *name)
{
    return json_text(json_member(object, name), "");
}

/* Every kind that there is has at least one place. */
static void make_bar(const struct json *counts, int64_t members, char bar[BAR_WIDTH + 1])
{
    int64_t seen = 0;
    size_t at = 0;

    for (size_t i = 0; i < KINDS; i++) {
        const int64_t count = number(counts, kinds[i].member);

        seen += count;
        size_t end = members > 0 ? (size_t)(seen * BAR_WIDTH / members) : 0;
        if (count > 0 && end <= at)
            end = at + 1;
        while (at < end && at < BAR_WIDTH)
            bar[at++] = kinds[i].sign;
    }
    while (at < BAR_WIDTH)
        bar[at++] = json_type(counts) == JSON_OBJECT ? ' ' : '.'; /* before it opens */
    bar[BAR_WIDTH] = '\0';
}

static void print_ago(FILE *out, const char *since, int64_t now_ms)
{
    int64_t at_ms;

    if (clock_parse(span_text(since), &at_ms) != STATUS_OK)
        return;
    const int64_t age_s = now_ms > at_ms ? (now_ms - at_ms) / 1000 : 0;
    if (age_s < 120)
        fprintf(out, " for %lld s", (long long)age_s);
    else if (age_s < 7200)
        fprintf(out, " for %lld min", (long long)(age_s / 60));
    else
        fprintf(out, " for %lld h", (long long)(age_s / 3600));
}

static void print_state(FILE *out, const struct json *rollout, int64_t now_ms)
{
    const char *step = text(rollout, "step");
    const char *cause = text(rollout, "cause");
    const int64_t wave = number(rollout, "wave");
    const size_t waves = json_count(json_member(rollout, "waves"));

    fprintf(out, "%s: %s", text(rollout, "id"), text(rollout, "state"));
    if (*cause)
        fprintf(out, " (%s)", cause);
    else if (*step)
        fprintf(out, ", %s", step);
    if (wave > 0)
        fprintf(out, ", wave %lld of %zu", (long long)wave, waves);
    if (*text(rollout, "ended_at") == '\0')
        print_ago(out, text(rollout, "since"), now_ms);
    fprintf(out, "\n");
    if (*text(rollout, "reason"))
        fprintf(out, "  %s\n", text(rollout, "reason"));
}

static void print_patch(FILE *out, const struct json *rollout)
{
    const struct json *patch = json_member(rollout, "patch");
    struct buffer value;

    fprintf(out, "  %s", text(rollout, "layer"));
    if (*text(rollout, "filter"))
        fprintf(out, " (%s)", text(rollout, "filter"));
    fprintf(out, "%s\n", json_count(patch) > 0 ? ":" : "");
    buffer_init(&value, TEXT_BYTES);
    for (size_t i = 0; i < json_count(patch); i++) {
        const char *name;
        const struct json *item = json_member_at(patch, i, &name);

        buffer_clear(&value);
        if (json_type(item) == JSON_NULL)
            buffer_text(&value, "taken out");
        else
            json_dump(item, &value);
        fprintf(out, "    %-20s %.*s\n", name, (int)value.size, (const char *)value.data);
    }
    buffer_release(&value);
}

/* A gate that is green needs no numbers; of any other they say what to look at. */
static void print_verdict(FILE *out, const struct json *verdict)
{
    const struct json *metrics = json_member(verdict, "metrics");

    if (!*text(verdict, "words"))
        return;
    fprintf(out, "       %s\n", text(verdict, "words"));
    for (size_t i = 0; i < json_count(metrics) && strcmp(text(verdict, "colour"), "green") != 0;
         i++) {
        const struct json *metric = json_item(metrics, i);

        if (strcmp(text(metric, "colour"), "off") != 0)
            fprintf(out, "         %-18s %-6s %s\n", text(metric, "metric"), text(metric, "colour"),
                    text(metric, "words"));
    }
}

static void print_wave(FILE *out, const struct json *wave)
{
    const struct json *members = json_member(wave, "members");
    const struct json *counts = json_member(wave, "counts");
    const int64_t size = json_int(members, number(wave, "planned"));
    char bar[BAR_WIDTH + 1];

    make_bar(counts, size, bar);
    fprintf(out, "  %2lld %8s %7lld  [%s] %s", (long long)number(wave, "wave"),
            json_bool(json_member(wave, "control"), false) ? "control" : text(wave, "share"),
            (long long)size, bar, text(wave, "state"));
    for (size_t i = 0; i < KINDS; i++) {
        const int64_t count = number(counts, kinds[i].member);

        if (count > 0 && strcmp(kinds[i].member, "confirmed") != 0 &&
            strcmp(kinds[i].member, "waiting") != 0)
            fprintf(out, ", %lld %s", (long long)count, kinds[i].member);
    }
    fprintf(out, "\n");
    print_verdict(out, json_member(wave, "verdict"));
    if (*text(wave, "forced_by"))
        fprintf(out, "       forced by %s: %s\n", text(wave, "forced_by"),
                text(wave, "forced_reason"));
}

/* It opens nobody for now: by the hours of its plan, by a blackout of it or of the calendar. */
static void print_held(FILE *out, const struct json *held)
{
    if (json_type(held) != JSON_OBJECT)
        return;
    fprintf(out, "  nobody is opened until %s: %s%s%s\n", text(held, "until"),
            strcmp(text(held, "by"), "blackout") == 0 ? "a blackout" : "its hours are shut",
            *text(held, "reason") ? ", " : "", text(held, "reason"));
}

/* Who is not opened for a drain's sake. */
static void print_drained(FILE *out, const struct json *drained)
{
    for (size_t i = 0; i < json_count(drained); i++)
        fprintf(out,
                "  %lld robots wait until they have left vendor \"%s\", which is drained, or it is "
                "back\n",
                (long long)number(json_item(drained, i), "robots"),
                text(json_item(drained, i), "vendor"));
}

static void print_figures(FILE *out, const char *what, const struct json *figures)
{
    const struct json *costs = json_member(figures, "costs");

    if (json_type(figures) != JSON_OBJECT)
        return;
    fprintf(out, "  %s: %lld robots", what, (long long)number(figures, "robots"));
    for (size_t i = 0; i < json_count(costs); i++)
        fprintf(out, ", %s %s more until terms end", text(json_item(costs, i), "amount"),
                text(json_item(costs, i), "currency"));
    if (*text(figures, "unknown"))
        fprintf(out, ", cost under \"%s\" unknown", text(figures, "unknown"));
    fprintf(out, "\n");
}

/* What somebody agreed to, and, while it waits for that, what is asked. */
static void print_approval(FILE *out, const struct json *rollout)
{
    char what[160];

    snprintf(what, sizeof what, "approved by %.100s", text(rollout, "approver"));
    print_figures(out, what, json_member(rollout, "approved"));
    if (strcmp(text(rollout, "state"), "approval") == 0 ||
        strcmp(text(rollout, "cause"), "approval") == 0)
        print_figures(out, "approval asked for", json_member(rollout, "asked"));
}

void rollout_print(FILE *out, const struct json *rollout, int64_t now_ms)
{
    const struct json *waves = json_member(rollout, "waves");

    print_state(out, rollout, now_ms);
    print_approval(out, rollout);
    print_held(out, json_member(rollout, "held"));
    print_drained(out, json_member(rollout, "drained"));
    print_patch(out, rollout);
    for (size_t i = 0; i < json_count(waves); i++)
        print_wave(out, json_item(waves, i));
    if (json_count(waves) > 0)
        fprintf(out,
                "  # confirmed  > opened  x failed  ? out of reach  < taken back  . waiting\n");
}

void rollout_print_preview(FILE *out, const struct json *preview)
{
    const struct json *waves = json_member(preview, "waves");
    int64_t opened = 0;

    fprintf(out, "%lld robots, %lld of them online\n", (long long)number(preview, "devices"),
            (long long)number(preview, "online"));
    for (size_t i = 0; i < json_count(waves); i++) {
        const struct json *wave = json_item(waves, i);

        opened += number(wave, "planned");
        fprintf(out, "  wave %lld, %s: %lld robots, %lld with those before\n",
                (long long)number(wave, "wave"),
                json_bool(json_member(wave, "control"), false) ? "those held back"
                                                               : text(wave, "share"),
                (long long)number(wave, "planned"), (long long)opened);
    }
    if (number(preview, "busy") > 0)
        fprintf(out, "%lld of them are in another rollout: it must end first\n",
                (long long)number(preview, "busy"));
    if (json_bool(json_member(preview, "approval"), false))
        fprintf(out, "another operator must approve it\n");
}
