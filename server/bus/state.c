#include "server/bus/state.h"

#include <stdio.h>
#include <string.h>

#include "server/bus/lines.h"
#include "server/bus/receipt.h"
#include "server/fleet/route.h"

static const wire_JournalVerdict verdicts[] = {
    [JOURNAL_OPEN] = wire_JournalVerdict_JOURNAL_ACCEPTED,
    [JOURNAL_IS_FORKED] = wire_JournalVerdict_JOURNAL_FORKED,
    [JOURNAL_IS_QUARANTINED] = wire_JournalVerdict_JOURNAL_QUARANTINED,
};

bool state_route_is_usable(const struct routes_row *route)
{
    return route->is_complete && route->contract_version > 0 &&
           route_is_allowed(&(struct route_border){
               .device_region = route->device_region,
               .vendor_region = route->vendor_region,
               .pair_is_open = route->pair_is_open,
               .filing_is_due = route->filing_is_due,
               .filing = route->filing,
           });
}

const struct routes_row *state_find_routes(const struct routes_row *rows, size_t row_count,
                                           const char *device_id, size_t *count)
{
    size_t low = 0;
    size_t high = row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(rows[middle].device_id, device_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < row_count && strcmp(rows[end].device_id, device_id) == 0)
        end++;
    *count = end - low;
    return rows + low;
}

const struct routes_row *state_find_trial(const struct routes_row *rows, size_t count)
{
    return count > 0 && rows[count - 1].rollout_id[0] ? &rows[count - 1] : NULL;
}

/* The lengths were checked when vendor, contract and layer were written; a longer text is left out
 * rather than cut. */
static bool put(char *out, size_t size, const char *text)
{
    return snprintf(out, size, "%s", text) < (int)size;
}

static const struct credits_account *find_account(const struct state_facts *facts,
                                                  const char *line_id, size_t measure)
{
    for (size_t i = 0; facts->journal && i < facts->account_count; i++) {
        const struct credits_account *row = facts->accounts[i];

        if (row->epoch == facts->epoch && row->measure == (int64_t)measure &&
            memcmp(row->journal_id, facts->journal->journal_id, sizeof row->journal_id) == 0 &&
            strcmp(row->line_id, line_id) == 0)
            return row;
    }
    return NULL;
}

static void fill_line(const struct state_facts *facts, const struct lines_line *line,
                      wire_State *out)
{
    wire_CreditLine *to = &out->credit[out->credit_count];

    *to = (wire_CreditLine)wire_CreditLine_init_zero;
    if (!put(to->line_id, sizeof to->line_id, line->line_id) ||
        !put(to->vendor, sizeof to->vendor, line->route->vendor_id) ||
        !put(to->model, sizeof to->model, line->route->model) ||
        !put(to->contract, sizeof to->contract, line->route->contract_id))
        return;
    to->contract_version = (uint32_t)line->route->contract_version;
    to->use = message_route_use(line->route->use);
    to->unlimited = line->measure_count == 0;
    to->standby = line->is_standby;
    to->purpose = line->is_test ? wire_Purpose_TEST : wire_Purpose_TALK;
    for (size_t m = 0; m < line->measure_count; m++) {
        const struct credits_account *row = find_account(facts, line->line_id, m);

        to->measures[m] = line->measures[m].terms;
        to->measures[m].granted = row ? row->account.granted : 0;
        to->measures[m].return_to = row ? row->account.return_to : 0;
        to->used_up |= row && grant_is_short(&row->account, line->measures[m].attempt);
    }
    to->measures_count = (pb_size_t)line->measure_count;
    out->credit_count++;
}

static bool is_named(const wire_State *out, const char *line_id)
{
    for (size_t i = 0; i < out->credit_count; i++) {
        if (strcmp(out->credit[i].line_id, line_id) == 0)
            return true;
    }
    return false;
}

