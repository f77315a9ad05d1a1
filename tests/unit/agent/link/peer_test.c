/* The test is the server: it opens what the peer publishes and seals what the peer receives. */
#include "agent/link/peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define WALL_MS      1700000000000
#define SERVER_AHEAD 5000

struct sent {
    unsigned count;
    uint8_t box[LIMIT_MESSAGE_BYTES];
    size_t size;
    unsigned qos;
};

struct fixture {
    char folder[64], path[96];
    struct journal *journal;
    struct peer_scratch *scratch;
    struct peer *peer;
    struct box_pair pair;
    wire_Session session;
    struct peer_time now;
    uint32_t epoch;

    struct sent sent[16]; /* by kind */
    uint64_t floor;
    struct peer_running running;
    bool tries; /* what it is given before it runs */
    unsigned configured, commanded, remembered;
    struct peer_answer answer;
    uint32_t remembered_epoch;

    uint8_t plain[LIMIT_MESSAGE_BYTES], box[LIMIT_MESSAGE_BYTES];
    wire_Hello hello;
    wire_UsageBatch usage;
    wire_Report report;
    wire_Reply reply;
    wire_Config config;
};

static void on_publish(void *context, enum topic_kind kind, unsigned qos, struct span payload)
{
    struct fixture *fixture = context;
    struct sent *sent = &fixture->sent[kind];

    sent->count++;
    sent->qos = qos;
    sent->size = payload.size;
    memcpy(sent->box, payload.data, payload.size);
}

static void on_reconnect(void *context, uint64_t floor)
{
    ((struct fixture *)context)->floor = floor;
}

static void on_configure(void *context, uint64_t generation, struct span content,
                         const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct fixture *fixture = context;

    (void)content;
    fixture->configured++;
    fixture->running.generation_held = generation;
    if (fixture->tries) {
        fixture->running.has_trial = true;
        fixture->running.trial = (wire_TrialReport){.generation = generation,
                                                    .verdict = wire_TrialVerdict_TRIAL_RUNNING};
        return;
    }
    fixture->running.generation_running = generation;
    fixture->running.has_config = true;
    memcpy(fixture->running.config_hash, hash, CRYPTO_HASH_SIZE);
}

static void on_running(void *context, struct peer_running *out)
{
    *out = ((struct fixture *)context)->running;
}

static size_t on_settings(void *context, wire_SettingStatus *out)
{
    (void)context;
    out[0] = (wire_SettingStatus){.name = "volume", .outcome = wire_SettingOutcome_SETTING_APPLIED};
    return 1;
}

static void on_command(void *context, const wire_Command *command, struct peer_answer *answer)
{
    struct fixture *fixture = context;

    (void)command;
    fixture->commanded++;
    *answer = fixture->answer;
}

static void on_health(void *context, wire_Health *out)
{
    (void)context;
    out->turns = 3;
}

static void on_remember(void *context, uint32_t epoch, struct span receipt)
{
    struct fixture *fixture = context;

    (void)receipt;
    fixture->remembered++;
    fixture->remembered_epoch = epoch;
}

static void make_pair(struct fixture *fixture)
{
    uint8_t device_private[32], server_private[32];

    snprintf(fixture->pair.device_id, sizeof fixture->pair.device_id, "r1");
    assert_int_equal(pki_make_x25519(device_private, fixture->pair.device_public), STATUS_OK);
    assert_int_equal(pki_make_x25519(server_private, fixture->pair.server_public), STATUS_OK);
    assert_int_equal(pki_agree(device_private, fixture->pair.server_public, fixture->pair.secret),
                     STATUS_OK);
}

static void make_peer(struct fixture *fixture)
{
    static const char *const capabilities[] = {"voice", "face"};
    const struct peer_options options = {
        .pair = &fixture->pair,
        .journal = fixture->journal,
        .scratch = fixture->scratch,
        .host = {fixture, on_publish, on_reconnect, on_configure, on_running, on_settings,
                 on_command, on_health, on_remember},
        .software = "0.1.0",
        .hardware = "test",
        .capabilities = capabilities,
        .capability_count = 2,
        .report_interval_s = 60,
        .seed = 7,
    };

    assert_int_equal(peer_create(&fixture->peer, &options), STATUS_OK);
}

