#include "agent/dialogue.h"

#include <stdlib.h>

#include "schema/base/encode.h"
#include "schema/base/json.h"

#define MAX_LINE_BYTES 4096

static void send_line(struct dialogue *dialogue, uint64_t client, struct buffer *line)
{
    if (buffer_status(line) == STATUS_OK)
        console_send(dialogue->console, client, buffer_span(line));
}

static void write_text(struct json_writer *writer, const char *key, struct span text)
{
    json_key(writer, key);
    json_write_text(writer, text);
}

static void write_int(struct json_writer *writer, const char *key, uint64_t value)
{
    json_key(writer, key);
    json_write_int(writer, (int64_t)value);
}

/* The video is complete a moment later. */
static void write_video(struct json_writer *writer, const struct dialogue *dialogue,
                        uint64_t number)
{
    char path[PATH_MAX + 32];

    json_key(writer, "video");
    if (dialogue->media_dir[0] == 0) {
        json_write_null(writer);
        return;
    }
    snprintf(path, sizeof path, "%s/%llu.mp4", dialogue->media_dir, (unsigned long long)number);
    json_write_text(writer, span_text(path));
}

static const char *outcome_of(const struct turn_report *report)
{
    if (report->interrupted)
        return "interrupted";
    if (report->held_question == FILTER_CRISIS)
        return "crisis";
    if (report->stopped)
        return "stopped";
    return report->canned ? "canned" : message_outcome_name(report->outcome);
}

static void write_report(struct json_writer *writer, const struct dialogue *dialogue,
                         uint64_t number, const struct turn_report *report)
{
    if (report->excuse != EXCUSE_NONE) {
        write_text(writer, "error", span_text(excuse_reason(report->excuse)));
        return;
    }
    json_key(writer, "done");
    json_write_bool(writer, true);
    write_text(writer, "outcome", span_text(outcome_of(report)));
    write_text(writer, "model", span_text(report->model));
    write_int(writer, "input", report->input);
    write_int(writer, "output", report->output);
    write_int(writer, "first_token_ms", report->first_token_ms);
    write_int(writer, "first_audio_ms", report->first_audio_ms);
    write_video(writer, dialogue, number);
}

void dialogue_on_turn(struct dialogue *dialogue, uint64_t client, const struct turn_event *event)
{
    struct json_writer writer;
    struct buffer line;
    char uuid[ENCODE_UUID_SIZE];

    buffer_init(&line, MAX_LINE_BYTES);
    json_writer_init(&writer, &line);
    json_begin_object(&writer);
    switch (event->kind) {
    case TURN_STARTED:
        encode_uuid(event->uuid, uuid);
        write_text(&writer, "turn", span_text(uuid));
        break;
    case TURN_CLAUSE:
        write_text(&writer, "clause", event->text);
        break;
    case TURN_ENDED:
        write_report(&writer, dialogue, event->number, event->report);
        break;
    case TURN_EXCUSING:
    case TURN_ANSWERING:
    case TURN_EMOJI:
    case TURN_DENIED:
        goto out;
    }
    json_end_object(&writer);
    send_line(dialogue, client, &line);
out:
    buffer_release(&line);
}

static void send_error(struct dialogue *dialogue, uint64_t client, const char *why)
{
    struct json_writer writer;
    struct buffer line;

    buffer_init(&line, MAX_LINE_BYTES);
    json_writer_init(&writer, &line);
    json_begin_object(&writer);
    write_text(&writer, "error", span_text(why));
    json_end_object(&writer);
    send_line(dialogue, client, &line);
    buffer_release(&line);
}

static void send_status(struct dialogue *dialogue, uint64_t client)
{
    struct settings_values *values = malloc(sizeof *values);
    struct json_writer writer;
    struct buffer line;
    uint32_t turns, failed;

    if (!values)
        return;
    settings_values(dialogue->settings, values);
    talker_count(dialogue->talker, &turns, &failed);
    buffer_init(&line, MAX_LINE_BYTES);
    json_writer_init(&writer, &line);
    json_begin_object(&writer);
    write_text(&writer, "device", span_text(dialogue->device_id));
    json_key(&writer, "online");
    json_write_bool(&writer, link_is_ready(dialogue->link));
    write_int(&writer, "generation", values->generation);
    write_int(&writer, "routes", values->route_count);
    write_int(&writer, "turns", turns);
    write_int(&writer, "failed_turns", failed);
    write_int(&writer, "usage_pending", journal_pending(dialogue->journal));
    json_end_object(&writer);
    send_line(dialogue, client, &line);
    buffer_release(&line);
    crypto_wipe(values, sizeof *values);
    free(values);
}

/* The face listens while anybody sits at a prompt. */
static void listen(struct dialogue *dialogue, uint64_t client, bool starts)
{
    bool any = false;

    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++) {
        uint64_t *listener = &dialogue->listeners[i];

        if (*listener == client)
            *listener = 0;
        if (*listener == 0 && starts) {
            *listener = client;
            starts = false;
        }
        any |= *listener != 0;
    }
    face_listen(dialogue->face, any);
}

void dialogue_on_request(void *context, uint64_t client, enum console_request request,
                         struct span text)
{
    struct dialogue *dialogue = context;
    enum status status;

    switch (request) {
    case CONSOLE_ASK:
        status = talker_ask(dialogue->talker, client, text);
        if (status == STATUS_INVALID)
            send_error(dialogue, client, "the question is empty, too long or not UTF-8");
        else if (status != STATUS_OK)
            send_error(dialogue, client, "too many questions wait already");
        break;
    case CONSOLE_FORGET:
        if (talker_forget(dialogue->talker, client) != STATUS_OK)
            send_error(dialogue, client, "too many questions wait already");
        break;
    case CONSOLE_INTERRUPT:
        talker_interrupt(dialogue->talker);
        break;
    case CONSOLE_STATUS:
        send_status(dialogue, client);
        break;
    case CONSOLE_LISTEN:
        listen(dialogue, client, true);
        break;
    case CONSOLE_GONE:
        listen(dialogue, client, false);
        talker_leave(dialogue->talker, client);
        break;
    }
}
