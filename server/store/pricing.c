#include "server/store/pricing.h"

#include <stdlib.h>
#include <string.h>

#include "server/money/bill.h"
#include "server/store/lineage.h"
#include "server/store/tallies.h"

#define BOOKS    64  /* contracts whose counts are kept; beyond that each batch loads them */
#define LIFE     500 /* batches after which kept counts are read again: devices' days add up */
#define NOT_SENT 5   /* schema/wire's number of the provenance */

/* One contract's counts. */
struct book {
    const struct terms_contract *found; /* borrowed: as long as the terms' revision stands */
    struct tally *tally;
    bool is_dependent; /* prices depend on counts: locked, loaded and kept */
    bool is_used;      /* in the transaction under way */
    int64_t revision;  /* of the counts as they are here */
    unsigned age;
};

/* Counts on their way to the database. */
struct gathering {
    const char *contract_id;
    struct arena *arena;
    struct tallies_change *changes;
    size_t count, room;
};

struct pricing {
    const struct terms *terms;
    enum pricing_scope scope;
    int64_t terms_revision;
    struct book books[BOOKS];
    size_t count;
    struct gathering extra; /* counts moved by pricing_replace(); in the transaction's arena */
    bool is_pending;        /* a transaction's outcome is not known */
};

enum status pricing_create(struct pricing **out, const struct terms *terms,
                           enum pricing_scope scope)
{
    struct pricing *pricing = calloc(1, sizeof *pricing);

    if (!pricing)
        return STATUS_MEMORY;
    pricing->terms = terms;
    pricing->scope = scope;
    *out = pricing;
    return STATUS_OK;
}

static void forget(struct pricing *pricing)
{
    for (size_t i = 0; i < pricing->count; i++)
        tally_free(pricing->books[i].tally);
    pricing->count = 0;
}

void pricing_free(struct pricing *pricing)
{
    if (!pricing)
        return;
    forget(pricing);
    free(pricing);
}

/* ---- a contract's counts ---- */

/* Lists the charges whose counts must be known; there may be more than the list has room for when
 * it is NULL. */
static size_t list_dependent(const struct contract *contract, struct tallies_charge *out)
{
    size_t count = 0;

    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t i = 0; i < terms->charge_count; i++) {
            if (!bill_needs_counts(contract, v, i))
                continue;
            if (out)
                out[count] = (struct tallies_charge){(int64_t)v + 1, (int64_t)i};
            count++;
        }
    }
    return count;
}

static enum status load(struct book *book, enum pricing_scope scope, struct store_conn *conn,
                        struct arena *arena)
{
    const struct contract *contract = &book->found->contract;
    const size_t count = scope == PRICING_WHOLE ? 0 : list_dependent(contract, NULL);
    struct tallies_charge *charges = arena_take(arena, (count + 1) * sizeof *charges);

    tally_free(book->tally);
    book->tally = NULL;
    book->age = 0;
    enum status status = tally_create(&book->tally, contract, book->found->zone);
    if (status == STATUS_OK && !charges)
        status = STATUS_MEMORY;
    if (status != STATUS_OK || !book->is_dependent)
        return status;
    if (count > 0)
        list_dependent(contract, charges);
    return tallies_load(conn, arena, book->found->contract_id, charges, count, book->tally);
}

/* Makes the counts current, locked when prices depend on them. */
static enum status begin(struct book *book, enum pricing_scope scope, struct store_conn *conn,
                         struct arena *arena)
{
    int64_t revision = 0;
    enum status status = STATUS_OK;

    if (book->is_dependent)
        status = tallies_lock(conn, book->found->contract_id, &revision);
    else
        status = tallies_share(conn, book->found->contract_id);
    if (status != STATUS_OK)
        return status;
    if (!book->tally || !book->is_dependent || revision != book->revision + 1 || ++book->age > LIFE)
        status = load(book, scope, conn, arena);
    book->revision = revision;
    book->is_used = true;
    return status;
}

static struct book *find(struct pricing *pricing, const struct terms_contract *found)
{
    for (size_t i = 0; i < pricing->count; i++) {
        if (pricing->books[i].found == found)
            return &pricing->books[i];
    }
    return NULL;
}

/* Whatever the last transaction left, or terms that are no more, is forgotten. */
static void tidy(struct pricing *pricing)
{
    if (pricing->is_pending || pricing->terms_revision != terms_revision(pricing->terms))
        forget(pricing);
    pricing->terms_revision = terms_revision(pricing->terms);
    pricing->is_pending = true;
    pricing->extra = (struct gathering){0};
    for (size_t i = 0; i < pricing->count; i++)
        pricing->books[i].is_used = false;
}

