#include "tests/simulation/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- where a robot stands ---- */

struct standing {
    const struct robot *robot;
    wire_JournalHead head;
    const struct journal_row *row; /* NULL: the server never heard of its journal */
    const struct database_device *device;
    uint64_t pending;
};

static struct standing stand(const struct fleet *fleet, size_t place)
{
    const struct robot *robot = &fleet->robots[place];
    struct standing standing = {.robot = robot,
                                .device = database_find(fleet->database, robot->device_id)};

    if (!robot->journal)
        return standing;
    journal_head(robot->journal, &standing.head);
    standing.pending = journal_pending(robot->journal);
    standing.row = database_find_journal(fleet->database, robot->device_id, standing.head.id);
    return standing;
}

static bool is_quarantined(const struct standing *standing)
{
    return standing->row && standing->row->status == JOURNAL_IS_QUARANTINED;
}

static bool is_counted(const struct standing *standing)
{
    return standing->row && standing->row->status == JOURNAL_OPEN && standing->pending == 0 &&
           standing->head.open_attempts == 0 &&
           standing->row->ledger.seq == standing->head.head_seq &&
           memcmp(standing->row->ledger.hash, standing->head.head_hash.bytes, CRYPTO_HASH_SIZE) ==
               0;
}

static bool is_current(const struct standing *standing)
{
    const struct peer_running *running = &standing->robot->held.running;
    const struct link_row *link = &standing->device->link;

    return running->generation_running == (uint64_t)link->desired_generation &&
           link->reported_generation == link->desired_generation &&
           standing->robot->held.volume == standing->device->volume;
}

/* How far from UTC it lives is known as it told it last. */
static bool is_placed(const struct standing *standing)
{
    char told[LOCAL_TIME_OFFSET_SIZE];

    return local_time_offset_text(standing->robot->utc_offset_min, told) == STATUS_OK &&
           strcmp(standing->device->utc_offset, told) == 0;
}

/* Two robots of one id end each other's connections for ever. */
static bool has_double(const struct fleet *fleet, const struct robot *robot)
{
    for (size_t i = 0; i < fleet->robot_count; i++) {
        if (&fleet->robots[i] != robot && strcmp(fleet->robots[i].device_id, robot->device_id) == 0)
            return true;
    }
    return false;
}

bool verdict_is_settled(const struct fleet *fleet)
{
    for (size_t i = 0; i < NETWORK_SERVERS; i++) {
        if (!server_is_idle(fleet->servers[i]))
            return false;
    }
    for (size_t i = 0; i < fleet->robot_count; i++) {
        const struct standing standing = stand(fleet, i);

        if (!standing.robot->journal)
            return false;
        if (standing.robot->talking > 0 || (!is_quarantined(&standing) && !is_counted(&standing)))
            return false;
        if (!has_double(fleet, standing.robot) && (!is_current(&standing) || !is_placed(&standing)))
            return false;
    }
    return true;
}

/* ---- robots ---- */

static void check_robot(struct fleet *fleet, size_t place)
{
    const struct standing standing = stand(fleet, place);
    const struct robot *robot = standing.robot;

    if (!robot->journal) {
        findings_add(&fleet->findings, "I1: robot %u never started again", robot->number);
        return;
    }
    if (is_quarantined(&standing)) {
        if (!has_double(fleet, robot))
            findings_add(&fleet->findings, "I1: robot %u was quarantined, and is no copy",
                         robot->number);
        return;
    }
    if (!is_counted(&standing))
        findings_add(&fleet->findings,
                     "I1: robot %u: head %llu pending %llu open %u, watermark %lld status %d phase "
                     "%d",
                     robot->number, (unsigned long long)standing.head.head_seq,
                     (unsigned long long)standing.pending, (unsigned)standing.head.open_attempts,
                     standing.row ? (long long)standing.row->ledger.seq : -1,
                     standing.row ? (int)standing.row->status : -1, (int)peer_phase(robot->peer));
    if (!has_double(fleet, robot) && !is_placed(&standing))
        findings_add(&fleet->findings, "robot %u told %d minutes from UTC, known is \"%s\"",
                     robot->number, robot->utc_offset_min, standing.device->utc_offset);
    if (!has_double(fleet, robot) && !is_current(&standing))
        findings_add(&fleet->findings,
                     "I4: robot %u runs generation %llu volume %u, reported %lld, desired %lld "
                     "volume %u",
                     robot->number, (unsigned long long)robot->held.running.generation_running,
                     robot->held.volume, (long long)standing.device->link.reported_generation,
                     (long long)standing.device->link.desired_generation, standing.device->volume);
}

