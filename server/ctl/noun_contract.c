/* contract ... : terms agreed with vendors */
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/burndown_print.h"
#include "server/ctl/contract_diff.h"
#include "server/ctl/contract_file.h"
#include "server/ctl/contract_print.h"
#include "server/ctl/noun.h"
#include "server/ctl/price_history.h"

#define NOTHING     span_text("")
#define BAR_COLUMNS 50

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"contract", "id", VIEW_TEXT},       {"vendor", "vendor", VIEW_TEXT},
        {"currency", "currency", VIEW_TEXT}, {"zone", "zone", VIEW_TEXT},
        {"version", "version", VIEW_NUMBER}, {"in force since", "effective_from", VIEW_DAY},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 6) : result;
}

/* Gets the contract; with --json shows it, else *out is the caller's to free. */
static int fetch(struct ctl *ctl, struct json **out)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], (char *)NULL);

    *out = NULL;
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    return ctl_parse(&answer, out);
}

static int get(struct ctl *ctl)
{
    struct json *contract;
    int result = fetch(ctl, &contract);

    if (contract)
        contract_print(stdout, contract);
    json_free(contract);
    return result;
}

static int history(struct ctl *ctl)
{
    struct json *contract;
    int result = fetch(ctl, &contract);

    if (contract)
        price_history_print(stdout, contract, BAR_COLUMNS);
    json_free(contract);
    return result;
}

/* The version of that number, or NULL. Versions come newest first. */
static const struct json *version_of(const struct json *versions, int64_t number)
{
    for (size_t i = 0; i < json_count(versions); i++)
        if (json_int(json_member(json_item(versions, i), "version"), 0) == number)
            return json_item(versions, i);
    return NULL;
}

/* The option's version; without it the number itself. */
static int choose(const struct ctl *ctl, const char *option, const struct json *versions,
                  int64_t number, const struct json **out)
{
    const char *text = args_option(&ctl->args, option, NULL);
    const int64_t newest = json_int(json_member(json_item(versions, 0), "version"), 0);

    if (text != NULL && span_to_int64(span_text(text), &number) != STATUS_OK)
        return ctl_misuse("--%s takes a version's number, not \"%s\"", option, text);
    *out = version_of(versions, number);
    if (*out != NULL)
        return CTL_DONE;
    if (newest == 1 && text == NULL)
        return ctl_fail("%s has one version alone, and nothing to set beside it",
                        ctl->args.words[0]);
    return ctl_fail("%s has no version %lld; its versions are 1 to %lld", ctl->args.words[0],
                    (long long)number, (long long)newest);
}

static int diff(struct ctl *ctl)
{
    const struct json *older, *newer;
    struct client_answer answer;
    struct json *contract;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &contract)) != CTL_DONE)
        return result;
    const struct json *versions = json_member(contract, "versions");
    result = choose(ctl, "to", versions,
                    json_int(json_member(json_item(versions, 0), "version"), 0), &newer);
    if (result == CTL_DONE)
        result =
            choose(ctl, "from", versions, json_int(json_member(newer, "version"), 0) - 1, &older);
    if (result == CTL_DONE && contract_diff_print(stdout, older, newer, ctl->json) != STATUS_OK)
        result = ctl_fail("out of memory");
    json_free(contract);
    return result;
}

static int burndown(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json = NULL;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], "/burndown", (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result == CTL_DONE)
        burndown_print(stdout, json);
    json_free(json);
    return result;
}

static int active(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "id", VIEW_TEXT},
        {"name", "name", VIEW_TEXT},
        {"status", "status", VIEW_TEXT},
    };
    const struct args *args = &ctl->args;
    const char *day = args_option(args, "day", NULL);
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/", args->words[0],
                    "/burndown/devices?kind=", args_option(args, "kind", "commitment"),
                    "&name=", args->words[1], day ? "&day=" : "", day ? day : "",
                    "&limit=", args_option(args, "limit", "50"),
                    "&after=", args_option(args, "after", ""), (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    if ((result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    printf("%lld robots counted on %s\n", (long long)json_int(json_member(json, "devices"), 0),
           json_text(json_member(json, "day"), ""));
    json_free(json);
    return ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns);
}

/* Reads and checks a document; the file's own text is for telling lines. *id is the contract's. */
static int read_document(struct ctl *ctl, struct buffer *document, struct buffer *text, char id[64])
{
    const char *path = args_option(&ctl->args, "file", NULL);
    struct contract contract;
    struct arena *arena;
    struct zone *zone;

    if (!path)
        return ctl_misuse("which document? give it with -f FILE");
    int result = contract_file_load(path, document, text, &arena, &contract, &zone);
    if (result != CTL_DONE)
        return result;
    ctl->source =
        (struct ctl_source){.path = path, .text = buffer_span(text), .root = "", .part = ""};
    snprintf(id, 64, "%s", contract.contract_id);
    arena_free(arena);
    zone_close(zone);
    return CTL_DONE;
}

static void write_version(struct json_writer *writer, const struct contract_terms *terms)
{
    char day[ZONE_DATE_SIZE];

    json_begin_object(writer);
    json_key(writer, "version");
    json_write_int(writer, terms->version);
    json_key(writer, "from");
    if (terms->first == CONTRACT_NO_DAY) {
        json_write_null(writer);
    } else {
        zone_format_date(terms->first, day);
        json_write_text(writer, span_text(day));
    }
    json_key(writer, "charges");
    json_write_int(writer, (int64_t)terms->charge_count);
    json_end_object(writer);
}

static int show_check(struct ctl *ctl, const char *path, const struct contract *contract)
{
    struct buffer out;
    struct json_writer writer;

    if (!ctl->json) {
        printf("%s: contract %s is good: %zu charges, %zu version%s\n", path, contract->contract_id,
               contract->versions[0].charge_count, contract->version_count,
               contract->version_count == 1 ? "" : "s");
        return CTL_DONE;
    }
    buffer_init(&out, 1 << 16);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "contract");
    json_write_text(&writer, span_text(contract->contract_id));
    json_key(&writer, "versions");
    json_begin_array(&writer);
    for (size_t i = 0; i < contract->version_count; i++)
        write_version(&writer, &contract->versions[i]);
    json_end_array(&writer);
    json_end_object(&writer);
    puts(buffer_cstring(&out));
    buffer_release(&out);
    return CTL_DONE;
}

