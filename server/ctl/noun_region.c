/* region ... : the borders that routes keep within */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static const struct view_column columns[] = {
    {"region", "id", VIEW_TEXT},        {"name", "name", VIEW_TEXT},
    {"may use", "allows", VIEW_JSON},   {"asks for filings", "needs_filing", VIEW_YES},
    {"robots", "devices", VIEW_NUMBER}, {"vendors", "vendors", VIEW_JSON},
    {"note", "note", VIEW_TEXT},
};

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/regions", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 7) : result;
}

/* "sg,eu" as a JSON list. */
static void write_list(struct json_writer *writer, const char *words)
{
    json_begin_array(writer);
    while (*words) {
        size_t size = strcspn(words, ", ");

        if (size > 0)
            json_write_text(writer, span_of(words, size));
        words += size + (words[size] != '\0');
    }
    json_end_array(writer);
}

/* A text as it was, or as the option says. */
static void write_text(struct ctl *ctl, struct json_writer *writer, const struct json *old,
                       const char *name)
{
    json_write_member(writer, name,
                      args_option(&ctl->args, name, json_text(json_member(old, name), "")));
}

/* What was not said stays: the server takes a region whole. */
static int write_region(struct ctl *ctl, const struct json *old, struct buffer *body)
{
    const char *allow = args_option(&ctl->args, "allow", NULL);
    const char *filing = args_option(&ctl->args, "needs-filing", NULL);
    struct json_writer writer;

    if (filing && strcmp(filing, "yes") != 0 && strcmp(filing, "no") != 0)
        return ctl_misuse("--needs-filing is yes or no, not \"%s\"", filing);
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    write_text(ctl, &writer, old, "name");
    write_text(ctl, &writer, old, "note");
    json_key(&writer, "needs_filing");
    json_write_bool(&writer, filing ? strcmp(filing, "yes") == 0
                                    : json_bool(json_member(old, "needs_filing"), false));
    json_key(&writer, "allows");
    if (allow) {
        write_list(&writer, allow);
    } else {
        json_begin_array(&writer);
        for (size_t i = 0; i < json_count(json_member(old, "allows")); i++)
            json_write_text(&writer,
                            span_text(json_text(json_item(json_member(old, "allows"), i), "")));
        json_end_array(&writer);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

static int set(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *old = NULL;
    struct buffer body;
    char etag[64] = "";
    bool found;
    int result = ctl_find(ctl, "/api/v1/regions", ctl->args.words[0], &found, &answer);

    if (result == CTL_DONE && found) {
        snprintf(etag, sizeof etag, "%s", answer.etag);
        result = ctl_parse(&answer, &old);
    }
    if (result != CTL_DONE)
        return result;
    buffer_init(&body, 65536);
    result = write_region(ctl, old, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "PUT", buffer_span(&body), found ? etag : NULL, &answer,
                             "/api/v1/regions/", ctl->args.words[0], (char *)NULL);
    buffer_release(&body);
    json_free(old);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 7) : result;
}

static int delete (struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/regions/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted region %s", ctl->args.words[0])
                              : result;
}

const struct ctl_verb noun_region_verbs[] = {
    {"region", "list", "", 0, 0, "",
     "regions, and whose vendors their robots may use\n"
     "The regions that were written down or that robots and vendors name, and whose vendors "
     "their robots may use.",
     list},
    {"region", "set", "REGION", 1, 1,
     "name=NAME(for people) "
     "allow=REGIONS(regions whose vendors its robots may use beside its own, as sg,eu; \"\": "
     "none) "
     "needs-filing=yes|no(a model answers its robots only with a filing number) "
     "note=TEXT(why)",
     "draw a region's border; what is left out stays\n"
     "Draw a region's border: its robots may use vendors that serve no region, the same one, "
     "and these REGIONS, as `sg,eu`. Where filings are needed a model without a number answers "
     "nobody there. What is left out stays as it is. A route that the border forbids is refused "
     "by server and robot alike.",
     set},
    {"region", "delete", "REGION", 1, 1, "", "its own vendors alone again, without filings",
     delete},
    {0},
};
