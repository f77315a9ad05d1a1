#include "server/jobs/outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/bus/sender.h"
#include "server/bus/state.h"
#include "server/jobs/content.h"
#include "server/jobs/revocations.h"
#include "server/store/alarm.h"
#include "server/store/listener.h"
#include "server/store/spending.h"

#define CLAIM_LIMIT                                                                                \
    500 /* of one transaction: 500 configurations are at most 12 MB, lines 11 MB                   \
         */
#define TICK_MS     1000
#define ARENA_BYTES (64u << 20)

static const char *const channels[] = {"myna_outbox"};

/* A configuration ready to be sealed. */
struct parcel {
    const struct dispatch_target *target;
    const struct lines_line *lines;
    size_t line_count;
    const struct routes_row *trial; /* that the content comes with; NULL: none */
    const struct credits_account *const *accounts;
    size_t account_count;
    uint8_t mark[LINES_MARK_SIZE]; /* of the lines */
    bool knows_lines;              /* as they are: a state would tell the robot nothing */
    struct span content;           /* empty: could not be built */
};

struct outbox {
    struct store *store;
    struct bus *bus;
    uint8_t master_key[CRYPTO_KEY_SIZE];
    uint8_t stamp_key[CRYPTO_KEY_SIZE];
    const struct brokers *brokers;
    struct peers *peers;
    struct sender *sender;
    struct revocations *revocations;
    struct listener *listener;
    struct terms *terms;
    struct credits *credits;
    struct lines *lines;
    struct route_cache *routes; /* the ingest's, which hears of these generations next */
    struct arena *arena;
    struct dispatch_target targets[CLAIM_LIMIT];
    struct parcel parcels[CLAIM_LIMIT];
    size_t target_count;
    struct lines_line made[LIMIT_CREDIT_LINES];
    struct alarm alarms[CLAIM_LIMIT]; /* one for each robot at most */
    size_t alarm_count;
    wire_ConfigContent content;
    wire_ConfigSoftware software;
    wire_Config config;
    wire_State state;
    uint8_t encoded[LIMIT_CONFIG_BYTES];
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex, like what follows */
    bool woken;
    struct outbox_stats stats;
};

/* ---- waking ---- */

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct outbox *outbox = context;

    (void)channel;
    (void)payload;
    pthread_mutex_lock(&outbox->mutex);
    outbox->woken = true;
    pthread_cond_signal(&outbox->changed);
    pthread_mutex_unlock(&outbox->mutex);
}

/* Until something may be owed; false: it is time to stop. */
static bool wait_for_work(struct outbox *outbox)
{
    const int64_t at_ns = clock_mono_ns() + TICK_MS * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&outbox->mutex);
    while (!outbox->woken && !outbox->stopping && error == 0)
        error = pthread_cond_timedwait(&outbox->changed, &outbox->mutex, &at);
    outbox->woken = false;
    bool go_on = !outbox->stopping;
    pthread_mutex_unlock(&outbox->mutex);
    return go_on;
}

static bool is_stopping(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->mutex);
    bool stopping = outbox->stopping;
    pthread_mutex_unlock(&outbox->mutex);
    return stopping;
}

static void count(struct outbox *outbox, uint64_t *counter, uint64_t sent, uint64_t failures)
{
    pthread_mutex_lock(&outbox->mutex);
    *counter += sent;
    outbox->stats.failures += failures;
    pthread_mutex_unlock(&outbox->mutex);
}

static void expect_keys(struct outbox *outbox, const struct dispatch_target *target)
{
    peers_expect(outbox->peers, target->device_id, target->device_public, target->server_key_id);
}

/* ---- configurations ---- */

/* What the claimed devices' contents are made of. */
struct sources {
    struct dispatch_setting *settings;
    size_t setting_count;
    struct routes_row *routes;
    size_t route_count;
    struct credits_member *members;
    size_t member_count;
    struct dispatch_sealing_key keys[DISPATCH_KEYS];
    size_t key_count;
    struct dispatch_authority authorities[DISPATCH_AUTHORITIES];
    size_t authority_count;
    struct software_row *software;
    size_t software_count;
};