/* A line that another took the place of, while some of it is asked back. */
static void fill_replaced(const struct state_facts *facts, const struct credits_account *row,
                          wire_State *out)
{
    wire_CreditLine *to = &out->credit[out->credit_count];
    const struct credits_account *part;

    *to = (wire_CreditLine)wire_CreditLine_init_zero;
    if (!put(to->line_id, sizeof to->line_id, row->line_id) ||
        !put(to->vendor, sizeof to->vendor, row->vendor_id) ||
        !put(to->model, sizeof to->model, row->model) ||
        !put(to->contract, sizeof to->contract, row->contract_id))
        return;
    to->purpose = row->purpose == wire_Purpose_TEST ? wire_Purpose_TEST : wire_Purpose_TALK;
    for (size_t m = 0; m < LIMIT_MEASURES; m++) {
        part = find_account(facts, row->line_id, m);
        if (!part)
            break;
        to->measures[m] = part->terms;
        to->measures[m].granted = part->account.granted;
        to->measures[m].return_to = part->account.return_to;
        to->measures_count++;
    }
    out->credit_count++;
}

static void fill_lines(const struct state_facts *facts, wire_State *out)
{
    for (size_t i = 0; i < facts->line_count && out->credit_count < LIMIT_CREDIT_LINES; i++)
        fill_line(facts, &facts->lines[i], out);
    for (size_t i = 0; i < facts->account_count && out->credit_count < LIMIT_CREDIT_LINES; i++) {
        const struct credits_account *row = facts->accounts[i];

        if (row->account.return_to > row->account.returned && !is_named(out, row->line_id) &&
            find_account(facts, row->line_id, (size_t)row->measure) == row)
            fill_replaced(facts, row, out);
    }
}

/* Over all lines that the journal ever had in this epoch: those that a state names come and go. */
static uint64_t granted_in_all(const struct state_facts *facts)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < facts->account_count; i++) {
        const struct credits_account *row = facts->accounts[i];

        if (row->epoch != facts->epoch ||
            memcmp(row->journal_id, facts->journal->journal_id, sizeof row->journal_id) != 0)
            continue;
        if (row->account.granted > INT64_MAX - sum)
            return INT64_MAX;
        sum += row->account.granted;
    }
    return sum;
}

static void fill_receipt(const struct state_facts *facts, const uint8_t *master_key,
                         wire_State *out)
{
    const struct receipt_owner owner = {facts->device_id, facts->journal->journal_id, facts->epoch};
    const struct receipt receipt = {
        .watermark = facts->journal->ledger.seq,
        .generation = (uint64_t)facts->desired_generation,
        .granted = granted_in_all(facts),
    };

    out->receipt.size = RECEIPT_SIZE;
    receipt_make(master_key, &owner, &receipt, out->receipt.bytes);
}

void state_fill(const struct state_facts *facts, const uint8_t master_key[CRYPTO_KEY_SIZE],
                int64_t now_ms, wire_State *out)
{
    *out = (wire_State)wire_State_init_zero;
    out->has_header = true;
    out->header.has_session = true;
    out->header.session.number = facts->session_number;
    memcpy(out->header.session.id, facts->session_id, sizeof out->header.session.id);
    out->header.epoch = (uint32_t)facts->epoch;
    out->header.server_time_ms = now_ms;
    out->session_floor = facts->session_floor;
    if (facts->session_floor > 0)
        return;
    if (facts->journal) {
        memcpy(out->journal_id, facts->journal->journal_id, sizeof out->journal_id);
        out->acknowledged_seq = facts->journal->ledger.seq;
        out->acknowledged_hash.size = CRYPTO_HASH_SIZE;
        memcpy(out->acknowledged_hash.bytes, facts->journal->ledger.hash, CRYPTO_HASH_SIZE);
        out->journal_verdict = verdicts[facts->journal->status];
    }
    out->desired_generation = (uint64_t)facts->desired_generation;
    out->want_hello = facts->want_hello;
    out->want_usage = facts->want_usage;
    fill_lines(facts, out);
    if (facts->journal)
        fill_receipt(facts, master_key, out);
}
