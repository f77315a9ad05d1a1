#include "agent/bundle.h"

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/wire/trouble.h"

static void write_int(struct json_writer *writer, const char *key, int64_t value)
{
    json_key(writer, key);
    json_write_int(writer, value);
}

static void write_bool(struct json_writer *writer, const char *key, bool value)
{
    json_key(writer, key);
    json_write_bool(writer, value);
}

static void begin(struct json_writer *writer, const char *key)
{
    json_key(writer, key);
    json_begin_object(writer);
}

static void write_robot(struct json_writer *writer, const struct bundle_facts *facts)
{
    char time[CLOCK_TEXT_SIZE], code[TROUBLE_CODE_SIZE];

    clock_format(facts->wall_ms, time);
    json_write_member(writer, "at", time);
    json_write_member(writer, "device", facts->device_id);
    json_write_member(writer, "software", facts->software);
    json_write_member(writer, "hardware", facts->hardware);
    json_write_member(writer, "code", trouble_code((enum trouble)facts->health->trouble, code));
    write_bool(writer, "connected", facts->is_connected);
    json_write_member(writer, "display", facts->display);
    json_write_member(writer, "audio", facts->audio);
    json_write_member(writer, "ear", facts->ear);
    json_write_member(writer, "microphone", facts->microphone);
}

static void write_health(struct json_writer *writer, const wire_Health *health)
{
    begin(writer, "health");
    write_int(writer, "uptime_s", health->uptime_s);
    write_int(writer, "cpu_percent", health->cpu_percent);
    write_int(writer, "memory_kib", health->memory_kib);
    write_int(writer, "disk_free_mib", health->disk_free_mib);
    write_int(writer, "wifi_dbm", health->wifi_dbm);
    write_int(writer, "turns", health->turns);
    write_int(writer, "failed_turns", health->failed_turns);
    write_int(writer, "audio_underruns", health->audio_underruns);
    write_int(writer, "frames_late", health->frames_late);
    json_end_object(writer);
}

/* Numbers and choices alone: texts are what somebody wrote. */
static void write_values(struct json_writer *writer, const struct settings_values *values)
{
    begin(writer, "in_force");
    json_write_member(writer, "language", values->language);
    json_write_member(writer, "avatar", values->avatar);
    write_int(writer, "volume", values->volume);
    write_int(writer, "voice_rate_wpm", values->voice_rate_wpm);
    write_int(writer, "voice_pitch", values->voice_pitch);
    write_int(writer, "max_output_tokens", values->max_output_tokens);
    write_int(writer, "history_turns", values->history_turns);
    write_int(writer, "history_tokens", values->history_tokens);
    write_int(writer, "history_hours", values->history_hours);
    write_int(writer, "report_interval_s", values->report_interval_s);
    write_int(writer, "turns_per_minute", values->turns_per_minute);
    json_write_member(writer, "limit_mode", values->limit_mode);
    json_write_member(writer, "audience", values->audience);
    json_write_member(writer, "quiet_hours", values->quiet_hours);
    json_write_member(writer, "zone", values->zone);
    write_int(writer, "daily_minutes", values->daily_minutes);
    write_int(writer, "break_reminder_min", values->break_reminder_min);
    json_write_member(writer, "ear_mode", values->ear_mode);
    json_end_object(writer);
}

/* Without what could be a key: a base URL is known to the server by its vendor. */
static void write_routes(struct json_writer *writer, const char *use, const wire_Route *routes,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_begin_object(writer);
        json_write_member(writer, "use", use);
        json_write_member(writer, "vendor", routes[i].vendor);
        json_write_member(writer, "model", routes[i].model);
        json_write_member(writer, "contract", routes[i].contract);
        write_int(writer, "contract_version", routes[i].contract_version);
        json_write_member(writer, "dialect", routes[i].dialect);
        json_write_member(writer, "region", routes[i].region);
        write_bool(writer, "has_key", routes[i].api_key[0] != 0);
        json_end_object(writer);
    }
}

