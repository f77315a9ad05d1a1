#include "agent/agent.h"

#include <limits.h>
#include <stdlib.h>

#include "agent/chat/circuit.h"
#include "agent/dialogue.h"
#include "agent/ear/ear.h"
#include "agent/health.h"
#include "agent/identity.h"
#include "agent/label.h"
#include "agent/orders.h"
#include "agent/prover.h"
#include "agent/reach.h"
#include "agent/supplies.h"
#include "agent/selfcheck.h"
#include "agent/vendor_voice.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define LOOK_EVERY_MS 3000

struct agent {
    const struct config *config;
    struct identity identity;
    struct journal *journal;
    struct settings *settings;
    struct attempts attempts;
    struct vendor_voice *vendor_voice;
    struct speaker *speaker;
    struct face *face;
    struct filter *filter;
    struct conversation_file memory;
    struct care care; /* the chat thread's own, once it runs */
    struct talker *talker;
    struct ear *ear;
    struct link *link;
    struct prover *prover;
    struct updater *updater;
    struct logbook *logbook;
    pthread_mutex_t in_force; /* held while settings reach the parts */
    struct orders orders;
    struct dialogue dialogue;
    atomic_bool is_ready; /* everything stands */
    atomic_bool answers;  /* what is said answers a question, and is not told for somebody else */
    struct health health; /* the link thread's own */
    atomic_int trouble;   /* that the screen shows */
    atomic_llong turn_ms; /* monotonic: when the last turn ended; 0: none did */
    atomic_int excuse, error_class; /* how */
    int64_t looked_ms, since_ms;    /* agent_look()'s own */
    bool was_connected;
    char hardware[HEALTH_MACHINE_SIZE];
    char films_dir[PATH_MAX]; /* where videos of answers are, or may be from an earlier start */
    char media_dir[PATH_MAX]; /* the same; "": answers are not filmed */
    char software_dir[PATH_MAX];
    char voice[PATH_MAX]; /* the program: one that came as software, else the option's */
    char vendor_voice_program[PATH_MAX];
};

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

/* Settings reach the parts that they concern. */

static void mark_screen(struct agent *agent, const struct settings_values *values)
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

/* Everything that is not read at the moment of use; giving the same again is harmless. From the
 * link's thread and the prover's: what is newer is not overtaken by what is older. */
static void put_in_force(struct agent *agent)
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
    mark_screen(agent, values);
    face_dress(agent->face, values->avatar);
    ear_set_mode(agent->ear, mode_of(values), values->wake_phrase);
    reach_follow(agent->link, &agent->identity, values);
    link_set_report_interval(agent->link, values->report_interval_s);
    pthread_mutex_unlock(&agent->in_force);
    crypto_wipe(values, sizeof *values);
    free(values);
}

/* What keeps the robot from talking, as it knows itself; turns and the look at the machine come
 * from several threads. out: what goes with it into a report; NULL: none is made. */
static enum trouble look(struct agent *agent, int64_t now_ms, int64_t since_ms, wire_Health *out)
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
    };
    trouble = selfcheck(&facts);
    if (out)
        circuit_tell(talker_left_out(agent->talker, values->generation), values->routes,
                     values->route_count, out);
    if (trouble != (enum trouble)atomic_exchange(&agent->trouble, (int)trouble)) {
        char code[TROUBLE_CODE_SIZE];
        const struct trouble_text *text = trouble_text(trouble);

        if (text)
            log_warning("agent", "%s on the screen: %s (hint: %s)", trouble_code(trouble, code),
                        text->cause, text->cure);
        pthread_mutex_lock(&agent->in_force);
        mark_screen(agent, values);
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
    look(agent, now_ms, agent->since_ms, NULL);
}

/* The link's host. */

static void on_configure(void *context, uint64_t generation, struct span content,
                         const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct agent *agent = context;
    struct peer_running before, now;

    settings_running(agent->settings, &before);
    settings_configure(agent->settings, generation, content, hash);
    settings_running(agent->settings, &now);
    put_in_force(agent);
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

    put_in_force(agent);
    talker_settings_changed(agent->talker);
    link_config_settled(agent->link);
}

static void on_running(void *context, struct peer_running *out)
{
    struct agent *agent = context;

    settings_running(agent->settings, out);
    out->installed_count = updater_statuses(agent->updater, out->installed);
}

/* The updater's host: another version may be in force, and the server should know. */
static void on_software(void *context)
{
    struct agent *agent = context;

    put_in_force(agent);
    link_config_settled(agent->link);
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
    out->trouble = (uint32_t)look(agent, clock_mono_ms(), clock_mono_ms(), out);
}

static void on_command(void *context, const wire_Command *command, struct peer_answer *out)
{
    orders_carry_out(&((struct agent *)context)->orders, command, out);
}

/* The talker's host. */

