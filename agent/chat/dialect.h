/* dialect.h - the wire formats of vendors, one row each: how a question is asked and what one event
 * of the answer says
 *
 * A dialect knows no sockets and keeps no state: struct answer puts the events together. Adding a
 * dialect is a file with its row and a line in the table. Thread-safe.
 */
#ifndef AGENT_CHAT_DIALECT_H
#define AGENT_CHAT_DIALECT_H

#include "agent/chat/http.h"
#include "agent/meter/reservation.h"
#include "schema/base/json.h"
#include "schema/wire/limits.h"

enum dialect_role { DIALECT_SYSTEM, DIALECT_USER, DIALECT_ASSISTANT };

struct dialect_message {
    enum dialect_role role;
    struct span text; /* UTF-8 */
};

struct dialect_question {
    const char *model;
    const struct dialect_message *messages;
    size_t count;
    int64_t max_output_tokens;
};

/* As the vendor counts; -1: not told. */
struct dialect_usage {
    int64_t input;
    int64_t input_cached;
    int64_t output;
    int64_t reasoning;
};

/* The disjoint classes of a usage record. */
struct dialect_classes {
    uint64_t input_uncached;
    uint64_t input_cached;
    uint64_t output;
    uint64_t reasoning;
};

enum dialect_finish {
    DIALECT_FINISH_NONE = 0, /* not yet */
    DIALECT_FINISH_STOP = 1,
    DIALECT_FINISH_LENGTH = 2,   /* the output limit */
    DIALECT_FINISH_FILTERED = 3, /* the vendor objects to the content */
    DIALECT_FINISH_BROKEN = 4,   /* the vendor gave up */
};

/* What one event says; texts are borrowed from its document, NULL: nothing. */
struct dialect_event {
    const char *text;      /* to be spoken */
    const char *reasoning; /* billed, never spoken */
    const char *whole;     /* the whole answer so far: for those who saw no text before */
    struct dialect_usage usage;
    enum dialect_finish finish;
    const char *model;
    const char *id;
    const char *service_tier;
};

/* Fields are read by dialect.c and answer.c only. */
struct dialect {
    const char *name;
    const char *path; /* behind the base URL */
    const char *key_header;
    const char *key_prefix;
    const char *terminator; /* data of the event behind which nothing comes */
    /* tokens that the vendor's framing may add to the texts */
    uint32_t question_overhead;
    uint32_t message_overhead;
    void (*write)(const struct dialect_question *question, struct buffer *out);
    void (*read)(const struct json *document, struct dialect_event *out);
    void (*classify)(const struct dialect_usage *usage, struct dialect_classes *out);
};

/* NULL: no such dialect. */
const struct dialect *dialect_find(const char *name);

/* Appends where questions go. */
void dialect_url(const struct dialect *dialect, const char *base_url, struct buffer *out);

/* Appends the body of the request: a streamed answer is asked for. Deterministic. */
void dialect_write(const struct dialect *dialect, const struct dialect_question *question,
                   struct buffer *out);

#define DIALECT_HEADERS     4
#define DIALECT_HEADER_SIZE (LIMIT_API_KEY + 16)

/* Headers for one request; holds the key: wipe it with crypto_wipe(). list points into the struct,
 * so it must not be copied. */
struct dialect_headers {
    struct http_header list[DIALECT_HEADERS];
    char key[DIALECT_HEADER_SIZE];
    char request_id[LIMIT_SLUG + 1];
};

/* request_id is "<turn>-<attempt>". STATUS_INVALID: key or id is too long. */
MUST_CHECK enum status dialect_headers(const struct dialect *dialect, const char *api_key,
                                       const char *request_id, struct dialect_headers *out);

/* The most the question can cost, and what its input will cost about. */
struct reservation dialect_worst_case(const struct dialect *dialect,
                                      const struct dialect_question *question);
uint64_t dialect_estimate_input(const struct dialect *dialect,
                                const struct dialect_question *question);

#endif
