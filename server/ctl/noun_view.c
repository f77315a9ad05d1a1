/* view ... : lists of robots that were given a name */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")
#define ADDRESS 8192

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"view", "name", VIEW_TEXT},
                                                 {"shows", "query", VIEW_JSON},
                                                 {"shared", "shared", VIEW_YES},
                                                 {"by", "owner", VIEW_TEXT}};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/views", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 4) : result;
}

/* One's own comes first, for it is listed first. */
int noun_view_find(struct ctl *ctl, const char *name, struct json **views, const struct json **view)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/views", (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, views)) != CTL_DONE)
        return result;
    const struct json *items = json_member(*views, "items");
    *view = NULL;
    for (size_t i = 0; !*view && i < json_count(items); i++)
        if (strcmp(json_text(json_member(json_item(items, i), "name"), ""), name) == 0)
            *view = json_item(items, i);
    return CTL_DONE;
}

static void write_view(struct ctl *ctl, struct buffer *body)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_write_text(&writer, span_text(ctl->args.words[0]));
    json_key(&writer, "query");
    json_begin_object(&writer);
    for (size_t i = 0; i < NOUN_EACH_NARROWS; i++) {
        const char *value = args_option(&ctl->args, noun_each_narrows[i], NULL);

        if (!value)
            continue;
        json_key(&writer, noun_each_narrows[i]);
        json_write_text(&writer, span_text(value));
    }
    json_end_object(&writer);
    json_key(&writer, "shared");
    json_write_bool(&writer, args_flag(&ctl->args, "shared"));
    json_end_object(&writer);
}

static int save(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *views = NULL;
    const struct json *view;
    struct buffer body;
    char id[24];
    int result = noun_view_find(ctl, ctl->args.words[0], &views, &view);

    if (result != CTL_DONE)
        return result;
    snprintf(id, sizeof id, "%lld", view ? (long long)json_int(json_member(view, "id"), 0) : 0LL);
    buffer_init(&body, ADDRESS);
    write_view(ctl, &body);
    result = view ? ctl_send_to(ctl, "PATCH", buffer_span(&body), NULL, &answer, "/api/v1/views/",
                                id, (char *)NULL)
                  : ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/views",
                                (char *)NULL);
    buffer_release(&body);
    if (result == CTL_DONE)
        result =
            ctl_say(ctl, &answer, "%s view \"%s\"", view ? "changed" : "saved", ctl->args.words[0]);
    json_free(views);
    return result;
}

static int delete (struct ctl *ctl)
{
    struct client_answer answer;
    struct json *views = NULL;
    const struct json *view;
    char id[24];
    int result = noun_view_find(ctl, ctl->args.words[0], &views, &view);

    if (result == CTL_DONE && !view)
        result = ctl_fail("there is no view \"%s\": see mynactl view list", ctl->args.words[0]);
    if (result == CTL_DONE) {
        snprintf(id, sizeof id, "%lld", (long long)json_int(json_member(view, "id"), 0));
        result =
            ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/views/", id, (char *)NULL);
    }
    json_free(views);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted view \"%s\"", ctl->args.words[0])
                              : result;
}

const struct ctl_verb noun_view_verbs[] = {
    {"view", "list", "", 0, 0, "", "lists of robots that have a name, yours and shared ones", list},
    {"view", "save", "NAME", 1, 1, NOUN_EACH_NARROWING "shared!(for everybody to see)",
     "give a list of robots a name, or another list to a name\n"
     "Give the list of `device list` with these options a name, or a name another list. The "
     "dashboard's Fleet page shows the same views.",
     save},
    {"view", "delete", "NAME", 1, 1, "", "forget a name; robots stay as they are", delete},
    {0},
};
