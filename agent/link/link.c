#include "agent/link/link.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/link/client.h"
#include "agent/link/remember.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "schema/base/queue.h"

#define QUEUE_MESSAGES     512
#define QUEUE_BYTES        (4 << 20)
#define CONNECT_LIMIT_MS   30000 /* the client should have told by then */
#define RECONNECT_FIRST_MS 1000
#define RECONNECT_MAX_MS   60000
#define STEADY_MS          30000 /* a connection that stood this long was a good one */
#define REMEMBER_EVERY_MS  60000
#define MAX_UNSENT         64 /* messages that the client may hold: reports are shed beyond */
#define MAX_UNSENT_USAGE   256

enum link_state {
    LINK_WAITING,     /* until due_ms */
    LINK_CONNECTING,  /* CONNECT is under way */
    LINK_SUBSCRIBING, /* SUBSCRIBE is under way */
    LINK_UP,          /* the peer speaks */
};

enum link_event {
    LINK_DUE,        /* due_ms has come */
    LINK_CONNECTED,  /* CONNACK */
    LINK_SUBSCRIBED, /* SUBACK */
    LINK_FAILED,     /* refused, lost or never answered */
    LINK_LEAVE,      /* the server wants a higher session */
};

/* What travels through the queue: one kind byte, then what the kind says. */
enum queued {
    QUEUED_EVENT = 1,   /* struct event_note */
    QUEUED_MESSAGE = 2, /* connection number (4), topic length (2), topic, payload */
    QUEUED_WAKE = 3,
    QUEUED_FINISH = 4, /* struct finish_note, attachment */
    QUEUED_REMEMBER = 5,
    QUEUED_INTERVAL = 6,
    QUEUED_PAIRS = 7,
    QUEUED_SETTLED = 8,
    QUEUED_STOP = 9,
};

struct event_note {
    uint32_t connection;
    enum link_event event;
    int code;
};

struct finish_note {
    uint8_t id[16];
    int64_t expires_ms;
    struct peer_answer answer;
};

struct link {
    struct link_options options;
    pthread_t thread;
    bool started;
    struct queue *queue;
    struct peer *peer;
    struct peer_scratch *scratch;
    struct remember remember;
    int64_t remembered_ms;
    struct backoff backoff;

    enum link_state state;
    int64_t due_ms;
    int64_t ready_ms;      /* when the server first answered on this connection; 0: not yet */
    struct client *client; /* what comes from an older connection of it is ignored */
    atomic_bool ready;
    atomic_uint unanswered_hellos;
    atomic_bool lost; /* an event could not be queued: look after the connection */
    wire_Session session;
    uint64_t floor;
    bool complained;

    pthread_mutex_t lock; /* of the brokers */
    char brokers[LIMIT_BROKERS][LIMIT_URL + 1];
    size_t broker_count, broker_next;
};

