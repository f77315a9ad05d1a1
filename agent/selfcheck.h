/* selfcheck.h - what the robot itself knows to keep it from talking: the code on its screen
 *
 * A pure function. The server ranks what it is told with what it alone knows
 * (server/fleet/doctor.h), by the same table of codes.
 */
#ifndef AGENT_SELFCHECK_H
#define AGENT_SELFCHECK_H

#include <stdbool.h>

#include "agent/chat/excuse.h"
#include "schema/wire/message.h"
#include "schema/wire/trouble.h"

/* How the last question ended is news for so long: what kept it from being answered may be gone. */
#define SELFCHECK_TURN_MS INT64_C(600000)
/* A link that is made anew after a moment is everyday life. */
#define SELFCHECK_AWAY_MS INT64_C(120000)

/* Moments are monotonic. Plain data. */
struct selfcheck_facts {
    int64_t now_ms;
    bool has_network;
    bool is_connected;     /* the server answers */
    int64_t since_ms;      /* when that became so */
    int64_t disk_free_mib; /* 0: not known */
    int32_t wifi_dbm;      /* 0: no Wi-Fi, or not known */
    size_t routes;         /* for talking */
    bool is_configured;    /* a configuration was ever received */
    bool may_ask;          /* limit_mode allows a vendor */
    bool is_muted;
    bool is_deaf; /* the microphone is gone, or gives digital silence */
    /* the last turn; turn_ms 0: none since the start */
    int64_t turn_ms;
    enum excuse excuse;
    wire_ErrorClass error_class; /* of its last attempt */
    bool credit_came;            /* some route for talking has credit again, or still */
};

/* The first to be mended; TROUBLE_NONE. */
enum trouble selfcheck(const struct selfcheck_facts *facts);

#endif
