/* pairing ... : robots without a claim code, let in by six digits that they speak */
#include <stdio.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static const struct view_column columns[] = {
    {"pairing", "id", VIEW_TEXT},        {"state", "state", VIEW_TEXT},
    {"robot", "device_id", VIEW_TEXT},   {"id taken", "taken", VIEW_YES},
    {"serial", "serial", VIEW_TEXT},     {"address", "address", VIEW_TEXT},
    {"software", "software", VIEW_TEXT}, {"tries left", "attempts_left", VIEW_NUMBER},
    {"since", "created_at", VIEW_TIME},  {"until", "expires_at", VIEW_TIME},
    {"group", "group", VIEW_TEXT},       {"heard by", "heard_by", VIEW_TEXT},
    {"by", "decided_by", VIEW_TEXT},
};

#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static int show_window(const struct client_answer *answer)
{
    struct json *json;
    int result = ctl_parse(answer, &json);

    if (result != CTL_DONE)
        return result;
    const struct json *window = json_member(json, "window");
    const char *until = json_text(json_member(window, "open_until"), "");
    if (until[0])
        printf("open until %s, by %s\n", until, json_text(json_member(window, "opened_by"), ""));
    else
        puts("closed: mynactl pairing open lets robots ask");
    json_free(json);
    return CTL_DONE;
}

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/pairings", (char *)NULL);

    if (result == CTL_DONE && !ctl->json)
        result = show_window(&answer);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COLUMN_COUNT) : result;
}

static int open(struct ctl *ctl)
{
    static const struct view_column window[] = {{"open until", "open_until", VIEW_TEXT},
                                                {"by", "opened_by", VIEW_TEXT}};
    const char *duration = args_option(&ctl->args, "for", "15m");
    struct client_answer answer;
    char body[64];
    int64_t for_ms;

    if (!args_duration(duration, &for_ms))
        return ctl_misuse("--for takes a number with m or h, such as 15m");
    snprintf(body, sizeof body, "{\"for_s\":%lld}", (long long)(for_ms / 1000));
    int result = ctl_send_to(ctl, "POST", span_text(body), NULL, &answer, "/api/v1/pairings/window",
                             (char *)NULL);
    return result == CTL_DONE ? ctl_show(ctl, &answer, window, 2) : result;
}

static int close(struct ctl *ctl)
{
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/pairings/window", (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "closed pairing") : result;
}

static int confirm(struct ctl *ctl)
{
    const char *group = args_option(&ctl->args, "group", NULL);
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, "digits", ctl->args.words[1]);
    if (group)
        json_write_member(&writer, "group", group);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/pairings/",
                             ctl->args.words[0], "/confirm", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COLUMN_COUNT) : result;
}

static int agree(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", span_text("{}"), NULL, &answer, "/api/v1/pairings/",
                             ctl->args.words[0], "/agree", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COLUMN_COUNT) : result;
}

static int refuse(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", span_text("{}"), NULL, &answer, "/api/v1/pairings/",
                             ctl->args.words[0], "/refuse", (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "refused pairing %s", ctl->args.words[0])
                              : result;
}

const struct ctl_verb noun_pairing_verbs[] = {
    {"pairing", "list", "", 0, 0, "",
     "whether robots may ask, and those that did, newest first\n"
     "Requests are kept for a day after they were decided. No digits are shown: they must have "
     "been "
     "heard from the robot.",
     list},
    {"pairing", "open", "", 0, 0, "for=TIME(such as 15m or 2h, at most 4h; default 15m)",
     "let robots ask for a while\n"
     "It closes by itself. Robots ask by myna-agent pair.\n"
     "\n"
     "    mynactl pairing open --for 15m",
     open},
    {"pairing", "close", "", 0, 0, "",
     "let no more robots ask; those that wait may still be confirmed", close},
    {"pairing", "confirm", "PAIRING DIGITS", 2, 2, "group=GROUP(that the robot joins)",
     "let a robot in by the digits that it speaks\n"
     "After three wrong tries the robot must begin again. It gets its certificate a moment "
     "later.\n"
     "\n"
     "    mynactl pairing confirm 7 \"407 129\" --group kitchen",
     confirm},
    {"pairing", "agree", "PAIRING", 1, 1, "",
     "agree to a robot whose digits another operator has typed\n"
     "Only where the server's pairing_approval asks for a second person: it is \"heard\" until "
     "then.",
     agree},
    {"pairing", "refuse", "PAIRING", 1, 1, "", "send a robot away; its keys are not taken again",
     refuse},
    {0},
};
