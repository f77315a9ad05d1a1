/* settings.h - what the server configured: the last known good, on disk and in force
 *
 * A configuration is stored before it is applied, so a restart without a server finds it again.
 * Each setting is answered for by itself: one that is unknown or does not fit leaves the others in
 * force, and its own default. One that needs a restart is stored like all others, and answered so:
 * the robot goes on by what it said when it started. A route beyond the border of the region where
 * the server says that this robot lives, or outside the regions that its owner names, or in a
 * dialect that it does not speak, is never used (invariant I13).
 *
 * A configuration that comes with a trial is held: on disk beside the one in force, which stays so
 * until settings_adopt(), or for good after settings_go_back(). A restart in between finds it held,
 * and drops it at the third one in the middle of a test; only what was adopted before the power
 * went is in force after it.
 *
 * Thread-safe: the link's thread configures, others copy values out.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "agent/link/peer.h"
#include "agent/server_ca.h"
#include "agent/voice/voice.h"
#include "schema/base/pki.h"
#include "schema/wire/setting.h"

struct settings;

/* Plain data: everything in force. */
struct settings_values {
    uint64_t generation;
    char persona[1501];
    char language[8]; /* "auto", "en", "zh" */
    char screen_mark[25];
    char avatar[33];      /* see wardrobe.h */
    char window_size[10]; /* see window_size.h; "": the owner's option */
    int64_t volume;
    int64_t voice_rate_wpm;
    int64_t voice_pitch;
    int64_t max_output_tokens;
    int64_t history_turns;
    int64_t history_tokens;
    int64_t history_hours;
    int64_t report_interval_s;
    int64_t turns_per_minute; /* 0: no limit */
    char limit_mode[16];      /* see limit_mode.h */
    char limit_text[201];
    char canned_persona[501];
    char audience[8]; /* see filter.h */
    char crisis_text[501];
    char quiet_hours[12]; /* see local_time.h */
    char zone[7];
    int64_t daily_minutes;
    int64_t break_reminder_min;
    char ear_mode[8]; /* "off", "button", "wake": bounded by the owner and by the language */
    char wake_phrase[33];
    bool lacks_wake_phrase; /* ear_mode would be "wake" in another language */
    size_t route_count;
    wire_Route routes[LIMIT_ROUTES]; /* usable ones for chat, in order */
    size_t speech_route_count;
    wire_Route speech_routes[LIMIT_ROUTES]; /* those that make the voice */
    size_t transcription_route_count;
    wire_Route transcription_routes[LIMIT_ROUTES]; /* those that hear */
    size_t broker_count;
    char brokers[LIMIT_BROKERS][LIMIT_URL + 1];
    size_t server_key_count;
    wire_SealingKey server_keys[2]; /* as received: not verified here */
    size_t device_authority_size;   /* 0: it is not said */
    uint8_t device_authority[PKI_AUTHORITY_SIZE];
    size_t server_authority_count; /* 0: it is not said */
    uint8_t server_authorities[SERVER_CA_MAX][PKI_AUTHORITY_SIZE];
};

/* A configuration that waits to be tried. Plain data; holds a key: wipe it. */
struct settings_held {
    uint64_t generation;
    uint32_t window_s;
    uint32_t tries;               /* before the last restart */
    char line_id[LIMIT_SLUG + 1]; /* of the credit for the test */
    bool has_route;               /* false: it has none for chat that this robot may use */
    wire_Route route;             /* the one for chat that is asked */
    bool has_speech;              /* another vendor's voice than now is to be tried as well: */
    wire_Route speech;            /* the first one that this robot may use */
    char speech_line_id[LIMIT_SLUG + 1];
    char refusal[LIMIT_REASON + 1]; /* why one before it was left out, or all were; "": none was */
    enum voice_language language;
    bool is_test;        /* it asks a question of its own */
    bool needs_no_route; /* no route is configured at all: there is nothing to ask */
    bool has_software;
    wire_Software software; /* that is on trial with it */
};

struct settings_options {
    const char *path;    /* of the last known good, path.trial of a held one; vendor keys: 0600 */
    const char *regions; /* vendors' regions that this robot may use, "cn,sg"; "": any */
    const char *ear;     /* what the owner allows of ear_mode; NULL: no ear */
};

/* Loads the last known good; without one the defaults hold. A damaged file is STATUS_CORRUPT and
 * *out is made nevertheless, with defaults: the server will send the configuration again. The
 * caller owns *out; texts are copied. */
MUST_CHECK enum status settings_open(struct settings **out, const struct settings_options *options);
void settings_close(struct settings *settings);

/* Stores and applies, or holds. A generation that is held, or that failed its trial, is left as it
 * is. What failed is in the statuses; when nothing could be stored or read at all,
 * the former configuration stays in force and the one status says why. */
void settings_configure(struct settings *settings, uint64_t generation, struct span content,
                        const uint8_t hash[CRYPTO_HASH_SIZE]);

/* False: nothing is held. */
bool settings_held(struct settings *settings, struct settings_held *out);

/* A test of the held configuration begins: kept, so that a restart knows of it. STATUS_STALE:
 * another is held, or none; else the disk failed, and it may not begin. */
MUST_CHECK enum status settings_begin_test(struct settings *settings, uint64_t generation,
                                           uint32_t tries);

/* What the newest test of a held configuration came to. Of another generation it is forgotten, like
 * in the next two. */
void settings_note_trial(struct settings *settings, const wire_TrialReport *report);

/* The held configuration of the report's generation is in force from now on. STATUS_STALE: another
 * is held, or none; else the disk failed, and it was dropped as if by settings_go_back(). */
MUST_CHECK enum status settings_adopt(struct settings *settings, const wire_TrialReport *report);

/* Drops it; the report is told until another generation comes. */
void settings_go_back(struct settings *settings, const wire_TrialReport *report);

/* The software that the configuration in force names. */
void settings_software(struct settings *settings, wire_ConfigSoftware *out);

void settings_running(struct settings *settings, struct peer_running *out);
size_t settings_statuses(struct settings *settings, wire_SettingStatus out[LIMIT_SETTINGS]);
void settings_values(struct settings *settings, struct settings_values *out);

/* What the choice "language" means to the voice. */
enum voice_language settings_language(const struct settings_values *values);

#endif
