#include "agent/consent.h"

#include <string.h>

void consent_init(struct consent *consent)
{
    *consent = (struct consent){.is_open = false};
    pthread_mutex_init(&consent->lock, NULL);
}

void consent_release(struct consent *consent)
{
    pthread_mutex_destroy(&consent->lock);
}

enum consent_asked consent_ask(struct consent *consent, const uint8_t id[16], int64_t now_ms,
                               enum consent_answer *answer)
{
    enum consent_asked asked = CONSENT_ASKED;

    pthread_mutex_lock(&consent->lock);
    const bool is_known = memcmp(consent->id, id, sizeof consent->id) == 0;
    if (consent->is_open) {
        asked = is_known ? CONSENT_WAITS : CONSENT_BUSY;
    } else if (is_known && consent->answer != CONSENT_NONE) {
        asked = CONSENT_ANSWERED;
        *answer = consent->answer;
    } else {
        consent->is_open = true;
        consent->asked_ms = now_ms;
        consent->pressed_ms = 0;
        consent->answer = CONSENT_NONE;
        memcpy(consent->id, id, sizeof consent->id);
    }
    pthread_mutex_unlock(&consent->lock);
    return asked;
}

void consent_drop(struct consent *consent)
{
    pthread_mutex_lock(&consent->lock);
    consent->is_open = false;
    pthread_mutex_unlock(&consent->lock);
}

/* Under the lock. */
static void settle(struct consent *consent, enum consent_answer answer, uint8_t id[16])
{
    consent->is_open = false;
    consent->answer = answer;
    memcpy(id, consent->id, sizeof consent->id);
}

bool consent_say(struct consent *consent, enum consent_answer answer, uint8_t id[16])
{
    pthread_mutex_lock(&consent->lock);
    const bool was_open = consent->is_open;
    if (was_open)
        settle(consent, answer, id);
    pthread_mutex_unlock(&consent->lock);
    return was_open;
}

bool consent_button(struct consent *consent, bool is_down, int64_t now_ms,
                    enum consent_answer *answer, uint8_t id[16])
{
    *answer = CONSENT_NONE;
    pthread_mutex_lock(&consent->lock);
    /* a press that began before the request was meant for the ear, and so is its end */
    const bool is_ours = consent->is_open && (is_down || consent->pressed_ms != 0);
    if (is_ours && is_down && consent->pressed_ms == 0) {
        consent->pressed_ms = now_ms;
    } else if (is_ours && !is_down) {
        const bool was_held = now_ms - consent->pressed_ms >= CONSENT_HOLD_MS;

        *answer = was_held ? CONSENT_GIVEN : CONSENT_DECLINED;
        settle(consent, *answer, id);
    }
    pthread_mutex_unlock(&consent->lock);
    return is_ours;
}

bool consent_expire(struct consent *consent, int64_t now_ms, uint8_t id[16])
{
    pthread_mutex_lock(&consent->lock);
    const bool is_late = consent->is_open && now_ms - consent->asked_ms >= CONSENT_WINDOW_MS;
    if (is_late)
        settle(consent, CONSENT_LATE, id);
    pthread_mutex_unlock(&consent->lock);
    return is_late;
}
