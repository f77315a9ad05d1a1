#include "tests/simulation/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/queue.h"
#include "server/bus/sender.h"
#include "server/jobs/content.h"

#define QUEUE_MESSAGES  2000
#define QUEUE_BYTES     (8u << 20)
#define BATCH_ITEMS     64
#define LINGER_MS       10
#define OUTBOX_MS       1000
#define RETRY_MS        300
#define STALE_WINDOW_MS 60000
#define ARENA_BYTES     (64u << 20)
#define CLAIMS          8
#define SEEN            (1u << 16)

/* The sender's way out. */
struct bus {
    struct network *network;
};

struct server_memory {
    size_t count, backup_count;
    uint64_t order[SEEN / 2]; /* hashes as they came, so that the newest can be forgotten */
    uint64_t table[SEEN];
};

/* A message as it waits. */
struct waiting {
    struct network_message message; /* its payload follows in the queue */
    int64_t arrived_ms;
};

struct server {
    struct server_world *world;
    struct network_server end;
    struct bus bus;
    bool running;
    uint64_t life;
    size_t queue_messages;
    struct queue *queue;
    struct peers *peers;
    struct intake *intake;
    struct sender *sender;
    struct terms *terms;
    struct route_cache *routes;
    struct pricing *pricing;
    struct batch_refused refused[LIMIT_BATCH_RECORDS];
    struct credits *credits;
    struct lines *lines;
    struct arena *items_arena, *try_arena;

    bool is_busy;  /* a batch is collected, tried or held */
    uint8_t *next; /* taken from the queue, not in the batch yet */
    size_t next_size;
    struct intake_item items[BATCH_ITEMS];
    struct waiting origins[BATCH_ITEMS];
    size_t item_count;
    bool maybe_committed;
    struct database_tables before; /* an attacker's message */

    struct dispatch_target targets[CLAIMS];
    struct span contents[CLAIMS];
    size_t target_count;
    wire_ConfigContent content;
    wire_Config config;
    wire_State state;
};

static void work(void *context, uint64_t life);

static void must(enum status status)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "simulation: the server cannot start: %s\n", status_text(status));
        abort();
    }
}

/* ---- memory ---- */

static uint64_t hash_of(struct span payload)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    uint64_t number;

    crypto_sha256(&payload, 1, hash);
    memcpy(&number, hash, sizeof number);
    return number | 1;
}

void server_memory_open(struct server_memory **out, struct timeline *timeline)
{
    *out = timeline_take(timeline, sizeof **out);
}

static uint64_t *slot_of(struct server_memory *memory, uint64_t hash)
{
    size_t place = hash % SEEN;

    while (memory->table[place] != 0 && memory->table[place] != hash)
        place = (place + 1) % SEEN;
    return &memory->table[place];
}

static bool was_seen(struct server_memory *memory, struct span payload)
{
    return *slot_of(memory, hash_of(payload)) != 0;
}

static void note_seen(struct server_memory *memory, struct span payload)
{
    const uint64_t hash = hash_of(payload);
    uint64_t *slot = slot_of(memory, hash);

    if (*slot != 0)
        return;
    if (memory->count == SEEN / 2) {
        fprintf(stderr, "simulation: more messages than the memory keeps\n");
        abort();
    }
    *slot = memory->order[memory->count++] = hash;
}

void server_memory_back_up(struct server_memory *memory)
{
    memory->backup_count = memory->count;
}

void server_memory_restore(struct server_memory *memory)
{
    memset(memory->table, 0, sizeof memory->table);
    memory->count = memory->backup_count;
    for (size_t i = 0; i < memory->count; i++)
        *slot_of(memory, memory->order[i]) = memory->order[i];
}

/* ---- the bus ---- */

enum status bus_publish(struct bus *bus, size_t broker, const char *topic, struct span payload)
{
    char device_id[LIMIT_SLUG + 1];
    enum topic_kind kind;