/* Offline: needs no server and no login. */
static int check(struct ctl *ctl)
{
    const char *path = args_option(&ctl->args, "file", NULL);
    struct contract contract;
    struct arena *arena;
    struct zone *zone;

    if (!path)
        return ctl_misuse("which document? give it with -f FILE");
    int result = contract_file_read(path, &arena, &contract, &zone);
    if (result != CTL_DONE)
        return result;
    result = show_check(ctl, path, &contract);
    arena_free(arena);
    zone_close(zone);
    return result;
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
    ctl->source.root = "/document";
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
    struct buffer document, text;
    char id[64];
    bool found = false;

    buffer_init(&document, 1 << 20);
    buffer_init(&text, 1 << 20);
    int result = read_document(ctl, &document, &text, id);
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
    buffer_release(&text);
    buffer_release(&document);
    return result;
}

const struct ctl_verb noun_contract_verbs[] = {
    {"contract", "list", "", 0, 0, "", "contracts and their version in force", list},
    {"contract", "get", "CONTRACT", 1, 1, "", "one contract: its versions, what it says", get},
    {"contract", "history", "CONTRACT", 1, 1, "",
     "how its prices moved\n"
     "What each of its charges cost from which day on, over all its versions and their "
     "amendments, with bars where that is one number.",
     history},
    {"contract", "diff", "CONTRACT", 1, 1,
     "from=VERSION(the older; default the one before) to=VERSION(the newer; default the newest)",
     "what one version says otherwise than another\n"
     "What a version says otherwise than the one before it, or than any other: each member of each "
     "charge, cap, commitment and threshold, these by their names.\n"
     "\n"
     "    mynactl contract diff dahan-2026 --from 1 --to 3",
     diff},
    {"contract", "burndown", "CONTRACT", 1, 1, "",
     "how its caps and commitments are used up, and where that is going\n"
     "How each of its caps and commitments is used up, what is wrong or near first: so far, "
     "days left, the forecast of the period's end between the quietest and the busiest of the "
     "days it is told by, what a commitment will miss and what that costs, and a plot (`#` "
     "used, `.` forecast, `-` the limit).",
     burndown},
    {"contract", "active", "CONTRACT NAME", 2, 2,
     "kind=WORD(what NAME is: commitment or cap; default commitment) "
     "day=DAY(one of the contract's, as 2026-11-20; default the busiest so far) "
     "limit=NUMBER(at most; default 50) after=ROBOT(where to go on: what the page before told)",
     "which robots a commitment or cap of active devices counted on a day\n"
     "The robots behind a day of a commitment or cap that counts active devices; by default the "
     "busiest day of its period so far. NAME is that of `contract burndown`.\n"
     "\n"
     "    mynactl contract active dahan-2026 active_devices --day 2026-11-20",
     active},
    {"contract", "check", "", 0, 0,
     "file=FILE*(a contract's document, YAML or JSON, - for standard input)",
     "read a contract's document and say what is wrong with it, without a server\n"
     "Read a contract's document without a server and say what is wrong with it: up to 20 "
     "mistakes, each with its line, of those that do not follow from one another.",
     check},
    {"contract", "apply", "", 0, 0,
     "file=FILE*(a contract's document, YAML or JSON, - for standard input) "
     "effective-from=TIME(a time with its offset, as 2026-12-01T00:00:00+08:00; default now)",
     "make a contract, or a new version of it, from YAML or JSON\n"
     "Make a contract from a YAML or JSON document, or a new version of it, in force from TIME "
     "on, such as 2026-12-01T00:00:00+08:00, or from now on. A document that the newest version "
     "says already changes nothing.",
     apply},
    {0},
};
