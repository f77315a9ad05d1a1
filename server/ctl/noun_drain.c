/* vendor drain, return, drill ... : leading robots away from a vendor, and back */
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/drain_print.h"
#include "server/ctl/noun.h"

#define NOTHING    span_text("")
#define POLL_US    500000
#define BODY_BYTES ((size_t)4096)

static int ask(struct ctl *ctl, const char *method, const char *tail, const char *number,
               struct span body, struct client_answer *answer)
{
    return ctl_send_to(ctl, method, body, NULL, answer, "/api/v1/vendors/", ctl->args.words[0],
                       tail, number, (char *)NULL);
}

/* A document by a printer of drain_print.h; with --json as it came. */
static int show(struct ctl *ctl, const struct client_answer *answer,
                void (*print)(FILE *out, const struct json *json))
{
    struct json *json;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    print(stdout, json);
    json_free(json);
    return CTL_DONE;
}

/* ---- leading away ---- */

/* The members of a body that options give as texts. */
static void write_texts(const struct ctl *ctl, struct json_writer *writer,
                        const char *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = args_option(&ctl->args, options[i], NULL);

        if (value)
            json_write_member(writer, options[i], value);
    }
}

static int drain(struct ctl *ctl)
{
    static const char *const options[] = {"reason"};
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    if (args_flag(&ctl->args, "dry-run")) {
        int result = ask(ctl, "POST", "/drain/preview", "", NOTHING, &answer);

        return result == CTL_DONE ? show(ctl, &answer, drain_print_room) : result;
    }
    buffer_init(&body, BODY_BYTES);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    write_texts(ctl, &writer, options, 1);
    json_key(&writer, "if_it_fits");
    json_write_bool(&writer, args_flag(&ctl->args, "if-it-fits"));
    json_end_object(&writer);
    int result = ask(ctl, "POST", "/drain", "", buffer_span(&body), &answer);
    buffer_release(&body);
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_say(ctl, &answer, "%s", "") : result;
    struct json *json;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    if (json_type(json_member(json, "capacity")) == JSON_OBJECT)
        drain_print_room(stdout, json_member(json, "capacity"));
    printf("drained; give it back with: mynactl vendor return %s\n", ctl->args.words[0]);
    json_free(json);
    return CTL_DONE;
}

static int give_back(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ask(ctl, "POST", "/return", "", NOTHING, &answer);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "%s is given back: robots ask it again", ctl->args.words[0])
               : result;
}

/* ---- drills ---- */

/* The number of the drain in an answer, as text. */
static int number_of(const struct client_answer *answer, char out[24])
{
    struct json *json;
    int result = ctl_parse(answer, &json);

    if (result != CTL_DONE)
        return result;
    snprintf(out, 24, "%lld", (long long)json_int(json_member(json, "id"), 0));
    json_free(json);
    return CTL_DONE;
}

static bool is_over(const struct client_answer *answer)
{
    struct json *json;
    bool over = true;

    if (ctl_parse(answer, &json) == CTL_DONE) {
        over = strcmp(json_text(json_member(json, "state"), ""), "ended") == 0;
        json_free(json);
    }
    return over;
}

