/* alert ... : what needs a look, and what somebody said to it */
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define PATH_BYTES 4096

/* Who the server says that we are: an operator, for no alert is a program's. */
static int whoami(struct ctl *ctl, char id[64])
{
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/me", (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    snprintf(id, 64, "%s", json_text(json_member(json_member(json, "operator"), "id"), ""));
    json_free(json);
    return strchr(id, ':') == NULL
               ? CTL_DONE
               : ctl_fail("an API key is nobody whose alerts there are; say whose with "
                          "--assigned-to OPERATOR");
}

static int write_list_path(struct ctl *ctl, struct buffer *path)
{
    static const char *const narrows[][2] = {{"state", "state"},
                                             {"kind", "kind"},
                                             {"subject", "subject"},
                                             {"severity", "severity"},
                                             {"assigned-to", "assigned_to"}};
    const bool mine = args_flag(&ctl->args, "mine");
    char own[64] = "";
    int result = CTL_DONE;

    if (mine && args_option(&ctl->args, "assigned-to", NULL) != NULL)
        return ctl_misuse("--mine says whose: leave --assigned-to out");
    if (mine && (result = whoami(ctl, own)) != CTL_DONE)
        return result;
    buffer_text(path, "/api/v1/alerts?after=");
    client_escape(path, args_option(&ctl->args, "after", "0"));
    for (size_t i = 0; i < sizeof narrows / sizeof *narrows; i++) {
        const char *value = args_option(&ctl->args, narrows[i][0], i == 0 ? "current" : NULL);

        if (value == NULL || (i == 0 && strcmp(value, "all") == 0))
            continue;
        buffer_format(path, "&%s=", narrows[i][1]);
        client_escape(path, value);
    }
    if (mine) {
        buffer_text(path, "&assigned_to=");
        client_escape(path, own);
    }
    return buffer_status(path) == STATUS_OK ? CTL_DONE : ctl_fail("the address is too long");
}

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"alert", "id", VIEW_TEXT},           {"severity", "severity", VIEW_TEXT},
        {"state", "state", VIEW_TEXT},        {"what", "title", VIEW_TEXT},
        {"about", "subject", VIEW_TEXT},      {"count", "count", VIEW_NUMBER},
        {"last", "last_at", VIEW_TIME},       {"until", "silenced_until", VIEW_TIME},
        {"by", "acknowledged_by", VIEW_TEXT}, {"", "words", VIEW_NOTE},
        {"what helps", "cure", VIEW_NOTE},
    };
    struct client_answer answer;
    struct buffer path;

    buffer_init(&path, PATH_BYTES);
    int result = write_list_path(ctl, &path);
    const struct client_request request = {.method = "GET", .path = buffer_cstring(&path)};
    if (result == CTL_DONE)
        result = ctl_send(ctl, &request, &answer);
    buffer_release(&path);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof columns[0])
                              : result;
}

static void print_alert(const struct json *alert, const char *server)
{
    static const struct view_column sheet[] = {
        {"alert", "id", VIEW_TEXT},           {"what", "title", VIEW_TEXT},
        {"kind", "kind", VIEW_TEXT},          {"severity", "severity", VIEW_TEXT},
        {"about", "subject", VIEW_TEXT},      {"state", "state", VIEW_TEXT},
        {"seen", "words", VIEW_NOTE},         {"what helps", "cure", VIEW_NOTE},
        {"count", "count", VIEW_TEXT},        {"first", "first_at", VIEW_TEXT},
        {"last", "last_at", VIEW_TEXT},       {"acknowledged", "acknowledged_at", VIEW_TEXT},
        {"by", "acknowledged_by", VIEW_TEXT}, {"silenced to", "silenced_until", VIEW_TEXT},
        {"by", "silenced_by", VIEW_TEXT},     {"cleared", "cleared_at", VIEW_TEXT},
        {"by", "cleared_by", VIEW_TEXT},      {"whose", "assigned_to", VIEW_TEXT},
        {"in force", "in_force", VIEW_TEXT},
    };
    static const struct view_column deliveries[] = {
        {"delivery", "id", VIEW_TEXT},         {"channel", "channel", VIEW_TEXT},
        {"told", "event", VIEW_TEXT},          {"status", "status", VIEW_TEXT},
        {"attempts", "attempts", VIEW_NUMBER}, {"done", "done_at", VIEW_TIME},
        {"next", "next_due", VIEW_TIME},       {"problem", "problem", VIEW_NOTE},
    };
    const struct json *told = json_member(alert, "deliveries");

    struct view_column said[sizeof sheet / sizeof *sheet];
    size_t count = 0;
    size_t width = 0;

    for (size_t i = 0; i < sizeof sheet / sizeof *sheet; i++)
        if (json_type(json_member(alert, sheet[i].member)) != JSON_NULL)
            said[count++] = sheet[i];
    for (size_t i = 0; i < count; i++)
        width = strlen(said[i].title) > width ? strlen(said[i].title) : width;
    view_sheet(stdout, alert, said, count, clock_wall_ms());
    printf("%-*s  %s%s\n", (int)width, "link", server, json_text(json_member(alert, "link"), ""));
    if (json_count(told) == 0)
        puts("no channel was told of it");
    else
        view_table(stdout, told, deliveries, sizeof deliveries / sizeof *deliveries,
                   clock_wall_ms());
}

