/* spending.h - which pools usage counts in, and how much: one rule for all that is booked
 *
 * Pure: no I/O, any thread.
 */
#ifndef SERVER_STORE_SPENDING_H
#define SERVER_STORE_SPENDING_H

#include "schema/base/arena.h"
#include "server/store/booking.h"
#include "server/store/credits.h"

/* Whether a pool pays for what nobody said: those of vendors and contracts do, which the vendor
 * counts the same, and no plan for fleet, groups or devices. */
bool spending_pays_tests(const struct credits_pool *pool);

/* Whether a pool is about this usage, whatever its period and unit. */
bool spending_is_about(const struct credits_pool *pool, const char *device_id,
                       const struct credits_member *groups, size_t group_count,
                       const char *vendor_id, const char *contract_id, const char *model);

/* Whether a record that counts at at_ms counts in the pool. groups: of its device. */
bool spending_covers(const struct credits_pool *pool, const struct booking_record *record,
                     const struct credits_member *groups, size_t group_count, int64_t at_ms);

/* The device's part of members sorted by device. */
const struct credits_member *spending_find_groups(const struct credits_member *members,
                                                  size_t count, const char *device_id,
                                                  size_t *found);

/* False: pools are charged its reservation until an import settles it. An adjustment stands for
 * records that nobody can name: what it says is all that will be known. */
bool spending_is_certain(const struct booking_record *record);

/* The record as schema/wire/measure weighs it. */
wire_UsageRecord spending_measured(const struct booking_record *record);

/* What a pool of counts is charged, as a decimal text in the arena; NULL when that is full.
 * metrics: the pool's. */
const char *spending_count(struct arena *arena, unsigned metrics, const wire_UsageRecord *usage);

/* Spends as they are put together; begins as zeros. Few pools count one record of the many that
 * there may be. */
struct spending_list {
    struct credits_spend *items;
    size_t count, room;
};
/* When the arena is full nothing is added: ask arena_failed(). */
void spending_add(struct arena *arena, struct spending_list *list, struct credits_spend spend);

#endif
