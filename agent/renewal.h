/* renewal.h - the robot's next certificate: by itself, also after a year in a warehouse
 *
 * A thread of its own asks the listener where the robot enrolled, by HTTPS, and proves itself by
 * the present certificate's key. It does so at two thirds of the certificate's life, when the
 * server left ten hellos unanswered, when TLS with the broker failed: the certificate has expired
 * then, or the clock is wrong, or the server lost the robot's row; and when the configuration says
 * that robots' certificates come from another authority now, or names a server CA that this robot
 * does not know. One that was replaced when the robot knew it is not gone back to. TLS
 * trusts the robot's root and nothing else; dates are not looked at.
 *
 * Until a renewal is on disk the identity before it stands, and after each of its writes one that
 * works (identity.h).
 */
#ifndef AGENT_RENEWAL_H
#define AGENT_RENEWAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "agent/calendar.h"
#include "agent/identity.h"
#include "agent/server_ca.h"
#include "agent/link/link.h"

struct renewal_request {
    const char *state_dir;
    const char *url;           /* of the enrolment listener, for who enrolled before that was kept;
                                  NULL: not known */
    struct calendar *calendar; /* learns the server's time */
    const atomic_bool *cancel; /* NULL: cannot be stopped */
};

/* Renews now, and gives the identity that is on disk then. STATUS_NOT_FOUND: not enrolled, or the
 * listener is not known; STATUS_DENIED: the server refused; STATUS_FORGED: who answered is not the
 * robot's server, or the answer does not verify; STATUS_UNREACHABLE; STATUS_IO. problem is one line
 * with the cause. */
MUST_CHECK enum status renewal_run(const struct renewal_request *request, struct identity *out,
                                   char problem[256]);

/* Why a certificate is to be renewed. */
enum renewal_reason {
    RENEWAL_NONE,
    RENEWAL_AGE,       /* two thirds of its life are over */
    RENEWAL_EXPIRED,   /* all of it */
    RENEWAL_UNHEARD,   /* broker or server do not take the robot as it is */
    RENEWAL_AUTHORITY, /* the server's authority for robots is another than the one it is from, or
                          the robot does not know one that may speak for the server */
};

struct renewal_facts {
    int64_t now_ms;         /* calendar_now_ms() */
    int64_t renew_after_ms; /* 0: not told */
    int64_t not_after_ms;
    struct link_silence silence;
    bool is_of_another; /* authority than the configuration says, or lacks one of its server CAs */
};

enum renewal_reason renewal_find(const struct renewal_facts *facts);

struct renewal;

/* What the configuration says: whose certificate the robot is to have, and who may speak for its
 * server. */
struct renewal_authorities {
    bool is_device_said;
    uint8_t device[PKI_AUTHORITY_SIZE];
    size_t server_count; /* 0: it is not said */
    uint8_t servers[SERVER_CA_MAX][PKI_AUTHORITY_SIZE];
};

struct renewal_options {
    struct renewal_request request; /* its cancel is not looked at; borrowed texts */
    struct link *link;
    void *context;
    /* On the renewal's thread. */
    void (*find_authorities)(void *context, struct renewal_authorities *out);
    /* On the renewal's thread: another identity is on disk. */
    void (*on_renewed)(void *context, const struct identity *identity);
};

/* Starts the thread. The caller owns *out. */
MUST_CHECK enum status renewal_start(struct renewal **out, const struct renewal_options *options);

/* Breaks off what is under way and waits for the thread; on_renewed() is not called any more. NULL
 * is allowed. */
void renewal_stop(struct renewal *renewal);

#endif
