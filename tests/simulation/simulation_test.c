/* Whole fleets in virtual time: each test is a way of going wrong, its name what holds
 * nevertheless. Every invariant is checked at the end of every run (verdict.c).
 *
 *     simulation_test [--seeds N] [--seed S] [--only PART OF A NAME] [--verbose]
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/simulation/fleet.h"

#define MINUTE 60000

static const struct profile profiles[] = {
    {.name = "I1_every_attempt_counts_once_though_messages_are_lost_doubled_and_out_of_order",
     .robots = 16,
     .chaos_ms = 5 * MINUTE,
     .think_ms = 12000,
     .lost = 150,
     .doubled = 150,
     .slow = 200,
     .very_slow = 20,
     .change_ms = 20000},
    {.name = "I1_every_attempt_counts_once_though_power_fails_inside_any_write_of_the_journal",
     .robots = 16,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 8000,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .kill_ms = 8000,
     .power_ms = 8000,
     .power_writes = 60,
     .full_ms = 45000,
     .step_ms = 20000,
     .journal_bytes = 24576,
     .change_ms = 8000},
    {.name = "I1_full_disks_fold_what_was_never_sent_and_every_token_counts_once",
     .robots = 6,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 1500,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .cut_ms = 8000,
     .kill_ms = 15000,
     .power_ms = 30000,
     .power_writes = 10,
     .full_ms = 15000,
     .database_away_ms = 60000,
     .journal_bytes = 24576,
     .change_ms = 60000,
     .folds = true},
    {.name = "I1_every_attempt_counts_once_though_servers_broker_and_database_die",
     .robots = 16,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 10000,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .broker_restart_ms = 50000,
     .server_kill_ms = 12000,
     .database_away_ms = 40000,
     .transactions_failing = 200,
     .change_ms = 30000},
    {.name = "I3_what_is_forged_replayed_or_sent_elsewhere_changes_nothing",
     .robots = 12,
     .chaos_ms = 5 * MINUTE,
     .think_ms = 15000,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .very_slow = 3,
     .kill_ms = 30000,
     .change_ms = 30000,
     .attack_ms = 400},
    {.name = "I4_every_robot_runs_the_newest_generation_after_cuts_and_restarts",
     .robots = 20,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 40000,
     .lost = 100,
     .doubled = 50,
     .slow = 100,
     .very_slow = 10,
     .cut_ms = 5000,
     .broker_restart_ms = 90000,
     .kill_ms = 15000,
     .server_kill_ms = 40000,
     .change_ms = 2000},
    {.name = "I1_I4_a_restored_database_is_told_again_what_it_forgot",
     .robots = 12,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 10000,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .cut_ms = 30000,
     .kill_ms = 30000,
     .change_ms = 6000,
     .restore = true},
    {.name = "I1_what_a_restored_database_forgot_and_no_ring_holds_is_adjusted_to_the_token",
     .robots = 6,
     .chaos_ms = 8 * MINUTE,
     .think_ms = 2500,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .cut_ms = 40000,
     .kill_ms = 20000,
     .journal_bytes = 24576,
     .change_ms = 30000,
     .restore = true,
     .adjusts = true},
    {.name = "I1_of_two_robots_with_one_disk_one_goes_on_and_the_other_is_quarantined",
     .robots = 8,
     .chaos_ms = 8 * MINUTE,
     .think_ms = 8000,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .kill_ms = 60000,
     .copies = 3},
    {.name = "I1_a_disk_set_back_to_a_copy_forks_and_files_again_what_was_pending",
     .robots = 10,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 8000,
     .lost = 20,
     .doubled = 20,
     .slow = 30,
     .cut_ms = 20000,
     .kill_ms = 40000,
     .change_ms = 30000,
     .rollbacks = 6},
    {.name = "I10_an_overloaded_server_delays_usage_and_loses_none",
     .robots = 24,
     .chaos_ms = 4 * MINUTE,
     .think_ms = 1500,
     .lost = 10,
     .doubled = 10,
     .slow = 20,
     .broker_restart_ms = 60000,
     .journal_bytes = 24576,
     .change_ms = 20000,
     .queue_messages = 8,
     .commit_ms = 5000},
    {.name = "I1_I3_I4_I10_all_of_it_together",
     .robots = 14,
     .chaos_ms = 6 * MINUTE,
     .think_ms = 9000,
     .lost = 60,
     .doubled = 60,
     .slow = 80,
     .very_slow = 5,
     .cut_ms = 20000,
     .broker_restart_ms = 90000,
     .kill_ms = 25000,
     .power_ms = 25000,
     .power_writes = 20,
     .full_ms = 90000,
     .step_ms = 40000,
     .journal_bytes = 32768,
     .copies = 2,
     .rollbacks = 3,
     .server_kill_ms = 30000,
     .database_away_ms = 60000,
     .transactions_failing = 60,
     .change_ms = 10000,
     .attack_ms = 1500},
};
#define PROFILES (sizeof profiles / sizeof *profiles)

struct plan {
    const struct profile *profile;
    uint64_t first_seed, seeds;
    bool verbose;
};

static void report(const struct plan *plan, uint64_t seed, const struct fleet_summary *summary)
{
    if (plan->verbose)
        fprintf(
            stderr,
            "  seed %llu: %zu attempts, %zu records, %llu duplicates, %llu stale, %llu replayed, "
            "%llu forged, %zu forks, %zu adjustments, %zu summaries, %llu full, %llu shed, %llu "
            "refused, settled "
            "after %lld s\n",
            (unsigned long long)seed, summary->attempts, summary->records,
            (unsigned long long)summary->duplicates, (unsigned long long)summary->stale,
            (unsigned long long)summary->replayed, (unsigned long long)summary->forged,
            summary->forks, summary->adjustments, summary->summaries,
            (unsigned long long)summary->full, (unsigned long long)summary->shed,
            (unsigned long long)summary->refused, (long long)(summary->settled_ms / 1000));
    if (summary->findings.count == 0)
        return;
    fprintf(stderr,
            "  seed %llu broke %s; repeat it by\n    simulation_test --seed %llu --only %s\n",
            (unsigned long long)seed, plan->profile->name, (unsigned long long)seed,
            plan->profile->name);
    findings_print(&summary->findings);
}

static void holds(void **state)
{
    const struct plan *plan = *state;
    size_t broken = 0, records = 0, adjustments = 0, summaries = 0;

    for (uint64_t i = 0; i < plan->seeds; i++) {
        struct fleet_summary summary;

        fleet_run(plan->profile, plan->first_seed + i, &summary);
        report(plan, plan->first_seed + i, &summary);
        broken += summary.findings.count > 0;
        records += summary.records;
        adjustments += summary.adjustments;
        summaries += summary.summaries;
    }
    assert_int_equal(broken, 0);
    assert_true(records > 0);
    assert_true(summaries > 0 || !plan->profile->folds || plan->seeds == 1);
    assert_true(adjustments > 0 || !plan->profile->adjusts || plan->seeds == 1);
}

/* A run that cannot be repeated cannot be looked into. */
static void repeats(void **state)
{
    const struct plan *plan = *state;
    struct fleet_summary first, second;

    fleet_run(plan->profile, plan->first_seed, &first);
    fleet_run(plan->profile, plan->first_seed, &second);
    assert_int_equal(first.trace, second.trace);
    assert_int_equal(first.records, second.records);
}

