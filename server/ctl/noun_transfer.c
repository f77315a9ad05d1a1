/* device transfer and its like: a robot that gets another owner */
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/ask.h"
#include "server/ctl/noun.h"

#define POLL_MS 1000
#define FILTER  512

/* By its id, or by the serial number that stands on it. */
static int find_robot(struct ctl *ctl, const char *word, char id[64])
{
    struct client_answer answer;
    char filter[FILTER];
    struct json *json;

    if (strchr(word, '"') || strchr(word, '\\') || strlen(word) > 64)
        return ctl_fail("\"%.64s\" is no robot and no serial number", word);
    snprintf(filter, sizeof filter, "id = \"%s\" or serial = \"%s\"", word, word);
    int result = ctl_send_to(ctl, "GET", span_of(NULL, 0), NULL, &answer,
                             "/api/v1/devices?limit=2&filter=", filter, (char *)NULL);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    const struct json *items = json_member(json, "items");
    const size_t count = json_count(items);
    snprintf(id, 64, "%s", json_text(json_member(json_item(items, 0), "id"), ""));
    json_free(json);
    if (count == 1)
        return CTL_DONE;
    return count == 0 ? ctl_fail("there is no robot \"%s\", nor one with that serial number", word)
                      : ctl_fail("several robots have the serial number \"%s\": name one by its id "
                                 "(mynactl device list --q %s)",
                                 word, word);
}

static void write_labels(struct ctl *ctl, struct json_writer *writer)
{
    char name[128];

    json_key(writer, "labels");
    json_begin_object(writer);
    for (size_t i = 1; i < ctl->args.count; i++) {
        const char *word = ctl->args.words[i];
        const size_t size = strcspn(word, "=");

        snprintf(name, sizeof name, "%.*s", (int)size, word);
        json_write_member(writer, name, word[size] == '=' ? word + size + 1 : "");
    }
    json_end_object(writer);
}

static int post(struct ctl *ctl, const char *id, struct client_answer *answer)
{
    const char *name = args_option(&ctl->args, "name", NULL);
    const char *group = args_option(&ctl->args, "group", NULL);
    const char *days = args_option(&ctl->args, "days", NULL);
    struct json_writer writer;
    struct buffer body;
    int64_t number = 0;

    if (days && span_to_int64(span_text(days), &number) != STATUS_OK)
        return ctl_fail("--days must be a number, not \"%s\"", days);
    buffer_init(&body, 65536);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    if (name)
        json_write_member(&writer, "name", name);
    if (group)
        json_write_member(&writer, "group", group);
    if (days) {
        json_key(&writer, "days");
        json_write_int(&writer, number);
    }
    write_labels(ctl, &writer);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, answer, "/api/v1/devices/", id,
                             "/transfers", (char *)NULL);
    buffer_release(&body);
    return result;
}

/* The newest transfer's state and why; it is ours as long as nobody asks again meanwhile. */
static int look(struct ctl *ctl, const char *id, char state[16], char reason[160])
{
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", span_of(NULL, 0), NULL, &answer, "/api/v1/devices/", id,
                             "/transfers", (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    const struct json *newest = json_item(json_member(json, "items"), 0);
    snprintf(state, 16, "%s", json_text(json_member(newest, "state"), ""));
    snprintf(reason, 160, "%s", json_text(json_member(newest, "reason"), ""));
    json_free(json);
    return CTL_DONE;
}

static int await(struct ctl *ctl, const char *id)
{
    char state[16] = "waiting", reason[160] = "";
    int result = CTL_DONE;

    while (result == CTL_DONE && strcmp(state, "waiting") == 0) {
        clock_sleep_ms(POLL_MS);
        result = look(ctl, id, state, reason);
    }
    if (result != CTL_DONE)
        return result;
    if (strcmp(state, "done") != 0)
        return ctl_fail("%s was not handed over: %s (%s)", id,
                        reason[0] ? reason : "no reason told", state);
    printf("%s forgot what was talked about, proved its key, and is the new owner's\n", id);
    return CTL_DONE;
}

static int transfer(struct ctl *ctl)
{
    struct client_answer answer;
    char id[64];
    int result = find_robot(ctl, ctl->args.words[0], id);

    if (result == CTL_DONE)
        result = post(ctl, id, &answer);
    if (result != CTL_DONE)
        return result;
    if (!args_flag(&ctl->args, "wait"))
        return ctl_say(ctl, &answer,
                       "%s asks whoever has it as soon as it is connected; `mynactl device "
                       "transfers %s` tells what they said",
                       id, id);
    return await(ctl, id);
}

static int transfers(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"asked", "asked_at", VIEW_TIME}, {"by", "asked_by", VIEW_TEXT},
        {"state", "state", VIEW_TEXT},    {"why", "reason", VIEW_TEXT},
        {"ended", "ended_at", VIEW_TIME}, {"until", "expires_at", VIEW_TIME},
        {"group", "group", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", span_of(NULL, 0), NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/transfers", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int keep(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", span_of(NULL, 0), NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/transfers", (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s stays with its owner", ctl->args.words[0])
                              : result;
}

const struct ctl_verb noun_transfer_verbs[] = {
    {"device", "transfer", "ROBOT [LABEL=VALUE...]", 1, ARGS_MAX,
     "name=NAME(with its new owner) group=GROUP(that it comes into) "
     "days=NUMBER(for so long it may be asked, 1 to 90; default 30) "
     "wait!(until somebody at the robot answered)",
     "hand it to another owner, once somebody at the robot agrees\n"
     "ROBOT is its id or its serial number. The robot asks whoever has it, on its screen and "
     "aloud, "
     "as soon as it is connected. Who agrees, by its button or `myna-agent consent yes`, has it "
     "forget what was talked about, and it proves by its certificate's key that it is this robot. "
     "Then its name, labels and groups are those given here, its own settings, pictures, reports, "
     "health and commands are gone, and it goes on with its usage, plan and licences. Who declines "
     "raises an alert, and everything stays.\n"
     "\n"
     "    mynactl device transfer SN-0042 --group resold owner=c-7781 --wait",
     transfer},
    {"device", "transfers", "ROBOT", 1, 1, "",
     "when it was to get another owner, and what was said", transfers},
    {"device", "keep", "ROBOT", 1, 1, "",
     "take back that it is to get another owner\n"
     "A robot that is asking already goes on for up to three minutes, and forgets when somebody "
     "agrees; but it stays with its owner here.",
     keep},
    {0},
};
