#include "server/api/identities.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"

#define SLOTS 256 /* one for each first byte of a hash */

struct slot {
    uint8_t hash[CRYPTO_HASH_SIZE];
    bool is_session;
    int64_t kept_ms;
    uint64_t round; /* 0: free */
    struct operators_identity identity;
};

struct identities {
    pthread_mutex_t lock;
    uint64_t round; /* grows when all are forgotten; slots of another round count as free */
    struct slot slots[SLOTS];
};

enum status identities_create(struct identities **out)
{
    struct identities *identities = calloc(1, sizeof *identities);

    if (identities == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&identities->lock, NULL);
    identities->round = 1;
    *out = identities;
    return STATUS_OK;
}

void identities_free(struct identities *identities)
{
    if (identities == NULL)
        return;
    pthread_mutex_destroy(&identities->lock);
    free(identities);
}

bool identities_find(struct identities *identities, struct span hash, bool is_session,
                     int64_t now_ms, struct operators_identity *out, uint64_t *round)
{
    const struct slot *slot = &identities->slots[hash.data[0]];

    pthread_mutex_lock(&identities->lock);
    bool found = slot->round == identities->round && slot->is_session == is_session &&
                 memcmp(slot->hash, hash.data, CRYPTO_HASH_SIZE) == 0 &&
                 now_ms - slot->kept_ms < IDENTITIES_MS;
    if (found)
        *out = slot->identity;
    *round = identities->round;
    pthread_mutex_unlock(&identities->lock);
    return found;
}

void identities_keep(struct identities *identities, struct span hash, bool is_session,
                     int64_t now_ms, const struct operators_identity *identity, uint64_t round)
{
    struct slot *slot = &identities->slots[hash.data[0]];

    pthread_mutex_lock(&identities->lock);
    if (round == identities->round) {
        *slot = (struct slot){
            .is_session = is_session, .kept_ms = now_ms, .round = round, .identity = *identity};
        memcpy(slot->hash, hash.data, CRYPTO_HASH_SIZE);
    }
    pthread_mutex_unlock(&identities->lock);
}

void identities_forget(struct identities *identities)
{
    pthread_mutex_lock(&identities->lock);
    identities->round++;
    pthread_mutex_unlock(&identities->lock);
}
