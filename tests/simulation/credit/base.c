#include "tests/simulation/credit/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t next_of(size_t *count, size_t room, const char *what)
{
    if (*count == room) {
        fprintf(stderr, "credit simulation: more %s than the model database holds\n", what);
        abort();
    }
    return (*count)++;
}

void base_open(struct base *base)
{
    struct base_tables *tables = &base->committed;

    tables->epoch = 1;
    tables->journal_count = tables->account_count = tables->pool_count = tables->row_count = 0;
    memset(tables->devices, 0, sizeof tables->devices);
    for (unsigned i = 0; i < BASE_DEVICES; i++)
        tables->devices[i].journal = BASE_NONE;
    base->has_backup = false;
}

/* Only what is in use: the tables are much larger than what stands in them. */
void base_copy(struct base_tables *to, const struct base_tables *from)
{
    to->epoch = from->epoch;
    to->journal_count = from->journal_count;
    to->account_count = from->account_count;
    to->pool_count = from->pool_count;
    to->row_count = from->row_count;
    memcpy(to->devices, from->devices, sizeof to->devices);
    memcpy(to->journals, from->journals, from->journal_count * sizeof *to->journals);
    memcpy(to->pools, from->pools, from->pool_count * sizeof *to->pools);
    memcpy(to->accounts, from->accounts, from->account_count * sizeof *to->accounts);
}

unsigned base_find_journal(const struct base_tables *tables, unsigned device, const uint8_t id[16])
{
    for (unsigned i = 0; i < tables->journal_count; i++)
        if (tables->journals[i].device == device &&
            memcmp(tables->journals[i].id, id, sizeof tables->journals[i].id) == 0)
            return i;
    return BASE_NONE;
}

unsigned base_add_journal(struct base_tables *tables, unsigned device, const uint8_t id[16])
{
    const size_t place = next_of(&tables->journal_count, BASE_JOURNALS, "journals");

    tables->journals[place] = (struct base_journal){.device = device, .parent_journal = BASE_NONE};
    memcpy(tables->journals[place].id, id, sizeof tables->journals[place].id);
    return (unsigned)place;
}

unsigned base_add_account(struct base_tables *tables)
{
    const size_t place = next_of(&tables->account_count, BASE_ACCOUNTS, "accounts");

    tables->accounts[place] = (struct base_account){0};
    return (unsigned)place;
}

unsigned base_add_pool(struct base_tables *tables)
{
    const size_t place = next_of(&tables->pool_count, BASE_POOLS, "pools");

    tables->pools[place] = (struct base_pool){0};
    return (unsigned)place;
}

struct base_row *base_add_row(struct base *base, struct base_tables *tables)
{
    return &base->rows[next_of(&tables->row_count, BASE_ROWS, "rows")];
}

bool base_set_has(const struct base_set *set, unsigned pool)
{
    return set->bits[pool / 64] >> pool % 64 & 1;
}

void base_set_put(struct base_set *set, unsigned pool)
{
    set->bits[pool / 64] |= UINT64_C(1) << pool % 64;
}

void base_set_drop(struct base_set *set, unsigned pool)
{
    set->bits[pool / 64] &= ~(UINT64_C(1) << pool % 64);
}
