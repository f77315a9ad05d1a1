#include <stdlib.h>

#include "agent/bundle.h"
#include "agent/health.h"
#include "schema/base/clock.h"

/* Too much for a thread's stack. */
struct collection {
    struct settings_values values;
    struct peer_running running;
    wire_SettingStatus statuses[LIMIT_SETTINGS];
    wire_CreditUse credit[LIMIT_CREDIT_LINES];
    wire_JournalHead journal;
    wire_Health health;
};

static void read_health(const struct bundle_sources *sources, wire_Health *out)
{
    struct health since_start = {.started_ms = sources->started_ms, .read_ms = sources->started_ms};

    health_read(&since_start, sources->config->state_dir, clock_mono_ms(), out);
    talker_count(sources->talker, &out->turns, &out->failed_turns);
    out->trouble = (uint32_t)atomic_load(sources->trouble);
}

static enum status write_collection(const struct bundle_sources *sources,
                                    struct collection *collection, struct buffer *out)
{
    pb_size_t lines = 0;

    settings_values(sources->settings, &collection->values);
    settings_running(sources->settings, &collection->running);
    collection->running.installed_count =
        updater_statuses(sources->updater, collection->running.installed);
    journal_head(sources->journal, &collection->journal);
    journal_credit(sources->journal, collection->credit, &lines);
    read_health(sources, &collection->health);
    const struct bundle_facts facts = {
        .wall_ms = clock_wall_ms(),
        .device_id = sources->device_id,
        .software = MYNA_VERSION,
        .hardware = sources->hardware,
        .is_connected = link_is_ready(sources->link),
        .ear = attention_name(ear_state(sources->ear)),
        .microphone = ear_is_open(sources->ear) ? "open" : "closed",
        .display = sources->config->display,
        .audio = sources->config->audio,
        .health = &collection->health,
        .values = &collection->values,
        .running = &collection->running,
        .statuses = collection->statuses,
        .status_count = settings_statuses(sources->settings, collection->statuses),
        .journal = &collection->journal,
        .journal_pending = journal_pending(sources->journal),
        .credit = collection->credit,
        .credit_count = lines,
        .logbook = sources->logbook,
    };

    return bundle_write(&facts, out);
}

enum status bundle_collect(const struct bundle_sources *sources, struct buffer *out)
{
    struct collection *collection = calloc(1, sizeof *collection);

    if (!collection)
        return STATUS_MEMORY;
    enum status status = write_collection(sources, collection, out);
    crypto_wipe(collection, sizeof *collection);
    free(collection);
    return status;
}
