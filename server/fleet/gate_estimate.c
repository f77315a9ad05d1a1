#include "server/fleet/gate_estimate.h"

#include <math.h>

/* Below so many robots a slope would rather follow chance than the robots. */
#define SLOPE_ROBOTS 12

struct sides {
    const struct gate_group *groups[2];
    enum gate_metric metric;
    double before; /* rate of all robots of both groups */
    double slope;
};

/* One robot in one metric. */
struct view {
    double count, rate, weight;
    double past; /* its rate before, drawn to everyone's by PRIOR, less everyone's */
};

/* Running sums of one group. */
struct moments {
    double weight, squares; /* of w, of w^2 */
    double rate, past;      /* of w r, of w x */
    double chance;          /* of w^2 / count */
    double sum, count;
    size_t robots;
};

static struct gate_amount amount_now(const struct gate_sample *sample, enum gate_metric metric)
{
    if (metric < GATE_SAMPLED)
        return sample->now[metric];
    return (struct gate_amount){sample->failed[metric - GATE_CLASS],
                                sample->now[GATE_FAILURES].count};
}

static struct gate_amount amount_before(const struct gate_sample *sample, enum gate_metric metric)
{
    return metric < GATE_SAMPLED ? sample->before[metric] : (struct gate_amount){0, 0};
}

static struct view look_at(const struct sides *sides, const struct gate_sample *sample)
{
    const struct gate_amount now = amount_now(sample, sides->metric);
    const struct gate_amount before = amount_before(sample, sides->metric);
    struct view view = {.count = now.count};

    if (now.count <= 0)
        return view;
    view.rate = now.sum / now.count;
    view.weight = now.count / (now.count + GATE_ESTIMATE_PRIOR);
    if (before.count > 0)
        view.past =
            (before.sum - before.count * sides->before) / (before.count + GATE_ESTIMATE_PRIOR);
    return view;
}

static double rate_before(const struct sides *sides)
{
    double sum = 0, count = 0;

    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < sides->groups[side]->count; i++) {
            const struct gate_amount before =
                amount_before(&sides->groups[side]->samples[i], sides->metric);

            sum += before.sum;
            count += before.count;
        }
    }
    return count > 0 ? sum / count : 0;
}

static struct moments measure(const struct sides *sides, const struct gate_group *group)
{
    struct moments moments = {0};

    for (size_t i = 0; i < group->count; i++) {
        const struct view view = look_at(sides, &group->samples[i]);

        if (view.count <= 0)
            continue;
        moments.robots++;
        moments.weight += view.weight;
        moments.squares += view.weight * view.weight;
        moments.rate += view.weight * view.rate;
        moments.past += view.weight * view.past;
        moments.chance += view.weight * view.weight / view.count;
        moments.sum += view.rate * view.count;
        moments.count += view.count;
    }
    return moments;
}

/* How rates follow what was before, within the groups; 0 where nothing can be said. *spread: the
 * weighed sum of squares that it rests on. */
static double slope_of(const struct sides *sides, const struct moments moments[2], double *spread)
{
    double product = 0;

    *spread = 0;
    if (moments[0].robots < 2 || moments[1].robots < 2 ||
        moments[0].robots + moments[1].robots < SLOPE_ROBOTS)
        return 0;
    for (size_t side = 0; side < 2; side++) {
        const double rate = moments[side].rate / moments[side].weight;
        const double past = moments[side].past / moments[side].weight;

        for (size_t i = 0; i < sides->groups[side]->count; i++) {
            const struct view view = look_at(sides, &sides->groups[side]->samples[i]);
            const double x = view.past - past;

            product += view.weight * x * (view.rate - rate);
            *spread += view.weight * x * x;
        }
    }
    return *spread > 0 ? product / *spread : 0;
}

/* Squares of what is left, summed up for the variance of the mean (each enlarged by what its own
 * weight took of it, "HC2") and for that of the slope. */
static void sum_residuals(const struct sides *sides, const struct gate_group *group,
                          const struct moments *moments, double *mean, double *slope)
{
    const double rate = moments->rate / moments->weight, past = moments->past / moments->weight;

    for (size_t i = 0; i < group->count; i++) {
        const struct view view = look_at(sides, &group->samples[i]);
        const double x = view.past - past, residual = view.rate - rate - sides->slope * x;
        const double square = view.weight * view.weight * residual * residual;

        if (view.count <= 0)
            continue;
        *mean += square / (1 - view.weight / moments->weight);
        *slope += square * x * x;
    }
}

static void settle(const struct sides *sides, const struct moments *moments, double squares,
                   bool is_share, struct gate_estimate_arm *arm)
{
    const double weight = moments->weight;

    arm->mean = (moments->rate - sides->slope * moments->past) / weight;
    arm->variance = squares / (weight * weight);
    arm->degrees = weight * weight / moments->squares - 1;
    if (!is_share)
        return;
    /* none of a hundred is not never: Agresti and Coull's two more, of which one */
    const double share = (moments->sum + 1) / (moments->count + 2);
    const double least = share * (1 - share) * moments->chance / (weight * weight);

    arm->variance = arm->variance < least ? least : arm->variance;
}

void gate_estimate(enum gate_metric metric, bool is_share, const struct gate_group *treated,
                   const struct gate_group *control, struct gate_estimate_arms *out)
{
    struct sides sides = {.groups = {treated, control}, .metric = metric};
    struct gate_estimate_arm *const arms[2] = {&out->treated, &out->control};
    struct moments moments[2];
    double spread, of_slope = 0;

    sides.before = rate_before(&sides);
    for (size_t side = 0; side < 2; side++) {
        moments[side] = measure(&sides, sides.groups[side]);
        *arms[side] = (struct gate_estimate_arm){
            NAN, NAN, NAN, moments[side].sum, moments[side].count, moments[side].robots};
    }
    sides.slope = slope_of(&sides, moments, &spread);
    for (size_t side = 0; side < 2; side++) {
        double squares = 0;

        if (moments[side].robots < 2)
            continue;
        sum_residuals(&sides, sides.groups[side], &moments[side], &squares, &of_slope);
        settle(&sides, &moments[side], squares, is_share, arms[side]);
    }
    if (spread <= 0)
        return;
    /* what the slope may be wrong by moves the groups apart as far as they differed before */
    const double apart = moments[0].past / moments[0].weight - moments[1].past / moments[1].weight;

    out->treated.variance += apart * apart * of_slope / (spread * spread);
}

double gate_estimate_degrees(const struct gate_estimate_arms *arms, double factor)
{
    const double treated = arms->treated.variance;
    const double control = factor * factor * arms->control.variance;
    const double of_treated = treated > 0 ? treated * treated / arms->treated.degrees : 0;
    const double of_control = control > 0 ? control * control / arms->control.degrees : 0;
    const double all = treated + control;

    return of_treated + of_control > 0 ? all * all / (of_treated + of_control) : INFINITY;
}