static void connect_peer(struct fixture *fixture)
{
    fixture->session.number++;
    fixture->session.id[0]++;
    peer_connected(fixture->peer, &fixture->session, fixture->now);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-peer-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/journal", fixture->folder);
    const struct journal_options options = {.path = fixture->path,
                                            .device_id = "r1",
                                            .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
                                            .now_ms = WALL_MS};
    assert_int_equal(journal_open(&fixture->journal, &options), STATUS_OK);
    assert_int_equal(peer_scratch_create(&fixture->scratch), STATUS_OK);
    fixture->now = (struct peer_time){.mono_ms = 1000, .wall_ms = WALL_MS};
    fixture->epoch = 1;
    fixture->answer.status = wire_CommandStatus_COMMAND_DONE;
    make_pair(fixture);
    make_peer(fixture);
    connect_peer(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    peer_free(fixture->peer);
    peer_scratch_free(fixture->scratch);
    journal_close(fixture->journal);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static void wait_ms(struct fixture *fixture, int64_t duration_ms)
{
    fixture->now.mono_ms += duration_ms;
    fixture->now.wall_ms += duration_ms;
    peer_tick(fixture->peer, fixture->now);
}

/* Opens the last message of this kind, as the server does. */
static void read_sent(struct fixture *fixture, enum topic_kind kind, enum message_type type,
                      void *message)
{
    const struct sent *sent = &fixture->sent[kind];
    size_t size;

    assert_true(sent->count > 0);
    assert_int_equal(box_open(&fixture->pair, BOX_UP, (uint8_t)kind, span_of(sent->box, sent->size),
                              fixture->plain, &size),
                     STATUS_OK);
    assert_int_equal(message_decode(type, span_of(fixture->plain, size), message), STATUS_OK);
}

static const wire_Hello *hello(struct fixture *fixture)
{
    read_sent(fixture, TOPIC_HELLO, MESSAGE_HELLO, &fixture->hello);
    return &fixture->hello;
}

static const wire_Reply *reply(struct fixture *fixture)
{
    read_sent(fixture, TOPIC_REPLY, MESSAGE_REPLY, &fixture->reply);
    return &fixture->reply;
}

static wire_DownHeader down_header(const struct fixture *fixture)
{
    return (wire_DownHeader){
        .has_session = true,
        .session = fixture->session,
        .epoch = fixture->epoch,
        .server_time_ms = fixture->now.wall_ms + SERVER_AHEAD,
    };
}

static size_t seal(struct fixture *fixture, enum topic_kind kind, enum message_type type,
                   const void *message)
{
    size_t size;

    assert_int_equal(message_encode(type, message, fixture->plain, sizeof fixture->plain, &size),
                     STATUS_OK);
    assert_int_equal(box_seal(&fixture->pair, BOX_DOWN, (uint8_t)kind,
                              span_of(fixture->plain, size), fixture->box),
                     STATUS_OK);
    return size + BOX_OVERHEAD;
}

static enum status deliver_box(struct fixture *fixture, enum topic_kind kind, size_t size)
{
    char topic[TOPIC_SIZE];

    topic_make(topic, "r1", kind);
    return peer_receive(fixture->peer, span_text(topic), span_of(fixture->box, size), fixture->now);
}

static enum status deliver(struct fixture *fixture, enum topic_kind kind, enum message_type type,
                           const void *message)
{
    return deliver_box(fixture, kind, seal(fixture, kind, type, message));
}

/* A state that acknowledges nothing new: what the journal itself knows. */
static wire_State plain_state(struct fixture *fixture)
{
    const wire_JournalHead *head = &hello(fixture)->journal;
    wire_State state = {.has_header = true, .header = down_header(fixture)};
    struct chain_parent parent = {0};

    memcpy(state.journal_id, head->id, sizeof state.journal_id);
    memcpy(parent.id, head->parent_id.bytes, head->parent_id.size);
    memcpy(parent.hash, head->parent_hash.bytes, head->parent_hash.size);
    parent.seq = head->parent_seq;
    state.acknowledged_hash.size = CRYPTO_HASH_SIZE;
    chain_start("r1", head->id, &parent, state.acknowledged_hash.bytes);
    return state;
}

static void welcome(struct fixture *fixture)
{
    wire_State state = plain_state(fixture);

    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &state), STATUS_OK);
    assert_int_equal(peer_phase(fixture->peer), PEER_READY);
}

static void use(struct fixture *fixture, unsigned number)
{
    wire_UsageRecord record = {.attempt = 1, .turn[0] = (uint8_t)number, .turn[1] = 1};

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    record.provenance = wire_Provenance_VENDOR_FINAL;
    record.outcome = wire_Outcome_ANSWERED;
    record.output = number;
    record.requests = 1;
    record.end_ms = WALL_MS;
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
}

/* Acknowledges the last usage message, all of it. */
static wire_State acknowledging_state(struct fixture *fixture)
{
    wire_State state = {.has_header = true, .header = down_header(fixture)};

    read_sent(fixture, TOPIC_USAGE, MESSAGE_USAGE_BATCH, &fixture->usage);
    memcpy(state.journal_id, fixture->usage.journal_id, sizeof state.journal_id);
    state.acknowledged_seq = fixture->usage.first_seq + fixture->usage.records_count - 1;
    state.acknowledged_hash.size = CRYPTO_HASH_SIZE;
    memcpy(state.acknowledged_hash.bytes, fixture->usage.previous_hash, CRYPTO_HASH_SIZE);
    for (size_t i = 0; i < fixture->usage.records_count; i++)
        chain_next(state.acknowledged_hash.bytes,
                   span_of(fixture->usage.records[i].bytes, fixture->usage.records[i].size));
    return state;
}

static unsigned sent_count(const struct fixture *fixture, enum topic_kind kind)
{
    return fixture->sent[kind].count;
}

static void hello_is_repeated_until_a_state_arrives(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 1);
    assert_int_equal(fixture->sent[TOPIC_HELLO].qos, 1);
    assert_int_equal(hello(fixture)->header.session.number, 1);
    assert_int_equal(hello(fixture)->header.counter, 1);
    wait_ms(fixture, 4999);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 1);
    wait_ms(fixture, 300000);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2);
    assert_int_equal(hello(fixture)->header.counter, 2);
    welcome(fixture);
    wait_ms(fixture, 3600000);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2);
}