    (void)broker; /* there is one */
    if (!network_is_up(bus->network))
        return STATUS_UNREACHABLE;
    enum status status = topic_parse(span_text(topic), device_id, &kind);
    if (status == STATUS_OK)
        network_publish_down(bus->network, device_id, kind, payload);
    return status;
}

/* As bus.c does it: reports go first, and what finds the queue full is lost. */
static void on_message(void *context, const struct network_message *message)
{
    struct server *server = context;
    struct server_counts *counts = &server->world->counts;
    const struct waiting waiting = {*message, timeline_wall_ms(server->world->timeline)};
    const struct span parts[] = {span_of(&waiting, sizeof waiting), message->payload};

    if (!server->running)
        return;
    const size_t depth = queue_depth(server->queue);
    if (depth > counts->deepest)
        counts->deepest = depth;
    if (depth > server->queue_messages / 4 * 3 && message->kind == TOPIC_REPORT) {
        counts->shed++;
        return;
    }
    if (queue_put(server->queue, parts, 2) != STATUS_OK)
        counts->refused++;
    if (!server->is_busy) {
        server->is_busy = true;
        timeline_after(server->world->timeline, LINGER_MS, work, server, server->life);
    }
}

/* ---- collecting ---- */

/* The next message, from where it was put back or from the queue; false: none. */
static bool take_next(struct server *server)
{
    return server->next ||
           queue_take(server->queue, 0, &server->next, &server->next_size) == STATUS_OK;
}

/* False: the database is away and the device's keys are not known. */
static bool read_next(struct server *server)
{
    struct waiting *origin = &server->origins[server->item_count];
    struct bus_message message = {0};

    memcpy(origin, server->next, sizeof *origin);
    /* the bytes as the network holds them: they outlive this one's */
    message.payload = origin->message.payload;
    message.kind = origin->message.kind;
    message.arrived_ms = origin->arrived_ms;
    memcpy(message.device_id, origin->message.device_id, sizeof message.device_id);
    enum status status = intake_read(server->intake, &message, server->items_arena,
                                     &server->items[server->item_count]);
    if (status == STATUS_UNREACHABLE)
        return false;
    must(status);
    server->item_count++;
    free(server->next);
    server->next = NULL;
    return true;
}

static enum network_origin next_origin(const struct server *server)
{
    struct waiting waiting;

    memcpy(&waiting, server->next, sizeof waiting);
    return waiting.message.origin;
}

/* What an attacker sent gets a batch of its own, so that it shows what it changes. */
static void collect(struct server *server)
{
    server->item_count = 0;
    server->maybe_committed = false;
    arena_reset(server->items_arena);
    while (server->item_count < BATCH_ITEMS && take_next(server)) {
        const bool attacked = next_origin(server) != NETWORK_GENUINE;

        if ((attacked && server->item_count > 0) || !read_next(server) || attacked)
            break;
    }
}

/* ---- committing ---- */

static void add_stats(struct ingest_stats *sum, const struct ingest_stats *more)
{
    sum->batches += more->batches;
    sum->messages += more->messages;
    sum->records += more->records;
    sum->duplicates += more->duplicates;
    sum->quarantined += more->quarantined;
    sum->forks += more->forks;
    sum->gaps += more->gaps;
    sum->adjustments += more->adjustments;
    sum->stale += more->stale;
    sum->replayed += more->replayed;
    sum->forged += more->forged;
    sum->dropped += more->dropped;
}

/* Every line counts tokens, and nothing comes near what is granted: so what is reserved and charged
 * can be compared with the records. */
static void measure_tokens(wire_State *state)
{
    static const wire_CreditMeasure tokens = {
        .unit = "tokens",
        .weights_count = 6,
        .weights = {1, 1, 1, 1, 1, 1},
        .divisor = 1,
        .granted = 1ull << 40,
    };

    for (size_t i = 0; i < state->credit_count; i++) {
        state->credit[i].unlimited = false;
        state->credit[i].measures_count = 1;
        state->credit[i].measures[0] = tokens;
    }
}

