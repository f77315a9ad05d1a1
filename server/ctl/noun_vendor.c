/* vendor ... : who serves models */
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "server/ctl/drain_print.h"
#include "server/ctl/noun.h"
#include "server/ctl/pack_print.h"
#include "server/ctl/yaml.h"

#define NOTHING span_text("")

static const struct view_column columns[] = {
    {"vendor", "id", VIEW_TEXT},
    {"name", "name", VIEW_TEXT},
    {"dialect", "dialect", VIEW_TEXT},
    {"address", "base_url", VIEW_TEXT},
    {"region", "region", VIEW_TEXT},
    {"filings", "filings", VIEW_JSON},
    {"credential", "credential", VIEW_TEXT},
    {"has a key", "has_key", VIEW_YES},
};

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/vendors", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 8) : result;
}

static int get(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/vendors/",
                             ctl->args.words[0], (char *)NULL);

    if (result == CTL_DONE)
        result = ctl_show(ctl, &answer, columns, 8);
    if (result != CTL_DONE || ctl->json)
        return result;
    struct json *vendor;
    result = ctl_parse(&answer, &vendor);
    if (result != CTL_DONE)
        return result;
    drain_print_list(stdout, json_member(vendor, "drains"));
    json_free(vendor);
    return CTL_DONE;
}

static int pack(struct ctl *ctl)
{
    static const char *const days[] = {"from", "to"};
    const char *between = "?";
    struct client_answer answer;
    struct json *json = NULL;
    struct buffer path;

    buffer_init(&path, 1024);
    buffer_text(&path, "/api/v1/vendors/");
    client_escape(&path, ctl->args.words[0]);
    buffer_text(&path, "/pack");
    for (size_t i = 0; i < 2; i++) {
        const char *value = args_option(&ctl->args, days[i], NULL);

        if (value == NULL)
            continue;
        buffer_format(&path, "%s%s=", between, days[i]);
        client_escape(&path, value);
        between = "&";
    }
    struct client_request request = {.method = "GET", .path = buffer_cstring(&path)};
    int result = buffer_status(&path) == STATUS_OK ? ctl_send(ctl, &request, &answer)
                                                   : ctl_fail("the address is too long");
    buffer_release(&path);
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result == CTL_DONE)
        pack_print(stdout, json);
    json_free(json);
    return result;
}

static int dialects(struct ctl *ctl)
{
    static const struct view_column rows[] = {
        {"dialect", "name", VIEW_TEXT},
        {"bounds", "bound", VIEW_TEXT},
        {"how an answer is bounded", "limit", VIEW_PROSE},
        {"can be minted", "can_mint", VIEW_YES},
        {"key", "key", VIEW_PROSE},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/dialects", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, rows, 5) : result;
}

static int write_vendor(struct ctl *ctl, bool with_id, struct buffer *body)
{
    static const char *const options[][2] = {{"name", "name"},
                                             {"dialect", "dialect"},
                                             {"base-url", "base_url"},
                                             {"region", "region"},
                                             {"credential", "credential"}};
    struct json_writer writer;
    const char *key_file = args_option(&ctl->args, "key-file", NULL);

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if (with_id) {
        json_key(&writer, "id");
        json_write_text(&writer, span_text(ctl->args.words[0]));
    }
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = args_option(&ctl->args, options[i][0], NULL);

        if (value) {
            json_key(&writer, options[i][1]);
            json_write_text(&writer, span_text(value));
        }
    }
    if (key_file) {
        uint8_t *key;
        size_t size;

        if (ctl_read_file(key_file, &key, &size) != CTL_DONE)
            return CTL_FAILED;
        json_key(&writer, "key");
        json_write_text(&writer, span_of(key, strcspn((const char *)key, "\r\n")));
        crypto_wipe(key, size);
        free(key);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

/* Makes the vendor when the server does not know it, else changes what was given. */
static int set(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer body;
    char etag[64];
    bool found;
    int result = ctl_find(ctl, "/api/v1/vendors", ctl->args.words[0], &found, &answer);

    if (result != CTL_DONE)
        return result;
    snprintf(etag, sizeof etag, "%s", answer.etag);
    buffer_init(&body, 16384);
    result = write_vendor(ctl, !found, &body);
    if (result == CTL_DONE && found)
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/vendors/",
                             ctl->args.words[0], (char *)NULL);
    else if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/vendors",
                             (char *)NULL);
    crypto_wipe(body.data, body.data ? body.size : 0);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s vendor %s", found ? "changed" : "made",
                                        ctl->args.words[0])
                              : result;
}