static const char **target_ids(struct outbox *outbox)
{
    const char **ids = arena_take(outbox->arena, (outbox->target_count + 1) * sizeof *ids);

    for (size_t i = 0; ids && i < outbox->target_count; i++)
        ids[i] = outbox->targets[i].device_id;
    return ids;
}

static bool has_pools(const struct outbox *outbox)
{
    size_t count;

    credits_pools(outbox->credits, &count);
    return count > 0;
}

/* What lines are made of. */
static enum status read_lines(struct store_conn *conn, struct outbox *outbox,
                              struct sources *sources)
{
    const char **ids = target_ids(outbox);

    if (!ids)
        return STATUS_MEMORY;
    enum status status = terms_refresh(outbox->terms, conn);
    if (status == STATUS_OK)
        status = routes_read(conn, outbox->arena, ids, outbox->target_count, &sources->routes,
                             &sources->route_count);
    if (status != STATUS_OK || !has_pools(outbox))
        return status;
    lines_begin(outbox->lines);
    return credits_read_members(conn, outbox->arena, ids, outbox->target_count, &sources->members,
                                &sources->member_count);
}

static enum status read_sources(struct store_conn *conn, struct outbox *outbox,
                                struct sources *sources)
{
    const char **ids = target_ids(outbox);

    if (!ids)
        return STATUS_MEMORY;
    enum status status = dispatch_read_settings(conn, outbox->arena, ids, outbox->target_count,
                                                &sources->settings, &sources->setting_count);
    if (status == STATUS_OK)
        status = software_read(conn, outbox->arena, ids, outbox->target_count, &sources->software,
                               &sources->software_count);
    if (status == STATUS_OK)
        status = read_lines(conn, outbox, sources);
    if (status == STATUS_OK)
        status =
            dispatch_read_sealing_keys(conn, outbox->arena, sources->keys, &sources->key_count);
    if (status == STATUS_OK)
        status = dispatch_read_authorities(conn, sources->authorities, &sources->authority_count);
    return status;
}

/* Sets *route_count to the routes of the device's setting. */
static enum status make_lines(struct outbox *outbox, const struct sources *sources,
                              struct parcel *parcel, size_t *route_count)
{
    const char *device_id = parcel->target->device_id;
    size_t group_count;
    const struct credits_member *groups =
        spending_find_groups(sources->members, sources->member_count, device_id, &group_count);
    const struct routes_row *routes =
        state_find_routes(sources->routes, sources->route_count, device_id, route_count);

    if (parcel->target->generation > 0 && outbox->routes)
        route_cache_keep(outbox->routes, device_id, parcel->target->epoch,
                         parcel->target->generation, routes, *route_count);

    lines_make(outbox->lines, routes, *route_count, groups, group_count, clock_wall_ms(),
               outbox->made, &parcel->line_count);
    parcel->trial = state_find_trial(routes, *route_count);
    *route_count -= parcel->trial != NULL;
    if (!parcel->trial || !parcel->trial->is_under_way)
        lines_drop_tests(outbox->made, &parcel->line_count);
    struct lines_line *lines = arena_take(outbox->arena, (parcel->line_count + 1) * sizeof *lines);
    if (!lines)
        return STATUS_MEMORY;
    memcpy(lines, outbox->made, parcel->line_count * sizeof *lines);
    parcel->lines = lines;
    return STATUS_OK;
}

/* Whether the robot was told these lines with the generation that it runs. A trial's come and go
 * within a generation. */
static void compare_lines(struct parcel *parcel)
{
    const struct dispatch_target *target = parcel->target;
    uint8_t before[LINES_MARK_SIZE];

    lines_mark(parcel->lines, parcel->line_count, target->epoch, target->generation, parcel->mark);
    lines_mark(parcel->lines, parcel->line_count, target->epoch, target->generation - 1, before);
    parcel->knows_lines =
        !parcel->trial && span_equal(target->told_lines, span_of(before, sizeof before));
}

/* Sorted by device, and so one after the other. */
static void find_accounts(const struct credits_account **rows, size_t row_count,
                          struct parcel *parcel)
{
    const char *device_id = parcel->target->device_id;
    size_t low = 0;
    size_t high = row_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(rows[middle]->device_id, device_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    parcel->accounts = rows + low;
    while (low + parcel->account_count < row_count &&
           strcmp(parcel->accounts[parcel->account_count]->device_id, device_id) == 0)
        parcel->account_count++;
}

/* Of those whom a state will be sent: no other message tells amounts. */
static enum status read_accounts(struct store_conn *conn, struct outbox *outbox)
{
    const char **ids = target_ids(outbox);
    struct credits_account *rows = NULL;
    size_t count = 0, row_count = 0;

