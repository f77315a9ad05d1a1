#include "server/fleet/gate_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_SIZE 240
#define PART_SIZE  64

#define MARGIN_LEAST 0.0001
#define MARGIN_MOST  100.0

__attribute__((format(printf, 3, 4))) static enum status
refuse(struct json_problem *problem, const char *member, const char *format, ...)
{
    va_list args;

    snprintf(problem->pointer, sizeof problem->pointer, "%s%s", member[0] ? "/" : "", member);
    va_start(args, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, args);
    va_end(args);
    return STATUS_INVALID;
}

/* ---- reading ---- */

/* Digits with at most one point, at most 15 of them. */
static bool read_number(const char *text, size_t size, double *out)
{
    char copy[24];

    if (size == 0 || size > 16 || strspn(text, "0123456789.") < size || text[0] == '.' ||
        memchr(text, '.', size) != strrchr(text, '.'))
        return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    *out = strtod(copy, NULL);
    return true;
}

/* "20%" as 0.20. */
static enum status read_share(const struct json *json, const char *member, double least,
                              double most, double *out, struct json_problem *problem)
{
    const char *text = json_text(json, "");
    const size_t size = strlen(text);
    double percent;

    if (size < 2 || text[size - 1] != '%' || !read_number(text, size - 1, &percent))
        return refuse(problem, member, "must be a percentage like \"20%%\"");
    if (percent < least * 100 || percent > most * 100)
        return refuse(problem, member, "must be from %g%% to %g%%", least * 100, most * 100);
    *out = percent / 100;
    return STATUS_OK;
}

static enum status check_members(const struct json *json, const char *member, bool is_cost,
                                 struct json_problem *problem)
{
    for (size_t i = 0; i < json_count(json); i++) {
        const char *name = "";

        (void)json_member_at(json, i, &name);
        if (!span_is_choice(span_text(name), is_cost ? "margin|wait|expected" : "margin|wait"))
            return refuse(problem, member, "has no member \"%.40s\"", name);
    }
    return STATUS_OK;
}

static enum status read_rule_object(const struct json *json, const char *member, bool is_cost,
                                    struct gate_rule *rule, struct json_problem *problem)
{
    const struct json *margin = json_member(json, "margin"), *wait = json_member(json, "wait");
    const struct json *expected = json_member(json, "expected");
    const char *amount = json_text(expected, "");
    enum status status = check_members(json, member, is_cost, problem);

    if (status == STATUS_OK && margin)
        status = read_share(margin, member, MARGIN_LEAST, MARGIN_MOST, &rule->margin, problem);
    if (status != STATUS_OK)
        return status;
    if (wait && json_type(wait) != JSON_BOOL)
        return refuse(problem, member, "wait must be true or false");
    rule->is_waited_for = json_bool(wait, rule->is_waited_for);
    if (expected && (!read_number(amount, strlen(amount), &rule->expected) || rule->expected <= 0))
        return refuse(problem, member, "expected must be what a turn costs, like \"0.012\"");
    return STATUS_OK;
}

static enum status read_rule(const struct json *json, enum gate_metric metric,
                             struct gate_plan *plan, struct json_problem *problem)
{
    struct gate_rule *rule = &plan->rules[metric];
    const char *name = gate_metric_name(metric);
    enum status status = STATUS_OK;

    if (json_type(json) == JSON_NULL) {
        *rule = (struct gate_rule){.is_on = false};
        return STATUS_OK;
    }
    if (!rule->is_on) /* a class of failures: unless told otherwise, like all of them */
        *rule = gate_plan_default().rules[GATE_FAILURES];
    if (json_type(json) == JSON_OBJECT)
        status = read_rule_object(json, name, metric == GATE_COST, rule, problem);
    else
        status = read_share(json, name, MARGIN_LEAST, MARGIN_MOST, &rule->margin, problem);
    return status;
}

static enum status read_whole(const struct json *json, const char *member, int64_t least,
                              int64_t most, unsigned *out, struct json_problem *problem)
{
    const int64_t number = json_int(json, least - 1);

    if (number < least || number > most)
        return refuse(problem, member, "must be a whole number from %lld to %lld", (long long)least,
                      (long long)most);
    *out = (unsigned)number;
    return STATUS_OK;
}

static enum status read_member(const struct json *json, const char *name, struct gate_plan *plan,
                               struct json_problem *problem)
{
    enum gate_metric metric;

    if (gate_metric_find(span_text(name), &metric) == STATUS_OK)
        return read_rule(json, metric, plan, problem);
    if (strcmp(name, "looks") == 0)
        return read_whole(json, name, GATE_LOOKS_LEAST, GATE_LOOKS_MOST, &plan->looks, problem);
    if (strcmp(name, "at_least") == 0)
        return read_whole(json, name, 1, 1000000, &plan->at_least, problem);
    if (strcmp(name, "false_alarms") == 0)
        return read_share(json, name, 0.0001, 0.2, &plan->false_alarms, problem);
    return refuse(problem, name,
                  "is no gate: failures, unreachable, first_token, first_audio,"
                  " interrupted, cost, failures_busy ...");
}

