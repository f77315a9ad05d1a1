/* vendor health : how vendors answer, hour by hour, and which robots leave them out */
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/circuit_print.h"
#include "server/ctl/noun.h"

#define NOTHING    span_text("")
#define ROWS_BYTES (1 << 20)

static int all(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"vendor", "id", VIEW_TEXT},
        {"attempts", "attempts", VIEW_NUMBER},
        {"failed", "failed", VIEW_COUNT},
        {"first token ms", "first_token_ms", VIEW_NUMBER},
        {"robots that leave it out", "left_out", VIEW_COUNT},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/vendor-health", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

/* "net 3, rate 1" */
static void write_classes(struct buffer *out, const struct json *classes)
{
    const char *name, *between = "";

    for (size_t i = 0; i < json_count(classes); i++) {
        const int64_t count = json_int(json_member_at(classes, i, &name), 0);

        buffer_format(out, "%s%s %lld", between, name, (long long)count);
        between = ", ";
    }
}

static void write_hour(struct json_writer *writer, const struct json *hour, struct buffer *cell)
{
    const int64_t attempts = json_int(json_member(hour, "attempts"), 0),
                  failed = json_int(json_member(hour, "failed"), 0);

    json_begin_object(writer);
    buffer_format(cell, "%.10s %.5s", json_text(json_member(hour, "at"), ""),
                  json_text(json_member(hour, "at"), "           ") + 11);
    json_write_member(writer, "at", buffer_cstring(cell));
    buffer_clear(cell);
    json_key(writer, "attempts");
    json_write_int(writer, attempts);
    json_key(writer, "failed");
    json_write_int(writer, failed);
    buffer_format(cell, "%.1f", attempts > 0 ? 100.0 * (double)failed / (double)attempts : 0.0);
    json_write_member(writer, "share", buffer_cstring(cell));
    buffer_clear(cell);
    json_dump(json_member(hour, "first_token_ms"), cell);
    json_key(writer, "first_token_ms");
    json_write_raw(writer, buffer_span(cell));
    buffer_clear(cell);
    write_classes(cell, json_member(hour, "classes"));
    json_write_member(writer, "classes", buffer_cstring(cell));
    buffer_clear(cell);
    json_end_object(writer);
}

static int print_hours(const struct json *hours)
{
    static const struct view_column columns[] = {
        {"hour, UTC", "at", VIEW_TEXT},
        {"attempts", "attempts", VIEW_NUMBER},
        {"failed", "failed", VIEW_COUNT},
        {"%", "share", VIEW_NUMBER},
        {"first token ms", "first_token_ms", VIEW_NUMBER},
        {"what failed", "classes", VIEW_PROSE},
    };
    struct json_writer writer;
    struct buffer text, cell;
    struct json *rows;

    buffer_init(&text, ROWS_BYTES);
    buffer_init(&cell, ROWS_BYTES);
    json_writer_init(&writer, &text);
    json_begin_array(&writer);
    for (size_t i = 0; i < json_count(hours); i++)
        write_hour(&writer, json_item(hours, i), &cell);
    json_end_array(&writer);
    const enum status status = json_parse(buffer_span(&text), &rows, NULL);
    if (status == STATUS_OK) {
        view_table(stdout, rows, columns, sizeof columns / sizeof *columns, clock_wall_ms());
        json_free(rows);
    }
    buffer_release(&cell);
    buffer_release(&text);
    return status == STATUS_OK ? CTL_DONE : ctl_fail("the server's answer has no hours");
}

static void print_left_out(const struct json *health)
{
    const struct json *left_out = json_member(health, "left_out"),
                      *first = json_member(left_out, "first");
    const long long robots = json_int(json_member(left_out, "robots"), 0);

    printf("%lld of %lld robots heard within ten minutes leave it out", robots,
           (long long)json_int(json_member(health, "heard"), 0));
    for (size_t i = 0; i < json_count(first); i++)
        printf("%s %s", i ? "," : ":", json_text(json_item(first, i), ""));
    if (robots > (long long)json_count(first))
        fputs(", ...", stdout);
    fputc('\n', stdout);
    circuit_print(stdout, json_member(left_out, "circuits"), clock_wall_ms());
    printf("as of %s\n", json_text(json_member(health, "as_of"), ""));
}

static int health(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;

    if (ctl->args.count == 0)
        return args_option(&ctl->args, "hours", NULL) != NULL
                   ? ctl_misuse("--hours is of one vendor: name it")
                   : all(ctl);
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/vendors/", ctl->args.words[0],
                    "/health?hours=", args_option(&ctl->args, "hours", "48"), (char *)NULL);
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    if ((result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    if (json_count(json_member(json, "hours")) == 0)
        printf("no robot asked %s in that time\n", ctl->args.words[0]);
    else
        result = print_hours(json_member(json, "hours"));
    print_left_out(json);
    json_free(json);
    return result;
}

const struct ctl_verb noun_vendor_health_verbs[] = {
    {"vendor", "health", "[VENDOR]", 0, 1,
     "hours=NUMBER(so many back, 1 to 168; default 48; of one vendor)",
     "how vendors answer now; of one hour by hour, and which robots leave it out\n"
     "How each vendor answered since the hour before this one began; of one VENDOR hour by hour: "
     "attempts, how many failed and of what class, the mean time to the first token. A robot "
     "leaves a vendor out for a while when it failed three times in a row, or said that account or "
     "key are no good; the first fifty of those are named, each with its routes: since when, why, "
     "how often in a row, when it tries again. A robot with older software says the vendor alone.\n"
     "\n"
     "    mynactl vendor health dahan --hours 24",
     health},
    {0},
};
