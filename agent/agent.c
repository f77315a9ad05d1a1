#include "agent/agent.h"

#include <stdlib.h>

#include "agent/agent_parts.h"
#include "agent/supplies.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"
#include "schema/wire/window_size.h"

/* Paths. */

static enum status state_path(const struct config *config, const char *name, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/%s", config->state_dir, name) < PATH_MAX ? STATUS_OK
                                                                                : STATUS_INVALID;
}

enum status agent_socket_path(const struct config *config, char *out, size_t out_size)
{
    int size = config->socket ? snprintf(out, out_size, "%s", config->socket)
                              : snprintf(out, out_size, "%s/agent.sock", config->state_dir);

    return size >= 0 && (size_t)size < out_size ? STATUS_OK : STATUS_INVALID;
}

enum status agent_memory_path(const struct config *config, char out[PATH_MAX])
{
    return state_path(config, CONVERSATION_FILE_NAME, out);
}

enum status agent_films_path(const struct config *config, char out[PATH_MAX])
{
    return config->media_dir ? span_to_text(span_text(config->media_dir), out, PATH_MAX)
                             : state_path(config, "media", out);
}

/* Starting, each part with its own complaint. */

static enum status complain(enum status status, char problem[256], const char *what)
{
    if (status != STATUS_OK)
        snprintf(problem, 256, "%s: %s", what, status_text(status));
    return status;
}

/* A journal that is damaged is kept for a human to look at; the robot goes on with a new one. */
static enum status open_journal(struct agent *agent, char problem[256])
{
    char path[PATH_MAX], aside[PATH_MAX + 16];
    enum status status = state_path(agent->config, "journal", path);
    const struct journal_options options = {
        .path = path,
        .device_id = agent->identity.device_id,
        .now_ms = clock_wall_ms(),
    };

    if (status == STATUS_OK)
        status = journal_open(&agent->journal, &options);
    if (status == STATUS_CORRUPT) {
        snprintf(aside, sizeof aside, "%s.damaged", path);
        log_error("agent",
                  "the journal is damaged; kept as \"%s\" (hint: usage in it that was "
                  "not yet sent shows in the vendor's file only)",
                  aside);
        status = rename(path, aside) < 0 ? STATUS_IO : journal_open(&agent->journal, &options);
    }
    return complain(status, problem, "cannot open the journal in the state folder");
}

static enum status open_settings(struct agent *agent, char problem[256])
{
    char path[PATH_MAX];
    enum status status = state_path(agent->config, "config", path);
    const struct settings_options options = {
        .path = path, .regions = agent->config->regions, .ear = agent->config->ear};

    if (status == STATUS_OK)
        status = settings_open(&agent->settings, &options);
    if (status == STATUS_CORRUPT) {
        log_warning("agent", "the stored configuration is damaged; waiting for the server's");
        status = STATUS_OK;
    }
    return complain(status, problem, "cannot read the stored configuration");
}

static enum status make_updater(struct agent *agent, char problem[256])
{
    return supplies_open(&agent->updater, agent->config, agent->software_dir, agent_on_software,
                         agent, problem);
}

static enum status find_software(struct agent *agent, char problem[256])
{
    enum status status = state_path(agent->config, "software", agent->software_dir);

    supplies_voice(agent->software_dir, agent->config->voice, agent->voice);
    supplies_voice(agent->software_dir, agent->config->vendor_voice, agent->vendor_voice_program);
    return complain(status, problem, "the state folder's path is too long");
}

static enum status open_vendor_voice(struct agent *agent, char problem[256])
{
    const struct vendor_voice_options options = {.journal = agent->journal,
                                                 .settings = agent->settings,
                                                 .attempts = &agent->attempts,
                                                 .on_used = agent_on_spoken,
                                                 .context = agent};

    return complain(vendor_voice_create(&agent->vendor_voice, &options), problem,
                    "cannot prepare the vendors' voices");
}