/* A copy's journal and the original's continue the same one: one of them goes on, the other has to
 * wait for a human. */
static void check_copies(struct fleet *fleet)
{
    for (size_t i = fleet->device_count; i < fleet->robot_count; i++) {
        const struct standing copy = stand(fleet, i);
        size_t original = 0;

        while (strcmp(fleet->robots[original].device_id, copy.robot->device_id) != 0)
            original++;
        const struct standing other = stand(fleet, original);
        if (is_quarantined(&copy) == is_quarantined(&other))
            findings_add(&fleet->findings, "I1: robot %u and its copy %u are both %s",
                         other.robot->number, copy.robot->number,
                         is_quarantined(&copy) ? "quarantined" : "counted");
        if (database_count_alerts(fleet->database, "journal_quarantined") == 0)
            findings_add(&fleet->findings, "I1: a copied disk raised no alert");
    }
}

/* ---- attempts ---- */

static bool is_of_copied_disk(const struct fleet *fleet, const struct vendor_attempt *attempt)
{
    return has_double(fleet, &fleet->robots[attempt->robot]);
}

static void check_quantities(struct fleet *fleet, const struct vendor_attempt *attempt,
                             const struct database_usage *row)
{
    const wire_UsageRecord *record = attempt->record;
    const int64_t input = (int64_t)attempt->input, output = (int64_t)attempt->output;
    bool right = true;

    switch ((wire_Provenance)row->provenance) {
    case wire_Provenance_VENDOR_FINAL:
        right = row->input == input && row->output == output && row->requests == 1;
        break;
    case wire_Provenance_WORST_CASE:
        right = row->input >= input && row->output >= output && row->requests == 1;
        break;
    case wire_Provenance_NOT_SENT:
        right = !attempt->sent && row->input == 0 && row->output == 0 && row->requests == 0;
        break;
    default:
        right = row->input == (int64_t)record->input_uncached &&
                row->output == (int64_t)record->output && row->requests == 1;
        break;
    }
    if (!right)
        findings_add(&fleet->findings,
                     "I1: robot %u: a %s record says %lld + %lld tokens, the vendor %lld + %lld",
                     attempt->robot, message_provenance_name((wire_Provenance)row->provenance),
                     (long long)row->input, (long long)row->output, (long long)input,
                     (long long)output);
    /* what the journal promised to have kept is what is counted; a copied disk may say otherwise */
    if (attempt->closed && row->provenance != (int64_t)record->provenance &&
        attempt->robot >= fleet->profile->rollbacks && !is_of_copied_disk(fleet, attempt))
        findings_add(&fleet->findings, "I1: robot %u closed an attempt as %s, counted is %s",
                     attempt->robot, message_provenance_name(record->provenance),
                     message_provenance_name((wire_Provenance)row->provenance));
}

static void check_time(struct fleet *fleet, const struct database_usage *row)
{
    if (row->at_ms > row->booked_ms)
        findings_add(&fleet->findings, "an attempt counts %lld ms after it arrived",
                     (long long)(row->at_ms - row->booked_ms));
}

/* The records' prices add up to what their counts cost, in whatever order they came. */
static void check_cost(struct fleet *fleet, int64_t price)
{
    char sum[DECIMAL_TEXT_SIZE], kept[DECIMAL_TEXT_SIZE], again[DECIMAL_TEXT_SIZE];

    decimal_format((struct decimal){(decimal_units)price * 1000000000}, sum);
    decimal_format(database_cost_of_counts(fleet->database), kept);
    decimal_format(database_cost_of_records(fleet->database), again);
    if (strcmp(sum, kept) != 0 || strcmp(kept, again) != 0)
        findings_add(&fleet->findings, "I5: records cost %s, their counts %s, counted again %s",
                     sum, kept, again);
}

