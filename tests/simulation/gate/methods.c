#include "tests/simulation/gate/methods.h"

#include <math.h>
#include <stdlib.h>

#include "tests/simulation/gate/model.h"

#define MOST      500
#define RESAMPLES 2000
#define TAIL      0.01

struct trial {
    struct dice dice;
    struct gate_sample samples[2][MOST];
    size_t counts[2];
    double drawn[RESAMPLES];
};

static const struct {
    enum gate_metric metric;
    struct model_change at_margin;
    double margin;
} cases[] = {
    {GATE_FAILURES, {0.02, 1, 1, 1}, 0.02},
    {GATE_FIRST_TOKEN, {0, 1.2, 1, 1}, 0.20},
    {GATE_INTERRUPTED, {0, 1, 1.5, 1}, 0.50},
    {GATE_COST, {0, 1, 1, 1.2}, 0.20},
};
#define CASES (sizeof cases / sizeof *cases)

static void live(struct trial *trial, const struct model_change *change)
{
    const struct model_weather weather[4] = {
        model_weather(&trial->dice, 0), model_weather(&trial->dice, 1),
        model_weather(&trial->dice, 2), model_weather(&trial->dice, 3)};

    memset(trial->samples, 0, sizeof trial->samples);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < trial->counts[side]; i++) {
            const struct model_robot robot = model_robot(&trial->dice);
            struct gate_sample *sample = &trial->samples[side][i];

            model_remember(&robot, weather, &trial->dice, sample->before);
            for (size_t half = 2; half < 4; half++)
                model_live(&robot, &weather[half], side == 0 ? change : &model_no_change,
                           &trial->dice, sample->now);
        }
    }
}

static bool by_the_gate(const struct trial *trial, size_t what, bool knows_before)
{
    static struct gate_sample copies[2][MOST];
    const struct gate_look look = {1, 1, 1};
    struct gate_plan plan = {.false_alarms = 2 * TAIL, .looks = 2, .at_least = 1};
    struct gate_verdict verdict;

    memcpy(copies, trial->samples, sizeof copies);
    for (size_t side = 0; side < 2 && !knows_before; side++)
        for (size_t i = 0; i < MOST; i++)
            memset(copies[side][i].before, 0, sizeof copies[side][i].before);
    const struct gate_group treated = {copies[0], trial->counts[0], true, "CNY"};
    const struct gate_group control = {copies[1], trial->counts[1], true, "CNY"};

    plan.rules[cases[what].metric] = (struct gate_rule){true, true, cases[what].margin, 0};
    gate_judge(&plan, &treated, &control, &look, &verdict);
    return verdict.colour == GATE_RED;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sums of robots drawn with replacement. */
static double redraw(struct trial *trial, size_t side, enum gate_metric metric)
{
    double sum = 0, count = 0;

    for (size_t i = 0; i < trial->counts[side]; i++) {
        const struct gate_sample *sample =
            &trial->samples[side][dice_below(&trial->dice, trial->counts[side])];

        sum += sample->now[metric].sum;
        count += sample->now[metric].count;
    }
    return count > 0 ? sum / count : 0;
}

/* The percentile bootstrap of the fleet's own ratio. */
static bool by_bootstrap(struct trial *trial, size_t what)
{
    const enum gate_metric metric = cases[what].metric;
    const double margin = cases[what].margin;

    for (size_t i = 0; i < RESAMPLES; i++) {
        const double treated = redraw(trial, 0, metric), control = redraw(trial, 1, metric);

        trial->drawn[i] = metric == GATE_FAILURES      ? treated - control - margin
                          : metric == GATE_FIRST_TOKEN ? treated - control - log1p(margin)
                                                       : treated - (1 + margin) * control;
    }
    qsort(trial->drawn, RESAMPLES, sizeof *trial->drawn, by_size);
    return trial->drawn[(size_t)(TAIL * RESAMPLES)] > 0;
}

void methods_compare(unsigned trials)
{
    static const size_t sizes[][2] = {{5, 20}, {20, 20}, {50, 100}, {50, 500}};
    struct trial *trial = calloc(1, sizeof *trial);

    if (!trial)
        return;
    printf("true difference equal to the margin, bounds of %g %%: %% of %u trials that are red\n",
           TAIL * 100, trials);
    printf("  %-14s %9s %9s %9s %9s\n", "metric", "robots", "gate", "unaware", "bootstrap");
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
        for (size_t what = 0; what < CASES; what++) {
            unsigned red[3] = {0, 0, 0};

            dice_init(&trial->dice, 5, span_text(gate_metric_name(cases[what].metric)));
            memcpy(trial->counts, sizes[size], sizeof trial->counts);
            for (unsigned i = 0; i < trials; i++) {
                live(trial, &cases[what].at_margin);
                red[0] += by_the_gate(trial, what, true);
                red[1] += by_the_gate(trial, what, false);
                red[2] += by_bootstrap(trial, what);
            }
            printf("  %-14s %4zu:%-4zu %9.2f %9.2f %9.2f\n", gate_metric_name(cases[what].metric),
                   sizes[size][0], sizes[size][1], red[0] * 100.0 / trials, red[1] * 100.0 / trials,
                   red[2] * 100.0 / trials);
        }
    }
    free(trial);
}
