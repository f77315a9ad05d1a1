#include "server/fleet/gate.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "server/fleet/gate_estimate.h"
#include "server/fleet/student.h"

/* Green is told 9 to 1. */
#define GREEN_TAIL 0.10

/* Of what hardly ever happens a part more says nothing to anybody: so many points are allowed
 * besides the ratio. */
#define SLACK 0.01

/* How a metric's two means are compared. */
enum kind {
    KIND_POINTS, /* shares: their difference */
    KIND_LOG,    /* means of logarithms: the ratio of what they are logarithms of */
    KIND_RATIO,  /* their ratio, after Fieller */
};

static const struct {
    const char *name;
    enum kind kind;
    bool is_share;
} metrics[] = {
    {"failures", KIND_POINTS, true},         {"unreachable", KIND_POINTS, true},
    {"first_token", KIND_LOG, false},        {"first_audio", KIND_LOG, false},
    {"interrupted", KIND_RATIO, true},       {"cost", KIND_RATIO, false},
    {"failures_other", KIND_POINTS, true},   {"failures_rate", KIND_POINTS, true},
    {"failures_busy", KIND_POINTS, true},    {"failures_quota", KIND_POINTS, true},
    {"failures_money", KIND_POINTS, true},   {"failures_auth", KIND_POINTS, true},
    {"failures_content", KIND_POINTS, true}, {"failures_request", KIND_POINTS, true},
    {"failures_net", KIND_POINTS, true},     {"failures_filtered", KIND_POINTS, true},
    {"failures_lost", KIND_POINTS, true},
};
static_assert(sizeof metrics / sizeof *metrics == GATE_METRICS, "each metric has a name");

static const char *const colours[] = {"off", "none", "green", "red"};
static_assert(sizeof colours / sizeof *colours == GATE_RED + 1, "each colour has a name");

static const char *const reasons[] = {"", "few_robots", "few", "unsure", "currency", "free"};
static_assert(sizeof reasons / sizeof *reasons == GATE_REASON_FREE + 1, "each reason has a name");

const char *gate_metric_name(enum gate_metric metric)
{
    return metrics[metric].name;
}

const char *gate_colour_name(enum gate_colour colour)
{
    return colours[colour];
}

const char *gate_reason_name(enum gate_reason reason)
{
    return reasons[reason];
}

