/* Random amended charges against another way to the same sum: unit by unit. */
#include "server/money/zone.h"
#include "tests/support/dice.h"
#include "tests/unit/server/money/owed.h"

#define SEEDS    120
#define ROWS     40
#define VERSIONS 3
#define PERIODS  5
#define DAYS     120 /* January to April 2026 */

/* Prices in hundredths; both tiers are written, `unit` has one price. */
struct terms {
    int first; /* day of the term */
    int price, above, up_to, night;
    int discount; /* percent */
};

struct row {
    int day, hour, quantity;
};

enum kind { UNIT, GRADUATED, HOURS, KINDS };

struct world {
    enum kind kind;
    struct terms terms[VERSIONS];
    int versions;
    int included, maximum, minimum; /* 0: none */
    int anchor;                     /* the day of the month on which periods begin */
    struct row rows[ROWS];
};

static const int months[] = {0, 31, 59, 90, 120};

static void roll(struct world *world, uint64_t seed)
{
    struct dice dice;

    dice_init(&dice, seed, span_text("oracle"));
    world->kind = (enum kind)dice_below(&dice, KINDS);
    world->versions = 1 + (int)dice_below(&dice, VERSIONS);
    world->included =
        world->kind != HOURS && dice_below(&dice, 2) ? (int)dice_below(&dice, 120) : 0;
    world->maximum = dice_below(&dice, 2) ? 100 + (int)dice_below(&dice, 300) : 0;
    world->minimum = dice_below(&dice, 2) ? 1 + (int)dice_below(&dice, 99) : 0;
    world->anchor = dice_below(&dice, 2) ? 1 : 2 + (int)dice_below(&dice, 26);
    for (int v = 0; v < world->versions; v++)
        world->terms[v] = (struct terms){
            .first = v ? world->terms[v - 1].first + 5 + (int)dice_below(&dice, 40) : 0,
            .price = (int)dice_below(&dice, 400),
            .above = (int)dice_below(&dice, 400),
            .up_to = 1 + (int)dice_below(&dice, 100),
            .night = (int)dice_below(&dice, 400),
            .discount = dice_below(&dice, 3) ? 0 : (int)dice_below(&dice, 50),
        };
    for (int i = 0; i < ROWS; i++)
        world->rows[i] = (struct row){(int)dice_below(&dice, DAYS), (int)dice_below(&dice, 24),
                                      (int)dice_below(&dice, 40)};
}

static int add_charge(char *out, size_t size, const struct world *world, int version)
{
    static const char *const names[] = {"unit", "graduated", "time_of_day"};
    const struct terms *terms = &world->terms[version];
    int n = snprintf(out, size,
                     "'charges':[{'name':'o','kind':'%s','metric':'output','per':'month',"
                     "'anchor':'2025-12-%02d','discount':'%d%%'",
                     names[world->kind], world->anchor, terms->discount);

    if (world->kind == GRADUATED)
        n += snprintf(out + n, size - (size_t)n,
                      ",'tiers':[{'up_to':%d,'price':'%d','unit':100},{'price':'%d','unit':100}]",
                      terms->up_to, terms->price, terms->above);
    else
        n += snprintf(out + n, size - (size_t)n, ",'price':'%d','unit':100", terms->price);
    if (world->kind == HOURS)
        n += snprintf(out + n, size - (size_t)n,
                      ",'windows':[{'from':'20:00','to':'06:00','price':'%d'}]", terms->night);
    if (world->included)
        n += snprintf(out + n, size - (size_t)n, ",'included':%d", world->included);
    if (world->maximum)
        n += snprintf(out + n, size - (size_t)n, ",'maximum':%d", world->maximum);
    if (world->minimum)
        n += snprintf(out + n, size - (size_t)n, ",'minimum':%d", world->minimum);
    return n + snprintf(out + n, size - (size_t)n, "}]");
}

static void date_of(int day, char out[32])
{
    int month = 0;

    while (day >= months[month + 1])
        month++;
    snprintf(out, 32, "2026-%02d-%02d", month + 1, day - months[month] + 1);
}

