/* How the robot does, and what of it is to be seen: agent_parts.h. */
#include <stdlib.h>

#include "agent/agent_parts.h"
#include "agent/chat/circuit.h"
#include "agent/label.h"
#include "agent/reach.h"
#include "agent/selfcheck.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define LOOK_EVERY_MS 3000

void agent_mark_screen(struct agent *agent, const struct settings_values *values)
{
    const bool chinese = talker_is_chinese(agent->talker);
    const enum ear_wake wake = agent->ear ? ear_wake(agent->ear) : EAR_WAKE_OFF;
    const struct label_parts parts = {
        .device_id = agent->identity.device_id,
        .trouble = (enum trouble)atomic_load(&agent->trouble),
        .limit = limit_mode_label(limit_mode_from_name(values->limit_mode), chinese),
        .is_muted = agent->ear && ear_state(agent->ear) == ATTENTION_MUTED,
        .needs_button = values->lacks_wake_phrase || wake == EAR_WAKE_FAILED,
        .wake_phrase = wake == EAR_WAKE_WAITS ? values->wake_phrase : "",
        .mark = values->screen_mark,
        .chinese = chinese,
    };
    char label[FACE_LABEL_BYTES + LIMIT_SLUG];

    label_write(&parts, label, sizeof label);
    face_label(agent->face, label);
}

static enum ear_mode mode_of(const struct settings_values *values)
{
    if (strcmp(values->ear_mode, "wake") == 0)
        return EAR_WAKE;
    return strcmp(values->ear_mode, "button") == 0 ? EAR_BUTTON : EAR_OFF;
}

/* A server CA that the configuration names no more is forgotten; one that it names and the robot
 * does not know comes by a renewal. */
static void take_authorities(struct agent *agent, const struct settings_values *values)
{
    struct renewal_authorities *said = &agent->authorities;
    char problem[256];

    said->is_device_said = values->device_authority_size == sizeof said->device;
    memcpy(said->device, values->device_authority, sizeof said->device);
    said->server_count = values->server_authority_count;
    memcpy(said->servers, values->server_authorities, sizeof said->servers);
    if (!server_ca_keep(agent->identity.server_ca_pem,
                        (const uint8_t(*)[PKI_AUTHORITY_SIZE])said->servers, said->server_count))
        return;
    if (identity_store_server_ca(&agent->identity, agent->config->state_dir, problem) == STATUS_OK)
        log_info("agent", "the server CA before counts no more");
    else
        log_warning("agent", "the server CA before counts no more until the next start: %s",
                    problem);
}

void agent_put_in_force(struct agent *agent)
{
    struct settings_values *values = malloc(sizeof *values);

    if (!values)
        return;
    pthread_mutex_lock(&agent->in_force);
    settings_values(agent->settings, values);
    speaker_set_volume(agent->speaker, (int)values->volume);
    speaker_set_voice(agent->speaker, settings_language(values), (int)values->voice_rate_wpm,
                      (int)values->voice_pitch);
    vendor_voice_settings_changed(agent->vendor_voice);
    agent_mark_screen(agent, values);
    face_dress(agent->face, values->avatar);
    ear_set_mode(agent->ear, mode_of(values), values->wake_phrase);
    take_authorities(agent, values);
    reach_follow(agent->link, &agent->identity, values);
    link_set_report_interval(agent->link, values->report_interval_s);
    pthread_mutex_unlock(&agent->in_force);
    crypto_wipe(values, sizeof *values);
    free(values);
}

/* Where nothing was refused since the last grant the next question may be answered. */
static bool credit_came(struct journal *journal, const struct settings_values *values)
{
    for (size_t i = 0; i < values->route_count; i++)
        if (journal_outlook(journal, values->routes[i].line_id) == CREDIT_GRANTED)
            return true;
    return false;
}

static void tell_circuits(struct agent *agent, const struct settings_values *values, int64_t now_ms,
                          wire_Health *out)
{
    struct circuit_set circuits;

    talker_circuits(agent->talker, values->generation, values->route_count, &circuits);
    circuit_tell(&circuits, values->routes, now_ms, out);
}

enum trouble agent_find_trouble(struct agent *agent, int64_t now_ms, int64_t since_ms,
                                wire_Health *out)
{
    struct settings_values *values = malloc(sizeof *values);
    enum trouble trouble = (enum trouble)atomic_load(&agent->trouble);

    if (!values)
        return trouble;
    settings_values(agent->settings, values);
    const struct selfcheck_facts facts = {
        .now_ms = now_ms,
        .has_network = health_has_network(),
        .is_connected = link_is_ready(agent->link),
        .since_ms = since_ms,
        .disk_free_mib = health_disk_free_mib(agent->config->state_dir),
        .wifi_dbm = health_wifi_dbm(),
        .routes = values->route_count,
        .is_configured = values->generation > 0,
        .may_ask = limit_mode_allows_asking(limit_mode_from_name(values->limit_mode)),
        .is_muted = agent->ear && ear_state(agent->ear) == ATTENTION_MUTED,
        .is_deaf = agent->ear && ear_is_deaf(agent->ear),
        .turn_ms = atomic_load(&agent->turn_ms),
        .excuse = (enum excuse)atomic_load(&agent->excuse),
        .error_class = (wire_ErrorClass)atomic_load(&agent->error_class),
        .credit_came = credit_came(agent->journal, values),
    };
    trouble = selfcheck(&facts);
    if (out)
        tell_circuits(agent, values, now_ms, out);
    if (trouble != (enum trouble)atomic_exchange(&agent->trouble, (int)trouble)) {
        char code[TROUBLE_CODE_SIZE];
        const struct trouble_text *text = trouble_text(trouble);

        if (text)
            log_warning("agent", "%s on the screen: %s (hint: %s)", trouble_code(trouble, code),
                        text->cause, text->cure);
        pthread_mutex_lock(&agent->in_force);
        agent_mark_screen(agent, values);
        pthread_mutex_unlock(&agent->in_force);
    }
    crypto_wipe(values, sizeof *values);
    free(values);
    return trouble;
}

void agent_look(struct agent *agent)
{
    const int64_t now_ms = clock_mono_ms();
    const bool is_connected = link_is_ready(agent->link);

    if (agent->since_ms == 0 || is_connected != agent->was_connected)
        agent->since_ms = now_ms;
    agent->was_connected = is_connected;
    orders_look(&agent->orders);
    if (now_ms - agent->looked_ms < LOOK_EVERY_MS)
        return;
    agent->looked_ms = now_ms;
    agent_find_trouble(agent, now_ms, agent->since_ms, NULL);
}