static void write_configuration(struct json_writer *writer, const struct bundle_facts *facts)
{
    const struct settings_values *values = facts->values;

    begin(writer, "configuration");
    write_int(writer, "generation_held", (int64_t)facts->running->generation_held);
    write_int(writer, "generation_running", (int64_t)facts->running->generation_running);
    write_values(writer, values);
    json_key(writer, "settings");
    json_begin_array(writer);
    for (size_t i = 0; i < facts->status_count; i++) {
        json_begin_object(writer);
        json_write_member(writer, "name", facts->statuses[i].name);
        json_write_member(writer, "outcome", message_setting_name(facts->statuses[i].outcome));
        json_write_member(writer, "reason", facts->statuses[i].reason);
        json_end_object(writer);
    }
    json_end_array(writer);
    json_key(writer, "routes");
    json_begin_array(writer);
    write_routes(writer, "chat", values->routes, values->route_count);
    write_routes(writer, "speech", values->speech_routes, values->speech_route_count);
    write_routes(writer, "transcription", values->transcription_routes,
                 values->transcription_route_count);
    json_end_array(writer);
    json_end_object(writer);
}

static void write_trial(struct json_writer *writer, const struct peer_running *running)
{
    const wire_TrialReport *trial = &running->trial;

    if (!running->has_trial)
        return;
    begin(writer, "trial");
    write_int(writer, "generation", (int64_t)trial->generation);
    json_write_member(writer, "verdict", message_trial_verdict_name(trial->verdict));
    json_write_member(writer, "step", message_trial_step_name(trial->step));
    json_write_member(writer, "error_class", message_error_name(trial->error_class));
    write_int(writer, "tries", trial->tries);
    json_write_member(writer, "reason", trial->reason);
    json_end_object(writer);
}

static void write_packages(struct json_writer *writer, const struct peer_running *running)
{
    json_key(writer, "packages");
    json_begin_array(writer);
    for (size_t i = 0; i < running->installed_count; i++) {
        const wire_SoftwareStatus *package = &running->installed[i];

        json_begin_object(writer);
        json_write_member(writer, "kind", package->kind);
        json_write_member(writer, "name", package->name);
        json_write_member(writer, "version", package->version);
        json_write_member(writer, "wanted", package->wanted);
        json_write_member(writer, "step", message_software_step_name(package->step));
        json_write_member(writer, "reason", package->reason);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_journal(struct json_writer *writer, const struct bundle_facts *facts)
{
    const wire_JournalHead *head = facts->journal;
    char id[ENCODE_UUID_SIZE];

    encode_uuid(head->id, id);
    begin(writer, "journal");
    json_write_member(writer, "id", id);
    write_int(writer, "head_seq", (int64_t)head->head_seq);
    write_int(writer, "tail_seq", (int64_t)head->tail_seq);
    write_int(writer, "open_attempts", head->open_attempts);
    write_int(writer, "pending", (int64_t)facts->journal_pending);
    json_end_object(writer);
}

static void write_credit(struct json_writer *writer, const struct bundle_facts *facts)
{
    json_key(writer, "credit");
    json_begin_array(writer);
    for (size_t i = 0; i < facts->credit_count; i++) {
        const wire_CreditUse *use = &facts->credit[i];

        json_begin_object(writer);
        json_write_member(writer, "line", use->line_id);
        json_key(writer, "amounts");
        json_begin_array(writer);
        for (size_t j = 0; j < use->amounts_count; j++) {
            json_begin_object(writer);
            write_int(writer, "granted", (int64_t)use->amounts[j].granted_seen);
            write_int(writer, "used", (int64_t)use->amounts[j].used);
            write_int(writer, "open", (int64_t)use->amounts[j].open);
            write_int(writer, "returned", (int64_t)use->amounts[j].returned);
            json_end_object(writer);
        }
        json_end_array(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static enum status write_with(const struct bundle_facts *facts, size_t lines, struct buffer *out)
{
    struct json_writer writer;

    buffer_clear(out);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    write_robot(&writer, facts);
    write_health(&writer, facts->health);
    write_configuration(&writer, facts);
    write_trial(&writer, facts->running);
    write_packages(&writer, facts->running);
    write_journal(&writer, facts);
    write_credit(&writer, facts);
    json_key(&writer, "log");
    logbook_write(facts->logbook, lines, &writer);
    json_end_object(&writer);
    return buffer_status(out);
}

enum status bundle_write(const struct bundle_facts *facts, struct buffer *out)
{
    enum status status = STATUS_FULL;

    for (size_t lines = LOGBOOK_LINES; status == STATUS_FULL && lines > 0; lines /= 2)
        status = write_with(facts, lines, out);
    return status == STATUS_FULL ? write_with(facts, 0, out) : status;
}
