/* peer.h - the device's half of the protocol: bytes and facts in, bytes and facts out
 *
 * Seals and opens boxes, greets the server with hello until its state arrives, sends the journal's
 * pending records one batch at a time, merges states, hands configurations and commands to its
 * host and answers them, reports every now and then. See design section 4 and schema/PROTOCOL.md.
 *
 * No network, no clock, no thread: time comes by argument, messages go out through the host, and
 * the journal is the only thing it touches on disk. A peer takes a few KiB; the large buffers are
 * in a scratch that all peers of a thread share. Not thread-safe: one owner calls everything, and
 * host functions are called from inside those calls and must not call back into the peer.
 */
#ifndef AGENT_LINK_PEER_H
#define AGENT_LINK_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/meter/journal.h"
#include "schema/base/box.h"
#include "schema/wire/message.h"
#include "schema/wire/topic.h"

struct peer;
struct peer_scratch;

struct peer_time {
    int64_t mono_ms; /* for timers */
    int64_t wall_ms; /* for the server; may be wrong and may step */
};

/* What the device runs, for hello, report and reply. */
struct peer_running {
    uint64_t generation_held;
    uint64_t generation_running;
    uint8_t config_hash[CRYPTO_HASH_SIZE]; /* of the configuration running */
    bool has_config;
    bool has_trial; /* of the generation held, */
    wire_TrialReport trial;
    bool is_settling; /* a newer one is on its way to the disk: peer_config_settled() will tell */
    size_t installed_count; /* software that came by manifests, or is about to */
    wire_SoftwareStatus installed[LIMIT_PACKAGES];
    bool has_utc_offset; /* of the day that its quiet hours go by, now */
    int utc_offset_min;
};

struct peer_answer {
    wire_CommandStatus status; /* COMMAND_NONE: later, by peer_finish_command() */
    char reason[LIMIT_REASON + 1];
};

struct peer_host {
    void *context;

    /* Sends payload on the device's topic of this kind. Losing it is allowed: what matters is
     * repeated. Must copy. */
    void (*publish)(void *context, enum topic_kind kind, unsigned qos, struct span payload);

    /* Drop this connection and make a new one whose session number is above floor. */
    void (*reconnect)(void *context, uint64_t floor);

    /* A configuration to hold and run, or to try before (peer_config_settled()). From then on
     * running() and settings() tell the result. */
    void (*configure)(void *context, uint64_t generation, struct span content,
                      const uint8_t hash[CRYPTO_HASH_SIZE]);
    void (*running)(void *context, struct peer_running *out);
    /* Fills at most LIMIT_SETTINGS rows and returns how many. */
    size_t (*settings)(void *context, wire_SettingStatus *out);

    /* A command that is new and has not expired. REPORT_NOW is answered by the peer itself. */
    void (*command)(void *context, const wire_Command *command, struct peer_answer *answer);

    void (*health)(void *context, wire_Health *out);

    /* Keep epoch and receipt (0..32 bytes): the next peer_create() gets them back. Called after
     * each state that changed them; losing the newest does no harm. */
    void (*remember)(void *context, uint32_t epoch, struct span receipt);
};

struct peer_options {
    const struct box_pair *pair; /* copied */
    struct journal *journal;     /* borrowed, outlives the peer */
    struct peer_scratch *scratch;
    struct peer_host host; /* every function is set; copied */
    const char *software;  /* texts are borrowed and outlive the peer */
    const char *hardware;
    const char *const *capabilities; /* at most 16 */
    size_t capability_count;
    uint32_t epoch_seen; /* from remember(); 0 and empty at first */
    struct span receipt;
    int64_t report_interval_s; /* 10..3600 */
    uint64_t seed;             /* of the jitter */
};

/* The buffers of one thread's peers, about 180 KB. */
MUST_CHECK enum status peer_scratch_create(struct peer_scratch **out);
void peer_scratch_free(struct peer_scratch *scratch);

/* The caller owns *out. */
MUST_CHECK enum status peer_create(struct peer **out, const struct peer_options *options);
void peer_free(struct peer *peer);

/* The key pairs from now on, of the same device, at least one: the first one seals, boxes of either
 * are opened, and what was opened before and is not among them is not any more. A new first one is
 * used at once, so that the server hears of it. */
#define PEER_PAIRS 2 /* server keys overlap during a rotation */
void peer_set_pairs(struct peer *peer, const struct box_pair *pairs, size_t count);

/* The connection is up and down/# subscribed. session: its number, raised and persisted before
 * CONNECT, and its random id. Says hello. */
void peer_connected(struct peer *peer, const wire_Session *session, struct peer_time now);

/* The connection is gone; nothing is published until the next one. */
void peer_disconnected(struct peer *peer);

/* A message arrived. The status is for counting and the log; whatever is not STATUS_OK changed
 * nothing: STATUS_INVALID (not such a message, or not for this device), STATUS_FORGED (not sealed
 * by the server), STATUS_NOT_FOUND (for another key pair), STATUS_STALE (of another session, an
 * older epoch or an older generation). Boxes that could not be opened are counted and told to the
 * server in a report within seconds (invariant I3). */
MUST_CHECK enum status peer_receive(struct peer *peer, struct span topic, struct span payload,
                                    struct peer_time now);

/* Does what is due: repeats hello or usage, sends newly closed records, reports. Returns the
 * mono_ms at which it wants to be called again at the latest; call it early after closing an
 * attempt. */
int64_t peer_tick(struct peer *peer, struct peer_time now);

/* The trial of a configuration has ended, or it is on disk: the server hears at once what runs now.
 */
void peer_config_settled(struct peer *peer, struct peer_time now);

/* Ends a command that was answered "later". Unknown or expired ids are dropped. attachment: of
 * at most LIMIT_PICTURE_BYTES, or empty. */
void peer_finish_command(struct peer *peer, const uint8_t id[16], const struct peer_answer *answer,
                         struct span attachment, struct peer_time now);

/* Takes note of a command that an earlier process carried out (a restart), so that it is not
 * carried out again. */
void peer_remember_command(struct peer *peer, const uint8_t id[16], int64_t expires_ms,
                           wire_CommandStatus status);

void peer_set_report_interval(struct peer *peer, int64_t interval_s);

enum peer_phase {
    PEER_OFFLINE = 0,  /* no connection */
    PEER_GREETING = 1, /* hello sent, no state for this session yet */
    PEER_READY = 2,    /* usage may flow */
};
enum peer_phase peer_phase(const struct peer *peer);

/* Encodes the last will of a session into out and sets *size. */
#define PEER_PRESENCE_SIZE 64
MUST_CHECK enum status peer_make_presence(const wire_Session *session,
                                          uint8_t out[PEER_PRESENCE_SIZE], size_t *size);

#endif
