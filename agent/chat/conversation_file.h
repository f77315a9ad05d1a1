/* conversation_file.h - the conversation over a restart, in a file that only this robot can read
 *
 *    0   4  "MYC1"
 *    4  12  nonce, new at each write
 *   16      conversation_pack()'s bytes under AES-256-GCM, then its tag of 16; the first four bytes
 *           are authenticated with them
 *
 * The key is derived from the robot's sealing key (HKDF-SHA-256): on another robot, or after the
 * keys were made anew, the file is noise. Replaced atomically, never longer than
 * CONVERSATION_PACKED_BYTES and the head and tag. Not thread-safe.
 */
#ifndef AGENT_CHAT_CONVERSATION_FILE_H
#define AGENT_CHAT_CONVERSATION_FILE_H

#include <limits.h>

#include "agent/chat/conversation.h"
#include "schema/base/crypto.h"

#define CONVERSATION_FILE_NAME "conversation" /* in the state folder */

/* Plain data; the key is a secret. */
struct conversation_file {
    char path[PATH_MAX];
    uint8_t key[CRYPTO_KEY_SIZE];
};

/* secret: of this robot alone. STATUS_INVALID: path is too long. */
MUST_CHECK enum status conversation_file_init(struct conversation_file *file, const char *path,
                                              struct span secret);
void conversation_file_release(struct conversation_file *file);

/* On disk when it returns STATUS_OK. */
MUST_CHECK enum status conversation_file_save(const struct conversation_file *file,
                                              const struct conversation *conversation);

/* Takes the turns since that moment. STATUS_NOT_FOUND: nothing was kept; STATUS_CORRUPT,
 * STATUS_FORGED: damaged, or another robot's. The conversation is empty unless STATUS_OK. */
MUST_CHECK enum status conversation_file_load(const struct conversation_file *file,
                                              struct conversation *conversation, int64_t since_ms);

/* Overwrites the file and what a cut write left beside it, then removes them. A missing file is
 * STATUS_OK. On flash the overwritten blocks may last a while; they are encrypted. */
MUST_CHECK enum status conversation_file_wipe(const char *path);

/* What a file holds, decoded: for conversation_file_load() and tests of outside bytes. */
MUST_CHECK enum status conversation_file_open(const uint8_t key[CRYPTO_KEY_SIZE],
                                              struct span content,
                                              struct conversation *conversation, int64_t since_ms);

#endif