    for (size_t i = 0; ids && i < outbox->target_count; i++) {
        if (!outbox->parcels[i].knows_lines)
            ids[count++] = outbox->targets[i].device_id;
    }
    if (count == 0 || !has_pools(outbox))
        return ids ? STATUS_OK : STATUS_MEMORY;
    enum status status = credits_read_accounts(conn, outbox->arena, ids, count, &rows, &row_count);
    const struct credits_account **found =
        arena_take(outbox->arena, (row_count + 1) * sizeof *found);
    if (status != STATUS_OK || !found)
        return status == STATUS_OK ? STATUS_MEMORY : status;
    for (size_t i = 0; i < row_count; i++)
        found[i] = &rows[i];
    for (size_t i = 0; i < outbox->target_count; i++)
        find_accounts(found, row_count, &outbox->parcels[i]);
    return STATUS_OK;
}

/* The rows are sorted by device. */
static const struct dispatch_setting *find_settings(const struct sources *sources,
                                                    const char *device_id, size_t *found)
{
    size_t first = 0;
    size_t high = sources->setting_count;

    while (first < high) {
        const size_t middle = first + (high - first) / 2;

        if (strcmp(sources->settings[middle].device_id, device_id) < 0)
            first = middle + 1;
        else
            high = middle;
    }
    size_t end = first;
    while (end < sources->setting_count && strcmp(sources->settings[end].device_id, device_id) == 0)
        end++;
    *found = end - first;
    return sources->settings + first;
}

/* Raised when all are built, at once: what is wrong with one robot's is mostly with a thousand's.
 */
static void note_problem(struct outbox *outbox, const char *kind, const char *device_id,
                         const char *problem)
{
    outbox->alarms[outbox->alarm_count++] = (struct alarm){
        .kind = kind,
        .severity = "warning",
        .subject = arena_format(outbox->arena, "device/%s", device_id),
        .detail = arena_format(outbox->arena, "{\"problem\":\"%s\"}", problem),
    };
}

/* The content, and the software behind it: together one message. */
static enum status encode_content(struct outbox *outbox, const struct content_facts *facts,
                                  size_t *size)
{
    size_t more = 0;
    enum status status = message_encode(MESSAGE_CONFIG_CONTENT, &outbox->content, outbox->encoded,
                                        sizeof outbox->encoded, size);

    if (status != STATUS_OK || facts->software_count == 0)
        return status;
    content_fill_software(facts, &outbox->software);
    status = message_encode(MESSAGE_CONFIG_SOFTWARE, &outbox->software, outbox->encoded + *size,
                            sizeof outbox->encoded - *size, &more);
    *size += more;
    return status;
}

/* Leaves the parcel's content empty, and notes an alert, when it cannot be built. */
static enum status build(struct outbox *outbox, const struct sources *sources,
                         struct parcel *parcel)
{
    const char *device_id = parcel->target->device_id;
    const char *problem = "it is larger than a configuration may be";
    size_t refused = 0;
    size_t size = 0;
    struct content_facts facts = {
        .keys = sources->keys,
        .key_count = sources->key_count,
        .keys_told = parcel->target->keys_told,
        .authorities = sources->authorities,
        .authority_count = sources->authority_count,
        .broker_count = outbox->brokers->robot_count,
        .master_key = outbox->master_key,
    };