static void send_states(struct server *server, const struct batch *batch)
{
    for (size_t i = 0; i < batch->state_count; i++) {
        const struct state_facts *facts = &batch->states[i];

        state_fill(facts, server->world->master_key, timeline_wall_ms(server->world->timeline),
                   &server->state);
        measure_tokens(&server->state);
        if (sender_send(server->sender, facts->device_id, facts->broker, TOPIC_STATE, MESSAGE_STATE,
                        &server->state) == STATUS_OK)
            server->world->counts.states++;
    }
}

/* True when but for the counts of bad messages nothing is different. */
static bool is_unchanged(const struct database_tables *before, const struct database_tables *after)
{
    if (before->journal_count != after->journal_count ||
        before->usage_count != after->usage_count || before->quarantined != after->quarantined ||
        memcmp(before->journals, after->journals, sizeof before->journals) != 0)
        return false;
    for (size_t i = 0; i < before->device_count; i++) {
        struct database_device device = after->devices[i];

        device.link.stale_messages = before->devices[i].link.stale_messages;
        device.link.forged_messages = before->devices[i].link.forged_messages;
        device.link.epoch = before->devices[i].link.epoch;
        if (memcmp(&device, &before->devices[i], sizeof device) != 0)
            return false;
    }
    return true;
}

static void judge_forged(struct server *server, const struct batch *batch)
{
    struct server_world *world = server->world;
    const struct network_message *message = &server->origins[0].message;
    const bool is_known = database_find(world->database, message->device_id) != NULL;

    world->counts.forged_sent++;
    if (batch->stats.forged != (is_known ? 1 : 0) || batch->stats.dropped != (is_known ? 0 : 1))
        findings_add(world->findings, "I3: a forged %s for %s was not counted as forged",
                     topic_kind_name(message->kind), message->device_id);
    if (!is_unchanged(&server->before, database_tables(world->database)))
        findings_add(world->findings, "I3: a forged %s changed something of %s",
                     topic_kind_name(message->kind), message->device_id);
}

/* Old enough for an alert: since it was sent, or since its session ended, which a will that was
 * forged may have done earlier. */
static bool may_alarm(const struct server *server)
{
    const struct server_world *world = server->world;
    const struct intake_item *item = &server->items[0];
    const struct network_message *message = &server->origins[0].message;
    const struct session *session =
        &database_find(world->database, message->device_id)->link.session;
    const bool is_present = item->session_number == session->number && session_is_live(session);

    if (world->timeline->now_ms - message->sent_ms >= STALE_WINDOW_MS)
        return true;
    return !is_present && item->arrived_ms - session->ended_at_ms > STALE_WINDOW_MS;
}

static void judge_replayed(struct server *server, const struct batch *batch)
{
    struct server_world *world = server->world;
    const struct network_message *message = &server->origins[0].message;

    world->counts.replayed_sent++;
    if (batch->stats.stale + batch->stats.replayed != 1)
        findings_add(world->findings, "I3: a replayed %s of %s was not counted as old",
                     topic_kind_name(message->kind), message->device_id);
    if (batch->stats.replayed > 0 && !may_alarm(server) && world->profile->step_ms == 0)
        findings_add(world->findings, "I3: a %s of %s raised an alert after %lld ms",
                     topic_kind_name(message->kind), message->device_id,
                     (long long)(world->timeline->now_ms - message->sent_ms));
    if (!is_unchanged(&server->before, database_tables(world->database)))
        findings_add(world->findings, "I3: a replayed %s changed something of %s",
                     topic_kind_name(message->kind), message->device_id);
}

static void judge(struct server *server, const struct batch *batch)
{
    const struct network_message *first = &server->origins[0].message;

    if (batch->maybe_committed || first->kind == TOPIC_PRESENCE)
        return; /* a try that may have taken place looks like a repetition; a will is not sealed */
    if (first->origin == NETWORK_FORGED)
        judge_forged(server, batch);
    else if (first->origin == NETWORK_REPLAYED && was_seen(server->world->memory, first->payload))
        judge_replayed(server, batch);
    else if (batch->stats.forged > 0)
        findings_add(server->world->findings, "I3: a genuine message was counted as forged");
}

