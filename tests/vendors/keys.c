#include "tests/vendors/keys.h"

#include <sys/stat.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "tests/vendors/token.h"

#define MAX_FILE_BYTES (16u << 20)

struct key {
    uint8_t hash[CRYPTO_HASH_SIZE];
    bool from_file;
    char *pair;               /* "id.secret"; NULL: of another form */
    struct keys_prefix *last; /* NULL until the first request: most keys of a big file never ask */
};

struct keys {
    struct key *items; /* sorted by hash */
    size_t count, capacity;
    char *path;
    struct timespec changed_at;
    off_t file_size;
};

enum status keys_create(struct keys **out)
{
    struct keys *keys = calloc(1, sizeof *keys);

    if (keys == NULL)
        return STATUS_MEMORY;
    *out = keys;
    return STATUS_OK;
}

static void release_items(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        free(keys->items[i].last);
        free(keys->items[i].pair);
    }
    free(keys->items);
}

void keys_free(struct keys *keys)
{
    if (keys == NULL)
        return;
    release_items(keys);
    free(keys->path);
    free(keys);
}

static void hash_of(struct span secret, uint8_t hash[CRYPTO_HASH_SIZE])
{
    crypto_sha256(&secret, 1, hash);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct key *)a)->hash, ((const struct key *)b)->hash, CRYPTO_HASH_SIZE);
}

static enum status append(struct keys *keys, struct span secret, bool from_file)
{
    if (keys->count == keys->capacity) {
        size_t capacity = keys->capacity > 0 ? keys->capacity * 2 : 16;
        struct key *items = realloc(keys->items, capacity * sizeof *items);

        if (items == NULL)
            return STATUS_MEMORY;
        keys->items = items;
        keys->capacity = capacity;
    }
    struct key *key = &keys->items[keys->count++];
    *key = (struct key){.from_file = from_file};
    hash_of(secret, key->hash);
    if (secret.size == 0 || memchr(secret.data, '.', secret.size) == NULL)
        return STATUS_OK;
    key->pair = strndup((const char *)secret.data, secret.size);
    return key->pair != NULL ? STATUS_OK : STATUS_MEMORY;
}

static void sort(struct keys *keys)
{
    if (keys->count > 0)
        qsort(keys->items, keys->count, sizeof *keys->items, by_hash);
}

enum status keys_add_list(struct keys *keys, const char *list)
{
    enum status status = STATUS_OK;

    while (*list != '\0' && status == STATUS_OK) {
        size_t size = strcspn(list, ",");

        if (size > 0)
            status = append(keys, span_of(list, size), false);
        list += list[size] == ',' ? size + 1 : size;
    }
    sort(keys);
    return status;
}

static enum status append_lines(struct keys *keys, struct span text)
{
    enum status status = STATUS_OK;

    while (text.size > 0 && status == STATUS_OK) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end != NULL ? (size_t)(end - text.data) : text.size;
        struct span line = span_of(text.data, size);

        text = span_of(text.data + size + (end != NULL), text.size - size - (end != NULL));
        while (line.size > 0 &&
               (line.data[line.size - 1] == '\r' || line.data[line.size - 1] == ' '))
            line.size--;
        if (line.size > 0 && line.data[0] != '#')
            status = append(keys, line, true);
    }
    return status;
}

static struct key *find(struct keys *keys, const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct key wanted = {.from_file = false};

    memcpy(wanted.hash, hash, CRYPTO_HASH_SIZE);
    return keys->count == 0 ? NULL
                            : bsearch(&wanted, keys->items, keys->count, sizeof wanted, by_hash);
}

/* Moves into fresh what keys remembers: the keys of the command line and the prompts. */
static enum status carry_over(struct keys *fresh, struct keys *keys)
{
    sort(fresh);
    for (size_t i = 0; i < keys->count; i++) {
        struct key *same = find(fresh, keys->items[i].hash);

        if (same == NULL && !keys->items[i].from_file) {
            enum status status = append(fresh, span_of(NULL, 0), false);

            if (status != STATUS_OK)
                return status;
            same = &fresh->items[fresh->count - 1];
            memcpy(same->hash, keys->items[i].hash, CRYPTO_HASH_SIZE);
            sort(fresh);
            same = find(fresh, keys->items[i].hash);
            same->pair = keys->items[i].pair;
            keys->items[i].pair = NULL;
        }
        if (same == NULL)
            continue;
        same->last = keys->items[i].last;
        keys->items[i].last = NULL;
    }
    return STATUS_OK;
}

static enum status read_keys(struct keys *keys)
{
    struct keys fresh = {.items = NULL};
    uint8_t *data = NULL;
    size_t size = 0;
    enum status status = file_read(keys->path, MAX_FILE_BYTES, &data, &size);

    if (status != STATUS_OK)
        return status;
    status = append_lines(&fresh, span_of(data, size));
    if (status == STATUS_OK)
        status = carry_over(&fresh, keys);
    if (status == STATUS_OK) {
        release_items(keys);
        keys->items = fresh.items;
        keys->count = fresh.count;
        keys->capacity = fresh.capacity;
    } else {
        release_items(&fresh);
    }
    crypto_wipe(data, size);
    free(data);
    return status;
}

enum status keys_refresh(struct keys *keys)
{
    struct stat st;

    if (keys->path == NULL)
        return STATUS_OK;
    if (stat(keys->path, &st) < 0)
        return STATUS_NOT_FOUND;
    if (st.st_mtim.tv_sec == keys->changed_at.tv_sec &&
        st.st_mtim.tv_nsec == keys->changed_at.tv_nsec && st.st_size == keys->file_size)
        return STATUS_OK;

    enum status status = read_keys(keys);
    if (status == STATUS_OK) {
        keys->changed_at = st.st_mtim;
        keys->file_size = st.st_size;
    }
    return status;
}

enum status keys_use_file(struct keys *keys, const char *path)
{
    char *copy = strdup(path);

    if (copy == NULL)
        return STATUS_MEMORY;
    free(keys->path);
    keys->path = copy;
    keys->changed_at = (struct timespec){.tv_sec = 0};
    return keys_refresh(keys);
}

size_t keys_count(const struct keys *keys)
{
    return keys->count;
}

struct key *keys_find(struct keys *keys, struct span secret)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_of(secret, hash);
    return find(keys, hash);
}

struct key *keys_find_token(struct keys *keys, struct span token, int64_t now_ms)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].pair != NULL && token_is_of(token, keys->items[i].pair, now_ms))
            return &keys->items[i];
    return NULL;
}

void keys_name(struct span secret, char name[KEYS_NAME_SIZE])
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    hash_of(secret, hash);
    if (encode_hex(span_of(hash, 4), name, KEYS_NAME_SIZE) != STATUS_OK)
        name[0] = '\0';
}

int64_t keys_cached_tokens(struct key *key, const struct keys_prefix *prompt)
{
    int64_t shared = 0;

    if (key->last == NULL) {
        key->last = calloc(1, sizeof *key->last);
        if (key->last == NULL)
            return 0;
    }
    while ((size_t)shared < prompt->count && (size_t)shared < key->last->count &&
           prompt->blocks[shared] == key->last->blocks[shared])
        shared++;
    *key->last = *prompt;
    return shared * KEYS_BLOCK;
}
