/* claim ... : codes that let new robots in */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/json.h"
#include "server/ctl/label_sheet.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"claim", "id", VIEW_TEXT},
        {"serial", "serial", VIEW_TEXT},
        {"group", "group", VIEW_TEXT},
        {"used", "uses", VIEW_NUMBER},
        {"allowed", "uses_allowed", VIEW_NUMBER},
        {"until", "expires_at", VIEW_TIME},
        {"withdrawn", "withdrawn_at", VIEW_TIME},
        {"by", "created_by", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/claims", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 8) : result;
}

static void write_option(struct ctl *ctl, struct json_writer *writer, const char *option,
                         const char *member)
{
    const char *value = args_option(&ctl->args, option, NULL);
    int64_t number;

    if (!value)
        return;
    json_key(writer, member);
    if (strcmp(option, "uses") == 0 || strcmp(option, "expires-in") == 0) {
        if (span_to_int64(span_text(value), &number) == STATUS_OK) {
            json_write_int(writer, number);
            return;
        }
    }
    json_write_text(writer, span_text(value));
}

static int create(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"claim", "id", VIEW_TEXT},
                                                 {"code", "code", VIEW_TEXT},
                                                 {"enrolment address", "device_url", VIEW_TEXT},
                                                 {"robots", "uses_allowed", VIEW_TEXT},
                                                 {"until", "expires_at", VIEW_TIME}};
    struct client_answer answer;
    struct buffer body;
    struct json_writer writer;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    write_option(ctl, &writer, "serial", "serial");
    write_option(ctl, &writer, "uses", "uses");
    write_option(ctl, &writer, "group", "group");
    write_option(ctl, &writer, "expires-in", "expires_in_s");
    json_end_object(&writer);
    int result =
        ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/claims", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

static int withdraw(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/claims/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "withdrew claim %s", ctl->args.words[0])
                              : result;
}

/* "serial,group,code" and so on, quoted where a field has what parts fields. */
static void print_field(const char *text, char end)
{
    if (strpbrk(text, ",;\"") == NULL) {
        printf("%s%c", text, end);
        return;
    }
    putchar('"');
    for (; *text; text++)
        printf("%s%c", *text == '"' ? "\"" : "", *text);
    printf("\"%c", end);
}

static void print_codes(const struct json *answer)
{
    const struct json *items = json_member(answer, "items");

    puts("serial,group,code,uri");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *item = json_item(items, i);

        print_field(json_text(json_member(item, "serial"), ""), ',');
        print_field(json_text(json_member(item, "group"), ""), ',');
        print_field(json_text(json_member(item, "code"), ""), ',');
        print_field(json_text(json_member(item, "uri"), ""), '\n');
    }
}

/* Codes let robots in: the file is its owner's alone. */
static int open_labels(const char *path, FILE **out)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (*out)
        return CTL_DONE;
    if (file >= 0)
        close(file);
    return ctl_fail("cannot write \"%s\": %s", path, strerror(errno));
}

static int write_labels(const struct json *answer, const char *path,
                        const struct label_sheet_words *words, FILE *file)
{
    struct buffer page;

    buffer_init(&page, 64u << 20);
    label_sheet_write(&page, answer, words);
    const struct span bytes = buffer_span(&page);
    bool done = buffer_status(&page) == STATUS_OK &&
                fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fflush(file) == 0;
    buffer_release(&page);
    return done
               ? CTL_DONE
               : ctl_fail("cannot write \"%s\": the codes were made: --replace makes others", path);
}

/* What came of a list: the codes on standard output, how many to whoever watches. */
static int show_import(struct ctl *ctl, const struct client_answer *answer, const char *path,
                       const struct label_sheet_words *words, FILE *labels)
{
    struct json *json;
    int result = ctl_parse(answer, &json);

    if (result != CTL_DONE)
        return result;
    if (ctl->json)
        fwrite(answer->body.data, 1, answer->body.size, stdout);
    else
        print_codes(json);
    fflush(stdout);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%zu codes, until %s; unused ones that ended: %" PRId64 "\n",
                json_count(json_member(json, "items")),
                json_text(json_member(json, "expires_at"), ""),
                json_int(json_member(json, "replaced"), 0));
    if (labels)
        result = write_labels(json, path, words, labels);
    json_free(json);
    return result;
}