static struct peer_time time_now(void)
{
    return (struct peer_time){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

/* Queueing: on the client's threads and on those of the callers. */

static enum status put(struct link *link, enum queued kind, struct span first, struct span second)
{
    const uint8_t byte = (uint8_t)kind;
    const struct span parts[] = {span_of(&byte, 1), first, second};

    return queue_put(link->queue, parts, 3);
}

static void put_event(struct link *link, uint32_t connection, enum link_event event, int code)
{
    const struct event_note note = {connection, event, code};

    if (put(link, QUEUED_EVENT, span_of(&note, sizeof note), span_of(NULL, 0)) != STATUS_OK)
        atomic_store(&link->lost, true);
}

static void on_client(void *context, uint32_t connection, enum client_event event, int code)
{
    static const enum link_event events[] = {
        [CLIENT_CONNECTED] = LINK_CONNECTED,
        [CLIENT_SUBSCRIBED] = LINK_SUBSCRIBED,
        [CLIENT_FAILED] = LINK_FAILED,
    };

    put_event(context, connection, events[event], code);
}

/* A message that finds the queue full is lost; the protocol repeats what matters. */
static void on_message(void *context, uint32_t connection, struct span topic, struct span payload)
{
    struct link *link = context;
    const struct {
        uint32_t connection, topic_size;
    } head = {connection, (uint32_t)topic.size};
    const uint8_t kind = QUEUED_MESSAGE;
    const struct span parts[] = {span_of(&kind, 1), span_of(&head, sizeof head), topic, payload};

    if (queue_put(link->queue, parts, 4) != STATUS_OK)
        atomic_store(&link->lost, true);
}

/* Connection: actions of the state table, on the link's thread. */

static bool next_broker(struct link *link, char out[LIMIT_URL + 1])
{
    pthread_mutex_lock(&link->lock);
    const bool any = link->broker_count > 0;
    if (any)
        memcpy(out, link->brokers[link->broker_next++ % link->broker_count], LIMIT_URL + 1);
    pthread_mutex_unlock(&link->lock);
    return any;
}

static void drop_client(struct link *link)
{
    client_drop(link->client);
    atomic_store(&link->ready, false);
    peer_disconnected(link->peer);
}

static enum status raise_session(struct link *link)
{
    struct remember *remember = &link->remember;

    if (link->floor > remember->session_number)
        remember->session_number = link->floor;
    remember->session_number++;
    link->session.number = remember->session_number;
    crypto_random(link->session.id, sizeof link->session.id);
    link->remembered_ms = clock_mono_ms();
    return remember_save(remember);
}

static int send_connect(struct link *link, const char *broker)
{
    uint8_t presence[PEER_PRESENCE_SIZE];
    char topic[TOPIC_SIZE];
    size_t presence_size = 0;

    if (peer_make_presence(&link->session, presence, &presence_size) != STATUS_OK)
        return -1;
    topic_make(topic, link->options.device_id, TOPIC_PRESENCE);
    return client_connect(link->client, broker, topic, span_of(presence, presence_size));
}

static void complain(struct link *link, const char *what, int code)
{
    if (!link->complained)
        log_warning("link", "%s code=%d (trying again; the robot talks on meanwhile)", what, code);
    link->complained = true;
}

/* True: LINK_CONNECTING. */
static bool start_connect(struct link *link)
{
    char broker[LIMIT_URL + 1];

    drop_client(link);
    if (!next_broker(link, broker))
        return false;
    enum status status = raise_session(link);
    if (status != STATUS_OK) {
        /* the same number twice would make the server take this session for the one before */
        complain(link, "cannot keep the session's number", (int)status);
        return false;
    }
    int code = send_connect(link, broker);
    if (code != 0)
        complain(link, "cannot connect to the broker", code);
    link->due_ms = clock_mono_ms() + CONNECT_LIMIT_MS;
    return code == 0;
}

static bool start_subscribe(struct link *link)
{
    char filter[TOPIC_SIZE];

    topic_make_down_filter(filter, link->options.device_id);
    link->due_ms = clock_mono_ms() + CONNECT_LIMIT_MS;
    return client_subscribe(link->client, filter);
}

static bool greet(struct link *link)
{
    log_info("link", "connected to the broker session=%llu",
             (unsigned long long)link->session.number);
    link->complained = false;
    link->due_ms = INT64_MAX;
    peer_connected(link->peer, &link->session, time_now());
    return true;
}

/* Two robots of one identity (a copied disk) end each other's connections: pauses that began anew
 * each time the server answers would let them do so many times a second. */
static bool wait_for_next(struct link *link)
{
    const int64_t now_ms = clock_mono_ms();

    if (link->ready_ms != 0 && now_ms - link->ready_ms >= STEADY_MS)
        backoff_reset(&link->backoff);
    link->ready_ms = 0;
    drop_client(link);
    link->due_ms = now_ms + backoff_next(&link->backoff, crypto_random_u64());
    return true;
}

/* The server was reached and said which number to take: waiting long would let another robot of
 * this identity take that one as well. */
static bool wait_a_little(struct link *link)
{
    drop_client(link);
    link->ready_ms = 0;
    link->due_ms = clock_mono_ms() + (int64_t)(crypto_random_u64() % RECONNECT_FIRST_MS);
    return true;
}

static const struct {
    enum link_state from;
    enum link_event event;
    enum link_state to;
    bool (*action)(struct link *link); /* false: LINK_FAILED follows in the new state */
} transitions[] = {
    {LINK_WAITING, LINK_DUE, LINK_CONNECTING, start_connect},
    {LINK_CONNECTING, LINK_CONNECTED, LINK_SUBSCRIBING, start_subscribe},
    {LINK_CONNECTING, LINK_FAILED, LINK_WAITING, wait_for_next},
    {LINK_CONNECTING, LINK_DUE, LINK_WAITING, wait_for_next},
    {LINK_SUBSCRIBING, LINK_SUBSCRIBED, LINK_UP, greet},
    {LINK_SUBSCRIBING, LINK_FAILED, LINK_WAITING, wait_for_next},
    {LINK_SUBSCRIBING, LINK_DUE, LINK_WAITING, wait_for_next},
    {LINK_UP, LINK_FAILED, LINK_WAITING, wait_for_next},
    {LINK_UP, LINK_LEAVE, LINK_WAITING, wait_a_little},
};

/* The one place that changes the state. An event that no row names is ignored. */
static void handle_event(struct link *link, enum link_event event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++) {
        if (transitions[i].from != link->state || transitions[i].event != event)
            continue;
        link->state = transitions[i].to;
        if (!transitions[i].action(link))
            handle_event(link, LINK_FAILED);
        return;
    }
}

/* The peer's host, on the link's thread. */

static bool is_shed(struct link *link, enum topic_kind kind)
{
    int unsent = client_unsent(link->client);

    /* reports go first, usage waits in the journal; hello and replies are few */
    return (kind == TOPIC_REPORT && unsent >= MAX_UNSENT) ||
           (kind == TOPIC_USAGE && unsent >= MAX_UNSENT_USAGE);
}

static void publish(void *context, enum topic_kind kind, unsigned qos, struct span payload)
{
    struct link *link = context;
    char topic[TOPIC_SIZE];

    if (link->state != LINK_UP || is_shed(link, kind))
        return;
    if (kind == TOPIC_HELLO)
        atomic_fetch_add(&link->unanswered_hellos, 1);
    topic_make(topic, link->options.device_id, kind);
    client_publish(link->client, topic, qos, payload);
}

static void reconnect(void *context, uint64_t floor)
{
    struct link *link = context;

    log_warning("link", "the server knows a newer session of this robot floor=%llu",
                (unsigned long long)floor);
    link->floor = floor;
    put_event(link, client_connection(link->client), LINK_LEAVE, 0);
}

/* Receipts change with each state: on disk at once only when the epoch does. */
static void remember(void *context, uint32_t epoch, struct span receipt)
{
    struct link *link = context;
    const int64_t now_ms = clock_mono_ms();
    bool urgent = epoch != link->remember.epoch || now_ms - link->remembered_ms > REMEMBER_EVERY_MS;

    link->remember.epoch = epoch;
    link->remember.receipt_size = receipt.size;
    memcpy(link->remember.receipt, receipt.data, receipt.size);
    if (!urgent)
        return;
    link->remembered_ms = now_ms;
    enum status status = remember_save(&link->remember);
    if (status != STATUS_OK)
        log_warning("link", "cannot keep the receipt in \"%s\": %s", link->remember.path,
                    status_text(status));
}

static void configure(void *context, uint64_t generation, struct span content,
                      const uint8_t hash[CRYPTO_HASH_SIZE])
{
    const struct link_host *host = &((struct link *)context)->options.host;

    host->configure(host->context, generation, content, hash);
}

static void running(void *context, struct peer_running *out)
{
    const struct link_host *host = &((struct link *)context)->options.host;

    host->running(host->context, out);
}

static size_t settings(void *context, wire_SettingStatus *out)
{
    const struct link_host *host = &((struct link *)context)->options.host;

    return host->settings(host->context, out);
}

static void command(void *context, const wire_Command *order, struct peer_answer *answer)
{
    const struct link_host *host = &((struct link *)context)->options.host;

    host->command(host->context, order, answer);
}

static void health(void *context, wire_Health *out)
{
    const struct link_host *host = &((struct link *)context)->options.host;

    host->health(host->context, out);
}

/* The thread. */

static void on_queued_event(struct link *link, struct span body)
{
    struct event_note note;

    if (body.size != sizeof note)
        return;
    memcpy(&note, body.data, sizeof note);
    if (note.connection != client_connection(link->client))
        return;
    if (note.event == LINK_FAILED && link->state != LINK_WAITING)
        complain(link, "no connection to the broker", note.code);
    handle_event(link, note.event);
}

static void on_queued_message(struct link *link, struct span body)
{
    struct {
        uint32_t connection, topic_size;
    } head;

    if (body.size < sizeof head)
        return;
    memcpy(&head, body.data, sizeof head);
    if (head.connection != client_connection(link->client) || link->state != LINK_UP ||
        head.topic_size > body.size - sizeof head)
        return;
    const uint8_t *topic = body.data + sizeof head;
    const size_t payload_size = body.size - sizeof head - head.topic_size;
    enum status status = peer_receive(link->peer, span_of(topic, head.topic_size),
                                      span_of(topic + head.topic_size, payload_size), time_now());
    if (status == STATUS_FORGED || status == STATUS_NOT_FOUND || status == STATUS_INVALID)
        log_warning("link", "dropped a message that the server did not seal for this robot: %s",
                    status_text(status));
    if (peer_phase(link->peer) == PEER_READY) {
        if (link->ready_ms == 0)
            link->ready_ms = clock_mono_ms();
        atomic_store(&link->ready, true);
        client_forget_failures(link->client);
        atomic_store(&link->unanswered_hellos, 0);
    }
}

static void on_queued_finish(struct link *link, struct span body)
{
    struct finish_note note;

    if (body.size < sizeof note)
        return;
    memcpy(&note, body.data, sizeof note);
    peer_finish_command(link->peer, note.id, &note.answer,
                        span_of(body.data + sizeof note, body.size - sizeof note), time_now());
}

static void on_queued_remember(struct link *link, struct span body)
{
    struct finish_note note;

    if (body.size != sizeof note)
        return;
    memcpy(&note, body.data, sizeof note);
    peer_remember_command(link->peer, note.id, note.expires_ms, note.answer.status);
}

static void on_queued_interval(struct link *link, struct span body)
{
    int64_t interval_s;

    if (body.size != sizeof interval_s)
        return;
    memcpy(&interval_s, body.data, sizeof interval_s);
    peer_set_report_interval(link->peer, interval_s);
}

static void on_queued_pairs(struct link *link, struct span body)
{
    struct box_pair pairs[PEER_PAIRS];

    if (body.size == 0 || body.size > sizeof pairs || body.size % sizeof *pairs != 0)
        return;
    memcpy(pairs, body.data, body.size);
    peer_set_pairs(link->peer, pairs, body.size / sizeof *pairs);
    crypto_wipe(pairs, sizeof pairs);
}

static void on_queued_settled(struct link *link, struct span body)
{
    (void)body;
    peer_config_settled(link->peer, time_now());
}

static void (*const handlers[])(struct link *link, struct span body) = {
    [QUEUED_EVENT] = on_queued_event,       [QUEUED_MESSAGE] = on_queued_message,
    [QUEUED_FINISH] = on_queued_finish,     [QUEUED_REMEMBER] = on_queued_remember,
    [QUEUED_INTERVAL] = on_queued_interval, [QUEUED_PAIRS] = on_queued_pairs,
    [QUEUED_SETTLED] = on_queued_settled,   [QUEUED_STOP] = NULL,
};

/* Handles what is queued, waiting up to timeout_ms for the first. False: stop. */
static bool take(struct link *link, int64_t timeout_ms)
{
    uint8_t *data;
    size_t size;

    while (queue_take(link->queue, timeout_ms, &data, &size) == STATUS_OK) {
        const unsigned kind = size > 0 ? data[0] : QUEUED_WAKE;

        if (kind < QUEUED_STOP && handlers[kind])
            handlers[kind](link, span_of(data + 1, size - 1));
        free(data);
        if (kind == QUEUED_STOP)
            return false;
        timeout_ms = 0;
    }
    return true;
}

static void *run(void *context)
{
    struct link *link = context;
    int64_t timeout_ms = 0;

    while (take(link, timeout_ms)) {
        if (atomic_exchange(&link->lost, false) && !client_is_connected(link->client))
            handle_event(link, LINK_FAILED);
        if (clock_mono_ms() >= link->due_ms)
            handle_event(link, LINK_DUE);
        const struct peer_time now = time_now();
        int64_t next_ms = peer_tick(link->peer, now);
        if (link->due_ms < next_ms)
            next_ms = link->due_ms;
        timeout_ms = next_ms - now.mono_ms;
        if (timeout_ms < 0)
            timeout_ms = 0;
        if (timeout_ms > 1000)
            timeout_ms = 1000; /* a wake-up that found the queue full comes late, not never */
    }
    return NULL;
}

/* Life. */

static enum status make_peer(struct link *link, const struct link_options *options)
{
    const struct peer_options peer = {
        .pair = options->pair,
        .journal = options->journal,
        .scratch = link->scratch,
        .host = {.context = link,
                 .publish = publish,
                 .reconnect = reconnect,
                 .configure = configure,
                 .running = running,
                 .settings = settings,
                 .command = command,
                 .health = health,
                 .remember = remember},
        .software = options->software,
        .hardware = options->hardware,
        .capabilities = options->capabilities,
        .capability_count = options->capability_count,
        .epoch_seen = link->remember.epoch,
        .receipt = span_of(link->remember.receipt, link->remember.receipt_size),
        .report_interval_s = options->report_interval_s,
        .seed = crypto_random_u64(),
    };