/* Its filings but one, and that one with its new number; "" leaves it out. */
static void write_filings(struct ctl *ctl, const struct json *old, struct buffer *body)
{
    const char *const *words = ctl->args.words;
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "filings");
    json_begin_array(&writer);
    for (size_t i = 0; i < json_count(old); i++) {
        const struct json *item = json_item(old, i);
        struct buffer text;

        if (strcmp(json_text(json_member(item, "model"), ""), words[1]) == 0 &&
            strcmp(json_text(json_member(item, "region"), ""), words[2]) == 0)
            continue;
        buffer_init(&text, 4096);
        json_dump(item, &text);
        json_write_raw(&writer, buffer_span(&text));
        buffer_release(&text);
    }
    if (*words[3]) {
        json_begin_object(&writer);
        json_write_member(&writer, "model", words[1]);
        json_write_member(&writer, "region", words[2]);
        json_write_member(&writer, "number", words[3]);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
}

static int filing(struct ctl *ctl)
{
    const char *vendor = ctl->args.words[0];
    struct client_answer answer;
    struct json *old;
    struct buffer body;
    char etag[64];
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/vendors/", vendor, (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &old)) != CTL_DONE)
        return result;
    snprintf(etag, sizeof etag, "%s", answer.etag);
    buffer_init(&body, 1 << 20);
    write_filings(ctl, json_member(old, "filings"), &body);
    json_free(old);
    result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/vendors/",
                         vendor, (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "%s %s in %s: %s", vendor, ctl->args.words[1],
                         ctl->args.words[2], *ctl->args.words[3] ? ctl->args.words[3] : "no filing")
               : result;
}

/* The rows of a file that is JSON or YAML; the caller frees *out. */
static int read_rows(const struct ctl_source *source, struct json **out)
{
    char problem[160] = "";
    struct buffer text;

    if (json_parse(source->text, out, NULL) == STATUS_OK)
        return CTL_DONE;
    buffer_init(&text, 2 << 20);
    enum status status = yaml_to_json(source->text, &text, problem);
    if (status == STATUS_OK)
        status = json_parse(buffer_span(&text), out, problem);
    buffer_release(&text);
    return status == STATUS_OK ? CTL_DONE
                               : ctl_fail("%s:%s%s", source->path, problem[0] ? "" : " ",
                                          problem[0] ? problem : status_text(status));
}

/* The file's rows, and the contract they are for. The file may be the list of rows alone. */
static int write_usage(struct ctl *ctl, struct buffer *body)
{
    const char *contract = args_option(&ctl->args, "contract", NULL);
    struct json_writer writer;
    struct buffer rows;
    struct json *file;

    if (read_rows(&ctl->source, &file) != CTL_DONE)
        return CTL_FAILED;
    if (!json_member(file, "usage"))
        ctl->source.part = "";
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if (contract) {
        json_key(&writer, "contract");
        json_write_text(&writer, span_text(contract));
    }
    json_key(&writer, "usage");
    buffer_init(&rows, 2 << 20);
    json_dump(json_member(file, "usage") ? json_member(file, "usage") : file, &rows);
    json_write_raw(&writer, buffer_span(&rows));
    json_end_object(&writer);
    if (buffer_status(&rows) != STATUS_OK)
        buffer_fail(body, buffer_status(&rows));
    buffer_release(&rows);
    json_free(file);
    return buffer_status(body) == STATUS_OK ? CTL_DONE
                                            : ctl_fail("\"%s\" is too large", ctl->source.path);
}

