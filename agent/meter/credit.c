#include "agent/meter/credit.h"

#include <string.h>

#include "schema/wire/measure.h"

static size_t place_of(const struct credit *credit, const char *line_id)
{
    size_t place = 0;

    while (place < credit->count && strcmp(credit->lines[place].line_id, line_id) != 0)
        place++;
    return place;
}

static struct credit_line *find(struct credit *credit, const char *line_id)
{
    const size_t place = place_of(credit, line_id);

    return place < credit->count ? &credit->lines[place] : NULL;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t busy(const struct credit_measure *measure)
{
    return add(measure->used, measure->open);
}

/* granted - returned - used - open, never below zero. */
static uint64_t usable(const struct credit_measure *measure)
{
    return subtract(measure->granted, add(measure->returned, busy(measure)));
}

static wire_CreditMeasure terms_of(const struct credit_measure *measure)
{
    wire_CreditMeasure terms = {.weights_count = LIMIT_WEIGHTS, .divisor = measure->divisor};

    memcpy(terms.weights, measure->weights, sizeof terms.weights);
    return terms;
}

static uint64_t worst_case(const struct credit_measure *measure, const wire_UsageRecord *record)
{
    const wire_CreditMeasure terms = terms_of(measure);

    return measure_worst_case(&terms, record);
}

static uint64_t consumed(const struct credit_measure *measure, const wire_UsageRecord *record)
{
    const wire_CreditMeasure terms = terms_of(measure);

    return measure_consumed(&terms, record);
}

/* Merging. */

static bool is_open(const struct credit_line *line)
{
    for (size_t i = 0; i < line->measure_count; i++)
        if (line->measures[i].open > 0)
            return true;
    return false;
}

static void take_terms(struct credit_line *line, const wire_CreditLine *named)
{
    *line = (struct credit_line){
        .unlimited = named->unlimited,
        .measure_count = (uint8_t)named->measures_count,
    };
    memcpy(line->line_id, named->line_id, sizeof line->line_id);
    for (size_t i = 0; i < named->measures_count; i++) {
        const wire_CreditMeasure *terms = &named->measures[i];

        line->measures[i].divisor = terms->divisor > 0 ? terms->divisor : 1;
        memcpy(line->measures[i].weights, terms->weights,
               terms->weights_count * sizeof terms->weights[0]);
    }
}

static bool has_terms(const struct credit_line *line, const wire_CreditLine *named)
{
    struct credit_line other;

    take_terms(&other, named);
    if (line->unlimited != other.unlimited || line->measure_count != other.measure_count)
        return false;
    for (size_t i = 0; i < line->measure_count; i++)
        if (line->measures[i].divisor != other.measures[i].divisor ||
            memcmp(line->measures[i].weights, other.measures[i].weights,
                   sizeof other.measures[i].weights) != 0)
            return false;
    return true;
}

/* A place for a line not seen before; NULL when every line is named or has attempts under way. */
static struct credit_line *make_place(struct credit *credit)
{
    if (credit->count < LIMIT_CREDIT_LINES)
        return &credit->lines[credit->count++];
    for (size_t i = 0; i < credit->count; i++)
        if (credit->lines[i].rank == CREDIT_NOT_NAMED && !is_open(&credit->lines[i]))
            return &credit->lines[i];
    return NULL;
}

/* It never decreases, and an amount that was returned is never used: usable() counts it out. */
static bool give_back(struct credit_measure *measure, uint64_t return_to)
{
    uint64_t spare = subtract(measure->granted, busy(measure));
    uint64_t returned = return_to < spare ? return_to : spare;

    if (returned <= measure->returned)
        return false;
    measure->returned = returned;
    return true;
}

static bool is_behind(const struct credit_line *line, const struct credit_line *other)
{
    return line->rank > other->rank && line->use == other->use && line->is_test == other->is_test;
}

/* A line before them has credit again: what was refused on those that are used up is not missed. */
static void forget_refusals(struct credit *credit, const struct credit_line *line)
{
    for (size_t i = 0; i < credit->count; i++)
        if (is_behind(&credit->lines[i], line) && credit->lines[i].is_used_up)
            credit->lines[i].refused = false;
}

/* True: something else belongs on disk now. */
static bool merge_amounts(struct credit *credit, struct credit_line *line,
                          const wire_CreditLine *named)
{
    bool granted = false, returned = false;

    for (size_t i = 0; i < line->measure_count; i++) {
        struct credit_measure *measure = &line->measures[i];

        if (named->measures[i].granted > measure->granted) {
            measure->granted = named->measures[i].granted;
            granted = true;
        }
        returned |= give_back(measure, named->measures[i].return_to);
    }
    if (granted) {
        line->refused = false;
        forget_refusals(credit, line);
    }
    if (returned)
        credit->events.returned++;
    return granted || returned;
}

static void place(struct credit_line *line, const wire_CreditLine *named, size_t rank)
{
    line->rank = (uint8_t)rank;
    line->use = (uint8_t)named->use;
    line->is_test = named->purpose == wire_Purpose_TEST;
    line->is_standby = named->standby;
    line->is_used_up = named->used_up;
}

static void place_all(struct credit *credit, const wire_CreditLine *lines, size_t count)
{
    for (size_t i = 0; i < credit->count; i++) {
        credit->lines[i].rank = CREDIT_NOT_NAMED;
        credit->lines[i].is_standby = credit->lines[i].is_used_up = false;
    }
    for (size_t i = 0; i < count; i++) {
        struct credit_line *line = find(credit, lines[i].line_id);

        if (line && line->rank == CREDIT_NOT_NAMED)
            place(line, &lines[i], i);
    }
}

/* The rank of the first line of this use that is not used up, those of tests left out;
 * CREDIT_NOT_NAMED: there is none. */
static uint8_t first_rank(const struct credit *credit, uint8_t use)
{
    uint8_t first = CREDIT_NOT_NAMED;

    for (size_t i = 0; i < credit->count; i++)
        if (credit->lines[i].rank < first && credit->lines[i].use == use &&
            !credit->lines[i].is_test && !credit->lines[i].is_used_up)
            first = credit->lines[i].rank;
    return first;
}

static void merge_line(struct credit *credit, const wire_CreditLine *named, size_t rank,
                       bool changed[LIMIT_CREDIT_LINES])
{
    struct credit_line *line = find(credit, named->line_id);
    const bool fresh = line == NULL;

    if (fresh && !(line = make_place(credit)))
        return;
    if (fresh) {
        take_terms(line, named);
        place(line, named, rank);
    } else if (!has_terms(line, named)) {
        credit->events.lines_refused++;
        return;
    }
    changed[line - credit->lines] |= merge_amounts(credit, line, named) || fresh;
}

static void void_grants(struct credit *credit)
{
    for (size_t i = 0; i < credit->count; i++) {
        for (size_t j = 0; j < credit->lines[i].measure_count; j++) {
            struct credit_measure *measure = &credit->lines[i].measures[j];

            measure->granted = measure->returned = measure->used = 0;
            measure->used_told = 0;
        }
    }
}

void credit_start_epoch(struct credit *credit, uint32_t epoch)
{
    void_grants(credit);
    credit->epoch = epoch;
}

void credit_start_journal(struct credit *credit)
{
    void_grants(credit);
}

enum status credit_merge(struct credit *credit, uint32_t epoch, const wire_CreditLine *lines,
                         size_t count, bool changed[LIMIT_CREDIT_LINES])
{
    if (epoch < credit->epoch)
        return STATUS_STALE;
    const bool new_epoch = epoch > credit->epoch;
    const uint8_t first = first_rank(credit, wire_RouteUse_CHAT);

    if (new_epoch)
        credit_start_epoch(credit, epoch);
    for (size_t i = 0; i < LIMIT_CREDIT_LINES; i++)
        changed[i] = new_epoch && i < credit->count;
    place_all(credit, lines, count);
    for (size_t i = 0; i < count; i++)
        merge_line(credit, &lines[i], i, changed);
    credit->events.told++;
    const uint8_t first_now = first_rank(credit, wire_RouteUse_CHAT);
    if (first < first_now && first_now != CREDIT_NOT_NAMED)
        credit->events.moved++;
    return STATUS_OK;
}

/* Attempts. */

static void note_typical(struct credit *credit, const wire_UsageRecord *record)
{
    if (record->purpose == wire_Purpose_TEST)
        return; /* no owner's question is like it */
    credit->typical_input = record->reserved_input;
    credit->typical_output = record->reserved_output;
}

static uint64_t room_of(const struct credit_line *line, const wire_UsageRecord *record)
{
    uint64_t room = record->reserved_output;

    for (size_t i = 0; !line->unlimited && i < line->measure_count; i++) {
        const wire_CreditMeasure terms = terms_of(&line->measures[i]);
        uint64_t fits = measure_output_room(&terms, record, usable(&line->measures[i]));

        room = fits < room ? fits : room;
    }
    return line->unlimited || line->measure_count > 0 ? room : 0;
}

uint64_t credit_room(struct credit *credit, const wire_UsageRecord *record)
{
    const struct credit_line *line = find(credit, record->line_id);

    note_typical(credit, record);
    if (record->line_id[0] == 0)
        return record->reserved_output;
    return line ? room_of(line, record) : 0;
}

static bool fits(const struct credit_line *line, const wire_UsageRecord *record)
{
    if (line->unlimited)
        return true;
    for (size_t i = 0; i < line->measure_count; i++)
        if (worst_case(&line->measures[i], record) > usable(&line->measures[i]))
            return false;
    return line->measure_count > 0; /* nothing was ever granted on a line without measures */
}

enum status credit_reserve(struct credit *credit, const wire_UsageRecord *record)
{
    struct credit_line *line = find(credit, record->line_id);