/* Of records that were lost, or folded on a full disk. */
static bool is_sum(const struct database_usage *row)
{
    return row->provenance == wire_Provenance_ADJUSTMENT || row->attempt == 0;
}

/* Every row belongs to an attempt, but for those that stand for several. */
static void check_rows(struct fleet *fleet, unsigned *times)
{
    size_t count;
    const struct database_usage *rows = database_usage(fleet->database, &count);

    for (size_t i = 0; i < count; i++) {
        if (is_sum(&rows[i])) {
            check_time(fleet, &rows[i]);
            continue;
        }
        struct vendor_attempt *attempt = vendor_find(fleet->vendor, rows[i].turn, rows[i].attempt);

        if (!attempt || attempt->refused || !attempt->device_id ||
            strcmp(attempt->device_id, rows[i].device_id) != 0) {
            findings_add(&fleet->findings, "I1: record %lld of %s is of no attempt",
                         (long long)rows[i].seq, rows[i].device_id);
            continue;
        }
        times[vendor_place(attempt)]++;
        check_quantities(fleet, attempt, &rows[i]);
        check_time(fleet, &rows[i]);
    }
}

/* What a device's sums may stand for. */
struct bounds {
    int64_t requests, input, output;
};

struct lost {
    struct bounds least, most;
};

static bool must_count(const struct fleet *fleet, const struct vendor_attempt *attempt)
{
    return (attempt->sent || attempt->closed) && !attempt->may_be_lost &&
           !is_of_copied_disk(fleet, attempt);
}

static void add_bounds(struct bounds *bounds, int64_t requests, uint64_t input, uint64_t output)
{
    bounds->requests += requests;
    bounds->input += (int64_t)input;
    bounds->output += (int64_t)output;
}

/* A close that power loss met may be as it was to be, or the worst case, and of an attempt that
 * never reached the vendor there may be nothing at all. */
static void add_lost(struct lost *lost, const struct vendor_attempt *attempt)
{
    const wire_UsageRecord *record = attempt->record;

    if (attempt->closed) {
        add_bounds(&lost->least, (int64_t)record->requests, record->input_uncached, record->output);
        add_bounds(&lost->most, (int64_t)record->requests, record->input_uncached, record->output);
        return;
    }
    if (attempt->sent)
        add_bounds(&lost->least, 1, 0, 0);
    add_bounds(&lost->most, 1, record->reserved_input, record->reserved_output);
}

static bool has_sums(const struct fleet *fleet, const char *device_id)
{
    size_t count;
    const struct database_usage *rows = database_usage(fleet->database, &count);

    for (size_t i = 0; i < count; i++) {
        if (is_sum(&rows[i]) && strcmp(rows[i].device_id, device_id) == 0)
            return true;
    }
    return false;
}

static struct bounds sum_of_sums(const struct fleet *fleet, const char *device_id)
{
    struct bounds sum = {0};
    size_t count;
    const struct database_usage *rows = database_usage(fleet->database, &count);

    for (size_t i = 0; i < count; i++) {
        if (is_sum(&rows[i]) && strcmp(rows[i].device_id, device_id) == 0)
            add_bounds(&sum, rows[i].requests, (uint64_t)rows[i].input, (uint64_t)rows[i].output);
    }
    return sum;
}

static bool is_between(int64_t least, int64_t number, int64_t most)
{
    return least <= number && number <= most;
}

/* The attempts without a row of their own are what the sums stand for, to the token. */
static void check_device_sums(struct fleet *fleet, const unsigned *times, const char *device_id)
{
    const struct bounds sum = sum_of_sums(fleet, device_id);
    struct lost lost = {0};

    for (size_t i = 0; i < vendor_count(fleet->vendor); i++) {
        const struct vendor_attempt *attempt = vendor_at(fleet->vendor, i);

        if (times[i] == 0 && attempt->device_id && !attempt->refused &&
            strcmp(attempt->device_id, device_id) == 0)
            add_lost(&lost, attempt);
    }
    if (!is_between(lost.least.requests, sum.requests, lost.most.requests) ||
        !is_between(lost.least.input, sum.input, lost.most.input) ||
        !is_between(lost.least.output, sum.output, lost.most.output))
        findings_add(&fleet->findings,
                     "I1: %s: %lld to %lld requests, %lld to %lld and %lld to %lld tokens have no "
                     "row, sums tell %lld, %lld and %lld",
                     device_id, (long long)lost.least.requests, (long long)lost.most.requests,
                     (long long)lost.least.input, (long long)lost.most.input,
                     (long long)lost.least.output, (long long)lost.most.output,
                     (long long)sum.requests, (long long)sum.input, (long long)sum.output);
}