static void on_command_done(void *context, const uint8_t id[16], const struct peer_answer *done)
{
    link_finish_command(((struct agent *)context)->link, id, done, span_of(NULL, 0));
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

/* The ear's host. */

static void on_ear_state(void *context, enum attention_state state)
{
    struct agent *agent = context;
    struct settings_values *values = malloc(sizeof *values);

    dialogue_on_ear(&agent->dialogue, state);
    if (!values)
        return;
    settings_values(agent->settings, values);
    mark_screen(agent, values);
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

static void on_speaker(void *context, const struct speaker_event *event)
{
    struct agent *agent = context;

    if (agent->talker)
        talker_on_speaker(agent->talker, event);
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
    return supplies_open(&agent->updater, agent->config, agent->software_dir, on_software, agent,
                         problem);
}

static enum status find_software(struct agent *agent, char problem[256])
{
    enum status status = state_path(agent->config, "software", agent->software_dir);

    supplies_voice(agent->software_dir, agent->config->voice, agent->voice);
    supplies_voice(agent->software_dir, agent->config->vendor_voice, agent->vendor_voice_program);
    return complain(status, problem, "the state folder's path is too long");
}

/* The link is made later than the voice and earlier than the first clause. */
static void on_spoken(void *context)
{
    struct agent *agent = context;

    if (agent->link)
        link_wake(agent->link);
}

static enum status open_vendor_voice(struct agent *agent, char problem[256])
{
    const struct vendor_voice_options options = {.journal = agent->journal,
                                                 .settings = agent->settings,
                                                 .attempts = &agent->attempts,
                                                 .on_used = on_spoken,
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
        .on_event = on_speaker,
        .context = agent,
    };

    return complain(speaker_create(&agent->speaker, &options), problem,
                    "cannot open the sound device (try --audio auto)");
}

/* A robot without a display draws and plays into videos. */
static bool is_headless(const struct config *config)
{
    return strcmp(config->display, "headless") == 0 ||
           (strcmp(config->display, "auto") == 0 && !getenv("DISPLAY") &&
            !getenv("WAYLAND_DISPLAY") && !config->video_driver[0]);
}

static enum status open_media(struct agent *agent)
{
    const enum status status = agent_films_path(agent->config, agent->media_dir);

    return status == STATUS_OK ? file_make_folder(agent->media_dir, 0700) : status;
}

/* The window is there before those who answer its keys. */
static void on_key(void *context, enum face_key key, bool is_down)
{
    struct agent *agent = context;

    if (atomic_load(&agent->is_ready))
        dialogue_on_key(&agent->dialogue, key, is_down);
}

static enum status open_face(struct agent *agent, char problem[256])
{
    const bool headless = is_headless(agent->config);
    const struct face_options options = {
        .speaker = agent->speaker,
        .name = agent->identity.device_id,
        .screen = headless                                        ? FACE_SCREEN_HEADLESS
                  : strcmp(agent->config->display, "window") == 0 ? FACE_SCREEN_WINDOW
                                                                  : FACE_SCREEN_AUTO,
        .width = agent->config->width,
        .height = agent->config->height,
        .video_driver = agent->config->video_driver,
        .avatar_folder = agent->config->avatars,
        .installed_folder = agent->software_dir,
        .panel_latency_ms = (int)agent->config->panel_latency_ms,
        .record_folder = headless ? agent->media_dir : NULL,
        .on_key = on_key,
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
    const struct link_options options = {
        .device_id = identity->device_id,
        .key_path = identity->key_path,
        .cert_path = identity->cert_path,
        .root_path = identity->root_path,
        .remember_path = path,
        .pair = &pair,
        .epoch = identity->epoch,
        .brokers = (const char(*)[LIMIT_URL + 1]) identity->brokers,
        .broker_count = identity->broker_count,
        .journal = agent->journal,
        .host = {agent, on_configure, on_running, on_settings, on_command, on_health},
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
    put_in_force(agent);
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
        .host = {agent, on_turn_event, on_command_done, on_used, is_online},
    };

    return complain(talker_start(&agent->talker, &options), problem, "cannot start the chat");
}

static enum status start_ear(struct agent *agent, char problem[256])
{
    char path[PATH_MAX];
    enum status status = state_path(agent->config, "muted", path);
    const struct echo_source source = {agent, sample_at, played};
    const struct ear_options options = {
        .device = agent->config->ear_device,
        .mute_path = path,
        .wake_program = agent->config->wake,
        .played = &source,
        .journal = agent->journal,
        .attempts = &agent->attempts,
        .host = {agent, on_ear_state, on_called, on_mouth, on_duck, on_heard, on_ear_settings,
                 on_used, is_online},
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
        .host = {agent, on_settled, on_used, is_online, on_restart},
    };

    return complain(prover_start(&agent->prover, &options), problem,
                    "cannot try configurations before they run");
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
        find_software, open_journal,   open_settings, open_vendor_voice, open_speaker, open_face,
        make_filter,   prepare_memory, load_care,     make_updater,      make_link,    start_talker,
        start_ear,     start_prover,   start_link,    open_console,
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
