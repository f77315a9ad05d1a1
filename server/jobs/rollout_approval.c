#include "server/jobs/rollout_approval.h"

#include <string.h>

#include "server/money/amount.h"

#define FIGURES_BYTES ((size_t)8 << 10)

/* A figure follows what robots use from hour to hour. It has grown when it is more than this above
 * what was agreed to, and by more than one unit of its currency. */
#define SLACK_PERCENT 1

enum status rollout_approval_write(struct arena *arena, const struct rollout_approval *now,
                                   struct span *out)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, FIGURES_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_key(&writer, "robots");
    json_write_int(&writer, now->robots);
    json_key(&writer, "costs");
    json_begin_array(&writer);
    for (size_t i = 0; i < now->cost->more_count; i++) {
        const struct preflight_more *more = &now->cost->more[i];
        char amount[AMOUNT_SIZE];

        amount_rounded(fraction_of_decimal(more->amount), more->places, amount);
        json_begin_object(&writer);
        json_write_member(&writer, "currency", more->currency);
        json_write_member(&writer, "amount", amount);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_key(&writer, "unknown");
    if (now->cost->unknown)
        json_write_text(&writer, span_text(now->cost->unknown));
    else
        json_write_null(&writer);
    json_end_object(&writer);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        *out = arena_copy(arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

/* Up to what it counts as what was agreed to. */
static enum status with_slack(struct decimal agreed, struct decimal *out)
{
    const decimal_units size = agreed.units < 0 ? -agreed.units : agreed.units;
    struct decimal slack = {size / 100 * SLACK_PERCENT};
    struct decimal one;
    enum status status = decimal_parse(span_text("1"), &one);

    if (status == STATUS_OK && decimal_compare(slack, one) < 0)
        slack = one;
    return status == STATUS_OK ? decimal_add(agreed, slack, out) : status;
}

/* A currency that was not among the costs cost nothing. */
static const char *agreed_amount(const struct json *costs, const char *currency)
{
    for (size_t i = 0; i < json_count(costs); i++)
        if (strcmp(json_text(json_member(json_item(costs, i), "currency"), ""), currency) == 0)
            return json_text(json_member(json_item(costs, i), "amount"), "0");
    return "0";
}

static enum status compare_amount(struct arena *arena, const struct rollout_steps_row *row,
                                  const struct json *costs, const struct preflight_more *more,
                                  const char **out)
{
    const char *agreed_text = agreed_amount(costs, more->currency);
    struct decimal agreed, most;
    char text[AMOUNT_SIZE];
    enum status status = decimal_parse_exact(span_text(agreed_text), &agreed);

    if (status == STATUS_OK)
        status = with_slack(agreed, &most);
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    if (decimal_compare(more->amount, most) <= 0)
        return STATUS_OK;
    amount_rounded(fraction_of_decimal(more->amount), more->places, text);
    *out = arena_format(arena,
                        "%s approved it at %s %s more until its terms end, and it costs %s %s more "
                        "by now: another operator must approve it again",
                        row->approver, agreed_text, more->currency, text, more->currency);
    return STATUS_OK;
}

static enum status compare(struct arena *arena, const struct rollout_steps_row *row,
                           const struct json *agreed, const struct rollout_approval *now,
                           const char **out)
{
    const struct json *costs = json_member(agreed, "costs");
    const int64_t robots = json_int(json_member(agreed, "robots"), -1);
    const char *unknown = json_text(json_member(agreed, "unknown"), NULL);
    enum status status = robots >= 0 ? STATUS_OK : STATUS_CORRUPT;

    if (status == STATUS_OK && now->robots > robots)
        *out = arena_format(arena,
                            "%s approved it for %lld robots, and it reaches %lld by now: another "
                            "operator must approve it again",
                            row->approver, (long long)robots, (long long)now->robots);
    /* approved before costs were kept */
    if (json_type(costs) != JSON_ARRAY)
        return status;
    if (status == STATUS_OK && !*out && now->cost->unknown &&
        (!unknown || strcmp(unknown, now->cost->unknown) != 0))
        *out = arena_format(arena,
                            "when %s approved it, it could be told what it costs under \"%s\", and "
                            "now it cannot: another operator must approve it again",
                            row->approver, now->cost->unknown);
    for (size_t i = 0; i < now->cost->more_count && status == STATUS_OK && !*out; i++)
        status = compare_amount(arena, row, costs, &now->cost->more[i], out);
    return status;
}

enum status rollout_approval_outgrown(struct arena *arena, const struct rollout_steps_row *row,
                                      const struct rollout_approval *now, const char **out)
{
    struct json *agreed;

    *out = NULL;
    if (json_parse(row->approved, &agreed, NULL) != STATUS_OK)
        return STATUS_CORRUPT;
    enum status status = compare(arena, row, agreed, now, out);
    json_free(agreed);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status rollout_approval_robots(const struct rollout_steps_row *row, int64_t *out)
{
    struct json *agreed;

    *out = 0;
    if (row->approved.size == 0)
        return STATUS_OK;
    if (json_parse(row->approved, &agreed, NULL) != STATUS_OK)
        return STATUS_CORRUPT;
    *out = json_int(json_member(agreed, "robots"), 0);
    json_free(agreed);
    return STATUS_OK;
}
