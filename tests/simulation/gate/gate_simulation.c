/* Rollouts over a model fleet, judged by the real gates: how often they cry wolf, and how soon they
 * see a fault.
 *
 *     gate_simulation [--seeds N] [--robots N] [--methods]
 *
 * Prints a table and fails when more than 2 of 100 rollouts that change nothing are red, or a fault
 * is stopped in the first wave that can know it in fewer than 95 of 100. Which wave can know it is
 * computed beforehand, from a pilot without faults: the first one whose chance of being red by the
 * end of its soak is at least 99 %. --methods compares bounds with a bootstrap's instead.
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "server/fleet/gate_estimate.h"
#include "server/fleet/rollout_wave.h"
#include "server/fleet/student.h"
#include "tests/simulation/gate/methods.h"
#include "tests/simulation/gate/model.h"

#define WAVES      5
#define MOST       1000 /* robots of each side that a gate is told of */
#define CAN_KNOW   0.99
#define HALF_LOOKS 3 /* at half the soak, its end, and as long again after it */
#define PILOT      4000

struct options {
    unsigned seeds;
    size_t robots;
    bool methods;
};

struct scenario {
    const char *name;
    struct model_change change;
    enum gate_metric metric;
};

static const struct scenario scenarios[] = {
    {"nothing", {0, 1, 1, 1}, GATE_METRICS},
    {"30 % slower first token", {0, 1.30, 1, 1}, GATE_FIRST_TOKEN},
    {"5 % failures", {0.04, 1, 1, 1}, GATE_FAILURES},
    {"25 % dearer", {0, 1, 1, 1.25}, GATE_COST},
    {"twice the interruptions", {0, 1, 2, 1}, GATE_INTERRUPTED},
};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

struct fleet {
    size_t robots, control;
    size_t waves[WAVES]; /* cumulative */
    size_t judged;       /* of them there are */
};

/* Waves of a plan that says nothing else (schema/ROLLOUT.md), as the real rules make them. */
static struct fleet fleet_of(size_t robots)
{
    static const struct rollout_plan plan = {
        .waves = {{100, 5, 50}, {500, 0, 0}, {2500, 0, 0}, {5000, 0, 0}, {10000, 0, 0}},
        .wave_count = WAVES,
        .control_share = 500,
        .control_at_least = 20,
    };
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];
    const size_t count = rollout_wave_sizes(&plan, (int64_t)robots, waves);
    struct fleet fleet = {.robots = robots};
    size_t opened = 0;

    for (size_t i = 0; i < count; i++) {
        opened += waves[i].is_control ? 0 : (size_t)waves[i].size;
        if (waves[i].is_control)
            fleet.control = (size_t)waves[i].size;
        else if (fleet.judged < WAVES)
            fleet.waves[fleet.judged++] = opened;
    }
    return fleet;
}

/* ---- one rollout ---- */

struct world {
    struct dice dice;
    struct model_robot robots[2][MOST]; /* changed, held back */
    struct gate_sample samples[2][MOST];
    size_t counts[2];
    unsigned half_days;
};

static void live_half_a_day(struct world *world, const struct model_change *change)
{
    const struct model_weather weather = model_weather(&world->dice, world->half_days++);

    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < world->counts[side]; i++)
            model_live(&world->robots[side][i], &weather, side == 0 ? change : &model_no_change,
                       &world->dice, world->samples[side][i].now);
}

/* Robots of their own for each wave: of each side at most MOST are judged, the newest first, so
 * that hardly any is judged twice. Who waits for a later wave is as good as held back. */
static void gather(struct world *world, size_t changed, size_t held_back)
{
    const struct model_weather before[2] = {model_weather(&world->dice, 0),
                                            model_weather(&world->dice, 1)};

    world->counts[0] = changed < MOST ? changed : MOST;
    world->counts[1] = held_back < MOST ? held_back : MOST;
    memset(world->samples, 0, sizeof world->samples);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < world->counts[side]; i++) {
            world->robots[side][i] = model_robot(&world->dice);
            model_remember(&world->robots[side][i], before, &world->dice,
                           world->samples[side][i].before);
        }
    }
}

static enum gate_colour look_at(const struct world *world, const struct gate_plan *plan,
                                unsigned wave, unsigned look, struct gate_verdict *verdict)
{
    const struct gate_group treated = {world->samples[0], world->counts[0], true, "CNY"};
    const struct gate_group control = {world->samples[1], world->counts[1], true, "CNY"};
    const struct gate_look at = {wave + 1, WAVES, look};

    gate_judge(plan, &treated, &control, &at, verdict);
    return verdict->colour;
}

