/* market.h - what is for sale: routes with prices that change, caps and budgets in periods, lines
 *
 * The operator's word, from which server and judge each draw their own conclusions. Plain data.
 */
#ifndef TESTS_SIMULATION_CREDIT_MARKET_H
#define TESTS_SIMULATION_CREDIT_MARKET_H

#include "schema/wire/measure.h"

#define MARKET_ROUTES 2
#define MARKET_CAPS   10
#define MARKET_LINES  64

struct world;

/* What caps count in. */
enum market_unit { MARKET_REQUESTS, MARKET_OUTPUT, MARKET_TOKENS, MARKET_MONEY, MARKET_UNITS };

enum market_scope { MARKET_ROUTE, MARKET_FLEET, MARKET_GROUP, MARKET_DEVICE };

struct market_cap {
    enum market_unit unit;
    enum market_scope scope;
    unsigned subject; /* route, group or device */
    int64_t limit;
    int64_t period_ms; /* 0: once */
    int64_t since_ms;  /* when it was written; it binds what begins later */
};

/* Lines are immutable: other weights make another. */
struct market_line {
    unsigned route, version, units; /* bits of enum market_unit */
    wire_CreditLine wire;           /* without amounts */
    enum market_unit unit_of[LIMIT_MEASURES];
};

struct market {
    unsigned versions[MARKET_ROUTES];
    size_t cap_count;
    struct market_cap caps[MARKET_CAPS];
    size_t line_count;
    struct market_line lines[MARKET_LINES];
};

void market_open(struct world *world);

/* The operator changes something. */
void market_lower_cap(struct world *world);
void market_raise_cap(struct world *world);
void market_add_budget(struct world *world);
void market_replace_line(struct world *world);

bool market_binds(const struct market_cap *cap, unsigned device, unsigned route);

/* The line of a device's route as things stand: its place in lines. */
unsigned market_line_of(struct world *world, unsigned device, unsigned route);

/* By its id; NULL: no such line. */
const struct market_line *market_find_line(const struct market *market, const char *line_id);

/* What a record is booked with in a unit: at the price of its line's version, rounded up. */
int64_t market_booked(const struct market_line *line, enum market_unit unit,
                      const wire_UsageRecord *record);

/* The measure of a line that counts in unit; NULL: none does. */
const wire_CreditMeasure *market_measure(const struct market_line *line, enum market_unit unit);

/* The worst case of the largest attempt that robots make. */
uint64_t market_typical(const wire_CreditMeasure *measure);

#endif
