/* bundle.h - what a robot tells of itself for a diagnosis, once its owner agreed: a JSON document
 *
 * Versions, machine, health, what is configured and how each setting fared, routes by name,
 * software, the journal's head, credit, the newest lines of the log. No conversation, no sound, no
 * text that operators wrote for it to say, no key (invariants I8, I9).
 */
#ifndef AGENT_BUNDLE_H
#define AGENT_BUNDLE_H

#include <stdatomic.h>

#include "agent/config.h"
#include "agent/ear/ear.h"
#include "agent/link/link.h"
#include "agent/logbook.h"
#include "agent/settings.h"
#include "agent/software/updater.h"
#include "agent/talker.h"

/* All borrowed. */
struct bundle_facts {
    int64_t wall_ms;
    const char *device_id;
    const char *software;
    const char *hardware;
    bool is_connected;
    const char *ear;        /* what it is about */
    const char *microphone; /* "open" or "closed" */
    const char *display, *audio;
    const wire_Health *health;
    const struct settings_values *values;
    const struct peer_running *running;
    const wire_SettingStatus *statuses;
    size_t status_count;
    const wire_JournalHead *journal;
    uint64_t journal_pending;
    const wire_CreditUse *credit;
    size_t credit_count;
    struct logbook *logbook;
};

/* Appends the document to out, an empty buffer of LIMIT_BUNDLE_BYTES at most: with as many of the
 * log's lines as fit. STATUS_FULL: not even without them. */
MUST_CHECK enum status bundle_write(const struct bundle_facts *facts, struct buffer *out);

/* Where the facts come from; all borrowed, all of any thread. */
struct bundle_sources {
    const char *device_id, *hardware;
    const struct config *config;
    int64_t started_ms; /* monotonic */
    const atomic_int *trouble;
    struct settings *settings;
    struct journal *journal;
    struct updater *updater;
    struct talker *talker;
    struct ear *ear;
    struct link *link;
    struct logbook *logbook;
};

/* bundle_write() of what holds now. */
MUST_CHECK enum status bundle_collect(const struct bundle_sources *sources, struct buffer *out);

#endif