static int usage(struct ctl *ctl)
{
    static const struct view_column report[] = {
        {"contract", "contract", VIEW_TEXT}, {"rows", "rows", VIEW_NUMBER},
        {"booked", "booked", VIEW_NUMBER},   {"known before", "known", VIEW_NUMBER},
        {"price", "price", VIEW_TEXT},       {"currency", "currency", VIEW_TEXT},
    };
    struct client_answer answer;
    struct buffer body;
    uint8_t *data;
    size_t size;

    if (ctl_read_file(ctl->args.words[1], &data, &size) != CTL_DONE)
        return CTL_FAILED;
    ctl->source = (struct ctl_source){.path = ctl->args.words[1],
                                      .text = span_of(data, size),
                                      .root = "/usage",
                                      .part = "/usage"};
    buffer_init(&body, 2 << 20);
    int result = write_usage(ctl, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/vendors/",
                             ctl->args.words[0], "/usage", (char *)NULL);
    ctl->source = (struct ctl_source){0};
    buffer_release(&body);
    free(data);
    return result == CTL_DONE ? ctl_show(ctl, &answer, report, 6) : result;
}

const struct ctl_verb noun_vendor_verbs[] = {
    {"vendor", "list", "", 0, 0, "", "who serves models", list},
    {"vendor", "get", "VENDOR", 1, 1, "", "one vendor; its key is never shown", get},
    {"vendor", "pack", "VENDOR", 1, 1,
     "from=DAY(the first day, as 2026-09-01; default 90 days in all) "
     "to=DAY(the last day; default today)",
     "what to know of a vendor before negotiating: volumes, first tokens, errors, credits, "
     "prices\n"
     "What to know of a vendor before negotiating with it, of the last 90 days or of those from "
     "DAY to DAY: volumes by month and model, the median and the 95th percentile of the time to "
     "the first token, errors by class, service credits due, how commitments stand, and each "
     "price since when; each with where it comes from.",
     pack},
    {"vendor", "dialects", "", 0, 0, "",
     "the wire formats that robots speak\n"
     "The wire formats that robots speak, how each bounds an answer, and what its vendors take "
     "as a key. A hard cap or budget of output or money needs one that bounds all of it.",
     dialects},
    {"vendor", "set", "VENDOR", 1, 1,
     "name=NAME(for people) "
     "dialect=DIALECT(its wire format: see mynactl vendor dialects) "
     "base-url=URL(https://..., before the dialect's own path; required of a new one) "
     "region=REGION(where it answers) "
     "credential=shared|minted "
     "key-file=FILE(its first line is the key)",
     "make a vendor or change it; the key is read from a file\n"
     "Make a vendor, or change it. The key is the first line of FILE, `-` for standard input, "
     "so that it stands in no list of processes. With `minted`, where the dialect allows it, "
     "the key stays on the server: each robot is given a credential made from it that ends "
     "after a day and is renewed before. Only GLM's scheme allows it. Spark's HTTP interface "
     "takes the console's APIPassword, or APIKey:APISecret, as it is; the signatures of its "
     "WebSocket interface are made for one request each and end within minutes.\n"
     "\n"
     "    mynactl vendor set dahan --dialect openai --base-url https://dahan.example/v1 \\\n"
     "        --key-file dahan.key",
     set},
    {"vendor", "filing", "VENDOR MODEL REGION NUMBER", 4, 4, "",
     "the number that a region's authority gave a model; \"\" takes it away", filing},
    {"vendor", "usage", "VENDOR FILE", 2, 2,
     "contract=CONTRACT(its id; required when the vendor has several)",
     "book usage that a back office knows and robots do not\n"
     "Book usage that a back office knows and robots do not: a usage file as `contract rate` "
     "takes, with a `request_id` in each row, which keeps it from being booked twice. All rows "
     "are booked or none: what the contract has no price for, and what lies in the future, is "
     "refused with the line. Needs the CONTRACT when the vendor has several.",
     usage},
    {0},
};
