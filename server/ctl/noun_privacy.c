/* device export, device erase: what is held about a robot, and the end of it */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/json.h"
#include "server/ctl/ask.h"
#include "server/ctl/noun.h"

#define SERIAL 104

static bool take_piece(void *context, struct span piece)
{
    return fwrite(piece.data, 1, piece.size, context) == piece.size;
}

static int fetch(struct ctl *ctl, FILE *out)
{
    struct client_answer answer;
    struct buffer path;

    buffer_init(&path, 1024);
    buffer_text(&path, "/api/v1/devices/");
    client_escape(&path, ctl->args.words[0]);
    buffer_text(&path, "/export");
    const struct client_request request = {
        .method = "GET", .path = buffer_cstring(&path), .take = take_piece, .take_context = out};
    int result = buffer_status(&path) == STATUS_OK ? ctl_send(ctl, &request, &answer)
                                                   : ctl_fail("the address is too long");
    buffer_release(&path);
    return result;
}

/* A file of its own that nobody else may read; what is not whole does not stay. */
static int export(struct ctl *ctl)
{
    const char *path = ctl->args.words[1];

    if (strcmp(path, "-") == 0) {
        int result = fetch(ctl, stdout);
        return fflush(stdout) == 0 ? result : ctl_fail("cannot write the file");
    }
    umask(077);
    FILE *out = fopen(path, "wx");
    if (!out)
        return ctl_fail("\"%s\": %s", path, strerror(errno));
    int result = fetch(ctl, out);
    const long size = ftell(out);
    if (fclose(out) != 0 && result == CTL_DONE)
        result = ctl_fail("\"%s\": %s", path, strerror(errno));
    if (result != CTL_DONE)
        unlink(path);
    else
        printf("wrote %s, %ld bytes\n", path, size);
    return result;
}

/* The robot's serial number, its id if it has none. */
static int find_serial(struct ctl *ctl, char serial[SERIAL])
{
    struct client_answer answer;
    struct json *device;
    int result = ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/devices/",
                             ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &device)) != CTL_DONE)
        return result;
    const char *text = json_text(json_member(device, "serial"), "");
    snprintf(serial, SERIAL, "%s", *text ? text : ctl->args.words[0]);
    json_free(device);
    return CTL_DONE;
}

static int send_order(struct ctl *ctl, const char *serial, bool dry_run,
                      struct client_answer *answer)
{
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 1024);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, "confirm", serial);
    json_key(&writer, "dry_run");
    json_write_bool(&writer, dry_run);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, answer, "/api/v1/devices/",
                             ctl->args.words[0], "/erase", (char *)NULL);
    buffer_release(&body);
    return result;
}

static int print_counts(FILE *out, const struct client_answer *answer, char id[64])
{
    struct json *json;
    int result = ctl_parse(answer, &json);

    if (result != CTL_DONE)
        return result;
    const struct json *counts = json_member(json, "forgotten");
    for (size_t i = 0; i < json_count(counts); i++) {
        const char *name;
        const int64_t count = json_int(json_member_at(counts, i, &name), 0);

        if (count > 0)
            fprintf(out, "  %-16s %lld\n", name, (long long)count);
    }
    snprintf(id, 64, "%s", json_text(json_member(json, "id"), ""));
    json_free(json);
    return CTL_DONE;
}

/* Whoever erases says once more which. */
static int agree(struct ctl *ctl, const char *serial)
{
    char line[SERIAL];

    if (args_flag(&ctl->args, "yes"))
        return CTL_DONE;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return ctl_misuse("nothing was erased: --yes does it, --dry-run tells what would go");
    fprintf(stderr, "Nothing of this comes back. To go on, type %s: ", serial);
    if (!ask_line("", line, sizeof line) || strcmp(line, serial) != 0)
        return ctl_fail("that is not it: nothing was erased");
    return CTL_DONE;
}

static int erase(struct ctl *ctl)
{
    const bool only_look = args_flag(&ctl->args, "dry-run");
    struct client_answer answer;
    char serial[SERIAL], id[64];
    int result = find_serial(ctl, serial);

    if (result == CTL_DONE && (only_look || !args_flag(&ctl->args, "yes"))) {
        result = send_order(ctl, serial, true, &answer);
        if (result == CTL_DONE && only_look && ctl->json)
            return ctl_show(ctl, &answer, NULL, 0);
        if (result == CTL_DONE) {
            fprintf(only_look ? stdout : stderr, "to be forgotten of %s:\n", ctl->args.words[0]);
            result = print_counts(only_look ? stdout : stderr, &answer, id);
        }
    }
    if (result != CTL_DONE || only_look)
        return result;
    result = agree(ctl, serial);
    if (result == CTL_DONE)
        result = send_order(ctl, serial, false, &answer);
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    puts("forgotten:");
    result = print_counts(stdout, &answer, id);
    printf("its usage goes on as %s\n", id);
    return result;
}

const struct ctl_verb noun_privacy_verbs[] = {
    {"device", "export", "ROBOT FILE", 2, 2, "",
     "everything that is held about it, as lines of JSON\n"
     "Save everything that is held about a robot, for an owner who asks: each line is a JSON "
     "object with `kind`, the table, and `item`, the row, without keys. FILE must not be there "
     "yet; `-` is standard output. That it was read is in the audit.\n"
     "\n"
     "    mynactl device export kitchen-7 kitchen-7.jsonl",
     export},
    {"device", "erase", "ROBOT", 1, 1,
     "dry-run!(tell what would be forgotten, and forget nothing) "
     "yes!(do not ask for its serial number)",
     "forget all about it but what bills stand on\n"
     "Forget a robot that was revoked or retired: its name, serial number, labels, settings, "
     "commands, pictures, reports, alerts, health, and what the audit says of it. Its usage "
     "stays under another name, so that bills stay as they were, and the audit still verifies. "
     "Asks for its serial number (its id if it has none). Copies of the database hold it until "
     "they are thrown away.\n"
     "\n"
     "    mynactl device erase kitchen-7",
     erase},
    {0},
};
