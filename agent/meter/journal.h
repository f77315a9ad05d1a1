/* journal.h - every attempt of this robot, in a file that survives power loss (invariant I1)
 *
 * An attempt is opened before anything of it is sent and closed with what it consumed. Closed
 * attempts are numbered from 1, chained by hash (schema/wire/chain.h) and stay pending until the
 * server acknowledges them, so a record may be delivered more than once and never less.
 * Acknowledged records stay for a while, so that a restored server can ask for them again.
 *
 * When file or disk are full, acknowledged records go, and closed ones that were never put into a
 * batch fold into summaries (summary.h): only when that gives no room are attempts refused.
 *
 * When journal_begin() or journal_close_attempt() returns STATUS_OK, power may fail. The journal
 * also keeps the credit lines, because what was used must be as durable as the records.
 *
 * Thread-safe: the chat thread begins and closes while the link thread takes batches; each call
 * holds a lock inside and may wait for the disk.
 */
#ifndef AGENT_METER_JOURNAL_H
#define AGENT_METER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "agent/meter/credit.h"
#include "schema/wire/chain.h"

#define JOURNAL_MAX_OPEN  8         /* attempts under way at once */
#define JOURNAL_MAX_BYTES (4 << 20) /* of the file, by default */
#define JOURNAL_KEEP_DAYS 30        /* how long acknowledged records stay at most */

struct journal;

enum journal_safety {
    JOURNAL_SURVIVES_POWER_LOSS = 0,   /* each begin and close waits for the disk */
    JOURNAL_SURVIVES_PROCESS_LOSS = 1, /* simulated robots: kill -9, but not a power cut */
};

struct journal_options {
    const char *path;      /* of the file; copied; path.new is used while it is rewritten */
    const char *device_id; /* copied */
    size_t max_bytes;      /* 0: JOURNAL_MAX_BYTES */
    enum journal_safety safety;
    int64_t now_ms; /* wall clock: the end of attempts that power loss cut */
};

/* Opens the journal, creating it when absent, drops a frame that power loss left half written at
 * its end, and closes every attempt found open as worst_case and lost. The caller owns *out.
 * STATUS_CORRUPT: damage elsewhere than at the end, or another robot's file; it is left as it was
 * found. STATUS_IO, STATUS_FULL (disk). */
MUST_CHECK enum status journal_open(struct journal **out, const struct journal_options *options);

/* NULL is allowed. Attempts still open are closed as lost at the next start. */
void journal_close(struct journal *journal);

/* Opens the attempt: record holds turn, attempt, vendor, model, contract, contract_version,
 * start_ms, generation, line_id, reserved_input and reserved_output, for sound audio_in_ms or
 * audio_out_chars as they will be sent; clock_offset_ms and
 * state_time_ms are set in it. Reserves credit and the room for the close. Nothing may be sent
 * before STATUS_OK. STATUS_DENIED: the credit does not cover the worst case; STATUS_FULL: no room
 * in file, disk or table of open attempts; STATUS_EXISTS: this turn and attempt is open already;
 * STATUS_IO: the disk failed, and from then on refuses everything but reading. */
MUST_CHECK enum status journal_begin(struct journal *journal, wire_UsageRecord *record);

/* Closes the attempt that record's turn and attempt name: numbers it, chains it, makes it pending
 * and settles the credit. record is the one given to journal_begin(), completed: end_ms,
 * provenance, outcome, token classes, and requests, which is 0 for NOT_SENT and 1 for all others.
 * NOT_SENT is for when no byte of the request was handed to TLS, and for nothing else.
 * STATUS_NOT_FOUND: not open; STATUS_INVALID: provenance, outcome or requests do not fit. */
MUST_CHECK enum status journal_close_attempt(struct journal *journal,
                                             const wire_UsageRecord *record);

/* Fills journal_id, first_seq, previous_hash and records (oldest pending first, at most
 * max_records); the rest of batch is untouched. That they are in a batch is on the disk before:
 * they come again as they are. STATUS_NOT_FOUND: nothing is pending; STATUS_FULL, STATUS_IO: the
 * disk does not take it, and no batch may go out. */
MUST_CHECK enum status journal_next_batch(struct journal *journal, size_t max_records,
                                          wire_UsageBatch *batch);

/* The server holds everything up to seq and its chain has this hash there. An older seq is
 * STATUS_OK and changes nothing. STATUS_STALE: another journal's id; STATUS_CONFLICT: the hash
 * differs, or seq was never issued: histories forked. */
MUST_CHECK enum status journal_acknowledge(struct journal *journal, const uint8_t journal_id[16],
                                           uint64_t seq, const uint8_t hash[CRYPTO_HASH_SIZE]);

/* A restored server holds only what is up to seq: later records become pending again, as far back
 * as they are still kept. STATUS_FULL: the disk has no room to remember it; nothing changed.
 * Otherwise as journal_acknowledge(). */
MUST_CHECK enum status journal_rewind(struct journal *journal, const uint8_t journal_id[16],
                                      uint64_t seq, const uint8_t hash[CRYPTO_HASH_SIZE]);

/* The server found that this history forked (a cloned or restored disk): starts a journal that
 * names this one, at what it last had acknowledged, as its parent, and refiles what was pending.
 * Nothing is granted to the new one yet, and what was refiled counts as used in it. */
MUST_CHECK enum status journal_fork(struct journal *journal);

/* For hello. */
void journal_head(struct journal *journal, wire_JournalHead *out);

/* For hello as well: what the records before the oldest one kept add up to, so that a server that
 * has forgotten them can still count them. False, and nothing is filled: none was dropped, or it
 * was before such sums were kept. */
bool journal_dropped(struct journal *journal, wire_JournalDropped *out);

/* Records that wait for the server. */
uint64_t journal_pending(struct journal *journal);

/* What the last `state` told about time; stamped into attempts opened from now on and kept with the
 * next acknowledgement, so that it is known after a restart without a server. */
void journal_set_clock(struct journal *journal, int64_t clock_offset_ms, int64_t state_time_ms);

/* Credit: see credit.h. Granted amounts are on disk before they can be used, and returned ones
 * before they can be told. The lines are those of a state about this journal: each journal has its
 * own account. In a new epoch what is pending by then counts as used in it, because the server
 * counts it so: acknowledge or rewind before. STATUS_STALE: of an older epoch; STATUS_FULL,
 * STATUS_IO: the disk; some lines may be granted already. */
MUST_CHECK enum status journal_grant(struct journal *journal, uint32_t epoch,
                                     const wire_CreditLine *lines, size_t count);

/* Cuts the reserved_output of record, which is about to be given to journal_begin() and has what
 * the attempt would like, to what its line leaves; when that is less than CREDIT_LEAST_OUTPUT, and
 * less than it has, record stays as it is and will be refused. */
void journal_clip(struct journal *journal, wire_UsageRecord *record);

void journal_credit(struct journal *journal, wire_CreditUse out[LIMIT_CREDIT_LINES],
                    pb_size_t *count);

/* A report was made: what is wanted is estimated from the use between two of them. */
void journal_reported(struct journal *journal);

/* See credit.h. */
enum credit_outlook journal_outlook(struct journal *journal, const char *line_id);

/* What has happened to credit since the journal was opened. */
struct credit_events journal_credit_events(struct journal *journal);

#endif