static int get(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/alerts/",
                             ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    print_alert(json, ctl->session.url);
    json_free(json);
    return CTL_DONE;
}

static int say(struct ctl *ctl, const char *verb, struct span body, const char *done)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", body, NULL, &answer, "/api/v1/alerts/",
                             ctl->args.words[0], verb, (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s alert %s", done, ctl->args.words[0])
                              : result;
}

static int assign(struct ctl *ctl)
{
    const char *who = ctl->args.words[1];
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    if (who != NULL)
        json_write_member(&writer, "operator", who);
    json_end_object(&writer);
    int result = say(ctl, "/assign", buffer_span(&body), who != NULL ? "assigned" : "freed");
    buffer_release(&body);
    return result;
}

static int acknowledge(struct ctl *ctl)
{
    return say(ctl, "/acknowledge", span_text(""), "acknowledged");
}

/* Whoever clears a threshold's alert may think that what it did is over. */
static void say_in_force(const struct client_answer *answer)
{
    struct json *json;

    if (json_parse(answer->body, &json, NULL) != STATUS_OK)
        return;
    const int64_t threshold = json_int(json_member(json, "in_force"), 0);
    if (threshold != 0)
        printf("what its threshold did stays in force; mynactl threshold reset %lld ends it\n",
               (long long)threshold);
    json_free(json);
}

static int clear(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", span_text(""), NULL, &answer, "/api/v1/alerts/",
                             ctl->args.words[0], "/clear", (char *)NULL);

    if (result == CTL_DONE)
        result = ctl_say(ctl, &answer, "cleared alert %s", ctl->args.words[0]);
    if (result == CTL_DONE && !ctl->json)
        say_in_force(&answer);
    return result;
}

static int silence(struct ctl *ctl)
{
    const char *duration = args_option(&ctl->args, "for", NULL);
    const char *until = args_option(&ctl->args, "until", NULL);
    char time[CLOCK_TEXT_SIZE];
    struct json_writer writer;
    struct buffer body;
    int64_t for_ms;

    if ((duration != NULL) == (until != NULL))
        return ctl_misuse("say how long: --for 4h (m, h or d), or --until TIME");
    if (duration != NULL) {
        if (!args_duration(duration, &for_ms))
            return ctl_misuse("--for takes a number with m, h or d, such as 90m");
        clock_format(clock_wall_ms() + for_ms, time);
        until = time;
    }
    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "until");
    json_write_text(&writer, span_text(until));
    json_end_object(&writer);
    int result = say(ctl, "/silence", buffer_span(&body), "silenced");
    buffer_release(&body);
    return result;
}

const struct ctl_verb noun_alert_verbs[] = {
    {"alert", "list", "", 0, 0,
     "state=STATE(open, acknowledged, silenced, cleared, current or all; default current: all but "
     "the cleared) "
     "kind=KIND(as threshold: mynactl alert get tells an alert's) "
     "subject=SUBJECT(what it is about, as device/r1) "
     "severity=SEVERITY(info, warning or critical) "
     "assigned-to=OPERATOR(whose it is) "
     "mine!(your own alone) "
     "after=NUMBER(where to go on: what the page before told)",
     "what needs a look\n"
     "What needs a look, newest first; below each stands what was seen and what helps.\n"
     "\n"
     "    mynactl alert list --severity critical --mine",
     list},
    {"alert", "get", "ALERT", 1, 1, "",
     "all of one, with what its channels were told\n"
     "All of one: what was seen, what helps, where to look, who said what to it, and what its "
     "channels were told.",
     get},
    {"alert", "assign", "ALERT [OPERATOR]", 1, 2, "",
     "say whose it is\n"
     "Say whose it is; without OPERATOR it is nobody's any more. Nothing else changes: whoever is "
     "at it acknowledges it.",
     assign},
    {"alert", "ack", "ALERT", 1, 1, "",
     "somebody is at it\n"
     "Somebody is at it. Repeats only count from now on; only a worse severity opens it again.",
     acknowledge},
    {"alert", "acknowledge", "ALERT", 1, 1, "", "the same as ack", acknowledge},
    {"alert", "silence", "ALERT", 1, 1,
     "for=DURATION(a number with m, h or d, as 4h; this or until) "
     "until=TIME(a time with its offset)",
     "say nothing of it until then\n"
     "Say nothing of this cause until then, also when it goes and comes back; DURATION is a "
     "number with m, h or d, such as 90m, and one of the two must be given. An alert that is "
     "not cleared by then is open again.\n"
     "\n"
     "    mynactl alert silence 12 --for 4h",
     silence},
    {"alert", "clear", "ALERT", 1, 1, "", "it is over; if it comes back it is a new one", clear},
    {0},
};
