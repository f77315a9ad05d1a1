#include "tests/vendors/dialect_minimax.h"

#include "tests/vendors/completions.h"

/* Whatever goes wrong goes wrong under status 200. */
static const struct dialect_refusal refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {200, NULL, "1004", "login fail: carry the API key in Authorization"},
    [DIALECT_BAD_REQUEST] = {200, NULL, "2013", "invalid params"},
    [DIALECT_NO_MODEL] = {200, NULL, "2013", "invalid params, unknown model"},
    [DIALECT_RATE] = {200, NULL, "1002", "rate limit"},
    [DIALECT_QUOTA] = {200, NULL, "1008", "insufficient balance"},
    [DIALECT_BROKEN] = {200, NULL, "1000", "unknown error"},
    [DIALECT_OVERLOADED] = {200, NULL, "1013", "service inner error"},
};

static void write_refusal(const struct dialect_refusal *refusal, const char *param,
                          struct buffer *out)
{
    struct json_writer writer;

    (void)param;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "base_resp");
    json_begin_object(&writer);
    json_key(&writer, "status_code");
    json_write_raw(&writer, span_text(refusal->code));
    dialect_member_text(&writer, "status_msg", refusal->message);
    json_end_object(&writer);
    json_end_object(&writer);
}

const struct dialect dialect_minimax = {
    .path = "/v1/text/chatcompletion_v2",
    .stream_type = "text/event-stream",
    .id_header = "Trace-Id",
    .question = {COMPLETIONS_QUESTION},
    .refusals = refusals,
    .error_before = "data: ",
    .error_after = "\n\n",
    .filter_word = "stop",
    .habits = COMPLETIONS_LAST_WHOLE,
    .write = completions_write,
    .write_whole = completions_write_whole,
    .write_refusal = write_refusal,
};
