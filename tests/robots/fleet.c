#include "tests/robots/fleet.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"
#include "tests/robots/enrolment.h"
#include "tests/robots/mqtt.h"
#include "tests/robots/robot.h"
#include "tests/robots/shelf.h"

#define STATUS_EVERY_MS 10000
#define MAX_COMPLAINTS  5
#define FAREWELL_MS     3000 /* for the last records to be acknowledged */

struct fleet {
    const struct settings *settings;
    struct robot_world world;
    struct enrolment *enrolment;
    struct robot **robots;
    size_t count;  /* alive */
    size_t failed; /* never came to life */
    struct loop_timer status_timer;
    int64_t started_ms;
};

/* What the status line adds up. */
struct sums {
    size_t connected, greeted, configured, busy, wanting;
    uint64_t pending;
    struct talk_counts talk;
};

static void add(struct sums *sums, const struct robot_facts *facts)
{
    sums->connected += facts->connected;
    sums->greeted += facts->greeted;
    sums->busy += facts->busy;
    sums->wanting += facts->wants_credit;
    sums->pending += facts->pending;
    sums->configured += facts->generation > 0;
    sums->talk.turns += facts->talk.turns;
    sums->talk.failed += facts->talk.failed;
    sums->talk.interrupted += facts->talk.interrupted;
    sums->talk.attempts += facts->talk.attempts;
    sums->talk.refused += facts->talk.refused;
    sums->talk.denied += facts->talk.denied;
    sums->talk.clipped += facts->talk.clipped;
    sums->talk.limited += facts->talk.limited;
}

static struct sums add_up(const struct fleet *fleet)
{
    struct sums sums = {.connected = 0};

    for (size_t i = 0; i < fleet->count; i++) {
        struct robot_facts facts;

        robot_facts(fleet->robots[i], &facts);
        add(&sums, &facts);
    }
    return sums;
}

static uint64_t resident_kib(void)
{
    unsigned long long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%llu %llu", &pages, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* One robot's share of what the process takes. */
static void share_health(struct fleet *fleet, unsigned load)
{
    struct statvfs disk;
    wire_Health *health = &fleet->world.health;

    health->memory_kib = (uint32_t)(resident_kib() / (fleet->count > 0 ? fleet->count : 1));
    health->cpu_percent = load / 10;
    if (statvfs(fleet->settings->state_dir, &disk) == 0)
        health->disk_free_mib = (uint32_t)(disk.f_bavail * (disk.f_frsize / 1024) / 1024);
}

static void print_status(struct fleet *fleet)
{
    const struct sums sums = add_up(fleet);
    unsigned load = loop_take_load(fleet->world.loop);

    share_health(fleet, load);
    printf("%lld s: robots %zu of %lld connected %zu greeted %zu configured %zu | turns "
           "%llu failed %llu interrupted %llu attempts %llu refused %llu talking %zu | credit "
           "denied %llu clipped %llu wanting %zu limited %llu | pending records %llu | messages "
           "%llu ignored %llu connects %llu lost %llu | load %u%% "
           "memory %llu MiB\n",
           (long long)(clock_mono_ms() - fleet->started_ms) / 1000, fleet->count,
           (long long)fleet->settings->robots, sums.connected, sums.greeted, sums.configured,
           (unsigned long long)sums.talk.turns, (unsigned long long)sums.talk.failed,
           (unsigned long long)sums.talk.interrupted, (unsigned long long)sums.talk.attempts,
           (unsigned long long)sums.talk.refused, sums.busy, (unsigned long long)sums.talk.denied,
           (unsigned long long)sums.talk.clipped, sums.wanting,
           (unsigned long long)sums.talk.limited, (unsigned long long)sums.pending,
           (unsigned long long)fleet->world.received, (unsigned long long)fleet->world.rejected,
           (unsigned long long)fleet->world.connects, (unsigned long long)fleet->world.lost,
           load / 10, (unsigned long long)resident_kib() / 1024);
    fflush(stdout);
}

static void on_status_due(void *context)
{
    struct fleet *fleet = context;

    print_status(fleet);
    if (loop_at(fleet->world.loop, &fleet->status_timer, clock_mono_ms() + STATUS_EVERY_MS) !=
        STATUS_OK)
        log_error("robots", "out of memory: no more status lines");
}

static void give_up(struct fleet *fleet, const char *problem)
{
    if (fleet->failed++ < MAX_COMPLAINTS)
        log_error("robots", "a robot cannot start: %s", problem);
}

static void on_enrolled(void *context, const char *folder, enum status status, const char *problem)
{
    struct fleet *fleet = context;
    int64_t spread_ms = fleet->settings->robots * 1000 / fleet->settings->starts_per_s;
    char cause[256];

    if (status != STATUS_OK) {
        give_up(fleet, problem);
        return;
    }
    if (robot_create(&fleet->robots[fleet->count], &fleet->world, folder, spread_ms, cause) ==
        STATUS_OK)
        fleet->count++;
    else
        give_up(fleet, cause);
}

static enum status make_world(struct fleet *fleet)
{
    const struct settings *settings = fleet->settings;
    struct robot_world *world = &fleet->world;

    world->turns_per_minute = settings->talk_rate;
    world->think_ms = settings->think_ms;
    world->clock_skew_s = settings->clock_skew_s;
    world->has_utc_offset = settings->has_utc_offset;
    world->utc_offset_min = settings->utc_offset_min;
    world->disconnects = settings->disconnects;
    world->interrupt_percent = (unsigned)settings->interrupts;
    world->patience = settings->patience;
    world->patience_count = settings->patience_count;
    world->seed = (uint64_t)settings->seed;
    enum status status = mqtt_set_up();
    if (status == STATUS_OK)
        status = loop_create(&world->loop);
    if (status == STATUS_OK)
        status = asker_create(&world->asker, world->loop);
    if (status == STATUS_OK)
        status = plans_create(&world->plans);
    if (status == STATUS_OK)
        status = shelf_create(&world->shelf, world->loop);
    if (status == STATUS_OK)
        status = peer_scratch_create(&world->scratch);
    return status;
}

static enum status start_enrolment(struct fleet *fleet)
{
    const struct settings *settings = fleet->settings;
    const struct enrolment_options options = {
        .loop = fleet->world.loop,
        .url = settings->enrol_url,
        .claim = settings->claim,
        .state_dir = settings->state_dir,
        .id_prefix = settings->id_prefix,
        .first = (size_t)settings->first,
        .robots = (size_t)settings->robots,
        .context = fleet,
        .prepare = robot_prepare,
        .on_enrolled = on_enrolled,
    };

    return enrolment_start(&fleet->enrolment, &options);
}

enum status fleet_create(struct fleet **out, const struct settings *settings, char problem[256])
{
    struct fleet *fleet = calloc(1, sizeof *fleet);
    enum status status = STATUS_MEMORY;

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (fleet == NULL)
        return STATUS_MEMORY;
    fleet->settings = settings;
    fleet->started_ms = clock_mono_ms();
    fleet->status_timer.on_due = on_status_due;
    fleet->status_timer.context = fleet;
    fleet->robots = calloc((size_t)settings->robots, sizeof(*fleet->robots));
    if (fleet->robots != NULL)
        status = file_make_folder(settings->state_dir, 0700);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot make folder \"%.150s\": %s", settings->state_dir,
                 status_text(status));
    if (status == STATUS_OK)
        status = make_world(fleet);
    if (status == STATUS_OK)
        status = start_enrolment(fleet);
    if (status != STATUS_OK) {
        fleet_free(fleet);
        return status;
    }
    *out = fleet;
    return STATUS_OK;
}