static bool read_number(const char *text, uint64_t *out)
{
    return text && span_to_uint64(span_text(text), out) == STATUS_OK;
}

struct arguments {
    uint64_t seed, seeds;
    const char *only;
    bool verbose;
};

static bool read_arguments(int count, char **texts, struct arguments *out)
{
    for (int i = 1; i < count; i++) {
        bool good = true;

        if (strcmp(texts[i], "--verbose") == 0)
            out->verbose = true;
        else if (strcmp(texts[i], "--seeds") == 0)
            good = read_number(texts[++i], &out->seeds);
        else if (strcmp(texts[i], "--seed") == 0)
            good = read_number(texts[++i], &out->seed);
        else if (strcmp(texts[i], "--only") == 0)
            good = (out->only = texts[++i]) != NULL;
        else
            good = false;
        if (!good)
            return false;
    }
    return true;
}

int main(int count, char **texts)
{
    struct arguments arguments = {0};
    struct plan plans[PROFILES];
    struct CMUnitTest tests[PROFILES + 1];
    size_t chosen = 0;

    if (!read_arguments(count, texts, &arguments)) {
        fprintf(stderr, "use: simulation_test [--seeds N] [--seed S] [--only PART OF A NAME] "
                        "[--verbose]\n");
        return 2;
    }
    for (size_t i = 0; i < PROFILES; i++) {
        if (arguments.only && !strstr(profiles[i].name, arguments.only))
            continue;
        plans[chosen] = (struct plan){
            .profile = &profiles[i],
            .first_seed = arguments.seed ? arguments.seed : 1,
            .seeds = arguments.seeds  ? arguments.seeds
                     : arguments.seed ? 1
                                      : 4,
            .verbose = arguments.verbose,
        };
        tests[chosen] = (struct CMUnitTest){
            .name = profiles[i].name, .test_func = holds, .initial_state = &plans[chosen]};
        chosen++;
    }
    if (chosen == 0) {
        fprintf(stderr, "no test has \"%s\" in its name\n", arguments.only);
        return 2;
    }
    tests[chosen] = (struct CMUnitTest){.name = "a_seed_repeats_its_run_to_the_last_message",
                                        .test_func = repeats,
                                        .initial_state = &plans[chosen - 1]};
    return _cmocka_run_group_tests("simulation", tests, chosen + 1, NULL, NULL);
}
