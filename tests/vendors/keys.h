/* keys.h - the API keys that the demo vendor has given out, and what each asked last
 *
 * Keys themselves are not kept, only their SHA-256, but for those of the form "id.secret", with
 * whose secrets tokens are signed. A key file is read again when it changes, so that keys can be
 * given and withdrawn while the vendor runs: replace the file in one step.
 */
#ifndef TESTS_VENDORS_KEYS_H
#define TESTS_VENDORS_KEYS_H

#include "schema/base/span.h"

#define KEYS_NAME_SIZE  9  /* 8 hex digits of the hash, NUL */
#define KEYS_MAX_BLOCKS 64 /* prompt prefix remembered: 64 blocks */
#define KEYS_BLOCK      64 /* of 64 tokens */

/* The prompt of a request as hashes of its first 64, 128, ... tokens. Plain data. */
struct keys_prefix {
    size_t count;
    uint64_t blocks[KEYS_MAX_BLOCKS];
};

struct keys;

MUST_CHECK enum status keys_create(struct keys **out);
void keys_free(struct keys *keys);

/* list: keys between commas. */
MUST_CHECK enum status keys_add_list(struct keys *keys, const char *list);

/* path holds one key per line; empty lines and lines of # are skipped. STATUS_NOT_FOUND, ... as
 * file_read(). The file is read again by keys_refresh(). */
MUST_CHECK enum status keys_use_file(struct keys *keys, const char *path);

/* Reads the key file again when it has changed since. What stays keeps its memory. A file that
 * cannot be read leaves everything as it is. */
MUST_CHECK enum status keys_refresh(struct keys *keys);

size_t keys_count(const struct keys *keys);

struct key;

/* NULL: not given out. Borrowed until the next change of keys. */
struct key *keys_find(struct keys *keys, struct span secret);

/* The key "id.secret" that a JSON web token (RFC 7519, HS256) names as api_key and is signed with,
 * in the form of GLM: times in milliseconds. NULL: none, forged or over at now_ms. */
struct key *keys_find_token(struct keys *keys, struct span token, int64_t now_ms);

/* What stands for the key in ledgers: the first 8 hex digits of its SHA-256. */
void keys_name(struct span secret, char name[KEYS_NAME_SIZE]);

/* Tokens of the prompt that this key's request before shares with it, in whole blocks; remembers
 * the prompt for the next one. */
int64_t keys_cached_tokens(struct key *key, const struct keys_prefix *prompt);

#endif
