/* gate_json.h - gates as operators write them, verdicts as they read them
 *
 * A plan's member "gates": {"failures": "2%", "cost": {"margin": "20%", "expected": "0.012",
 * "wait": false}, "first_audio": null, "looks": 3, "false_alarms": "1%", "at_least": 20}. What it
 * does not name is as in gate_plan_default(); null judges no such metric. No I/O; thread-safe.
 */
#ifndef SERVER_FLEET_GATE_JSON_H
#define SERVER_FLEET_GATE_JSON_H

#include "schema/base/json.h"
#include "server/fleet/gate.h"

/* json may be NULL: the default. STATUS_INVALID: problem says which of its members and why, and
 * *out is untouched. */
MUST_CHECK enum status gate_json_read(const struct json *json, struct gate_plan *out,
                                      struct json_problem *problem);

/* The plan in full, as gate_json_read() takes it. */
void gate_json_write_plan(struct json_writer *writer, const struct gate_plan *plan);

/* {"colour", "because", "words", "alpha", "wave", "waves", "look", "looks", "metrics": [{"metric",
 * "colour", "reason", "unit", "treated", "control", "effect", "lower", "upper", "margin", "wait",
 * "counts": {"treated", "control", "treated_robots", "control_robots"}, "words"}], "failures":
 * [{"class", "treated", "control"}]}: the metrics that are on, and all classes that there were.
 * unit: effect, bounds and margin are "points" of a share (0.02) or a "ratio" (1.20). Numbers that
 * cannot be told are null; words are English. */
void gate_json_write_verdict(struct json_writer *writer, const struct gate_plan *plan,
                             const struct gate_verdict *verdict);

#endif
