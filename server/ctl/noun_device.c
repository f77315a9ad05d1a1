/* device ... : what a robot is, does, uses; commands to it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "server/ctl/circuit_print.h"
#include "server/ctl/labels.h"
#include "server/ctl/noun.h"

#define NOTHING      span_text("")
#define POLL_MS      1000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "id", VIEW_TEXT},
        {"name", "name", VIEW_TEXT},
        {"status", "status", VIEW_TEXT},
        {"online", "online", VIEW_YES},
        {"groups", "groups", VIEW_JSON},
        {"desired", "desired_generation", VIEW_NUMBER},
        {"runs", "reported_generation", VIEW_NUMBER},
        {"attempts today", "attempts_today", VIEW_NUMBER},
        {"software", "software", VIEW_TEXT},
        {"last seen", "last_seen", VIEW_TIME},
    };
    struct client_answer answer;
    const struct args *args = &ctl->args;
    int result = ctl_send_to(
        ctl, "GET", NOTHING, NULL, &answer,
        "/api/v1/devices?limit=", args_option(args, "limit", "50"),
        "&after=", args_option(args, "after", ""), "&state=", args_option(args, "state", ""),
        "&group=", args_option(args, "group", ""), "&q=", args_option(args, "q", ""),
        "&filter=", args_option(args, "filter", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static void print_circuits(const struct client_answer *answer)
{
    struct json *robot;

    if (ctl_parse(answer, &robot) != CTL_DONE)
        return;
    circuit_print(stdout, json_member(json_member(robot, "health"), "circuits"), clock_wall_ms());
    json_free(robot);
}

/* Whose word each is: what operators change, what the robot tells of itself, what the server knows.
 */
static const struct view_column said_by_robots[] = {
    {"software", "software", VIEW_TEXT},
    {"hardware", "hardware", VIEW_TEXT},
    {"capabilities", "capabilities", VIEW_JSON},
    {"running generation", "reported_generation", VIEW_TEXT},
    {"clock offset ms", "clock_offset_ms", VIEW_TEXT},
    {"own day from utc", "utc_offset", VIEW_TEXT},
    {"records waiting", "health.journal_pending", VIEW_TEXT},
    {"running for s", "health.uptime_s", VIEW_TEXT},
    {"processor %", "health.cpu_percent", VIEW_TEXT},
    {"memory KiB", "health.memory_kib", VIEW_TEXT},
    {"disk free MiB", "health.disk_free_mib", VIEW_TEXT},
    {"turns", "health.turns", VIEW_TEXT},
    {"failed turns", "health.failed_turns", VIEW_TEXT},
    {"audio underruns", "health.audio_underruns", VIEW_TEXT},
    {"late frames", "health.frames_late", VIEW_TEXT},
    {"held back: crisis", "health.held_crisis", VIEW_TEXT},
    {"held back: self-harm", "health.held_self_harm", VIEW_TEXT},
    {"held back: violence", "health.held_violence", VIEW_TEXT},
    {"held back: sexual", "health.held_sexual", VIEW_TEXT},
    {"held back: hate", "health.held_hate", VIEW_TEXT},
    {"held back: drugs", "health.held_drugs", VIEW_TEXT},
    {"held back: personal", "health.held_personal", VIEW_TEXT},
};