/* A soak of a day, and another for want of a verdict. */
static enum gate_colour soak(struct world *world, const struct gate_plan *plan,
                             const struct model_change *change, unsigned wave,
                             struct gate_verdict *verdict)
{
    enum gate_colour colour = GATE_NONE;

    for (unsigned look = 1; look <= HALF_LOOKS; look++) {
        for (unsigned half = 0; half < (look == HALF_LOOKS ? 2 : 1); half++)
            live_half_a_day(world, change);
        colour = look_at(world, plan, wave, look, verdict);
        if (colour == GATE_RED || (colour == GATE_GREEN && look > 1))
            break;
    }
    return colour;
}

struct outcome {
    unsigned stopped; /* wave from 1 that was red; 0: none */
    unsigned held;    /* waves without a verdict; someone lets them pass */
    enum gate_metric because;
};

static struct outcome roll_out(struct world *world, const struct fleet *fleet,
                               const struct scenario *scenario, uint64_t seed)
{
    const struct gate_plan plan = gate_plan_default();
    struct outcome outcome = {0, 0, GATE_METRICS};

    dice_init(&world->dice, seed, span_text(scenario->name));
    world->half_days = 0;
    for (unsigned wave = 0; wave < fleet->judged; wave++) {
        struct gate_verdict verdict;

        gather(world, fleet->waves[wave], fleet->robots - fleet->waves[wave]);
        const enum gate_colour colour = soak(world, &plan, &scenario->change, wave, &verdict);

        outcome.held += colour == GATE_NONE;
        if (colour == GATE_RED) {
            outcome.stopped = wave + 1;
            outcome.because = verdict.because;
            break;
        }
    }
    return outcome;
}

/* ---- what can be known, computed before ---- */

/* Variance of one robot's rate after a soak, and mean, from robots that nothing happened to. */
struct pilot {
    double variances[GATE_SAMPLED], means[GATE_SAMPLED];
};

static struct pilot fly(struct world *world)
{
    struct pilot pilot = {0};

    for (unsigned flight = 0; flight < PILOT / MOST; flight++) {
        dice_init(&world->dice, 1000 + flight, span_text("pilot"));
        world->half_days = 0;
        gather(world, MOST, MOST);
        live_half_a_day(world, &model_no_change);
        live_half_a_day(world, &model_no_change);
        const struct gate_group a = {world->samples[0], MOST, true, "CNY"};
        const struct gate_group b = {world->samples[1], MOST, true, "CNY"};

        for (size_t metric = 0; metric < GATE_SAMPLED; metric++) {
            struct gate_estimate_arms arms;

            gate_estimate((enum gate_metric)metric, false, &a, &b, &arms);
            pilot.variances[metric] +=
                (arms.treated.variance + arms.control.variance) / 2 * MOST / (PILOT / MOST);
            pilot.means[metric] += arms.control.mean / (PILOT / MOST);
        }
    }
    return pilot;
}

/* The chance that a wave of so many is red for the fault at the end of its soak. A fault that
 * multiplies the mean multiplies what scatters with it. */
static double power(const struct pilot *pilot, const struct scenario *scenario,
                    const struct gate_plan *plan, size_t treated, size_t control)
{
    const enum gate_metric metric = scenario->metric;
    const double margin = plan->rules[metric].margin, mean = pilot->means[metric];
    const double alpha = plan->false_alarms / (6.0 * WAVES * plan->looks);
    const double n = (double)treated, m = (double)control;
    double gap, grown = 1, factor = 1;

    switch (metric) {
    case GATE_FIRST_TOKEN:
        gap = log(scenario->change.slower / (1 + margin));
        break;
    case GATE_FAILURES:
        gap = scenario->change.failing - margin;
        break;
    case GATE_COST:
        grown = pow(scenario->change.dearer, 2);
        factor = 1 + margin;
        gap = mean * (scenario->change.dearer - factor);
        break;
    default:
        grown = pow(scenario->change.interrupting, 2);
        factor = 1 + margin;
        gap = mean * (scenario->change.interrupting - factor);
        break;
    }
    const double of_treated = grown * pilot->variances[metric] / n;
    const double of_control = factor * factor * pilot->variances[metric] / m;
    const double all = of_treated + of_control;
    const double degrees =
        all * all / (of_treated * of_treated / (n - 1) + of_control * of_control / (m - 1));

    return 1 - student_tail(gap / sqrt(all) - student_quantile(alpha, degrees), degrees);
}

