#include "server/bus/peers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/link.h"

#define SETS 8192
#define WAYS 8

struct entry {
    struct box_pair pair; /* an empty device_id: unused */
    uint64_t used_at;
};

struct peers {
    struct store *store;
    uint8_t master_key[CRYPTO_KEY_SIZE];
    pthread_mutex_t mutex; /* of what follows; not held while the database is asked */
    uint64_t uses;
    struct entry entries[SETS][WAYS];
};

enum status peers_create(struct peers **out, struct store *store,
                         const uint8_t master_key[CRYPTO_KEY_SIZE])
{
    struct peers *peers = calloc(1, sizeof *peers);

    if (!peers)
        return STATUS_MEMORY;
    if (pthread_mutex_init(&peers->mutex, NULL) != 0) {
        free(peers);
        return STATUS_MEMORY;
    }
    peers->store = store;
    memcpy(peers->master_key, master_key, sizeof peers->master_key);
    *out = peers;
    return STATUS_OK;
}

void peers_free(struct peers *peers)
{
    if (!peers)
        return;
    pthread_mutex_destroy(&peers->mutex);
    crypto_wipe(peers, sizeof *peers);
    free(peers);
}

/* FNV-1a: ids are few and not chosen by an enemy, enrolment is. */
static struct entry *set_of(struct peers *peers, const char *device_id)
{
    uint32_t hash = 2166136261u;

    for (; *device_id; device_id++)
        hash = (hash ^ (uint8_t)*device_id) * 16777619u;
    return peers->entries[hash % SETS];
}

static struct entry *find_entry(struct entry *set, const char *device_id)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (strcmp(set[i].pair.device_id, device_id) == 0)
            return &set[i];
    }
    return NULL;
}

static struct entry *oldest_entry(struct entry *set)
{
    struct entry *oldest = set;

    for (size_t i = 1; i < WAYS; i++) {
        if (set[i].used_at < oldest->used_at)
            oldest = &set[i];
    }
    return oldest;
}

/* What device and server share, as it is kept, or made anew for a server key that it is not kept
 * for.
 */
static enum status unwrap(const struct peers *peers, const char *device_id,
                          const struct link_keys *keys, uint8_t secret[PKI_X25519_SIZE])
{
    uint8_t private_key[PKI_X25519_SIZE];
    char purpose[64];

    snprintf(purpose, sizeof purpose, "pair:%s", device_id);
    if (keys->has_secret)
        return crypto_unwrap(peers->master_key, purpose,
                             span_of(keys->secret_wrapped, sizeof keys->secret_wrapped), secret);
    enum status status =
        crypto_unwrap(peers->master_key, "sealing-key",
                      span_of(keys->private_wrapped, sizeof keys->private_wrapped), private_key);
    if (status == STATUS_OK)
        status = pki_agree(private_key, keys->device_public, secret);
    crypto_wipe(private_key, sizeof private_key);
    return status;
}

static enum status load(struct peers *peers, const char *device_id, const uint8_t server_key_id[4],
                        struct box_pair *pair)
{
    struct link_keys keys;
    enum status status = link_find_keys(peers->store, device_id, server_key_id, &keys);

    if (status == STATUS_OK)
        status = unwrap(peers, device_id, &keys, pair->secret);
    if (status != STATUS_OK)
        return status;
    snprintf(pair->device_id, sizeof pair->device_id, "%s", device_id);
    memcpy(pair->device_public, keys.device_public, sizeof pair->device_public);
    memcpy(pair->server_public, keys.server_public, sizeof pair->server_public);
    return STATUS_OK;
}

static bool is_under(const struct box_pair *pair, const uint8_t server_key_id[4])
{
    uint8_t kept_id[4];

    box_key_id(pair->server_public, kept_id);
    return memcmp(kept_id, server_key_id, sizeof kept_id) == 0;
}

static bool find_kept(struct peers *peers, const char *device_id, const uint8_t server_key_id[4],
                      struct box_pair *out)
{
    pthread_mutex_lock(&peers->mutex);
    struct entry *entry = find_entry(set_of(peers, device_id), device_id);
    if (entry && server_key_id && !is_under(&entry->pair, server_key_id))
        entry = NULL;
    if (entry) {
        entry->used_at = ++peers->uses;
        *out = entry->pair;
    }
    pthread_mutex_unlock(&peers->mutex);
    return entry != NULL;
}

static void keep(struct peers *peers, const struct box_pair *pair)
{
    pthread_mutex_lock(&peers->mutex);
    struct entry *set = set_of(peers, pair->device_id);
    struct entry *entry = find_entry(set, pair->device_id);
    if (!entry)
        entry = oldest_entry(set);
    entry->pair = *pair;
    entry->used_at = ++peers->uses;
    pthread_mutex_unlock(&peers->mutex);
}

enum status peers_find(struct peers *peers, const char *device_id, const uint8_t server_key_id[4],
                       struct box_pair *out)
{
    struct box_pair pair = {0};
    enum status status = STATUS_OK;

    if (find_kept(peers, device_id, server_key_id, out))
        return STATUS_OK;
    status = load(peers, device_id, server_key_id, &pair);
    if (status == STATUS_OK) {
        keep(peers, &pair);
        *out = pair;
    }
    crypto_wipe(&pair, sizeof pair);
    return status;
}

void peers_forget(struct peers *peers, const char *device_id)
{
    pthread_mutex_lock(&peers->mutex);
    struct entry *entry = find_entry(set_of(peers, device_id), device_id);
    if (entry)
        crypto_wipe(entry, sizeof *entry);
    pthread_mutex_unlock(&peers->mutex);
}

void peers_expect(struct peers *peers, const char *device_id,
                  const uint8_t device_public[PKI_X25519_SIZE], const uint8_t server_key_id[4])
{
    pthread_mutex_lock(&peers->mutex);
    struct entry *entry = find_entry(set_of(peers, device_id), device_id);
    if (entry && (!is_under(&entry->pair, server_key_id) ||
                  memcmp(entry->pair.device_public, device_public, PKI_X25519_SIZE) != 0))
        crypto_wipe(entry, sizeof *entry);
    pthread_mutex_unlock(&peers->mutex);
}
