/* role ... : what operators and keys may do */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/bounds.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"role", "id", VIEW_TEXT},           {"may", "may", VIEW_JSON},
        {"groups", "groups", VIEW_JSON},     {"vendors", "vendors", VIEW_JSON},
        {"code", "second_factor", VIEW_YES}, {"holders", "holders", VIEW_NUMBER},
        {"note", "note", VIEW_NOTE},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/roles", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 7) : result;
}

/* id NULL: a change. */
static int write_role(const struct args *args, const char *id, struct buffer *body)
{
    const char *note = args_option(args, "note", NULL);
    const char *factor = args_option(args, "second-factor", NULL);
    struct json_writer writer;

    if (factor != NULL && strcmp(factor, "yes") != 0 && strcmp(factor, "no") != 0)
        return ctl_misuse("--second-factor takes yes or no, not \"%s\"", factor);
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if (id != NULL)
        json_write_member(&writer, "id", id);
    if (bounds_write(&writer, args, "may") != STATUS_OK)
        return ctl_misuse("--may takes AREA=ROLE,..., as devices=operator,vendors=viewer");
    if (note != NULL)
        json_write_member(&writer, "note", note);
    if (factor != NULL) {
        json_key(&writer, "second_factor");
        json_write_bool(&writer, strcmp(factor, "yes") == 0);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

static int create(struct ctl *ctl)
{
    const char *id = ctl->args.words[0];
    struct client_answer answer;
    struct buffer body;

    buffer_init(&body, 65536);
    int result = write_role(&ctl->args, id, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/roles",
                             (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "made role %s", id) : result;
}

static int set(struct ctl *ctl)
{
    const char *id = ctl->args.words[0];
    struct client_answer answer;
    struct buffer body;

    buffer_init(&body, 65536);
    int result = write_role(&ctl->args, NULL, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), NULL, &answer, "/api/v1/roles/", id,
                             (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "changed role %s", id) : result;
}

static int delete_role(struct ctl *ctl)
{
    const char *id = ctl->args.words[0];
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/roles/", id, (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted role %s", id) : result;
}

#define OPTIONS                                                                                    \
    "may=AREA=ROLE,...(what it may do there, as devices=operator,vendors=viewer; nothing "         \
    "elsewhere) " BOUNDS_OPTIONS                                                                   \
    "second-factor=yes|no(whether a code is asked for besides the password) "                      \
    "note=TEXT(what it is for)"

const struct ctl_verb noun_role_verbs[] = {
    {"role", "list", "", 0, 0, "", "the roles, what they may do and how many have them", list},
    {"role", "create", "ROLE", 1, 1, OPTIONS,
     "add an own role\n"
     "Add an own role. In each area that --may names it may do what the role behind the sign may, "
     "and nothing in any other; an area is the first word of a path of the API. With --groups it "
     "reaches the robots of those groups alone, with --vendors those vendors alone, and whatever "
     "cannot be narrowed down to them is refused; `all` lifts the bound. --second-factor asks "
     "whoever has the role for a code besides the password.\n"
     "\n"
     "    mynactl role create desk --may devices=operator,vendors=viewer --groups kitchen",
     create},
    {"role", "set", "ROLE", 1, 1, OPTIONS,
     "change an own role, or who needs a second factor\nChange an own role; of the others "
     "--second-factor alone. It holds at once for whoever has "
     "the role.",
     set},
    {"role", "delete", "ROLE", 1, 1, "", "remove an own role that nobody has", delete_role},
    {0},
};
