#include "tests/vendors/dialect_spark.h"

#include "tests/vendors/completions.h"

static const struct dialect_refusal refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, NULL, "11200", "HMAC secret key does not match"},
    [DIALECT_BAD_REQUEST] = {400, NULL, "10163", "parameter schema check failed"},
    [DIALECT_NO_MODEL] = {400, NULL, "10163", "unknown domain"},
    [DIALECT_RATE] = {200, NULL, "11202", "requests per second exceeded"},
    [DIALECT_QUOTA] = {200, NULL, "11201", "requests of the day exceeded"},
    [DIALECT_BROKEN] = {200, NULL, "10012", "the engine failed"},
    [DIALECT_OVERLOADED] = {200, NULL, "10110", "the service is busy"},
    [DIALECT_OBJECTION] = {200, NULL, "10014", "the answer's content is under suspicion"},
};

static void write_refusal(const struct dialect_refusal *refusal, const char *param,
                          struct buffer *out)
{
    struct json_writer writer;

    (void)param;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "code");
    json_write_raw(&writer, span_text(refusal->code));
    dialect_member_text(&writer, "message", refusal->message);
    dialect_member_text(&writer, "sid", "cha000b");
    json_end_object(&writer);
}

const struct dialect dialect_spark = {
    .path = "/spark/v1/chat/completions",
    .stream_type = "text/event-stream",
    .id_header = "x-request-id",
    .question = {COMPLETIONS_QUESTION},
    .refusals = refusals,
    .error_before = "data:",
    .error_after = "\n\n",
    .habits = COMPLETIONS_SID | COMPLETIONS_FINISH_USAGE,
    .write = completions_write,
    .write_whole = completions_write_whole,
    .write_refusal = write_refusal,
};