    return peer_create(&link->peer, &peer);
}

static enum status make_client(struct link *link, const struct link_options *options)
{
    const struct client_options client = {
        .id = options->device_id,
        .key_path = options->key_path,
        .cert_path = options->cert_path,
        .broker_ca_path = options->broker_ca_path,
        .listener = {link, on_client, on_message},
    };

    return client_create(&link->client, &client);
}

enum status link_create(struct link **out, const struct link_options *options)
{
    struct link *link = calloc(1, sizeof *link);

    if (!link)
        return STATUS_MEMORY;
    link->options = *options;
    link->due_ms = clock_mono_ms();
    pthread_mutex_init(&link->lock, NULL);
    link_set_brokers(link, options->brokers, options->broker_count);
    backoff_init(&link->backoff, RECONNECT_FIRST_MS, RECONNECT_MAX_MS, 100);
    enum status status = remember_load(&link->remember, options->remember_path);
    if (status == STATUS_CORRUPT) {
        log_warning("link", "\"%s\" is damaged; starting a new count of sessions",
                    options->remember_path);
        status = STATUS_OK;
    }
    if (link->remember.epoch < options->epoch)
        link->remember.epoch = options->epoch;
    if (status == STATUS_OK)
        status = queue_create(&link->queue, QUEUE_MESSAGES, QUEUE_BYTES);
    if (status == STATUS_OK)
        status = peer_scratch_create(&link->scratch);
    if (status == STATUS_OK)
        status = make_peer(link, options);
    if (status == STATUS_OK)
        status = make_client(link, options);
    if (status == STATUS_OK)
        *out = link;
    else
        link_free(link);
    return status;
}

enum status link_start(struct link *link)
{
    if (pthread_create(&link->thread, NULL, run, link) != 0)
        return STATUS_MEMORY;
    link->started = true;
    return STATUS_OK;
}

void link_stop(struct link *link)
{
    if (!link || !link->started)
        return;
    link->started = false;
    while (put(link, QUEUED_STOP, span_of(NULL, 0), span_of(NULL, 0)) == STATUS_FULL)
        clock_sleep_ms(1);
    pthread_join(link->thread, NULL);
    client_leave(link->client); /* its last will ends the session for the server */
    drop_client(link);
    if (remember_save(&link->remember) != STATUS_OK)
        log_warning("link", "cannot keep the receipt in \"%s\"", link->remember.path);
}

void link_free(struct link *link)
{
    if (!link)
        return;
    client_free(link->client);
    peer_free(link->peer);
    peer_scratch_free(link->scratch);
    queue_free(link->queue);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

void link_set_brokers(struct link *link, const char (*brokers)[LIMIT_URL + 1], size_t count)
{
    pthread_mutex_lock(&link->lock);
    memcpy(link->brokers, brokers, count * sizeof *brokers);
    link->broker_count = count;
    link->broker_next = 0;
    pthread_mutex_unlock(&link->lock);
}

void link_wake(struct link *link)
{
    /* a full queue wakes the thread as well */
    if (put(link, QUEUED_WAKE, span_of(NULL, 0), span_of(NULL, 0)) != STATUS_OK)
        return;
}

void link_finish_command(struct link *link, const uint8_t id[16], const struct peer_answer *answer,
                         struct span attachment)
{
    struct finish_note note = {.answer = *answer};

    memcpy(note.id, id, sizeof note.id);
    if (put(link, QUEUED_FINISH, span_of(&note, sizeof note), attachment) != STATUS_OK)
        log_warning("link", "the answer to a command was dropped: the queue is full");
}

void link_remember_command(struct link *link, const uint8_t id[16], int64_t expires_ms)
{
    struct finish_note note = {.expires_ms = expires_ms,
                               .answer.status = wire_CommandStatus_COMMAND_DONE};

    memcpy(note.id, id, sizeof note.id);
    if (put(link, QUEUED_REMEMBER, span_of(&note, sizeof note), span_of(NULL, 0)) != STATUS_OK)
        log_warning("link", "a command could not be remembered: the queue is full");
}

void link_config_settled(struct link *link)
{
    if (put(link, QUEUED_SETTLED, span_of(NULL, 0), span_of(NULL, 0)) != STATUS_OK)
        log_debug("link", "how a trial ended is told by the next report: the queue is full");
}

void link_set_report_interval(struct link *link, int64_t interval_s)
{
    if (put(link, QUEUED_INTERVAL, span_of(&interval_s, sizeof interval_s), span_of(NULL, 0)) !=
        STATUS_OK)
        log_warning("link", "the report interval was not changed: the queue is full");
}

void link_set_pairs(struct link *link, const struct box_pair *pairs, size_t count)
{
    if (put(link, QUEUED_PAIRS, span_of(pairs, count * sizeof *pairs), span_of(NULL, 0)) !=
        STATUS_OK)
        log_warning("link", "new server keys were dropped: the queue is full");
}

bool link_is_ready(struct link *link)
{
    return atomic_load(&link->ready);
}

struct link_silence link_silence(struct link *link)
{
    return (struct link_silence){client_failed_handshakes(link->client),
                                 atomic_load(&link->unanswered_hellos)};
}

bool link_is_flushed(struct link *link)
{
    return client_unsent(link->client) <= 0 && queue_depth(link->queue) == 0;
}
