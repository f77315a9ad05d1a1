/* dispatch.h - what is owed to robots, and what they answered
 *
 * Several instances may claim at once: each gets other rows (SKIP LOCKED), and a claim puts off the
 * next by a growing, jittered pause, so that what is lost goes out again. Only devices whose
 * present session has said hello are served. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_DISPATCH_H
#define SERVER_STORE_DISPATCH_H

#include "schema/base/pki.h"
#include "schema/wire/limits.h"
#include "server/store/journal.h"

/* A device that something is owed to. Texts are in the arena. */
struct dispatch_target {
    const char *device_id;
    uint64_t session_number;
    uint8_t session_id[16];
    uint8_t broker; /* that the session is at */
    int64_t epoch;
    uint8_t device_public[32]; /* the keys to seal by: the device may have enrolled again */
    uint8_t server_key_id[4];
    int64_t generation;         /* the desired one; configurations only, like what follows */
    int64_t keys_told;          /* the list of sealing keys that it names */
    struct journal_row journal; /* that the last hello named; zeros: none */
    struct span told_lines; /* with the generation before, which it runs; empty: none, or this one
                               was sent already */
    uint8_t command_id[16]; /* what follows: commands only */
    const char *command_kind;
    const char *command_text;
    int64_t command_expires_ms;
};

/* Up to limit devices that are behind their desired generation: who was not sent it yet before
 * those who did not answer, of either the longest due first. Theirs for the transaction on conn,
 * which puts them off by dispatch_note_sent(). */
MUST_CHECK enum status dispatch_claim_configs(struct store_conn *conn, struct arena *arena,
                                              size_t limit, struct dispatch_target *out,
                                              size_t *count);

/* Up to limit devices that are owed a state for their credit: a grant or a recall that no message
 * of theirs asked for. Sent again with backoff while something that was asked back is not returned.
 */
MUST_CHECK enum status dispatch_claim_states(struct store_conn *conn, struct arena *arena,
                                             size_t limit, struct dispatch_target *out,
                                             size_t *count);

/* Up to limit commands that wait or were not answered. */
MUST_CHECK enum status dispatch_claim_commands(struct store_conn *conn, struct arena *arena,
                                               size_t limit, struct dispatch_target *out,
                                               size_t *count);

/* Puts off what dispatch_claim_configs() claimed, whether it could be built or not, and remembers
 * what the desired generation's content is, so that a robot that holds another content under the
 * same number (of a database since restored) is found out. In one writing of the rows: a fleet's
 * change writes each of them as often as it must, and no more. */
struct dispatch_sent {
    const char *device_id;
    struct span hash;       /* of the content; empty: it could not be built */
    struct span told_lines; /* of that content; empty: not to be gone by */
};
MUST_CHECK enum status dispatch_note_sent(struct store_conn *conn, struct arena *arena,
                                          const struct dispatch_sent *sent, size_t count);

/* A robot's answer to a command; commands answered before are left alone. */
struct dispatch_answer {
    const char *device_id;
    uint8_t command_id[16];
    const char *status; /* "done", "refused", "failed", "expired" */
    const char *reason;
};
MUST_CHECK enum status dispatch_finish_commands(struct store_conn *conn, struct arena *arena,
                                                const struct dispatch_answer *answers,
                                                size_t count);

/* Replaces the last picture of a robot's face. */
MUST_CHECK enum status dispatch_keep_picture(struct store_conn *conn, const char *device_id,
                                             struct span png);

/* Keeps the document that answers the command, if the command asked this device for one and was not
 * answered before. */
MUST_CHECK enum status dispatch_keep_bundle(struct store_conn *conn, const char *device_id,
                                            const uint8_t command_id[16], struct span document);

/* Keeps the proof that answers the command, if the command asked this device to change hands and
 * waits for it (transfers.h judges it). */
MUST_CHECK enum status dispatch_keep_proof(struct store_conn *conn, const char *device_id,
                                           const uint8_t command_id[16], struct span document);

/* Every revoked or retired device's id, those that only the list outside the database names
 * included, one per line, in order: what the broker refuses. */
MUST_CHECK enum status dispatch_list_revoked(struct store *store, struct arena *arena,
                                             struct span *ids);

/* A setting of a device's effective configuration, but for its routes. */
struct dispatch_setting {
    const char *device_id;
    const char *name;
    const char *value; /* JSON */
};
/* Of all these devices, by device and name. *settings is in the arena. */
MUST_CHECK enum status dispatch_read_settings(struct store_conn *conn, struct arena *arena,
                                              const char *const *ids, size_t id_count,
                                              struct dispatch_setting **settings, size_t *count);

/* The newest sealing keys with the server CA's statements, the newest first, and which lists of
 * keys name each: a robot that was told list 2 is sent those from whose told_from to before whose
 * told_until it is. */
#define DISPATCH_KEYS 4
struct dispatch_sealing_key {
    uint8_t public_key[32];
    int64_t valid_from_ms;
    struct span signature, signature_before; /* in the arena */
    int64_t told_from, told_until;
    int64_t signed_from; /* the first list that has the signature, and not the one before */
};
MUST_CHECK enum status dispatch_read_sealing_keys(struct store_conn *conn, struct arena *arena,
                                                  struct dispatch_sealing_key out[DISPATCH_KEYS],
                                                  size_t *count);

/* The newest authorities for robots and for servers (authorities.h), the newest first, and which
 * lists of keys say each, likewise. */
struct dispatch_authority {
    uint8_t id[PKI_AUTHORITY_SIZE];
    bool is_servers;
    int64_t told_from, told_until;
};
#define DISPATCH_AUTHORITIES (2 * DISPATCH_KEYS)
MUST_CHECK enum status
dispatch_read_authorities(struct store_conn *conn,
                          struct dispatch_authority out[DISPATCH_AUTHORITIES], size_t *count);

#endif
