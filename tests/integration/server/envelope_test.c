/* The data key in its envelope, in a real database. */
#include "server/envelope.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/store/authorities.h"
#include "server/store/migrate.h"
#include "tests/support/pg.h"

struct fixture {
    struct pg *pg;
    struct store *store;
    struct master_keys old, fresh, both; /* both: the fresh one before the old */
    struct envelope_keys own;
    char problem[256];
};

static int start(void **state)
{
    static struct fixture fixture = {.problem = "no database"};
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 4, "test", fixture.problem) !=
            STATUS_OK ||
        migrate_run(fixture.store, &applied, fixture.problem) != STATUS_OK) {
        fprintf(stderr, "%s\n", fixture.problem);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

/* A database without a data key, and a master key of its own. */
static int clear(void **state)
{
    STORE_STATEMENT(empty,
                    "TRUNCATE myna.data_key, myna.sealing_key, myna.device, myna.vendor,"
                    " myna.channel, myna.operator, myna.idempotency, myna.authority CASCADE");
    struct fixture *fixture = *state;

    fixture->old = fixture->fresh = (struct master_keys){.source = MASTER_FILE, .count = 1};
    crypto_random(fixture->old.keys[0], CRYPTO_KEY_SIZE);
    crypto_random(fixture->fresh.keys[0], CRYPTO_KEY_SIZE);
    fixture->both = (struct master_keys){.source = MASTER_FILE, .count = 2};
    memcpy(fixture->both.keys[0], fixture->fresh.keys[0], CRYPTO_KEY_SIZE);
    memcpy(fixture->both.keys[1], fixture->old.keys[0], CRYPTO_KEY_SIZE);
    return store_query(fixture->store, &empty, STORE_NO_VALUES, NULL) == STATUS_OK ? 0 : -1;
}

static enum status open_by(struct fixture *fixture, const struct master_keys *keys, bool *turned)
{
    fixture->problem[0] = '\0';
    return envelope_open(fixture->store, keys, &fixture->own, turned, fixture->problem);
}

static int64_t number(struct fixture *fixture, const struct store_statement *statement)
{
    struct result result;

    assert_int_equal(store_query(fixture->store, statement, STORE_NO_VALUES, &result), STATUS_OK);
    int64_t value = result_int(&result, 0, 0);
    result_release(&result);
    return value;
}

static int64_t audited(struct fixture *fixture)
{
    STORE_STATEMENT(count, "SELECT count(*) FROM myna.audit WHERE action = 'master_key.rotate'");

    return number(fixture, &count);
}

/* A secret as earlier versions wrote it, and where. */
struct secret {
    const char *purpose, *plain;
    struct store_statement insert, read;
};

static const struct secret secrets[] = {
    {"sealing-key",
     "0123456789abcdef0123456789abcdef",
     {"INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
      " VALUES ('abcd', '', $1::bytea, '')"},
     {"SELECT private_wrapped FROM myna.sealing_key"}},
    {"pair:r1",
     "fedcba9876543210fedcba9876543210",
     {"INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public,"
      " server_key_id, secret_wrapped) VALUES ('r1', '1', now(), '', 'abcd', $1::bytea)"},
     {"SELECT secret_wrapped FROM myna.device WHERE device_id = 'r1'"}},
    {"vendor-key:dahan",
     "sk-one",
     {"INSERT INTO myna.vendor (vendor_id, base_url, key_wrapped) VALUES ('dahan', '', $1::bytea)"},
     {"SELECT key_wrapped FROM myna.vendor"}},
    {"vendor-key:dahan",
     "sk-next",
     {"UPDATE myna.vendor SET next_key_wrapped = $1::bytea WHERE vendor_id = 'dahan'"},
     {"SELECT next_key_wrapped FROM myna.vendor"}},
    {"channel-url:ops",
     "https://hook.example/secret",
     {"INSERT INTO myna.channel (channel_id, kind, url_wrapped, origin)"
      " VALUES ('ops', 'webhook', $1::bytea, 'https://hook.example')"},
     {"SELECT url_wrapped FROM myna.channel"}},
    {"channel-secret:ops",
     "signing secret",
     {"UPDATE myna.channel SET secret_wrapped = $1::bytea WHERE channel_id = 'ops'"},
     {"SELECT secret_wrapped FROM myna.channel"}},
    {"totp:anna",
     "twenty bytes of totp",
     {"INSERT INTO myna.operator (operator_id, role, password_hash, totp_wrapped)"
      " VALUES ('anna', 'admin', 'x', $1::bytea)"},
     {"SELECT totp_wrapped FROM myna.operator"}},
};
#define SECRETS (sizeof secrets / sizeof *secrets)

static void insert_secret(struct fixture *fixture, const struct secret *secret, const uint8_t *key)
{
    uint8_t wrapped[128];
    const struct span plain = span_text(secret->plain);

    assert_int_equal(crypto_wrap(key, secret->purpose, plain, wrapped), STATUS_OK);
    assert_int_equal(
        store_query(fixture->store, &secret->insert,
                    STORE_VALUES(value_bytes(span_of(wrapped, plain.size + CRYPTO_WRAP_OVERHEAD))),
                    NULL),
        STATUS_OK);
}

static enum status read_secret(struct fixture *fixture, const struct secret *secret,
                               const uint8_t *key, char out[128])
{
    struct result result;
    uint8_t plain[128] = {0};

    assert_int_equal(store_query(fixture->store, &secret->read, STORE_NO_VALUES, &result),
                     STATUS_OK);
    const struct span wrapped = result_span(&result, 0, 0);
    assert_true(wrapped.size > CRYPTO_WRAP_OVERHEAD && wrapped.size < sizeof plain);
    enum status status = crypto_unwrap(key, secret->purpose, wrapped, plain);
    result_release(&result);
    snprintf(out, 128, "%s", (const char *)plain);
    return status;
}

static void a_data_key_is_made_once_and_opens_again(void **state)
{
    struct fixture *fixture = *state;
    uint8_t first[CRYPTO_KEY_SIZE];
    bool turned = true;

    assert_int_equal(open_by(fixture, &fixture->old, &turned), STATUS_OK);
    assert_false(turned);
    memcpy(first, fixture->own.data, sizeof first);
    assert_memory_not_equal(first, fixture->old.keys[0], sizeof first);
    assert_int_equal(open_by(fixture, &fixture->old, &turned), STATUS_OK);
    assert_memory_equal(first, fixture->own.data, sizeof first);
}

static void i9_after_a_rotation_the_old_master_key_opens_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint8_t first[CRYPTO_KEY_SIZE];
    bool turned = false;

    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    memcpy(first, fixture->own.data, sizeof first);
    assert_int_equal(open_by(fixture, &fixture->both, &turned), STATUS_OK);
    assert_true(turned);
    assert_memory_equal(first, fixture->own.data, sizeof first);
    assert_int_equal(audited(fixture), 1);
    assert_int_equal(open_by(fixture, &fixture->both, &turned), STATUS_OK);
    assert_false(turned);
    assert_int_equal(open_by(fixture, &fixture->fresh, &turned), STATUS_OK);
    assert_memory_equal(first, fixture->own.data, sizeof first);
    assert_int_equal(audited(fixture), 1);

    assert_int_equal(open_by(fixture, &fixture->old, &turned), STATUS_FORGED);
    assert_non_null(strstr(fixture->problem, "bring the key that goes with this database"));
}

