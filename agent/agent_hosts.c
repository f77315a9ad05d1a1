/* What the parts tell the agent: agent_parts.h. */
#include <stdlib.h>

#include "agent/agent_parts.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

/* The link's host. */

static void on_configure(void *context, uint64_t generation, struct span content,
                         const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct agent *agent = context;
    struct peer_running before, now;

    settings_running(agent->settings, &before);
    settings_configure(agent->settings, generation, content, hash);
    settings_running(agent->settings, &now);
    agent_put_in_force(agent);
    talker_settings_changed(agent->talker);
    if (before.trial.generation != now.trial.generation ||
        before.generation_running != now.generation_running)
        prover_look(agent->prover, now.trial.generation);
    if (now.generation_running == generation)
        log_info("agent", "configured generation=%llu", (unsigned long long)generation);
    else if (before.trial.generation != now.trial.generation)
        log_info("agent", "tries generation=%llu", (unsigned long long)generation);
}

/* The prover's host. */

static void on_settled(void *context)
{
    struct agent *agent = context;

    agent_put_in_force(agent);
    talker_settings_changed(agent->talker);
    link_config_settled(agent->link);
}

static void tell_utc_offset(struct agent *agent, struct peer_running *out)
{
    struct settings_values *values = malloc(sizeof *values);

    if (!values)
        return;
    settings_values(agent->settings, values);
    out->has_utc_offset = true;
    out->utc_offset_min = care_utc_offset_min(values->zone, clock_wall_ms());
    crypto_wipe(values, sizeof *values);
    free(values);
}

static void on_running(void *context, struct peer_running *out)
{
    struct agent *agent = context;

    settings_running(agent->settings, out);
    tell_utc_offset(agent, out);
    out->installed_count = updater_statuses(agent->updater, out->installed);
}

/* The updater's host: another version may be in force, and the server should know. */
void agent_on_software(void *context)
{
    struct agent *agent = context;

    agent_put_in_force(agent);
    link_config_settled(agent->link);
}

/* The renewal's host. */
void agent_find_authorities(void *context, struct renewal_authorities *out)
{
    struct agent *agent = context;

    pthread_mutex_lock(&agent->in_force);
    *out = agent->authorities;
    pthread_mutex_unlock(&agent->in_force);
}

/* The certificate is read at the next connection; the rest counts at once. */
void agent_on_renewed(void *context, const struct identity *identity)
{
    struct agent *agent = context;
    struct identity *mine = &agent->identity;

    pthread_mutex_lock(&agent->in_force);
    memcpy(mine->brokers, identity->brokers, sizeof mine->brokers);
    mine->broker_count = identity->broker_count;
    memcpy(mine->server_ca_pem, identity->server_ca_pem, sizeof mine->server_ca_pem);
    mine->server_key = identity->server_key;
    pthread_mutex_unlock(&agent->in_force);
    agent_put_in_force(agent);
}

static void on_restart(void *context)
{
    orders_ask_restart(&((struct agent *)context)->orders);
}

static size_t on_settings(void *context, wire_SettingStatus *out)
{
    return settings_statuses(((struct agent *)context)->settings, out);
}

static void on_health(void *context, wire_Health *out)
{
    struct agent *agent = context;
    uint32_t held[FILTER_CLASSES];

    health_read(&agent->health, agent->config->state_dir, clock_mono_ms(), out);
    talker_count(agent->talker, &out->turns, &out->failed_turns);
    talker_held(agent->talker, held);
    health_tell_held(held, out);
    out->audio_underruns = speaker_underruns(agent->speaker);
    out->frames_late = face_frames_late(agent->face);
    out->journal_pending = (uint32_t)journal_pending(agent->journal);
    /* who can report is connected: since when does not matter */
    out->trouble = (uint32_t)agent_find_trouble(agent, clock_mono_ms(), clock_mono_ms(), out);
}

static void on_command(void *context, const wire_Command *command, struct peer_answer *out)
{
    orders_carry_out(&((struct agent *)context)->orders, command, out);
}

struct link_host agent_link_host(struct agent *agent)
{
    return (struct link_host){agent, on_configure, on_running, on_settings, on_command, on_health};
}

/* The talker's host. */

