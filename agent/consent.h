/* consent.h - whether the owner agrees that a report about the robot goes to the company
 *
 * One request at a time. It is answered at the robot: by the button, held for CONSENT_HOLD_MS to
 * agree and pressed for a shorter time to decline, or at the local socket. Nobody's answer within
 * CONSENT_WINDOW_MS is none. What was answered last is remembered, so that a request that comes
 * again, because its answer was lost, is not asked twice.
 *
 * No I/O; time is an argument. Thread-safe.
 */
#ifndef AGENT_CONSENT_H
#define AGENT_CONSENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define CONSENT_WINDOW_MS 180000
#define CONSENT_HOLD_MS   2000

enum consent_answer {
    CONSENT_NONE = 0, /* nothing was asked, or nothing is answered yet */
    CONSENT_GIVEN = 1,
    CONSENT_DECLINED = 2,
    CONSENT_LATE = 3, /* nobody answered */
};

/* Fields are private. */
struct consent {
    pthread_mutex_t lock;
    bool is_open;
    int64_t asked_ms;   /* monotonic, like pressed_ms */
    int64_t pressed_ms; /* 0: the button is not held */
    uint8_t id[16];     /* of the open request; else of the last one */
    enum consent_answer answer;
};

/* What became of asking. */
enum consent_asked {
    CONSENT_ASKED,    /* the owner is to be told */
    CONSENT_WAITS,    /* it was asked before and waits */
    CONSENT_ANSWERED, /* before: see *answer */
    CONSENT_BUSY,     /* another request waits */
};

void consent_init(struct consent *consent);
void consent_release(struct consent *consent);

/* answer is set where the request was answered before. */
enum consent_asked consent_ask(struct consent *consent, const uint8_t id[16], int64_t now_ms,
                               enum consent_answer *answer);

/* Drops the open request, which could not be put to the owner. */
void consent_drop(struct consent *consent);

/* The owner's word. False: nothing is asked. id gets the request's. */
bool consent_say(struct consent *consent, enum consent_answer answer, uint8_t id[16]);

/* The button, while something is asked. False: nothing is, and the button means what it always
 * does. Once it is let go *answer is set, and id the request's. */
bool consent_button(struct consent *consent, bool is_down, int64_t now_ms,
                    enum consent_answer *answer, uint8_t id[16]);

/* True, once: the open request's time is up. id gets the request's. */
bool consent_expire(struct consent *consent, int64_t now_ms, uint8_t id[16]);

#endif