static int by_id(const void *a, const void *b)
{
    const struct terms_contract *const *left = a;
    const struct terms_contract *const *right = b;

    return strcmp((*left)->contract_id, (*right)->contract_id);
}

/* Contracts of the records, once each, in the order in which they are locked. */
static enum status list_contracts(const struct pricing *pricing, struct arena *arena,
                                  const struct booking_record *records, size_t count,
                                  const struct terms_contract ***out, size_t *found_count)
{
    const struct terms_contract **list = arena_take(arena, (count + 1) * sizeof *list);
    size_t found = 0;

    if (!list)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct terms_contract *of = terms_find(pricing->terms, records[i].contract_id);
        size_t k = 0;

        while (of && k < found && list[k] != of)
            k++;
        if (of && k == found)
            list[found++] = of;
    }
    qsort(list, found, sizeof *list, by_id);
    *out = list;
    *found_count = found;
    return STATUS_OK;
}

static bool has_licences(const struct contract *contract)
{
    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t i = 0; i < terms->charge_count; i++)
            if (terms->charges[i].kind == CONTRACT_LICENCE)
                return true;
    }
    return false;
}

static bool need_lineage(const struct terms_contract *const *contracts, size_t count)
{
    bool needed = false;

    for (size_t i = 0; i < count; i++)
        needed |= has_licences(&contracts[i]->contract);
    return needed;
}

static enum status begin_all(struct pricing *pricing, struct store_conn *conn, struct arena *arena,
                             struct booking_record *records, size_t count)
{
    const struct terms_contract **contracts;
    size_t found;
    enum status status = list_contracts(pricing, arena, records, count, &contracts, &found);

    if (status == STATUS_OK && need_lineage(contracts, found))
        status = lineage_name(conn, arena, records, count);
    if (status == STATUS_OK && pricing->count + found > BOOKS)
        forget(pricing);
    if (status == STATUS_OK && found > BOOKS)
        status = STATUS_INVALID; /* the batch is halved and comes again */
    for (size_t i = 0; i < found && status == STATUS_OK; i++) {
        struct book *book = find(pricing, contracts[i]);

        if (!book) {
            book = &pricing->books[pricing->count++];
            *book = (struct book){
                .found = contracts[i],
                .is_dependent = pricing->scope == PRICING_WHOLE ||
                                list_dependent(&contracts[i]->contract, NULL) > 0,
            };
        }
        status = begin(book, pricing->scope, conn, arena);
    }
    return status;
}

/* ---- records ---- */

static struct decimal whole(int64_t number)
{
    struct decimal out = {0};

    (void)!fraction_is_decimal(fraction_of(number), &out);
    return out;
}

void pricing_usage(const struct booking_record *record, struct tally_usage *out)
{
    *out = (struct tally_usage){
        .at_ms = record->at_ms,
        .end_ms = record->at_ms + record->duration_ms,
        .device = record->device_id,
        .model = record->model,
        .service_tier = record->service_tier,
        .replaces = record->licence_from ? record->licence_from : "",
        .is_activity = record->provenance != NOT_SENT,
        .gauge = "",
    };
    for (unsigned i = 0; i < CONTRACT_METRICS; i++)
        out->quantities[i] = whole(record->quantities[i]);
}

static enum status price_one(struct book *book, struct booking_record *record,
                             struct pricing_outcome *outcome)
{
    struct tally_usage usage;
    struct decimal price = {0};

    pricing_usage(record, &usage);
    *outcome = (struct pricing_outcome){.verdict = PRICING_RATED};
    enum status status = bill_add(book->tally, &usage, &price, &outcome->unpriced);
    if (status == STATUS_NOT_FOUND)
        *outcome = (struct pricing_outcome){.verdict = PRICING_UNRATED};
    else if (status == STATUS_FULL)
        *outcome = (struct pricing_outcome){.verdict = PRICING_TOO_LARGE};
    else if (status != STATUS_OK)
        return status;
    else if (outcome->unpriced)
        outcome->verdict = PRICING_UNPRICED;
    decimal_format(price, record->price);
    return STATUS_OK;
}

enum status pricing_run(struct pricing *pricing, struct store_conn *conn, struct arena *arena,
                        struct booking_record *records, size_t count,
                        struct pricing_outcome *outcomes)
{
    tidy(pricing);
    enum status status = begin_all(pricing, conn, arena, records, count);

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct terms_contract *found = terms_find(pricing->terms, records[i].contract_id);

