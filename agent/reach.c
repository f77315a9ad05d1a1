#include "agent/reach.h"

#include <string.h>

#include "schema/base/log.h"

static void take_server_keys(struct link *link, const struct identity *identity,
                             const struct settings_values *values)
{
    for (size_t i = values->server_key_count; i-- > 0;) { /* oldest first: the newest seals */
        const wire_SealingKey *key = &values->server_keys[i];
        struct box_pair pair;
        enum status status = identity_check_key(identity, key);

        if (status == STATUS_OK)
            status = identity_pair(identity, key->public_key, &pair);
        if (status == STATUS_OK)
            link_add_pair(link, &pair);
        else
            log_warning("agent", "a server key in the configuration is not used: %s",
                        status_text(status));
        crypto_wipe(&pair, sizeof pair);
    }
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
