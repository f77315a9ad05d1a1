#include "server/ctl/charge_words.h"

#include <stdio.h>

#include "server/money/amount.h"

void charge_words_number(struct buffer *out, const struct json *value)
{
    char text[AMOUNT_SIZE];

    if (json_type(value) == JSON_TEXT)
        snprintf(text, sizeof text, "%s", json_text(value, ""));
    else
        snprintf(text, sizeof text, "%lld", (long long)json_int(value, 0));
    amount_group(text);
    buffer_text(out, text);
}

void charge_words_metric(struct buffer *out, const struct json *metric)
{
    if (json_type(metric) == JSON_OBJECT)
        buffer_format(out, "gauge %s", json_text(json_member(metric, "gauge"), ""));
    for (size_t i = 0; json_type(metric) == JSON_ARRAY && i < json_count(metric); i++)
        buffer_format(out, "%s%s", i ? " + " : "", json_text(json_item(metric, i), ""));
    buffer_text(out, json_text(metric, ""));
}

/* "2.00 per 1,000,000" */
static void write_price(struct buffer *out, const struct json *price, const struct json *unit)
{
    charge_words_number(out, price);
    if (unit) {
        buffer_text(out, " per ");
        charge_words_number(out, unit);
    }
}

static void write_tier(struct buffer *out, const struct json *tier)
{
    const struct json *up_to = json_member(tier, "up_to");
    const struct json *flat = json_member(tier, "flat");

    if (up_to) {
        buffer_text(out, "up to ");
        charge_words_number(out, up_to);
        buffer_text(out, ": ");
    } else {
        buffer_text(out, "above: ");
    }
    if (json_member(tier, "price"))
        write_price(out, json_member(tier, "price"),
                    json_member(tier, json_member(tier, "size") ? "size" : "unit"));
    if (flat) {
        buffer_text(out, json_member(tier, "price") ? " + " : "");
        charge_words_number(out, flat);
    }
}

void charge_words_price(struct buffer *out, const struct json *charge)
{
    const struct json *tiers = json_member(charge, "tiers"),
                      *prices = json_member(charge, "prices");
    const struct json *unit = json_member(charge, json_member(charge, "size") ? "size" : "unit");
    const char *name, *between = "";

    for (size_t i = 0; i < json_count(tiers); i++, between = "; ") {
        buffer_text(out, between);
        write_tier(out, json_item(tiers, i));
    }
    for (size_t i = 0; i < json_count(prices); i++, between = ", ") {
        const struct json *price = json_member_at(prices, i, &name);

        buffer_format(out, "%s%s ", between, name);
        charge_words_number(out, price);
    }
    if (prices && unit) {
        buffer_text(out, " per ");
        charge_words_number(out, unit);
    }
    if (json_member(charge, "price"))
        write_price(out, json_member(charge, "price"), unit);
    if (json_member(charge, "amount"))
        charge_words_number(out, json_member(charge, "amount"));
    buffer_text(out, json_text(json_member(charge, "rate"), ""));
}
