#include "server/authority.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"

static const struct authority_names names = {.broker = "DNS:broker.example,IP:10.0.0.1",
                                             .device = "DNS:robots.example"};

struct place {
    char dir[64];
    struct arena *arena;
    struct authority *authority;
};

static void init_and_open(struct place *place)
{
    char problem[256] = "";
    unsigned made;

    if (authority_init(place->dir, &names, &made, problem) != STATUS_OK ||
        authority_open(&place->authority, place->dir, problem) != STATUS_OK)
        fail_msg("%s", problem);
}

static int make(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    if (place == NULL || arena_create(&place->arena, 1 << 20) != STATUS_OK)
        return -1;
    snprintf(place->dir, sizeof place->dir, "/tmp/myna-authority-XXXXXX");
    if (mkdtemp(place->dir) == NULL)
        return -1;
    init_and_open(place);
    *state = place;
    return 0;
}

static int drop(void **state)
{
    struct place *place = *state;
    char command[128];

    authority_close(place->authority);
    arena_free(place->arena);
    snprintf(command, sizeof command, "rm -r '%s'", place->dir);
    int result = system(command);
    free(place);
    return result;
}

static void path_of(const struct place *place, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%s", place->dir, name);
}

static struct span content(const struct place *place, const char *name)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size;

    path_of(place, name, path);
    assert_int_equal(file_read(path, 65536, &data, &size), STATUS_OK);
    struct span copy = arena_copy(place->arena, span_of(data, size));
    free(data);
    return copy;
}

static void every_certificate_verifies_under_the_root(void **state)
{
    static const char *const chains[] = {"broker.pem",  "device-https.pem", "mynad-1.pem",
                                         "mynad-9.pem", "server-ca.pem",    "device-ca.pem"};
    const struct place *place = *state;
    struct span root = content(place, "root.pem");

    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++)
        assert_int_equal(pki_verify(content(place, chains[i]), root, PKI_CHECK_TIME), STATUS_OK);
}

static void an_anchor_accepts_its_own_leaves_alone(void **state)
{
    const struct place *place = *state;
    struct span servers = content(place, "server-anchor.pem");
    struct span devices = content(place, "device-anchor.pem");
    struct span leaf = content(place, "mynad-1.pem");

    assert_int_equal(pki_verify(leaf, servers, PKI_CHECK_TIME), STATUS_OK);
    assert_int_equal(pki_verify(leaf, devices, PKI_CHECK_TIME), STATUS_FORGED);
}

static void servers_are_named_outside_the_alphabet_of_devices(void **state)
{
    const struct place *place = *state;
    struct pki_facts facts;

    assert_int_equal(pki_read(content(place, "mynad-3.pem"), &facts), STATUS_OK);
    assert_string_equal(facts.name, "Mynad_3");
}

