/* stream.h - one answer on its way to the socket: what goes out when, and what it costs
 *
 * Says at which time how many bytes may go, in pieces that end at random bytes; breaks the answer
 * off when its fault says so; counts a token when the last byte of its event was handed over. The
 * ledger gets its line when the last byte of the answer is handed over, or when the stream is freed
 * before. Does no network I/O; times are arguments. Not thread-safe.
 */
#ifndef TESTS_VENDORS_STREAM_H
#define TESTS_VENDORS_STREAM_H

#include "tests/vendors/answer.h"
#include "tests/vendors/conditions.h"
#include "tests/vendors/dialect.h"
#include "tests/vendors/ledger.h"

struct stream;

struct stream_plan {
    const struct dialect *dialect;
    const struct question *question;
    const struct answer *answer;
    const struct conditions *conditions; /* the pace; copied */
    struct ledger_entry entry;           /* all but the counts after the prompt's */
    struct ledger *ledger;
    struct dice dice;
    int64_t now_ms;
};

/* Takes over arena, in which question and answer of the plan live, also on failure. The caller
 * frees *out with stream_free(). STATUS_MEMORY. */
MUST_CHECK enum status stream_create(struct stream **out, const struct stream_plan *plan,
                                     struct arena *arena);

/* Writes the line in the ledger unless that is done. */
void stream_free(struct stream *stream);

/* Bytes of the whole body when that is known before: an answer that is not streamed. */
bool stream_has_length(const struct stream *stream, uint64_t *size);

enum stream_step {
    STREAM_GIVE, /* *size bytes were written to out */
    STREAM_WAIT, /* nothing before *wake_ms */
    STREAM_END,  /* everything was given */
    STREAM_CUT,  /* break the connection off */
};

/* out has room for at least one byte. */
enum stream_step stream_next(struct stream *stream, int64_t now_ms, uint8_t *out, size_t room,
                             size_t *size, int64_t *wake_ms);

#endif
