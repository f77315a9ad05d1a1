#include "agent/orders.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define RESTART_WITHIN_MS 2000 /* for the answer to leave */
#define LINE_SIZE         96
#define NOTICE_MS         5000

void orders_init(struct orders *orders)
{
    consent_init(&orders->consent);
    handover_init(&orders->handover);
    atomic_init(&orders->asked, wire_CommandKind_KIND_NONE);
}

void orders_release(struct orders *orders)
{
    consent_release(&orders->consent);
    handover_release(&orders->handover);
}

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

/* What the owner is asked first: a diagnostic bundle, which does not leave the robot before, and a
 * hand-over to another owner. */

static void show_end(struct orders *orders, bool is_bundle, enum consent_answer answer)
{
    static const char *const words[][2][2] = {
        [CONSENT_GIVEN] = {{"Forgetting...", "正在清除…"},
                           {"Report sent, thank you", "报告已发送，谢谢"}},
        [CONSENT_DECLINED] = {{"Not handed over", "没有移交"},
                              {"No report was sent", "没有发送报告"}},
        [CONSENT_LATE] = {{"Not handed over", "没有移交"}, {"No report was sent", "没有发送报告"}},
    };

    face_notice(orders->face,
                span_text(words[answer][is_bundle][talker_is_chinese(orders->talker)]), NOTICE_MS);
}

static void finish_with(struct orders *orders, const uint8_t id[16], enum status status,
                        struct buffer *document)
{
    struct peer_answer done = {.status = wire_CommandStatus_COMMAND_DONE};

    if (status != STATUS_OK) {
        done.status = wire_CommandStatus_COMMAND_FAILED;
        snprintf(done.reason, sizeof done.reason, "%s", status_text(status));
        buffer_clear(document);
    }
    link_finish_command(orders->link, id, &done, buffer_span(document));
}

static void send_bundle(struct orders *orders, const uint8_t id[16])
{
    struct buffer document;

    buffer_init(&document, LIMIT_BUNDLE_BYTES);
    enum status status = bundle_collect(&orders->sources, &document);
    finish_with(orders, id, status, &document);
    buffer_release(&document);
}

static void send_proof(struct orders *orders, const uint8_t id[16])
{
    struct buffer document;

    buffer_init(&document, LIMIT_BUNDLE_BYTES);
    enum status status =
        handover_prove(orders->state_dir, orders->sources.device_id, id, &document);
    finish_with(orders, id, status, &document);
    buffer_release(&document);
}

/* The chat thread forgets, says so, and orders_on_done() follows. */
static void hand_over(struct orders *orders, const uint8_t id[16])
{
    static const struct peer_answer busy = {.status = wire_CommandStatus_COMMAND_FAILED,
                                            .reason = "the robot is busy talking"};
    wire_Command wipe = {.kind = wire_CommandKind_FORGET};

    memcpy(wipe.id, id, sizeof wipe.id);
    handover_begin(&orders->handover, id);
    if (talker_command(orders->talker, &wipe) != STATUS_OK)
        link_finish_command(orders->link, id, &busy, span_of(NULL, 0));
}

void orders_on_done(struct orders *orders, const uint8_t id[16], const struct peer_answer *done)
{
    const bool is_wiped = done->status == wire_CommandStatus_COMMAND_DONE;
    struct peer_answer answer = *done;
    enum status status;

    if (handover_end(&orders->handover, orders->state_dir, id, is_wiped, &status) && is_wiped) {
        if (status == STATUS_OK) {
            send_proof(orders, id);
            return;
        }
        answer.status = wire_CommandStatus_COMMAND_FAILED;
        snprintf(answer.reason, sizeof answer.reason, "%s", status_text(status));
    }
    link_finish_command(orders->link, id, &answer, span_of(NULL, 0));
}

static void end_request(struct orders *orders, enum consent_answer answer, const uint8_t id[16])
{
    const bool is_bundle = atomic_load(&orders->asked) == wire_CommandKind_BUNDLE;
    struct peer_answer refusal = {.status = wire_CommandStatus_COMMAND_REFUSED,
                                  .reason = "its owner declined"};

    log_info("agent", "the owner %s %s",
             answer == CONSENT_GIVEN      ? "agreed to"
             : answer == CONSENT_DECLINED ? "declined"
                                          : "did not answer about",
             is_bundle ? "a report about the robot" : "handing the robot over");
    show_end(orders, is_bundle, answer);
    if (answer == CONSENT_GIVEN) {
        if (is_bundle)
            send_bundle(orders, id);
        else
            hand_over(orders, id);
        return;
    }
    if (answer == CONSENT_LATE)
        refusal = (struct peer_answer){.status = wire_CommandStatus_COMMAND_EXPIRED,
                                       .reason = "nobody answered at the robot"};
    link_finish_command(orders->link, id, &refusal, span_of(NULL, 0));
}

static void on_asking(struct orders *orders, const wire_Command *command, struct peer_answer *out)
{
    enum consent_answer before = CONSENT_NONE;

    switch (consent_ask(&orders->consent, command->id, clock_mono_ms(), &before)) {
    case CONSENT_ASKED:
        atomic_store(&orders->asked, (int)command->kind);
        on_spoken(orders, command, out);
        if (out->status != wire_CommandStatus_COMMAND_NONE)
            consent_drop(&orders->consent);
        return;
    case CONSENT_WAITS:
        return;
    case CONSENT_ANSWERED: /* what was answered did not arrive */
        end_request(orders, before, command->id);
        return;
    case CONSENT_BUSY:
        answer(out, wire_CommandStatus_COMMAND_REFUSED,
               "its owner is asked about something else: ask again in a few minutes");
        return;
    }
}

static void on_transfer(struct orders *orders, const wire_Command *command, struct peer_answer *out)
{
    /* done before: the proof did not arrive, or the robot restarted before it left */
    if (handover_is_done(&orders->handover, command->id))
        send_proof(orders, command->id);
    else
        on_asking(orders, command, out);
}

bool orders_on_consent(struct orders *orders, bool is_given)
{
    const enum consent_answer answer = is_given ? CONSENT_GIVEN : CONSENT_DECLINED;
    uint8_t id[16];

    if (!consent_say(&orders->consent, answer, id))
        return false;
    end_request(orders, answer, id);
    return true;
}

bool orders_on_button(struct orders *orders, bool is_down)
{
    enum consent_answer answer;
    uint8_t id[16];

    if (!consent_button(&orders->consent, is_down, clock_mono_ms(), &answer, id))
        return false;
    if (answer != CONSENT_NONE)
        end_request(orders, answer, id);
    return true;
}

void orders_look(struct orders *orders)
{
    uint8_t id[16];

    if (consent_expire(&orders->consent, clock_mono_ms(), id))
        end_request(orders, CONSENT_LATE, id);
}

static const struct {
    wire_CommandKind kind;
    void (*carry_out)(struct orders *orders, const wire_Command *command, struct peer_answer *out);
} commands[] = {
    {wire_CommandKind_IDENTIFY, on_spoken},    {wire_CommandKind_SAY, on_spoken},
    {wire_CommandKind_PROBE_ROUTE, on_spoken}, {wire_CommandKind_RESTART, on_restart},
    {wire_CommandKind_PICTURE, on_picture},    {wire_CommandKind_FORGET, on_spoken},
    {wire_CommandKind_BUNDLE, on_asking},      {wire_CommandKind_TRANSFER, on_transfer},
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

    handover_recall(&orders->handover, orders->state_dir);
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
