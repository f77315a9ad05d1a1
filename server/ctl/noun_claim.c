/* claim ... : codes that let new robots in */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"claim", "id", VIEW_TEXT},
        {"serial", "serial", VIEW_TEXT},
        {"group", "group", VIEW_TEXT},
        {"used", "uses", VIEW_NUMBER},
        {"allowed", "uses_allowed", VIEW_NUMBER},
        {"until", "expires_at", VIEW_TIME},
        {"withdrawn", "withdrawn_at", VIEW_TIME},
        {"by", "created_by", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/claims", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 8) : result;
}

static void write_option(struct ctl *ctl, struct json_writer *writer, const char *option,
                         const char *member)
{
    const char *value = args_option(&ctl->args, option, NULL);
    int64_t number;

    if (!value)
        return;
    json_key(writer, member);
    if (strcmp(option, "uses") == 0 || strcmp(option, "expires-in") == 0) {
        if (span_to_int64(span_text(value), &number) == STATUS_OK) {
            json_write_int(writer, number);
            return;
        }
    }
    json_write_text(writer, span_text(value));
}

static int create(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"claim", "id", VIEW_TEXT},
                                                 {"code", "code", VIEW_TEXT},
                                                 {"enrolment address", "device_url", VIEW_TEXT},
                                                 {"robots", "uses_allowed", VIEW_TEXT},
                                                 {"until", "expires_at", VIEW_TIME}};
    struct client_answer answer;
    struct buffer body;
    struct json_writer writer;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    write_option(ctl, &writer, "serial", "serial");
    write_option(ctl, &writer, "uses", "uses");
    write_option(ctl, &writer, "group", "group");
    write_option(ctl, &writer, "expires-in", "expires_in_s");
    json_end_object(&writer);
    int result =
        ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/claims", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

static int withdraw(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/claims/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "withdrew claim %s", ctl->args.words[0])
                              : result;
}

const struct ctl_verb noun_claim_verbs[] = {
    {"claim", "list", "", 0, 0, "", "codes that let new robots in", list},
    {"claim", "create", "", 0, 0,
     "serial=NUMBER(of the one robot it lets in) "
     "uses=NUMBER(how many robots it lets in; default 1) "
     "group=GROUP(that they join) "
     "expires-in=SECONDS(default a day: 86400)",
     "a code for one serial, or for --uses robots; shown once\n"
     "A code for one serial number, or for so many robots; one robot and one day unless told "
     "otherwise. The robots join GROUP. The code is shown this once.\n"
     "\n"
     "    mynactl claim create --uses 50 --group kitchen",
     create},
    {"claim", "withdraw", "CLAIM", 1, 1, "", "make a code worthless", withdraw},
    {0},
};
