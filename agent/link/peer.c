#include "agent/link/peer.h"

#include <assert.h>
#include <stdlib.h>

#include "schema/base/backoff.h"

#define REPEAT_FIRST_MS 10000
#define REPEAT_MAX_MS   300000
#define REPEAT_FLOOR_MS 5000
#define FIRST_REPORT_MS 10000 /* at most this long after the first state */
#define HELLO_GAP_MS    1000  /* between a hello and one that a state asks for */
#define TELL_REFUSED_MS 5000  /* from a box that was refused to the report that tells it */
#define TELL_DENIED_MS  5000  /* between two reports that ask for credit */

struct remembered {
    uint8_t id[16];
    int64_t expires_ms;        /* server's clock; 0: free */
    wire_CommandStatus status; /* COMMAND_NONE: being carried out */
};

struct peer {
    struct box_pair pairs[PEER_PAIRS]; /* newest first */
    size_t pair_count;
    struct journal *journal;
    struct peer_scratch *scratch;
    struct peer_host host;
    const char *software, *hardware;
    const char *const *capabilities;
    size_t capability_count;
    uint32_t epoch;
    uint8_t receipt[CRYPTO_HASH_SIZE];
    size_t receipt_size;
    int64_t state_time_ms;
    int64_t clock_offset_ms;
    uint64_t random;

    enum peer_phase phase;
    wire_Session session;
    uint64_t counter;
    struct backoff hello_backoff;
    int64_t hello_at_ms, hello_due_ms;
    struct backoff usage_backoff;
    int64_t usage_due_ms;
    uint64_t in_flight_seq; /* last record of the batch not yet acknowledged; 0: none */
    bool quarantined;       /* the server takes nothing of this journal */
    int64_t report_interval_ms, report_due_ms;
    int64_t told_denied_ms;    /* when a report last told of refused attempts; 0: not yet */
    bool is_asking;            /* for credit, since then, and no state has come */
    struct credit_events told; /* what the reports told */
    uint32_t boxes_refused;    /* since the last report */
    struct remembered commands[LIMIT_COMMANDS_KEPT];
};

struct peer_scratch {
    uint8_t plain[LIMIT_MESSAGE_BYTES];
    uint8_t box[LIMIT_MESSAGE_BYTES];
    union {
        wire_Hello hello;
        wire_UsageBatch usage;
        wire_Report report;
        wire_Reply reply;
    } up;
    union {
        wire_State state;
        wire_Config config;
        wire_Command command;
    } down;
};

enum status peer_scratch_create(struct peer_scratch **out)
{
    struct peer_scratch *scratch = malloc(sizeof *scratch);

    if (!scratch)
        return STATUS_MEMORY;
    *out = scratch;
    return STATUS_OK;
}

void peer_scratch_free(struct peer_scratch *scratch)
{
    if (scratch)
        crypto_wipe(scratch, sizeof *scratch);
    free(scratch);
}

