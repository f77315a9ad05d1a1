/* key ... : the installation's own keys, and their replacement */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static const struct view_column columns[] = {
    {"key", "id", VIEW_TEXT},          {"purpose", "purpose", VIEW_TEXT},
    {"state", "state", VIEW_TEXT},     {"since", "since", VIEW_TIME},
    {"robots", "robots", VIEW_NUMBER}, {"not told yet", "untold", VIEW_COUNT},
};

static int show(struct ctl *ctl, const struct client_answer *answer)
{
    return ctl_show(ctl, answer, columns, sizeof columns / sizeof *columns);
}

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/keys", (char *)NULL);

    return result == CTL_DONE ? show(ctl, &answer) : result;
}

static int robots(struct ctl *ctl)
{
    static const struct view_column waiting[] = {
        {"robot", "id", VIEW_TEXT},
        {"online", "online", VIEW_YES},
        {"last heard", "last_seen", VIEW_TIME},
        {"told", "told", VIEW_YES},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/keys/", ctl->args.words[0],
                    "/robots?limit=200&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, waiting, sizeof waiting / sizeof *waiting)
                              : result;
}

static int rotate(struct ctl *ctl)
{
    const char *rate = args_option(&ctl->args, "per-minute", NULL);
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;
    int64_t number = 0;

    if (strcmp(ctl->args.words[0], "master") == 0)
        return ctl_fail("the master key is replaced where it is kept, on the server: runuser -u "
                        "mynad -- mynad rotate master");
    if (strcmp(ctl->args.words[0], "data") == 0)
        return ctl_fail("the data key is replaced on the server, while mynad stands still: runuser "
                        "-u mynad -- mynad rotate data");
    if (strcmp(ctl->args.words[0], "device-ca") == 0)
        return ctl_fail("the device CA is replaced where it is kept, on the server: runuser -u "
                        "mynad -- mynad rotate device-ca");
    if (strcmp(ctl->args.words[0], "server-ca") == 0)
        return ctl_fail("the server CA is replaced where it is kept, on the server: runuser -u "
                        "mynad -- mynad rotate server-ca");
    if (rate && span_to_int64(span_text(rate), &number) != STATUS_OK)
        return ctl_misuse("--per-minute must be a number, got \"%s\"", rate);
    buffer_init(&body, 1024);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, "purpose", ctl->args.words[0]);
    if (rate) {
        json_key(&writer, "per_minute");
        json_write_int(&writer, number);
    }
    json_end_object(&writer);
    int result =
        ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/keys", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

static int retire(struct ctl *ctl)
{
    const char *reason = args_option(&ctl->args, "reason", NULL);
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    if (args_flag(&ctl->args, "force")) {
        json_key(&writer, "force");
        json_write_bool(&writer, true);
    }
    if (reason)
        json_write_member(&writer, "reason", reason);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/keys/",
                             ctl->args.words[0], "/retire", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

const struct ctl_verb noun_key_verbs[] = {
    {"key", "list", "", 0, 0, "",
     "the installation's keys, and how many robots depend on each\n"
     "The keys of this installation: current, retiring while robots still depend on them, or "
     "retired. --watch shows robots come to the new one.",
     list},
    {"key", "robots", "KEY", 1, 1, "after=ROBOT(the list goes on behind it)",
     "the robots that depend on a key", robots},
    {"key", "rotate", "PURPOSE", 1, 1,
     "per-minute=NUMBER(so many robots are told in a minute; default 1000)",
     "put a new key in the present one's place, with overlap\n"
     "Make a new key for a PURPOSE: `sealing`, the one that robots seal their messages for. The "
     "present one goes on until no robot depends on it and you retire it; robots that are away "
     "learn of the new one when they are back.",
     rotate},
    {"key", "retire", "KEY", 1, 1,
     "force!(although robots depend on it) reason=TEXT(for the audit; with --force it must be "
     "given)",
     "end a key that another has replaced\n"
     "End a key: nobody can use it any more, also who stole it. Refused while robots depend on "
     "it, unless it is forced with a reason: those robots then find that nobody answers them and "
     "renew themselves over HTTPS within half an hour; `myna-agent renew` does it at once.",
     retire},
    {0},
};
