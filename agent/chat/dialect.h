/* dialect.h - the wire formats of vendors, one row each: how a question is asked and what one event
 * of the answer says
 *
 * A dialect knows no sockets and keeps no state: struct answer puts the events together. Adding one
 * is a row in its family's file (dialect_*.c) and one in schema/wire/dialects. Thread-safe.
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

/* What vendors count. Some count the cached and written ones among the input, some beside it: the
 * dialect knows. */
enum dialect_count {
    DIALECT_INPUT,
    DIALECT_INPUT_CACHED,
    DIALECT_CACHE_WRITE, /* of either life */
    DIALECT_CACHE_WRITE_5M,
    DIALECT_CACHE_WRITE_1H,
    DIALECT_OUTPUT, /* reasoning included */
    DIALECT_REASONING,
    DIALECT_COUNTS,
};

/* As the vendor counts; -1: not told. */
struct dialect_usage {
    int64_t counts[DIALECT_COUNTS];
};

/* Nothing is told. */
void dialect_usage_init(struct dialect_usage *usage);

/* The disjoint classes of a usage record. */
struct dialect_classes {
    uint64_t input_uncached;
    uint64_t input_cached;
    uint64_t cache_write_5m;
    uint64_t cache_write_1h;
    uint64_t output;
    uint64_t reasoning;
};

/* The cached and written tokens are among the input. */
void dialect_classify_gross(const struct dialect_usage *usage, struct dialect_classes *out);

/* The input is what was neither read from a cache nor written to one. */
void dialect_classify_net(const struct dialect_usage *usage, struct dialect_classes *out);

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
    bool is_last; /* behind it nothing comes */
    const char *model;
    const char *id;
    const char *service_tier;
};

enum dialect_framing {
    DIALECT_SSE,    /* an event stream */
    DIALECT_NDJSON, /* one document per line */
};

/* A member that a question carries beside the rest: its value is JSON. */
struct dialect_extra {
    const char *name;
    const char *json;
};

#define DIALECT_EXTRAS 3

/* Fields are read by the files of agent/chat only. */
struct dialect {
    const char *name;
    const char *path; /* behind the base URL */
    enum dialect_framing framing;
    const char *key_header;
    const char *key_prefix;
    struct http_header header;                   /* one more; name NULL: none */
    const char *limit;                           /* the member that bounds the output */
    struct dialect_extra extras[DIALECT_EXTRAS]; /* up to the first without a name */
    const char *terminator; /* data of the event behind which nothing comes; NULL: none */
    /* tokens that the vendor's framing may add to the texts */
    uint32_t question_overhead;
    uint32_t message_overhead;
    void (*write)(const struct dialect *dialect, const struct dialect_question *question,
                  struct buffer *out);
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

/* For writers: members of a body. */
void dialect_write_text(struct json_writer *writer, const char *name, const char *value);
void dialect_write_extras(struct json_writer *writer, const struct dialect *dialect);
/* [{"role","content"},...] of all messages. */
void dialect_write_messages(struct json_writer *writer, const struct dialect_question *question);

#define DIALECT_HEADERS     5
#define DIALECT_HEADER_SIZE (LIMIT_API_KEY + 16)

/* Headers for one request; holds the key: wipe it with crypto_wipe(). list points into the struct,
 * so it must not be copied. */
struct dialect_headers {
    struct http_header list[DIALECT_HEADERS];
    size_t count;
    char key[DIALECT_HEADER_SIZE];
    char request_id[LIMIT_SLUG + 1];
};

/* request_id is "<turn>-<attempt>"; an empty key is not sent. STATUS_INVALID: key or id is too
 * long. */
MUST_CHECK enum status dialect_headers(const struct dialect *dialect, const char *api_key,
                                       const char *request_id, struct dialect_headers *out);

/* The most the question can cost, and what its input will cost about. */
struct reservation dialect_worst_case(const struct dialect *dialect,
                                      const struct dialect_question *question);
uint64_t dialect_estimate_input(const struct dialect *dialect,
                                const struct dialect_question *question);

#endif
