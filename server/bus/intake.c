#include "server/bus/intake.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/wire/local_time.h"

/* A message's lists as JSON: 32 settings of 300 bytes at most, escaped. */
#define FACT_BYTES (128u << 10)

/* Above what any life of changes reaches, and below where counting on from it would leave a bigint:
 * one robot's word must not keep others from being configured. */
#define GENERATION_MAX (UINT64_C(1) << 53)

/* A clock says what it likes; so far off that differences of two still fit. */
#define CLOCK_MAX_MS (INT64_C(1) << 53)

struct intake {
    struct peers *peers;
    struct buffer facts;
    uint8_t plain[LIMIT_MESSAGE_BYTES];
    union {
        wire_Hello hello;
        wire_UsageBatch usage;
        wire_Report report;
        wire_Reply reply;
        wire_Presence presence;
    } message;
};

enum status intake_create(struct intake **out, struct peers *peers)
{
    struct intake *intake = calloc(1, sizeof *intake);

    if (!intake)
        return STATUS_MEMORY;
    intake->peers = peers;
    buffer_init(&intake->facts, FACT_BYTES);
    *out = intake;
    return STATUS_OK;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    buffer_release(&intake->facts);
    free(intake);
}

/* ---- lists as JSON ---- */

static void write_number(struct json_writer *writer, const char *key, uint64_t number)
{
    json_key(writer, key);
    json_write_int(writer, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

static const char *keep(struct intake *intake, struct arena *arena)
{
    if (buffer_status(&intake->facts) != STATUS_OK)
        return NULL;
    return arena_text(arena, buffer_span(&intake->facts));
}

static struct json_writer begin(struct intake *intake)
{
    struct json_writer writer;

    buffer_clear(&intake->facts);
    json_writer_init(&writer, &intake->facts);
    return writer;
}

static const char *settings_json(struct intake *intake, struct arena *arena,
                                 const wire_SettingStatus *settings, size_t count)
{
    struct json_writer writer = begin(intake);

    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&writer);
        json_write_member(&writer, "name", settings[i].name);
        json_write_member(&writer, "outcome", message_setting_name(settings[i].outcome));
        json_write_member(&writer, "reason", settings[i].reason);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    return keep(intake, arena);
}

static void write_amount(struct json_writer *writer, const wire_CreditAmount *amount)
{
    json_begin_object(writer);
    write_number(writer, "granted", amount->granted_seen);
    write_number(writer, "used", amount->used);
    write_number(writer, "open", amount->open);
    write_number(writer, "returned", amount->returned);
    write_number(writer, "wanted", amount->wanted);
    json_end_object(writer);
}

static const char *credit_json(struct intake *intake, struct arena *arena,
                               const wire_CreditUse *lines, size_t count)
{
    struct json_writer writer = begin(intake);

    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&writer);
        json_write_member(&writer, "line", lines[i].line_id);
        json_key(&writer, "amounts");
        json_begin_array(&writer);
        for (size_t j = 0; j < lines[i].amounts_count; j++)
            write_amount(&writer, &lines[i].amounts[j]);
        json_end_array(&writer);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    return keep(intake, arena);
}

/* For the rules of credit: what people read is not what is reckoned with. */
static void keep_uses(struct arena *arena, const wire_CreditUse *uses, size_t count,
                      struct intake_item *item)
{
    wire_CreditUse *copy = arena_take(arena, count * sizeof *copy);

    if (!copy)
        return;
    memcpy(copy, uses, count * sizeof *copy);
    item->uses = copy;
    item->use_count = count;
}

static void keep_head(struct arena *arena, const wire_JournalHead *head, struct intake_item *item)
{
    wire_JournalHead *copy = arena_take(arena, sizeof *copy);

    if (!copy)
        return;
    *copy = *head;
    item->head = copy;
}

static const char *capabilities_json(struct intake *intake, struct arena *arena,
                                     const wire_Hello *hello)
{
    struct json_writer writer = begin(intake);

    json_begin_array(&writer);
    for (size_t i = 0; i < hello->capabilities_count; i++)
        json_write_text(&writer, span_text(hello->capabilities[i]));
    json_end_array(&writer);
    return keep(intake, arena);
}