enum status gate_json_read(const struct json *json, struct gate_plan *out,
                           struct json_problem *problem)
{
    struct gate_plan plan = gate_plan_default();
    enum status status = STATUS_OK;

    *problem = (struct json_problem){"", ""};
    if (json && json_type(json) != JSON_OBJECT)
        return refuse(problem, "", "gates must be an object");
    for (size_t i = 0; status == STATUS_OK && i < json_count(json); i++) {
        const char *name = "";
        const struct json *member = json_member_at(json, i, &name);

        status = read_member(member, name, &plan, problem);
    }
    if (status == STATUS_OK)
        *out = plan;
    return status;
}

/* ---- writing ---- */

static void write_share(struct json_writer *writer, const char *name, double share)
{
    char text[PART_SIZE];

    snprintf(text, sizeof text, "%.6g%%", share * 100);
    json_write_member(writer, name, text);
}

/* Plain digits: an exponent is nothing that gate_json_read() takes. */
static void write_amount(struct json_writer *writer, const char *name, double amount)
{
    char text[PART_SIZE];
    size_t size = (size_t)snprintf(text, sizeof text, "%.12f", amount);

    while (text[size - 1] == '0')
        size--;
    text[text[size - 1] == '.' ? size - 1 : size] = 0;
    json_write_member(writer, name, text);
}

static void write_rule(struct json_writer *writer, enum gate_metric metric,
                       const struct gate_rule *rule)
{
    json_key(writer, gate_metric_name(metric));
    if (!rule->is_on) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    write_share(writer, "margin", rule->margin);
    json_key(writer, "wait");
    json_write_bool(writer, rule->is_waited_for);
    if (rule->expected > 0)
        write_amount(writer, "expected", rule->expected);
    json_end_object(writer);
}

void gate_json_write_plan(struct json_writer *writer, const struct gate_plan *plan)
{
    json_begin_object(writer);
    for (size_t i = 0; i < GATE_METRICS; i++)
        if (i < GATE_CLASS || plan->rules[i].is_on)
            write_rule(writer, (enum gate_metric)i, &plan->rules[i]);
    json_key(writer, "looks");
    json_write_int(writer, plan->looks);
    write_share(writer, "false_alarms", plan->false_alarms);
    json_key(writer, "at_least");
    json_write_int(writer, plan->at_least);
    json_end_object(writer);
}

/* ---- the verdict ---- */

static bool is_of_shares(enum gate_metric metric)
{
    return metric == GATE_FAILURES || metric == GATE_UNREACHABLE || metric >= GATE_CLASS;
}

/* "first token", "failures (busy)" */
static void name_metric(enum gate_metric metric, char out[PART_SIZE])
{
    const char *name = gate_metric_name(metric);

    if (metric >= GATE_CLASS)
        snprintf(out, PART_SIZE, "failures (%s)", name + strlen("failures_"));
    else
        snprintf(out, PART_SIZE, "%s", metric == GATE_COST ? "cost per turn" : name);
    for (char *at = out; *at; at++)
        if (*at == '_')
            *at = ' ';
}

/* "+3.1 points", "+24 %": of differences and of ratios. */
static void say_effect(enum gate_metric metric, double effect, char out[PART_SIZE])
{
    if (!isfinite(effect))
        snprintf(out, PART_SIZE, "unknown");
    else if (is_of_shares(metric))
        snprintf(out, PART_SIZE, "%+.2f points", effect * 100);
    else
        snprintf(out, PART_SIZE, "%+.1f %%", (effect - 1) * 100);
}

static void say_why_not(const struct gate_plan *plan, const struct gate_finding *finding,
                        char out[WORDS_SIZE])
{
    switch (finding->reason) {
    case GATE_REASON_FEW:
        snprintf(out, WORDS_SIZE, "%.0f and %.0f counted: at least %u of each are needed",
                 finding->treated_count, finding->control_count, plan->at_least);
        break;
    case GATE_REASON_FEW_ROBOTS:
        snprintf(out, WORDS_SIZE, "%zu and %zu robots: at least %d of each are needed",
                 finding->treated_robots, finding->control_robots, GATE_ROBOTS);
        break;
    case GATE_REASON_CURRENCY:
        snprintf(out, WORDS_SIZE,
                 "the two are paid in different currencies: say in the plan what"
                 " a turn is expected to cost");
        break;
    case GATE_REASON_FREE:
        snprintf(out, WORDS_SIZE,
                 "the control's turns cost nothing: say in the plan what a turn is"
                 " expected to cost");
        break;
    case GATE_REASON_NONE:
    case GATE_REASON_UNSURE:
        snprintf(out, WORDS_SIZE, "too little is known to tell it from the margin");
        break;
    }
}

