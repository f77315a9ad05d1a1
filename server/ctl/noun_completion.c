/* completion, complete : the shell asks what may stand next */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/complete.h"
#include "server/ctl/noun.h"

#define PATIENCE_MS 800 /* of a person who pressed tab */

/* bash parts words at : and =, too, and replaces only the last part of what stands there. */
static const char script[] =
    "_mynactl() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} head\n"
    "    local word=${line##* }\n"
    "    head=${word%\"${word##*[:=]}\"}\n"
    "    mapfile -t COMPREPLY < <(\"${COMP_WORDS[0]}\" complete \"$line\" 2>/dev/null)\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$head\"}\")\n"
    "}\n"
    "complete -o default -F _mynactl mynactl\n";

static int completion(struct ctl *ctl)
{
    if (strcmp(ctl->args.words[0], "bash") != 0)
        return ctl_misuse("there is completion for bash alone, not for \"%s\"", ctl->args.words[0]);
    fputs(script, stdout);
    return CTL_DONE;
}

static void print_ids(const struct json *items, const char *prefix, struct buffer *out)
{
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *id = json_member(json_item(items, i), "id");
        char text[64];

        if (json_type(id) == JSON_INT)
            snprintf(text, sizeof text, "%lld", (long long)json_int(id, 0));
        else
            snprintf(text, sizeof text, "%s", json_text(id, ""));
        if (*text && strncmp(text, prefix, strlen(prefix)) == 0)
            buffer_format(out, "%s\n", text);
    }
}

/* Robots are many: the page that begins where the prefix does has what begins with it. Silent
 * whatever happens, for a person is typing. */
static void ask(void *context, const char *address, const char *prefix, struct buffer *out)
{
    struct ctl *ctl = context;
    struct client_answer answer;
    struct buffer path;
    char reason[256];
    struct json *list;

    if (!ctl->session.url[0])
        return;
    buffer_init(&path, 2048);
    buffer_text(&path, address);
    if (strcmp(address, "/api/v1/devices") == 0) {
        buffer_text(&path, "?limit=50&after=");
        client_escape(&path, prefix);
    }
    const struct client_request request = {.method = "GET", .path = buffer_cstring(&path)};
    client_hurry(ctl->client, PATIENCE_MS);
    if (client_send(ctl->client, &request, &answer, reason) == STATUS_OK && answer.status == 200 &&
        json_parse(answer.body, &list, NULL) == STATUS_OK) {
        print_ids(json_member(list, "items"), prefix, out);
        json_free(list);
    }
    buffer_release(&path);
}

static int complete(struct ctl *ctl)
{
    struct buffer out;

    buffer_init(&out, 1 << 20);
    complete_line(ctl->args.words[0], ask, ctl, &out);
    fputs(buffer_cstring(&out), stdout);
    buffer_release(&out);
    return CTL_DONE;
}

const struct ctl_verb noun_completion_verbs[] = {
    {NULL, "completion", "SHELL", 1, 1, "",
     "what bash needs to complete: put it into ~/.bashrc\n"
     "Print what bash(1) needs to complete nouns, verbs, options and ids, for which the server "
     "is asked:\n"
     "\n"
     "    source <(mynactl completion bash)",
     completion},
    {NULL, "complete", "LINE", 1, 1, "",
     "what the last word of a line may become\n"
     "What the last word of a line may become, one a line; completion asks it.",
     complete},
    {0},
};
