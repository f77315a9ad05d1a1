/* config ... : settings in layers. A layer is "fleet", "group:NAME" or "device:NAME". */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/assigned.h"
#include "server/ctl/noun.h"
#include "server/ctl/value_print.h"

#define NOTHING             span_text("")
#define PRECONDITION_FAILED 412
#define VALUE_COLUMN        23 /* of settings' values */

/* "group:kitchen" as "/group/kitchen". */
static int layer_path(const char *layer, struct buffer *path)
{
    const char *colon = strchr(layer, ':');

    buffer_text(path, "/api/v1/layers/");
    if (strcmp(layer, "fleet") == 0) {
        buffer_text(path, "fleet");
        return CTL_DONE;
    }
    if (!colon || (strncmp(layer, "group:", 6) != 0 && strncmp(layer, "device:", 7) != 0))
        return ctl_misuse("\"%s\" is no layer; use fleet, group:NAME or device:NAME", layer);
    buffer_format(path, "%.*s/", (int)(colon - layer), layer);
    client_escape(path, colon + 1);
    return CTL_DONE;
}

static int send_layer(struct ctl *ctl, const char *method, const char *tail, struct span body,
                      const char *if_match, struct client_answer *answer)
{
    struct buffer path;

    buffer_init(&path, 1024);
    int result = layer_path(ctl->args.words[0], &path);
    buffer_text(&path, tail);
    struct client_request request = {
        .method = method, .path = buffer_cstring(&path), .body = body, .if_match = if_match};
    if (result == CTL_DONE)
        result = ctl_send(ctl, &request, answer);
    buffer_release(&path);
    return result;
}

static int show_settings(struct ctl *ctl, const struct client_answer *answer)
{
    struct json *layer;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &layer);
    if (result != CTL_DONE)
        return result;
    const struct json *settings = json_member(layer, "settings");
    printf("%s, revision %lld\n", json_text(json_member(layer, "id"), ""),
           (long long)json_int(json_member(layer, "revision"), 0));
    for (size_t i = 0; i < json_count(settings); i++) {
        const char *name;
        const struct json *item = json_member_at(settings, i, &name);

        value_print(stdout, item, printf("  %-20s ", name), VALUE_COLUMN);
    }
    if (json_count(settings) == 0)
        puts("  sets nothing");
    json_free(layer);
    return CTL_DONE;
}

static int get(struct ctl *ctl)
{
    struct client_answer answer;
    int result = send_layer(ctl, "GET", "", NOTHING, NULL, &answer);

    return result == CTL_DONE ? show_settings(ctl, &answer) : result;
}

/* The value of "name=value" when word sets that name, else NULL. */
static const char *value_for(const char *word, const char *name)
{
    size_t length = strlen(name);

    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

/* Old settings that no word replaces or removes, then the new ones. */
static void merge(struct ctl *ctl, const struct json *old, bool removing, struct buffer *body)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "settings");
    json_begin_object(&writer);
    for (size_t i = 0; i < json_count(old); i++) {
        const char *name;
        const struct json *item = json_member_at(old, i, &name);
        bool dropped = false;

        for (size_t w = 1; w < ctl->args.count; w++)
            if (removing ? strcmp(ctl->args.words[w], name) == 0
                         : value_for(ctl->args.words[w], name) != NULL)
                dropped = true;
        if (dropped)
            continue;
        struct buffer text;
        buffer_init(&text, 1 << 20);
        json_dump(item, &text);
        json_key(&writer, name);
        json_write_raw(&writer, buffer_span(&text));
        buffer_release(&text);
    }
    for (size_t w = 1; !removing && w < ctl->args.count; w++) {
        char name[64];
        const char *equals = strchr(ctl->args.words[w], '=');

        snprintf(name, sizeof name, "%.*s", (int)(equals - ctl->args.words[w]), ctl->args.words[w]);
        json_key(&writer, name);
        assigned_write_value(&writer, equals + 1);
    }
    json_end_object(&writer);
    json_end_object(&writer);
}

/* The canned answer may come from another layer; where none gives it robots are mute. */
static void warn_of_silence(const struct ctl *ctl, const struct client_answer *answer)
{
    struct json *layer;

    if (json_parse(answer->body, &layer, NULL) != STATUS_OK)
        return;
    const struct json *settings = json_member(layer, "settings");
    const char *mode = json_text(json_member(settings, "limit_mode"), "");
    const char *persona = json_text(json_member(settings, "canned_persona"), "");
    if (strcmp(mode, "canned") == 0 && persona[0] == '\0')
        ctl_warn("limit_mode canned answers with canned_persona, which this layer does not set: "
                 "robots to which no other layer gives one behave as if blocked; set it with "
                 "mynactl config set %s canned_persona=TEXT",
                 ctl->args.words[0]);
    json_free(layer);
}

static int change(struct ctl *ctl, bool removing)
{
    struct client_answer answer;
    struct json *layer;
    struct buffer body;
    char etag[64];
    int result = send_layer(ctl, "GET", "", NOTHING, NULL, &answer);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &layer)) != CTL_DONE)
        return result;
    snprintf(etag, sizeof etag, "%s", answer.etag);
    buffer_init(&body, 1 << 20);
    merge(ctl, json_member(layer, "settings"), removing, &body);
    json_free(layer);
    result = send_layer(ctl, "PUT", "", buffer_span(&body), etag, &answer);
    buffer_release(&body);
    if (result != CTL_DONE) {
        if (answer.status == PRECONDITION_FAILED)
            fputs("  somebody else changed this layer meanwhile; look at it and try again\n",
                  stderr);
        return result;
    }
    warn_of_silence(ctl, &answer);
    return show_settings(ctl, &answer);
}

