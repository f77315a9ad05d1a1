#include "agent/meter/attempts.h"

#include <string.h>

void attempts_init(struct attempts *attempts)
{
    *attempts = (struct attempts){.begun = 0};
    pthread_mutex_init(&attempts->lock, NULL);
}

void attempts_release(struct attempts *attempts)
{
    pthread_mutex_destroy(&attempts->lock);
}

void attempts_continue(struct attempts *attempts, const uint8_t *uuid, uint32_t last)
{
    pthread_mutex_lock(&attempts->lock);
    memcpy(attempts->heard_uuid, uuid, sizeof attempts->heard_uuid);
    attempts->heard_last = last;
    pthread_mutex_unlock(&attempts->lock);
}

void attempts_begin(struct attempts *attempts, uint64_t turn, const uint8_t *uuid)
{
    pthread_mutex_lock(&attempts->lock);
    const size_t place = attempts->begun++ % ATTEMPTS_TURNS;
    attempts->turns[place].turn = turn;
    memcpy(attempts->turns[place].uuid, uuid, sizeof attempts->turns[place].uuid);
    attempts->turns[place].last = 0;
    if (memcmp(attempts->heard_uuid, uuid, sizeof attempts->heard_uuid) == 0)
        attempts->turns[place].last = attempts->heard_last;
    pthread_mutex_unlock(&attempts->lock);
}

enum status attempts_next(struct attempts *attempts, uint64_t turn, uint8_t uuid[16],
                          uint32_t *number)
{
    enum status status = STATUS_NOT_FOUND;

    pthread_mutex_lock(&attempts->lock);
    for (size_t i = 0; i < ATTEMPTS_TURNS && turn != 0; i++) {
        if (attempts->turns[i].turn != turn)
            continue;
        memcpy(uuid, attempts->turns[i].uuid, sizeof attempts->turns[i].uuid);
        *number = ++attempts->turns[i].last;
        status = STATUS_OK;
    }
    pthread_mutex_unlock(&attempts->lock);
    return status;
}