/* Of a fleet's robots hardly one has any. */
static void write_left_out(struct json_writer *writer, const wire_Health *health)
{
    if (health->left_out_count == 0)
        return;
    json_key(writer, "left_out");
    json_begin_array(writer);
    for (size_t i = 0; i < health->left_out_count; i++)
        json_write_text(writer, span_text(health->left_out[i]));
    json_end_array(writer);
}

static void write_time(struct json_writer *writer, const char *key, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(wall_ms, text);
    json_write_member(writer, key, text);
}

/* The robot counts from its report, and its clock may be wrong: times are those of the arrival. */
static void write_circuits(struct json_writer *writer, const wire_Health *health,
                           int64_t arrived_ms)
{
    if (health->circuits_count == 0)
        return;
    json_key(writer, "circuits");
    json_begin_array(writer);
    for (size_t i = 0; i < health->circuits_count; i++) {
        const wire_Circuit *circuit = &health->circuits[i];

        json_begin_object(writer);
        json_write_member(writer, "vendor", circuit->vendor);
        json_write_member(writer, "model", circuit->model);
        json_write_member(writer, "contract", circuit->contract);
        json_write_member(writer, "class", message_error_name(circuit->error_class));
        write_number(writer, "failures", circuit->failures);
        write_time(writer, "since", arrived_ms - INT64_C(1000) * circuit->since_s);
        if (circuit->next_s > 0)
            write_time(writer, "next", arrived_ms + INT64_C(1000) * circuit->next_s);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static const char *health_json(struct intake *intake, struct arena *arena,
                               const wire_Health *health, int64_t arrived_ms)
{
    struct json_writer writer = begin(intake);

    json_begin_object(&writer);
    write_number(&writer, "uptime_s", health->uptime_s);
    write_number(&writer, "cpu_percent", health->cpu_percent);
    write_number(&writer, "memory_kib", health->memory_kib);
    write_number(&writer, "disk_free_mib", health->disk_free_mib);
    write_number(&writer, "turns", health->turns);
    write_number(&writer, "failed_turns", health->failed_turns);
    write_number(&writer, "audio_underruns", health->audio_underruns);
    write_number(&writer, "frames_late", health->frames_late);
    write_number(&writer, "journal_pending", health->journal_pending);
    write_number(&writer, "held_crisis", health->held_crisis);
    write_number(&writer, "held_self_harm", health->held_self_harm);
    write_number(&writer, "held_violence", health->held_violence);
    write_number(&writer, "held_sexual", health->held_sexual);
    write_number(&writer, "held_hate", health->held_hate);
    write_number(&writer, "held_drugs", health->held_drugs);
    write_number(&writer, "held_personal", health->held_personal);
    write_number(&writer, "trouble", health->trouble);
    json_key(&writer, "wifi_dbm");
    json_write_int(&writer, health->wifi_dbm);
    write_left_out(&writer, health);
    write_circuits(&writer, health, arrived_ms);
    json_end_object(&writer);
    return keep(intake, arena);
}

/* Where no trial is told none is under way: {} replaces one that was told before. */
static const char *trial_json(struct intake *intake, struct arena *arena, bool has_trial,
                              const wire_TrialReport *trial)
{
    struct json_writer writer = begin(intake);

    json_begin_object(&writer);
    if (has_trial) {
        write_number(&writer, "generation", trial->generation);
        json_write_member(&writer, "verdict", message_trial_verdict_name(trial->verdict));
        json_write_member(&writer, "step", message_trial_step_name(trial->step));
        json_write_member(&writer, "error_class", message_error_name(trial->error_class));
        json_key(&writer, "retryable");
        json_write_bool(&writer, trial->retryable);
        write_number(&writer, "tries", trial->tries);
        json_key(&writer, "step_ms");
        json_begin_array(&writer);
        for (size_t i = 0; i < trial->step_ms_count; i++)
            json_write_int(&writer, trial->step_ms[i]);
        json_end_array(&writer);
        json_write_member(&writer, "reason", trial->reason);
    }
    json_end_object(&writer);
    return keep(intake, arena);
}

static const char *packages_json(struct intake *intake, struct arena *arena,
                                 const wire_SoftwareStatus *packages, size_t count)
{
    struct json_writer writer = begin(intake);

    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        const wire_SoftwareStatus *package = &packages[i];

        json_begin_object(&writer);
        json_write_member(&writer, "kind", package->kind);
        json_write_member(&writer, "name", package->name);
        json_write_member(&writer, "version", package->version);
        write_number(&writer, "counter", package->counter);
        json_write_member(&writer, "wanted", package->wanted);
        json_write_member(&writer, "step", message_software_step_name(package->step));
        write_number(&writer, "done", package->done);
        json_write_member(&writer, "reason", package->reason);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    return keep(intake, arena);
}

/* ---- messages as facts; each answers false for what no device would say ---- */

static bool take_header(const wire_UpHeader *header, bool has_header, struct intake_item *item)
{
    if (!has_header || !header->has_session)
        return false;
    item->session_number = header->session.number;
    memcpy(item->session_id, header->session.id, sizeof item->session_id);
    item->counter = header->counter;
    item->device_time_ms = header->device_time_ms < 0              ? 0
                           : header->device_time_ms > CLOCK_MAX_MS ? CLOCK_MAX_MS
                                                                   : header->device_time_ms;
    return true;
}

/* What runs on the device. A configuration's hash has 32 bytes, or none when there is none. */
static bool take_running(uint64_t generation, const uint8_t *hash, size_t hash_size,
                         struct arena *arena, struct intake_item *item)
{
    item->generation = generation;
    item->config_hash = arena_copy(arena, span_of(hash, hash_size));
    return generation <= GENERATION_MAX && (hash_size == 0 || hash_size == CRYPTO_HASH_SIZE);
}

static bool take_parent(const wire_JournalHead *head, struct chain_parent *parent)
{
    if (head->parent_id.size == 0)
        return true;
    if (head->parent_id.size != sizeof parent->id || head->parent_hash.size != sizeof parent->hash)
        return false;
    memcpy(parent->id, head->parent_id.bytes, sizeof parent->id);
    memcpy(parent->hash, head->parent_hash.bytes, sizeof parent->hash);
    parent->seq = head->parent_seq;
    return head->parent_seq <= INT64_MAX;
}

static void keep_dropped(struct arena *arena, const wire_Hello *hello, struct intake_hello *facts)
{
    wire_JournalDropped *copy;

    facts->refiled = hello->journal.refiled;
    if (!hello->has_dropped || !hello->dropped.has_sum)
        return;
    copy = arena_take(arena, sizeof *copy);
    if (copy)
        *copy = hello->dropped;
    facts->dropped = copy;
}

/* Further from UTC than any place is as good as nothing said. */
static const char *utc_offset_text(struct arena *arena, bool is_told, int32_t offset_min)
{
    char text[LOCAL_TIME_OFFSET_SIZE];

    if (!is_told || local_time_offset_text(offset_min, text) != STATUS_OK)
        return NULL;
    return arena_text(arena, span_text(text));
}

static bool take_hello(struct intake *intake, struct arena *arena, struct intake_item *item)
{
    const wire_Hello *hello = &intake->message.hello;
    const wire_JournalHead *head = &hello->journal;
    struct intake_hello *facts = arena_take(arena, sizeof *facts);

    if (!facts || !take_header(&hello->header, hello->has_header, item) || !hello->has_journal ||
        head->head_hash.size != sizeof facts->head_hash || !take_parent(head, &facts->parent))
        return false;
    memcpy(item->journal_id, head->id, sizeof item->journal_id);
    memcpy(facts->head_hash, head->head_hash.bytes, sizeof facts->head_hash);
    facts->head_seq = head->head_seq;
    facts->tail_seq = head->tail_seq;
    keep_dropped(arena, hello, facts);
    facts->generation_held = hello->generation_held;
    facts->epoch_seen = hello->epoch_seen;
    facts->receipt = arena_copy(arena, span_of(hello->receipt.bytes, hello->receipt.size));
    facts->software = arena_text(arena, span_text(hello->software));
    facts->hardware = arena_text(arena, span_text(hello->hardware));
    facts->capabilities = capabilities_json(intake, arena, hello);
    item->hello = facts;
    item->settings = settings_json(intake, arena, hello->settings, hello->settings_count);
    item->trial = trial_json(intake, arena, hello->has_trial, &hello->trial);
    item->packages = packages_json(intake, arena, hello->installed, hello->installed_count);
    item->utc_offset = utc_offset_text(arena, hello->has_utc_offset_min, hello->utc_offset_min);
    item->credit = credit_json(intake, arena, hello->credit, hello->credit_count);
    keep_uses(arena, hello->credit, hello->credit_count, item);
    keep_head(arena, head, item);
    return hello->generation_held <= GENERATION_MAX &&
           take_running(hello->generation_running, hello->config_hash.bytes,
                        hello->config_hash.size, arena, item);
}

static bool take_usage(struct intake *intake, struct arena *arena, struct intake_item *item)
{
    const wire_UsageBatch *batch = &intake->message.usage;
    struct span *records = arena_take(arena, batch->records_count * sizeof *records);

    if (!records || !take_header(&batch->header, batch->has_header, item))
        return false;
    for (size_t i = 0; i < batch->records_count; i++)
        records[i] = arena_copy(arena, span_of(batch->records[i].bytes, batch->records[i].size));
    memcpy(item->journal_id, batch->journal_id, sizeof item->journal_id);
    item->usage = (struct ledger_batch){
        .first_seq = batch->first_seq,
        .previous_hash =
            arena_copy(arena, span_of(batch->previous_hash, sizeof batch->previous_hash)).data,
        .records = records,
        .count = batch->records_count,
    };
    item->credit = credit_json(intake, arena, batch->credit, batch->credit_count);
    keep_uses(arena, batch->credit, batch->credit_count, item);
    return true;
}

static bool take_report(struct intake *intake, struct arena *arena, struct intake_item *item)
{
    const wire_Report *report = &intake->message.report;

    if (!take_header(&report->header, report->has_header, item))
        return false;
    if (report->has_health)
        item->health = health_json(intake, arena, &report->health, item->arrived_ms);
    if (report->settings_count > 0)
        item->settings = settings_json(intake, arena, report->settings, report->settings_count);
    item->credit = credit_json(intake, arena, report->credit, report->credit_count);
    keep_uses(arena, report->credit, report->credit_count, item);
    if (report->has_trial)
        item->trial = trial_json(intake, arena, true, &report->trial);
    if (report->installed_count > 0)
        item->packages = packages_json(intake, arena, report->installed, report->installed_count);
    if (report->has_journal)
        keep_head(arena, &report->journal, item);
    item->utc_offset = utc_offset_text(arena, report->has_utc_offset_min, report->utc_offset_min);
    item->boxes_refused = report->boxes_refused;
    item->lines_refused = report->lines_refused;
    return take_running(report->generation_running, report->config_hash.bytes,
                        report->config_hash.size, arena, item);
}

static bool take_reply(struct intake *intake, struct arena *arena, struct intake_item *item)
{
    const wire_Reply *reply = &intake->message.reply;

    if (!take_header(&reply->header, reply->has_header, item))
        return false;
    if (reply->has_trial || reply->generation > 0)
        item->trial = trial_json(intake, arena, reply->has_trial, &reply->trial);
    if (reply->generation > 0)
        item->packages = packages_json(intake, arena, reply->installed, reply->installed_count);
    if (reply->generation > 0)
        item->settings = settings_json(intake, arena, reply->settings, reply->settings_count);
    if (reply->command_id.size == ENCODE_UUID_BYTES)
        item->command_id =
            arena_copy(arena, span_of(reply->command_id.bytes, reply->command_id.size)).data;
    item->command_status = reply->command_status;
    item->reason = arena_text(arena, span_text(reply->reason));
    item->attachment = arena_copy(arena, span_of(reply->attachment.bytes, reply->attachment.size));
    return take_running(reply->generation, reply->config_hash.bytes, reply->config_hash.size, arena,
                        item);
}

static bool take_presence(struct intake *intake, struct arena *arena, struct intake_item *item)
{
    const wire_Presence *presence = &intake->message.presence;

    (void)arena;
    item->session_number = presence->session.number;
    memcpy(item->session_id, presence->session.id, sizeof item->session_id);
    return presence->has_session;
}

static const struct {
    enum topic_kind kind;
    enum message_type type;
    bool (*take)(struct intake *intake, struct arena *arena, struct intake_item *item);
} kinds[] = {
    {TOPIC_HELLO, MESSAGE_HELLO, take_hello},
    {TOPIC_USAGE, MESSAGE_USAGE_BATCH, take_usage},
    {TOPIC_REPORT, MESSAGE_REPORT, take_report},
    {TOPIC_REPLY, MESSAGE_REPLY, take_reply},
    {TOPIC_PRESENCE, MESSAGE_PRESENCE, take_presence},
};

static void decode(struct intake *intake, struct span plain, struct arena *arena,
                   struct intake_item *item)
{
    item->fault = INTAKE_MALFORMED;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind == item->kind &&
            message_decode(kinds[i].type, plain, &intake->message) == STATUS_OK &&
            kinds[i].take(intake, arena, item))
            item->fault = INTAKE_GOOD;
    }
}