        outcomes[i] = (struct pricing_outcome){.verdict = PRICING_UNRATED};
        if (found)
            status = price_one(find(pricing, found), &records[i], &outcomes[i]);
    }
    return status;
}

/* ---- what was counted ---- */

static enum status gather(void *context, const struct tally_count *count)
{
    struct gathering *to = context;

    if (to->count == to->room) {
        const size_t room = to->room > 0 ? to->room * 2 : 256;
        struct tallies_change *changes = arena_take(to->arena, room * sizeof *changes);

        if (!changes)
            return STATUS_MEMORY;
        if (to->count > 0)
            memcpy(changes, to->changes, to->count * sizeof *changes);
        to->changes = changes;
        to->room = room;
    }
    struct tallies_change *change = &to->changes[to->count++];
    *change = (struct tallies_change){
        .contract_id = to->contract_id,
        .device_id = count->device,
        .version = count->version,
        .charge = count->charge,
        .cell = count->cell,
        .at_day = count->at_day,
    };
    decimal_format(count->quantity, change->quantity);
    return STATUS_OK;
}

/* ---- other quantities ---- */

/* Moves the counts by what this usage changes, once more or once less. */
static enum status move(struct book *book, const struct tally_usage *usage, bool less,
                        struct gathering *to)
{
    const struct tally_count *changes;
    unsigned unpriced;
    size_t count;
    enum status status = tally_prepare(book->tally, usage, &unpriced, &changes, &count);
    struct tally_count *copy = arena_take(to->arena, (count + 1) * sizeof *copy);

    if (status != STATUS_OK || !copy)
        return status == STATUS_OK ? STATUS_MEMORY : status;
    memcpy(copy, changes, count * sizeof *copy);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (less)
            copy[i].quantity.units = -copy[i].quantity.units;
        status = tally_load(book->tally, &copy[i]);
        if (status == STATUS_OK)
            status = gather(to, &copy[i]);
    }
    return status;
}

static enum status replace_one(struct book *book, const struct booking_record *record,
                               const int64_t *after, struct gathering *to, struct decimal *out)
{
    struct booking_record replaced = *record;
    struct tally_usage before_usage, after_usage;
    struct decimal before, now;

    memcpy(replaced.quantities, after, sizeof replaced.quantities);
    pricing_usage(record, &before_usage);
    pricing_usage(&replaced, &after_usage);
    to->contract_id = book->found->contract_id;
    enum status status = bill_usage(book->tally, &before);
    if (status == STATUS_OK)
        status = move(book, &before_usage, true, to);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK; /* no terms were in force: it costs nothing, before and now */
    if (status == STATUS_OK)
        status = move(book, &after_usage, false, to);
    if (status == STATUS_OK)
        status = bill_usage(book->tally, &now);
    if (status == STATUS_OK)
        status = decimal_add(now, (struct decimal){-before.units}, out);
    return status;
}

enum status pricing_replace(struct pricing *pricing, struct store_conn *conn, struct arena *arena,
                            struct booking_record *records, const pricing_quantities *after,
                            size_t count, struct decimal *differences)
{
    tidy(pricing);
    pricing->extra.arena = arena;
    enum status status = begin_all(pricing, conn, arena, records, count);

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct terms_contract *found = terms_find(pricing->terms, records[i].contract_id);

        differences[i] = (struct decimal){0};
        if (found)
            status = replace_one(find(pricing, found), &records[i], after[i], &pricing->extra,
                                 &differences[i]);
    }
    return status;
}

/* ---- the end of a transaction ---- */

enum status pricing_save(struct pricing *pricing, struct store_conn *conn, struct arena *arena)
{
    struct gathering all = pricing->extra;
    enum status status = STATUS_OK;

    all.arena = arena;
    for (size_t i = 0; i < pricing->count && status == STATUS_OK; i++) {
        if (!pricing->books[i].is_used)
            continue;
        all.contract_id = pricing->books[i].found->contract_id;
        status = tally_each(pricing->books[i].tally, true, gather, &all);
    }
    return status == STATUS_OK ? tallies_add(conn, arena, all.changes, all.count) : status;
}

void pricing_committed(struct pricing *pricing)
{
    for (size_t i = 0; i < pricing->count; i++) {
        if (pricing->books[i].is_used)
            tally_mark(pricing->books[i].tally);
    }
    pricing->is_pending = false;
}