void fleet_free(struct fleet *fleet)
{
    if (fleet == NULL)
        return;
    enrolment_stop(fleet->enrolment);
    while (fleet->count > 0)
        robot_free(fleet->robots[--fleet->count]);
    free(fleet->robots);
    peer_scratch_free(fleet->world.scratch);
    shelf_free(fleet->world.shelf);
    asker_free(fleet->world.asker);
    plans_free(fleet->world.plans);
    if (fleet->world.loop != NULL)
        loop_free(fleet->world.loop);
    mqtt_tear_down();
    free(fleet);
}

/* The robots fall silent and tell the server the rest. */
static void say_farewell(struct fleet *fleet)
{
    int64_t until_ms = clock_mono_ms() + FAREWELL_MS;
    struct sums sums;

    for (size_t i = 0; i < fleet->count; i++)
        robot_hush(fleet->robots[i]);
    do {
        if (loop_turn(fleet->world.loop, 50, NULL) != STATUS_OK)
            return;
        sums = add_up(fleet);
    } while (sums.pending > 0 && sums.greeted > 0 && clock_mono_ms() < until_ms);
}

enum status fleet_run(struct fleet *fleet, const volatile sig_atomic_t *stop,
                      const sigset_t *while_waiting)
{
    int64_t end_ms = fleet->settings->seconds > 0
                         ? fleet->started_ms + fleet->settings->seconds * 1000
                         : INT64_MAX;
    enum status status =
        loop_at(fleet->world.loop, &fleet->status_timer, clock_mono_ms() + STATUS_EVERY_MS);

    while (status == STATUS_OK && !*stop && clock_mono_ms() < end_ms) {
        status = loop_turn(fleet->world.loop, 1000, while_waiting);
        if (status == STATUS_OK && fleet->failed == (size_t)fleet->settings->robots)
            status = STATUS_DENIED;
    }
    loop_cancel(fleet->world.loop, &fleet->status_timer);
    say_farewell(fleet);
    print_status(fleet);
    return status;
}
