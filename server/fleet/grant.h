/* grant.h - the server's rules of credit: accounts, pools, grants, recalls (invariant I2)
 *
 * A *pool* is the running account of one cap in one period. An *account* is one measure of one
 * credit line of one journal, in one epoch: cumulative amounts that only grow. What an account has
 * out counts in every pool that it is held by: those that bind its route now, and those of an ended
 * period until the device confirmed it. At each grant spent + outstanding + new stays within the
 * limit of every one of them, for all measures of a line or for none.
 *
 * After RFC 8506 (quota that is granted, used, returned) and Doorman (max-min shares); as state.
 * Amounts are in the measure's unit: counts, or 10^-9 of the currency. No I/O; time is an argument;
 * not thread-safe. All structs are plain data; whoever changes an account by these functions hands
 * over every pool that holds it, so that the sums cannot drift.
 */
#ifndef SERVER_FLEET_GRANT_H
#define SERVER_FLEET_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Typical attempts that one account may have out at most: what a new epoch must assume it holds. */
#define GRANT_ATTEMPTS 256

/* Credit that was not touched for so long is idle when others starve. */
#define GRANT_IDLE_MS 30000

struct grant_pool {
    int64_t limit;
    int64_t spent;       /* booked, rounded up; what was charged for lost credit included */
    int64_t outstanding; /* of the accounts that it holds */
    int64_t charged;     /* what these rules added to spent, or took back, since it was read */
};

/* The pools that hold an account. Borrowed. */
struct grant_pools {
    struct grant_pool *const *pools;
    size_t count;
};

struct grant_account {
    uint64_t granted;
    uint64_t returned;
    uint64_t settled;   /* moves with the watermark only */
    uint64_t charged;   /* out, but booked as spent: written off, or of a closed journal */
    uint64_t return_to; /* asked back now */
    uint64_t asked;     /* the most that ever was */
    uint64_t presumed;  /* held at least, until at rest: what an epoch before may have granted */
    uint64_t used;      /* as reported, like the next two */
    uint64_t open;
    uint64_t wanted;
    uint64_t resting;   /* used at the last message that was at rest; UINT64_MAX: none was */
    int64_t granted_ms; /* of the first grant; 0: none */
    int64_t used_ms;    /* when used last grew, or the account began */
    bool is_closed;     /* a child journal or another line took its place: nothing is granted */
};

/* What is free for new grants; 0 when the pool is over its limit. */
uint64_t grant_free(const struct grant_pool *pool);
bool grant_is_over(const struct grant_pool *pool);

/* granted - returned - settled - charged, never below 0 nor what is presumed: what the account
 * weighs in its pools. */
uint64_t grant_outstanding(const struct grant_account *account);

/* What the device can still use, as far as it was heard. */
uint64_t grant_usable(const struct grant_account *account);

/* It has less than an attempt's worth and wants more: what it wanted was not there. */
bool grant_is_short(const struct grant_account *account, uint64_t attempt);

/* ---- what devices say ---- */

/* One measure of wire_CreditUse. */
struct grant_report {
    uint64_t granted_seen, used, open, returned, wanted;
    bool is_newest;  /* no later message was heard before it: open and wanted are taken over */
    bool is_at_rest; /* its journal's head is at the watermark and no attempt is open */
    int64_t at_ms;   /* when it arrived */
};

enum grant_verdict {
    GRANT_MERGED,
    GRANT_FORGED, /* it names more than was ever granted or asked back: nothing was changed */
};

/* Cumulative amounts merge by maximum, so that order and repetition do not matter. Only what was
 * asked back can be returned. What the device used but no record of this account brings (an attempt
 * begun under the journal or epoch before) is taken as settled when two messages at rest agree. */
enum grant_verdict grant_hear(struct grant_account *account, struct grant_pools held,
                              const struct grant_report *report);

/* A record's consumption comes with the watermark; the record itself is booked by the caller, so
 * what was charged for it before is given back. *overrun: what exceeds all that was ever out.
 * began_ms: server time of the last state that the attempt knew. One that began before this
 * account's first grant used the credit of the journal or epoch before; it is settled here only as
 * far as the device says that it counts it here. False: it does not, and nothing was changed. */
bool grant_settle(struct grant_account *account, struct grant_pools held, int64_t began_ms,
                  uint64_t amount, uint64_t *overrun);