static void draw_fault(struct server *server)
{
    struct server_world *world = server->world;

    if (!world->quiet && timeline_chance(world->timeline, world->profile->transactions_failing))
        database_set_fault(world->database,
                           (enum database_fault)timeline_between(
                               world->timeline, DATABASE_SERIALISATION, DATABASE_LOST_AFTER));
}

static void commit(struct server *server)
{
    struct server_world *world = server->world;
    struct batch batch = {
        .arena = server->try_arena,
        .terms = server->terms,
        .routes = server->routes,
        .pricing = server->pricing,
        .refused = server->refused,
        .credits = server->credits,
        .lines = server->lines,
        .stamp_key = world->master_key,
        .items = server->items,
        .item_count = server->item_count,
        .stale_window_ms = STALE_WINDOW_MS,
        .maybe_committed = server->maybe_committed,
    };

    server->before = *database_tables(world->database);
    draw_fault(server);
    enum status status = batch_commit(world->database, &batch);
    if (status == STATUS_UNREACHABLE) {
        server->maybe_committed = true;
        return;
    }
    must(status);
    judge(server, &batch);
    add_stats(&world->counts.ingest, &batch.stats);
    for (size_t i = 0; i < server->item_count; i++) {
        if (server->origins[i].message.origin != NETWORK_FORGED)
            note_seen(world->memory, server->origins[i].message.payload);
    }
    server->item_count = 0;
    if (!world->quiet && timeline_chance(world->timeline, world->profile->transactions_failing / 4))
        server_kill(server); /* committed, and nobody was told */
    else
        send_states(server, &batch);
}

/* How long until there is something to do again. */
static int64_t pause_of(const struct server *server)
{
    if (server->item_count > 0 || database_is_away(server->world->database))
        return RETRY_MS;
    return LINGER_MS + server->world->profile->commit_ms;
}

static void work(void *context, uint64_t life)
{
    struct server *server = context;

    if (server->life != life)
        return;
    if (server->item_count == 0)
        collect(server);
    server->is_busy = server->item_count > 0 || server->next;
    if (server->item_count > 0)
        commit(server);
    if (server->life == life && server->is_busy)
        timeline_after(server->world->timeline, pause_of(server), work, server, life);
}

/* ---- the outbox ---- */

static enum status build(struct store_conn *conn, struct server *server, size_t place)
{
    const char *id = server->targets[place].device_id;
    struct arena *arena = server->try_arena;
    struct dispatch_setting *settings = NULL;
    struct routes_row *routes = NULL;
    struct content_facts facts = {.brokers = {"broker.example:8883"},
                                  .broker_count = 1,
                                  .master_key = server->world->master_key};
    const char *problem = "";
    size_t refused = 0, size = 0;
    uint8_t *bytes = arena_take(arena, LIMIT_CONFIG_BYTES);

    must(dispatch_read_settings(conn, arena, &id, 1, &settings, &facts.setting_count));
    must(routes_read(conn, arena, &id, 1, &routes, &facts.route_count));
    struct lines_line *lines = arena_take(arena, LIMIT_CREDIT_LINES * sizeof *lines);
    lines_make(server->lines, routes, facts.route_count, NULL, 0, 0, lines, &facts.line_count);
    facts.trial = state_find_trial(routes, facts.route_count);
    facts.route_count -= facts.trial != NULL;
    facts.settings = settings;
    facts.lines = lines;
    must(content_fill(&facts, &server->content, &refused, &problem));
    must(
        message_encode(MESSAGE_CONFIG_CONTENT, &server->content, bytes, LIMIT_CONFIG_BYTES, &size));
    server->contents[place] = span_of(bytes, size);
    uint8_t *hash = arena_take(arena, CRYPTO_HASH_SIZE);
    crypto_sha256(&server->contents[place], 1, hash);
    const struct dispatch_sent sent = {.device_id = id, .hash = span_of(hash, CRYPTO_HASH_SIZE)};
    return dispatch_note_sent(conn, arena, &sent, 1);
}

static enum status prepare(struct store_conn *conn, void *context)
{
    struct server *server = context;

