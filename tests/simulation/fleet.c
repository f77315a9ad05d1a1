#include "tests/simulation/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/simulation/chaos.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/verdict.h"

#define PATIENCE_MS (45 * 60000) /* the longest pauses are five minutes, several in a row */
#define LOOK_MS     5000
#define AFTER_MS    60000 /* what is settled must stay so */

/* In memory when there is such a place: no run needs a disk. */
static void make_folder(struct fleet *fleet)
{
    snprintf(fleet->folder, sizeof fleet->folder, "%s/myna-simulation-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(fleet->folder)) {
        perror("simulation: cannot make a folder for the robots' disks");
        abort();
    }
}

static void wrap_secret(const struct fleet *fleet, const struct robot *robot,
                        struct link_keys *keys)
{
    char purpose[64];

    snprintf(purpose, sizeof purpose, "pair:%s", robot->device_id);
    if (crypto_wrap(fleet->servers_world.master_key, purpose,
                    span_of(robot->pair.secret, sizeof robot->pair.secret),
                    keys->secret_wrapped) != STATUS_OK)
        abort();
}

static void add_robot(struct fleet *fleet)
{
    struct robot *robot = &fleet->robots[fleet->robot_count];
    struct link_keys keys;
    char device_id[LIMIT_SLUG + 1];

    snprintf(device_id, sizeof device_id, "r%02zu", fleet->robot_count);
    robot_init(robot, &fleet->robots_world, (unsigned)fleet->robot_count, device_id);
    memcpy(keys.device_public, robot->pair.device_public, sizeof keys.device_public);
    memcpy(keys.server_public, robot->pair.server_public, sizeof keys.server_public);
    keys.has_secret = true;
    wrap_secret(fleet, robot, &keys);
    database_add_device(fleet->database, robot->device_id, &keys);
    fleet->device_ids[fleet->robot_count++] = robot->device_id;
    fleet->device_ids[++fleet->device_count] = "unknown";
}

static void set_up_worlds(struct fleet *fleet)
{
    fleet->robots_world = (struct robot_world){
        .timeline = &fleet->timeline,
        .network = fleet->network,
        .vendor = fleet->vendor,
        .findings = &fleet->findings,
        .profile = fleet->profile,
        .folder = fleet->folder,
    };
    fleet->servers_world = (struct server_world){
        .timeline = &fleet->timeline,
        .network = fleet->network,
        .database = fleet->database,
        .findings = &fleet->findings,
        .profile = fleet->profile,
        .memory = fleet->memory,
    };
    crypto_random(fleet->servers_world.master_key, CRYPTO_KEY_SIZE);
    if (peer_scratch_create(&fleet->robots_world.scratch) != STATUS_OK)
        abort();
}

static void set_up(struct fleet *fleet, const struct profile *profile, uint64_t seed)
{
    fleet->profile = profile;
    disk_start(seed);
    timeline_init(&fleet->timeline, seed, profile->name);
    make_folder(fleet);
    network_open(&fleet->network, &fleet->timeline, profile);
    database_open(&fleet->database, &fleet->timeline, &fleet->findings);
    vendor_open(&fleet->vendor, &fleet->timeline);
    server_memory_open(&fleet->memory, &fleet->timeline);
    set_up_worlds(fleet);
    for (unsigned i = 0; i < profile->robots; i++)
        add_robot(fleet);
    for (size_t i = 0; i < NETWORK_SERVERS; i++)
        server_open(&fleet->servers[i], &fleet->servers_world);
}

static void tear_down(struct fleet *fleet)
{
    for (size_t i = 0; i < NETWORK_SERVERS; i++)
        server_close(fleet->servers[i]);
    for (size_t i = 0; i < fleet->robot_count; i++)
        robot_release(&fleet->robots[i]);
    peer_scratch_free(fleet->robots_world.scratch);
    database_close(fleet->database);
    timeline_release(&fleet->timeline);
    rmdir(fleet->folder);
}

static size_t count_summaries(const struct store *database)
{
    size_t count, summaries = 0;
    const struct database_usage *rows = database_usage(database, &count);

    for (size_t i = 0; i < count; i++)
        summaries += rows[i].attempt == 0 && rows[i].provenance != wire_Provenance_ADJUSTMENT;
    return summaries;
}

static void settle(struct fleet *fleet)
{
    const int64_t limit_ms = fleet->timeline.now_ms + PATIENCE_MS;

    while (fleet->timeline.now_ms < limit_ms && !verdict_is_settled(fleet))
        timeline_run_until(&fleet->timeline, fleet->timeline.now_ms + LOOK_MS);
}

static void summarise(const struct fleet *fleet, struct fleet_summary *summary)
{
    const struct server_counts *counts = &fleet->servers_world.counts;

    summary->trace = fleet->timeline.trace;
    summary->attempts = vendor_count(fleet->vendor);
    summary->records = database_tables(fleet->database)->usage_count;
    summary->forks = counts->ingest.forks;
    summary->adjustments = counts->ingest.adjustments;
    summary->summaries = count_summaries(fleet->database);
    summary->duplicates = counts->ingest.duplicates;
    summary->stale = counts->ingest.stale;
    summary->replayed = counts->ingest.replayed;
    summary->forged = counts->ingest.forged;
    summary->shed = counts->shed;
    summary->refused = counts->refused;
    for (size_t i = 0; i < fleet->robot_count; i++)
        summary->full += fleet->robots[i].full;
    summary->findings = fleet->findings;
}

void fleet_run(const struct profile *profile, uint64_t seed, struct fleet_summary *summary)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);

    if (!fleet)
        abort();
    *summary = (struct fleet_summary){0};
    set_up(fleet, profile, seed);
    chaos_start(fleet);
    timeline_run_until(&fleet->timeline, profile->chaos_ms);
    chaos_end(fleet);
    settle(fleet);
    summary->settled_ms = fleet->timeline.now_ms - profile->chaos_ms;
    timeline_run_until(&fleet->timeline, fleet->timeline.now_ms + AFTER_MS);
    settle(fleet);
    verdict_pass(fleet);
    summarise(fleet, summary);
    tear_down(fleet);
    free(fleet);
}