static int set(struct ctl *ctl)
{
    for (size_t w = 1; w < ctl->args.count; w++) {
        const char *equals = strchr(ctl->args.words[w], '=');

        if (!equals || equals == ctl->args.words[w] || equals - ctl->args.words[w] > 48)
            return ctl_misuse("\"%s\" is not NAME=VALUE", ctl->args.words[w]);
    }
    return change(ctl, false);
}

static int unset(struct ctl *ctl)
{
    return change(ctl, true);
}

static int history(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"revision", "revision", VIEW_NUMBER},
                                                 {"when", "changed_at", VIEW_TIME},
                                                 {"by", "changed_by", VIEW_TEXT},
                                                 {"restores", "restores", VIEW_NUMBER},
                                                 {"settings", "settings", VIEW_JSON}};
    struct client_answer answer;
    int result = send_layer(ctl, "GET", "/revisions", NOTHING, NULL, &answer);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

/* "-  volume  40" and "+  volume  55", as people read differences. */
static void print_side(const char *sign, const char *name, const struct json *value)
{
    if (json_type(value) == JSON_NULL)
        return;
    value_print(stdout, value, printf("%s %-20s ", sign, name), VALUE_COLUMN);
}

static int show_diff(const struct client_answer *answer)
{
    struct json *diff;
    int result = ctl_parse(answer, &diff);

    if (result != CTL_DONE)
        return result;
    const struct json *items = json_member(diff, "items");
    printf("%s, revision %lld to %lld\n", json_text(json_member(diff, "id"), ""),
           (long long)json_int(json_member(diff, "from"), 0),
           (long long)json_int(json_member(diff, "to"), 0));
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *item = json_item(items, i);
        const char *name = json_text(json_member(item, "name"), "");

        print_side("-", name, json_member(item, "from"));
        print_side("+", name, json_member(item, "to"));
    }
    if (json_count(items) == 0)
        puts("  say the same");
    json_free(diff);
    return CTL_DONE;
}

static bool is_revision(const char *word)
{
    int64_t number;

    return span_to_int64(span_text(word), &number) == STATUS_OK && number >= 0;
}

static int diff(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer tail;

    for (size_t w = 1; w < ctl->args.count; w++)
        if (!is_revision(ctl->args.words[w]))
            return ctl_misuse("\"%s\" is no revision's number", ctl->args.words[w]);
    buffer_init(&tail, 256);
    buffer_text(&tail, "/diff");
    if (ctl->args.count > 1)
        buffer_format(&tail, "?from=%s", ctl->args.words[1]);
    if (ctl->args.count > 2)
        buffer_format(&tail, "&to=%s", ctl->args.words[2]);
    int result = send_layer(ctl, "GET", buffer_cstring(&tail), NOTHING, NULL, &answer);
    buffer_release(&tail);
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_say(ctl, &answer, "%s", "") : result;
    return show_diff(&answer);
}

/* What robots would get is the old content; what happens meanwhile to the layer ends it. */
static int restore(struct ctl *ctl)
{
    struct client_answer answer;
    char etag[64], body[64];

    if (!is_revision(ctl->args.words[1]))
        return ctl_misuse("\"%s\" is no revision's number", ctl->args.words[1]);
    int result = send_layer(ctl, "GET", "", NOTHING, NULL, &answer);
    if (result != CTL_DONE)
        return result;
    snprintf(etag, sizeof etag, "%s", answer.etag);
    snprintf(body, sizeof body, "{\"revision\":%.20s}", ctl->args.words[1]);
    result = send_layer(ctl, "POST", "/restore", span_text(body), etag, &answer);
    return result == CTL_DONE ? show_settings(ctl, &answer) : result;
}

static int layers(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"layer", "id", VIEW_TEXT},
                                                 {"revision", "revision", VIEW_NUMBER},
                                                 {"reaches", "reaches", VIEW_NUMBER},
                                                 {"changed", "changed_at", VIEW_TIME},
                                                 {"by", "changed_by", VIEW_TEXT}};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/layers", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

static int settings(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"setting", "name", VIEW_TEXT},
        {"type", "type", VIEW_TEXT},
        {"from", "min", VIEW_NUMBER},
        {"to", "max", VIEW_NUMBER},
        {"unit", "unit", VIEW_TEXT},
        {"default", "default", VIEW_JSON},
        {"restart", "needs_restart", VIEW_YES},
        {"what it does", "help", VIEW_PROSE},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/settings", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 8) : result;
}

const struct ctl_verb noun_config_verbs[] = {
    {"config", "settings", "", 0, 0, "", "every setting there is, with bounds and default",
     settings},
    {"config", "layers", "", 0, 0, "", "layers, and how many robots each reaches", layers},
    {"config", "get", "LAYER", 1, 1, "", "what fleet, group:NAME or device:NAME sets", get},
    {"config", "set", "LAYER NAME=VALUE...", 2, ARGS_MAX, "",
     "set; robots obey at once\n"
     "Set; connected robots obey at once. A value that reads as JSON is JSON, anything else is "
     "a text.\n"
     "\n"
     "    mynactl config set fleet volume=40\n"
     "    mynactl config set group:kitchen volume=80 persona='You are brief.'",
     set},
    {"config", "unset", "LAYER NAME...", 2, ARGS_MAX, "", "let lower layers decide again", unset},
    {"config", "history", "LAYER", 1, 1, "", "every revision", history},
    {"config", "diff", "LAYER [FROM [TO]]", 1, 3, "",
     "what changed between two revisions; the last change by default\n"
     "What changed between two revisions, setting by setting: by default in the last change. "
     "Revision 0 is a layer that sets nothing.",
     diff},
    {"config", "restore", "LAYER REVISION", 2, 2, "",
     "bring back an older revision's settings, as a new one", restore},
    {0},
};