    arena_reset(server->try_arena);
    enum status status = dispatch_claim_configs(conn, server->try_arena, CLAIMS, server->targets,
                                                &server->target_count);
    for (size_t i = 0; status == STATUS_OK && i < server->target_count; i++)
        status = build(conn, server, i);
    return status;
}

static void send_config(struct server *server, size_t place)
{
    const struct dispatch_target *target = &server->targets[place];
    const struct span content = server->contents[place];
    wire_Config *config = &server->config;

    *config = (wire_Config){.has_header = true, .generation = (uint64_t)target->generation};
    config->header.has_session = true;
    config->header.session.number = target->session_number;
    memcpy(config->header.session.id, target->session_id, sizeof config->header.session.id);
    config->header.epoch = (uint32_t)target->epoch;
    config->header.server_time_ms = timeline_wall_ms(server->world->timeline);
    config->content.size = (pb_size_t)content.size;
    memcpy(config->content.bytes, content.data, content.size);
    if (sender_send(server->sender, target->device_id, target->broker, TOPIC_CONFIG, MESSAGE_CONFIG,
                    config) == STATUS_OK)
        server->world->counts.configs++;
}

static void serve(void *context, uint64_t life)
{
    struct server *server = context;
    struct server_world *world = server->world;

    if (server->life != life)
        return;
    timeline_after(world->timeline, OUTBOX_MS, serve, server, life);
    if (!network_is_up(world->network))
        return;
    draw_fault(server);
    server->target_count = 0;
    if (store_transaction(world->database, prepare, server) != STATUS_OK)
        return;
    for (size_t i = 0; i < server->target_count; i++)
        send_config(server, i);
}

/* ---- life ---- */

static void start(void *context, uint64_t life)
{
    struct server *server = context;
    struct server_world *world = server->world;

    if (server->life != life)
        return;
    server->queue_messages =
        world->profile->queue_messages ? world->profile->queue_messages : QUEUE_MESSAGES;
    must(queue_create(&server->queue, server->queue_messages, QUEUE_BYTES));
    must(peers_create(&server->peers, world->database, world->master_key));
    must(intake_create(&server->intake, server->peers));
    must(sender_create(&server->sender, &server->bus, server->peers));
    must(terms_create(&server->terms));
    must(route_cache_create(&server->routes));
    must(pricing_create(&server->pricing, server->terms, PRICING_NEEDED));
    must(credits_create(&server->credits));
    must(lines_create(&server->lines, server->credits, server->terms));
    must(arena_create(&server->items_arena, ARENA_BYTES));
    must(arena_create(&server->try_arena, ARENA_BYTES));
    server->item_count = 0;
    server->is_busy = false;
    server->running = true;
    timeline_after(world->timeline, OUTBOX_MS, serve, server, life);
}

static void stop(struct server *server)
{
    if (!server->running)
        return;
    server->running = false;
    server->life++;
    arena_free(server->try_arena);
    arena_free(server->items_arena);
    route_cache_free(server->routes);
    lines_free(server->lines);
    credits_free(server->credits);
    pricing_free(server->pricing);
    terms_free(server->terms);
    sender_free(server->sender);
    intake_free(server->intake);
    peers_free(server->peers);
    queue_free(server->queue);
    free(server->next);
    server->next = NULL;
}

void server_open(struct server **out, struct server_world *world)
{
    struct server *server = timeline_take(world->timeline, sizeof *server);

    server->world = world;
    server->bus.network = world->network;
    server->end = (struct network_server){.context = server, .on_message = on_message};
    network_add_server(world->network, &server->end);
    start(server, 0);
    *out = server;
}

void server_close(struct server *server)
{
    stop(server);
}

void server_kill(struct server *server)
{
    struct timeline *timeline = server->world->timeline;

    if (!server->running)
        return;
    stop(server);
    timeline_after(timeline, timeline_between(timeline, 200, 15000), start, server, server->life);
}

bool server_is_idle(const struct server *server)
{
    return server->running && !server->is_busy;
}