    brokers_tell(outbox->brokers, device_id, facts.brokers);
    facts.settings = find_settings(sources, device_id, &facts.setting_count);
    if (make_lines(outbox, sources, parcel, &facts.route_count) != STATUS_OK)
        return STATUS_MEMORY;
    compare_lines(parcel);
    facts.lines = parcel->lines;
    facts.line_count = parcel->line_count;
    facts.trial = parcel->trial;
    facts.software =
        software_find(sources->software, sources->software_count, device_id, &facts.software_count);
    enum status status = content_fill(&facts, &outbox->content, &refused, &problem);
    if (status == STATUS_OK)
        status = encode_content(outbox, &facts, &size);
    crypto_wipe(&outbox->content, sizeof outbox->content);
    if (status != STATUS_OK) {
        log_error("outbox", "cannot build the configuration of \"%s\": %s", device_id, problem);
        note_problem(outbox, "config_failed", device_id, problem);
        return arena_failed(outbox->arena) ? STATUS_MEMORY : STATUS_OK;
    }
    parcel->content = arena_copy(outbox->arena, span_of(outbox->encoded, size));
    crypto_wipe(outbox->encoded, size);
    if (refused > 0)
        note_problem(outbox, "route_refused", device_id,
                     "a route is left out: its vendor or contract is missing or not in force, a "
                     "border lies between, or its terms have no upper bound that a limit of money "
                     "could be kept by");
    return arena_failed(outbox->arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status note_sent(struct store_conn *conn, struct outbox *outbox)
{
    struct dispatch_sent *sent = arena_take(outbox->arena, outbox->target_count * sizeof *sent);
    uint8_t(*hashes)[CRYPTO_HASH_SIZE] =
        arena_take(outbox->arena, outbox->target_count * sizeof *hashes);

    if (!sent || !hashes)
        return STATUS_MEMORY;
    for (size_t i = 0; i < outbox->target_count; i++) {
        const struct parcel *parcel = &outbox->parcels[i];

        sent[i] = (struct dispatch_sent){.device_id = parcel->target->device_id};
        if (!parcel->content.data)
            continue;
        crypto_sha256(&parcel->content, 1, hashes[i]);
        sent[i].hash = span_of(hashes[i], CRYPTO_HASH_SIZE);
        if (!parcel->trial)
            sent[i].told_lines = span_of(parcel->mark, sizeof parcel->mark);
    }
    return dispatch_note_sent(conn, outbox->arena, sent, outbox->target_count);
}

static enum status prepare_configs(struct store_conn *conn, void *context)
{
    struct outbox *outbox = context;
    struct sources sources = {0};

    arena_reset(outbox->arena);
    outbox->alarm_count = 0;
    enum status status = credits_refresh(outbox->credits, conn);
    if (status == STATUS_OK)
        status = dispatch_claim_configs(conn, outbox->arena, CLAIM_LIMIT, outbox->targets,
                                        &outbox->target_count);
    if (status != STATUS_OK || outbox->target_count == 0)
        return status;
    status = read_sources(conn, outbox, &sources);
    for (size_t i = 0; status == STATUS_OK && i < outbox->target_count; i++) {
        outbox->parcels[i] = (struct parcel){.target = &outbox->targets[i]};
        status = build(outbox, &sources, &outbox->parcels[i]);
    }
    if (status == STATUS_OK)
        status = alarm_raise(conn, outbox->arena, outbox->alarms, outbox->alarm_count);
    if (status == STATUS_OK)
        status = read_accounts(conn, outbox);
    return status == STATUS_OK ? note_sent(conn, outbox) : status;
}

/* Goes before a configuration whose routes need credit lines that the robot was not told. */
static enum status send_state(struct outbox *outbox, const struct parcel *parcel)
{
    static const uint8_t none[16];
    const struct dispatch_target *target = parcel->target;
    struct state_facts facts = {
        .device_id = target->device_id,
        .session_number = target->session_number,
        .epoch = target->epoch,
        .desired_generation = target->generation,
        .lines = parcel->lines,
        .line_count = parcel->line_count,
        .accounts = parcel->accounts,
        .account_count = parcel->account_count,
    };

    if (memcmp(target->journal.journal_id, none, sizeof none) == 0)
        return STATUS_OK; /* its hello will be answered */
    facts.journal = &target->journal;
    memcpy(facts.session_id, target->session_id, sizeof facts.session_id);
    state_fill(&facts, outbox->stamp_key, clock_wall_ms(), &outbox->state);
    enum status status = sender_send(outbox->sender, target->device_id, target->broker, TOPIC_STATE,
                                     MESSAGE_STATE, &outbox->state);
    count(outbox, &outbox->stats.states, status == STATUS_OK, status != STATUS_OK);
    return status;
}

static enum status send_config(struct outbox *outbox, const struct parcel *parcel)
{
    wire_Config *config = &outbox->config;
    const struct dispatch_target *target = parcel->target;

    if (!parcel->content.data)
        return STATUS_INVALID;
    enum status status = parcel->knows_lines ? STATUS_OK : send_state(outbox, parcel);
    if (status != STATUS_OK)
        return status;
    *config = (wire_Config){.has_header = true, .generation = (uint64_t)target->generation};
    config->header.has_session = true;
    config->header.session.number = target->session_number;
    memcpy(config->header.session.id, target->session_id, sizeof config->header.session.id);
    config->header.epoch = (uint32_t)target->epoch;
    config->header.server_time_ms = clock_wall_ms();
    config->content.size = (pb_size_t)parcel->content.size;
    memcpy(config->content.bytes, parcel->content.data, parcel->content.size);
    status = sender_send(outbox->sender, target->device_id, target->broker, TOPIC_CONFIG,
                         MESSAGE_CONFIG, config);
    crypto_wipe(config, sizeof *config);
    return status;
}

/* True when there may be more. */
static bool serve_configs(struct outbox *outbox)
{
    outbox->target_count = 0;
    enum status status = store_transaction(outbox->store, prepare_configs, outbox);

    if (status != STATUS_OK) {
        log_debug("outbox", "no configurations now: %s", status_text(status));
        return false;
    }
    for (size_t i = 0; i < outbox->target_count; i++) {
        expect_keys(outbox, &outbox->targets[i]);
        enum status sent = send_config(outbox, &outbox->parcels[i]);

        count(outbox, &outbox->stats.configs, sent == STATUS_OK, sent != STATUS_OK);
        crypto_wipe((void *)outbox->parcels[i].content.data, outbox->parcels[i].content.size);
    }
    return outbox->target_count == CLAIM_LIMIT;
}

/* ---- states ---- */

static enum status prepare_states(struct store_conn *conn, void *context)
{
    struct outbox *outbox = context;
    struct sources sources = {0};

    arena_reset(outbox->arena);
    enum status status = credits_refresh(outbox->credits, conn);
    if (status == STATUS_OK)
        status = dispatch_claim_states(conn, outbox->arena, CLAIM_LIMIT, outbox->targets,
                                       &outbox->target_count);
    if (status != STATUS_OK || outbox->target_count == 0)
        return status;
    status = read_lines(conn, outbox, &sources);
    for (size_t i = 0; status == STATUS_OK && i < outbox->target_count; i++) {
        size_t route_count;

        outbox->parcels[i] = (struct parcel){.target = &outbox->targets[i]};
        status = make_lines(outbox, &sources, &outbox->parcels[i], &route_count);
    }
    return status == STATUS_OK ? read_accounts(conn, outbox) : status;
}

/* True when there may be more. */
static bool serve_states(struct outbox *outbox)
{
    outbox->target_count = 0;
    if (store_transaction(outbox->store, prepare_states, outbox) != STATUS_OK)
        return false;
    for (size_t i = 0; i < outbox->target_count; i++) {
        expect_keys(outbox, &outbox->targets[i]);
        if (send_state(outbox, &outbox->parcels[i]) != STATUS_OK)
            log_debug("outbox", "no state for \"%s\" now", outbox->targets[i].device_id);
    }
    return outbox->target_count == CLAIM_LIMIT;
}

/* ---- commands ---- */

static enum status claim_commands(struct store_conn *conn, void *context)
{
    struct outbox *outbox = context;

    arena_reset(outbox->arena);
    return dispatch_claim_commands(conn, outbox->arena, CLAIM_LIMIT, outbox->targets,
                                   &outbox->target_count);
}

static enum status send_command(struct outbox *outbox, const struct dispatch_target *target)
{
    wire_Command command = wire_Command_init_zero;
    size_t text_size = strlen(target->command_text);
    enum status status = message_command_from_name(span_text(target->command_kind), &command.kind);

    if (status != STATUS_OK || text_size >= sizeof command.text)
        return STATUS_INVALID;
    command.has_header = true;
    command.header.has_session = true;
    command.header.session.number = target->session_number;
    memcpy(command.header.session.id, target->session_id, sizeof command.header.session.id);
    command.header.epoch = (uint32_t)target->epoch;
    command.header.server_time_ms = clock_wall_ms();
    memcpy(command.id, target->command_id, sizeof command.id);
    command.expires_ms = target->command_expires_ms;
    memcpy(command.text, target->command_text, text_size + 1);
    return sender_send(outbox->sender, target->device_id, target->broker, TOPIC_COMMAND,
                       MESSAGE_COMMAND, &command);
}

static bool serve_commands(struct outbox *outbox)
{
    outbox->target_count = 0;
    if (store_transaction(outbox->store, claim_commands, outbox) != STATUS_OK)
        return false;
    for (size_t i = 0; i < outbox->target_count; i++) {
        expect_keys(outbox, &outbox->targets[i]);
        enum status sent = send_command(outbox, &outbox->targets[i]);

        count(outbox, &outbox->stats.commands, sent == STATUS_OK, sent != STATUS_OK);
    }
    return outbox->target_count == CLAIM_LIMIT;
}

/* ---- the loop ---- */

static void *run(void *argument)
{
    struct outbox *outbox = argument;

    do {
        /* claiming while the broker is away would only raise the pauses */
        if (!bus_is_connected(outbox->bus))
            continue;
        revocations_publish(outbox->revocations);
        while (serve_states(outbox) && !is_stopping(outbox))
            ;
        while (serve_configs(outbox) && !is_stopping(outbox))
            ;
        while (serve_commands(outbox) && !is_stopping(outbox))
            ;
    } while (wait_for_work(outbox));
    return NULL;
}

static void init_lock(struct outbox *outbox)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&outbox->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum status make_parts(struct outbox *outbox)
{
    enum status status = peers_create(&outbox->peers, outbox->store, outbox->master_key);

    if (status == STATUS_OK)
        status = sender_create(&outbox->sender, outbox->bus, outbox->peers);
    if (status == STATUS_OK)
        status = revocations_create(&outbox->revocations, outbox->store, outbox->bus);
    if (status == STATUS_OK)
        status = terms_create(&outbox->terms);
    if (status == STATUS_OK)
        status = credits_create(&outbox->credits);
    if (status == STATUS_OK)
        status = lines_create(&outbox->lines, outbox->credits, outbox->terms);
    if (status == STATUS_OK)
        status = arena_create(&outbox->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = listener_start(&outbox->listener, outbox->store, channels, 1, on_notify, outbox);
    return status;
}

static void stop_thread(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->mutex);
    outbox->stopping = true;
    pthread_cond_signal(&outbox->changed);
    pthread_mutex_unlock(&outbox->mutex);
    if (outbox->thread_runs)
        pthread_join(outbox->thread, NULL);
}

enum status outbox_start(struct outbox **out, struct store *store, struct bus *bus,
                         const struct outbox_options *options)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    if (!outbox)
        return STATUS_MEMORY;
    init_lock(outbox);
    outbox->store = store;
    outbox->bus = bus;
    outbox->routes = options->routes;
    memcpy(outbox->master_key, options->master_key, sizeof outbox->master_key);
    memcpy(outbox->stamp_key, options->stamp_key, sizeof outbox->stamp_key);
    outbox->brokers = options->brokers;
    enum status status = make_parts(outbox);
    if (status == STATUS_OK) {
        outbox->thread_runs = pthread_create(&outbox->thread, NULL, run, outbox) == 0;
        status = outbox->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        outbox_stop(outbox);
        return status;
    }
    *out = outbox;
    return STATUS_OK;
}

void outbox_stop(struct outbox *outbox)
{
    if (!outbox)
        return;
    listener_stop(outbox->listener);
    stop_thread(outbox);
    arena_free(outbox->arena);
    lines_free(outbox->lines);
    credits_free(outbox->credits);
    terms_free(outbox->terms);
    revocations_free(outbox->revocations);
    sender_free(outbox->sender);
    peers_free(outbox->peers);
    pthread_cond_destroy(&outbox->changed);
    pthread_mutex_destroy(&outbox->mutex);
    crypto_wipe(outbox, sizeof *outbox);
    free(outbox);
}

void outbox_read_stats(struct outbox *outbox, struct outbox_stats *out)
{
    pthread_mutex_lock(&outbox->mutex);
    *out = outbox->stats;
    pthread_mutex_unlock(&outbox->mutex);
}
