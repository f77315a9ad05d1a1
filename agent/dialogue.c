#include "agent/dialogue.h"

#include <stdlib.h>

#include "schema/base/encode.h"
#include "schema/base/json.h"

#define MAX_LINE_BYTES 4096
#define NOTICE_MS      4000

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

static void send_text(struct dialogue *dialogue, uint64_t client, const char *key, struct span text)
{
    struct json_writer writer;
    struct buffer line;

    buffer_init(&line, MAX_LINE_BYTES);
    json_writer_init(&writer, &line);
    json_begin_object(&writer);
    write_text(&writer, key, text);
    json_end_object(&writer);
    send_line(dialogue, client, &line);
    buffer_release(&line);
}

static void send_error(struct dialogue *dialogue, uint64_t client, const char *why)
{
    send_text(dialogue, client, "error", span_text(why));
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
    write_text(&writer, "ear", span_text(attention_name(ear_state(dialogue->ear))));
    write_text(&writer, "wake_phrase",
               span_text(ear_wake(dialogue->ear) == EAR_WAKE_WAITS ? values->wake_phrase : ""));
    write_text(&writer, "microphone", span_text(ear_is_open(dialogue->ear) ? "open" : "closed"));
    json_end_object(&writer);
    send_line(dialogue, client, &line);
    buffer_release(&line);
    crypto_wipe(values, sizeof *values);
    free(values);
}

/* The face listens while anybody sits at a prompt, or speaks. */
static void show_listening(struct dialogue *dialogue)
{
    face_listen(dialogue->face,
                atomic_load(&dialogue->has_guests) || atomic_load(&dialogue->hears));
}

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
    atomic_store(&dialogue->has_guests, any);
    show_listening(dialogue);
}

/* Asking. */

static void tell_refusal(struct dialogue *dialogue, uint64_t client, enum status status)
{
    if (status == STATUS_INVALID)
        send_error(dialogue, client, "the question is empty, too long or not UTF-8");
    else if (status != STATUS_OK)
        send_error(dialogue, client, "too many questions wait already");
}

/* Whoever pressed a key of the window reads it on the face. */
static void tell_problem(struct dialogue *dialogue, uint64_t client, const char *problem)
{
    if (client != 0)
        send_error(dialogue, client, problem);
    else if (talker_is_chinese(dialogue->talker))
        face_notice(dialogue->face, span_text("我没听到"), NOTICE_MS);
    else
        face_notice(dialogue->face, span_text("I did not hear you"), NOTICE_MS);
}

void dialogue_on_ear(struct dialogue *dialogue, enum attention_state state)
{
    atomic_store(&dialogue->hears, state == ATTENTION_ADDRESSED || state == ATTENTION_HEARING);
    show_listening(dialogue);
}

void dialogue_on_heard(struct dialogue *dialogue, const struct transcriber_heard *heard)
{
    const struct span text = span_text(heard->text);

    if (heard->problem || text.size == 0) {
        tell_problem(dialogue, heard->client,
                     heard->problem ? heard->problem : "no words were heard");
        return;
    }
    send_text(dialogue, heard->client, "heard", text);
    tell_refusal(dialogue, heard->client,
                 talker_ask_heard(dialogue->talker, heard->client, heard->uuid, text));
}

static void tell_ear(struct dialogue *dialogue, uint64_t client, enum status status)
{
    switch (status) {
    case STATUS_OK:
        return;
    case STATUS_DENIED:
        send_error(dialogue, client, "the ear is muted; its owner can unmute it at the robot");
        return;
    case STATUS_UNREACHABLE:
        send_error(dialogue, client, "this robot has no ear (option ear)");
        return;
    case STATUS_EXISTS:
        send_error(dialogue, client, "somebody is speaking to the robot already");
        return;
    default:
        send_error(dialogue, client, status_text(status));
    }
}

void dialogue_on_key(void *context, enum face_key key, bool is_down)
{
    struct dialogue *dialogue = context;
    const bool chinese = talker_is_chinese(dialogue->talker);
    const bool is_muted = ear_state(dialogue->ear) == ATTENTION_MUTED;
    enum status status = STATUS_OK;

    if (key == FACE_KEY_MUTE && is_down)
        status = ear_mute(dialogue->ear, !is_muted);
    else if (key == FACE_KEY_TALK && orders_on_button(dialogue->orders, is_down))
        return;
    else if (key == FACE_KEY_TALK && is_down)
        status = ear_call(dialogue->ear, 0);
    else if (key == FACE_KEY_TALK)
        ear_let_go(dialogue->ear);
    if (status == STATUS_DENIED)
        face_notice(dialogue->face, span_text(chinese ? "已静音：按 M 键" : "Ear muted: press M"),
                    NOTICE_MS);
    else if (status != STATUS_OK && status != STATUS_EXISTS)
        tell_problem(dialogue, 0, status_text(status));
}

static void mute(struct dialogue *dialogue, uint64_t client, bool is_muted)
{
    const enum status status = ear_mute(dialogue->ear, is_muted);

    if (status == STATUS_OK)
        send_text(dialogue, client, "ear", span_text(is_muted ? "muted" : "unmuted"));
    else
        send_error(dialogue, client,
                   is_muted ? "muted, but not beyond a restart: the state folder takes no file"
                            : "cannot unmute: the state folder cannot be changed");
}

static void consent(struct dialogue *dialogue, uint64_t client, bool is_given)
{
    if (orders_on_consent(dialogue->orders, is_given))
        send_text(dialogue, client, "consent", span_text(is_given ? "given" : "declined"));
    else
        send_error(dialogue, client, "nobody asks for a report, nor to hand the robot over");
}

void dialogue_on_request(void *context, uint64_t client, enum console_request request,
                         struct span text)
{
    struct dialogue *dialogue = context;
    char path[PATH_MAX];

    switch (request) {
    case CONSOLE_ASK:
        tell_refusal(dialogue, client, talker_ask(dialogue->talker, client, text));
        break;
    case CONSOLE_CONSENT:
    case CONSOLE_DECLINE:
        consent(dialogue, client, request == CONSOLE_CONSENT);
        break;
    case CONSOLE_PRESS:
        if (!orders_on_button(dialogue->orders, true))
            tell_ear(dialogue, client, ear_call(dialogue->ear, client));
        break;
    case CONSOLE_LET_GO:
        if (!orders_on_button(dialogue->orders, false))
            ear_let_go(dialogue->ear);
        break;
    case CONSOLE_HEAR:
        if (span_to_text(text, path, sizeof path) == STATUS_OK)
            tell_ear(dialogue, client, ear_hear(dialogue->ear, client, path));
        else
            send_error(dialogue, client, "the path is too long");
        break;
    case CONSOLE_MUTE:
    case CONSOLE_UNMUTE:
        mute(dialogue, client, request == CONSOLE_MUTE);
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
