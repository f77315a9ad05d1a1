#include "agent/orders.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define RESTART_WITHIN_MS 2000 /* for the answer to leave */
#define LINE_SIZE         96

static void answer(struct peer_answer *out, wire_CommandStatus status, const char *reason)
{
    out->status = status;
    snprintf(out->reason, sizeof out->reason, "%s", reason);
}

static enum status restart_path(const struct orders *orders, char out[PATH_MAX])
{
    int size = snprintf(out, PATH_MAX, "%s/restarted", orders->state_dir);

    return size < PATH_MAX ? STATUS_OK : STATUS_INVALID;
}

/* Carried out at most once, also across the restart itself: the id is on disk first. */
static void on_restart(struct orders *orders, const wire_Command *command, struct peer_answer *out)
{
    char path[PATH_MAX], line[LINE_SIZE], id[ENCODE_UUID_SIZE];
    enum status status = restart_path(orders, path);

    encode_uuid(command->id, id);
    snprintf(line, sizeof line, "%s %lld\n", id, (long long)command->expires_ms);
    if (status == STATUS_OK)
        status = file_replace(path, span_text(line), 0600);
    if (status != STATUS_OK) {
        answer(out, wire_CommandStatus_COMMAND_FAILED, status_text(status));
        return;
    }
    answer(out, wire_CommandStatus_COMMAND_DONE, "");
    atomic_store(&orders->restart_ms, clock_mono_ms());
}

/* Said, shown or asked by the chat thread; answered when that is done. */
static void on_spoken(struct orders *orders, const wire_Command *command, struct peer_answer *out)
{
    switch (talker_command(orders->talker, command)) {
    case STATUS_OK:
        return;
    case STATUS_DENIED:
        answer(out, wire_CommandStatus_COMMAND_REFUSED, "too many messages within a minute");
        return;
    case STATUS_FULL:
        answer(out, wire_CommandStatus_COMMAND_REFUSED, "the robot is busy talking");
        return;
    default:
        answer(out, wire_CommandStatus_COMMAND_REFUSED, "there is nothing to say, or too much");
        return;
    }
}

static void on_picture(struct orders *orders, const wire_Command *command, struct peer_answer *out)
{
    const struct peer_answer done = {.status = wire_CommandStatus_COMMAND_DONE};
    struct buffer picture;

    buffer_init(&picture, FACE_PICTURE_MAX_BYTES);
    enum status status = face_picture(orders->face, &picture);
    if (status == STATUS_OK)
        link_finish_command(orders->link, command->id, &done, buffer_span(&picture));
    else
        answer(out, wire_CommandStatus_COMMAND_FAILED, status_text(status));
    buffer_release(&picture);
}

static const struct {
    wire_CommandKind kind;
    void (*carry_out)(struct orders *orders, const wire_Command *command, struct peer_answer *out);
} commands[] = {
    {wire_CommandKind_IDENTIFY, on_spoken},    {wire_CommandKind_SAY, on_spoken},
    {wire_CommandKind_PROBE_ROUTE, on_spoken}, {wire_CommandKind_RESTART, on_restart},
    {wire_CommandKind_PICTURE, on_picture},    {wire_CommandKind_FORGET, on_spoken},
};

void orders_carry_out(struct orders *orders, const wire_Command *command, struct peer_answer *out)
{
    log_info("agent", "command \"%s\" from the server", message_command_name(command->kind));
    out->status = wire_CommandStatus_COMMAND_NONE;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].kind == command->kind) {
            commands[i].carry_out(orders, command, out);
            return;
        }
    answer(out, wire_CommandStatus_COMMAND_REFUSED, "this software does not know the command");
}

void orders_recall(struct orders *orders)
{
    char path[PATH_MAX];
    uint8_t *data = NULL, id[16];
    size_t size;
    int64_t expires_ms;

    if (restart_path(orders, path) != STATUS_OK ||
        file_read(path, LINE_SIZE, &data, &size) != STATUS_OK)
        return;
    if (size > ENCODE_UUID_SIZE + 1 &&
        encode_from_uuid(span_of(data, ENCODE_UUID_SIZE - 1), id) == STATUS_OK &&
        span_to_int64(span_of(data + ENCODE_UUID_SIZE, size - ENCODE_UUID_SIZE - 1), &expires_ms) ==
            STATUS_OK)
        link_remember_command(orders->link, id, expires_ms);
    free(data);
}

void orders_ask_restart(struct orders *orders)
{
    int_fast64_t none = 0;

    atomic_compare_exchange_strong(&orders->restart_ms, &none, clock_mono_ms());
}

bool orders_want_restart(struct orders *orders)
{
    const int64_t asked_ms = atomic_load(&orders->restart_ms);

    return asked_ms != 0 &&
           (link_is_flushed(orders->link) || clock_mono_ms() - asked_ms > RESTART_WITHIN_MS);
}
