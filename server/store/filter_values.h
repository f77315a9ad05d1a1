/* filter_values.h - what a filter's field is compared with: the values that robots have, the most
 * common first
 */
#ifndef SERVER_STORE_FILTER_VALUES_H
#define SERVER_STORE_FILTER_VALUES_H

#include "server/store/store.h"

/* field: a name of schema/FILTER.md; "labels" alone: the labels' names; "labels.NAME": a label's
 * values. part: what they begin with, whatever its capitals; "": any. At most limit; none of fields
 * whose values are no texts. *json is in the arena. */
MUST_CHECK enum status filter_values_read(struct store *store, const char *field, const char *part,
                                          int64_t limit, struct arena *arena, struct span *json);

#endif