/* ---- grants ---- */

/* One measure of a line that wants credit. */
struct grant_claim {
    struct grant_account *account;
    struct grant_pools held; /* every pool that holds it, those that bind it now included */
    uint64_t wanted;         /* beyond what is usable */
    uint64_t more;           /* worth having beyond that while the pools are wide; nothing wanted:
                                all of it, or nothing */
    uint64_t attempt;        /* a typical worst case; above 0 */
    uint64_t least;          /* the shortest attempt's; 0: nothing less than attempt is of use */
    uint64_t devices;        /* that share its tightest pool, this one included; 0 is taken as 1 */
    uint64_t amount;         /* out: what was granted */
};

/* Grants to all measures or to none; false: none. Sizes follow what is wanted while pools are wide;
 * one that is nearly used up gives half of what is free divided by the devices, but at least a
 * single attempt, and last what is left, when an attempt can be cut to it. Nothing is granted to a
 * closed account, nor in a pool that is over. */
bool grant_give(struct grant_claim *claims, size_t count, int64_t at_ms);

/* Less is free than an attempt for each device: what lies ready beyond need is needed elsewhere.
 * Well below what grant_give() calls wide, so that what is taken back is not given again at once.
 */
bool grant_is_narrow(const struct grant_pool *pool, uint64_t devices, uint64_t attempt);

/* ---- recalls ---- */

/* An account among those that share a pool. */
struct grant_holder {
    uint64_t idle;    /* usable now: may be asked back */
    uint64_t wanted;  /* beyond that */
    uint64_t attempt; /* a typical worst case; above 0 */
    int64_t used_ms;  /* when it last used any */
    bool has_other;   /* its device has an attempt's worth on another line in this pool; of those
                         that have one, all but the one that it uses */
    void *context;    /* the caller's */
    uint64_t keep;    /* out: what it may have usable */
};

/* What levelling needs to know of an account; typical: an attempt's worst case as the server
 * guesses it. A device asks for more while what it has is less than its own attempts take: so one
 * that wants nothing has an attempt's worth, however little that is, and one that has what is
 * typical, does not use it and wants more makes larger attempts. has_other and context are the
 * caller's to set. */
struct grant_holder grant_hold(const struct grant_account *account, uint64_t typical,
                               int64_t now_ms);

/* Max-min fair shares of capacity: no want is exceeded, what one does not want the others get. */
void grant_share(uint64_t capacity, const uint64_t *wants, size_t count, uint64_t *shares);

/* Levels what is usable, free (below 0: so much must come back) and all that is idle taken
 * together: max-min shares while everyone can have an attempt; else whole attempts: first to those
 * who are using theirs, then to those who have none and want one, then to those who let theirs lie,
 * then for one on a second line: what a device lets lie on one is not moved to its other one and
 * back. What is less than an attempt stays where it lies. Among equals in the order given, which
 * should be by used_ms: who waited longest comes first. */
void grant_level(int64_t free, struct grant_holder *holders, size_t count, int64_t now_ms,
                 uint64_t *scratch /* room for 2 * count */);

/* Asks back what the account has usable beyond keep; false: nothing that was not asked before. Only
 * what the device then reports as returned is free. */
bool grant_recall(struct grant_account *account, uint64_t keep);

/* ---- ends ---- */

/* What is out is booked as spent: the robot or its journal is gone. Returns the amount. Later
 * records and returns reduce it (grant_settle(), grant_hear(), grant_refile()). */
uint64_t grant_charge(struct grant_account *account, struct grant_pools held);

/* A record of a child journal used credit of this closed account: what was charged for it is given
 * back, up to amount. */
uint64_t grant_refile(struct grant_account *account, struct grant_pools held, uint64_t amount);

/* The account of a new epoch, which counts as holding most until the device is heard in it: the
 * database may have forgotten grants. The device itself begins at 0 there. Only its first message
 * of the new epoch may be given to grant_hear(). */
struct grant_account grant_renew(uint64_t most, int64_t at_ms);

/* A device's message dated at_ms, at rest, confirms that nothing it has out will be booked in a
 * period that ended at end_ms. */
bool grant_confirms(bool is_at_rest, int64_t at_ms, int64_t end_ms);

#endif
