/* audit ... : who changed what, and the proof that nobody changed the record of it */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"nr", "seq", VIEW_NUMBER},    {"when", "at", VIEW_TIME},    {"who", "actor", VIEW_TEXT},
        {"from", "source", VIEW_TEXT}, {"did", "action", VIEW_TEXT}, {"to", "subject", VIEW_TEXT},
    };
    struct client_answer answer;
    const struct args *args = &ctl->args;
    int result = ctl_send_to(
        ctl, "GET", NOTHING, NULL, &answer, "/api/v1/audit?after=", args_option(args, "after", ""),
        "&limit=", args_option(args, "limit", "50"), "&subject=", args_option(args, "subject", ""),
        "&actor=", args_option(args, "actor", ""), "&action=", args_option(args, "action", ""),
        "&from=", args_option(args, "from", ""), "&until=", args_option(args, "until", ""),
        (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 6) : result;
}

/* A head as mynad published it: {"at","seq","hash"}. */
struct head {
    char at[40];
    long long seq;
    char hash[65];
};

static int read_head(const char *path, size_t number, struct span line, struct head *out)
{
    struct json *json;

    if (json_parse(line, &json, NULL) != STATUS_OK)
        return ctl_fail("%s:%zu is no line that mynad publishes", path, number);
    snprintf(out->at, sizeof out->at, "%s", json_text(json_member(json, "at"), ""));
    snprintf(out->hash, sizeof out->hash, "%s", json_text(json_member(json, "hash"), ""));
    out->seq = json_int(json_member(json, "seq"), -1);
    json_free(json);
    return out->seq >= 0 && strlen(out->hash) == 64
               ? CTL_DONE
               : ctl_fail("%s:%zu is no line that mynad publishes", path, number);
}

/* A crash of mynad may have ended a line early; the file takes no correction. */
static bool is_cut_off(struct span line)
{
    static const char begin[] = "{\"at\":\"";
    const size_t size = line.size < sizeof begin - 1 ? line.size : sizeof begin - 1;

    return memcmp(line.data, begin, size) == 0 && line.data[line.size - 1] != '}';
}

/* Asks for the row of that number; what it must say is what was published. */
static int compare(struct ctl *ctl, const struct head *head)
{
    struct client_answer answer;
    char after[24];
    struct json *json;

    if (head->seq == 0)
        return CTL_DONE; /* published before there was a row */
    snprintf(after, sizeof after, "%lld", head->seq + 1);
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                             "/api/v1/audit?limit=1&after=", after, (char *)NULL);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    const struct json *row = json_item(json_member(json, "items"), 0);
    const bool is_there = json_int(json_member(row, "seq"), -1) == head->seq;
    const bool is_same =
        is_there && strcmp(json_text(json_member(row, "hash"), ""), head->hash) == 0;
    json_free(json);
    if (is_same)
        return CTL_DONE;
    return ctl_fail("the audit was altered: row %lld, published at %s, %s", head->seq, head->at,
                    is_there ? "or one before it is another one now" : "is not there any more");
}

/* Every line of the file; *count: how many. */
static int compare_heads(struct ctl *ctl, const char *path, size_t *count)
{
    long long before = -1;
    size_t number = 0;
    uint8_t *data;
    size_t size;
    int result = ctl_read_file(path, &data, &size);

    if (result != CTL_DONE)
        return result;
    for (size_t at = 0; at < size && result == CTL_DONE;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        const size_t length = end != NULL ? (size_t)(end - data) - at : size - at;
        struct head head;

        number++;
        if (length > 0 && is_cut_off(span_of(data + at, length))) {
            ctl_warn("%s:%zu was cut off by a crash; the next line stands for it", path, number);
        } else if (length > 0) {
            result = read_head(path, number, span_of(data + at, length), &head);
            if (result == CTL_DONE && head.seq < before)
                result = ctl_fail("%s:%zu: row %lld was published after row %lld: the file, or the "
                                  "audit, went back in time",
                                  path, number, head.seq, before);
            if (result == CTL_DONE)
                result = compare(ctl, &head);
            before = head.seq;
            (*count)++;
        }
        at += length + 1;
    }
    free(data);
    if (result == CTL_DONE && *count == 0)
        return ctl_fail("\"%s\" holds no head: is it audit_head_file of mynad.conf?", path);
    return result;
}