static enum status open_with_present_keys(struct intake *intake, const struct bus_message *message,
                                          const uint8_t server_key_id[4], size_t *size)
{
    struct box_pair pair;
    enum status status = peers_find(intake->peers, message->device_id, server_key_id, &pair);

    if (status != STATUS_OK)
        return status == STATUS_FORGED ? STATUS_CORRUPT : status;
    status = box_open(&pair, BOX_UP, (uint8_t)message->kind, message->payload, intake->plain, size);
    crypto_wipe(&pair, sizeof pair);
    return status == STATUS_NOT_FOUND ? STATUS_DENIED : status;
}

/* STATUS_FORGED, STATUS_NOT_FOUND (no such device), STATUS_STALE (for a retired key), or those of
 * store.h. */
static enum status open_box(struct intake *intake, const struct bus_message *message,
                            uint8_t server_key_id[4], size_t *size)
{
    uint8_t device_key_id[4];
    enum status status = box_peek(message->payload, device_key_id, server_key_id);

    if (status == STATUS_OK)
        status = open_with_present_keys(intake, message, server_key_id, size);
    if (status == STATUS_DENIED) {
        /* by another key of the device's: perhaps it has enrolled again since we read its keys */
        peers_forget(intake->peers, message->device_id);
        status = open_with_present_keys(intake, message, server_key_id, size);
    }
    return status == STATUS_DENIED || status == STATUS_INVALID ? STATUS_FORGED : status;
}

enum status intake_read(struct intake *intake, const struct bus_message *message,
                        struct arena *arena, struct intake_item *item)
{
    size_t size = 0;

    *item = (struct intake_item){
        .kind = message->kind, .broker = message->broker, .arrived_ms = message->arrived_ms};
    memcpy(item->device_id, message->device_id, sizeof item->device_id);
    if (message->kind == BUS_REMINDER)
        return STATUS_OK;
    if (message->kind == TOPIC_PRESENCE) {
        decode(intake, message->payload, arena, item);
        return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
    }
    if (message->payload.size > sizeof intake->plain + BOX_OVERHEAD) {
        item->fault = INTAKE_FORGED;
        return STATUS_OK;
    }

    enum status status = open_box(intake, message, item->server_key_id, &size);
    if (status == STATUS_OK)
        decode(intake, span_of(intake->plain, size), arena, item);
    else if (status == STATUS_FORGED)
        item->fault = INTAKE_FORGED;
    else if (status == STATUS_STALE)
        item->fault = INTAKE_RETIRED;
    else if (status == STATUS_NOT_FOUND || status == STATUS_CORRUPT)
        item->fault = INTAKE_UNKNOWN;
    else
        return status;
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}