/* One sentence without its subject: "+24.0 % (+18.1 % to +30.2 %), +20.0 % is allowed". */
static void say(const struct gate_plan *plan, enum gate_metric metric,
                const struct gate_finding *finding, char out[WORDS_SIZE])
{
    char effect[PART_SIZE], lower[PART_SIZE], upper[PART_SIZE], margin[PART_SIZE];
    char why[WORDS_SIZE] = "";

    if (finding->colour == GATE_OFF) {
        snprintf(out, WORDS_SIZE, "nothing of it on either side");
        return;
    }
    if (finding->colour == GATE_NONE)
        say_why_not(plan, finding, why);
    if (finding->colour == GATE_NONE && finding->reason != GATE_REASON_UNSURE) {
        snprintf(out, WORDS_SIZE, "%s", why);
        return;
    }
    say_effect(metric, finding->effect, effect);
    say_effect(metric, finding->lower, lower);
    say_effect(metric, finding->upper, upper);
    say_effect(metric, finding->margin, margin);
    snprintf(out, WORDS_SIZE, "%.30s (at least %.30s, at most %.30s), %.30s is allowed%s%.60s",
             effect, lower, upper, margin, why[0] ? ": " : "", why);
}

static void write_number(struct json_writer *writer, const char *name, double number)
{
    json_key(writer, name);
    if (isfinite(number))
        json_write_real(writer, number);
    else
        json_write_null(writer);
}

static void write_counts(struct json_writer *writer, const struct gate_finding *finding)
{
    json_key(writer, "counts");
    json_begin_object(writer);
    json_key(writer, "treated");
    json_write_int(writer, (int64_t)finding->treated_count);
    json_key(writer, "control");
    json_write_int(writer, (int64_t)finding->control_count);
    json_key(writer, "treated_robots");
    json_write_int(writer, (int64_t)finding->treated_robots);
    json_key(writer, "control_robots");
    json_write_int(writer, (int64_t)finding->control_robots);
    json_end_object(writer);
}

static void write_finding(struct json_writer *writer, const struct gate_plan *plan,
                          const struct gate_verdict *verdict, enum gate_metric metric)
{
    const struct gate_finding *finding = &verdict->findings[metric];
    char words[WORDS_SIZE];

    say(plan, metric, finding, words);
    json_begin_object(writer);
    json_write_member(writer, "metric", gate_metric_name(metric));
    json_write_member(writer, "colour", gate_colour_name(finding->colour));
    json_write_member(writer, "reason", gate_reason_name(finding->reason));
    json_write_member(writer, "unit", is_of_shares(metric) ? "points" : "ratio");
    if (metric == GATE_COST && verdict->currency[0] != 0)
        json_write_member(writer, "currency", verdict->currency);
    write_number(writer, "treated", finding->treated);
    write_number(writer, "control", finding->control);
    write_number(writer, "effect", finding->effect);
    write_number(writer, "lower", finding->lower);
    write_number(writer, "upper", finding->upper);
    write_number(writer, "margin", finding->margin);
    json_key(writer, "wait");
    json_write_bool(writer, plan->rules[metric].is_waited_for);
    write_counts(writer, finding);
    json_write_member(writer, "words", words);
    json_end_object(writer);
}

/* What failed in which way, also where no rule judges it: it tells what to look for. */
static void write_classes(struct json_writer *writer, const struct gate_verdict *verdict)
{
    json_key(writer, "failures");
    json_begin_array(writer);
    for (size_t i = GATE_CLASS; i < GATE_METRICS; i++) {
        const struct gate_finding *finding = &verdict->findings[i];

        if (!(finding->treated > 0) && !(finding->control > 0))
            continue;
        json_begin_object(writer);
        json_write_member(writer, "class",
                          gate_metric_name((enum gate_metric)i) + strlen("failures_"));
        write_number(writer, "treated", finding->treated);
        write_number(writer, "control", finding->control);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_words(struct json_writer *writer, const struct gate_plan *plan,
                        const struct gate_verdict *verdict)
{
    char words[WORDS_SIZE], name[PART_SIZE], whole[WORDS_SIZE + PART_SIZE + 2];

    if (verdict->colour == GATE_GREEN) {
        snprintf(whole, sizeof whole, "all that is waited for is within its margin");
    } else {
        say(plan, verdict->because, &verdict->findings[verdict->because], words);
        name_metric(verdict->because, name);
        snprintf(whole, sizeof whole, "%s: %s", name, words);
    }
    json_write_member(writer, "words", whole);
}

void gate_json_write_verdict(struct json_writer *writer, const struct gate_plan *plan,
                             const struct gate_verdict *verdict)
{
    json_begin_object(writer);
    json_write_member(writer, "colour", gate_colour_name(verdict->colour));
    json_write_member(writer, "because", gate_metric_name(verdict->because));
    write_words(writer, plan, verdict);
    write_number(writer, "alpha", verdict->alpha);
    json_key(writer, "wave");
    json_write_int(writer, verdict->look.wave);
    json_key(writer, "waves");
    json_write_int(writer, verdict->look.waves);
    json_key(writer, "look");
    json_write_int(writer, verdict->look.look);
    json_key(writer, "looks");
    json_write_int(writer, plan->looks);
    json_key(writer, "metrics");
    json_begin_array(writer);
    for (size_t i = 0; i < GATE_METRICS; i++)
        if (plan->rules[i].is_on)
            write_finding(writer, plan, verdict, (enum gate_metric)i);
    json_end_array(writer);
    write_classes(writer, verdict);
    json_end_object(writer);
}