static void usage_waits_for_the_state_that_answers_hello(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 1);
    wait_ms(fixture, 4000);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 0);
    welcome(fixture);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 1);
}

static void i1_one_batch_is_under_way_until_it_is_acknowledged(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    use(fixture, 1);
    wait_ms(fixture, 1);
    use(fixture, 2);
    wait_ms(fixture, 1);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 1);
    wire_State acknowledged = acknowledging_state(fixture);
    assert_int_equal(fixture->usage.records_count, 1);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &acknowledged), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 2);
    acknowledged = acknowledging_state(fixture);
    assert_int_equal(fixture->usage.first_seq, 2);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &acknowledged), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 2);
    assert_int_equal(journal_pending(fixture->journal), 0);
}

static void i1_an_unanswered_batch_is_sent_again_sealed_anew(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    use(fixture, 1);
    wait_ms(fixture, 1);
    read_sent(fixture, TOPIC_USAGE, MESSAGE_USAGE_BATCH, &fixture->usage);
    uint64_t counter = fixture->usage.header.counter;
    wait_ms(fixture, 4990);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 1);
    use(fixture, 2);
    wait_ms(fixture, 6000);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 2);
    read_sent(fixture, TOPIC_USAGE, MESSAGE_USAGE_BATCH, &fixture->usage);
    assert_true(fixture->usage.header.counter > counter);
    assert_int_equal(fixture->usage.first_seq, 1);
}

static void usage_is_sent_at_once_when_the_server_asks(void **state)
{
    struct fixture *fixture = *state;
    wire_State wanted = plain_state(fixture);

    welcome(fixture);
    use(fixture, 1);
    wait_ms(fixture, 1);
    wanted.want_usage = true;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &wanted), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 2);
}

static void usage_flows_again_in_the_next_session(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    use(fixture, 1);
    wait_ms(fixture, 1);
    peer_disconnected(fixture->peer);
    wait_ms(fixture, 1);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 1);
    connect_peer(fixture);
    assert_int_equal(hello(fixture)->header.counter, 1);
    welcome(fixture);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 2);
}

static void i3_a_box_for_another_session_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    wire_State old = plain_state(fixture);

    connect_peer(fixture);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &old), STATUS_STALE);
    old = plain_state(fixture);
    old.header.session.number--;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &old), STATUS_STALE);
    old = plain_state(fixture);
    old.header.session.id[15] ^= 1;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &old), STATUS_STALE);
    assert_int_equal(peer_phase(fixture->peer), PEER_GREETING);
}

static void i3_a_forged_or_misaddressed_box_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    wire_State good = plain_state(fixture);
    size_t size = seal(fixture, TOPIC_STATE, MESSAGE_STATE, &good);
    char topic[TOPIC_SIZE];

    assert_int_equal(deliver_box(fixture, TOPIC_CONFIG, size), STATUS_FORGED);
    topic_make(topic, "r2", TOPIC_STATE);
    assert_int_equal(
        peer_receive(fixture->peer, span_text(topic), span_of(fixture->box, size), fixture->now),
        STATUS_INVALID);
    topic_make(topic, "r1", TOPIC_USAGE);
    assert_int_equal(
        peer_receive(fixture->peer, span_text(topic), span_of(fixture->box, size), fixture->now),
        STATUS_INVALID);
    for (size_t i = 0; i < size; i++) {
        fixture->box[i] ^= 1;
        assert_int_not_equal(deliver_box(fixture, TOPIC_STATE, size), STATUS_OK);
        fixture->box[i] ^= 1;
        assert_int_not_equal(deliver_box(fixture, TOPIC_STATE, i), STATUS_OK);
    }
    assert_int_equal(peer_phase(fixture->peer), PEER_GREETING);
    assert_int_equal(deliver_box(fixture, TOPIC_STATE, size), STATUS_OK);
}

static void i3_boxes_that_were_refused_are_told_within_seconds_and_once(void **state)
{
    struct fixture *fixture = *state;
    wire_State good = plain_state(fixture);

    welcome(fixture);
    wait_ms(fixture, 60000); /* the first report after a connection is over */
    const unsigned before = sent_count(fixture, TOPIC_REPORT);
    size_t size = seal(fixture, TOPIC_STATE, MESSAGE_STATE, &good);
    for (int i = 0; i < 3; i++) {
        fixture->box[60] ^= 1;
        fixture->box[61] ^= (uint8_t)(i + 1);
        assert_int_equal(deliver_box(fixture, TOPIC_STATE, size), STATUS_FORGED);
    }
    for (int i = 0; i < 6; i++)
        wait_ms(fixture, 1000);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    read_sent(fixture, TOPIC_REPORT, MESSAGE_REPORT, &fixture->report);
    assert_int_equal(fixture->report.boxes_refused, 3);

    for (int i = 0; i < 80; i++)
        wait_ms(fixture, 1000);
    assert_true(sent_count(fixture, TOPIC_REPORT) > before + 1);
    read_sent(fixture, TOPIC_REPORT, MESSAGE_REPORT, &fixture->report);
    assert_int_equal(fixture->report.boxes_refused, 0);
}

