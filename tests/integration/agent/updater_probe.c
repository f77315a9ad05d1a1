/* updater_probe FOLDER PROGRAMS KEYS CA MANIFEST bring|hold|keep|reject|withdraw [MAX_BYTES]
 *
 * One turn of agent/software/updater.h from a process of its own, which a test may kill at any
 * moment; what became of it is one line of JSON. Asked "avatar FILE", as installers ask the robot's
 * program, it takes whatever begins like a drawing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/software/updater.h"
#include "schema/base/file.h"

static struct span read_all(const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;

    return file_read(path, (size_t)1 << 20, &data, &size) == STATUS_OK ? span_of(data, size)
                                                                       : (struct span){0};
}

static bool take_item(struct span text, wire_Software *item)
{
    struct manifest_envelope envelope;
    struct json_problem problem;
    struct json *json = NULL;
    bool is_good = json_parse(text, &json, NULL) == STATUS_OK &&
                   manifest_open(json, &envelope, &problem) == STATUS_OK;

    if (is_good) {
        item->document.size = (pb_size_t)envelope.document.size;
        memcpy(item->document.bytes, envelope.document.data, envelope.document.size);
        item->signature.size = (pb_size_t)envelope.signature_size;
        memcpy(item->signature.bytes, envelope.signature, envelope.signature_size);
    }
    json_free(json);
    return is_good;
}

static void print(struct updater *updater, enum status status, const struct updater_result *result)
{
    wire_SoftwareStatus rows[LIMIT_PACKAGES];
    const size_t count = updater_statuses(updater, rows);

    printf("{\"status\":\"%s\",\"reason\":\"%s\",\"may_pass\":%s,\"restart\":%s,\"packages\":[",
           status_text(status), result->reason, result->may_pass ? "true" : "false",
           result->needs_restart ? "true" : "false");
    for (size_t i = 0; i < count; i++)
        printf("%s{\"name\":\"%s\",\"version\":\"%s\",\"wanted\":\"%s\",\"step\":\"%s\","
               "\"reason\":\"%s\"}",
               i > 0 ? "," : "", rows[i].name, rows[i].version, rows[i].wanted,
               message_software_step_name(rows[i].step), rows[i].reason);
    puts("]}");
}

static enum status act(struct updater *updater, const char *mode, wire_Software *item,
                       struct updater_result *result)
{
    static const atomic_bool go_on;
    wire_ConfigSoftware wanted = {.software_count = 1};

    item->on_trial = strcmp(mode, "keep") != 0;
    item->withdrawn = strcmp(mode, "withdraw") == 0;
    wanted.software[0] = *item;
    if (strcmp(mode, "keep") == 0)
        return updater_keep(updater, &wanted, &go_on, &result->needs_restart) ? STATUS_OK
                                                                              : STATUS_AGAIN;
    enum status status = updater_bring(updater, item, &go_on, result);
    if (status == STATUS_OK && strcmp(mode, "bring") == 0)
        status = updater_confirm(updater, &go_on, result);
    else if (strcmp(mode, "reject") == 0)
        updater_reject(updater, item, "its test failed", false, &go_on);
    return status;
}

static int check_drawing(const char *path)
{
    const struct span text = read_all(path);
    const bool is_good = span_starts_with(text, "<svg");

    free((void *)text.data);
    if (!is_good)
        fputs("it is no drawing\n", stderr);
    return is_good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct updater_result result = {.reason = ""};
    wire_Software item = wire_Software_init_zero;
    struct updater *updater = NULL;
    int64_t max_bytes = 1 << 26;

    if (argc == 3 && strcmp(argv[1], "avatar") == 0)
        return check_drawing(argv[2]);
    if (argc < 7 || (argc > 7 && span_to_int64(span_text(argv[7]), &max_bytes) != STATUS_OK))
        return 2;
    const struct span keys = read_all(argv[3]), ca = read_all(argv[4]), text = read_all(argv[5]);
    const struct updater_options options = {.folder = argv[1],
                                            .programs = argv[2],
                                            .keys_pem = keys,
                                            .ca_pem = ca,
                                            .version = "1.0",
                                            .max_bytes = max_bytes,
                                            .stall_timeout_ms = 2000};
    if (!take_item(text, &item) || updater_open(&updater, &options) != STATUS_OK)
        return 2;
    enum status status = act(updater, argv[6], &item, &result);
    print(updater, status, &result);
    updater_close(updater);
    free((void *)keys.data);
    free((void *)ca.data);
    free((void *)text.data);
    return 0;
}
