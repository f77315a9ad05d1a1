/* plan.h - what a configuration tells a simulated robot to do, decoded once and shared by all
 * robots that hold the same one
 *
 * Each setting is judged on its own: what fits is applied, what is unknown or out of bounds is
 * named and left at its default.
 */
#ifndef TESTS_ROBOTS_PLAN_H
#define TESTS_ROBOTS_PLAN_H

#include "schema/base/crypto.h"
#include "schema/wire/message.h"

struct plans;

/* Fields are read by those who hold it. */
struct plan {
    uint8_t hash[CRYPTO_HASH_SIZE];
    size_t references;
    wire_Route routes[LIMIT_ROUTES];
    size_t route_count;
    char *persona;
    int64_t history_turns;
    int64_t max_output_tokens;
    int64_t report_interval_s;
    int64_t turns_per_minute; /* 0: no limit */
    bool asks_nobody;         /* limit_mode keeps from asking a vendor */
    wire_SettingStatus settings[LIMIT_SETTINGS];
    size_t setting_count;
    wire_SealingKey sealing_keys[2];
    size_t sealing_key_count;
    char brokers[LIMIT_BROKERS][LIMIT_URL + 1];
    size_t broker_count;
    bool is_tried; /* before it runs, */
    wire_TrialSpec trial;
    /* Software that it brings. A simulated robot fetches nothing and takes it for installed. */
    wire_SoftwareStatus installed[LIMIT_SOFTWARE];
    size_t installed_count;
};

MUST_CHECK enum status plans_create(struct plans **out);
void plans_free(struct plans *plans); /* none is held any more */

/* The plan of an encoded ConfigContent with this hash, held once more. STATUS_INVALID: content is
 * no ConfigContent. */
MUST_CHECK enum status plans_take(struct plans *plans, struct span content,
                                  const uint8_t hash[CRYPTO_HASH_SIZE], struct plan **out);

/* What holds before the first configuration: every default, no route. */
struct plan *plans_default(struct plans *plans);

/* NULL is allowed. */
void plans_release(struct plans *plans, struct plan *plan);

#endif