    if (record->reserved_output > credit->typical_output)
        note_typical(credit, record);
    if (record->audio_out_chars > credit->typical_chars)
        credit->typical_chars = record->audio_out_chars;
    if (record->audio_in_ms > credit->typical_audio_ms)
        credit->typical_audio_ms = record->audio_in_ms;
    if (record->line_id[0] == 0)
        return STATUS_OK;
    if (!line || !fits(line, record)) {
        if (line)
            line->refused = true;
        credit->events.denied++;
        credit->events.awaited += credit_outlook(credit, record->line_id) == CREDIT_AWAITED;
        return STATUS_DENIED;
    }
    for (size_t i = 0; i < line->measure_count; i++) {
        struct credit_measure *measure = &line->measures[i];
        measure->open = add(measure->open, worst_case(measure, record));
    }
    return STATUS_OK;
}

void credit_release(struct credit *credit, const wire_UsageRecord *record)
{
    struct credit_line *line = find(credit, record->line_id);

    for (size_t i = 0; line && i < line->measure_count; i++) {
        struct credit_measure *measure = &line->measures[i];
        measure->open = subtract(measure->open, worst_case(measure, record));
    }
}

void credit_carry_over(struct credit *credit, const wire_UsageRecord *record)
{
    struct credit_line *line = find(credit, record->line_id);

    for (size_t i = 0; line && i < line->measure_count; i++) {
        struct credit_measure *measure = &line->measures[i];
        measure->used = add(measure->used, consumed(measure, record));
    }
}

/* A line before them answered: what they had to give or could not is no sign of what comes. */
static void forget_later(struct credit *credit, const struct credit_line *line)
{
    for (size_t i = 0; i < credit->count; i++) {
        struct credit_line *other = &credit->lines[i];

        if (!is_behind(other, line))
            continue;
        other->refused = false;
        for (size_t j = 0; j < other->measure_count; j++) {
            other->measures[j].used_told = other->measures[j].used;
            other->measures[j].used_between = 0;
        }
    }
}

void credit_end_attempt(struct credit *credit, const wire_UsageRecord *reserved,
                        const wire_UsageRecord *record)
{
    const struct credit_line *line = find(credit, record->line_id);

    credit_release(credit, reserved);
    credit_carry_over(credit, record);
    if (line && record->outcome != wire_Outcome_FAILED)
        forget_later(credit, line);
}

enum credit_outlook credit_outlook(const struct credit *credit, const char *line_id)
{
    const size_t place = place_of(credit, line_id);

