#include "server/api/throttle.h"

#include <pthread.h>

#include "schema/base/crypto.h"

/* Keys are kept as hashes: they come from outside and may be long. */
struct slot {
    uint8_t key[CRYPTO_HASH_SIZE];
    int64_t started_ms;
    unsigned failures; /* 0: free */
};

struct throttle {
    pthread_mutex_t lock;
    unsigned max_failures;
    int64_t window_ms;
    size_t count;
    struct slot slots[];
};

enum status throttle_create(struct throttle **out, size_t max_keys, unsigned max_failures,
                            int64_t window_ms)
{
    struct throttle *throttle = calloc(1, sizeof *throttle + max_keys * sizeof(struct slot));

    if (throttle == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&throttle->lock, NULL);
    throttle->max_failures = max_failures;
    throttle->window_ms = window_ms;
    throttle->count = max_keys;
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
    for (size_t i = 0; i < throttle->count; i++) {
        struct slot *slot = &throttle->slots[i];

        if (slot->failures > 0 && memcmp(slot->key, key, CRYPTO_HASH_SIZE) == 0) {
            if (now_ms - slot->started_ms < throttle->window_ms)
                return slot;
            slot->failures = 0;
            return NULL;
        }
    }
    return NULL;
}

/* A free slot, or the one whose window is oldest. */
static struct slot *make_room(struct throttle *throttle)
{
    struct slot *oldest = &throttle->slots[0];

    for (size_t i = 0; i < throttle->count; i++) {
        struct slot *slot = &throttle->slots[i];

        if (slot->failures == 0)
            return slot;
        if (slot->started_ms < oldest->started_ms)
            oldest = slot;
    }
    return oldest;
}

int64_t throttle_wait_ms(struct throttle *throttle, const char *key, int64_t now_ms)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    int64_t wait_ms = 0;

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    const struct slot *slot = find(throttle, hash, now_ms);
    if (slot != NULL && slot->failures >= throttle->max_failures)
        wait_ms = slot->started_ms + throttle->window_ms - now_ms;
    pthread_mutex_unlock(&throttle->lock);
    return wait_ms;
}

void throttle_fail(struct throttle *throttle, const char *key, int64_t now_ms)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    struct slot *slot = find(throttle, hash, now_ms);
    if (slot == NULL) {
        slot = make_room(throttle);
        memcpy(slot->key, hash, sizeof hash);
        slot->started_ms = now_ms;
        slot->failures = 0;
    }
    slot->failures++;
    pthread_mutex_unlock(&throttle->lock);
}

void throttle_clear(struct throttle *throttle, const char *key)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_key(key, hash);
    pthread_mutex_lock(&throttle->lock);
    for (size_t i = 0; i < throttle->count; i++)
        if (memcmp(throttle->slots[i].key, hash, sizeof hash) == 0)
            throttle->slots[i].failures = 0;
    pthread_mutex_unlock(&throttle->lock);
}
