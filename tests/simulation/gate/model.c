#include "tests/simulation/gate/model.h"

#include <math.h>

#define TURNS_OF_CONVERSATION 8

const struct model_change model_no_change = {0, 1, 1, 1};

/* Box and Muller's; one of the two is thrown away. */
static double normal(struct dice *dice)
{
    const double radius = sqrt(-2 * log(1 - dice_fraction(dice)));

    return radius * cos(2 * acos(-1) * dice_fraction(dice));
}

static double factor(struct dice *dice, double sigma)
{
    return exp(sigma * normal(dice));
}

/* A factor whose mean is 1. */
static double fair_factor(struct dice *dice, double sigma)
{
    return exp(sigma * normal(dice) - sigma * sigma / 2);
}

static double poisson(struct dice *dice, double mean)
{
    if (mean > 40)
        return fmax(0, floor(mean + sqrt(mean) * normal(dice) + 0.5));
    double count = 0, left = exp(-mean), at = dice_fraction(dice), chance = left;

    while (at > left && count < 200) {
        count++;
        chance *= mean / count;
        left += chance;
    }
    return count;
}

static double binomial(struct dice *dice, double count, double share)
{
    if (share > 0.5)
        return count - binomial(dice, count, 1 - share);
    if (count * share < 20)
        return fmin(count, poisson(dice, count * share));
    const double drawn = count * share + sqrt(count * share * (1 - share)) * normal(dice);

    return fmin(count, fmax(0, floor(drawn + 0.5)));
}

struct model_robot model_robot(struct dice *dice)
{
    return (struct model_robot){
        .turns = 150 * factor(dice, 1.0),
        .slow = 0.25 * normal(dice),
        .failing = fair_factor(dice, 1.0),
        .interrupting = fair_factor(dice, 0.7),
        .dear = fair_factor(dice, 0.4),
    };
}

struct model_weather model_weather(struct dice *dice, unsigned half_day)
{
    return (struct model_weather){
        .slow = 0.10 * normal(dice),
        .failing = fair_factor(dice, 0.5),
        .share = half_day % 2 == 0 ? 2.0 / 3 : 1.0 / 3,
    };
}

static double sum_of_logarithms(struct dice *dice, double turns, double mean)
{
    double sum = turns * mean + 0.5 * sqrt(turns) * normal(dice);

    for (double slow = poisson(dice, 0.03 * turns); slow > 0; slow--)
        sum += -log(1 - dice_fraction(dice));
    return sum;
}

/* So many conversations are near enough to their mean. */
#define MANY_CONVERSATIONS 60

static double price(struct dice *dice, double turns, double of_turn)
{
    const double between = exp(0.3 * 0.3) - 1, within = exp(0.5 * 0.5) - 1;
    const double conversations = ceil(turns / TURNS_OF_CONVERSATION);
    double weight = 0;

    if (turns <= 0)
        return 0;
    if (conversations > MANY_CONVERSATIONS) {
        weight = 1 + sqrt(between / conversations) * normal(dice);
    } else {
        for (double i = 0; i < conversations; i++)
            weight += fair_factor(dice, 0.3) / conversations;
    }
    return of_turn * turns * fmax(0, weight + sqrt(within / turns) * normal(dice));
}

static void add(struct gate_amount *amount, double sum, double count)
{
    amount->sum += sum;
    amount->count += count;
}

void model_live(const struct model_robot *robot, const struct model_weather *weather,
                const struct model_change *change, struct dice *dice,
                struct gate_amount amounts[GATE_SAMPLED])
{
    const bool is_off = dice_below(dice, 10) == 0, is_torn = dice_below(dice, 100) == 0;

    amounts[GATE_UNREACHABLE] = (struct gate_amount){dice_below(dice, 100) < 8, 1};
    if (is_off)
        return;
    const double turns = poisson(dice, robot->turns * weather->share * fair_factor(dice, 0.5));
    const double failing =
        0.01 * robot->failing * weather->failing + (is_torn ? 0.3 : 0) + change->failing;
    const double failed = binomial(dice, turns, fmin(1, failing));
    const double answered = turns - failed;
    const double token =
        log(800 * change->slower) + robot->slow + weather->slow + 0.06 * normal(dice);
    const double interrupted =
        binomial(dice, answered, fmin(1, 0.06 * robot->interrupting * change->interrupting));

    add(&amounts[GATE_FAILURES], failed, turns);
    add(&amounts[GATE_FIRST_TOKEN], sum_of_logarithms(dice, answered, token), answered);
    add(&amounts[GATE_FIRST_AUDIO], sum_of_logarithms(dice, answered, log(exp(token) + 700)),
        answered);
    add(&amounts[GATE_INTERRUPTED], interrupted, answered);
    add(&amounts[GATE_COST],
        price(dice, answered, 0.004 * robot->dear * change->dearer * fair_factor(dice, 0.08)),
        turns);
}

void model_remember(const struct model_robot *robot, const struct model_weather weather[2],
                    struct dice *dice, struct gate_amount amounts[GATE_SAMPLED])
{
    struct gate_amount times[2];

    memset(amounts, 0, GATE_SAMPLED * sizeof *amounts);
    for (size_t half = 0; half < 2; half++)
        model_live(robot, &weather[half], &model_no_change, dice, amounts);
    times[0] = amounts[GATE_FIRST_TOKEN];
    times[1] = amounts[GATE_FIRST_AUDIO];
    for (size_t half = 0; half < 4; half++) {
        struct model_weather longer = weather[half % 2];

        longer.share = 1.5;
        model_live(robot, &longer, &model_no_change, dice, amounts);
    }
    amounts[GATE_FIRST_TOKEN] = times[0];
    amounts[GATE_FIRST_AUDIO] = times[1];
    amounts[GATE_UNREACHABLE] = (struct gate_amount){0, 0};
}
