/* credit.h - the rules of credit lines (design section 4): how much of a route may be used
 *
 * A line has up to LIMIT_MEASURES measures (schema/wire/measure.h) and every one of them binds: an
 * attempt starts only when its worst case fits each. Per measure the amounts are cumulative within
 * an epoch and only grow; what is usable is granted - returned - used - open. The account belongs
 * to one journal: used counts exactly the records that the server settles in it.
 *
 * A line is immutable but for what is granted and asked back. What a state says of a known line
 * with other weights is not taken (and told to the server): the attempts under way and the records
 * pending were weighed by the old ones.
 *
 * The journal owns one struct credit, keeps it on disk and locks it; others go through journal.h.
 * Fields are private to both. No I/O; not thread-safe.
 */
#ifndef AGENT_METER_CREDIT_H
#define AGENT_METER_CREDIT_H

#include <stdbool.h>

#include "schema/wire/message.h"

#define CREDIT_NOT_NAMED 255 /* a rank: the newest state does not name the line */

#define CREDIT_LEAST_OUTPUT 32 /* tokens: a shorter answer is none */

/* An attempt before any was made: what a first question reserves. */
#define CREDIT_TYPICAL_INPUT  2000
#define CREDIT_TYPICAL_OUTPUT 400

/* What a trial's test reserves at most. */
#define CREDIT_TEST_INPUT  600
#define CREDIT_TEST_OUTPUT 256
#define CREDIT_TEST_CHARS  40

struct credit_measure {
    /* on disk */
    uint64_t weights[LIMIT_WEIGHTS];
    uint64_t divisor;
    uint64_t granted;
    uint64_t returned;
    uint64_t used;
    /* not on disk */
    uint64_t open;         /* reserved by attempts under way: orphans are closed at the start */
    uint64_t used_told;    /* what the report before told */
    uint64_t used_between; /* used between the two reports before */
};

struct credit_line {
    char line_id[LIMIT_SLUG + 1];
    bool unlimited;
    uint8_t measure_count;
    /* not on disk: what the newest state says of it, and what came of it since */
    uint8_t rank;    /* place in the state, which is that of the route */
    uint8_t use;     /* wire_RouteUse: only lines of one use stand in for each other, */
    bool is_test;    /* and a trial's for none */
    bool is_standby; /* an attempt's worth is to lie ready here */
    bool is_used_up; /* the server had less than was wanted */
    bool refused;    /* an attempt was, since the last grant */
    struct credit_measure measures[LIMIT_MEASURES];
};

/* What has happened since the start, for those who tell the server. */
struct credit_events {
    uint64_t denied;        /* attempts that did not fit, */
    uint64_t awaited;       /* those of them that a grant may help at once */
    uint64_t moved;         /* states that made another line the first that is not used up */
    uint64_t returned;      /* states that made the device return something */
    uint64_t lines_refused; /* a known line's id with other weights */
    uint64_t told;          /* states that were merged */
};

struct credit {
    uint32_t epoch;
    size_t count;
    struct credit_line lines[LIMIT_CREDIT_LINES];
    uint64_t typical_input; /* what the attempts lately asked for; not on disk */
    uint64_t typical_output;
    uint64_t typical_chars; /* to be spoken */
    uint64_t typical_audio_ms;
    struct credit_events events;
};

/* Grants of another epoch are void: nothing is granted, returned or used. Attempts under way stay
 * reserved. */
void credit_start_epoch(struct credit *credit, uint32_t epoch);

/* The same for another journal: its account is another one. */
void credit_start_journal(struct credit *credit);

/* What the server granted. A higher epoch starts anew, a lower one is STATUS_STALE and ignored, the
 * same merges by maximum. What is asked back is returned as far as it is unused. Lines that the
 * state does not name stay usable until their place is needed. changed[i]: what belongs on disk of
 * line i did change. */
MUST_CHECK enum status credit_merge(struct credit *credit, uint32_t epoch,
                                    const wire_CreditLine *lines, size_t count,
                                    bool changed[LIMIT_CREDIT_LINES]);

/* The most output that the attempt could reserve, at most what record reserves: which is noted as
 * what an attempt likes to have. 0: not even its input fits, or the line is unknown. An empty
 * line_id is a route that nothing binds. */
uint64_t credit_room(struct credit *credit, const wire_UsageRecord *record);

/* Reserves the attempt's worst case in every measure, or nothing. STATUS_DENIED: it does not fit
 * one, or the line is unknown. */
MUST_CHECK enum status credit_reserve(struct credit *credit, const wire_UsageRecord *record);

/* Undoes a reservation: the attempt was not opened. */
void credit_release(struct credit *credit, const wire_UsageRecord *record);

/* Ends the reservation that was made by reserved; what the closed record consumed is used. */
void credit_end_attempt(struct credit *credit, const wire_UsageRecord *reserved,
                        const wire_UsageRecord *record);

/* A record that the account begins with: used without having been reserved here. */
void credit_carry_over(struct credit *credit, const wire_UsageRecord *record);

/* What became of a line on which an attempt was refused. */
enum credit_outlook {
    CREDIT_GRANTED, /* something was granted since */
    CREDIT_AWAITED, /* the server has not answered yet */
    CREDIT_USED_UP, /* it has no more, or does not name the line */
};
enum credit_outlook credit_outlook(const struct credit *credit, const char *line_id);

/* For hello, usage and report; sets *count. wanted is what the device expects to need beyond the
 * usable until the next report: as much as between the last two or since the last one, and one
 * attempt like the last on the first line that is not used up, on those before it, where one is to
 * lie ready, and where one was refused. least is what an attempt like the last takes when its
 * answer is cut to CREDIT_LEAST_OUTPUT. */
void credit_report(const struct credit *credit, wire_CreditUse out[LIMIT_CREDIT_LINES],
                   pb_size_t *count);

/* A report was made: use is measured from here on. */
void credit_reported(struct credit *credit);

/* Read from disk: what was used before is no sign of what comes. */
void credit_resume(struct credit *credit);

#endif
