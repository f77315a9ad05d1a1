/* catalogue.h - the table of settings as JSON, and settings checked against it */
#ifndef SERVER_API_CATALOGUE_H
#define SERVER_API_CATALOGUE_H

#include "schema/base/json.h"

/* {"items":[{"name","type","min","max","choices","unit","default","needs_restart","help"}],"next"}
 */
MUST_CHECK enum status catalogue_list(struct arena *arena, struct span *json);

/* [{"name","value"}] of the settings that have a default. */
MUST_CHECK enum status catalogue_defaults(struct arena *arena, struct span *json);

/* Whether settings is an object of known settings with values that fit. STATUS_INVALID: *problem
 * names the first that is not or does not, under "/settings". */
MUST_CHECK enum status catalogue_check(const struct json *settings, struct json_problem *problem);

/* The same of what a rollout changes: null takes a setting out. Pointers are under "/patch". */
MUST_CHECK enum status catalogue_check_patch(const struct json *patch,
                                             struct json_problem *problem);

#endif