static void what_the_master_key_wrapped_itself_is_wrapped_by_the_data_key(void **state)
{
    STORE_STATEMENT(answer, "INSERT INTO myna.idempotency (actor, key, request_hash, status,"
                            " response) VALUES ('operator:anna', 'k', '', 201, 'text')");
    STORE_STATEMENT(left, "SELECT count(*) FROM myna.idempotency WHERE status > 0"
                          " OR response <> ''");
    struct fixture *fixture = *state;
    char plain[128];

    for (size_t i = 0; i < SECRETS; i++)
        insert_secret(fixture, &secrets[i], fixture->old.keys[0]);
    assert_int_equal(store_query(fixture->store, &answer, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    for (size_t i = 0; i < SECRETS; i++) {
        assert_int_equal(read_secret(fixture, &secrets[i], fixture->own.data, plain), STATUS_OK);
        assert_string_equal(plain, secrets[i].plain);
        assert_int_equal(read_secret(fixture, &secrets[i], fixture->old.keys[0], plain),
                         STATUS_FORGED);
    }
    assert_int_equal(number(fixture, &left), 0);
}

#define MANY 2345

static void more_secrets_than_one_look_are_all_wrapped_anew(void **state)
{
    STORE_STATEMENT(fill, "INSERT INTO myna.vendor (vendor_id, base_url, key_wrapped)"
                          " SELECT 'v' || n - 1, '', w"
                          " FROM unnest($1::bytea[]) WITH ORDINALITY AS u(w, n)");
    STORE_STATEMENT(all, "SELECT key_wrapped FROM myna.vendor"
                         " ORDER BY substr(vendor_id, 2)::integer");
    static uint8_t wrapped[MANY][CRYPTO_WRAP_OVERHEAD + 1];
    static struct span spans[MANY];
    struct fixture *fixture = *state;
    struct result result;
    uint8_t plain[1];
    char purpose[64];

    for (size_t i = 0; i < MANY; i++) {
        snprintf(purpose, sizeof purpose, "vendor-key:v%zu", i);
        plain[0] = (uint8_t)i;
        spans[i] = span_of(wrapped[i], sizeof wrapped[i]);
        assert_int_equal(crypto_wrap(fixture->old.keys[0], purpose, span_of(plain, 1), wrapped[i]),
                         STATUS_OK);
    }
    assert_int_equal(
        store_query(fixture->store, &fill, STORE_VALUES(value_bytes_array(spans, MANY)), NULL),
        STATUS_OK);
    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    assert_int_equal(store_query(fixture->store, &all, STORE_NO_VALUES, &result), STATUS_OK);
    assert_int_equal(result_count(&result), MANY);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(purpose, sizeof purpose, "vendor-key:v%zu", i);
        assert_int_equal(
            crypto_unwrap(fixture->own.data, purpose, result_span(&result, i, 0), plain),
            STATUS_OK);
        assert_int_equal(plain[0], (uint8_t)i);
    }
    result_release(&result);
}

static void a_secret_that_no_key_opens_stays_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t foreign[CRYPTO_KEY_SIZE] = {9};
    char plain[128];

    insert_secret(fixture, &secrets[2], foreign);
    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    assert_int_equal(read_secret(fixture, &secrets[2], foreign, plain), STATUS_OK);
    assert_string_equal(plain, secrets[2].plain);
}

