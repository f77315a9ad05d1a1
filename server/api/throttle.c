#include "server/api/throttle.h"

#include <pthread.h>

#include "schema/base/crypto.h"

/* Keys are kept as hashes: they come from outside and may be long. */
struct slot {
    uint8_t key[CRYPTO_HASH_SIZE];
    int64_t started_ms, last_ms;
    unsigned failures; /* 0: free */
};

struct throttle {
    pthread_mutex_t lock;
    struct throttle_limits limits;
    struct slot slots[]; /* limits.max_keys */
};

enum status throttle_create(struct throttle **out, const struct throttle_limits *limits)
{
    struct throttle *throttle =
        calloc(1, sizeof *throttle + limits->max_keys * sizeof(struct slot));

    if (throttle == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&throttle->lock, NULL);
    throttle->limits = *limits;
    *out = throttle;
    return STATUS_OK;
}

void throttle_free(struct throttle *throttle)
{
    if (throttle == NULL)
        return;
    pthread_mutex_destroy(&throttle->lock);
    free(throttle);
}

static void hash_key(const char *key, uint8_t out[CRYPTO_HASH_SIZE])
{
    const struct span part = span_text(key);

    crypto_sha256(&part, 1, out);
}

/* The key's slot, or NULL. A window that has ended is no slot. */
static struct slot *find(struct throttle *throttle, const uint8_t *key, int64_t now_ms)
{
    for (size_t i = 0; i < throttle->limits.max_keys; i++) {
        struct slot *slot = &throttle->slots[i];

        if (slot->failures > 0 && memcmp(slot->key, key, CRYPTO_HASH_SIZE) == 0) {
            if (now_ms - slot->started_ms < throttle->limits.window_ms)
                return slot;
            slot->failures = 0;
            return NULL;
        }
    }
    return NULL;
}

/* Which of two live windows is missed less. */
static bool matters_less(const struct slot *a, const struct slot *b)
{
    return a->failures != b->failures ? a->failures < b->failures : a->started_ms < b->started_ms;
}

/* A free slot, or the one that matters least. */
static struct slot *make_room(struct throttle *throttle)
{
    struct slot *least = &throttle->slots[0];

    for (size_t i = 0; i < throttle->limits.max_keys; i++) {
        struct slot *slot = &throttle->slots[i];

        if (slot->failures == 0)
            return slot;
        if (matters_less(slot, least))
            least = slot;
    }
    return least;
}

static int64_t wait_ms(const struct throttle *throttle, const struct slot *slot, int64_t now_ms)
{
    const struct throttle_limits *limits = &throttle->limits;

    if (slot == NULL || slot->failures < limits->tries)
        return 0;
    if (limits->pace_ms == 0)
        return slot->started_ms + limits->window_ms - now_ms;
    const int64_t next_ms = slot->last_ms + limits->pace_ms;
    return next_ms > now_ms ? next_ms - now_ms : 0;
}

static void count(struct throttle *throttle, struct slot *slot, const uint8_t *key, int64_t now_ms)
{
    if (slot == NULL) {
        slot = make_room(throttle);
        *slot = (struct slot){.started_ms = now_ms};
        memcpy(slot->key, key, CRYPTO_HASH_SIZE);
    }
    slot->last_ms = now_ms;
    slot->failures++;
}

int64_t throttle_wait_ms(struct throttle *throttle, const char *key, int64_t now_ms)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    const int64_t wait = wait_ms(throttle, find(throttle, hash, now_ms), now_ms);
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

int64_t throttle_try(struct throttle *throttle, const char *key, int64_t now_ms)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    struct slot *slot = find(throttle, hash, now_ms);
    const int64_t wait = wait_ms(throttle, slot, now_ms);
    if (wait == 0)
        count(throttle, slot, hash, now_ms);
    pthread_mutex_unlock(&throttle->lock);
    return wait;
}

void throttle_fail(struct throttle *throttle, const char *key, int64_t now_ms)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    count(throttle, find(throttle, hash, now_ms), hash, now_ms);
    pthread_mutex_unlock(&throttle->lock);
}

/* Leaves so many of a key's tries: one fewer, or none. */
static void take_back(struct throttle *throttle, const char *key, bool all)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    for (size_t i = 0; i < throttle->limits.max_keys; i++) {
        struct slot *slot = &throttle->slots[i];

        if (slot->failures > 0 && memcmp(slot->key, hash, sizeof hash) == 0)
            slot->failures = all ? 0 : slot->failures - 1;
    }
    pthread_mutex_unlock(&throttle->lock);
}

void throttle_forgive(struct throttle *throttle, const char *key)
{
    take_back(throttle, key, false);
}

void throttle_clear(struct throttle *throttle, const char *key)
{
    take_back(throttle, key, true);
}

bool throttle_is_used_up(struct throttle *throttle, const char *key, int64_t now_ms)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    const struct slot *slot = find(throttle, hash, now_ms);
    const bool is_used_up = slot != NULL && slot->failures >= throttle->limits.tries;
    pthread_mutex_unlock(&throttle->lock);
    return is_used_up;
}