static enum status open_speaker(struct agent *agent, char problem[256])
{
    const char *audio = agent->config->audio;
    const struct speaker_vendor vendor =
        vendor_voice_for_speaker(agent->vendor_voice, agent->vendor_voice_program);
    const struct speaker_options options = {
        .voice_program = agent->voice,
        .vendor = &vendor,
        .audio.sink = strcmp(audio, "alsa") == 0   ? AUDIO_SINK_ALSA
                      : strcmp(audio, "file") == 0 ? AUDIO_SINK_SILENT
                                                   : AUDIO_SINK_AUTO,
        .pitch = -1,
        .volume = 70,
        .on_event = agent_on_speaker,
        .context = agent,
    };

    return complain(speaker_create(&agent->speaker, &options), problem,
                    "cannot open the sound device (try --audio auto)");
}

static enum status open_media(struct agent *agent)
{
    const enum status status = agent_films_path(agent->config, agent->media_dir);

    return status == STATUS_OK ? file_make_folder(agent->media_dir, 0700) : status;
}

/* The owner's option, unless the server has set another. */
static struct window_size window_of(struct agent *agent)
{
    struct window_size size = {agent->config->width, agent->config->height};
    struct settings_values values;

    settings_values(agent->settings, &values);
    if (window_size_read(span_text(values.window_size), &size) == STATUS_OK)
        log_info("agent", "the face's window is %dx%d by the setting window_size", size.width,
                 size.height);
    return size;
}

static enum status open_face(struct agent *agent, char problem[256])
{
    const struct window_size size = window_of(agent);
    const bool headless = config_is_headless(agent->config);
    const struct face_options options = {
        .speaker = agent->speaker,
        .name = agent->identity.device_id,
        .screen = headless                                        ? FACE_SCREEN_HEADLESS
                  : strcmp(agent->config->display, "window") == 0 ? FACE_SCREEN_WINDOW
                                                                  : FACE_SCREEN_AUTO,
        .width = size.width,
        .height = size.height,
        .video_driver = agent->config->video_driver,
        .avatar_folder = agent->config->avatars,
        .installed_folder = agent->software_dir,
        .panel_latency_ms = (int)agent->config->panel_latency_ms,
        .record_folder = headless ? agent->media_dir : NULL,
        .on_key = agent_on_key,
        .context = agent,
    };

    if (headless && open_media(agent) != STATUS_OK)
        return complain(STATUS_IO, problem, "cannot make the folder for videos");
    return complain(face_create(&agent->face, &options), problem,
                    "cannot draw the face (try --display headless)");
}

static enum status make_link(struct agent *agent, char problem[256])
{
    static const char *const capabilities[] = {"chat", "voice", "speech", "ear",
                                               "face", "trial", "bundle", "software"};
    struct identity *identity = &agent->identity;
    char path[PATH_MAX];
    struct box_pair pair;
    enum status status = state_path(agent->config, "link", path);

    if (status == STATUS_OK)
        status = identity_pair(identity, identity->server_key.public_key, &pair);
    if (status != STATUS_OK)
        return complain(status, problem, "the server's key cannot be used");
    /* a disk that takes nothing keeps nobody from talking */
    if (identity_settle(identity, agent->config->state_dir, problem) != STATUS_OK)
        log_warning("agent", "whom to trust as the broker is not on disk: %s", problem);
    const struct link_options options = {
        .device_id = identity->device_id,
        .key_path = identity->key_path,
        .cert_path = identity->cert_path,
        .broker_ca_path = identity->broker_ca_path,
        .remember_path = path,
        .pair = &pair,
        .epoch = identity->epoch,
        .brokers = (const char(*)[LIMIT_URL + 1]) identity->brokers,
        .broker_count = identity->broker_count,
        .journal = agent->journal,
        .host = agent_link_host(agent),
        .software = MYNA_VERSION,
        .hardware = agent->hardware,
        .capabilities = capabilities,
        /* the last one only where there are keys to check software by */
        .capability_count =
            sizeof capabilities / sizeof capabilities[0] - !updater_is_able(agent->updater),
        .report_interval_s = 60,
    };
    status = link_create(&agent->link, &options);
    crypto_wipe(&pair, sizeof pair);
    return complain(status, problem, "cannot make the link to the server");
}

