/* Tiers: a price for each part of a quantity, or for the whole of it by where it ends. */
#include "server/money/contract_parts.h"

static void read_bound(struct reading *reading, const struct json *json, bool is_last,
                       const struct contract_tier *before, struct contract_tier *tier)
{
    tier->has_up_to = reading_number(reading, json, "up_to", &tier->up_to);
    if (!tier->has_up_to && !is_last)
        reading_refuse(reading, "up_to", "is missing: only the last tier has none");
    else if (tier->has_up_to && is_last)
        reading_refuse(reading, "up_to",
                       "leaves what is above without a price: the last tier has no up_to");
    else if (tier->has_up_to &&
             fraction_compare(tier->up_to, before ? before->up_to : FRACTION_ZERO) <= 0)
        reading_refuse(reading, "up_to",
                       before ? "must be above that of the tier before" : "must be above 0");
}

static void read_tier(struct reading *reading, const struct json *json, struct contract_tier *tier)
{
    bool has_size = reading_number(reading, json, "size", &tier->package_size);

    reading_number(reading, json, "flat", &tier->flat);
    contract_price_read(reading, json, &tier->price, &tier->unit);
    if (!json_member(json, "price") && !json_member(json, "flat"))
        reading_refuse(reading, "price", "is missing: a tier has a price, a flat fee or both");
    if (has_size && fraction_sign(tier->package_size) <= 0)
        reading_refuse(reading, "size", "must be above 0");
    if (has_size && json_member(json, "unit"))
        reading_refuse(reading, "unit", "contradicts size: the price is of a package");
    if (has_size && !json_member(json, "price"))
        reading_refuse(reading, "size", "needs the price of a package");
}

static void read_share(struct reading *reading, const struct json *json, struct contract_tier *tier)
{
    reading_share(reading, json, "share", 100, &tier->price);
}

static const struct contract_tier *read_list(
    struct reading *reading, const struct json *object, const char *member, const char *members,
    const char *required,
    void (*read)(struct reading *reading, const struct json *json, struct contract_tier *tier),
    size_t *count)
{
    const struct json *list;
    size_t found = reading_list(reading, object, member, CONTRACT_TIERS, &list);
    struct contract_tier *tiers = reading_take(reading, found, sizeof *tiers);
    size_t outside = reading_enter(reading, member);

    for (size_t i = 0; tiers && i < found; i++) {
        const struct json *item = json_item(list, i);
        size_t mark = reading_enter_item(reading, i);

        tiers[i].price = tiers[i].flat = tiers[i].up_to = tiers[i].package_size = FRACTION_ZERO;
        if (reading_object(reading, item, members, required)) {
            read_bound(reading, item, i + 1 == found, i > 0 ? &tiers[i - 1] : NULL, &tiers[i]);
            read(reading, item, &tiers[i]);
        }
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    *count = tiers ? found : 0;
    return tiers;
}

const struct contract_tier *contract_tiers_read(struct reading *reading, const struct json *object,
                                                size_t *count)
{
    return read_list(reading, object, "tiers", "up_to|price|unit|flat|size", "", read_tier, count);
}

const struct contract_tier *contract_rebate_read(struct reading *reading, const struct json *object,
                                                 size_t *count)
{
    return read_list(reading, object, "rebate", "up_to|share", "share", read_share, count);
}
