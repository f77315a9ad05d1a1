/* post.h - requests and mails to the outside, several at a time; libcurl and nothing else here
 * knows it
 *
 * One thread uses it, and waits in post_wait() for whatever ends first. Each request is bounded: 5
 * s to connect, 15 s in all, 64 KiB of answer. A redirect is not followed: it would carry a secret
 * address or a signature to whoever the receiver names. Certificates are verified.
 */
#ifndef SERVER_NOTIFY_POST_H
#define SERVER_NOTIFY_POST_H

#include <stdbool.h>

#include "schema/base/span.h"

#define POST_SLOTS   8
#define POST_HEADERS 4
#define POST_TO      16
#define POST_ANSWER  4096
#define POST_PROBLEM 160

struct post;

enum post_method { POST_GET, POST_JSON, POST_MAIL };

/* Plain data. Everything it points to is borrowed until the slot has come back. */
struct post_request {
    enum post_method method;
    const char *url;                   /* http, https; smtp, smtps for a mail */
    const char *headers[POST_HEADERS]; /* "Name: value" */
    size_t header_count;
    struct span body; /* JSON, or the whole mail */
    const char *login;
    const char *password; /* NULL: none */
    const char *from;     /* of a mail: bare addresses */
    const char *to[POST_TO];
    size_t to_count;
};

/* How it ended. status is STATUS_OK when there was an answer, whatever it says. */
struct post_result {
    enum status status;
    char problem[POST_PROBLEM]; /* unless STATUS_OK: one line, without the address */
    long code;                  /* of HTTP or SMTP; 0: none */
    int64_t retry_after_ms;     /* what the answer asked for; 0: nothing */
    char answer[POST_ANSWER];   /* its beginning, NUL-terminated */
};

/* ca_file: PEM certificates to trust besides the system's; NULL: none. The caller owns *out. */
MUST_CHECK enum status post_create(struct post **out, const char *ca_file);
/* Cuts off what is under way. NULL is allowed. */
void post_free(struct post *post);

/* Begins in a free slot, below POST_SLOTS. */
MUST_CHECK enum status post_send(struct post *post, unsigned slot,
                                 const struct post_request *request);

/* Takes one that has ended, and frees its slot; false: none has. */
bool post_collect(struct post *post, unsigned *slot, struct post_result *out);

/* Works on what is under way until something happens, at most that long. */
void post_wait(struct post *post, int64_t timeout_ms);

/* From any thread: ends a post_wait(). */
void post_wake(struct post *post);

#endif