static void a_session_below_the_floor_reconnects_above_it(void **state)
{
    struct fixture *fixture = *state;
    wire_State floor = plain_state(fixture);

    floor.session_floor = 40;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &floor), STATUS_OK);
    assert_int_equal(fixture->floor, 40);
    assert_int_equal(peer_phase(fixture->peer), PEER_OFFLINE);
}

static void a_state_that_wants_hello_gets_one_and_does_not_end_the_greeting(void **state)
{
    struct fixture *fixture = *state;
    wire_State wanted = plain_state(fixture);

    wanted.want_hello = true;
    wait_ms(fixture, 2000);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &wanted), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &wanted), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2);
    assert_int_equal(peer_phase(fixture->peer), PEER_GREETING);
}

static void a_lower_epoch_is_ignored_and_a_higher_one_has_records_sent_again(void **state)
{
    struct fixture *fixture = *state;
    wire_State before = plain_state(fixture);

    before.session_floor = 99;
    fixture->epoch = 2;
    welcome(fixture);
    use(fixture, 1);
    wait_ms(fixture, 1);
    wire_State acknowledged = acknowledging_state(fixture);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &acknowledged), STATUS_OK);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &before), STATUS_STALE);
    assert_int_equal(fixture->floor, 0);

    fixture->epoch = 3;
    wire_State restored = plain_state(fixture);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &restored), STATUS_OK);
    assert_int_equal(fixture->remembered_epoch, 3);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2); /* of which epoch its amounts are */
    assert_int_equal(hello(fixture)->epoch_seen, 3);
    welcome(fixture);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 2);
}

/* One line that counts tokens. */
static void add_credit(wire_State *state, uint64_t granted, uint64_t return_to)
{
    state->credit[state->credit_count++] = (wire_CreditLine){
        .line_id = "l1",
        .measures_count = 1,
        .measures = {{.weights_count = 6,
                      .weights = {1, 1, 1, 1, 1, 1},
                      .divisor = 1,
                      .granted = granted,
                      .return_to = return_to}},
    };
}

static void grant(struct fixture *fixture, uint64_t granted, uint64_t return_to)
{
    wire_State state = plain_state(fixture);

    add_credit(&state, granted, return_to);
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &state), STATUS_OK);
}

/* Stands in for a disk that has no room beyond what was set aside. */
static bool disk_is_full;

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    return disk_is_full ? ENOSPC : __real_posix_fallocate(fd, offset, size);
}

static enum status tell_credit(struct fixture *fixture, uint64_t granted)
{
    wire_State state = plain_state(fixture);

    add_credit(&state, granted, 0);
    return deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &state);
}

/* Its amounts were still those of the epoch before, and hello named the new one beside them. */
static void i2_an_epoch_that_a_full_disk_could_not_note_is_not_seen(void **state)
{
    struct fixture *fixture = *state;
    enum status status = STATUS_OK;
    uint64_t granted = 1;

    fixture->epoch = 2;
    grant(fixture, granted, 0);
    disk_is_full = true;
    while (status == STATUS_OK && granted < 10000)
        status = tell_credit(fixture, ++granted);
    assert_int_equal(status, STATUS_FULL);
    fixture->epoch = 3;
    assert_int_equal(tell_credit(fixture, 5), STATUS_FULL);
    disk_is_full = false;
    assert_int_equal(fixture->remembered_epoch, 2);
    assert_int_equal(hello(fixture)->epoch_seen, 2);
    grant(fixture, 5, 0);
    assert_int_equal(fixture->remembered_epoch, 3);
    assert_int_equal(hello(fixture)->epoch_seen, 3);
}

static enum status attempt(struct fixture *fixture, unsigned number, uint64_t output)
{
    wire_UsageRecord record = {
        .attempt = 1, .turn = {(uint8_t)number, 2}, .line_id = "l1", .reserved_output = output};

    return journal_begin(fixture->journal, &record);
}

static const wire_CreditAmount *reported(struct fixture *fixture)
{
    read_sent(fixture, TOPIC_REPORT, MESSAGE_REPORT, &fixture->report);
    assert_int_equal(fixture->report.credit_count, 1);
    return &fixture->report.credit[0].amounts[0];
}

static void a_refusal_for_credit_is_told_at_once_at_most_every_five_seconds(void **state)
{
    struct fixture *fixture = *state;

    grant(fixture, 100, 0);
    wait_ms(fixture, 40000); /* the first report is over */
    const unsigned before = sent_count(fixture, TOPIC_REPORT);
    assert_int_equal(before, 1);
    assert_int_equal(attempt(fixture, 1, 300), STATUS_DENIED);
    wait_ms(fixture, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    assert_int_equal(reported(fixture)->wanted, 300);
    for (unsigned i = 0; i < 49; i++) {
        assert_int_equal(attempt(fixture, 1, 300), STATUS_DENIED);
        wait_ms(fixture, 100);
    }
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    wait_ms(fixture, 100);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 2);
    wait_ms(fixture, 10000);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 2);
    grant(fixture, 400, 0);
    assert_int_equal(attempt(fixture, 1, 300), STATUS_OK);
}

/* The owner waits: a server that answers is asked again without a pause. */
static void a_refusal_that_a_grant_may_help_is_told_at_once_when_the_last_was_answered(void **state)
{
    struct fixture *fixture = *state;

    grant(fixture, 100, 0);
    wait_ms(fixture, 40000);
    const unsigned before = sent_count(fixture, TOPIC_REPORT);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(attempt(fixture, 1, 300), STATUS_DENIED);
        wait_ms(fixture, 1);
        assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + i + 1);
        grant(fixture, 101 + i, 0);
    }
}

