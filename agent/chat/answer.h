/* answer.h - puts a vendor's answer together: text to speak as it comes, and at the end the record
 * of what it cost and how surely that is known
 *
 * Feed it what the server sent, in any pieces: the status, the headers, the body. A stream, a whole
 * JSON answer and an error in any shape are told apart by what arrives. Within a stream the last
 * value of each usage field wins; nothing is summed. Closing it once yields the record. No I/O; one
 * owner. Fields are private.
 */
#ifndef AGENT_CHAT_ANSWER_H
#define AGENT_CHAT_ANSWER_H

#include "agent/chat/dialect.h"
#include "agent/chat/failure.h"
#include "agent/chat/ndjson.h"
#include "agent/chat/sse.h"

/* A piece of the answer, whole UTF-8 characters, borrowed until it returns. */
typedef void (*answer_text_fn)(void *context, struct span text);

enum answer_kind { ANSWER_KIND_UNKNOWN, ANSWER_KIND_STREAM, ANSWER_KIND_JSON, ANSWER_KIND_ALIEN };

struct answer {
    const struct dialect *dialect;
    answer_text_fn on_text;
    void *context;
    struct sse sse;
    struct ndjson ndjson;
    struct buffer body; /* an answer that is not a stream */
    enum answer_kind kind;
    int http_status;
    int64_t retry_after_ms;
    bool terminated; /* the dialect's terminator or its last event was seen */
    bool has_usage;
    struct dialect_usage usage;
    enum dialect_finish finish;
    struct failure failure;
    bool has_failure;
    uint64_t text_bytes;
    struct reservation_estimate written;
    struct reservation_estimate thought;
    char model[LIMIT_MODEL + 1];
    char id[LIMIT_MODEL + 1];
    char header_id[LIMIT_MODEL + 1];
    char service_tier[25];
};

void answer_init(struct answer *answer, const struct dialect *dialect, answer_text_fn on_text,
                 void *context);
void answer_release(struct answer *answer);

/* The shape of struct http_listener's functions; context is the struct answer. */
void answer_on_status(void *answer, int http_status);
void answer_on_header(void *answer, struct span name, struct span value);
/* STATUS_FULL: more than anybody answers; end the request. */
enum status answer_on_body(void *answer, struct span bytes);

enum answer_end {
    ANSWER_COMPLETE,    /* the server ended it */
    ANSWER_CUT,         /* the connection broke, went silent or was never made */
    ANSWER_INTERRUPTED, /* we ended it */
    ANSWER_NOT_SENT,    /* no byte of the request left */
};

/* Fills in the record's provenance, outcome, error_class, interrupted, token classes, requests,
 * model_served, service_tier and vendor_request_id; reserved_input and reserved_output must be set.
 * input_estimate is dialect_estimate_input()'s. May deliver a last piece of text first. Call once.
 * vendor_final      usage arrived and the answer ended properly, or a complete refusal
 * vendor_cumulative usage arrived, but not the end
 * estimated         input or output was not told: that one is taken from the texts, the other as
 * told not_sent          as the caller says */
void answer_close(struct answer *answer, enum answer_end end, uint64_t input_estimate,
                  wire_UsageRecord *record);

/* How long the vendor asks to wait; -1: it does not say. */
int64_t answer_retry_after_ms(const struct answer *answer);

/* Bytes of text delivered so far. */
uint64_t answer_text_bytes(const struct answer *answer);

/* The vendor's own word for its error, for the log; empty when there is none. */
const char *answer_error_code(const struct answer *answer);

#endif
