#include "agent/selfcheck.h"

#define DISK_FULL_MIB 16
#define WIFI_WEAK_DBM (-80)

/* Why vendors that answer, or not, gave no answer. */
static enum trouble of_vendor(wire_ErrorClass error_class)
{
    switch (error_class) {
    case wire_ErrorClass_AUTH:
        return TROUBLE_VENDOR_KEY;
    case wire_ErrorClass_QUOTA:
    case wire_ErrorClass_MONEY:
        return TROUBLE_VENDOR_ACCOUNT;
    case wire_ErrorClass_REQUEST:
        return TROUBLE_VENDOR_REFUSES;
    case wire_ErrorClass_NET:
        return TROUBLE_VENDOR_AWAY;
    default:
        return TROUBLE_VENDOR_BUSY;
    }
}

static enum trouble of_turn(const struct selfcheck_facts *facts)
{
    if (facts->turn_ms == 0 || facts->now_ms - facts->turn_ms > SELFCHECK_TURN_MS)
        return TROUBLE_NONE;
    switch (facts->excuse) {
    case EXCUSE_LIMIT:
        return facts->credit_came ? TROUBLE_NONE : TROUBLE_CREDIT;
    case EXCUSE_OFFLINE:
        return facts->has_network ? TROUBLE_VENDOR_AWAY : TROUBLE_NETWORK;
    case EXCUSE_BUSY:
        return of_vendor(facts->error_class);
    case EXCUSE_QUIET:
        return TROUBLE_QUIET;
    case EXCUSE_ENOUGH:
        return TROUBLE_ENOUGH;
    default: /* nothing that anybody could mend */
        return TROUBLE_NONE;
    }
}

enum trouble selfcheck(const struct selfcheck_facts *facts)
{
    const bool is_away =
        !facts->is_connected && facts->now_ms - facts->since_ms > SELFCHECK_AWAY_MS;

    if (facts->disk_free_mib > 0 && facts->disk_free_mib < DISK_FULL_MIB)
        return TROUBLE_DISK;
    if (is_away && !facts->has_network)
        return TROUBLE_NETWORK;
    if (!facts->may_ask)
        return TROUBLE_BLOCKED;
    if (facts->is_configured && facts->routes == 0)
        return TROUBLE_NO_ROUTE;
    const enum trouble turn = of_turn(facts);
    if (turn != TROUBLE_NONE)
        return turn;
    if (facts->is_deaf)
        return TROUBLE_MICROPHONE;
    if (facts->is_muted)
        return TROUBLE_MUTED;
    if (is_away)
        return TROUBLE_SERVER;
    return facts->wifi_dbm != 0 && facts->wifi_dbm < WIFI_WEAK_DBM ? TROUBLE_WIFI : TROUBLE_NONE;
}
