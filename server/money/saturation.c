#include "server/money/saturation.h"

#define PLACES 6

static enum status cut(struct fraction *number)
{
    struct decimal rounded;
    enum status status = fraction_round(*number, PLACES, &rounded);

    if (status == STATUS_OK)
        *number = fraction_of_decimal(rounded);
    return status;
}

/* (t - 1) / t x once^2 / (2 twice); without any seen twice once (once - 1) / 2 instead. */
static enum status count_hidden(struct saturation *saturation)
{
    const int64_t once = saturation->once;
    const struct fraction pairs = saturation->twice > 0
                                      ? fraction_ratio(once, 2 * saturation->twice)
                                      : fraction_ratio(once > 0 ? once - 1 : 0, 2);
    enum status status = fraction_multiply(fraction_of(once), pairs, &saturation->hidden);

    if (status == STATUS_OK)
        status = fraction_multiply(saturation->hidden,
                                   fraction_ratio(saturation->days - 1, saturation->days),
                                   &saturation->hidden);
    return status == STATUS_OK ? cut(&saturation->hidden) : status;
}

/* once / (t x hidden + once): as many come tomorrow as of those seen once came a day. */
static enum status count_rate(struct saturation *saturation)
{
    struct fraction all;
    enum status status = fraction_multiply(saturation->hidden, fraction_of(saturation->days), &all);

    saturation->rate = FRACTION_ZERO;
    if (status == STATUS_OK)
        status = fraction_add(all, fraction_of(saturation->once), &all);
    if (status != STATUS_OK || fraction_sign(all) == 0)
        return status;
    status = fraction_divide(fraction_of(saturation->once), all, &saturation->rate);
    return status == STATUS_OK ? cut(&saturation->rate) : status;
}

enum status saturation_open(struct saturation *saturation)
{
    if (saturation->days < SATURATION_DAYS || saturation->seen == 0)
        return STATUS_AGAIN;
    enum status status = count_hidden(saturation);
    return status == STATUS_OK ? count_rate(saturation) : status;
}

struct saturation_course saturation_begin(const struct saturation *saturation)
{
    return (struct saturation_course){fraction_of(saturation->seen), saturation->hidden};
}

enum status saturation_step(const struct saturation *saturation, struct saturation_course *course)
{
    struct fraction come;
    enum status status = fraction_multiply(course->left, saturation->rate, &come);

    if (status == STATUS_OK)
        status = cut(&come);
    if (status == STATUS_OK)
        status = fraction_subtract(course->left, come, &course->left);
    return status == STATUS_OK ? fraction_add(course->robots, come, &course->robots) : status;
}

enum status saturation_most(const struct saturation *saturation, int64_t days,
                            struct fraction *robots)
{
    struct fraction more = FRACTION_ZERO;
    enum status status = STATUS_OK;

    if (saturation->newcomer_days > 0 && days > 0)
        status = fraction_multiply(fraction_ratio(saturation->newcomers, saturation->newcomer_days),
                                   fraction_of(days), &more);
    return status == STATUS_OK ? fraction_add(fraction_of(saturation->seen), more, robots) : status;
}