/* splitmix64: jitter needs spread, not secrecy, and a seed makes simulations repeatable. */
static uint64_t next_random(struct peer *peer)
{
    uint64_t z = peer->random += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

enum status peer_create(struct peer **out, const struct peer_options *options)
{
    assert(options->capability_count <= 16 && options->receipt.size <= CRYPTO_HASH_SIZE);
    struct peer *peer = calloc(1, sizeof *peer);

    if (!peer)
        return STATUS_MEMORY;
    peer->pairs[0] = *options->pair;
    peer->pair_count = 1;
    peer->journal = options->journal;
    peer->scratch = options->scratch;
    peer->host = options->host;
    peer->software = options->software;
    peer->hardware = options->hardware;
    peer->capabilities = options->capabilities;
    peer->capability_count = options->capability_count;
    peer->epoch = options->epoch_seen;
    peer->receipt_size = options->receipt.size;
    if (options->receipt.size > 0)
        memcpy(peer->receipt, options->receipt.data, options->receipt.size);
    peer->report_interval_ms = options->report_interval_s * 1000;
    peer->told = journal_credit_events(options->journal);
    peer->random = options->seed;
    backoff_init(&peer->hello_backoff, REPEAT_FIRST_MS, REPEAT_MAX_MS, REPEAT_FLOOR_MS);
    backoff_init(&peer->usage_backoff, REPEAT_FIRST_MS, REPEAT_MAX_MS, REPEAT_FLOOR_MS);
    *out = peer;
    return STATUS_OK;
}

void peer_free(struct peer *peer)
{
    if (peer)
        crypto_wipe(peer->pairs, sizeof peer->pairs);
    free(peer);
}

void peer_set_pairs(struct peer *peer, const struct box_pair *pairs, size_t count)
{
    assert(count > 0 && count <= PEER_PAIRS);
    if (memcmp(peer->pairs[0].server_public, pairs[0].server_public, PKI_X25519_SIZE) != 0)
        peer->report_due_ms = 0;
    crypto_wipe(peer->pairs, sizeof peer->pairs);
    memcpy(peer->pairs, pairs, count * sizeof *pairs);
    peer->pair_count = count;
}

enum peer_phase peer_phase(const struct peer *peer)
{
    return peer->phase;
}

enum status peer_make_presence(const wire_Session *session, uint8_t out[PEER_PRESENCE_SIZE],
                               size_t *size)
{
    const wire_Presence presence = {.has_session = true, .session = *session};

    return message_encode(MESSAGE_PRESENCE, &presence, out, PEER_PRESENCE_SIZE, size);
}

/* Up. */

static wire_UpHeader next_header(struct peer *peer, struct peer_time now)
{
    return (wire_UpHeader){
        .has_session = true,
        .session = peer->session,
        .counter = ++peer->counter,
        .device_time_ms = now.wall_ms,
    };
}

/* Every up message fits by the limits of its fields, and sealing fails only without entropy or
 * memory: then the message is lost like one that the network lost. */
static void send(struct peer *peer, enum topic_kind kind, enum message_type type,
                 const void *message)
{
    struct peer_scratch *scratch = peer->scratch;
    const size_t room = sizeof scratch->plain - BOX_OVERHEAD;
    size_t size;
    enum status status = message_encode(type, message, scratch->plain, room, &size);

    if (status == STATUS_OK)
        status = box_seal(&peer->pairs[0], BOX_UP, (uint8_t)kind, span_of(scratch->plain, size),
                          scratch->box);
    if (status == STATUS_OK)
        peer->host.publish(peer->host.context, kind, kind == TOPIC_REPORT ? 0 : 1,
                           span_of(scratch->box, size + BOX_OVERHEAD));
}

static void copy_text(char *out, size_t out_size, const char *text)
{
    snprintf(out, out_size, "%s", text);
}

static void send_hello(struct peer *peer, struct peer_time now)
{
    wire_Hello *hello = &peer->scratch->up.hello;
    struct peer_running running = {0};

    peer->host.running(peer->host.context, &running);
    *hello = (wire_Hello){
        .has_header = true,
        .header = next_header(peer, now),
        .epoch_seen = peer->epoch,
        .receipt.size = (pb_size_t)peer->receipt_size,
        .generation_held = running.generation_held,
        .generation_running = running.generation_running,
        .has_journal = true,
        .capabilities_count = (pb_size_t)peer->capability_count,
    };
    memcpy(hello->receipt.bytes, peer->receipt, peer->receipt_size);
    if (running.has_config) {
        hello->config_hash.size = CRYPTO_HASH_SIZE;
        memcpy(hello->config_hash.bytes, running.config_hash, CRYPTO_HASH_SIZE);
    }
    journal_head(peer->journal, &hello->journal);
    hello->has_dropped = journal_dropped(peer->journal, &hello->dropped);
    journal_credit(peer->journal, hello->credit, &hello->credit_count);
    copy_text(hello->software, sizeof hello->software, peer->software);
    copy_text(hello->hardware, sizeof hello->hardware, peer->hardware);
    for (size_t i = 0; i < peer->capability_count; i++)
        copy_text(hello->capabilities[i], sizeof hello->capabilities[i], peer->capabilities[i]);
    hello->settings_count = (pb_size_t)peer->host.settings(peer->host.context, hello->settings);
    hello->has_trial = running.has_trial;
    hello->trial = running.trial;
    hello->installed_count = (pb_size_t)running.installed_count;
    memcpy(hello->installed, running.installed, sizeof hello->installed);
    hello->has_utc_offset_min = running.has_utc_offset;
    hello->utc_offset_min = running.utc_offset_min;
    send(peer, TOPIC_HELLO, MESSAGE_HELLO, hello);
    peer->hello_at_ms = now.mono_ms;
    peer->hello_due_ms = now.mono_ms + backoff_next(&peer->hello_backoff, next_random(peer));
}

/* Sends the oldest pending records; they are in flight until a state acknowledges them. */
static void send_usage(struct peer *peer, struct peer_time now)
{
    wire_UsageBatch *batch = &peer->scratch->up.usage;

    batch->records_count = 0;
    if (journal_next_batch(peer->journal, LIMIT_BATCH_RECORDS, batch) != STATUS_OK) {
        peer->in_flight_seq = 0;
        return;
    }
    batch->has_header = true;
    batch->header = next_header(peer, now);
    journal_credit(peer->journal, batch->credit, &batch->credit_count);
    peer->in_flight_seq = batch->first_seq + batch->records_count - 1;
    peer->usage_due_ms = now.mono_ms + backoff_next(&peer->usage_backoff, next_random(peer));
    send(peer, TOPIC_USAGE, MESSAGE_USAGE_BATCH, batch);
}

static void plan_report(struct peer *peer, int64_t now_mono_ms)
{
    int64_t spread = peer->report_interval_ms * 2 / 5;

    peer->report_due_ms = now_mono_ms + peer->report_interval_ms * 4 / 5 +
                          (int64_t)(next_random(peer) % (uint64_t)(spread + 1));
}

static void send_report(struct peer *peer, struct peer_time now)
{
    const struct credit_events events = journal_credit_events(peer->journal);
    wire_Report *report = &peer->scratch->up.report;
    struct peer_running running = {0};

    peer->host.running(peer->host.context, &running);
    *report = (wire_Report){
        .has_header = true,
        .header = next_header(peer, now),
        .has_health = true,
        .generation_running = running.generation_running,
        .boxes_refused = peer->boxes_refused,
    };
    peer->boxes_refused = 0;
    peer->host.health(peer->host.context, &report->health);
    if (running.has_config) {
        report->config_hash.size = CRYPTO_HASH_SIZE;
        memcpy(report->config_hash.bytes, running.config_hash, CRYPTO_HASH_SIZE);
    }
    report->settings_count = (pb_size_t)peer->host.settings(peer->host.context, report->settings);
    report->has_trial = running.has_trial;
    report->trial = running.trial;
    report->installed_count = (pb_size_t)running.installed_count;
    memcpy(report->installed, running.installed, sizeof report->installed);
    report->has_utc_offset_min = running.has_utc_offset;
    report->utc_offset_min = running.utc_offset_min;
    report->has_journal = true;
    journal_head(peer->journal, &report->journal);
    journal_credit(peer->journal, report->credit, &report->credit_count);
    journal_reported(peer->journal);
    report->lines_refused = (uint32_t)(events.lines_refused - peer->told.lines_refused);
    if (events.denied != peer->told.denied) {
        peer->told_denied_ms = now.mono_ms;
        peer->is_asking = true;
    }
    peer->told = events;
    send(peer, TOPIC_REPORT, MESSAGE_REPORT, report);
    plan_report(peer, now.mono_ms);
}

/* Whatever it is an answer to: what runs, and how the trial of what does not run stands. */
static void reply_config(struct peer *peer, struct peer_time now)
{
    wire_Reply *reply = &peer->scratch->up.reply;
    struct peer_running running = {0};

    peer->host.running(peer->host.context, &running);
    *reply = (wire_Reply){.has_header = true,
                          .header = next_header(peer, now),
                          .generation = running.generation_running,
                          .has_trial = running.has_trial,
                          .trial = running.trial,
                          .installed_count = (pb_size_t)running.installed_count};
    memcpy(reply->installed, running.installed, sizeof reply->installed);
    if (running.has_config) {
        reply->config_hash.size = CRYPTO_HASH_SIZE;
        memcpy(reply->config_hash.bytes, running.config_hash, CRYPTO_HASH_SIZE);
    }
    reply->settings_count = (pb_size_t)peer->host.settings(peer->host.context, reply->settings);
    send(peer, TOPIC_REPLY, MESSAGE_REPLY, reply);
}

static void reply_command(struct peer *peer, const uint8_t id[16], const struct peer_answer *answer,
                          struct span attachment, struct peer_time now)
{
    wire_Reply *reply = &peer->scratch->up.reply;

    *reply = (wire_Reply){
        .has_header = true,
        .header = next_header(peer, now),
        .command_id.size = 16,
        .command_status = answer->status,
    };
    memcpy(reply->command_id.bytes, id, 16);
    copy_text(reply->reason, sizeof reply->reason, answer->reason);
    if (attachment.size > 0 && attachment.size <= sizeof reply->attachment.bytes) {
        memcpy(reply->attachment.bytes, attachment.data, attachment.size);
        reply->attachment.size = (pb_size_t)attachment.size;
    }
    send(peer, TOPIC_REPLY, MESSAGE_REPLY, reply);
}

/* Connection. The one place that changes the phase. */
static void enter(struct peer *peer, enum peer_phase phase, struct peer_time now)
{
    if (phase == PEER_GREETING && peer->phase == PEER_OFFLINE) {
        backoff_reset(&peer->hello_backoff);
        backoff_reset(&peer->usage_backoff);
    }
    if (phase == PEER_READY && peer->phase == PEER_GREETING) {
        backoff_reset(&peer->hello_backoff);
        int64_t spread =
            peer->report_interval_ms < FIRST_REPORT_MS ? peer->report_interval_ms : FIRST_REPORT_MS;
        peer->report_due_ms = now.mono_ms + (int64_t)(next_random(peer) % (uint64_t)spread);
    }
    if (phase != PEER_READY)
        peer->in_flight_seq = 0;
    peer->phase = phase;
}

void peer_connected(struct peer *peer, const wire_Session *session, struct peer_time now)
{
    enter(peer, PEER_OFFLINE, now);
    peer->session = *session;
    peer->counter = 0;
    enter(peer, PEER_GREETING, now);
    send_hello(peer, now);
}

void peer_disconnected(struct peer *peer)
{
    enter(peer, PEER_OFFLINE, (struct peer_time){0});
}

/* State. */

/* An older state may be a late or repeated one: what it says about time does not count. */
static void learn_clock(struct peer *peer, const wire_DownHeader *header, struct peer_time now)
{
    if (header->server_time_ms < peer->state_time_ms && header->epoch == peer->epoch)
        return;
    peer->state_time_ms = header->server_time_ms;
    peer->clock_offset_ms = header->server_time_ms - now.wall_ms;
    journal_set_clock(peer->journal, peer->clock_offset_ms, peer->state_time_ms);
}

static void greet_again(struct peer *peer, struct peer_time now)
{
    enter(peer, PEER_GREETING, now);
    if (now.mono_ms - peer->hello_at_ms >= HELLO_GAP_MS)
        send_hello(peer, now);
}

/* STATUS_CONFLICT: the histories forked. */
static enum status acknowledge(struct peer *peer, const wire_State *state, bool new_epoch)
{
    const uint8_t *hash = state->acknowledged_hash.bytes;
    enum status status;

    if (state->acknowledged_hash.size != CRYPTO_HASH_SIZE)
        return STATUS_INVALID;
    if (new_epoch)
        status = journal_rewind(peer->journal, state->journal_id, state->acknowledged_seq, hash);
    else
        status =
            journal_acknowledge(peer->journal, state->journal_id, state->acknowledged_seq, hash);
    if (status == STATUS_OK && (new_epoch || state->acknowledged_seq >= peer->in_flight_seq)) {
        peer->in_flight_seq = 0;
        backoff_reset(&peer->usage_backoff);
    }
    return status;
}

/* What the server says of the journal. False: hello is needed before usage may flow. */
static bool take_verdict(struct peer *peer, const wire_State *state, bool new_epoch)
{
    wire_JournalHead head;
    enum status status = STATUS_CONFLICT;

    journal_head(peer->journal, &head);
    if (memcmp(head.id, state->journal_id, sizeof head.id) != 0)
        return false; /* about the parent, sent before it heard of the child */
    peer->quarantined = state->journal_verdict == wire_JournalVerdict_JOURNAL_QUARANTINED;
    if (peer->quarantined)
        return true;
    /* A copied disk that went on past the server's watermark looks like news to the server: only
     * here, where both histories are, does the acknowledged hash tell. */
    if (state->journal_verdict != wire_JournalVerdict_JOURNAL_FORKED)
        status = acknowledge(peer, state, new_epoch);
    if (status == STATUS_CONFLICT && journal_fork(peer->journal) == STATUS_OK)
        peer->hello_at_ms -= HELLO_GAP_MS; /* news: need not wait */
    return status == STATUS_OK;
}

static void keep_receipt(struct peer *peer, const wire_State *state)
{
    struct span receipt = span_of(state->receipt.bytes, state->receipt.size);

    if (peer->epoch == state->header.epoch &&
        span_equal(receipt, span_of(peer->receipt, peer->receipt_size)))
        return;
    peer->epoch = state->header.epoch;
    peer->receipt_size = receipt.size;
    memcpy(peer->receipt, receipt.data, receipt.size);
    peer->host.remember(peer->host.context, peer->epoch, receipt);
}

static enum status on_state(struct peer *peer, const wire_State *state, struct peer_time now)
{
    const bool new_epoch = state->header.epoch > peer->epoch && peer->epoch != 0;

    if (state->header.epoch < peer->epoch)
        return STATUS_STALE;
    learn_clock(peer, &state->header, now);
    if (state->session_floor >= peer->session.number) {
        enter(peer, PEER_OFFLINE, now);
        peer->host.reconnect(peer->host.context, state->session_floor);
        return STATUS_OK;
    }
    if (state->want_hello) {
        greet_again(peer, now);
        return STATUS_OK;
    }
    if (!take_verdict(peer, state, new_epoch)) { /* its credit is another journal's account */
        greet_again(peer, now);
        return STATUS_OK;
    }
    enum status status =
        journal_grant(peer->journal, state->header.epoch, state->credit, state->credit_count);
    peer->is_asking = false;
    /* an epoch is seen once credit began anew in it, which a full disk may refuse */
    if (status == STATUS_OK || !new_epoch)
        keep_receipt(peer, state);
    if (new_epoch) { /* only hello tells of which epoch the amounts are */
        peer->hello_at_ms -= HELLO_GAP_MS;
        greet_again(peer, now);
        return status;
    }
    enter(peer, PEER_READY, now);
    if (state->want_usage)
        peer->in_flight_seq = 0;
    peer_tick(peer, now);
    return status;
}

/* Configuration. */

static enum status on_config(struct peer *peer, const wire_Config *config, struct peer_time now)
{
    struct span content = span_of(config->content.bytes, config->content.size);
    struct peer_running running = {0};
    uint8_t hash[CRYPTO_HASH_SIZE];

    peer->host.running(peer->host.context, &running);
    if (config->generation < running.generation_held || config->header.epoch < peer->epoch)
        return STATUS_STALE;
    crypto_sha256(&content, 1, hash);
    bool known = config->generation == running.generation_running && running.has_config &&
                 memcmp(hash, running.config_hash, sizeof hash) == 0;
    if (!known)
        peer->host.configure(peer->host.context, config->generation, content, hash);
    running = (struct peer_running){0};
    peer->host.running(peer->host.context, &running);
    if (!running.is_settling)
        reply_config(peer, now);
    return STATUS_OK;
}

void peer_config_settled(struct peer *peer, struct peer_time now)
{
    if (peer->phase != PEER_OFFLINE) /* else hello will tell */
        reply_config(peer, now);
}

/* Commands. */

static struct remembered *find_command(struct peer *peer, const uint8_t id[16])
{
    for (size_t i = 0; i < LIMIT_COMMANDS_KEPT; i++)
        if (peer->commands[i].expires_ms != 0 && memcmp(peer->commands[i].id, id, 16) == 0)
            return &peer->commands[i];
    return NULL;
}

/* A free place, or one whose command has expired; NULL: all are taken. */
static struct remembered *place_for_command(struct peer *peer, int64_t server_now_ms)
{
    for (size_t i = 0; i < LIMIT_COMMANDS_KEPT; i++)
        if (peer->commands[i].expires_ms <= server_now_ms)
            return &peer->commands[i];
    return NULL;
}

static void refuse(struct peer *peer, const wire_Command *command, wire_CommandStatus status,
                   const char *reason, struct peer_time now)
{
    struct peer_answer answer = {.status = status};

    copy_text(answer.reason, sizeof answer.reason, reason);
    reply_command(peer, command->id, &answer, span_of(NULL, 0), now);
}

static void carry_out(struct peer *peer, const wire_Command *command, struct remembered *place,
                      struct peer_time now)
{
    struct peer_answer answer = {.status = wire_CommandStatus_COMMAND_DONE};

    *place = (struct remembered){.expires_ms = command->expires_ms};
    memcpy(place->id, command->id, sizeof place->id);
    if (command->kind == wire_CommandKind_REPORT_NOW)
        send_report(peer, now);
    else
        peer->host.command(peer->host.context, command, &answer);
    place->status = answer.status;
    if (answer.status != wire_CommandStatus_COMMAND_NONE)
        reply_command(peer, command->id, &answer, span_of(NULL, 0), now);
}

static bool has_attachment(wire_CommandKind kind)
{
    return kind == wire_CommandKind_PICTURE || kind == wire_CommandKind_BUNDLE ||
           kind == wire_CommandKind_TRANSFER;
}

static enum status on_command(struct peer *peer, const wire_Command *command, struct peer_time now)
{
    const int64_t server_now_ms = now.wall_ms + peer->clock_offset_ms;
    struct remembered *place = find_command(peer, command->id);

    if (command->expires_ms <= server_now_ms || command->expires_ms <= 0) {
        refuse(peer, command, wire_CommandStatus_COMMAND_EXPIRED, "arrived too late", now);
        return STATUS_OK;
    }
    if (place && place->status == wire_CommandStatus_COMMAND_NONE)
        return STATUS_OK; /* the answer is on its way */
    if (place && !has_attachment(command->kind)) {
        refuse(peer, command, place->status, "answered before", now);
        return STATUS_OK;
    }
    if (!place) /* an attachment is not kept: asked for again, it is made again */
        place = place_for_command(peer, server_now_ms);
    if (place)
        carry_out(peer, command, place, now);
    else
        refuse(peer, command, wire_CommandStatus_COMMAND_REFUSED, "too many commands at once", now);
    return STATUS_OK;
}

void peer_remember_command(struct peer *peer, const uint8_t id[16], int64_t expires_ms,
                           wire_CommandStatus status)
{
    struct remembered *place = place_for_command(peer, 0);

    if (!place)
        return;
    *place = (struct remembered){.expires_ms = expires_ms, .status = status};
    memcpy(place->id, id, sizeof place->id);
}

void peer_finish_command(struct peer *peer, const uint8_t id[16], const struct peer_answer *answer,
                         struct span attachment, struct peer_time now)
{
    struct remembered *place = find_command(peer, id);

    if (!place || place->status != wire_CommandStatus_COMMAND_NONE)
        return;
    place->status = answer->status;
    if (peer->phase != PEER_OFFLINE)
        reply_command(peer, id, answer, attachment, now);
}

/* Down. */

static enum status open_box(const struct peer *peer, enum topic_kind kind, struct span box,
                            size_t *size)
{
    enum status status = STATUS_NOT_FOUND;

    if (box.size > LIMIT_MESSAGE_BYTES)
        return STATUS_INVALID;
    for (size_t i = 0; i < peer->pair_count && status == STATUS_NOT_FOUND; i++)
        status =
            box_open(&peer->pairs[i], BOX_DOWN, (uint8_t)kind, box, peer->scratch->plain, size);
    return status;
}

static bool is_this_session(const struct peer *peer, bool has_header, const wire_DownHeader *header)
{
    return has_header && header->has_session && peer->phase != PEER_OFFLINE &&
           header->session.number == peer->session.number &&
           memcmp(header->session.id, peer->session.id, sizeof header->session.id) == 0;
}

/* Somebody else speaks as the server: it is told soon, and not at every word. */
static void note_refused(struct peer *peer, int64_t now_mono_ms)
{
    if (peer->boxes_refused < UINT32_MAX)
        peer->boxes_refused++;
    if (peer->report_due_ms > now_mono_ms + TELL_REFUSED_MS)
        peer->report_due_ms = now_mono_ms + TELL_REFUSED_MS;
}

static enum status receive_state(struct peer *peer, struct span plain, struct peer_time now)
{
    wire_State *state = &peer->scratch->down.state;
    enum status status = message_decode(MESSAGE_STATE, plain, state);

    if (status != STATUS_OK)
        return status;
    if (!is_this_session(peer, state->has_header, &state->header))
        return STATUS_STALE;
    return on_state(peer, state, now);
}

static enum status receive_config(struct peer *peer, struct span plain, struct peer_time now)
{
    wire_Config *config = &peer->scratch->down.config;
    enum status status = message_decode(MESSAGE_CONFIG, plain, config);

    if (status != STATUS_OK)
        return status;
    if (!is_this_session(peer, config->has_header, &config->header))
        return STATUS_STALE;
    return on_config(peer, config, now);
}

static enum status receive_command(struct peer *peer, struct span plain, struct peer_time now)
{
    wire_Command *command = &peer->scratch->down.command;
    enum status status = message_decode(MESSAGE_COMMAND, plain, command);

    if (status != STATUS_OK)
        return status;
    if (!is_this_session(peer, command->has_header, &command->header))
        return STATUS_STALE;
    return on_command(peer, command, now);
}

static const struct {
    enum topic_kind kind;
    enum status (*receive)(struct peer *peer, struct span plain, struct peer_time now);
} receivers[] = {
    {TOPIC_STATE, receive_state},
    {TOPIC_CONFIG, receive_config},
    {TOPIC_COMMAND, receive_command},
};

enum status peer_receive(struct peer *peer, struct span topic, struct span payload,
                         struct peer_time now)
{
    char device_id[LIMIT_SLUG + 1];
    enum topic_kind kind;
    size_t size;
    enum status status = topic_parse(topic, device_id, &kind);

    if (status != STATUS_OK)
        return status;
    if (topic_kind_is_up(kind) || strcmp(device_id, peer->pairs[0].device_id) != 0)
        return STATUS_INVALID;
    status = open_box(peer, kind, payload, &size);
    if (status != STATUS_OK) {
        note_refused(peer, now.mono_ms);
        return status;
    }
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i++)
        if (receivers[i].kind == kind)
            return receivers[i].receive(peer, span_of(peer->scratch->plain, size), now);
    return STATUS_INVALID;
}