static enum status start_link(struct agent *agent, char problem[256])
{
    struct orders *orders = &agent->orders;

    orders->state_dir = agent->config->state_dir;
    orders->talker = agent->talker;
    orders->face = agent->face;
    orders->link = agent->link;
    orders->sources = (struct bundle_sources){
        .device_id = agent->identity.device_id,
        .hardware = agent->hardware,
        .config = agent->config,
        .started_ms = agent->health.started_ms,
        .trouble = &agent->trouble,
        .settings = agent->settings,
        .journal = agent->journal,
        .updater = agent->updater,
        .talker = agent->talker,
        .ear = agent->ear,
        .link = agent->link,
        .logbook = agent->logbook,
    };
    orders_recall(&agent->orders);
    agent_put_in_force(agent);
    return complain(link_start(agent->link), problem, "cannot start the link to the server");
}

static enum status make_filter(struct agent *agent, char problem[256])
{
    return complain(filter_create_standard(&agent->filter), problem, "cannot make the filter");
}

static enum status prepare_memory(struct agent *agent, char problem[256])
{
    const struct identity *identity = &agent->identity;
    char path[PATH_MAX];
    enum status status = agent_memory_path(agent->config, path);

    if (status == STATUS_OK)
        status = agent_films_path(agent->config, agent->films_dir);
    if (status == STATUS_OK)
        status = conversation_file_init(
            &agent->memory, path,
            span_of(identity->sealing_private, sizeof identity->sealing_private));
    return complain(status, problem, "cannot keep conversations in the state folder");
}

static enum status load_care(struct agent *agent, char problem[256])
{
    char path[PATH_MAX];
    enum status status = state_path(agent->config, CARE_FILE_NAME, path);

    if (status == STATUS_OK)
        status = care_load(&agent->care, path);
    if (status == STATUS_CORRUPT || status == STATUS_IO) {
        log_warning("agent", "how long people talked today is not known: %s", status_text(status));
        status = STATUS_OK;
    }
    return complain(status, problem, "cannot keep anything in the state folder");
}

static enum status start_talker(struct agent *agent, char problem[256])
{
    const struct talker_options options = {
        .device_id = agent->identity.device_id,
        .journal = agent->journal,
        .attempts = &agent->attempts,
        .settings = agent->settings,
        .speaker = agent->speaker,
        .face = agent->face,
        .filter = agent->filter,
        .care = &agent->care,
        .memory = &agent->memory,
        .films = agent->films_dir,
        .host = agent_talker_host(agent),
    };

    return complain(talker_start(&agent->talker, &options), problem, "cannot start the chat");
}

static enum status start_ear(struct agent *agent, char problem[256])
{
    char path[PATH_MAX];
    enum status status = state_path(agent->config, "muted", path);
    const struct echo_source source = agent_echo_source(agent);
    const struct ear_options options = {
        .device = agent->config->ear_device,
        .mute_path = path,
        .wake_program = agent->config->wake,
        .played = &source,
        .journal = agent->journal,
        .attempts = &agent->attempts,
        .host = agent_ear_host(agent),
    };

    if (status == STATUS_OK)
        status = ear_start(&agent->ear, &options);
    return complain(status, problem, "cannot start the ear");
}

static enum status start_prover(struct agent *agent, char problem[256])
{
    const struct prover_options options = {
        .settings = agent->settings,
        .journal = agent->journal,
        .updater = agent->updater,
        .voice_program = agent->voice,
        .speech_program = agent->vendor_voice_program,
        .host = agent_prover_host(agent),
    };

    return complain(prover_start(&agent->prover, &options), problem,
                    "cannot try configurations before they run");
}

static enum status start_renewal(struct agent *agent, char problem[256])
{
    const struct renewal_options options = {
        .request = {.state_dir = agent->config->state_dir,
                    .url = agent->config->url,
                    .calendar = agent->calendar},
        .link = agent->link,
        .context = agent,
        .find_authorities = agent_find_authorities,
        .on_renewed = agent_on_renewed,
    };

