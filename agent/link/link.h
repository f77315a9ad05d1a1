/* link.h - the connection to the server: a state table around the peer and the broker's client
 *
 * One thread owns both; the client's callbacks only enqueue. Connects by mutual TLS with a new,
 * persisted session number each time, and again with backoff (1 s to 60 s, full jitter) for ever.
 * Without a server nothing here disturbs the rest of the robot (invariant I11).
 *
 * Functions may be called from any thread; the host's are called on the link's thread, must not
 * block for long, and may call everything here but link_stop() and link_free().
 */
#ifndef AGENT_LINK_LINK_H
#define AGENT_LINK_LINK_H

#include "agent/link/peer.h"

struct link;

/* See struct peer_host for what each means. */
struct link_host {
    void *context;
    void (*configure)(void *context, uint64_t generation, struct span content,
                      const uint8_t hash[CRYPTO_HASH_SIZE]);
    void (*running)(void *context, struct peer_running *out);
    size_t (*settings)(void *context, wire_SettingStatus *out);
    void (*command)(void *context, const wire_Command *command, struct peer_answer *answer);
    void (*health)(void *context, wire_Health *out);
};

/* Texts are borrowed and outlive the link; the rest is copied. */
struct link_options {
    const char *device_id;
    const char *key_path, *cert_path, *broker_ca_path; /* PEM files, read at each connection */
    const char *remember_path;                         /* of the link's own small file */
    const struct box_pair *pair;
    uint32_t epoch;                       /* told at enrolment; what was seen later wins */
    const char (*brokers)[LIMIT_URL + 1]; /* "host:port", tried in turn; copied */
    size_t broker_count;                  /* at most LIMIT_BROKERS */
    struct journal *journal;
    struct link_host host;
    const char *software, *hardware;
    const char *const *capabilities;
    size_t capability_count;
    int64_t report_interval_s;
};

/* STATUS_IO: the remembered file cannot be read. The caller owns *out. Nothing happens before
 * link_start(), but all other functions may be called. */
MUST_CHECK enum status link_create(struct link **out, const struct link_options *options);

MUST_CHECK enum status link_start(struct link *link);

/* Ends the session, so that the server knows at once, and waits for the thread: the host is not
 * called any more. NULL, and a link that was not started, are allowed. */
void link_stop(struct link *link);

/* After link_stop(). */
void link_free(struct link *link);

/* Other brokers from the next connection on; the present one is kept. */
void link_set_brokers(struct link *link, const char (*brokers)[LIMIT_URL + 1], size_t count);

/* An attempt was closed: sends it now. */
void link_wake(struct link *link);

/* See peer_finish_command(). */
void link_finish_command(struct link *link, const uint8_t id[16], const struct peer_answer *answer,
                         struct span attachment);
void link_remember_command(struct link *link, const uint8_t id[16], int64_t expires_ms);
/* See peer_config_settled(). */
void link_config_settled(struct link *link);
void link_set_report_interval(struct link *link, int64_t interval_s);
/* See peer_set_pairs(). */
void link_set_pairs(struct link *link, const struct box_pair *pairs, size_t count);

/* True while the server answers. */
bool link_is_ready(struct link *link);

/* What went unanswered since the server last spoke. */
struct link_silence {
    unsigned handshakes; /* with a broker that failed: certificates, or the clock */
    unsigned hellos;
};
struct link_silence link_silence(struct link *link);

/* True when nothing published still waits for the broker: a restart may go ahead. */
bool link_is_flushed(struct link *link);

#endif
