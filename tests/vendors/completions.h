/* completions.h - chat completions as OpenAI writes them, and with the habits of those who write
 * them a little differently: what several rows are made of */
#ifndef TESTS_VENDORS_COMPLETIONS_H
#define TESTS_VENDORS_COMPLETIONS_H

#include "tests/vendors/dialect.h"

/* Of struct dialect's habits. */
enum {
    COMPLETIONS_FINISH_USAGE =
        1, /* the usage comes with the reason for the end, and so no chunk for it */
    COMPLETIONS_NULL_CHOICES = 2, /* null, not an empty list, beside the usage */
    COMPLETIONS_HIT_FIELDS = 4,   /* cached tokens as prompt_cache_hit_tokens */
    COMPLETIONS_SID = 8, /* code, message and sid on each chunk, and no reason for the end */
    COMPLETIONS_LAST_WHOLE = 16, /* the last event repeats the whole answer, base_resp beside it */
};

/* For struct dialect's functions. */
void completions_write(const struct dialect *dialect, const struct dialect_head *head,
                       const struct dialect_event *event, struct buffer *out);
void completions_write_whole(const struct dialect *dialect, const struct dialect_head *head,
                             const struct dialect_answer *answer, const struct dialect_usage *usage,
                             struct buffer *out);
/* {"error":{"message","type","param","code"}} */
void completions_write_refusal(const struct dialect_refusal *refusal, const char *param,
                               struct buffer *out);

/* OpenAI's own refusals. */
extern const struct dialect_refusal completions_refusals[DIALECT_ERRORS];

#define COMPLETIONS_QUESTION                                                                       \
    .messages = "messages", .limits = {"max_tokens", "max_completion_tokens"}, .stream = "stream"

#define COMPLETIONS_ROW                                                                            \
    .stream_type = "text/event-stream", .id_header = "x-request-id",                               \
    .error_before = "data: ", .error_after = "\n\n", .write = completions_write,                   \
    .write_whole = completions_write_whole, .write_refusal = completions_write_refusal

/* models: names between commas. */
void completions_write_models(struct buffer *out, const char *models, int64_t created_s);

#endif