static void i9_after_a_replacement_the_old_data_key_opens_nothing_and_stamps_count_on(void **state)
{
    STORE_STATEMENT(told, "SELECT (after ->> 'secrets')::integer FROM myna.audit"
                          " WHERE action = 'data_key.rotate' ORDER BY seq DESC LIMIT 1");
    struct fixture *fixture = *state;
    struct envelope_keys before;
    char plain[128];
    size_t count = 0;

    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    before = fixture->own;
    assert_memory_not_equal(before.data, before.stamp, sizeof before.stamp);
    for (size_t i = 0; i < SECRETS; i++)
        insert_secret(fixture, &secrets[i], before.data);
    assert_int_equal(envelope_replace(fixture->store, &fixture->old, 0, &count, fixture->problem),
                     STATUS_OK);
    assert_int_equal(count, SECRETS);
    assert_int_equal(number(fixture, &told), SECRETS);
    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    assert_memory_not_equal(before.data, fixture->own.data, sizeof before.data);
    assert_memory_equal(before.stamp, fixture->own.stamp, sizeof before.stamp);
    for (size_t i = 0; i < SECRETS; i++) {
        assert_int_equal(read_secret(fixture, &secrets[i], fixture->own.data, plain), STATUS_OK);
        assert_string_equal(plain, secrets[i].plain);
        assert_int_equal(read_secret(fixture, &secrets[i], before.data, plain), STATUS_FORGED);
    }
}

/* What an earlier version stamped was stamped by its data key. */
static void where_there_was_no_stamp_key_the_first_data_key_goes_on_as_it(void **state)
{
    STORE_STATEMENT(earlier, "UPDATE myna.data_key SET stamp_wrapped = NULL");
    struct fixture *fixture = *state;
    uint8_t first[CRYPTO_KEY_SIZE];
    size_t count;

    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    memcpy(first, fixture->own.data, sizeof first);
    assert_int_equal(store_query(fixture->store, &earlier, STORE_NO_VALUES, NULL), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
        assert_memory_equal(first, fixture->own.stamp, sizeof first);
        assert_int_equal(
            envelope_replace(fixture->store, &fixture->old, 0, &count, fixture->problem),
            STATUS_OK);
    }
    assert_int_equal(open_by(fixture, &fixture->both, NULL), STATUS_OK); /* another master key */
    assert_memory_equal(first, fixture->own.stamp, sizeof first);
    assert_memory_not_equal(first, fixture->own.data, sizeof first);
}

static void no_data_key_is_replaced_under_a_server_that_runs(void **state)
{
    struct fixture *fixture = *state;
    struct store *server;
    uint8_t before[CRYPTO_KEY_SIZE];
    size_t count;

    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    memcpy(before, fixture->own.data, sizeof before);
    assert_int_equal(store_open(&server, pg_conninfo(fixture->pg), 1, "mynad", fixture->problem),
                     STATUS_OK);
    assert_int_equal(envelope_replace(fixture->store, &fixture->old, 0, &count, fixture->problem),
                     STATUS_CONFLICT);
    assert_non_null(strstr(fixture->problem, "stop it on every server"));
    store_close(server);
    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    assert_memory_equal(before, fixture->own.data, sizeof before);
}

/* A server that was stopped a moment ago: the database has yet to notice. */
static void *linger(void *context)
{
    STORE_STATEMENT(wait, "SELECT FROM pg_sleep(0.3)");
    struct store *server = context;

    assert_int_equal(store_query(server, &wait, STORE_NO_VALUES, NULL), STATUS_OK);
    store_close(server);
    return NULL;
}

