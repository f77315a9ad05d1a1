/* why ROBOT [SETTING]: who gave each value, what else was said, and why the robot is not current */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"
#include "server/ctl/value_print.h"

#define NOTHING      span_text("")
#define VALUE_BLANKS 6 /* before what of a value goes on below */

/* "2026-11-22T10:00:05" of a time; "" of none. */
static const char *time_of(const struct json *parent, const char *name, char out[24])
{
    snprintf(out, 24, "%.19s", json_text(json_member(parent, name), ""));
    return out;
}

static void print_state(const struct json *why)
{
    const struct json *generation = json_member(why, "generation");
    const struct json *reasons = json_member(why, "reasons");
    char at[24];

    printf("%s, as of %s: %s, runs generation %lld of %lld\n",
           json_text(json_member(why, "device"), ""), time_of(why, "as_of", at),
           json_bool(json_member(why, "online"), false) ? "online" : "offline",
           (long long)json_int(json_member(generation, "running"), 0),
           (long long)json_int(json_member(generation, "desired"), 0));
    if (json_bool(json_member(why, "current"), false))
        puts("  it is current");
    for (size_t i = 0; i < json_count(reasons); i++) {
        const char *code = json_text(json_member(json_item(reasons, i), "code"), "");

        printf("  %s: %s (%s)\n", strcmp(code, "transfer_waits") == 0 ? "waits" : "not current",
               json_text(json_member(json_item(reasons, i), "text"), ""), code);
    }
}

static void print_given(const struct json *given)
{
    const char *by = json_text(json_member(given, "by"), "");
    const char *why = json_text(json_member(given, "why"), "");
    const int64_t revision = json_int(json_member(given, "revision"), 0);
    char at[24];

    printf("    from %s", json_text(json_member(given, "layer"), ""));
    if (revision > 0 && !*why)
        printf(", revision %lld", (long long)revision);
    if (*why)
        printf(", which %s", why);
    if (*by)
        printf(", by %s", by);
    if (*time_of(given, "at", at))
        printf(", %s", at);
    putchar('\n');
}

static void print_setting(const struct json *item)
{
    const struct json *below = json_member(item, "below");
    const struct json *coming = json_member(item, "coming");
    const char *outcome = json_text(json_member(item, "outcome"), "");
    const char *reason = json_text(json_member(item, "reason"), "");

    value_print(stdout, json_member(item, "value"),
                printf("  %s = ", json_text(json_member(item, "name"), "")), VALUE_BLANKS);
    print_given(json_member(item, "given_by"));
    for (size_t i = 0; i < json_count(below); i++) {
        const struct json *layer = json_item(below, i);

        value_print(stdout, json_member(layer, "value"),
                    printf("    %s says ", json_text(json_member(layer, "layer"), "")),
                    VALUE_BLANKS);
    }
    if (json_type(coming) == JSON_OBJECT) {
        value_print(stdout, json_member(coming, "value"),
                    printf("    rollout %s brings ", json_text(json_member(coming, "rollout"), "")),
                    VALUE_BLANKS);
    }
    if (*outcome)
        printf("    the robot: %s%s%s\n", outcome, *reason ? ", " : "", reason);
}

static void print_routes(const struct json *routes)
{
    for (size_t i = 0; i < json_count(routes); i++) {
        const struct json *route = json_item(routes, i);
        const struct json *starved = json_member(route, "starved_by");
        const char *flaw = json_text(json_member(route, "flaw"), "");

        printf("  route %zu, %s: %s/%s, %s%s%s\n", i + 1, json_text(json_member(route, "use"), ""),
               json_text(json_member(route, "vendor"), ""),
               json_text(json_member(route, "model"), ""),
               json_text(json_member(route, "contract"), ""), *flaw ? ": never used, " : "", flaw);
        for (size_t k = 0; k < json_count(starved); k++)
            printf("    no credit: %s is used up\n", json_text(json_item(starved, k), ""));
    }
}

/* Not as a route has it: a robot that was told of none may have it all the same. */
static void print_software(const struct json *software)
{
    for (size_t i = 0; i < json_count(software); i++) {
        const struct json *item = json_item(software, i);
        const struct json *coming = json_member(item, "coming");
        const char *layer = json_text(json_member(item, "layer"), "");
        const char *by = json_text(json_member(item, "by"), "");
        const char *step = json_text(json_member(item, "step"), "");
        const char *reason = json_text(json_member(item, "reason"), "");

        printf("  software %s %s: %s\n", json_text(json_member(item, "kind"), ""),
               json_text(json_member(item, "name"), ""),
               json_text(json_member(item, "version"), "none"));
        if (*layer)
            printf("    from %s%s%s\n", layer, *by ? ", by " : "", by);
        if (json_type(coming) == JSON_OBJECT)
            printf("    rollout %s brings %s\n", json_text(json_member(coming, "rollout"), ""),
                   json_text(json_member(coming, "version"), "none"));
        if (*step)
            printf("    the robot: has %s, %s%s%s\n", json_text(json_member(item, "has"), "none"),
                   step, *reason ? ": " : "", reason);
    }
}

static int why(struct ctl *ctl)
{
    const char *setting = ctl->args.count > 1 ? ctl->args.words[1] : "";
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/why?setting=", setting, (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_say(ctl, &answer, "%s", "") : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *settings = json_member(json, "settings");
    print_state(json);
    for (size_t i = 0; i < json_count(settings); i++) {
        const struct json *given = json_member(json_item(settings, i), "given_by");

        /* what nobody set is left out unless it was asked for */
        if (*setting || strcmp(json_text(json_member(given, "layer"), ""), "default") != 0)
            print_setting(json_item(settings, i));
    }
    print_routes(json_member(json, "routes"));
    print_software(json_member(json, "software"));
    json_free(json);
    return CTL_DONE;
}

const struct ctl_verb noun_why_verbs[] = {
    {NULL, "why", "ROBOT [SETTING]", 1, 2, "",
     "who gave its values, and why it does not run its newest configuration\n"
     "Who gave each of its values (layer and revision, rollout, threshold), what the other "
     "layers say, what the robot answered, which routes cannot serve and why, who gave it which "
     "software and how far it came with that; and why it does not run its newest configuration, "
     "or what a rollout would bring it, when it does not. Everything is of one instant.",
     why},
    {0},
};
