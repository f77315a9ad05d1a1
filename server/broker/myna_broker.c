/* myna_broker - mosquitto's plugin: decides SUBSCRIBE, refuses and throws out revoked robots
 *
 * Reading and writing stay with the file of access rules (acl beside this). The servers send the
 * whole list of revoked ids, in parts, to $CONTROL/myna/v1. Sessions end from TICK only:
 * mosquitto's client table must not change inside another callback. mosquitto skips BASIC_AUTH for
 * listeners that take the certificate's name, so a revoked robot gets as far as CONNECT and is then
 * thrown out within a second, having been refused everything.
 */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include "schema/base/clock.h"
#include "schema/wire/topic.h"
#include "server/broker/revoked.h"
#include "server/broker/rule.h"

#define KICK_PERIOD_S 1

struct broker {
    mosquitto_plugin_id_t *id;
    struct revoked *revoked;
    time_t kicked_at;
    int registered; /* how many rows of hooks are */
};

static int on_access(int event, void *event_data, void *context)
{
    struct broker *broker = context;
    struct mosquitto_evt_acl_check *check = event_data;
    const char *name = mosquitto_client_username(check->client);

    (void)event;
    if (!rule_is_server(name) && revoked_has(broker->revoked, name))
        return MOSQ_ERR_ACL_DENIED;
    if (check->access == MOSQ_ACL_SUBSCRIBE)
        return rule_may_subscribe(name, check->topic) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
    return MOSQ_ERR_PLUGIN_DEFER;
}

static int on_control(int event, void *event_data, void *context)
{
    struct broker *broker = context;
    struct mosquitto_evt_control *control = event_data;

    (void)event;
    if (!rule_is_server(mosquitto_client_username(control->client)))
        return MOSQ_ERR_ACL_DENIED;
    if (revoked_take(broker->revoked, span_of(control->payload, control->payloadlen)) !=
        STATUS_OK) {
        mosquitto_log_printf(MOSQ_LOG_WARNING, "myna: a list of revoked robots is not valid");
        return MOSQ_ERR_INVAL;
    }
    broker->kicked_at = 0; /* at the next tick */
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "myna: %zu robots are revoked",
                         revoked_count(broker->revoked));
    return MOSQ_ERR_SUCCESS;
}

/* Without their last will: a revoked robot has nothing to say any more. By client id, which is a
 * robot's name too and which mosquitto finds without looking at every client. */
static int on_tick(int event, void *event_data, void *context)
{
    struct broker *broker = context;
    struct mosquitto_evt_tick *tick = event_data;

    (void)event;
    (void)tick;
    time_t now = (time_t)(clock_mono_ms() / 1000);
    if (now - broker->kicked_at < KICK_PERIOD_S)
        return MOSQ_ERR_SUCCESS;
    broker->kicked_at = now;
    for (size_t i = 0; i < revoked_count(broker->revoked); i++)
        mosquitto_kick_client_by_clientid(revoked_at(broker->revoked, i), false);
    return MOSQ_ERR_SUCCESS;
}

struct hook {
    int event;
    const char *topic;
    int (*run)(int event, void *event_data, void *context);
};

static const struct hook hooks[] = {
    {MOSQ_EVT_ACL_CHECK, NULL, on_access},
    {MOSQ_EVT_CONTROL, TOPIC_BROKER_CONTROL, on_control},
    {MOSQ_EVT_TICK, NULL, on_tick},
};

#define HOOKS (int)(sizeof hooks / sizeof hooks[0])

int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == MOSQ_PLUGIN_VERSION)
            return MOSQ_PLUGIN_VERSION;
    return -1;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count)
{
    struct broker *broker = user_data;

    (void)options;
    (void)option_count;
    if (!broker)
        return MOSQ_ERR_SUCCESS;
    for (int i = 0; i < broker->registered; i++)
        mosquitto_callback_unregister(broker->id, hooks[i].event, hooks[i].run, hooks[i].topic);
    revoked_free(broker->revoked);
    free(broker);
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data,
                          struct mosquitto_opt *options, int option_count)
{
    struct broker *broker = calloc(1, sizeof *broker);

    if (!broker)
        return MOSQ_ERR_NOMEM;
    broker->id = identifier;
    if (revoked_create(&broker->revoked) != STATUS_OK) {
        free(broker);
        return MOSQ_ERR_NOMEM;
    }
    for (int i = 0; i < HOOKS; i++) {
        int code = mosquitto_callback_register(identifier, hooks[i].event, hooks[i].run,
                                               hooks[i].topic, broker);

        if (code != MOSQ_ERR_SUCCESS) {
            mosquitto_plugin_cleanup(broker, options, option_count);
            return code;
        }
        broker->registered++;
    }
    *user_data = broker;
    return MOSQ_ERR_SUCCESS;
}