static void write_terms(const struct world *world, char *out, size_t size)
{
    int n = snprintf(out, size, "'term':{'from':'2026-01-01','to':'2026-05-01'},");
    char date[32];

    n += add_charge(out + n, size - (size_t)n, world, 0);
    for (int v = 1; v < world->versions; v++) {
        date_of(world->terms[v].first, date);
        n += snprintf(out + n, size - (size_t)n, "%s{'effective_from':'%s',",
                      v == 1 ? ",'amendments':[" : ",", date);
        n += add_charge(out + n, size - (size_t)n, world, v);
        n += snprintf(out + n, size - (size_t)n, "}");
    }
    snprintf(out + n, size - (size_t)n, "%s", world->versions > 1 ? "]" : "");
}

static void write_usage(const struct world *world, char *out, size_t size)
{
    char date[32];
    int n = 0;

    for (int i = 0; i < ROWS; i++) {
        date_of(world->rows[i].day, date);
        n += snprintf(out + n, size - (size_t)n,
                      "%s{'at':'%sT%02d:30:00+08:00','device':'d','model':'m','metrics':{'output':"
                      "%d}}",
                      i ? "," : "", date, world->rows[i].hour, world->rows[i].quantity);
    }
}

/* Periods begin on the anchor's day of each month; the first began in December. */
static int period_of(const struct world *world, int day)
{
    int period = 0;

    while (period < 4 && day >= months[period] + world->anchor - 1)
        period++;
    return period;
}

static int version_of(const struct world *world, int day)
{
    int version = world->versions - 1;

    while (world->terms[version].first > day)
        version--;
    return version;
}

/* In hundredths of hundredths: what unit number `before` + 1 of the period costs. */
static int64_t price_of(const struct world *world, const struct row *row, int64_t before)
{
    const struct terms *terms = &world->terms[version_of(world, row->day)];
    int price = terms->price;

    if (before < world->included)
        return 0;
    if (world->kind == GRADUATED && before - world->included >= terms->up_to)
        price = terms->above;
    if (world->kind == HOURS && (row->hour >= 20 || row->hour < 6))
        price = terms->night;
    return (int64_t)price * (100 - terms->discount);
}

/* The sum of one period's parts: max(minimum, min(maximum, sum of what each unit costs)). */
static struct fraction expected(const struct world *world, int period)
{
    int first = period ? months[period - 1] + world->anchor - 1 : world->anchor - 1 - 31;
    int end = months[period] + world->anchor - 1;
    int clipped_first = first < 0 ? 0 : first, clipped_end = end > DAYS ? DAYS : end;
    int64_t gross = 0, counted = 0;
    struct fraction sum, minimum;

    for (int day = clipped_first; day < clipped_end; day++)
        for (int i = 0; i < ROWS; i++)
            for (int unit = 0; world->rows[i].day == day && unit < world->rows[i].quantity; unit++)
                gross += price_of(world, &world->rows[i], counted++);
    sum = fraction_ratio(gross, 10000);
    if (world->maximum && fraction_compare(sum, fraction_of(world->maximum)) > 0)
        sum = fraction_of(world->maximum);
    minimum = fraction_ratio((int64_t)world->minimum * (clipped_end - clipped_first), end - first);
    return fraction_compare(sum, minimum) < 0 ? minimum : sum;
}

static void a_periods_parts_come_to_what_its_units_cost_one_by_one(void **state)
{
    static char terms[8192], usage[12288];

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fraction sums[PERIODS];
        struct world world;
        struct owed owed;

        roll(&world, seed);
        write_terms(&world, terms, sizeof terms);
        write_usage(&world, usage, sizeof usage);
        owed_open(&owed, terms, usage);
        for (int i = 0; i < PERIODS; i++)
            sums[i] = FRACTION_ZERO;
        for (size_t i = 0; i < owed.bill.line_count; i++) {
            const struct bill_line *line = &owed.bill.lines[i];
            int day = (int)(line->period.clipped.first - zone_day_of(2026, 1, 1));
            struct fraction *sum = &sums[period_of(&world, day)];

            assert_int_equal(fraction_add(*sum, line->exact, sum), STATUS_OK);
        }
        for (int i = 0; i < PERIODS; i++) {
            bool is_empty = (world.anchor == 1 && i == 0);

            if (!is_empty && fraction_compare(sums[i], expected(&world, i)) != 0)
                fail_msg("seed %d, period %d of %s", (int)seed, i, terms);
        }
        owed_close(&owed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_periods_parts_come_to_what_its_units_cost_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
