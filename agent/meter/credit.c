#include "agent/meter/credit.h"

#include <string.h>

static struct credit_line *find(struct credit *credit, const char *line_id)
{
    for (size_t i = 0; i < credit->count; i++)
        if (strcmp(credit->lines[i].line_id, line_id) == 0)
            return &credit->lines[i];
    return NULL;
}

/* granted - returned - used - open, never below zero. */
static uint64_t usable(const struct credit_line *line)
{
    uint64_t gone = line->returned + line->used + line->open;

    return line->granted > gone ? line->granted - gone : 0;
}

/* A place for a line not seen before; NULL when every line is current or has attempts under way. */
static struct credit_line *add(struct credit *credit, const char *line_id)
{
    struct credit_line *line = NULL;

    if (credit->count < LIMIT_CREDIT_LINES)
        line = &credit->lines[credit->count++];
    for (size_t i = 0; !line && i < credit->count; i++)
        if (!credit->lines[i].current && credit->lines[i].open == 0)
            line = &credit->lines[i];
    if (line) {
        *line = (struct credit_line){.current = true};
        memcpy(line->line_id, line_id, strlen(line_id) + 1);
    }
    return line;
}

/* What the server asks back, as far as it is still unused. It never decreases, and an amount that
 * was returned is never used: usable() counts it out. */
static void give_back(struct credit_line *line, uint64_t return_to)
{
    uint64_t busy = line->used + line->open;
    uint64_t spare = line->granted > busy ? line->granted - busy : 0;
    uint64_t returned = return_to < spare ? return_to : spare;

    if (returned > line->returned)
        line->returned = returned;
}

static void start_epoch(struct credit *credit, uint32_t epoch)
{
    credit->epoch = epoch;
    for (size_t i = 0; i < credit->count; i++) {
        credit->lines[i].granted = 0;
        credit->lines[i].returned = 0;
        credit->lines[i].used = 0;
    }
}

static void merge_line(struct credit_line *line, const wire_CreditLine *granted)
{
    line->current = true;
    line->unlimited = granted->unlimited;
    if (granted->granted > line->granted) {
        line->granted = granted->granted;
        line->wanted = 0;
    }
    give_back(line, granted->return_to);
}

enum status credit_merge(struct credit *credit, uint32_t epoch, const wire_CreditLine *lines,
                         size_t count, bool *changed)
{
    if (epoch < credit->epoch)
        return STATUS_STALE;

    struct credit before = *credit;

    if (epoch > credit->epoch)
        start_epoch(credit, epoch);
    for (size_t i = 0; i < credit->count; i++)
        credit->lines[i].current = false;
    for (size_t i = 0; i < count; i++) {
        struct credit_line *line = find(credit, lines[i].line_id);

        if (line)
            line->current = true;
    }
    for (size_t i = 0; i < count; i++) {
        struct credit_line *line = find(credit, lines[i].line_id);

        if (!line)
            line = add(credit, lines[i].line_id);
        if (line)
            merge_line(line, &lines[i]);
    }
    *changed = memcmp(&before, credit, sizeof before) != 0;
    return STATUS_OK;
}

enum status credit_reserve(struct credit *credit, const char *line_id, uint64_t amount)
{
    if (line_id[0] == 0)
        return STATUS_OK;

    struct credit_line *line = find(credit, line_id);

    if (!line)
        return STATUS_DENIED;
    if (!line->unlimited && amount > usable(line)) {
        if (amount > line->wanted)
            line->wanted = amount;
        return STATUS_DENIED;
    }
    line->open += amount;
    return STATUS_OK;
}

void credit_settle(struct credit *credit, const char *line_id, uint64_t reserved, uint64_t used)
{
    struct credit_line *line = find(credit, line_id);

    if (!line)
        return;
    line->open -= reserved < line->open ? reserved : line->open;
    line->used += used;
}

uint64_t credit_worst_case(const wire_UsageRecord *record)
{
    return record->reserved_input + record->reserved_output;
}

/* Only what the vendor itself counted to the end, and what never left, is known; anything else is
 * charged at its reservation until the vendor's file settles it. */
uint64_t credit_consumed(const wire_UsageRecord *record)
{
    if (record->provenance == wire_Provenance_NOT_SENT)
        return 0;
    if (record->provenance != wire_Provenance_VENDOR_FINAL)
        return credit_worst_case(record);
    return record->input_uncached + record->input_cached + record->cache_write_5m +
           record->cache_write_1h + record->output + record->reasoning;
}

void credit_report(const struct credit *credit, wire_CreditUse out[LIMIT_CREDIT_LINES],
                   pb_size_t *count)
{
    for (size_t i = 0; i < credit->count; i++) {
        const struct credit_line *line = &credit->lines[i];

        out[i] = (wire_CreditUse){
            .granted_seen = line->granted,
            .used = line->used,
            .open = line->open,
            .returned = line->returned,
            .wanted = line->wanted,
        };
        memcpy(out[i].line_id, line->line_id, sizeof line->line_id);
    }
    *count = (pb_size_t)credit->count;
}
