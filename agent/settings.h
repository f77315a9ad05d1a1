/* settings.h - what the server configured: the last known good, on disk and in force
 *
 * A configuration is stored before it is applied, so a restart without a server finds it again.
 * Each setting is answered for by itself: one that is unknown or does not fit leaves the others in
 * force, and its own default. A route whose vendor's region this robot may not use, or whose
 * dialect it does not speak, is never used (invariant I13).
 *
 * Thread-safe: the link's thread configures, others copy values out.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "agent/link/peer.h"
#include "agent/voice/voice.h"
#include "schema/wire/setting.h"

struct settings;

/* Plain data: everything in force. */
struct settings_values {
    uint64_t generation;
    char persona[1501];
    char language[8]; /* "auto", "en", "zh" */
    char screen_mark[25];
    char avatar[33]; /* see wardrobe.h */
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
};

struct settings_options {
    const char *path;    /* of the last known good; holds vendor keys: 0600 */
    const char *regions; /* vendors' regions that this robot may use, "cn,sg"; "": any */
};

/* Loads the last known good; without one the defaults hold. A damaged file is STATUS_CORRUPT and
 * *out is made nevertheless, with defaults: the server will send the configuration again. The
 * caller owns *out; texts are copied. */
MUST_CHECK enum status settings_open(struct settings **out, const struct settings_options *options);
void settings_close(struct settings *settings);

/* Stores and applies. What failed is in the statuses; when nothing could be stored or read at all,
 * the former configuration stays in force and the one status says why. */
void settings_configure(struct settings *settings, uint64_t generation, struct span content,
                        const uint8_t hash[CRYPTO_HASH_SIZE]);

void settings_running(struct settings *settings, struct peer_running *out);
size_t settings_statuses(struct settings *settings, wire_SettingStatus out[LIMIT_SETTINGS]);
void settings_values(struct settings *settings, struct settings_values *out);

/* What the choice "language" means to the voice. */
enum voice_language settings_language(const struct settings_values *values);

#endif
