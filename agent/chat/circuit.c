#include "agent/chat/circuit.h"

#include <stdio.h>
#include <string.h>

#include <assert.h>

#define PATIENCE     3 /* failures in a row that may pass by themselves */
#define FIRST_MS     15000
#define MAX_MS       600000
#define MAX_NET_MS   30000  /* it may be the robot's own network, back at any moment */
#define MAX_ASKED_MS 300000 /* of what a vendor asks for */

enum event { EVENT_ANSWER, EVENT_TRY, EVENT_TROUBLE, EVENT_REFUSAL };

struct edge {
    enum circuit_state from;
    enum event event;
    enum circuit_state to;
};

/* What is not here changes nothing. Trouble opens a closed circuit only when patience is over. */
static const struct edge edges[] = {
    {CIRCUIT_OPEN, EVENT_TRY, CIRCUIT_HALF_OPEN},
    {CIRCUIT_HALF_OPEN, EVENT_ANSWER, CIRCUIT_CLOSED},
    {CIRCUIT_HALF_OPEN, EVENT_TROUBLE, CIRCUIT_OPEN},
    {CIRCUIT_HALF_OPEN, EVENT_REFUSAL, CIRCUIT_OPEN},
    {CIRCUIT_CLOSED, EVENT_TROUBLE, CIRCUIT_OPEN},
    {CIRCUIT_CLOSED, EVENT_REFUSAL, CIRCUIT_OPEN},
};

/* The one place that changes the state. */
static void move(struct circuit *circuit, enum event event)
{
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        if (edges[i].from == circuit->state && edges[i].event == event) {
            circuit->state = edges[i].to;
            return;
        }
}

static enum event event_of(wire_ErrorClass error_class)
{
    switch (error_class) {
    case wire_ErrorClass_RATE:
    case wire_ErrorClass_BUSY:
    case wire_ErrorClass_NET:
        return EVENT_TROUBLE;
    case wire_ErrorClass_QUOTA:
    case wire_ErrorClass_MONEY:
    case wire_ErrorClass_AUTH:
        return EVENT_REFUSAL;
    default:
        return EVENT_ANSWER;
    }
}

void circuit_set_begin(struct circuit_set *set, uint64_t generation, size_t count)
{
    if (set->generation == generation && set->count == count)
        return;
    *set = (struct circuit_set){.generation = generation, .count = count};
    assert(count <= LIMIT_ROUTES);
    for (size_t i = 0; i < count; i++)
        backoff_init(&set->items[i].backoff, FIRST_MS, MAX_MS, FIRST_MS / 2);
}

size_t circuit_set_next(const struct circuit_set *set, size_t first, int64_t now_ms)
{
    while (first < set->count && set->items[first].state == CIRCUIT_OPEN &&
           now_ms < set->items[first].due_ms)
        first++;
    return first;
}

size_t circuit_set_soonest(const struct circuit_set *set)
{
    size_t soonest = 0;

    for (size_t i = 1; i < set->count; i++)
        if (set->items[i].due_ms < set->items[soonest].due_ms)
            soonest = i;
    return soonest;
}

bool circuit_set_try(struct circuit_set *set, size_t place)
{
    struct circuit *circuit = &set->items[place];

    move(circuit, EVENT_TRY);
    return circuit->state == CIRCUIT_HALF_OPEN;
}

int64_t circuit_set_note(struct circuit_set *set, size_t place, wire_ErrorClass error_class,
                         int64_t retry_after_ms, int64_t now_ms, uint64_t random)
{
    struct circuit *circuit = &set->items[place];
    const enum event event = event_of(error_class);

    if (event == EVENT_ANSWER) {
        circuit->failures = 0;
        backoff_reset(&circuit->backoff);
        move(circuit, event);
        return 0;
    }
    circuit->failures++;
    circuit->error_class = error_class;
    if (event == EVENT_TROUBLE && circuit->state == CIRCUIT_CLOSED && circuit->failures < PATIENCE)
        return 0;
    int64_t wait_ms = backoff_next(&circuit->backoff, random);
    if (error_class == wire_ErrorClass_NET && wait_ms > MAX_NET_MS)
        wait_ms = MAX_NET_MS;
    if (retry_after_ms > wait_ms)
        wait_ms = retry_after_ms < MAX_ASKED_MS ? retry_after_ms : MAX_ASKED_MS;
    circuit->due_ms = now_ms + wait_ms;
    if (circuit->state == CIRCUIT_CLOSED)
        circuit->since_ms = now_ms;
    move(circuit, event);
    return wait_ms;
}

static void tell_vendor(const char *vendor, wire_Health *out)
{
    const size_t room = sizeof out->left_out / sizeof *out->left_out;

    for (size_t i = 0; i < out->left_out_count; i++)
        if (strcmp(out->left_out[i], vendor) == 0)
            return;
    if (out->left_out_count < room)
        snprintf(out->left_out[out->left_out_count++], sizeof *out->left_out, "%s", vendor);
}

static uint32_t seconds(int64_t duration_ms)
{
    return duration_ms > 0 ? (uint32_t)((duration_ms + 999) / 1000) : 0;
}

static void tell_route(const struct circuit *circuit, const wire_Route *route, int64_t now_ms,
                       wire_Health *out)
{
    const size_t room = sizeof out->circuits / sizeof *out->circuits;

    if (out->circuits_count == room)
        return;
    wire_Circuit *told = &out->circuits[out->circuits_count++];
    *told = (wire_Circuit){
        .error_class = circuit->error_class,
        .failures = circuit->failures,
        .since_s = seconds(now_ms - circuit->since_ms),
        .next_s = circuit->state == CIRCUIT_OPEN ? seconds(circuit->due_ms - now_ms) : 0,
    };
    snprintf(told->vendor, sizeof told->vendor, "%s", route->vendor);
    snprintf(told->model, sizeof told->model, "%s", route->model);
    snprintf(told->contract, sizeof told->contract, "%s", route->contract);
}

void circuit_tell(const struct circuit_set *set, const wire_Route *routes, int64_t now_ms,
                  wire_Health *out)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].state != CIRCUIT_CLOSED) {
            tell_vendor(routes[i].vendor, out);
            tell_route(&set->items[i], &routes[i], now_ms, out);
        }
}