enum status gate_metric_find(struct span name, enum gate_metric *out)
{
    for (size_t i = 0; i < GATE_METRICS; i++) {
        if (span_equal_text(name, metrics[i].name)) {
            *out = (enum gate_metric)i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

struct gate_plan gate_plan_default(void)
{
    return (struct gate_plan){
        .rules =
            {
                [GATE_FAILURES] = {true, true, 0.02, 0},
                [GATE_UNREACHABLE] = {true, false, 0.05, 0},
                [GATE_FIRST_TOKEN] = {true, true, 0.20, 0},
                [GATE_FIRST_AUDIO] = {true, true, 0.20, 0},
                [GATE_INTERRUPTED] = {true, true, 0.50, 0},
                [GATE_COST] = {true, true, 0.20, 0},
            },
        .false_alarms = 0.01,
        .looks = 3,
        .at_least = 20,
    };
}

int64_t gate_look_after_ms(const struct gate_plan *plan, unsigned look, int64_t soak_ms)
{
    if (look >= plan->looks)
        return 2 * soak_ms;
    return soak_ms * look / (plan->looks - 1);
}

/* ---- one metric ---- */

/* What a finding is made of. */
struct question {
    enum kind kind;
    bool is_share;
    double margin; /* in the kind's own terms: points, a logarithm, a ratio */
    double alpha;
    struct gate_estimate_arms arms;
};

/* The ratios that t standard errors do not rule out (Fieller): the roots of
 * (T - q C)^2 = t^2 (Var T + q^2 Var C). NAN: no bound on that side. */
static void bound_ratio(const struct gate_estimate_arms *arms, double t, double *lower,
                        double *upper)
{
    const double control = arms->control.mean, treated = arms->treated.mean;
    const double a = control * control - t * t * arms->control.variance;
    const double b = treated * control;
    const double c = treated * treated - t * t * arms->treated.variance;
    const double root = sqrt(b * b - a * c);

    *lower = c <= 0 ? 0 : c / (b + root);
    *upper = a > 0 ? (b + root) / a : NAN;
}

/* How far the difference of two shares is certain, one way or the other. */
static void bound_difference(const struct question *question, double *lower, double *upper)
{
    const struct gate_estimate_arms *arms = &question->arms;
    const double effect = arms->treated.mean - arms->control.mean;
    const double error = sqrt(arms->treated.variance + arms->control.variance);
    const double degrees = gate_estimate_degrees(arms, 1);

    *lower = effect - student_quantile(question->alpha, degrees) * error;
    *upper = effect + student_quantile(GREEN_TAIL, degrees) * error;
}

static void compare_difference(const struct question *question, struct gate_finding *finding)
{
    finding->effect = question->arms.treated.mean - question->arms.control.mean;
    bound_difference(question, &finding->lower, &finding->upper);
    if (finding->lower > question->margin)
        finding->colour = GATE_RED;
    else if (finding->upper < question->margin)
        finding->colour = GATE_GREEN;
}

static void compare_ratio(const struct question *question, struct gate_finding *finding)
{
    const struct gate_estimate_arms *arms = &question->arms;
    const double factor = question->margin;
    const double beyond = arms->treated.mean - factor * arms->control.mean;
    const double error = sqrt(arms->treated.variance + factor * factor * arms->control.variance);
    const double degrees = gate_estimate_degrees(arms, factor);
    const double to_red = student_quantile(question->alpha, degrees);
    const double to_green = student_quantile(GREEN_TAIL, degrees);
    double unused, at_least = INFINITY, at_most = INFINITY;

    finding->effect = arms->control.mean > 0 ? arms->treated.mean / arms->control.mean : NAN;
    bound_ratio(arms, to_red, &finding->lower, &unused);
    bound_ratio(arms, to_green, &unused, &finding->upper);
    if (question->is_share)
        bound_difference(question, &at_least, &at_most);
    if (beyond > to_red * error && at_least > SLACK)
        finding->colour = GATE_RED;
    else if (beyond < -to_green * error || at_most < SLACK)
        finding->colour = GATE_GREEN;
}

static void tell_ratios(struct gate_finding *finding)
{
    finding->treated = exp(finding->treated);
    finding->control = exp(finding->control);
    finding->effect = exp(finding->effect);
    finding->lower = exp(finding->lower);
    finding->upper = exp(finding->upper);
}

/* Whether there is enough to be judged; else why not. */
static bool is_enough(const struct gate_plan *plan, const struct gate_estimate_arms *arms,
                      bool has_control, struct gate_finding *finding)
{
    const struct gate_estimate_arm *treated = &arms->treated, *control = &arms->control;
    const double least = plan->at_least;

    if (treated->count < least || (has_control && control->count < least))
        finding->reason = GATE_REASON_FEW;
    else if (treated->robots < GATE_ROBOTS || (has_control && control->robots < GATE_ROBOTS))
        finding->reason = GATE_REASON_FEW_ROBOTS;
    return finding->reason == GATE_REASON_NONE;
}

/* Whether the prices can be compared; else why not. */
static bool is_comparable(const struct gate_group *treated, const struct gate_group *control,
                          const struct gate_estimate_arms *arms, bool has_control,
                          struct gate_finding *finding)
{
    if (!treated->has_one_currency || (has_control && !control->has_one_currency))
        finding->reason = GATE_REASON_CURRENCY;
    else if (has_control && treated->currency[0] && control->currency[0] &&
             strcmp(treated->currency, control->currency) != 0)
        finding->reason = GATE_REASON_CURRENCY;
    else if (has_control && arms->control.sum <= 0)
        finding->reason = GATE_REASON_FREE;
    return finding->reason == GATE_REASON_NONE;
}

static void judge(const struct gate_plan *plan, enum gate_metric metric, double alpha,
                  const struct gate_group *treated, const struct gate_group *control,
                  struct gate_finding *finding)
{
    const struct gate_rule *rule = &plan->rules[metric];
    const enum kind kind = metrics[metric].kind;
    const bool has_control = metric != GATE_COST || rule->expected <= 0;
    struct question question = {.kind = kind, .is_share = metrics[metric].is_share, .alpha = alpha};
    struct gate_estimate_arms *arms = &question.arms;

    question.margin = kind == KIND_POINTS ? rule->margin
                      : kind == KIND_LOG  ? log1p(rule->margin)
                                          : 1 + rule->margin;
    gate_estimate(metric, metrics[metric].is_share, treated, control, arms);
    if (!has_control) {
        const struct gate_group nobody = {.has_one_currency = true};

        gate_estimate(metric, false, treated, &nobody, arms);
        arms->control.mean = rule->expected;
        arms->control.variance = 0;
    }
    *finding = (struct gate_finding){
        .colour = GATE_NONE,
        .treated = arms->treated.mean,
        .control = arms->control.mean,
        .effect = NAN,
        .lower = NAN,
        .upper = NAN,
        .margin = kind == KIND_POINTS ? rule->margin : 1 + rule->margin,
        .treated_count = arms->treated.count,
        .control_count = arms->control.count,
        .treated_robots = arms->treated.robots,
        .control_robots = arms->control.robots,
    };
    const bool is_idle = metric == GATE_COST
                             ? arms->treated.sum <= 0 && (!has_control || arms->control.sum <= 0)
                             : arms->treated.count <= 0 && arms->control.count <= 0;

    if (!rule->is_on || (is_idle && metric != GATE_FAILURES)) {
        finding->colour = GATE_OFF;
        return;
    }
    if (is_enough(plan, arms, has_control, finding) &&
        (metric != GATE_COST || is_comparable(treated, control, arms, has_control, finding))) {
        if (kind == KIND_RATIO)
            compare_ratio(&question, finding);
        else
            compare_difference(&question, finding);
        if (finding->colour == GATE_NONE)
            finding->reason = GATE_REASON_UNSURE;
    }
    if (kind == KIND_LOG)
        tell_ratios(finding);
}

/* ---- all of them ---- */

static unsigned count_rules(const struct gate_plan *plan)
{
    unsigned count = 0;

    for (size_t i = 0; i < GATE_METRICS; i++)
        count += plan->rules[i].is_on;
    return count;
}

/* The first metric of that colour that matters for it; GATE_METRICS: there is none. */
static enum gate_metric first_of(const struct gate_plan *plan, const struct gate_verdict *verdict,
                                 enum gate_colour colour, bool waited_for)
{
    size_t i = 0;

    while (i < GATE_METRICS && (!plan->rules[i].is_on || verdict->findings[i].colour != colour ||
                                (waited_for && !plan->rules[i].is_waited_for)))
        i++;
    return (enum gate_metric)i;
}

static void sum_up(const struct gate_plan *plan, struct gate_verdict *verdict)
{
    const enum gate_metric red = first_of(plan, verdict, GATE_RED, false);
    const enum gate_metric none = first_of(plan, verdict, GATE_NONE, true);
    const enum gate_metric green = first_of(plan, verdict, GATE_GREEN, true);
    const enum gate_metric off = first_of(plan, verdict, GATE_OFF, true);

    verdict->colour = GATE_GREEN;
    verdict->because = GATE_FAILURES;
    if (red != GATE_METRICS) {
        verdict->colour = GATE_RED;
        verdict->because = red;
    } else if (none != GATE_METRICS) {
        verdict->colour = GATE_NONE;
        verdict->because = none;
    } else if (green == GATE_METRICS && off != GATE_METRICS) {
        verdict->colour = GATE_NONE; /* nothing of what is waited for has happened at all */
        verdict->because = off;
    }
}

/* In which both sides of the cost are told. What is expected is in that of the treated. */
static void note_currency(const struct gate_plan *plan, const struct gate_group *treated,
                          const struct gate_group *control, struct gate_verdict *verdict)
{
    const bool is_alone = plan->rules[GATE_COST].expected > 0 || !control->currency[0];

    if (treated->has_one_currency &&
        (is_alone ||
         (control->has_one_currency &&
          (!treated->currency[0] || strcmp(treated->currency, control->currency) == 0))))
        memcpy(verdict->currency, treated->currency[0] ? treated->currency : control->currency,
               sizeof verdict->currency);
}

void gate_judge(const struct gate_plan *plan, const struct gate_group *treated,
                const struct gate_group *control, const struct gate_look *look,
                struct gate_verdict *out)
{
    const unsigned rules = count_rules(plan);
    const double shares = (double)(rules ? rules : 1) * look->waves * plan->looks;

    *out = (struct gate_verdict){.alpha = plan->false_alarms / shares, .look = *look};
    for (size_t i = 0; i < GATE_METRICS; i++)
        judge(plan, (enum gate_metric)i, out->alpha, treated, control, &out->findings[i]);
    note_currency(plan, treated, control, out);
    sum_up(plan, out);
}