static int verify(struct ctl *ctl)
{
    const char *heads = args_option(&ctl->args, "head", NULL);
    struct client_answer answer;
    struct json *json;
    size_t count = 0;
    int result = heads != NULL ? compare_heads(ctl, heads, &count) : CTL_DONE;

    if (result == CTL_DONE)
        result =
            ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/audit/verify", (char *)NULL);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    bool whole = json_bool(json_member(json, "ok"), false);
    long long rows = json_int(json_member(json, "rows"), 0);
    long long bad = json_int(json_member(json, "first_bad"), 0);
    json_free(json);
    if (whole && heads != NULL)
        return ctl_say(ctl, &answer,
                       "the audit is whole: %lld rows, each chained to the one before, and as "
                       "published %zu times",
                       rows, count);
    if (whole)
        return ctl_say(ctl, &answer,
                       "the audit is whole: %lld rows, each chained to the one before", rows);
    if (ctl->json)
        ctl_say(ctl, &answer, "%s", "");
    return ctl_fail("the audit was altered: row %lld does not follow from the one before", bad);
}

static void print_rows(const struct json *items)
{
    struct buffer line;

    buffer_init(&line, 2u << 20);
    for (size_t i = 0; i < json_count(items); i++) {
        buffer_clear(&line);
        json_dump(json_item(items, i), &line);
        puts(buffer_cstring(&line));
    }
    buffer_release(&line);
}

/* Page by page, newest first, a line of JSON for each row. */
static int export_rows(struct ctl *ctl)
{
    const struct args *args = &ctl->args;
    struct client_answer answer;
    char after[24] = "";
    bool more = true;
    int result = CTL_DONE;

    while (more && result == CTL_DONE) {
        struct json *json;

        result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                             "/api/v1/audit?limit=1000&after=", after,
                             "&from=", args_option(args, "from", ""),
                             "&until=", args_option(args, "until", ""), (char *)NULL);
        if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
            return result;
        print_rows(json_member(json, "items"));
        const long long next = json_int(json_member(json, "next"), 0);
        more = next > 0;
        snprintf(after, sizeof after, "%lld", next);
        json_free(json);
    }
    return fflush(stdout) == 0 ? result : ctl_fail("the rows cannot be written");
}

const struct ctl_verb noun_audit_verbs[] = {
    {"audit", "list", "", 0, 0,
     "subject=SUBJECT(only changes of it, such as device/r1) "
     "actor=ACTOR(only by it: an operator's name, or api-key:7) "
     "action=ACTION(only layer.update, or all of layer) "
     "from=TIME(only since then, as 2026-11-22T10:00:00Z) "
     "until=TIME(only before) "
     "after=NUMBER(where to go on: what the page before told) "
     "limit=NUMBER(at most so many, 1 to 1000; default 50)",
     "changes, newest first\n"
     "Every change, newest first: who, what, before, after. The subject is such as device/r1; "
     "the actor an operator's name, or api-key:7; the action such as layer.update, or layer for "
     "all that happened to layers.\n"
     "\n"
     "    mynactl audit list --subject device/kitchen-7 --limit 20",
     list},
    {"audit", "verify", "", 0, 0, "head=FILE(of heads that mynad published: each must stand in it)",
     "check the chain of hashes\n"
     "Check the chain of hashes that ties each row to the one before. With --head every line of a "
     "file that mynad published outside the database (audit_head_file in mynad.conf) must stand "
     "in it as well: a chain that was written anew does not fit.\n"
     "\n"
     "    mynactl audit verify --head audit-heads.jsonl",
     verify},
    {"audit", "export", "", 0, 0,
     "from=TIME(only since then, as 2026-11-22T10:00:00Z) until=TIME(only before)",
     "every change as a line of JSON, newest first", export_rows},
    {0},
};