static void i2_what_is_asked_back_is_returned_and_told_at_once(void **state)
{
    struct fixture *fixture = *state;

    grant(fixture, 1000, 0);
    wait_ms(fixture, 40000);
    assert_int_equal(attempt(fixture, 1, 300), STATUS_OK);
    const unsigned before = sent_count(fixture, TOPIC_REPORT);
    grant(fixture, 1000, 900);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    assert_int_equal(reported(fixture)->returned, 700);
    assert_int_equal(fixture->report.journal.open_attempts, 1);
    grant(fixture, 1000, 900); /* nothing more can be given back */
    wait_ms(fixture, 1000);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
}

static void i2_a_state_about_another_journal_grants_nothing(void **state)
{
    struct fixture *fixture = *state;
    wire_State other = plain_state(fixture);

    add_credit(&other, 1000, 0);
    other.journal_id[0] ^= 1;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &other), STATUS_OK);
    assert_int_equal(attempt(fixture, 1, 300), STATUS_DENIED);
    grant(fixture, 1000, 0);
    assert_int_equal(attempt(fixture, 1, 300), STATUS_OK);
}

static void a_line_that_came_with_other_weights_is_told_in_the_next_report(void **state)
{
    struct fixture *fixture = *state;
    wire_State other = plain_state(fixture);

    grant(fixture, 100, 0);
    add_credit(&other, 900, 0);
    other.credit[0].measures[0].weights[4] = 2;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &other), STATUS_OK);
    wait_ms(fixture, 10000);
    assert_int_equal(reported(fixture)->granted_seen, 100);
    assert_int_equal(fixture->report.lines_refused, 1);
    wait_ms(fixture, 80000);
    assert_int_equal(reported(fixture)->granted_seen, 100);
    assert_int_equal(fixture->report.lines_refused, 0);
}

static void a_forked_journal_is_replaced_and_announced_before_usage_flows(void **state)
{
    struct fixture *fixture = *state;
    wire_State forked = plain_state(fixture);

    use(fixture, 1);
    forked.journal_verdict = wire_JournalVerdict_JOURNAL_FORKED;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &forked), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 0);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2);
    assert_memory_equal(hello(fixture)->journal.parent_id.bytes, forked.journal_id, 16);
    welcome(fixture);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 1);
}

static void a_quarantined_journal_sends_no_usage(void **state)
{
    struct fixture *fixture = *state;
    wire_State quarantined = plain_state(fixture);

    use(fixture, 1);
    quarantined.journal_verdict = wire_JournalVerdict_JOURNAL_QUARANTINED;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &quarantined), STATUS_OK);
    wait_ms(fixture, 600000);
    assert_int_equal(sent_count(fixture, TOPIC_USAGE), 0);
}

static void i1_an_acknowledgement_of_another_chain_forks_the_journal_and_loses_nothing(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    use(fixture, 1);
    wait_ms(fixture, 2000);
    wire_State wrong = acknowledging_state(fixture);
    wrong.acknowledged_hash.bytes[0] ^= 1;
    assert_int_equal(deliver(fixture, TOPIC_STATE, MESSAGE_STATE, &wrong), STATUS_OK);
    assert_int_equal(journal_pending(fixture->journal), 1);
    assert_int_equal(sent_count(fixture, TOPIC_HELLO), 2);
    assert_memory_equal(hello(fixture)->journal.parent_id.bytes, wrong.journal_id, 16);
    assert_int_equal(peer_phase(fixture->peer), PEER_GREETING);
}

static void attempts_learn_the_servers_clock(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = {.attempt = 1};

    welcome(fixture);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(record.clock_offset_ms, SERVER_AHEAD);
    assert_int_equal(record.state_time_ms, WALL_MS + SERVER_AHEAD);
}

static enum status configure(struct fixture *fixture, uint64_t generation, const char *content)
{
    fixture->config =
        (wire_Config){.has_header = true, .header = down_header(fixture), .generation = generation};
    fixture->config.content.size = (pb_size_t)strlen(content);
    memcpy(fixture->config.content.bytes, content, strlen(content));
    return deliver(fixture, TOPIC_CONFIG, MESSAGE_CONFIG, &fixture->config);
}

static void i4_a_configuration_is_applied_once_and_answered_each_time(void **state)
{
    struct fixture *fixture = *state;
    const struct span content = span_text("one");
    uint8_t hash[CRYPTO_HASH_SIZE];

    assert_int_equal(configure(fixture, 5, "one"), STATUS_OK);
    assert_int_equal(configure(fixture, 5, "one"), STATUS_OK);
    assert_int_equal(fixture->configured, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 2);
    crypto_sha256(&content, 1, hash);
    assert_int_equal(reply(fixture)->generation, 5);
    assert_memory_equal(reply(fixture)->config_hash.bytes, hash, sizeof hash);
    assert_int_equal(reply(fixture)->settings_count, 1);
}