static bool may_lose_any(const struct fleet *fleet, const char *device_id)
{
    for (size_t i = 0; i < fleet->robot_count; i++) {
        if (strcmp(fleet->robots[i].device_id, device_id) != 0)
            continue;
        if (i < fleet->profile->rollbacks || has_double(fleet, &fleet->robots[i]))
            return true;
    }
    return false;
}

/* Every attempt that reached the vendor has one row, or is in a sum. */
static void check_attempts(struct fleet *fleet, const unsigned *times)
{
    for (size_t i = 0; i < vendor_count(fleet->vendor); i++) {
        const struct vendor_attempt *attempt = vendor_at(fleet->vendor, i);

        if (times[i] > 1)
            findings_add(&fleet->findings, "I1: an attempt of robot %u was counted %u times",
                         attempt->robot, times[i]);
        if (times[i] == 0 && must_count(fleet, attempt) && !has_sums(fleet, attempt->device_id))
            findings_add(
                &fleet->findings, "I1: an attempt of robot %u at %lld s was not counted (%s, %s)",
                attempt->robot, (long long)(attempt->asked_ms / 1000),
                attempt->sent ? "sent" : "not sent", attempt->closed ? "closed" : "never closed");
    }
    for (size_t i = 0; i < fleet->device_count; i++) {
        if (has_sums(fleet, fleet->device_ids[i]) && !may_lose_any(fleet, fleet->device_ids[i]))
            check_device_sums(fleet, times, fleet->device_ids[i]);
    }
}

static void check_sums(struct fleet *fleet)
{
    const struct database_tables *tables = database_tables(fleet->database);
    size_t count;
    const struct database_usage *rows = database_usage(fleet->database, &count);
    int64_t input = 0, output = 0, requests = 0, price = 0, attempts = 0;

    for (size_t i = 0; i < count; i++) {
        input += rows[i].input;
        output += rows[i].output;
        requests += rows[i].requests;
        price += rows[i].price;
        attempts += is_sum(&rows[i]) && rows[i].requests > 1 ? rows[i].requests : 1;
    }
    if (tables->day_attempts != attempts || tables->day_input != input ||
        tables->day_output != output || tables->day_requests != requests ||
        tables->day_price != price)
        findings_add(&fleet->findings, "I1: the days' sums are not those of the records");
    check_cost(fleet, price);
}

/* ---- credit ---- */

/* What the journal charged to its lines is what its records consumed (I2); a copied, rolled back or
 * restored one starts elsewhere. */
static void check_credit(struct fleet *fleet, size_t place)
{
    const struct robot *robot = &fleet->robots[place];
    wire_CreditUse lines[LIMIT_CREDIT_LINES];
    pb_size_t line_count = 0;
    size_t count;
    const struct database_usage *rows = database_usage(fleet->database, &count);
    int64_t used = 0, expected = 0;

    if (!robot->journal)
        return;
    journal_credit(robot->journal, lines, &line_count);
    for (pb_size_t i = 0; i < line_count; i++) {
        used += (int64_t)lines[i].amounts[0].used;
        if (lines[i].amounts[0].open > 0)
            findings_add(&fleet->findings, "I2: robot %u still reserves %llu tokens", robot->number,
                         (unsigned long long)lines[i].amounts[0].open);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].device_id, robot->device_id) != 0 ||
            rows[i].provenance == wire_Provenance_NOT_SENT)
            continue;
        expected += rows[i].provenance == wire_Provenance_VENDOR_FINAL
                        ? rows[i].input + rows[i].output
                        : rows[i].reserved;
    }
    if (used != expected)
        findings_add(&fleet->findings, "I2: robot %u charged %lld tokens for records of %lld",
                     robot->number, (long long)used, (long long)expected);
}