    if (place == credit->count || credit->lines[place].rank == CREDIT_NOT_NAMED)
        return CREDIT_USED_UP;
    if (!credit->lines[place].refused)
        return CREDIT_GRANTED;
    return credit->lines[place].is_used_up ? CREDIT_USED_UP : CREDIT_AWAITED;
}

/* Telling. */

/* Of a trial's test, whose answer is cut to so much. */
static uint64_t test_worst_case(const struct credit_line *line,
                                const struct credit_measure *measure, uint64_t most_output)
{
    const wire_UsageRecord asked = {
        .reserved_input = CREDIT_TEST_INPUT,
        .reserved_output = CREDIT_TEST_OUTPUT < most_output ? CREDIT_TEST_OUTPUT : most_output,
    };
    const wire_UsageRecord said = {.audio_out_chars = CREDIT_TEST_CHARS};

    return worst_case(measure, line->use == wire_RouteUse_SPEECH ? &said : &asked);
}

/* Of an attempt like the last one on such a line, whose answer is cut to so much. */
static uint64_t typical_worst_case(const struct credit *credit, const struct credit_line *line,
                                   const struct credit_measure *measure, uint64_t most_output)
{
    if (line->is_test)
        return test_worst_case(line, measure, most_output);

    const bool any = credit->typical_input + credit->typical_output > 0;
    const uint64_t output = any ? credit->typical_output : CREDIT_TYPICAL_OUTPUT;
    const wire_UsageRecord typical = {
        .reserved_input = any ? credit->typical_input : CREDIT_TYPICAL_INPUT,
        .reserved_output = output < most_output ? output : most_output,
        .audio_out_chars = credit->typical_chars,
        .audio_in_ms = credit->typical_audio_ms,
    };

    return worst_case(measure, &typical);
}

static bool is_wanted(const struct credit *credit, const struct credit_line *line)
{
    return line->is_test || line->rank <= first_rank(credit, line->use) || line->is_standby ||
           line->refused;
}

static uint64_t wanted(const struct credit *credit, const struct credit_line *line,
                       const struct credit_measure *measure)
{
    const uint64_t since = subtract(measure->used, measure->used_told);
    const uint64_t at_hand = usable(measure);
    uint64_t need = since > measure->used_between ? since : measure->used_between;

    if (line->unlimited || line->rank == CREDIT_NOT_NAMED)
        return 0;
    if (!is_wanted(credit, line))
        return subtract(need, at_hand);
    const uint64_t one = typical_worst_case(credit, line, measure, UINT64_MAX);
    if (at_hand >= one)
        return subtract(need, at_hand);
    need = subtract(need, at_hand);
    return need > one ? need : one;
}

static wire_CreditAmount amount_of(const struct credit *credit, const struct credit_line *line,
                                   const struct credit_measure *measure)
{
    return (wire_CreditAmount){
        .granted_seen = measure->granted,
        .used = measure->used,
        .open = measure->open,
        .returned = measure->returned,
        .wanted = wanted(credit, line, measure),
        .least = typical_worst_case(credit, line, measure, CREDIT_LEAST_OUTPUT),
    };
}

void credit_report(const struct credit *credit, wire_CreditUse out[LIMIT_CREDIT_LINES],
                   pb_size_t *count)
{
    for (size_t i = 0; i < credit->count; i++) {
        const struct credit_line *line = &credit->lines[i];

        out[i] = (wire_CreditUse){.amounts_count = line->measure_count};
        memcpy(out[i].line_id, line->line_id, sizeof line->line_id);
        for (size_t j = 0; j < line->measure_count; j++)
            out[i].amounts[j] = amount_of(credit, line, &line->measures[j]);
    }
    *count = (pb_size_t)credit->count;
}

void credit_reported(struct credit *credit)
{
    for (size_t i = 0; i < credit->count; i++) {
        for (size_t j = 0; j < credit->lines[i].measure_count; j++) {
            struct credit_measure *measure = &credit->lines[i].measures[j];

            measure->used_between = subtract(measure->used, measure->used_told);
            measure->used_told = measure->used;
        }
    }
}

void credit_resume(struct credit *credit)
{
    credit_reported(credit);
    credit_reported(credit);
}