static void a_server_that_is_about_to_be_gone_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct store *server;
    pthread_t lingering;
    size_t count;

    assert_int_equal(open_by(fixture, &fixture->old, NULL), STATUS_OK);
    assert_int_equal(store_open(&server, pg_conninfo(fixture->pg), 1, "mynad", fixture->problem),
                     STATUS_OK);
    assert_int_equal(pthread_create(&lingering, NULL, linger, server), 0);
    enum status status =
        envelope_replace(fixture->store, &fixture->old, 60000, &count, fixture->problem);
    pthread_join(lingering, NULL);
    assert_int_equal(status, STATUS_OK);
}

/* ---- server CAs that follow each other ---- */

static const uint8_t cas[][PKI_AUTHORITY_SIZE] = {{1}, {2}};

static enum authorities_standing ensure(struct fixture *fixture, const uint8_t *id)
{
    enum authorities_standing standing;

    assert_int_equal(authorities_ensure(fixture->store, AUTHORITIES_SERVERS, id, &standing),
                     STATUS_OK);
    return standing;
}

static bool settle(struct fixture *fixture, const uint8_t *id,
                   const struct authorities_statement *statement)
{
    bool changed;

    assert_int_equal(authorities_settle(fixture->store, id, statement, statement != NULL, &changed),
                     STATUS_OK);
    return changed;
}

static void a_server_that_looked_before_another_ca_came_ends_nothing(void **state)
{
    STORE_STATEMENT(lasting, "SELECT sum(get_byte(id, 0)) FROM myna.authority"
                             " WHERE told_until IS NULL AND retired_at IS NULL");
    struct fixture *fixture = *state;

    assert_int_equal(ensure(fixture, cas[0]), AUTHORITIES_CURRENT);
    assert_int_equal(ensure(fixture, cas[1]), AUTHORITIES_FOLLOWS);
    assert_false(settle(fixture, cas[0], NULL));
    assert_int_equal(number(fixture, &lasting), 1 + 2);
    assert_true(settle(fixture, cas[1], NULL));
    assert_int_equal(number(fixture, &lasting), 2);
    assert_false(settle(fixture, cas[1], NULL));
}

static void of_two_servers_that_state_a_sealing_key_anew_one_does(void **state)
{
    STORE_STATEMENT(old, "UPDATE myna.sealing_key SET signature = 'old'");
    STORE_STATEMENT(stated, "SELECT count(*) FROM myna.sealing_key"
                            " WHERE signature = 'one' AND signature_before = 'old'");
    struct fixture *fixture = *state;
    struct authorities_statement one = {
        .key_id = "abcd", .before = span_text("old"), .signature = "one", .signature_size = 3};
    struct authorities_statement other = one;

    memcpy(other.signature, "two", 3);
    insert_secret(fixture, &secrets[0], fixture->old.keys[0]);
    assert_int_equal(store_query(fixture->store, &old, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(ensure(fixture, cas[0]), AUTHORITIES_CURRENT);
    assert_true(settle(fixture, cas[0], &one));
    assert_false(settle(fixture, cas[0], &other));
    assert_int_equal(number(fixture, &stated), 1);
}

static void a_folder_under_another_root_is_told_from_ours(void **state)
{
    STORE_STATEMENT(forget, "UPDATE myna.installation SET root = NULL");
    static const uint8_t roots[][CRYPTO_HASH_SIZE] = {{1}, {2}};
    struct fixture *fixture = *state;
    bool is_ours = false;

    assert_int_equal(store_query(fixture->store, &forget, STORE_NO_VALUES, NULL), STATUS_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(authorities_ensure_root(fixture->store, roots[i % 2], &is_ours),
                         STATUS_OK);
        assert_int_equal(is_ours, i % 2 == 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, clear)
    const struct CMUnitTest tests[] = {
        TEST(a_data_key_is_made_once_and_opens_again),
        TEST(i9_after_a_rotation_the_old_master_key_opens_nothing),
        TEST(what_the_master_key_wrapped_itself_is_wrapped_by_the_data_key),
        TEST(more_secrets_than_one_look_are_all_wrapped_anew),
        TEST(a_secret_that_no_key_opens_stays_as_it_was),
        TEST(i9_after_a_replacement_the_old_data_key_opens_nothing_and_stamps_count_on),
        TEST(where_there_was_no_stamp_key_the_first_data_key_goes_on_as_it),
        TEST(no_data_key_is_replaced_under_a_server_that_runs),
        TEST(a_server_that_is_about_to_be_gone_is_waited_for),
        TEST(a_server_that_looked_before_another_ca_came_ends_nothing),
        TEST(of_two_servers_that_state_a_sealing_key_anew_one_does),
        TEST(a_folder_under_another_root_is_told_from_ours),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