static void on_command_done(void *context, const uint8_t id[16], const struct peer_answer *done)
{
    orders_on_done(&((struct agent *)context)->orders, id, done);
}

static void on_used(void *context)
{
    link_wake(((struct agent *)context)->link);
}

static bool is_online(void *context)
{
    return link_is_ready(((struct agent *)context)->link);
}

static void on_turn_event(void *context, uint64_t client, const struct turn_event *event)
{
    struct agent *agent = context;

    if (event->kind == TURN_STARTED || event->kind == TURN_ENDED)
        atomic_store(&agent->answers, event->kind == TURN_STARTED);
    if (event->kind == TURN_ENDED) {
        atomic_store(&agent->excuse, (int)event->report->excuse);
        atomic_store(&agent->error_class, (int)event->report->error_class);
        atomic_store(&agent->turn_ms, clock_mono_ms());
    }
    dialogue_on_turn(&agent->dialogue, client, event);
}

struct talker_host agent_talker_host(struct agent *agent)
{
    return (struct talker_host){agent, on_turn_event, on_command_done, on_used, is_online};
}

/* The ear's host. */

static void on_ear_state(void *context, enum attention_state state)
{
    struct agent *agent = context;
    struct settings_values *values = malloc(sizeof *values);

    dialogue_on_ear(&agent->dialogue, state);
    if (!values)
        return;
    settings_values(agent->settings, values);
    agent_mark_screen(agent, values);
    crypto_wipe(values, sizeof *values);
    free(values);
}

static void on_called(void *context)
{
    talker_interrupt(((struct agent *)context)->talker);
}

static enum overhear_mouth on_mouth(void *context)
{
    struct agent *agent = context;

    if (speaker_queued_ms(agent->speaker) == 0)
        return OVERHEAR_SILENT;
    return atomic_load(&agent->answers) ? OVERHEAR_ANSWERS : OVERHEAR_TELLS;
}

static void on_duck(void *context, bool is_ducked)
{
    speaker_duck(((struct agent *)context)->speaker, is_ducked);
}

static int64_t sample_at(void *context, int64_t mono_ns)
{
    return speaker_sample_at(((struct agent *)context)->speaker, mono_ns);
}

static void played(void *context, int64_t sample, int16_t *out, size_t count)
{
    speaker_played(((struct agent *)context)->speaker, sample, out, count);
}

static void on_heard(void *context, const struct transcriber_heard *heard)
{
    dialogue_on_heard(&((struct agent *)context)->dialogue, heard);
}

static void on_ear_settings(void *context, struct transcriber_settings *out)
{
    struct settings_values *values = malloc(sizeof *values);

    *out = (struct transcriber_settings){.language = "auto"};
    if (!values)
        return;
    settings_values(((struct agent *)context)->settings, values);
    out->route_count = values->transcription_route_count;
    memcpy(out->routes, values->transcription_routes, sizeof out->routes);
    out->generation = values->generation;
    memcpy(out->language, values->language, sizeof out->language);
    out->may_ask = limit_mode_allows_asking(limit_mode_from_name(values->limit_mode));
    crypto_wipe(values, sizeof *values);
    free(values);
}

struct echo_source agent_echo_source(struct agent *agent)
{
    return (struct echo_source){agent, sample_at, played};
}

struct ear_host agent_ear_host(struct agent *agent)
{
    return (struct ear_host){agent,    on_ear_state,    on_called, on_mouth, on_duck,
                             on_heard, on_ear_settings, on_used,   is_online};
}

void agent_on_speaker(void *context, const struct speaker_event *event)
{
    struct agent *agent = context;

    if (agent->talker)
        talker_on_speaker(agent->talker, event);
}

/* The link is made later than the voice and earlier than the first clause. */
void agent_on_spoken(void *context)
{
    struct agent *agent = context;

    if (agent->link)
        link_wake(agent->link);
}

/* The window is there before those who answer its keys. */
void agent_on_key(void *context, enum face_key key, bool is_down)
{
    struct agent *agent = context;

    if (atomic_load(&agent->is_ready))
        dialogue_on_key(&agent->dialogue, key, is_down);
}

struct prover_host agent_prover_host(struct agent *agent)
{
    return (struct prover_host){agent, on_settled, on_used, is_online, on_restart};
}
