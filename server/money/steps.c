#include "server/money/steps.h"

#include <stdio.h>

#include "schema/base/buffer.h"
#include "server/money/amount.h"

#define OF_BYTES 4096

/* As a document names them: what people and programs match them by. */
static const char *const kinds[] = {
    [BILL_STEP_WEIGHT] = "weight",     [BILL_STEP_INCLUDED] = "included",
    [BILL_STEP_PACK] = "pack",         [BILL_STEP_FREE] = "free",
    [BILL_STEP_UNITS] = "units",       [BILL_STEP_PACKAGES] = "packages",
    [BILL_STEP_FLAT] = "fee",          [BILL_STEP_DAYS] = "days",
    [BILL_STEP_DISCOUNT] = "discount", [BILL_STEP_EARLIER] = "earlier",
    [BILL_STEP_MAXIMUM] = "maximum",   [BILL_STEP_MINIMUM] = "minimum",
    [BILL_STEP_PROMISED] = "promised", [BILL_STEP_COUNTED] = "counted",
    [BILL_STEP_KEPT] = "kept",         [BILL_STEP_MISSING] = "missing",
    [BILL_STEP_LISTED] = "listed",     [BILL_STEP_SHARE] = "share",
    [BILL_STEP_BILLED] = "billed",     [BILL_STEP_BOUND] = "bound",
    [BILL_STEP_AMOUNT] = "amount",     [BILL_STEP_WAS] = "was",
    [BILL_STEP_ROUNDING] = "rounding",
};

static void write_number(struct json_writer *writer, const char *name, struct fraction number)
{
    char text[AMOUNT_SIZE];

    amount_decimal(number, text);
    json_write_member(writer, name, text);
}

static void write_int(struct json_writer *writer, const char *name, int64_t number)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)number);
    json_write_member(writer, name, text);
}

static void write_metric(struct json_writer *writer, const struct bill_step *step)
{
    struct buffer text;
    const char *between = "";

    if (step->metric)
        json_write_member(writer, "metric", step->metric);
    if (step->metric || !step->rate || step->rate->metrics == 0)
        return;
    buffer_init(&text, OF_BYTES);
    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        if (step->rate->metrics >> i & 1) {
            buffer_format(&text, "%s%s", between, contract_metric_name((enum contract_metric)i));
            between = "+";
        }
    }
    json_write_member(writer, "metric", buffer_cstring(&text));
    buffer_release(&text);
}

static void add_names(struct buffer *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_format(out, "%s%s", buffer_span(out).size > 0 ? ", " : "", names[i]);
}

/* "small, batch, 22:00-06:00": the cell of a price list, in the document's own words. */
static void write_of(struct json_writer *writer, const struct contract_filter *filter)
{
    struct buffer text;

    buffer_init(&text, OF_BYTES);
    add_names(&text, filter->models, filter->model_count);
    add_names(&text, filter->service_tiers, filter->service_tier_count);
    if (filter->has_hours)
        buffer_format(&text, "%s%02d:%02d-%02d:%02d", buffer_span(&text).size > 0 ? ", " : "",
                      filter->hours_from_ms / 3600000, filter->hours_from_ms / 60000 % 60,
                      filter->hours_to_ms / 3600000, filter->hours_to_ms / 60000 % 60);
    if (buffer_span(&text).size > 0)
        json_write_member(writer, "of", buffer_cstring(&text));
    buffer_release(&text);
}

/* Tiers of a quantity, or of one request's input. */
static void write_bounds(struct json_writer *writer, const struct bill_step *step)
{
    const struct contract_filter *filter = step->rate ? &step->rate->filter : NULL;

    if (step->tier && (step->below || step->tier->has_up_to))
        write_number(writer, "above", step->below ? step->below->up_to : FRACTION_ZERO);
    if (step->tier && step->tier->has_up_to)
        write_number(writer, "up_to", step->tier->up_to);
    if (filter && filter->has_input)
        write_int(writer, "input_above", filter->input_over > 0 ? filter->input_over : 0);
    if (filter && filter->has_input && filter->input_up_to > 0)
        write_int(writer, "input_up_to", filter->input_up_to);
}

static void write_step(struct json_writer *writer, const struct bill_step *step, bool is_owed)
{
    /* what comes off a bill is a share that is due to its reader */
    const enum bill_step_kind kind =
        is_owed && step->kind == BILL_STEP_DISCOUNT ? BILL_STEP_SHARE : step->kind;
    const struct decimal amount = {is_owed ? -step->amount.units : step->amount.units};
    char text[DECIMAL_TEXT_SIZE];

    json_begin_object(writer);
    json_write_member(writer, "kind", kinds[kind]);
    if (step->name)
        json_write_member(writer, "name", step->name);
    write_metric(writer, step);
    if (step->rate)
        write_of(writer, &step->rate->filter);
    write_bounds(writer, step);
    if (step->has_quantity)
        write_number(writer, "quantity", step->quantity);
    if (step->has_price)
        write_number(writer, "price", step->price);
    if (step->kind == BILL_STEP_PACKAGES)
        write_number(writer, "per", step->package);
    else if (step->unit > 1)
        write_int(writer, "per", step->unit);
    decimal_format(amount, text);
    json_write_member(writer, "amount", text);
    json_end_object(writer);
}

void steps_write(struct json_writer *writer, const struct bill_step *steps, size_t count,
                 bool is_owed)
{
    json_key(writer, "steps");
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++)
        write_step(writer, &steps[i], is_owed);
    json_end_array(writer);
}
