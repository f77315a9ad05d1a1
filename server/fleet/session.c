#include "server/fleet/session.h"

#include <string.h>

#define WINDOW_BITS 64

/* PostgreSQL keeps these numbers as bigint. */
#define NUMBER_MAX ((uint64_t)INT64_MAX)

static bool is_same(const struct session *session, uint64_t number, const uint8_t *id)
{
    return number == session->number && memcmp(id, session->id, SESSION_ID_SIZE) == 0;
}

static void note_end(struct session *session, uint64_t number, int64_t now_ms)
{
    if (number > session->ended) {
        session->ended = number;
        session->ended_at_ms = now_ms;
    }
}

static enum session_verdict adopt(struct session *session, const struct session_claim *claim,
                                  int64_t now_ms)
{
    note_end(session, session->number, now_ms);
    session->number = claim->number;
    memcpy(session->id, claim->id, SESSION_ID_SIZE);
    session->has_hello = claim->is_hello;
    session->broker = claim->broker;
    session->counter_top = claim->counter;
    session->counter_window = 1;
    return SESSION_ADOPTED;
}

/* Takes note of a counter; false when it was seen or is too old to know. */
static bool take_counter(struct session *session, uint64_t counter)
{
    if (counter > session->counter_top) {
        uint64_t ahead = counter - session->counter_top;

        session->counter_window =
            ahead < WINDOW_BITS ? session->counter_window << ahead | 1 : UINT64_C(1);
        session->counter_top = counter;
        return true;
    }

    uint64_t behind = session->counter_top - counter;
    if (behind >= WINDOW_BITS || session->counter_window >> behind & 1)
        return false;
    session->counter_window |= UINT64_C(1) << behind;
    return true;
}

static enum session_verdict by_age(int64_t since_ms, int64_t stale_window_ms, int64_t now_ms)
{
    return now_ms - since_ms <= stale_window_ms ? SESSION_STALE : SESSION_REPLAYED;
}

static enum session_verdict judge_known(struct session *session, const struct session_claim *claim,
                                        int64_t stale_window_ms, int64_t now_ms)
{
    if (!take_counter(session, claim->counter))
        return by_age(claim->sent_ms, stale_window_ms, now_ms);
    session->has_hello = session->has_hello || claim->is_hello;
    return SESSION_CURRENT;
}

enum session_verdict session_judge(struct session *session, const struct session_claim *claim,
                                   int64_t stale_window_ms, int64_t now_ms,
                                   struct session_note *note)
{
    *note = (struct session_note){
        .newest = claim->number > session->number ||
                  (claim->number == session->number && claim->counter > session->counter_top)};
    if (claim->number == 0 || claim->number > NUMBER_MAX || claim->counter == 0 ||
        claim->counter > NUMBER_MAX)
        return SESSION_INVALID;
    if (claim->number > session->number)
        return adopt(session, claim, now_ms);
    const bool is_known = is_same(session, claim->number, claim->id);
    if (is_known && session_is_live(session))
        return judge_known(session, claim, stale_window_ms, now_ms);

    enum session_verdict verdict = by_age(session->ended_at_ms, stale_window_ms, now_ms);
    /* Wills are not sealed: a device that goes on after one that was forged would never be heard
     * again on this connection. */
    if (!claim->is_hello && !is_known)
        return verdict;
    note->late = verdict == SESSION_REPLAYED;
    return SESSION_FLOOR;
}

bool session_end(struct session *session, uint64_t number, const uint8_t *id, int64_t now_ms)
{
    if (!is_same(session, number, id) || session->ended >= number)
        return false;
    note_end(session, number, now_ms);
    return true;
}

bool session_is_live(const struct session *session)
{
    return session->number > session->ended;
}
