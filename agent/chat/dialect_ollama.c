#include "agent/chat/dialect_ollama.h"

#include "agent/chat/place.h"

static const struct place_finish finish_words[] = {
    {"length", DIALECT_FINISH_LENGTH},
    {"load", DIALECT_FINISH_BROKEN}, /* the model was loaded and nothing was said */
    {"unload", DIALECT_FINISH_BROKEN},
};

static const struct place_count places[] = {
    {DIALECT_INPUT, "prompt_eval_count"},
    {DIALECT_OUTPUT, "eval_count"},
};

static void write_question(const struct dialect *dialect, const struct dialect_question *question,
                           struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    dialect_write_text(&writer, "model", question->model);
    json_key(&writer, "messages");
    dialect_write_messages(&writer, question);
    json_key(&writer, "stream");
    json_write_bool(&writer, true);
    json_key(&writer, "options");
    json_begin_object(&writer);
    json_key(&writer, dialect->limit);
    json_write_int(&writer, question->max_output_tokens);
    json_end_object(&writer);
    dialect_write_extras(&writer, dialect);
    json_end_object(&writer);
}

static void read_event(const struct json *document, struct dialect_event *out)
{
    place_read_usage(document, places, sizeof places / sizeof *places, &out->usage);
    /* Older versions tell nothing of a prompt that they had evaluated before, or 0. */
    if (out->usage.counts[DIALECT_INPUT] == 0)
        out->usage.counts[DIALECT_INPUT] = -1;
    out->text = place_text(document, "message.content");
    out->reasoning = place_text(document, "message.thinking");
    out->model = place_text(document, "model");
    out->is_last = json_bool(place_find(document, "done"), false);
    if (!out->is_last)
        return;
    out->finish = place_read_finish(place_text(document, "done_reason"), finish_words,
                                    sizeof finish_words / sizeof *finish_words);
    if (out->finish == DIALECT_FINISH_NONE)
        out->finish = DIALECT_FINISH_STOP;
}

const struct dialect dialect_ollama[1] = {
    {.name = "ollama",
     .path = "/api/chat",
     .framing = DIALECT_NDJSON,
     .key_header = "Authorization",
     .key_prefix = "Bearer ",
     .limit = "num_predict",
     .question_overhead = 32,
     .message_overhead = 16,
     .write = write_question,
     .read = read_event,
     .classify = dialect_classify_gross},
};