/* ---- power ---- */

/* What was settled must still be so for a robot that starts from its disk alone. */
static void check_disk(struct fleet *fleet, size_t place)
{
    struct robot *robot = &fleet->robots[place];
    wire_JournalHead before, after;

    if (!robot->journal)
        return;
    journal_head(robot->journal, &before);
    robot_restart_now(robot);
    if (!robot->journal)
        return;
    journal_head(robot->journal, &after);
    if (before.head_seq != after.head_seq ||
        memcmp(before.head_hash.bytes, after.head_hash.bytes, CRYPTO_HASH_SIZE) != 0 ||
        memcmp(before.id, after.id, sizeof before.id) != 0)
        findings_add(&fleet->findings,
                     "I1: robot %u's journal ended at %llu in memory and at %llu on its disk",
                     robot->number, (unsigned long long)before.head_seq,
                     (unsigned long long)after.head_seq);
}

/* ---- bounds ---- */

/* A journal keeps to its file's size, rounded up to the room it sets aside at a time. */
static void check_size(struct fleet *fleet, const struct robot *robot)
{
    const size_t limit = fleet->profile->journal_bytes + 16384 + LIMIT_RECORD_BYTES;
    struct stat st;

    if (fleet->profile->journal_bytes > 0 && stat(robot->journal_path, &st) == 0 &&
        (size_t)st.st_size > limit)
        findings_add(&fleet->findings, "I10: robot %u's journal takes %lld bytes", robot->number,
                     (long long)st.st_size);
}

static void check_queues(struct fleet *fleet)
{
    const struct server_counts *counts = &fleet->servers_world.counts;
    const size_t limit = fleet->profile->queue_messages;

    if (limit == 0)
        return;
    if (counts->deepest > limit)
        findings_add(&fleet->findings, "I10: the server queued %zu messages", counts->deepest);
    if (counts->shed == 0 || counts->refused == 0)
        findings_add(&fleet->findings, "the server was never overloaded: nothing is shown");
}

/* ---- all ---- */

static void check_alerts(struct fleet *fleet)
{
    const struct server_counts *counts = &fleet->servers_world.counts;
    const struct profile *profile = fleet->profile;

    if (profile->copies == 0 && profile->rollbacks == 0 && !profile->restore &&
        counts->ingest.forks > 0)
        findings_add(&fleet->findings, "I1: %llu journals were taken for forked",
                     (unsigned long long)counts->ingest.forks);
    if (profile->adjusts && counts->ingest.forks > 0)
        findings_add(&fleet->findings, "I1: %llu journals ended at a gap that could be adjusted",
                     (unsigned long long)counts->ingest.forks);
    if (counts->ingest.adjustments > 0 && database_count_alerts(fleet->database, "usage_lost") == 0)
        findings_add(&fleet->findings, "I1: lost records raised no alert");
    if (profile->attack_ms == 0 && counts->ingest.forged > 0)
        findings_add(&fleet->findings, "I3: genuine messages were counted as forged");
    if (profile->attack_ms > 0 && counts->forged_sent > 0 &&
        database_count_alerts(fleet->database, "forged_message") == 0)
        findings_add(&fleet->findings, "I3: forged messages raised no alert");
}

void verdict_pass(struct fleet *fleet)
{
    unsigned *times =
        timeline_take(&fleet->timeline, (vendor_count(fleet->vendor) + 1) * sizeof *times);

    for (size_t i = 0; i < fleet->robot_count; i++)
        check_robot(fleet, i);
    check_copies(fleet);
    check_rows(fleet, times);
    check_attempts(fleet, times);
    check_sums(fleet);
    check_alerts(fleet);
    check_queues(fleet);
    for (size_t i = 0; i < fleet->robot_count; i++)
        check_size(fleet, &fleet->robots[i]);
    for (size_t i = 0; i < fleet->robot_count; i++) {
        if (i >= fleet->profile->rollbacks && !has_double(fleet, &fleet->robots[i]) &&
            !fleet->profile->restore)
            check_credit(fleet, i);
    }
    for (size_t i = 0; i < fleet->robot_count; i++)
        check_disk(fleet, i);
}
