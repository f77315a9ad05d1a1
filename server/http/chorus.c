#include "server/http/chorus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct chorus {
    pthread_mutex_t mutex;
    struct chorus_one *asking; /* the first of each question that is being answered */
};

enum status chorus_create(struct chorus **out)
{
    struct chorus *chorus = calloc(1, sizeof *chorus);

    if (chorus == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&chorus->mutex, NULL);
    *out = chorus;
    return STATUS_OK;
}

void chorus_free(struct chorus *chorus)
{
    if (chorus == NULL)
        return;
    pthread_mutex_destroy(&chorus->mutex);
    free(chorus);
}

static struct chorus_one *find(const struct chorus *chorus, const char *question)
{
    struct chorus_one *one = chorus->asking;

    while (one != NULL && strcmp(one->question, question) != 0)
        one = one->other;
    return one;
}

/* False: nobody is asking that. */
static bool put_aside(struct chorus *chorus, struct chorus_one *one)
{
    struct chorus_one *first = find(chorus, one->question);

    if (first == NULL)
        return false;
    one->along = first->later;
    first->later = one;
    return true;
}

bool chorus_follow(struct chorus *chorus, struct chorus_one *one, const char *question)
{
    *one = (struct chorus_one){.question = question};
    pthread_mutex_lock(&chorus->mutex);
    const bool follows = put_aside(chorus, one);
    pthread_mutex_unlock(&chorus->mutex);
    return follows;
}

bool chorus_join(struct chorus *chorus, struct chorus_one *one, const char *question)
{
    *one = (struct chorus_one){.question = question};
    pthread_mutex_lock(&chorus->mutex);
    const bool follows = put_aside(chorus, one);
    if (!follows) {
        one->other = chorus->asking;
        chorus->asking = one;
    }
    pthread_mutex_unlock(&chorus->mutex);
    return !follows;
}

struct chorus_one *chorus_next(struct chorus *chorus, struct chorus_one *first)
{
    struct chorus_one **place = &chorus->asking;

    pthread_mutex_lock(&chorus->mutex);
    while (*place != first)
        place = &(*place)->other;
    struct chorus_one *next = first->later;
    if (next != NULL) {
        next->other = first->other;
        *place = next;
    } else {
        *place = first->other;
    }
    pthread_mutex_unlock(&chorus->mutex);
    return next;
}

struct chorus_one *chorus_along(const struct chorus_one *one)
{
    return one->along;
}
