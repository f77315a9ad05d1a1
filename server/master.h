/* master.h - the master key: where it comes from, and which keys are accepted
 *
 * One to three keys of 64 hex digits with blanks, commas or line ends between them: the first is in
 * force, the others only open what was wrapped before. The first of these places that has any:
 * - environment variable MYNAD_MASTER_KEY
 * - the service manager's credential "master.key", in $CREDENTIALS_DIRECTORY
 * - file master.key of the state folder, which must be readable for its owner alone
 */
#ifndef SERVER_MASTER_H
#define SERVER_MASTER_H

#include <stdbool.h>

#include "schema/base/crypto.h"

#define MASTER_KEYS    3
#define MASTER_ID_SIZE 4

enum master_source { MASTER_NONE, MASTER_ENVIRONMENT, MASTER_CREDENTIAL, MASTER_FILE };

/* Plain data, and secret: wipe it with crypto_wipe(). */
struct master_keys {
    enum master_source source;
    size_t count;
    uint8_t keys[MASTER_KEYS][CRYPTO_KEY_SIZE];
};

/* Takes the variable out of this process's environment and overwrites it where the kernel shows it
 * (/proc/PID/environ). Before any thread starts. What the parent keeps of it is not in our hands.
 * Without the variable out->count is 0. STATUS_INVALID: it holds no keys; it is gone all the same.
 */
MUST_CHECK enum status master_take_environment(struct master_keys *out, char problem[256]);

/* given: what master_take_environment() found. problem names the place, cause and cure. */
MUST_CHECK enum status master_load(const char *state_dir, const struct master_keys *given,
                                   struct master_keys *out, char problem[256]);

/* Whether a key is there that is no file of the state folder: then init makes none. */
bool master_is_elsewhere(const struct master_keys *given);

/* Replaces the state folder's file so that power loss leaves the old or the new one. */
MUST_CHECK enum status master_save(const char *state_dir, const struct master_keys *keys,
                                   char problem[256]);

/* A name by which people tell keys apart; it tells nothing about the key. */
void master_id(const uint8_t key[CRYPTO_KEY_SIZE], uint8_t out[MASTER_ID_SIZE]);

/* "the environment", "the file master.key", ...: static. */
const char *master_source_text(enum master_source source);

#endif
