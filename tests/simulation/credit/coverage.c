#include "tests/simulation/credit/coverage.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const fault_names[] = {
    [COVERAGE_LOST] = "message lost",
    [COVERAGE_DOUBLED] = "message doubled",
    [COVERAGE_REORDERED] = "message late",
    [COVERAGE_PARTITION] = "partition",
    [COVERAGE_KILLED] = "robot killed",
    [COVERAGE_DISK_FULL] = "disk full",
    [COVERAGE_CLOCK] = "clock stepped",
    [COVERAGE_CLONED] = "disk cloned",
    [COVERAGE_SET_BACK] = "disk set back",
    [COVERAGE_SERVER_KILLED] = "server killed",
    [COVERAGE_BEFORE_COMMIT] = "killed before commit",
    [COVERAGE_AFTER_COMMIT] = "killed after commit",
    [COVERAGE_RESTORED] = "database restored",
    [COVERAGE_CAP_LOWERED] = "cap lowered",
    [COVERAGE_CAP_RAISED] = "cap raised",
    [COVERAGE_BUDGET_ADDED] = "budget added",
    [COVERAGE_LINE_REPLACED] = "line replaced",
    [COVERAGE_PERIOD_ENDED] = "period ended",
    [COVERAGE_OVERRUN] = "vendor overran",
};

static const char *const state_names[] = {
    "offline", "greeting", "ready", "in flight", "pending", "attempt", "empty", "recalled", "child",
};

static_assert(sizeof fault_names / sizeof *fault_names == COVERAGE_POWER, "a name each");
static_assert(sizeof state_names / sizeof *state_names == COVERAGE_STATES, "a name each");

void coverage_count(struct coverage *coverage, enum coverage_fault fault, unsigned states)
{
    for (unsigned i = 0; i < COVERAGE_STATES; i++) {
        if (states >> i & 1)
            coverage->counts[fault][i]++;
    }
}

static void fault_name(unsigned fault, char out[32])
{
    if (fault < COVERAGE_POWER)
        snprintf(out, 32, "%s", fault_names[fault]);
    else
        snprintf(out, 32, "power cut in %s",
                 storage_call_name((enum storage_call)(fault - COVERAGE_POWER)));
}

void coverage_print(const struct coverage *coverage)
{
    char name[32];

    printf("%-26s", "fault \\ state of the robot");
    for (unsigned i = 0; i < COVERAGE_STATES; i++)
        printf(" %9s", state_names[i]);
    printf("\n");
    for (unsigned fault = 0; fault < COVERAGE_FAULTS; fault++) {
        fault_name(fault, name);
        printf("%-26s", name);
        for (unsigned i = 0; i < COVERAGE_STATES; i++)
            printf(" %9" PRIu64, coverage->counts[fault][i]);
        printf("\n");
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64 " attempts, %" PRIu64
           " refused for credit, %" PRIu64 " records booked, %" PRIu64 " grants, %" PRIu64
           " forks, %" PRIu64 " times a pool was over\n",
           coverage->seeds, coverage->events, coverage->attempts, coverage->denied,
           coverage->records, coverage->grants, coverage->forks, coverage->over);
}

static bool fault_was_met(const struct coverage *coverage, unsigned fault)
{
    for (unsigned state = 0; state < COVERAGE_STATES; state++)
        if (coverage->counts[fault][state] > 0)
            return true;
    return false;
}

static bool state_was_met(const struct coverage *coverage, unsigned state)
{
    for (unsigned fault = 0; fault < COVERAGE_FAULTS; fault++)
        if (coverage->counts[fault][state] > 0)
            return true;
    return false;
}

bool coverage_is_whole(const struct coverage *coverage)
{
    bool whole = true;
    char name[32];

    for (unsigned fault = 0; fault < COVERAGE_FAULTS; fault++) {
        if (fault_was_met(coverage, fault))
            continue;
        fault_name(fault, name);
        printf("never met: %s\n", name);
        whole = false;
    }
    for (unsigned state = 0; state < COVERAGE_STATES; state++) {
        if (state_was_met(coverage, state))
            continue;
        printf("never met: anything while %s\n", state_names[state]);
        whole = false;
    }
    return whole;
}