static void i4_an_older_configuration_is_ignored(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(configure(fixture, 5, "five"), STATUS_OK);
    assert_int_equal(configure(fixture, 4, "four"), STATUS_STALE);
    assert_int_equal(fixture->configured, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 1);
    assert_int_equal(configure(fixture, 5, "five, mended"), STATUS_OK);
    assert_int_equal(fixture->configured, 2);
}

static void a_configuration_on_its_way_to_the_disk_is_answered_when_it_is_there(void **state)
{
    struct fixture *fixture = *state;

    fixture->running.is_settling = true;
    assert_int_equal(configure(fixture, 5, "five"), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 0);
    fixture->running.is_settling = false;
    peer_config_settled(fixture->peer, fixture->now);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 1);
    assert_int_equal(reply(fixture)->generation, 5);
}

static void a_configuration_under_trial_is_answered_by_the_one_that_runs(void **state)
{
    struct fixture *fixture = *state;
    wire_TrialReport *trial = &fixture->running.trial;

    assert_int_equal(configure(fixture, 5, "five"), STATUS_OK);
    fixture->tries = true;
    for (unsigned times = 1; times <= 2; times++) {
        assert_int_equal(configure(fixture, 6, "six"), STATUS_OK);
        assert_int_equal(sent_count(fixture, TOPIC_REPLY), 1 + times);
        assert_int_equal(reply(fixture)->generation, 5);
        assert_true(reply(fixture)->has_trial);
        assert_int_equal(reply(fixture)->trial.generation, 6);
        assert_int_equal(reply(fixture)->trial.verdict, wire_TrialVerdict_TRIAL_RUNNING);
    }
    trial->step = wire_TrialStep_TRIAL_TEXT;
    connect_peer(fixture);
    assert_int_equal(hello(fixture)->generation_held, 6);
    assert_int_equal(hello(fixture)->generation_running, 5);
    assert_int_equal(hello(fixture)->trial.step, wire_TrialStep_TRIAL_TEXT);
    welcome(fixture);
    wait_ms(fixture, 100000);
    read_sent(fixture, TOPIC_REPORT, MESSAGE_REPORT, &fixture->report);
    assert_int_equal(fixture->report.generation_running, 5);
    assert_int_equal(fixture->report.trial.generation, 6);
}

/* As daylight saving begins. */
static void the_distance_from_utc_is_told_with_every_hello_and_report(void **state)
{
    struct fixture *fixture = *state;

    connect_peer(fixture);
    assert_false(hello(fixture)->has_utc_offset_min);
    fixture->running.has_utc_offset = true;
    connect_peer(fixture);
    assert_true(hello(fixture)->has_utc_offset_min);
    assert_int_equal(hello(fixture)->utc_offset_min, 0);
    welcome(fixture);
    fixture->running.utc_offset_min = 60;
    wait_ms(fixture, 100000);
    read_sent(fixture, TOPIC_REPORT, MESSAGE_REPORT, &fixture->report);
    assert_true(fixture->report.has_utc_offset_min);
    assert_int_equal(fixture->report.utc_offset_min, 60);
}

static void a_trial_that_has_ended_is_told_at_once(void **state)
{
    struct fixture *fixture = *state;
    wire_TrialReport *trial = &fixture->running.trial;

    assert_int_equal(configure(fixture, 5, "five"), STATUS_OK);
    fixture->tries = true;
    assert_int_equal(configure(fixture, 6, "six"), STATUS_OK);
    trial->verdict = wire_TrialVerdict_TRIAL_FAILED;
    trial->error_class = wire_ErrorClass_AUTH;
    peer_config_settled(fixture->peer, fixture->now);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 3);
    assert_int_equal(reply(fixture)->generation, 5);
    assert_int_equal(reply(fixture)->trial.error_class, wire_ErrorClass_AUTH);
    assert_int_equal(configure(fixture, 6, "six"), STATUS_OK); /* sent again: still as it is */
    assert_int_equal(reply(fixture)->generation, 5);

    trial->verdict = wire_TrialVerdict_TRIAL_PASSED;
    fixture->running.generation_running = 6;
    peer_config_settled(fixture->peer, fixture->now);
    assert_int_equal(reply(fixture)->generation, 6);
    const unsigned told = sent_count(fixture, TOPIC_REPLY);
    peer_disconnected(fixture->peer);
    peer_config_settled(fixture->peer, fixture->now);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), told);
}

static enum status command(struct fixture *fixture, uint8_t id, wire_CommandKind kind,
                           int64_t valid_ms)
{
    const wire_Command message = {.has_header = true,
                                  .header = down_header(fixture),
                                  .id[0] = id,
                                  .expires_ms = fixture->now.wall_ms + SERVER_AHEAD + valid_ms,
                                  .kind = kind};

    return deliver(fixture, TOPIC_COMMAND, MESSAGE_COMMAND, &message);
}

static void a_command_is_carried_out_once_and_answered_each_time(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    assert_int_equal(command(fixture, 1, wire_CommandKind_IDENTIFY, 60000), STATUS_OK);
    assert_int_equal(command(fixture, 1, wire_CommandKind_IDENTIFY, 60000), STATUS_OK);
    assert_int_equal(fixture->commanded, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 2);
    assert_int_equal(reply(fixture)->command_status, wire_CommandStatus_COMMAND_DONE);
    assert_int_equal(reply(fixture)->command_id.bytes[0], 1);
}