static int write_drill(const struct ctl *ctl, struct buffer *body)
{
    static const char *const options[] = {"reason", "share"};
    const char *minutes = args_option(&ctl->args, "minutes", NULL);
    struct json_writer writer;
    int64_t count = 0;

    if (minutes && span_to_int64(span_text(minutes), &count) != STATUS_OK)
        return ctl_misuse("--minutes must be a number, got \"%s\"", minutes);
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    write_texts(ctl, &writer, options, 2);
    if (minutes) {
        json_key(&writer, "minutes");
        json_write_int(&writer, count);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

static int drill(struct ctl *ctl)
{
    struct client_answer answer;
    char number[24] = "";
    struct buffer body;

    buffer_init(&body, BODY_BYTES);
    int result = write_drill(ctl, &body);
    if (result == CTL_DONE)
        result = ask(ctl, "POST", "/drill", "", buffer_span(&body), &answer);
    buffer_release(&body);
    if (result != CTL_DONE || args_flag(&ctl->args, "no-wait"))
        return result == CTL_DONE ? show(ctl, &answer, drain_print) : result;
    result = number_of(&answer, number);
    while (result == CTL_DONE && !is_over(&answer)) {
        usleep(POLL_US);
        result = ask(ctl, "GET", "/drains/", number, NOTHING, &answer);
    }
    return result == CTL_DONE ? show(ctl, &answer, drain_print) : result;
}

static int drains(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"number", "id", VIEW_NUMBER},     {"kind", "kind", VIEW_TEXT},
        {"state", "state", VIEW_TEXT},     {"share", "share", VIEW_TEXT},
        {"from", "from", VIEW_TEXT},       {"until", "until", VIEW_TEXT},
        {"robots", "robots", VIEW_NUMBER}, {"moved", "moved", VIEW_NUMBER},
        {"back", "back", VIEW_NUMBER},     {"kept", "kept", VIEW_NUMBER},
        {"by", "author", VIEW_TEXT},       {"reason", "reason", VIEW_TEXT},
    };
    const char *kind = args_option(&ctl->args, "kind", NULL);
    struct client_answer answer;
    int result;

    if (ctl->args.count > 1) {
        result = ask(ctl, "GET", "/drains/", ctl->args.words[1], NOTHING, &answer);
        return result == CTL_DONE ? show(ctl, &answer, drain_print) : result;
    }
    result =
        ask(ctl, "GET", kind ? "/drains?kind=" : "/drains", kind ? kind : "", NOTHING, &answer);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

/* ---- windows ---- */

static int cancel(struct ctl *ctl, const char *number)
{
    struct client_answer answer;
    int result = ask(ctl, "DELETE", "/maintenance/", number, NOTHING, &answer);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "window %s of %s is called off", number, ctl->args.words[0])
               : result;
}

static int maintenance(struct ctl *ctl)
{
    static const char *const options[] = {"from", "until", "reason"};
    const char *number = args_option(&ctl->args, "cancel", NULL);
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    if (number)
        return cancel(ctl, number);
    if (!args_option(&ctl->args, "from", NULL) || !args_option(&ctl->args, "until", NULL))
        return ctl_misuse("give --from and --until, with their distance from UTC: "
                          "2026-12-01T02:00:00+08:00");
    buffer_init(&body, BODY_BYTES);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    write_texts(ctl, &writer, options, 3);
    json_end_object(&writer);
    int result = ask(ctl, "POST", "/maintenance", "", buffer_span(&body), &answer);
    buffer_release(&body);
    return result == CTL_DONE ? show(ctl, &answer, drain_print) : result;
}

const struct ctl_verb noun_drain_verbs[] = {
    {"vendor", "drain", "VENDOR", 1, 1,
     "reason=TEXT(for the audit) "
     "if-it-fits!(refuse when a hard limit would break) "
     "dry-run!(tell where robots would land, and change nothing)",
     "lead all robots away from it at once, to their next routes\n"
     "Lead all robots away from a vendor at once: each asks the next usable route of its own "
     "list for every use that has one. There is no wave and no trial. A robot without another "
     "route keeps the vendor, and is named. Where they land, what that costs a day, and how "
     "much of the load the limits there carry is told first.",
     drain},
    {"vendor", "return", "VENDOR", 1, 1, "", "give it back: robots ask it again", give_back},
    {"vendor", "drill", "VENDOR", 1, 1,
     "share=SHARE(of the robots; default 1%) "
     "minutes=NUMBER(1 to 1440; default 10) "
     "reason=TEXT "
     "no-wait!(return at once)",
     "drain it for a few robots, and time it\n"
     "Drain a vendor for a share of its robots, 1% by default and at least one, and for 10 "
     "minutes by default, then give it back. Waits for the end and tells how long the robots "
     "took to move and to come back, what they were answered meanwhile, and what that cost.",
     drill},
    {"vendor", "drains", "VENDOR [NUMBER]", 1, 2, "kind=emergency|maintenance|drill",
     "its drains, windows and drills; with a number the report of one", drains},
    {"vendor", "maintenance", "VENDOR", 1, 1,
     "from=TIME(with its offset, as 2026-12-01T02:00:00+08:00) "
     "until=TIME(likewise) "
     "reason=TEXT "
     "cancel=NUMBER(a window's number)",
     "plan a window that drains and returns by itself, or call one off\n"
     "Plan a window in which a vendor is drained; it begins and ends by itself. Times carry "
     "their distance from UTC, as `2026-12-01T02:00:00+08:00`. --cancel calls off a window that "
     "has not begun; `vendor return` ends one that has.",
     maintenance},
    {0},
};
