/* attempt ... : single requests to vendors, of one robot or of all */
#include <stdio.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Why there may be more than the table has. */
static void say_bounds(const struct client_answer *answer)
{
    struct json *json;

    if (json_parse(answer->body, &json, NULL) != STATUS_OK)
        return;
    const char *looked_to = json_text(json_member(json, "looked_to"), NULL);
    const char *kept_since = json_text(json_member(json, "kept_since"), NULL);
    if (looked_to)
        printf("looked back to %s\n", looked_to);
    if (kept_since)
        printf("records of before %s are no longer kept; mynactl usage has their sums\n",
               kept_since);
    json_free(json);
}

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"when", "at", VIEW_TIME},
        {"robot", "device", VIEW_TEXT},
        {"error", "error_class", VIEW_TEXT},
        NOUN_ATTEMPT_COLUMNS,
    };
    static const char *const narrowed[] = {
        "vendor", "model", "contract",   "device", "group",    "class",   "outcome", "from",
        "to",     "zone",  "provenance", "after",  "currency", "counted", "answered"};
    struct client_answer answer;
    struct buffer path;
    int result;

    buffer_init(&path, 2048);
    buffer_text(&path, "/api/v1/attempts?limit=");
    client_escape(&path, args_option(&ctl->args, "limit", "20"));
    for (size_t i = 0; i < COUNT(narrowed); i++) {
        buffer_format(&path, "&%s=", narrowed[i]);
        client_escape(&path, args_option(&ctl->args, narrowed[i], ""));
    }
    const struct client_request request = {.method = "GET", .path = buffer_cstring(&path)};
    if (buffer_status(&path) != STATUS_OK)
        result = ctl_fail("the address is too long");
    else
        result = ctl_send(ctl, &request, &answer);
    buffer_release(&path);
    if (result == CTL_DONE)
        result = ctl_show(ctl, &answer, columns, COUNT(columns));
    if (result == CTL_DONE && !ctl->json)
        say_bounds(&answer);
    return result;
}

const struct ctl_verb noun_attempt_verbs[] = {
    {"attempt", "list", "", 0, 0,
     "vendor=VENDOR(only this one's) "
     "model=MODEL(only this one's) "
     "contract=CONTRACT(only this one's) "
     "device=ROBOT(only this robot's) "
     "group=GROUP(only those of robots that are in it now) "
     "outcome=OUTCOME(answered, truncated, filtered, interrupted, failed or lost) "
     "class=CLASS(failed by this: rate, busy, quota, money, auth, content, request or net; or by "
     "one of several, with commas in between) "
     "currency=CURRENCY(only those priced in it, as CNY) "
     "counted=BY(as a vendor's health or its pack counts them: health or pack) "
     "answered=true(only those that had a first token) "
     "provenance=HOW(counted by: vendor_final, vendor_cumulative, estimated, worst_case, "
     "not_sent or adjustment; or uncertain) "
     "from=DAY(a day, as 2026-01-31, or a time with its offset; default the first there is) "
     "to=DAY(the last day, or a time; default now) "
     "zone=ZONE(of the days, as Europe/Berlin; default each contract's own) "
     "limit=NUMBER(at most so many, 1 to 1000; default 20) "
     "after=KEY(where to go on: what the page before told)",
     "all requests to vendors one by one, newest first\n"
     "All requests to vendors one by one, newest first, or those behind a number of `mynactl "
     "usage`. `uncertain` are those that neither the vendor told for certain nor its file has "
     "settled. The server looks at 20,000 records for a page at most: when it found few among "
     "them, --after goes on from there.\n"
     "\n"
     "    mynactl attempt list --vendor dahan --class busy --from 2026-01-31\n"
     "    mynactl attempt list --provenance uncertain --limit 100",
     list},
    {0},
};