static void an_expired_command_is_answered_and_not_carried_out(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    assert_int_equal(command(fixture, 1, wire_CommandKind_SAY, -1), STATUS_OK);
    assert_int_equal(fixture->commanded, 0);
    assert_int_equal(reply(fixture)->command_status, wire_CommandStatus_COMMAND_EXPIRED);
}

static void a_slow_command_is_answered_when_it_ends(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t id[16] = {1}, other[16] = {2};
    const struct peer_answer done = {.status = wire_CommandStatus_COMMAND_DONE};

    welcome(fixture);
    fixture->answer.status = wire_CommandStatus_COMMAND_NONE;
    assert_int_equal(command(fixture, 1, wire_CommandKind_PICTURE, 60000), STATUS_OK);
    assert_int_equal(command(fixture, 1, wire_CommandKind_PICTURE, 60000), STATUS_OK);
    assert_int_equal(fixture->commanded, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 0);
    peer_finish_command(fixture->peer, other, &done, span_text("png"), fixture->now);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 0);
    peer_finish_command(fixture->peer, id, &done, span_text("png"), fixture->now);
    assert_int_equal(reply(fixture)->attachment.size, 3);
    peer_finish_command(fixture->peer, id, &done, span_text("png"), fixture->now);
    assert_int_equal(sent_count(fixture, TOPIC_REPLY), 1);
}

/* Its answer was lost on the way, and what it brought is not kept here. */
static void a_bundle_asked_for_again_is_made_again(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t id[16] = {1};
    const struct peer_answer done = {.status = wire_CommandStatus_COMMAND_DONE};

    welcome(fixture);
    fixture->answer.status = wire_CommandStatus_COMMAND_NONE;
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(command(fixture, 1, wire_CommandKind_BUNDLE, 60000), STATUS_OK);
        assert_int_equal(fixture->commanded, i);
        peer_finish_command(fixture->peer, id, &done, span_text("{}"), fixture->now);
        assert_int_equal(reply(fixture)->attachment.size, 2);
    }
}

static void a_command_of_an_earlier_process_is_not_carried_out_again(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t id[16] = {9};

    welcome(fixture);
    peer_remember_command(fixture->peer, id, fixture->now.wall_ms + 60000,
                          wire_CommandStatus_COMMAND_DONE);
    assert_int_equal(command(fixture, 9, wire_CommandKind_RESTART, 55000), STATUS_OK);
    assert_int_equal(fixture->commanded, 0);
    assert_int_equal(reply(fixture)->command_status, wire_CommandStatus_COMMAND_DONE);
}

static void more_commands_than_can_be_remembered_are_refused_until_some_expire(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    for (unsigned i = 1; i <= LIMIT_COMMANDS_KEPT; i++)
        assert_int_equal(command(fixture, (uint8_t)i, wire_CommandKind_SAY, 60000), STATUS_OK);
    assert_int_equal(fixture->commanded, LIMIT_COMMANDS_KEPT);
    assert_int_equal(command(fixture, 200, wire_CommandKind_SAY, 60000), STATUS_OK);
    assert_int_equal(reply(fixture)->command_status, wire_CommandStatus_COMMAND_REFUSED);
    wait_ms(fixture, 60000);
    assert_int_equal(command(fixture, 201, wire_CommandKind_SAY, 60000), STATUS_OK);
    assert_int_equal(fixture->commanded, LIMIT_COMMANDS_KEPT + 1);
}

static void reports_come_every_minute_give_or_take_a_fifth_and_when_asked(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    for (int i = 0; i < 3600; i++)
        wait_ms(fixture, 1000);
    assert_in_range(sent_count(fixture, TOPIC_REPORT), 55, 68);
    assert_int_equal(fixture->sent[TOPIC_REPORT].qos, 0);
    read_sent(fixture, TOPIC_REPORT, MESSAGE_REPORT, &fixture->report);
    assert_int_equal(fixture->report.health.turns, 3);

    unsigned before = sent_count(fixture, TOPIC_REPORT);
    assert_int_equal(command(fixture, 1, wire_CommandKind_REPORT_NOW, 60000), STATUS_OK);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    assert_int_equal(fixture->commanded, 0);
    peer_set_report_interval(fixture->peer, 10);
    for (int i = 0; i < 60; i++)
        wait_ms(fixture, 1000);
    assert_in_range(sent_count(fixture, TOPIC_REPORT), before + 5, before + 9);
}

static void a_tick_tells_when_the_next_one_is_due(void **state)
{
    struct fixture *fixture = *state;

    welcome(fixture);
    for (int i = 0; i < 20; i++) {
        int64_t due_ms = peer_tick(fixture->peer, fixture->now);
        unsigned before = sent_count(fixture, TOPIC_REPORT);

        wait_ms(fixture, due_ms - fixture->now.mono_ms - 1);
        assert_int_equal(sent_count(fixture, TOPIC_REPORT), before);
        wait_ms(fixture, 1);
        assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    }
}

