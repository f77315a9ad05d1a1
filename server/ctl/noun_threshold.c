/* threshold ... : how far contracts and budgets are, and what was done about it */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

/* Rule and sight are objects: their members become columns of the list. */
static void print_row(const struct json *item)
{
    const struct json *rule = json_member(item, "rule");
    const struct json *seen = json_member(item, "seen");
    const struct json *forecast = json_member(seen, "forecast");
    const char *limit = json_text(json_member(seen, "limit"), NULL);
    const char *unit = json_text(json_member(seen, "unit"), NULL);
    const char *runs_out = json_text(json_member(forecast, "runs_out"), NULL);

    printf("%-6lld %-7s %-44s %s of %s", (long long)json_int(json_member(item, "id"), 0),
           json_text(json_member(item, "state"), ""), json_text(json_member(item, "source"), ""),
           json_text(json_member(rule, "at"), ""), json_text(json_member(rule, "of"), ""));
    printf("; at %s%s%s%s%s", json_text(json_member(seen, "value"), "?"),
           limit != NULL ? " of " : "", limit != NULL ? limit : "", unit != NULL ? " " : "",
           unit != NULL ? unit : "");
    if (runs_out != NULL)
        printf(", runs out on %s", runs_out);
    if (json_bool(json_member(rule, "shadow"), false))
        fputs(" (shadow)", stdout);
    putchar('\n');
}

/* Some of them are of money; those have a currency for a unit. */
static bool is_of_spend(const struct json *items)
{
    for (size_t i = 0; i < json_count(items); i++) {
        const char *unit =
            json_text(json_member(json_member(json_item(items, i), "seen"), "unit"), "");

        if (strlen(unit) == 3 && unit[0] >= 'A' && unit[0] <= 'Z')
            return true;
    }
    return false;
}

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/thresholds", (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *items = json_member(json, "items");
    for (size_t i = 0; i < json_count(items); i++)
        print_row(json_item(items, i));
    if (json_count(items) == 0)
        puts("none");
    if (is_of_spend(items))
        puts("spend: what usage cost, and of a contract flat fees as their days go by; discounts, "
             "credit,\n       minimums, shortfalls and tax are in `mynactl contract bill`");
    json_free(json);
    return CTL_DONE;
}

static int reset(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", span_text(""), NULL, &answer, "/api/v1/thresholds/",
                             ctl->args.words[0], "/reset", (char *)NULL);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer,
                         "lifted threshold %s; quiet until a new period or a raised limit",
                         ctl->args.words[0])
               : result;
}

const struct ctl_verb noun_threshold_verbs[] = {
    {"threshold", "list", "", 0, 0, "", "how far contracts and budgets are", list},
    {"threshold", "reset", "THRESHOLD", 1, 1, "", "lift what a threshold does to robots", reset},
    {0},
};