/* From 1; 0: none can. */
static unsigned first_that_can_know(const struct pilot *pilot, const struct scenario *scenario,
                                    const struct fleet *fleet, double powers[WAVES])
{
    const struct gate_plan plan = gate_plan_default();
    unsigned first = 0;

    for (size_t wave = fleet->judged; wave-- > 0;) {
        const size_t treated = fleet->waves[wave] < MOST ? fleet->waves[wave] : MOST;
        const size_t waiting = fleet->robots - fleet->waves[wave];
        const size_t control = waiting < MOST ? waiting : MOST;

        powers[wave] = power(pilot, scenario, &plan, treated, control);
        if (powers[wave] >= CAN_KNOW)
            first = (unsigned)wave + 1;
    }
    return first;
}

/* ---- the table ---- */

struct row {
    unsigned stopped[WAVES + 1]; /* by wave; [0]: never */
    unsigned held_rollouts, held_waves;
    unsigned wrong; /* red for another metric */
};

static struct row try(struct world *world, const struct fleet *fleet,
                      const struct scenario *scenario, unsigned seeds)
{
    struct row row = {0};

    for (unsigned seed = 1; seed <= seeds; seed++) {
        const struct outcome outcome = roll_out(world, fleet, scenario, seed);

        row.stopped[outcome.stopped]++;
        row.held_rollouts += outcome.held > 0;
        row.held_waves += outcome.held;
        row.wrong += outcome.stopped > 0 && outcome.because != scenario->metric;
    }
    return row;
}

static bool report_nothing(const struct row *row, unsigned seeds)
{
    const unsigned red = seeds - row->stopped[0];
    const bool is_good = red * 100 <= 2 * seeds;

    printf("  %-24s %u of %u red; %u without a verdict somewhere (%u waves)%s\n", "nothing", red,
           seeds, row->held_rollouts, row->held_waves, is_good ? "" : "   TOO MANY");
    return is_good;
}

static bool report_fault(const struct scenario *scenario, const struct row *row, unsigned first,
                         const double powers[WAVES], unsigned seeds)
{
    unsigned in_time = 0;

    printf("  %-24s", scenario->name);
    for (unsigned wave = 0; wave < WAVES; wave++)
        printf(" %5.1f", powers[wave] * 100);
    for (unsigned wave = 1; wave <= first; wave++)
        in_time += row->stopped[wave];
    const bool is_good = first == 0 || in_time * 100 >= 95 * seeds;

    printf(" | %u | %3u of %u |", first, in_time, seeds);
    for (unsigned wave = 1; wave <= WAVES; wave++)
        printf(" %3u", row->stopped[wave]);
    printf("  never %u%s\n", row->stopped[0], is_good ? "" : "   TOO FEW");
    return is_good;
}

static bool run(struct world *world, const struct pilot *pilot, size_t robots, unsigned seeds)
{
    const struct fleet fleet = fleet_of(robots);
    bool is_good = true;

    printf("%zu robots, %zu held back, waves of", robots, fleet.control);
    for (size_t i = 0; i < fleet.judged; i++)
        printf(" %zu", fleet.waves[i]);
    printf("; %u rollouts each\n", seeds);
    printf("  %-24s %-29s | can | in time | stopped in wave 1 to 5\n", "fault",
           "chance % to know it, by wave");
    for (size_t i = 0; i < SCENARIOS; i++) {
        double powers[WAVES] = {0};
        const unsigned first =
            i > 0 ? first_that_can_know(pilot, &scenarios[i], &fleet, powers) : 0;
        const struct row row = try(world, &fleet, &scenarios[i], seeds);

        is_good &= i == 0 ? report_nothing(&row, seeds)
                          : report_fault(&scenarios[i], &row, first, powers, seeds);
    }
    return is_good;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"seeds", required_argument, NULL, 's'},
                                          {"robots", required_argument, NULL, 'r'},
                                          {"methods", no_argument, NULL, 'm'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 's')
            options->seeds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'r')
            options->robots = strtoul(optarg, NULL, 10);
        else if (option == 'm')
            options->methods = true;
        else
            return false;
    }
    return optind == argc && options->seeds > 0;
}

int main(int argc, char **argv)
{
    struct options options = {.seeds = 100};
    struct world *world = calloc(1, sizeof *world);
    bool is_good = true;

    if (!world || !read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: gate_simulation [--seeds N] [--robots N] [--methods]\n");
        free(world);
        return 2;
    }
    if (options.methods) {
        methods_compare(options.seeds);
        free(world);
        return 0;
    }
    const struct pilot pilot = fly(world);

    if (options.robots > 0) {
        is_good = run(world, &pilot, options.robots, options.seeds);
    } else {
        is_good = run(world, &pilot, 10000, options.seeds);
        is_good &= run(world, &pilot, 1000, options.seeds);
        is_good &= run(world, &pilot, 200, options.seeds);
    }
    free(world);
    return is_good ? 0 : 1;
}
