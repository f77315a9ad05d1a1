/* topic.h - the only place that knows what the topics are called
 *
 * myna/1/d/<device>/up|down/<kind>; see schema/PROTOCOL.md. No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_TOPIC_H
#define SCHEMA_WIRE_TOPIC_H

#include "schema/base/span.h"
#include "schema/wire/limits.h"

#define TOPIC_SIZE 96

/* The values are sealed into boxes as their type byte: never renumber. */
enum topic_kind {
    TOPIC_HELLO = 1,
    TOPIC_USAGE = 2,
    TOPIC_REPORT = 3,
    TOPIC_REPLY = 4,
    TOPIC_PRESENCE = 5, /* the only one that is not sealed: a last will cannot be */
    TOPIC_CONFIG = 16,
    TOPIC_STATE = 17,
    TOPIC_COMMAND = 18,
};

/* Lower-case name as in the topic ("hello"); NULL for another number. */
const char *topic_kind_name(enum topic_kind kind);

/* True for the kinds a device sends. */
bool topic_kind_is_up(enum topic_kind kind);

/* [a-z0-9-]{1,48} */
bool topic_is_slug(struct span id);

/* The whole topic of one device and kind; device_id must be a slug (asserted). */
void topic_make(char out[TOPIC_SIZE], const char *device_id, enum topic_kind kind);

/* What a robot subscribes to: myna/1/d/<d>/down/# */
void topic_make_down_filter(char out[TOPIC_SIZE], const char *device_id);

/* What servers subscribe to: $share/<group>/myna/1/d/+/up/# ; group is 1 to 32 hex digits. */
void topic_make_shared_filter(char out[TOPIC_SIZE], const char *group);

/* Takes a received topic apart. STATUS_INVALID for anything but the forms above. */
MUST_CHECK enum status topic_parse(struct span topic, char device_id[LIMIT_SLUG + 1],
                                   enum topic_kind *kind);

/* The revocation list's topic between servers and the broker's plugin. */
#define TOPIC_BROKER_CONTROL "$CONTROL/myna/v1"

#endif