static void a_new_server_key_seals_while_the_old_one_is_still_opened(void **state)
{
    struct fixture *fixture = *state;
    const struct box_pair old = fixture->pair;
    struct box_pair fresh = old;
    size_t size;

    fresh.server_public[0] ^= 1;
    fresh.secret[0] ^= 1;
    welcome(fixture);
    peer_set_pairs(fixture->peer, (struct box_pair[]){fresh, old}, 2);
    use(fixture, 1);
    wait_ms(fixture, 1);
    assert_int_equal(
        box_open(&old, BOX_UP, TOPIC_USAGE,
                 span_of(fixture->sent[TOPIC_USAGE].box, fixture->sent[TOPIC_USAGE].size),
                 fixture->plain, &size),
        STATUS_NOT_FOUND);
    assert_int_equal(command(fixture, 1, wire_CommandKind_SAY, 60000), STATUS_OK);
    fixture->pair = fresh;
    assert_int_equal(reply(fixture)->command_id.bytes[0], 1);
}

static void i3_a_server_key_that_is_not_given_any_more_is_not_opened(void **state)
{
    struct fixture *fixture = *state;
    struct box_pair fresh = fixture->pair;

    fresh.server_public[0] ^= 1;
    fresh.secret[0] ^= 1;
    welcome(fixture);
    peer_set_pairs(fixture->peer, &fresh, 1);
    assert_int_equal(command(fixture, 1, wire_CommandKind_SAY, 60000), STATUS_NOT_FOUND);
}

static void a_new_server_key_is_used_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct box_pair fresh = fixture->pair;

    fresh.server_public[0] ^= 1;
    welcome(fixture);
    const unsigned before = sent_count(fixture, TOPIC_REPORT);
    peer_set_pairs(fixture->peer, (struct box_pair[]){fresh, fixture->pair}, 2);
    wait_ms(fixture, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
    peer_set_pairs(fixture->peer, (struct box_pair[]){fresh, fixture->pair}, 2);
    wait_ms(fixture, 1);
    assert_int_equal(sent_count(fixture, TOPIC_REPORT), before + 1);
}

static void the_last_will_names_its_session(void **state)
{
    struct fixture *fixture = *state;
    uint8_t bytes[PEER_PRESENCE_SIZE];
    wire_Presence presence;
    size_t size;

    assert_int_equal(peer_make_presence(&fixture->session, bytes, &size), STATUS_OK);
    assert_int_equal(message_decode(MESSAGE_PRESENCE, span_of(bytes, size), &presence), STATUS_OK);
    assert_int_equal(presence.session.number, fixture->session.number);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(hello_is_repeated_until_a_state_arrives),
        TEST(usage_waits_for_the_state_that_answers_hello),
        TEST(i1_one_batch_is_under_way_until_it_is_acknowledged),
        TEST(i1_an_unanswered_batch_is_sent_again_sealed_anew),
        TEST(usage_is_sent_at_once_when_the_server_asks),
        TEST(usage_flows_again_in_the_next_session),
        TEST(i3_a_box_for_another_session_changes_nothing),
        TEST(i3_a_forged_or_misaddressed_box_changes_nothing),
        TEST(i3_boxes_that_were_refused_are_told_within_seconds_and_once),
        TEST(a_session_below_the_floor_reconnects_above_it),
        TEST(a_state_that_wants_hello_gets_one_and_does_not_end_the_greeting),
        TEST(a_lower_epoch_is_ignored_and_a_higher_one_has_records_sent_again),
        TEST(i2_an_epoch_that_a_full_disk_could_not_note_is_not_seen),
        TEST(a_refusal_for_credit_is_told_at_once_at_most_every_five_seconds),
        TEST(a_refusal_that_a_grant_may_help_is_told_at_once_when_the_last_was_answered),
        TEST(i2_what_is_asked_back_is_returned_and_told_at_once),
        TEST(i2_a_state_about_another_journal_grants_nothing),
        TEST(a_line_that_came_with_other_weights_is_told_in_the_next_report),
        TEST(a_forked_journal_is_replaced_and_announced_before_usage_flows),
        TEST(a_quarantined_journal_sends_no_usage),
        TEST(i1_an_acknowledgement_of_another_chain_forks_the_journal_and_loses_nothing),
        TEST(attempts_learn_the_servers_clock),
        TEST(i4_a_configuration_is_applied_once_and_answered_each_time),
        TEST(i4_an_older_configuration_is_ignored),
        TEST(a_configuration_on_its_way_to_the_disk_is_answered_when_it_is_there),
        TEST(a_configuration_under_trial_is_answered_by_the_one_that_runs),
        TEST(the_distance_from_utc_is_told_with_every_hello_and_report),
        TEST(a_trial_that_has_ended_is_told_at_once),
        TEST(a_command_is_carried_out_once_and_answered_each_time),
        TEST(an_expired_command_is_answered_and_not_carried_out),
        TEST(a_slow_command_is_answered_when_it_ends),
        TEST(a_bundle_asked_for_again_is_made_again),
        TEST(a_command_of_an_earlier_process_is_not_carried_out_again),
        TEST(more_commands_than_can_be_remembered_are_refused_until_some_expire),
        TEST(reports_come_every_minute_give_or_take_a_fifth_and_when_asked),
        TEST(a_tick_tells_when_the_next_one_is_due),
        TEST(a_new_server_key_seals_while_the_old_one_is_still_opened),
        TEST(i3_a_server_key_that_is_not_given_any_more_is_not_opened),
        TEST(a_new_server_key_is_used_at_once),
        TEST(the_last_will_names_its_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