static int send_list(struct ctl *ctl, struct span list, bool pictures, struct client_answer *answer)
{
    struct buffer path;

    buffer_init(&path, 4096);
    buffer_format(&path, "/api/v1/claims/import?qr=%s&replace=%s", pictures ? "true" : "false",
                  args_flag(&ctl->args, "replace") ? "true" : "false");
    buffer_text(&path, "&group=");
    client_escape(&path, args_option(&ctl->args, "group", ""));
    buffer_text(&path, "&expires_in_s=");
    client_escape(&path, args_option(&ctl->args, "expires-in", ""));
    const struct client_request request = {
        .method = "POST", .path = buffer_cstring(&path), .body = list, .body_type = "text/csv"};
    ctl->source = (struct ctl_source){.path = ctl->args.words[0], .is_lines = true};
    int result = buffer_status(&path) == STATUS_OK ? ctl_send(ctl, &request, answer)
                                                   : ctl_fail("the address is too long");
    buffer_release(&path);
    return result;
}

static int import(struct ctl *ctl)
{
    const char *path = args_option(&ctl->args, "labels", NULL);
    const char *language = args_option(&ctl->args, "language", "en");
    const struct label_sheet_words *words = label_sheet_words(language);
    struct client_answer answer;
    FILE *labels = NULL;
    uint8_t *list = NULL;
    size_t size;

    if (words == NULL) {
        ctl_fail("--language must be en or zh, not \"%s\"", language);
        return CTL_USAGE;
    }
    int result = ctl_read_file(ctl->args.words[0], &list, &size);

    if (result != CTL_DONE)
        return CTL_FAILED;
    /* before there are codes that would be shown once and lost */
    if (path)
        result = open_labels(path, &labels);
    if (result == CTL_DONE)
        result = send_list(ctl, span_of(list, size), labels != NULL, &answer);
    if (result == CTL_DONE)
        result = show_import(ctl, &answer, path, words, labels);
    if (labels)
        fclose(labels);
    free(list);
    return result;
}

const struct ctl_verb noun_claim_verbs[] = {
    {"claim", "list", "", 0, 0, "", "codes that let new robots in", list},
    {"claim", "create", "", 0, 0,
     "serial=NUMBER(of the one robot it lets in) "
     "uses=NUMBER(how many robots it lets in; default 1) "
     "group=GROUP(that they join) "
     "expires-in=SECONDS(default a day: 86400)",
     "a code for one serial, or for --uses robots; shown once\n"
     "A code for one serial number, or for so many robots; one robot and one day unless told "
     "otherwise. The robots join GROUP. The code is shown this once.\n"
     "\n"
     "    mynactl claim create --uses 50 --group kitchen",
     create},
    {"claim", "import", "FILE", 1, 1,
     "group=GROUP(that robots join whose line names none) "
     "expires-in=SECONDS(default 30 days: 2592000) "
     "replace!(unused codes of the same serial numbers end) "
     "labels=FILE(labels with QR codes to print: HTML, 3 by 8 on A4) "
     "language=en|zh(of the labels; default en) ",
     "a code for each serial number of a list; shown once\n"
     "FILE is CSV: a line of titles, \"serial\" and, if you like, \"group\" and \"labels\", then a "
     "line for each robot, at most 1000; \"-\" is standard input. Labels are what the robot has "
     "from "
     "the start, as floor=7; shop=Main Street. Where a line is wrong nothing is made, and each "
     "such line is named. "
     "The codes are printed as CSV, this once. A label's QR code holds the code and the enrolment "
     "address as myna-agent enrol --claim takes them.\n"
     "\n"
     "    mynactl claim import serials.csv --group kitchen --labels labels.html >codes.csv",
     import},
    {"claim", "withdraw", "CLAIM", 1, 1, "", "make a code worthless", withdraw},
    {0},
};
