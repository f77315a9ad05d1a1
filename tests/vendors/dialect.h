/* dialect.h - the wire formats of the demo vendor, seen from the vendor's side: one row each
 *
 * A row says where questions come in and of what shape they are, how the key is shown, and what
 * each part of an answer looks like. A part may be nothing at all in a dialect. It shares no code
 * with the robots: their reading is held against it.
 */
#ifndef TESTS_VENDORS_DIALECT_H
#define TESTS_VENDORS_DIALECT_H

#include "schema/base/json.h"
#include "tests/vendors/question.h"

/* What every piece of one answer repeats. Borrowed texts. */
struct dialect_head {
    const char *id;
    const char *model;
    int64_t created_s;
    bool shows_usage; /* the question asks for it, or the dialect always tells */
    bool every_usage; /* on every event */
};

/* As OpenAI counts: cached are among the prompt's, reasoning among the completion's. */
struct dialect_usage {
    int64_t prompt, cached, completion, reasoning;
};

/* The texts of a whole answer; thought is empty when the model does not think. */
struct dialect_answer {
    struct span thought;
    struct span text;
    const char *finish_reason; /* "stop", "length", the dialect's filter_word */
    bool is_filtered;
};

/* The parts of a streamed answer in their order. */
enum dialect_part {
    DIALECT_START,
    DIALECT_THOUGHT,
    DIALECT_TEXT,
    DIALECT_FINISH,
    DIALECT_USAGE,
    DIALECT_DONE,
};

struct dialect_event {
    enum dialect_part part;
    bool is_first;                     /* thought or text: nothing of it came before */
    struct span text;                  /* thought or text */
    const struct dialect_usage *usage; /* of what was made so far, this included; NULL: not told */
    const struct dialect_answer *answer;
};

enum dialect_error {
    DIALECT_NO_KEY,
    DIALECT_BAD_REQUEST,
    DIALECT_NO_MODEL,
    DIALECT_RATE,
    DIALECT_QUOTA,
    DIALECT_BROKEN,
    DIALECT_OVERLOADED,
    DIALECT_OBJECTION, /* to the content, inside a stream; without a message: not known here */
    DIALECT_ERRORS,
};

/* A reply that is not an answer. */
struct dialect_refusal {
    unsigned status;
    const char *type, *code; /* what the dialect calls it; either may be NULL */
    const char *message;
};

enum dialect_key {
    DIALECT_KEY_BEARER,   /* Authorization: Bearer KEY */
    DIALECT_KEY_X_API,    /* x-api-key: KEY */
    DIALECT_KEY_TOKEN,    /* Authorization: Bearer KEY, or a token signed with the key's secret */
    DIALECT_KEY_OPTIONAL, /* as Bearer, but who shows none is anybody */
};

struct dialect {
    const char *path;
    enum dialect_key key;
    const char *stream_type;
    const char *id_header; /* of replies */
    struct question_shape question;
    const struct dialect_refusal *refusals; /* one for each enum dialect_error */
    const char *error_before, *error_after; /* around a refusal inside a stream */
    const char *filter_word; /* why an answer ends that the vendor objects to; NULL: by a refusal */
    unsigned habits;         /* the writer's own */
    /* Append one part of a stream, with all that ends it; a whole answer, without usage when that
     * is NULL; a refusal. */
    void (*write)(const struct dialect *dialect, const struct dialect_head *head,
                  const struct dialect_event *event, struct buffer *out);
    void (*write_whole)(const struct dialect *dialect, const struct dialect_head *head,
                        const struct dialect_answer *answer, const struct dialect_usage *usage,
                        struct buffer *out);
    void (*write_refusal)(const struct dialect_refusal *refusal, const char *param,
                          struct buffer *out);
};

/* NULL: no dialect is spoken there. */
const struct dialect *dialect_at(const char *path);

/* The table; *count rows. */
const struct dialect *const *dialect_table(size_t *count);

/* For writers. value NULL: null. */
void dialect_member_text(struct json_writer *writer, const char *name, const char *value);
void dialect_member_int(struct json_writer *writer, const char *name, int64_t value);

#endif