/* Time. */

static int64_t tick_usage(struct peer *peer, struct peer_time now)
{
    if (peer->quarantined)
        return INT64_MAX;
    if (peer->in_flight_seq == 0 ? journal_pending(peer->journal) > 0
                                 : now.mono_ms >= peer->usage_due_ms)
        send_usage(peer, now);
    return peer->in_flight_seq == 0 ? INT64_MAX : peer->usage_due_ms;
}

/* What was given back is free for others once it is told, another line may be needed now, and an
 * attempt that was refused can come again once more was granted: none waits for the next heartbeat.
 * Where the server has no more, or has not answered yet, asking again has time. */
static void hurry_report(struct peer *peer, int64_t now_mono_ms)
{
    const struct credit_events events = journal_credit_events(peer->journal);
    int64_t due_ms = INT64_MAX;

    if (events.returned != peer->told.returned || events.moved != peer->told.moved ||
        (events.awaited != peer->told.awaited && !peer->is_asking))
        due_ms = now_mono_ms;
    else if (events.denied != peer->told.denied)
        due_ms = peer->told_denied_ms == 0 ? now_mono_ms : peer->told_denied_ms + TELL_DENIED_MS;
    if (due_ms < peer->report_due_ms)
        peer->report_due_ms = due_ms;
}

int64_t peer_tick(struct peer *peer, struct peer_time now)
{
    if (peer->phase == PEER_OFFLINE)
        return INT64_MAX;
    if (peer->phase == PEER_GREETING) {
        if (now.mono_ms >= peer->hello_due_ms)
            send_hello(peer, now);
        return peer->hello_due_ms;
    }
    hurry_report(peer, now.mono_ms);
    if (now.mono_ms >= peer->report_due_ms)
        send_report(peer, now);
    int64_t usage_due_ms = tick_usage(peer, now);
    return usage_due_ms < peer->report_due_ms ? usage_due_ms : peer->report_due_ms;
}

void peer_set_report_interval(struct peer *peer, int64_t interval_s)
{
    int64_t change_ms = interval_s * 1000 - peer->report_interval_ms;

    peer->report_interval_ms += change_ms;
    if (change_ms < 0)
        peer->report_due_ms += change_ms;
}
