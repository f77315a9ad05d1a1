/* group ... : named sets of robots */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"group", "id", VIEW_TEXT},
                                                 {"name", "name", VIEW_TEXT},
                                                 {"priority", "priority", VIEW_NUMBER},
                                                 {"robots", "devices", VIEW_NUMBER},
                                                 {"filter", "filter", VIEW_TEXT}};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/groups", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

static void write_group(struct ctl *ctl, bool with_id, struct buffer *body)
{
    struct json_writer writer;
    const char *name = args_option(&ctl->args, "name", NULL);
    const char *priority = args_option(&ctl->args, "priority", NULL);
    const char *filter = args_option(&ctl->args, "filter", NULL);
    int64_t number;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if (with_id) {
        json_key(&writer, "id");
        json_write_text(&writer, span_text(ctl->args.words[0]));
    }
    if (name) {
        json_key(&writer, "name");
        json_write_text(&writer, span_text(name));
    }
    if (filter) {
        json_key(&writer, "filter");
        json_write_text(&writer, span_text(filter));
    }
    if (priority) {
        json_key(&writer, "priority");
        if (span_to_int64(span_text(priority), &number) == STATUS_OK)
            json_write_int(&writer, number);
        else
            json_write_text(&writer, span_text(priority));
    }
    json_end_object(&writer);
}

static int set(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer body;
    char etag[64];
    bool found;
    int result = ctl_find(ctl, "/api/v1/groups", ctl->args.words[0], &found, &answer);

    if (result != CTL_DONE)
        return result;
    snprintf(etag, sizeof etag, "%s", answer.etag);
    buffer_init(&body, 4096);
    write_group(ctl, !found, &body);
    if (found)
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/groups/",
                             ctl->args.words[0], (char *)NULL);
    else
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/groups",
                             (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s group %s", found ? "changed" : "made",
                                        ctl->args.words[0])
                              : result;
}

/* Whom a group of the filter would have now. */
static int preview(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "id", VIEW_TEXT}, {"name", "name", VIEW_TEXT}, {"online", "online", VIEW_YES}};
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                    "/api/v1/filters/preview?use=group&filter=", ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *first = json_member(json, "first");
    const int64_t devices = json_int(json_member(json, "devices"), 0);
    printf("%s\nmeans %lld robot%s, %lld of them online%s\n",
           json_text(json_member(json, "filter"), ""), (long long)devices, devices == 1 ? "" : "s",
           (long long)json_int(json_member(json, "online"), 0),
           json_count(first) > 0 ? "; the first are:" : "");
    if (json_count(first) > 0)
        view_table(stdout, first, columns, 3, 0);
    json_free(json);
    return CTL_DONE;
}

static int delete (struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/groups/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted group %s", ctl->args.words[0])
                              : result;
}

static int devices(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "id", VIEW_TEXT}, {"name", "name", VIEW_TEXT}, {"online", "online", VIEW_YES}};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/groups/",
                             ctl->args.words[0], "/devices", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 3) : result;
}

static int change_members(struct ctl *ctl, const char *method)
{
    struct client_answer answer;
    int result = CTL_DONE;

    for (size_t i = 1; i < ctl->args.count && result == CTL_DONE; i++)
        result = ctl_send_to(ctl, method, NOTHING, NULL, &answer, "/api/v1/groups/",
                             ctl->args.words[0], "/devices/", ctl->args.words[i], (char *)NULL);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "changed group %s", ctl->args.words[0])
                              : result;
}

static int add(struct ctl *ctl)
{
    return change_members(ctl, "PUT");
}

static int take_out(struct ctl *ctl)
{
    return change_members(ctl, "DELETE");
}

const struct ctl_verb noun_group_verbs[] = {
    {"group", "list", "", 0, 0, "", "groups of robots", list},
    {"group", "set", "GROUP", 1, 1,
     "name=NAME(for people) "
     "priority=NUMBER(a whole number: the higher one's settings win) "
     "filter=FILTER(who meets it is in it, such as \"labels.floor = 7\")",
     "make a group or change it\n"
     "Make a group, or change it. The members of a group that was made with a FILTER are the "
     "robots that meet it, now and later; of others they are put in by hand. Where two groups "
     "of a robot set the same, the higher number wins.\n"
     "\n"
     "    mynactl group set upstairs --filter 'labels.floor > 6' --priority 110",
     set},
    {"group", "preview", "FILTER", 1, 1, "", "whom a group of this filter would have now", preview},
    {"group", "delete", "GROUP", 1, 1, "", "delete a group and its layer", delete},
    {"group", "devices", "GROUP", 1, 1, "", "the robots in it", devices},
    {"group", "add", "GROUP ROBOT...", 2, ARGS_MAX, "", "put robots into it", add},
    {"group", "remove", "GROUP ROBOT...", 2, ARGS_MAX, "", "take robots out of it", take_out},
    {0},
};
