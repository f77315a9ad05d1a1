/* crediting_parts.h - what the parts of crediting share; for them alone */
#ifndef SERVER_BUS_CREDITING_PARTS_H
#define SERVER_BUS_CREDITING_PARTS_H

#include "server/bus/crediting.h"
#include "server/store/spending.h"

/* What a device in the batch has. */
struct wallet {
    struct batch_device *device;
    struct lines_line lines[LIMIT_CREDIT_LINES];
    size_t line_count;
    const struct credits_member *groups;
    size_t group_count;
    size_t first, end; /* its accounts; those made now stand behind all others */
    bool is_in_epoch;  /* what it says is of the present epoch */
    bool told_credit;  /* it told what it has and wants */
    bool is_trying;    /* what it runs is not what its lines are made for yet */
    bool told_limit;   /* an alert tells that a limit is too small for it */
    int64_t rest_ms;   /* date of its newest message at rest; 0: none */
};

struct crediting {
    struct batch *batch;
    const struct credits_pool *pools;
    size_t pool_count;
    struct credits_sum *sums; /* by the pools' places; pool_id 0: not locked */
    struct wallet *wallets;   /* by the batch's devices */
    struct credits_account *accounts;
    size_t account_count, accounts_found, account_room;
    struct credits_member *members;
    size_t member_count;
    struct spending_list spends;
    int64_t epoch;
    int64_t now_ms;
};

/* The pools that hold an account, as the rules want them. */
struct hold {
    struct grant_pool *pools[CREDITS_POOLS];
    struct grant_pools list;
};

struct grant_pools crediting_hold(struct crediting *c, const struct credits_account *row,
                                  struct hold *hold);

/* NULL: of a period that is long over. */
struct credits_sum *crediting_find_sum(struct crediting *c, int64_t pool_id);

/* The accounts of a device, one by one; NULL after the last. */
struct credits_account *crediting_next_account(struct crediting *c, const struct wallet *wallet,
                                               size_t *at);

/* NULL: no device of the batch. */
struct wallet *crediting_find_wallet(struct crediting *c, const char *device_id);

/* NULL: there is none of the present epoch. */
struct credits_account *crediting_find_account(struct crediting *c, const struct wallet *wallet,
                                               const uint8_t journal_id[16], const char *line_id,
                                               size_t measure);

/* True when the pool holds the account now. */
bool crediting_join(struct crediting *c, struct credits_account *row, int64_t pool_id);

/* Grants what the device wants, when it may be granted any. */
void crediting_grant(struct crediting *c, struct wallet *wallet);

/* Settles the batch's records and lists what they add to their pools. */
MUST_CHECK enum status crediting_take_records(struct crediting *c);

/* The sums that grants are judged by, after what the records added: rounded up. */
void crediting_add_spends(struct crediting *c);

#endif