static int get(struct ctl *ctl)
{
    static const struct view_column operators[] = {
        {"robot", "id", VIEW_TEXT},      {"name", "name", VIEW_TEXT},
        {"region", "region", VIEW_TEXT}, {"labels", "labels", VIEW_JSON},
        {"groups", "groups", VIEW_JSON},
    };
    static const struct view_column servers[] = {
        {"status", "status", VIEW_TEXT},
        {"online", "online", VIEW_TEXT},
        {"last seen", "last_seen", VIEW_TIME},
        {"serial", "serial", VIEW_TEXT},
        {"desired generation", "desired_generation", VIEW_TEXT},
        {"desired since", "desired_since", VIEW_TIME},
        {"last tried", "trial.generation", VIEW_TEXT},
        {"how it went", "trial.verdict", VIEW_TEXT},
        {"it came to", "trial.step", VIEW_TEXT},
        {"why no further", "trial.reason", VIEW_TEXT},
        {"certificate until", "certificate_until", VIEW_TIME},
        {"journal", "journal.id", VIEW_TEXT},
        {"journal's status", "journal.status", VIEW_TEXT},
        {"records counted", "journal.watermark", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    puts("said by operators");
    result = ctl_show(ctl, &answer, operators, COUNT(operators));
    puts("\nsaid by the robot");
    if (result == CTL_DONE)
        result = ctl_show(ctl, &answer, said_by_robots, COUNT(said_by_robots));
    print_circuits(&answer);
    puts("\nknown to the server");
    return result == CTL_DONE ? ctl_show(ctl, &answer, servers, COUNT(servers)) : result;
}

static int effective(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"setting", "name", VIEW_TEXT},         {"value", "value", VIEW_JSON},
        {"from", "layer", VIEW_TEXT},           {"revision", "revision", VIEW_NUMBER},
        {"on the robot", "outcome", VIEW_TEXT}, {"why", "reason", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/effective", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static int usage(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"when", "at", VIEW_TIME},
        NOUN_ATTEMPT_COLUMNS,
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/", ctl->args.words[0],
                    "/usage?limit=", args_option(&ctl->args, "limit", "20"),
                    "&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

/* What follows "label." or, as filters have it, "labels."; NULL: the word is no label. */
static const char *label_of(const char *word)
{
    static const char *const begins[] = {"label.", "labels."};

    for (size_t i = 0; i < COUNT(begins); i++)
        if (strncmp(word, begins[i], strlen(begins[i])) == 0)
            return word + strlen(begins[i]);
    return NULL;
}

/* The changes of "device set": name, region, and labels as label.KEY=VALUE. */
static int write_changes(struct ctl *ctl, const struct json *labels, struct buffer *body)
{
    const char *changed[ARGS_MAX];
    struct json_writer writer;
    char name[LABELS_NAME];
    const char *value;
    size_t count = 0;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    for (size_t i = 1; i < ctl->args.count; i++) {
        if (!labels_split(ctl->args.words[i], name, &value))
            return ctl_misuse("\"%s\" is not NAME=VALUE", ctl->args.words[i]);
        const char *label = label_of(ctl->args.words[i]);
        if (label != NULL) {
            changed[count++] = label;
            continue;
        }
        json_key(&writer, name);
        json_write_text(&writer, span_text(value));
    }
    if (count > 0) {
        json_key(&writer, "labels");
        labels_write(&writer, labels, changed, count);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

static int set(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *device;
    struct buffer body;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &device)) != CTL_DONE)
        return result;
    char etag[64];
    snprintf(etag, sizeof etag, "%s", answer.etag);
    buffer_init(&body, 65536);
    result = write_changes(ctl, json_member(device, "labels"), &body);
    json_free(device);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/devices/",
                             ctl->args.words[0], (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "changed %s", ctl->args.words[0]) : result;
}

static int command(struct ctl *ctl, const char *kind, const char *text)
{
    struct client_answer answer;
    struct buffer body;
    struct json_writer writer;

    buffer_init(&body, 8192);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "kind");
    json_write_text(&writer, span_text(kind));
    if (text) {
        json_key(&writer, "text");
        json_write_text(&writer, span_text(text));
    }
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/commands", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "told %s to %s", ctl->args.words[0], kind)
                              : result;
}

static int say(struct ctl *ctl)
{
    return command(ctl, "say", ctl->args.words[1]);
}

static int identify(struct ctl *ctl)
{
    return command(ctl, "identify", NULL);
}

static int restart(struct ctl *ctl)
{
    return command(ctl, "restart", NULL);
}

static int probe(struct ctl *ctl)
{
    return command(ctl, "probe", ctl->args.words[1]);
}

static int forget(struct ctl *ctl)
{
    return command(ctl, "forget", NULL);
}

static int report(struct ctl *ctl)
{
    return command(ctl, "report", NULL);
}

static int commands(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"when", "created_at", VIEW_TIME}, {"command", "kind", VIEW_TEXT},
        {"text", "text", VIEW_TEXT},       {"status", "status", VIEW_TEXT},
        {"why", "reason", VIEW_TEXT},      {"by", "created_by", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/commands", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static int timeline(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"when", "at", VIEW_TIME},    {"", "kind", VIEW_TEXT},    {"what", "what", VIEW_TEXT},
        {"of", "subject", VIEW_TEXT}, {"by", "by", VIEW_TEXT},    {"now", "status", VIEW_TEXT},
        {"why", "reason", VIEW_TEXT}, {"to", "after", VIEW_JSON},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/", ctl->args.words[0],
                    "/timeline?limit=", args_option(&ctl->args, "limit", "20"),
                    "&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

/* The last picture that the robot sent of its face, into a file. */
static int picture(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/face", (char *)NULL);

    if (result != CTL_DONE)
        return result;
    enum status status = file_replace(ctl->args.words[1], answer.body, 0644);
    if (status != STATUS_OK)
        return ctl_fail("\"%s\": %s", ctl->args.words[1], status_text(status));
    printf("wrote %s, %zu bytes\n", ctl->args.words[1], answer.body.size);
    return CTL_DONE;
}

static int take_picture(struct ctl *ctl)
{
    return command(ctl, "picture", NULL);
}

/* What became of a command, and why. */
static int look_at_command(struct ctl *ctl, const char *id, char status[16], char reason[128])
{
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/commands/", id, (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    snprintf(status, 16, "%s", json_text(json_member(json, "status"), ""));
    snprintf(reason, 128, "%s", json_text(json_member(json, "reason"), ""));
    json_free(json);
    return CTL_DONE;
}

static bool is_under_way(const char *status)
{
    return strcmp(status, "waiting") == 0 || strcmp(status, "sent") == 0;
}

/* Until the owner answered at the robot. */
static int await_owner(struct ctl *ctl, const char *id)
{
    char status[16] = "waiting", reason[128] = "", shown[16] = "";
    int result = CTL_DONE;

    while (result == CTL_DONE && is_under_way(status)) {
        if (strcmp(shown, status) != 0)
            fprintf(stderr, "%s\n",
                    strcmp(status, "sent") == 0
                        ? "The robot asks its owner, who holds its button for two seconds to agree."
                        : "The robot is asked.");
        snprintf(shown, sizeof shown, "%s", status);
        clock_sleep_ms(POLL_MS);
        result = look_at_command(ctl, id, status, reason);
    }
    if (result != CTL_DONE || strcmp(status, "done") == 0)
        return result;
    return ctl_fail("no report: %s (%s)", reason[0] ? reason : "no answer", status);
}

static int save_bundle(struct ctl *ctl, const char *id, const char *path)
{
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/bundles/", id, (char *)NULL);

    if (result != CTL_DONE)
        return result;
    enum status status = file_replace(path, answer.body, 0600);
    if (status != STATUS_OK)
        return ctl_fail("\"%s\": %s", path, status_text(status));
    printf("wrote %s, %zu bytes\n", path, answer.body.size);
    return CTL_DONE;
}

/* Asks the robot for a report about itself, waits for its owner's word and saves it. */
static int bundle(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    char id[64];
    int result = ctl_send_to(ctl, "POST", span_text("{\"kind\":\"bundle\"}"), NULL, &answer,
                             "/api/v1/devices/", ctl->args.words[0], "/commands", (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    snprintf(id, sizeof id, "%s", json_text(json_member(json, "id"), ""));
    json_free(json);
    result = await_owner(ctl, id);
    return result == CTL_DONE ? save_bundle(ctl, id, ctl->args.words[1]) : result;
}

static int bundles(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"came", "at", VIEW_TIME},
        {"forgotten", "until", VIEW_TIME},
        {"asked by", "asked_by", VIEW_TEXT},
        {"bytes", "bytes", VIEW_NUMBER},
        {"id", "id", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/bundles", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static int revoke(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/revoke", (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "revoked %s", ctl->args.words[0]) : result;
}

static int retire(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/retire", (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "retired %s", ctl->args.words[0]) : result;
}

/* A request with one text in its body. */
static int send_text(struct ctl *ctl, const char *action, const char *name, const char *text,
                     struct client_answer *answer)
{
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, name, text);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, answer, "/api/v1/devices/",
                             ctl->args.words[0], action, (char *)NULL);
    buffer_release(&body);
    return result;
}

static int quarantine(struct ctl *ctl)
{
    struct client_answer answer;
    int result = send_text(ctl, "/quarantine", "reason", ctl->args.words[1], &answer);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s is in quarantine", ctl->args.words[0])
                              : result;
}

static int release(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/release", (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "released %s", ctl->args.words[0]) : result;
}

static int swap(struct ctl *ctl)
{
    struct client_answer answer;
    int result = send_text(ctl, "/swap", "by", ctl->args.words[1], &answer);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s took the place of %s, which is revoked",
                                        ctl->args.words[1], ctl->args.words[0])
                              : result;
}

static int write_off(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"charged", "amount", VIEW_AMOUNT},
                                                 {"of", "unit", VIEW_TEXT}};
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "POST", NOTHING, NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/credit-write-off", (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *charged = json_member(json, "charged");
    printf("%s held %s\n", ctl->args.words[0],
           json_count(charged) ? "credit, which counts as spent now:"
                               : "no credit: nothing was charged");
    if (json_count(charged))
        view_table(stdout, charged, columns, 2, 0);
    json_free(json);
    return CTL_DONE;
}

