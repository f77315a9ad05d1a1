#include "agent/reach.h"

#include <string.h>

#include "schema/base/log.h"

static void take_server_keys(struct link *link, const struct identity *identity,
                             const struct settings_values *values)
{
    struct box_pair pairs[IDENTITY_PAIRS];
    const size_t count =
        identity_pairs(identity, values->server_keys, values->server_key_count, pairs);

    if (count > 0)
        link_set_pairs(link, pairs, count);
    else
        log_warning("agent", "none of the server's keys can be used: those before are kept");
    crypto_wipe(pairs, sizeof pairs);
}

/* Those of the configuration first; where this robot was enrolled it can always come back to. */
static void take_brokers(struct link *link, const struct identity *identity,
                         const struct settings_values *values)
{
    char brokers[LIMIT_BROKERS][LIMIT_URL + 1];
    size_t count = values->broker_count;

    memcpy(brokers, values->brokers, sizeof brokers);
    for (size_t i = 0; i < identity->broker_count && count < LIMIT_BROKERS; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known |= strcmp(brokers[j], identity->brokers[i]) == 0;
        if (!known)
            memcpy(brokers[count++], identity->brokers[i], sizeof brokers[0]);
    }
    link_set_brokers(link, (const char(*)[LIMIT_URL + 1]) brokers, count);
}

void reach_follow(struct link *link, const struct identity *identity,
                  const struct settings_values *values)
{
    take_server_keys(link, identity, values);
    take_brokers(link, identity, values);
}
