/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/serve.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "agent/voice/voice_wire.h"

#define INPUT_LIMIT_BYTES  (1u << 20)
#define OUTPUT_LIMIT_BYTES (1u << 17)
#define OUTPUT_FLUSH_BYTES 8192

struct server {
    struct synth *synth;
    unsigned sample_rate;
    int in, out;
    struct buffer input;
    struct buffer output;
    uint64_t cancelled; /* this turn and older ones */
    struct voice_clause clause;
    enum status status; /* why serving ends; STATUS_OK: it goes on */
    bool is_ended;      /* no more input */
};

static void flush(struct server *server)
{
    struct span left = buffer_span(&server->output);

    if (server->status == STATUS_OK)
        server->status = buffer_status(&server->output);
    while (server->status == STATUS_OK && left.size > 0) {
        ssize_t written = write(server->out, left.data, left.size);

        if (written < 0 && errno != EINTR)
            server->status = STATUS_IO;
        if (written > 0)
            left = span_of(left.data + written, left.size - (size_t)written);
    }
    buffer_clear(&server->output);
}

static void answer(struct server *server, struct voice_wire *frame)
{
    frame->turn = server->clause.turn;
    frame->clause = server->clause.clause;
    voice_wire_encode(frame, &server->output);
    if (server->output.size >= OUTPUT_FLUSH_BYTES)
        flush(server);
}

/* A clause that waits in the input is looked at again when its turn comes; cancelling must not
 * wait that long. */
static void note_cancels(struct server *server)
{
    struct span left = buffer_span(&server->input);
    struct voice_wire frame;
    size_t used;

    while (voice_wire_decode(left, &frame, &used) == STATUS_OK) {
        if (frame.kind == VOICE_WIRE_CANCEL && frame.turn > server->cancelled)
            server->cancelled = frame.turn;
        left = span_of(left.data + used, left.size - used);
    }
}

static void read_input(struct server *server, int timeout_ms)
{
    uint8_t bytes[4096];
    struct pollfd poller = {.fd = server->in, .events = POLLIN};

    if (server->is_ended || server->input.size > INPUT_LIMIT_BYTES / 2 ||
        poll(&poller, 1, timeout_ms) <= 0)
        return;
    ssize_t size = read(server->in, bytes, sizeof bytes);
    if (size == 0 || (size < 0 && errno != EINTR))
        server->is_ended = true;
    if (size > 0) {
        buffer_add(&server->input, span_of(bytes, (size_t)size));
        note_cancels(server);
    }
}

static bool on_pcm(void *context, const int16_t *pcm, size_t count)
{
    struct server *server = context;

    while (count > 0) {
        size_t part = count < VOICE_WIRE_PCM_SAMPLES ? count : VOICE_WIRE_PCM_SAMPLES;

        answer(server, &(struct voice_wire){.kind = VOICE_WIRE_PCM,
                                            .bytes = span_of(pcm, part * sizeof *pcm)});
        pcm += part;
        count -= part;
    }
    read_input(server, 0);
    return server->status == STATUS_OK && server->clause.turn > server->cancelled;
}

static void on_mark(void *context, const struct voice_mark *mark)
{
    struct voice_wire frame = {.kind = VOICE_WIRE_MARK,
                               .language = (uint8_t)mark->language,
                               .sample = mark->sample,
                               .duration = mark->duration};

    memcpy(frame.phoneme, mark->phoneme, VOICE_WIRE_PHONEME_BYTES);
    answer(context, &frame);
}

static void on_word(void *context, const struct voice_word *word)
{
    answer(context, &(struct voice_wire){.kind = VOICE_WIRE_WORD,
                                         .sample = word->sample,
                                         .duration = word->length,
                                         .offset = word->offset});
}

static void refuse(struct server *server, const char *reason)
{
    answer(server, &(struct voice_wire){.kind = VOICE_WIRE_FAILED, .bytes = span_text(reason)});
}

static void speak(struct server *server, const struct voice_wire *request)
{
    const struct synth_listener listener = {
        .context = server, .on_pcm = on_pcm, .on_mark = on_mark, .on_word = on_word};
    char text[VOICE_WIRE_MAX_TEXT];
    uint32_t samples;

    server->clause = (struct voice_clause){.turn = request->turn,
                                           .clause = request->clause,
                                           .language = (enum voice_language)request->language,
                                           .rate_wpm = request->rate_wpm,
                                           .pitch = request->pitch};
    if (request->turn <= server->cancelled)
        return;
    if (request->bytes.size > sizeof text || request->language > VOICE_LANGUAGE_ZH) {
        refuse(server, "text too long or language unknown");
        return;
    }
    /* the input buffer may move while the clause is spoken */
    memcpy(text, request->bytes.data, request->bytes.size);
    server->clause.text = span_of(text, request->bytes.size);

    answer(server, &(struct voice_wire){.kind = VOICE_WIRE_BEGIN, .sample = server->sample_rate});
    enum status status = synth_speak(server->synth, &server->clause, &listener, &samples);
    if (status == STATUS_OK)
        answer(server, &(struct voice_wire){.kind = VOICE_WIRE_END, .sample = samples});
    else if (status != STATUS_CLOSED)
        refuse(server, status == STATUS_NOT_FOUND ? "voice missing: install espeak-ng-data"
                                                  : status_text(status));
}

/* One request, or one wait for input. */
static void step(struct server *server)
{
    struct voice_wire frame;
    size_t used;
    enum status status = voice_wire_decode(buffer_span(&server->input), &frame, &used);

    if (status == STATUS_CORRUPT) {
        server->status = status;
    } else if (status == STATUS_OK) {
        /* speaking reads more input behind this frame, so it is dropped only afterwards */
        if (frame.kind == VOICE_WIRE_SPEAK)
            speak(server, &frame);
        flush(server);
        buffer_consume(&server->input, used);
    } else if (server->is_ended) {
        server->status = STATUS_CLOSED;
    } else {
        read_input(server, -1);
    }
}

enum status serve_run(struct synth *synth, unsigned sample_rate, int input, int output)
{
    struct server server = {.synth = synth, .sample_rate = sample_rate, .in = input, .out = output};

    buffer_init(&server.input, INPUT_LIMIT_BYTES);
    buffer_init(&server.output, OUTPUT_LIMIT_BYTES);
    while (server.status == STATUS_OK)
        step(&server);
    buffer_release(&server.input);
    buffer_release(&server.output);
    return server.status == STATUS_CLOSED ? STATUS_OK : server.status;
}