static int show_plan(struct ctl *ctl)
{
    char id[128];

    snprintf(id, sizeof id, "plan-%s", ctl->args.words[0]);
    return noun_budget_show(ctl, id);
}

static int plan(struct ctl *ctl)
{
    static const char *const names[] = {"metric", "at-most", "per", "currency", "zone", NULL};
    bool is_order = false;
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    for (const char *const *name = names; *name; name++)
        is_order = is_order || args_option(&ctl->args, *name, NULL) != NULL;
    if (!is_order)
        return show_plan(ctl);
    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    for (const char *const *name = names; *name; name++) {
        const char *value = args_option(&ctl->args, *name, NULL);

        if (!value)
            continue;
        json_key(&writer, strcmp(*name, "at-most") == 0 ? "at_most" : *name);
        json_write_text(&writer, span_text(value));
    }
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "PUT", buffer_span(&body), NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], "/plan", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s has this plan now", ctl->args.words[0])
                              : result;
}

const struct ctl_verb noun_device_verbs[] = {
    {"device", "list", "", 0, 0,
     "state=STATE(online, offline, silent, behind or revoked; default all) "
     "group=GROUP(only its robots) "
     "q=TEXT(part of an id, a name or a serial number) "
     "filter=FILTER(such as \"region = cn and last_seen > 3d\"; FILTER.md has the language) "
     "limit=NUMBER(at most so many, 1 to 1000; default 50) "
     "after=ROBOT(where to go on: what the page before told)",
     "robots, all or those of a state, a group or a filter\n"
     "Robots by id, a page at a time. `behind` are those that have not yet taken their newest "
     "configuration; `silent` are online and cannot answer, as their screens show.\n"
     "\n"
     "    mynactl device list --filter 'region = cn and not online'\n"
     "    mynactl device list --state behind --group kitchen --limit 500",
     list},
    {"device", "get", "ROBOT", 1, 1, "", "one robot", get},
    {"device", "set", "ROBOT NAME=VALUE...", 2, ARGS_MAX, "",
     "change its name, region or labels\n"
     "NAME is `name`, `region` or `label.`KEY, or `labels.`KEY as in filters; an empty value "
     "removes a label.\n"
     "\n"
     "    mynactl device set kitchen-7 name=Kitchen label.floor=7 label.loan=",
     set},
    {"device", "effective", "ROBOT", 1, 1, "",
     "its settings, which layer gave each, and its answer\n"
     "Each setting, its value, the layer that gave it, and what the robot answered to it.",
     effective},
    {"device", "usage", "ROBOT", 1, 1,
     "limit=NUMBER(at most so many, 1 to 1000; default 20) "
     "after=KEY(where to go on: what the page before told)",
     "its last attempts, newest first, with tokens, times and price", usage},
    {"device", "timeline", "ROBOT", 1, 1,
     "limit=NUMBER(at most so many, 1 to 1000; default 20) "
     "after=KEY(where to go on: what the page before told)",
     "everything that happened to it, newest first\n"
     "Everything that happened to it, newest first: what people changed about it or asked of "
     "it, its alerts, its rollouts, its newest configuration.",
     timeline},
    {"device", "say", "ROBOT TEXT", 2, 2, "", "announce a text on the robot", say},
    {"device", "identify", "ROBOT", 1, 1, "", "let the robot show itself", identify},
    {"device", "report", "ROBOT", 1, 1, "", "ask for a report now", report},
    {"device", "restart", "ROBOT", 1, 1, "", "restart its agent", restart},
    {"device", "probe", "ROBOT VENDOR/MODEL", 2, 2, "",
     "let it ask one of its routes a tiny question, unheard\n"
     "Let it ask one of its routes a tiny question that nobody hears; it is metered like any "
     "other. `device commands` tells when the first token came.",
     probe},
    {"device", "forget", "ROBOT", 1, 1, "",
     "let it forget what was talked about, before another owner has it\n"
     "Let it forget what it and its owner talked about, on its disk as well, and say so: before "
     "another owner has it. Nothing of the conversation is told.",
     forget},
    {"device", "bundle", "ROBOT FILE", 2, 2, "",
     "a report about itself, without speech, once its owner agreed there\n"
     "Ask for a report about the robot: versions, settings, health, the newest lines of its "
     "log; nothing that was said. The robot asks its owner, shows and says it, and sends "
     "nothing unless the owner agrees there. Waits for the answer and saves the report as JSON.",
     bundle},
    {"device", "bundles", "ROBOT", 1, 1, "", "its reports that are kept", bundles},
    {"device", "take-picture", "ROBOT", 1, 1, "", "ask for a picture of its face", take_picture},
    {"device", "picture", "ROBOT FILE", 2, 2, "", "save the last picture of its face (PNG)",
     picture},
    {"device", "commands", "ROBOT", 1, 1, "", "what it was told and what it answered", commands},
    {"device", "plan", "ROBOT", 1, 1,
     "metric=METRIC(spend, output, tokens, requests or another that records hold) "
     "at-most=AMOUNT(a number, as 200000) "
     "per=day|week|month|quarter|year|once "
     "currency=CODE(of spend; required of spend alone) "
     "zone=ZONE(whose days, as Asia/Shanghai; default UTC)",
     "show what the robot may use, its own budget; with metric, at-most and per, set it\n"
     "What the robot may use: a budget of its own, named `plan-`ROBOT. Without options it is "
     "shown; with metric, amount and period it is set.\n\n    mynactl device plan kitchen-7 "
     "--metric output --at-most 200000 --per month",
     plan},
    {"device", "write-off", "ROBOT", 1, 1, "",
     "book a lost robot's credit as spent\n"
     "Book the credit that a lost robot still holds as spent. Should it come back, what it then "
     "reports is taken off again.",
     write_off},
    {"device", "revoke", "ROBOT", 1, 1, "",
     "refuse this robot for good\n"
     "Refuse this robot for good: broker and server end its connection and never let it in "
     "again.",
     revoke},
    {"device", "retire", "ROBOT", 1, 1, "",
     "take it out of use for good\n"
     "Take it out of use for good: it is refused like a revoked one. It is no terminal of a "
     "contract any more and takes no new licence, for both are counted by use. What it used stays "
     "on record.",
     retire},
    {"device", "quarantine", "ROBOT REASON", 2, 2, "",
     "give it no more credit until somebody has looked\n"
     "Give it no more credit until it is released. It is still heard and may use what it has. A "
     "robot of which there are two, for its disk was copied, comes into quarantine by itself.",
     quarantine},
    {"device", "release", "ROBOT", 1, 1, "",
     "end its quarantine\n"
     "End its quarantine. Where its journal was copied that journal stays in quarantine: such a "
     "robot is enrolled anew.",
     release},
    {"device", "swap", "ROBOT NEW-ROBOT", 2, 2, "",
     "let another robot take its place, after a repair by exchange\n"
     "Let another robot, which has enrolled, take its place: name, region, labels, named groups "
     "and own settings go over where the new one has none of its own. The old one is revoked, and "
     "the credit that it still holds is booked as spent.\n"
     "\n"
     "    mynactl device swap kitchen-7 kitchen-7b",
     swap},
    {0},
};
