/* dialect.h - what OpenAI's chat completions look like on the wire, written by the vendor's side */
#ifndef TESTS_VENDORS_DIALECT_H
#define TESTS_VENDORS_DIALECT_H

#include "schema/base/buffer.h"

/* What every piece of one answer repeats. Borrowed texts. */
struct dialect_head {
    const char *id;
    const char *model;
    int64_t created_s;
    bool shows_usage; /* chunks carry "usage": null, the last one the usage */
};

struct dialect_usage {
    int64_t prompt, cached, completion, reasoning;
};

/* The texts of a whole answer; thought is empty when the model does not think. */
struct dialect_answer {
    struct span thought;
    struct span text;
    const char *finish_reason;
};

/* Events of a stream, each with its blank line. field is "content" or "reasoning_content". */
void dialect_write_start(struct buffer *out, const struct dialect_head *head);
void dialect_write_text(struct buffer *out, const struct dialect_head *head, const char *field,
                        struct span text);
void dialect_write_finish(struct buffer *out, const struct dialect_head *head, const char *reason);
void dialect_write_usage(struct buffer *out, const struct dialect_head *head,
                         const struct dialect_usage *usage);
void dialect_write_done(struct buffer *out);

/* The body of an answer that is not streamed; without usage when NULL. */
void dialect_write_whole(struct buffer *out, const struct dialect_head *head,
                         const struct dialect_answer *answer, const struct dialect_usage *usage);

/* param and code may be NULL. */
void dialect_write_error(struct buffer *out, const char *type, const char *code, const char *param,
                         const char *message);

/* models: names between commas. */
void dialect_write_models(struct buffer *out, const char *models, int64_t created_s);

#endif