static void secrets_are_for_their_owner_alone(void **state)
{
    static const char *const files[] = {"master.key",      "root.key",   "device-ca.key",
                                        "server-ca.key",   "broker.key", "mynad-1.key",
                                        "device-https.key"};
    const struct place *place = *state;
    char path[PATH_MAX];
    struct stat info;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path_of(place, files[i], path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void again_changes_nothing_and_other_names_only_their_certificate(void **state)
{
    const struct authority_names others = {.broker = "DNS:elsewhere.example",
                                           .device = names.device};
    const struct place *place = *state;
    struct span root = content(place, "root.pem");
    struct span broker = content(place, "broker.pem");
    struct span https = content(place, "device-https.pem");
    char problem[256];
    unsigned made = 7;

    assert_int_equal(authority_init(place->dir, &names, &made, problem), STATUS_OK);
    assert_int_equal(made, 0);
    assert_int_equal(authority_init(place->dir, &others, &made, problem), STATUS_OK);
    assert_int_equal(made, 3);
    assert_true(span_equal(root, content(place, "root.pem")));
    assert_true(span_equal(https, content(place, "device-https.pem")));
    assert_false(span_equal(broker, content(place, "broker.pem")));
}

static void half_a_pair_is_never_replaced(void **state)
{
    struct place *place = *state;
    char path[PATH_MAX];
    char problem[256];
    unsigned made;

    path_of(place, "device-ca.key", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(authority_init(place->dir, &names, &made, problem), STATUS_CORRUPT);
    assert_non_null(strstr(problem, "\"device-ca\""));
    assert_non_null(strstr(problem, "backup"));
    assert_int_equal(access(path, F_OK), -1);
}

static void remove_file(const struct place *place, const char *name)
{
    char path[PATH_MAX];

    path_of(place, name, path);
    assert_int_equal(unlink(path), 0);
}

static void a_roots_key_that_is_kept_offline_is_missed_only_when_a_ca_is_to_be_issued(void **state)
{
    const struct authority_names others = {.broker = "DNS:elsewhere.example",
                                           .device = names.device};
    const struct place *place = *state;
    struct span root = content(place, "root.pem");
    char problem[256];
    unsigned made = 7;

    remove_file(place, "root.key");
    assert_int_equal(authority_init(place->dir, &names, &made, problem), STATUS_OK);
    assert_int_equal(made, 0);
    assert_int_equal(authority_init(place->dir, &others, &made, problem), STATUS_OK);
    assert_int_equal(made, 3);
    assert_int_equal(pki_verify(content(place, "broker.pem"), root, PKI_CHECK_TIME), STATUS_OK);
    remove_file(place, "device-ca.key");
    remove_file(place, "device-ca.pem");
    assert_int_equal(authority_init(place->dir, &names, &made, problem), STATUS_NOT_FOUND);
    assert_non_null(strstr(problem, "root.key"));
    assert_true(span_equal(root, content(place, "root.pem")));
}

static void i9_a_key_that_everybody_can_read_is_refused(void **state)
{
    struct place *place = *state;
    char path[PATH_MAX];
    char problem[256] = "";
    struct authority *other;

    path_of(place, "device-ca.key", path);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(authority_open(&other, place->dir, problem), STATUS_DENIED);
    assert_non_null(strstr(problem, "chmod"));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(authority_open(&other, place->dir, problem), STATUS_OK);
    authority_close(other);
}

static void a_folder_without_keys_names_the_cure(void **state)
{
    struct authority *authority = NULL;
    char problem[256];

    (void)state;
    assert_int_equal(authority_open(&authority, "/tmp/myna-authority-none", problem),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(problem, "mynad init"));
    assert_null(authority);
}

static void a_device_gets_a_certificate_for_its_own_key_for_two_years(void **state)
{
    const struct place *place = *state;
    char key[PKI_PEM_SIZE];
    char csr[PKI_PEM_SIZE];
    struct pki_facts facts;
    const char *chain;
    int64_t now_ms = clock_wall_ms();
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size;

    assert_int_equal(pki_make_key(key), STATUS_OK);
    assert_int_equal(pki_make_csr(key, "r1", csr), STATUS_OK);
    assert_int_equal(authority_issue(place->authority, "r1", span_text(csr), now_ms, place->arena,
                                     &chain, &facts),
                     STATUS_OK);
    assert_string_equal(facts.name, "r1");
    assert_in_range(facts.not_after_ms, now_ms + INT64_C(63000000000),
                    now_ms + INT64_C(63100000000));
    assert_int_equal(pki_verify(span_text(chain), content(place, "root.pem"), PKI_CHECK_TIME),
                     STATUS_OK);
    assert_int_equal(
        pki_verify(span_text(chain), content(place, "server-anchor.pem"), PKI_CHECK_TIME),
        STATUS_FORGED);
    assert_int_equal(pki_sign(key, span_text("x"), signature, &size), STATUS_OK);
    assert_int_equal(
        pki_verify_signature(span_text(chain), span_text("x"), span_of(signature, size)),
        STATUS_OK);
}

static void the_sealing_keys_statement_binds_key_and_time(void **state)
{
    const struct place *place = *state;
    const uint8_t key[PKI_X25519_SIZE] = {9};
    uint8_t message[18 + PKI_X25519_SIZE + 8] = "myna sealing key 1";
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size;

    memcpy(message + 18, key, sizeof key);
    message[sizeof message - 2] = 1; /* 256 ms, big-endian */
    assert_int_equal(authority_sign_key(place->authority, key, 256, signature, &size), STATUS_OK);
    assert_int_equal(pki_verify_signature(span_text(authority_server_ca(place->authority)),
                                          span_of(message, sizeof message),
                                          span_of(signature, size)),
                     STATUS_OK);
}

static void issue(struct place *place, const char **chain)
{
    char key[PKI_PEM_SIZE], csr[PKI_PEM_SIZE];
    struct pki_facts facts;

    assert_int_equal(pki_make_key(key), STATUS_OK);
    assert_int_equal(pki_make_csr(key, "kitchen-7", csr), STATUS_OK);
    assert_int_equal(authority_issue(place->authority, "kitchen-7", span_text(csr), clock_wall_ms(),
                                     place->arena, chain, &facts),
                     STATUS_OK);
}

static void reopen(struct place *place)
{
    authority_close(place->authority);
    place->authority = NULL;
    init_and_open(place);
}

static void turn(struct place *place)
{
    char problem[256] = "";
    uint8_t next[PKI_AUTHORITY_SIZE], present[PKI_AUTHORITY_SIZE];

    if (authority_turn(place->dir, AUTHORITY_DEVICES, next, problem) != STATUS_OK ||
        authority_present(place->dir, AUTHORITY_DEVICES, present, problem) != STATUS_OK)
        fail_msg("%s", problem);
    assert_memory_equal(next, present, sizeof next);
    reopen(place);
    assert_memory_equal(next, authority_id(place->authority), sizeof next);
}

static bool has(const struct place *place, const char *name)
{
    char path[PATH_MAX];

    path_of(place, name, path);
    return access(path, F_OK) == 0;
}

static bool is_trusted(const struct place *place, const char *chain)
{
    bool trusted, by_broker;

    assert_int_equal(authority_check_device(place->authority, span_text(chain), &trusted),
                     STATUS_OK);
    by_broker = pki_verify(span_text(chain), content(place, "device-anchor.pem"), PKI_CHECK_TIME) ==
                STATUS_OK;
    assert_int_equal(trusted, by_broker);
    return trusted;
}

static void
device_cas_follow_each_other_with_overlap_and_the_one_before_issues_nothing(void **state)
{
    struct place *place = *state;
    const char *old, *fresh;
    char problem[256];
    uint8_t next[PKI_AUTHORITY_SIZE], by[PKI_AUTHORITY_SIZE];
    unsigned forgotten;

    issue(place, &old);
    turn(place);
    issue(place, &fresh);
    assert_int_equal(pki_chain_authority(fresh, by), STATUS_OK);
    assert_memory_equal(by, authority_id(place->authority), sizeof by);
    assert_int_equal(pki_verify(span_text(fresh), content(place, "root.pem"), PKI_CHECK_TIME),
                     STATUS_OK);
    assert_true(is_trusted(place, old) && is_trusted(place, fresh));
    assert_false(has(place, "device-ca.key"));
    assert_int_equal(authority_turn(place->dir, AUTHORITY_DEVICES, next, problem), STATUS_EXISTS);
    assert_non_null(strstr(problem, "mynad retire device-ca"));

    assert_int_equal(authority_forget(place->dir, &forgotten, problem), STATUS_OK);
    assert_int_equal(forgotten, 1);
    assert_int_equal(authority_forget(place->dir, &forgotten, problem), STATUS_OK);
    assert_int_equal(forgotten, 0);
    reopen(place);
    assert_false(is_trusted(place, old));
    assert_true(is_trusted(place, fresh));
    turn(place); /* and so on */
    assert_true(is_trusted(place, fresh));
    assert_true(has(place, "device-ca-3.key") && !has(place, "device-ca-2.key"));
}

/* As power loss leaves it: a file that is written later is not there, one that is removed last is.
 */
static void a_turn_that_was_cut_off_leaves_a_good_folder_and_goes_on(void **state)
{
    struct place *place = *state;
    const char *old, *fresh;
    char path[PATH_MAX], problem[256];
    unsigned forgotten;
    struct span key = content(place, "device-ca.key");

    issue(place, &old);
    turn(place);
    path_of(place, "device-ca-2.pem", path);
    assert_int_equal(unlink(path), 0);
    path_of(place, "device-ca.key", path);
    assert_int_equal(file_replace(path, key, 0600), STATUS_OK);
    reopen(place); /* as before it */
    issue(place, &fresh);
    assert_true(is_trusted(place, old) && is_trusted(place, fresh));
    struct span before = content(place, "device-ca-2.key");
    turn(place);
    assert_true(span_equal(before, content(place, "device-ca-2.key")));
    issue(place, &fresh);
    assert_true(is_trusted(place, old) && is_trusted(place, fresh));

    path_of(place, "device-ca.key", path); /* the last step was not taken */
    assert_int_equal(file_replace(path, key, 0600), STATUS_OK);
    reopen(place);
    turn(place);
    assert_false(has(place, "device-ca.key") || has(place, "device-ca-3.key"));
    assert_int_equal(authority_forget(place->dir, &forgotten, problem), STATUS_OK);
}

/* Without what "mynad init" would mend. */
static void open_again(struct place *place)
{
    char problem[256] = "";

    authority_close(place->authority);
    place->authority = NULL;
    if (authority_open(&place->authority, place->dir, problem) != STATUS_OK)
        fail_msg("%s", problem);
}

static void turn_servers(struct place *place)
{
    char problem[256] = "";
    uint8_t next[PKI_AUTHORITY_SIZE];

    if (authority_turn(place->dir, AUTHORITY_SERVERS, next, problem) != STATUS_OK)
        fail_msg("%s", problem);
    open_again(place);
    assert_memory_equal(next, authority_server_id(place->authority), sizeof next);
}

static void move_servers(struct place *place)
{
    char problem[256] = "";
    unsigned changed;

    if (authority_move(place->dir, &names, &changed, problem) != STATUS_OK)
        fail_msg("%s", problem);
    open_again(place);
}

/* Signed now, under which of the certificates that robots are given. */
static bool is_signed_by(struct place *place, struct span cert)
{
    const uint8_t key[PKI_X25519_SIZE] = {9};
    uint8_t message[18 + PKI_X25519_SIZE + 8] = "myna sealing key 1";
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size;

    memcpy(message + 18, key, sizeof key);
    assert_int_equal(authority_sign_key(place->authority, key, 0, signature, &size), STATUS_OK);
    assert_true(authority_signed_key(place->authority, key, 0, span_of(signature, size)));
    return pki_verify_signature(cert, span_of(message, sizeof message), span_of(signature, size)) ==
           STATUS_OK;
}

static bool is_shown_under(const struct place *place, struct span anchor)
{
    bool shown = true;

    for (size_t i = 0; i < 3; i++) {
        static const char *const files[] = {"broker.pem", "device-https.pem", "mynad-9.pem"};

        assert_int_equal(
            pki_verify(content(place, files[i]), content(place, "root.pem"), PKI_CHECK_TIME),
            STATUS_OK);
        shown &= pki_verify(content(place, files[i]), anchor, PKI_CHECK_TIME) == STATUS_OK;
    }
    return shown;
}

static void a_server_ca_signs_nothing_before_the_one_in_force_is_ended(void **state)
{
    struct place *place = *state;
    struct span old = content(place, "server-ca.pem"), anchor = content(place, "server-anchor.pem");
    char problem[256];
    uint8_t next[PKI_AUTHORITY_SIZE];
    unsigned changed;

    turn_servers(place);
    struct span fresh = content(place, "server-ca-2.pem");
    assert_true(authority_is_turning(place->authority));
    assert_non_null(strstr(authority_server_ca(place->authority), arena_text(place->arena, fresh)));
    assert_ptr_equal(strstr(authority_server_ca(place->authority), arena_text(place->arena, old)),
                     authority_server_ca(place->authority));
    assert_true(is_signed_by(place, old) && !is_signed_by(place, fresh));
    assert_true(is_shown_under(place, anchor));
    assert_int_equal(authority_turn(place->dir, AUTHORITY_SERVERS, next, problem), STATUS_EXISTS);
    assert_non_null(strstr(problem, "mynad retire server-ca"));

    move_servers(place);
    assert_false(authority_is_turning(place->authority));
    assert_true(is_signed_by(place, fresh) && !is_signed_by(place, old));
    assert_true(is_shown_under(place, content(place, "server-anchor.pem")));
    assert_false(is_shown_under(place, anchor));
    assert_false(has(place, "server-ca.key") || has(place, "server-ca.pem"));
    assert_int_equal(authority_move(place->dir, &names, &changed, problem), STATUS_OK);
    assert_int_equal(changed, 0);
    turn_servers(place); /* and so on */
    move_servers(place);
    assert_true(has(place, "server-ca-3.key") && !has(place, "server-ca-2.key"));
}

/* As in the middle of authority_move(), at each of its ends: what is written or removed later is
 * put back. */
static void a_server_ca_that_was_half_ended_leaves_a_good_folder_and_goes_on(void **state)
{
    static const char *const later[] = {"server-ca.key", "server-ca.pem", "server-anchor.pem",
                                        "mynad-9.key", "mynad-9.pem"};
    struct place *place = *state;
    struct span before[5], old = content(place, "server-ca.pem");
    char path[PATH_MAX];

    for (size_t i = 0; i < 5; i++)
        before[i] = content(place, later[i]);
    turn_servers(place);
    move_servers(place);
    for (size_t back = 1; back <= 5; back++) {
        for (size_t i = 0; i < back; i++) {
            path_of(place, later[i], path);
            assert_int_equal(file_replace(path, before[i], 0600), STATUS_OK);
        }
        open_again(place);
        if (back > 1)
            assert_true(is_signed_by(place, old));
        move_servers(place);
        assert_false(has(place, "server-ca.key") || has(place, "server-ca.pem"));
        assert_true(is_shown_under(place, content(place, "server-anchor.pem")));
    }
}

static void without_the_roots_key_there_is_no_other_device_ca(void **state)
{
    const struct place *place = *state;
    char problem[256];
    uint8_t next[PKI_AUTHORITY_SIZE];

    remove_file(place, "root.key");
    assert_int_equal(authority_turn(place->dir, AUTHORITY_DEVICES, next, problem),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(problem, "bring it for as long as this takes"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_certificate_verifies_under_the_root),
        TEST(an_anchor_accepts_its_own_leaves_alone),
        TEST(servers_are_named_outside_the_alphabet_of_devices),
        TEST(secrets_are_for_their_owner_alone),
        TEST(again_changes_nothing_and_other_names_only_their_certificate),
        TEST(half_a_pair_is_never_replaced),
        TEST(a_roots_key_that_is_kept_offline_is_missed_only_when_a_ca_is_to_be_issued),
        TEST(i9_a_key_that_everybody_can_read_is_refused),
        TEST(a_folder_without_keys_names_the_cure),
        TEST(a_device_gets_a_certificate_for_its_own_key_for_two_years),
        TEST(the_sealing_keys_statement_binds_key_and_time),
        TEST(device_cas_follow_each_other_with_overlap_and_the_one_before_issues_nothing),
        TEST(a_turn_that_was_cut_off_leaves_a_good_folder_and_goes_on),
        TEST(a_server_ca_signs_nothing_before_the_one_in_force_is_ended),
        TEST(a_server_ca_that_was_half_ended_leaves_a_good_folder_and_goes_on),
        TEST(without_the_roots_key_there_is_no_other_device_ca),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