    return complain(renewal_start(&agent->renewal, &options), problem,
                    "cannot look after the certificate");
}

static enum status open_calendar(struct agent *agent, char problem[256])
{
    return complain(calendar_open(&agent->calendar, agent->config->state_dir), problem,
                    "cannot tell what day it is");
}

static enum status open_console(struct agent *agent, char problem[256])
{
    char path[PATH_MAX];
    enum status status = agent_socket_path(agent->config, path, sizeof path);

    agent->dialogue = (struct dialogue){
        .device_id = agent->identity.device_id,
        .media_dir = agent->media_dir,
        .talker = agent->talker,
        .settings = agent->settings,
        .journal = agent->journal,
        .link = agent->link,
        .face = agent->face,
        .ear = agent->ear,
        .orders = &agent->orders,
    };
    if (status == STATUS_OK)
        status =
            console_open(&agent->dialogue.console, path, dialogue_on_request, &agent->dialogue);
    if (status == STATUS_EXISTS)
        snprintf(problem, 256, "another myna-agent runs already on \"%.150s\"", path);
    else
        complain(status, problem, "cannot open the local socket (is its path under 108 bytes?)");
    return status;
}

enum status agent_start(struct agent **out, const struct config *config, char problem[256])
{
    static enum status (*const starts[])(struct agent * agent, char problem[256]) = {
        open_calendar, find_software, open_journal, open_settings,  open_vendor_voice,
        open_speaker,  open_face,     make_filter,  prepare_memory, load_care,
        make_updater,  make_link,     start_talker, start_ear,      start_prover,
        start_link,    start_renewal, open_console,
    };
    struct agent *agent = calloc(1, sizeof *agent);

    if (!agent)
        return complain(STATUS_MEMORY, problem, "cannot start");
    agent->config = config;
    pthread_mutex_init(&agent->in_force, NULL);
    orders_init(&agent->orders);
    attempts_init(&agent->attempts);
    health_name_machine(agent->hardware);
    health_start(&agent->health, clock_mono_ms());
    enum status status = logbook_open(&agent->logbook);
    if (status == STATUS_OK)
        status = identity_load(&agent->identity, config->state_dir, problem);
    else
        complain(status, problem, "cannot start");
    for (size_t i = 0; i < sizeof starts / sizeof starts[0] && status == STATUS_OK; i++)
        status = starts[i](agent, problem);
    if (status != STATUS_OK) {
        agent_stop(agent);
        return status;
    }
    atomic_store(&agent->is_ready, true);
    log_info("agent", "robot \"%s\" is ready", agent->identity.device_id);
    *out = agent;
    return STATUS_OK;
}

void agent_stop(struct agent *agent)
{
    if (!agent)
        return;
    atomic_store(&agent->is_ready, false);
    console_stop(agent->dialogue.console);
    renewal_stop(agent->renewal);
    prover_stop(agent->prover);
    ear_stop(agent->ear);
    talker_stop(agent->talker);
    link_stop(agent->link);
    face_free(agent->face);
    speaker_free(agent->speaker);
    console_close(agent->dialogue.console); /* turns told their clients until here */
    talker_free(agent->talker);
    filter_free(agent->filter);
    conversation_file_release(&agent->memory);
    ear_free(agent->ear);
    link_free(agent->link);
    prover_free(agent->prover);
    updater_close(agent->updater);
    vendor_voice_free(agent->vendor_voice);
    attempts_release(&agent->attempts);
    settings_close(agent->settings);
    journal_close(agent->journal);
    calendar_close(agent->calendar);
    identity_wipe(&agent->identity);
    orders_release(&agent->orders);
    logbook_close(agent->logbook);
    pthread_mutex_destroy(&agent->in_force);
    free(agent);
}

bool agent_wants_restart(struct agent *agent)
{
    return orders_want_restart(&agent->orders);
}
