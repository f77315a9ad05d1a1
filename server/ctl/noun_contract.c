/* contract ... : terms agreed with vendors */
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"
#include "server/ctl/yaml.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"contract", "id", VIEW_TEXT},       {"vendor", "vendor", VIEW_TEXT},
        {"currency", "currency", VIEW_TEXT}, {"zone", "zone", VIEW_TEXT},
        {"version", "version", VIEW_NUMBER}, {"in force since", "effective_from", VIEW_TIME},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 6) : result;
}

static int get(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"contract", "id", VIEW_TEXT},       {"vendor", "vendor", VIEW_TEXT},
        {"currency", "currency", VIEW_TEXT}, {"zone", "zone", VIEW_TEXT},
        {"versions", "versions", VIEW_JSON},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

/* Reads a YAML or JSON document. *id is cut from its member "contract". */
static int read_document(struct ctl *ctl, struct buffer *document, char id[64])
{
    const char *path = args_option(&ctl->args, "file", NULL);
    uint8_t *data;
    size_t size;
    char problem[160];
    struct json *json;

    if (!path)
        return ctl_fail("which document? give it with -f FILE");
    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    enum status status = yaml_to_json(span_of(data, size), document, problem);
    free(data);
    if (status != STATUS_OK)
        return ctl_fail("\"%s\": %s", path,
                        status == STATUS_INVALID ? problem : status_text(status));
    if (json_parse(buffer_span(document), &json, problem) != STATUS_OK)
        return ctl_fail("\"%s\": %s", path, problem);
    snprintf(id, 64, "%s", json_text(json_member(json, "contract"), ""));
    json_free(json);
    return *id ? CTL_DONE
               : ctl_fail("\"%s\" does not say which contract it is: contract: NAME", path);
}

static int send_version(struct ctl *ctl, const char *id, struct span document,
                        struct client_answer *answer)
{
    struct buffer body;
    struct json_writer writer;
    char now[CLOCK_TEXT_SIZE];

    clock_format(clock_wall_ms(), now);
    buffer_init(&body, 2 << 20);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "effective_from");
    json_write_text(&writer, span_text(args_option(&ctl->args, "effective-from", now)));
    json_key(&writer, "document");
    json_write_raw(&writer, document);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, answer, "/api/v1/contracts/",
                             id, "/versions", (char *)NULL);
    buffer_release(&body);
    return result;
}

/* Whether the newest version of the contract in answer says what document says. */
static bool is_newest(const struct client_answer *answer, struct span document)
{
    struct json *contract = NULL, *mine = NULL;
    bool same = false;

    if (json_parse(answer->body, &contract, NULL) == STATUS_OK &&
        json_parse(document, &mine, NULL) == STATUS_OK)
        same = json_same(json_member(json_item(json_member(contract, "versions"), 0), "document"),
                         mine);
    json_free(contract);
    json_free(mine);
    return same;
}

/* A contract that the server does not know is made; else the document becomes a new version, unless
 * it is the newest already. */
static int apply(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer document;
    char id[64];
    bool found = false;

    buffer_init(&document, 1 << 20);
    int result = read_document(ctl, &document, id);
    if (result == CTL_DONE)
        result = ctl_find(ctl, "/api/v1/contracts", id, &found, &answer);
    if (result != CTL_DONE)
        goto out;
    if (found && is_newest(&answer, buffer_span(&document))) {
        result = ctl_say(ctl, &answer, "contract %s says that already", id);
        goto out;
    }
    result = found ? send_version(ctl, id, buffer_span(&document), &answer)
                   : ctl_send_to(ctl, "POST", buffer_span(&document), NULL, &answer,
                                 "/api/v1/contracts", (char *)NULL);
    if (result == CTL_DONE)
        result =
            ctl_say(ctl, &answer, "%s contract %s", found ? "made a new version of" : "made", id);

out:
    buffer_release(&document);
    return result;
}

const struct ctl_verb noun_contract_verbs[] = {
    {"contract", "list", "", 0, 0, "", "contracts and their version in force", list},
    {"contract", "get", "CONTRACT", 1, 1, "", "one contract with its versions", get},
    {"contract", "apply", "-f FILE", 0, 0, "file effective-from",
     "make a contract, or a new version of it, from YAML or JSON", apply},
    {0},
};
