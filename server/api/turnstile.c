#include "server/api/turnstile.h"

#include <pthread.h>
#include <stdlib.h>

struct turnstile {
    pthread_mutex_t lock;
    pthread_cond_t left;
    unsigned room; /* inside */
    unsigned seats;
    unsigned inside, waiting;
};

enum status turnstile_create(struct turnstile **out, unsigned inside, unsigned waiting)
{
    struct turnstile *turnstile = calloc(1, sizeof *turnstile);

    if (turnstile == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&turnstile->lock, NULL);
    pthread_cond_init(&turnstile->left, NULL);
    turnstile->room = inside;
    turnstile->seats = waiting;
    *out = turnstile;
    return STATUS_OK;
}

void turnstile_free(struct turnstile *turnstile)
{
    if (turnstile == NULL)
        return;
    pthread_cond_destroy(&turnstile->left);
    pthread_mutex_destroy(&turnstile->lock);
    free(turnstile);
}

bool turnstile_enter(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    const bool may_wait =
        turnstile->inside < turnstile->room || turnstile->waiting < turnstile->seats;
    if (may_wait) {
        turnstile->waiting++;
        while (turnstile->inside >= turnstile->room)
            pthread_cond_wait(&turnstile->left, &turnstile->lock);
        turnstile->waiting--;
        turnstile->inside++;
    }
    pthread_mutex_unlock(&turnstile->lock);
    return may_wait;
}

void turnstile_leave(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    turnstile->inside--;
    pthread_cond_signal(&turnstile->left);
    pthread_mutex_unlock(&turnstile->lock);
}
