#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/file.h"
#include "schema/base/pki.h"

/* One installation's tree, made once: also on disk, in a folder of its own, for openssl. */
struct tree {
    char folder[64];
    char root_key[PKI_PEM_SIZE], root[PKI_PEM_SIZE];
    char ca_key[PKI_PEM_SIZE], ca[PKI_PEM_SIZE], anchor[PKI_PEM_SIZE];
    char server_key[PKI_PEM_SIZE], server[PKI_PEM_SIZE];
    char robot_key[PKI_PEM_SIZE], robot_csr[PKI_PEM_SIZE], robot[PKI_PEM_SIZE];
};

static int64_t at(const char *text)
{
    int64_t wall_ms = 0;

    assert_int_equal(clock_parse(span_text(text), &wall_ms), STATUS_OK);
    return wall_ms;
}

static void issue(const struct pki_request *request, char cert[PKI_PEM_SIZE])
{
    assert_int_equal(pki_issue(request, cert), STATUS_OK);
}

static void save(const struct tree *tree, const char *name, const char *pem)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", tree->folder, name);
    assert_int_equal(file_replace(path, span_text(pem), 0600), STATUS_OK);
}

static void make_authorities(struct tree *tree)
{
    const int64_t far_ms = at("2069-12-31T23:59:59Z");

    assert_int_equal(pki_make_key(tree->root_key), STATUS_OK);
    assert_int_equal(pki_make_key(tree->ca_key), STATUS_OK);
    issue(&(struct pki_request){.kind = PKI_ROOT,
                                .subject_name = "Myna root, ours",
                                .subject_key = tree->root_key,
                                .not_after_ms = far_ms},
          tree->root);
    issue(&(struct pki_request){.kind = PKI_CA,
                                .subject_name = "Myna device CA",
                                .subject_key = tree->ca_key,
                                .issuer_cert = tree->root,
                                .issuer_key = tree->root_key,
                                .not_after_ms = far_ms},
          tree->ca);
    issue(&(struct pki_request){.kind = PKI_ANCHOR,
                                .subject_name = "Myna device CA",
                                .subject_key = tree->ca_key,
                                .not_after_ms = far_ms},
          tree->anchor);
}

static void make_leaves(struct tree *tree)
{
    assert_int_equal(pki_make_key(tree->server_key), STATUS_OK);
    assert_int_equal(pki_make_key(tree->robot_key), STATUS_OK);
    assert_int_equal(pki_make_csr(tree->robot_key, "robot-1", tree->robot_csr), STATUS_OK);
    issue(&(struct pki_request){.kind = PKI_SERVER,
                                .subject_name = "broker",
                                .subject_key = tree->server_key,
                                .issuer_cert = tree->ca,
                                .issuer_key = tree->ca_key,
                                .alt_names = "DNS:broker.example,IP:127.0.0.1,IP:::1",
                                .not_after_ms = at("2049-12-31T23:59:59Z")},
          tree->server);
    issue(&(struct pki_request){.kind = PKI_CLIENT,
                                .subject_name = "robot-1",
                                .csr_pem = span_text(tree->robot_csr),
                                .issuer_cert = tree->ca,
                                .issuer_key = tree->ca_key,
                                .not_after_ms = at("2050-01-01T00:00:00Z")},
          tree->robot);
}

static int make_tree(void **state)
{
    struct tree *tree = calloc(1, sizeof *tree);

    *state = tree;
    if (!tree)
        return -1;
    snprintf(tree->folder, sizeof tree->folder, "/tmp/myna-pki-test-XXXXXX");
    if (!mkdtemp(tree->folder))
        return -1;
    make_authorities(tree);
    make_leaves(tree);
    save(tree, "root.pem", tree->root);
    save(tree, "ca.pem", tree->ca);
    save(tree, "anchor.pem", tree->anchor);
    save(tree, "server.pem", tree->server);
    save(tree, "robot.pem", tree->robot);
    save(tree, "robot.csr", tree->robot_csr);
    return 0;
}

static int remove_tree(void **state)
{
    struct tree *tree = *state;
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", tree->folder);
    free(tree);
    return system(command) == 0 ? 0 : -1;
}

/* Whether "openssl <arguments>" succeeds in the tree's folder. */
static bool openssl(const struct tree *tree, const char *arguments)
{
    char command[512];

    snprintf(command, sizeof command, "cd '%s' && openssl %s >out 2>&1", tree->folder, arguments);
    return system(command) == 0;
}

static void assert_output_has(const struct tree *tree, const char *text)
{
    char path[128];
    uint8_t *data = NULL;
    size_t size;

    snprintf(path, sizeof path, "%s/out", tree->folder);
    assert_int_equal(file_read(path, 65536, &data, &size), STATUS_OK);
    if (!strstr((const char *)data, text))
        fail_msg("no \"%s\" in: %s", text, (const char *)data);
    free(data);
}

static void openssl_trusts_the_leaves_for_their_purpose_alone(void **state)
{
    const struct tree *tree = *state;

    assert_true(openssl(tree, "verify -x509_strict -CAfile root.pem -untrusted ca.pem "
                              "-purpose sslserver -verify_hostname broker.example server.pem"));
    assert_true(openssl(tree, "verify -x509_strict -CAfile root.pem -untrusted ca.pem "
                              "-purpose sslserver -verify_ip 127.0.0.1 server.pem"));
    assert_true(openssl(tree, "verify -x509_strict -CAfile root.pem -untrusted ca.pem "
                              "-purpose sslserver -verify_ip ::1 server.pem"));
    assert_true(openssl(tree, "verify -x509_strict -CAfile root.pem -untrusted ca.pem "
                              "-purpose sslclient robot.pem"));

    assert_false(openssl(tree, "verify -CAfile root.pem -untrusted ca.pem -purpose sslclient "
                               "server.pem"));
    assert_false(openssl(tree, "verify -CAfile root.pem -untrusted ca.pem -purpose sslserver "
                               "robot.pem"));
    assert_false(openssl(tree, "verify -CAfile root.pem -untrusted ca.pem -verify_hostname "
                               "other.example server.pem"));
}

static void openssl_trusts_the_leaves_under_the_anchor_alone(void **state)
{
    const struct tree *tree = *state;

    assert_true(openssl(tree, "verify -x509_strict -CAfile anchor.pem robot.pem"));
    assert_false(openssl(tree, "verify -CAfile anchor.pem root.pem"));
}

static void openssl_reads_what_was_meant(void **state)
{
    const struct tree *tree = *state;

    assert_true(openssl(tree, "x509 -noout -text -in root.pem"));
    assert_output_has(tree, "Not Before: Jan  1 00:00:00 2020 GMT");
    assert_output_has(tree, "Not After : Dec 31 23:59:59 2069 GMT");
    assert_output_has(tree, "CA:TRUE, pathlen:1");
    assert_output_has(tree, "Certificate Sign, CRL Sign");
    assert_true(openssl(tree, "x509 -noout -text -in ca.pem"));
    assert_output_has(tree, "CA:TRUE, pathlen:0");
    assert_true(openssl(tree, "x509 -noout -text -nameopt RFC2253 -in robot.pem"));
    assert_output_has(tree, "Subject: CN=robot-1");
    assert_output_has(tree, "Not After : Jan  1 00:00:00 2050 GMT");
    assert_output_has(tree, "CA:FALSE");
    assert_output_has(tree, "Digital Signature");
    assert_output_has(tree, "X509v3 Subject Key Identifier");
    assert_output_has(tree, "X509v3 Authority Key Identifier");
    assert_true(openssl(tree, "req -noout -verify -in robot.csr"));
}

static void a_certificate_says_its_name_serial_and_end(void **state)
{
    const struct tree *tree = *state;
    struct pki_facts facts, others;
    char line[96];

    assert_int_equal(pki_read(span_text(tree->robot), &facts), STATUS_OK);
    assert_string_equal(facts.name, "robot-1");
    assert_true(facts.not_after_ms == at("2050-01-01T00:00:00Z"));
    assert_int_equal(strlen(facts.serial_hex), 32);
    assert_int_equal(pki_read(span_text(tree->root), &others), STATUS_OK);
    assert_string_equal(others.name, "Myna root, ours");
    assert_true(others.not_after_ms == at("2069-12-31T23:59:59Z"));
    assert_string_not_equal(facts.serial_hex, others.serial_hex);

    for (char *c = facts.serial_hex; *c; c++)
        if (*c >= 'a')
            *c = (char)(*c - 32);
    snprintf(line, sizeof line, "serial=%s", facts.serial_hex);
    assert_true(openssl(tree, "x509 -noout -serial -in robot.pem"));
    assert_output_has(tree, line);
}

static void a_chain_is_trusted_under_its_root_alone(void **state)
{
    const struct tree *tree = *state;
    char chain[2 * PKI_PEM_SIZE], other_key[PKI_PEM_SIZE], other[PKI_PEM_SIZE];

    snprintf(chain, sizeof chain, "%s%s", tree->robot, tree->ca);
    assert_int_equal(pki_verify(span_text(chain), span_text(tree->root), PKI_CHECK_TIME),
                     STATUS_OK);
    assert_int_equal(pki_verify(span_text(tree->robot), span_text(tree->anchor), PKI_CHECK_TIME),
                     STATUS_OK);
    assert_int_equal(pki_verify(span_text(tree->robot), span_text(tree->root), PKI_CHECK_TIME),
                     STATUS_FORGED);

    assert_int_equal(pki_make_key(other_key), STATUS_OK);
    issue(&(struct pki_request){.kind = PKI_ROOT,
                                .subject_name = "Myna root, ours",
                                .subject_key = other_key,
                                .not_after_ms = at("2069-12-31T23:59:59Z")},
          other);
    assert_int_equal(pki_verify(span_text(chain), span_text(other), PKI_CHECK_TIME), STATUS_FORGED);
    assert_int_equal(pki_verify(span_text(chain), span_text(other), PKI_IGNORE_TIME),
                     STATUS_FORGED);
}

static void an_expired_certificate_is_trusted_only_when_time_is_ignored(void **state)
{
    const struct tree *tree = *state;
    char expired[PKI_PEM_SIZE];

    issue(&(struct pki_request){.kind = PKI_CLIENT,
                                .subject_name = "robot-1",
                                .subject_key = tree->robot_key,
                                .issuer_cert = tree->ca,
                                .issuer_key = tree->ca_key,
                                .not_after_ms = at("2021-01-01T00:00:00Z")},
          expired);
    assert_int_equal(pki_verify(span_text(expired), span_text(tree->anchor), PKI_CHECK_TIME),
                     STATUS_FORGED);
    assert_int_equal(pki_verify(span_text(expired), span_text(tree->anchor), PKI_IGNORE_TIME),
                     STATUS_OK);
}

/* A robot must not be able to sign certificates for others. */
static void a_leaf_cannot_issue(void **state)
{
    const struct tree *tree = *state;
    char forged[PKI_PEM_SIZE], chain[3 * PKI_PEM_SIZE];

    issue(&(struct pki_request){.kind = PKI_CLIENT,
                                .subject_name = "robot-2",
                                .subject_key = tree->server_key,
                                .issuer_cert = tree->robot,
                                .issuer_key = tree->robot_key,
                                .not_after_ms = at("2049-01-01T00:00:00Z")},
          forged);
    snprintf(chain, sizeof chain, "%s%s%s", forged, tree->robot, tree->ca);
    assert_int_equal(pki_verify(span_text(chain), span_text(tree->root), PKI_CHECK_TIME),
                     STATUS_FORGED);
}

/* The base64 letter in the middle of the last whole line of a PEM becomes another one. */
static void damage(const char *pem, char out[PKI_PEM_SIZE])
{
    snprintf(out, PKI_PEM_SIZE, "%s", pem);
    char *end = strstr(out, "\n-----END");
    assert_non_null(end);
    char *letter = end - 20;
    *letter = *letter == 'A' ? 'B' : 'A';
}

static void a_request_gives_its_name_and_proves_its_key(void **state)
{
    const struct tree *tree = *state;
    char name[PKI_NAME_SIZE] = "old", damaged[PKI_PEM_SIZE];

    damage(tree->robot_csr, damaged);
    assert_int_equal(pki_check_csr(span_text(damaged), name), STATUS_FORGED);
    assert_int_equal(pki_check_csr(span_text("no request"), name), STATUS_INVALID);
    assert_int_equal(pki_check_csr(span_text(tree->robot), name), STATUS_INVALID);
    assert_string_equal(name, "old");
    assert_int_equal(pki_check_csr(span_text(tree->robot_csr), name), STATUS_OK);
    assert_string_equal(name, "robot-1");
}

static void requests_of_one_key_are_known_by_it(void **state)
{
    const struct tree *tree = *state;
    char again[PKI_PEM_SIZE], other[PKI_PEM_SIZE], damaged[PKI_PEM_SIZE];
    uint8_t first[32], second[32];

    assert_int_equal(pki_make_csr(tree->robot_key, "robot-2", again), STATUS_OK);
    assert_int_equal(pki_make_csr(tree->server_key, "robot-1", other), STATUS_OK);
    damage(tree->robot_csr, damaged);
    assert_int_equal(pki_csr_key_hash(span_text(tree->robot_csr), first), STATUS_OK);
    assert_int_equal(pki_csr_key_hash(span_text(again), second), STATUS_OK);
    assert_memory_equal(first, second, 32);
    assert_int_equal(pki_csr_key_hash(span_text(other), second), STATUS_OK);
    assert_memory_not_equal(first, second, 32);
    assert_int_equal(pki_csr_key_hash(span_text(damaged), second), STATUS_FORGED);
}

static void requests_of_other_kinds_are_refused(void **state)
{
    const struct tree *tree = *state;
    static const char *const made[] = {
        "req -new -newkey rsa:2048 -nodes -keyout k -subj /CN=robot-1 -out other.csr",
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -keyout k "
        "-subj /CN=robot-1 -out other.csr",
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout k "
        "-subj /O=nobody -out other.csr",
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout k "
        "-subj /CN=robot-1/CN=robot-2 -out other.csr",
    };
    char path[128], name[PKI_NAME_SIZE];

    snprintf(path, sizeof path, "%s/other.csr", tree->folder);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint8_t *data = NULL;
        size_t size;

        assert_true(openssl(tree, made[i]));
        assert_int_equal(file_read(path, PKI_PEM_SIZE, &data, &size), STATUS_OK);
        assert_int_equal(pki_check_csr(span_of(data, size), name), STATUS_INVALID);
        free(data);
    }
}

static void a_damaged_request_gets_no_certificate(void **state)
{
    const struct tree *tree = *state;
    char damaged[PKI_PEM_SIZE], cert[PKI_PEM_SIZE];

    damage(tree->robot_csr, damaged);
    assert_int_equal(pki_issue(&(struct pki_request){.kind = PKI_CLIENT,
                                                     .subject_name = "robot-1",
                                                     .csr_pem = span_text(damaged),
                                                     .issuer_cert = tree->ca,
                                                     .issuer_key = tree->ca_key,
                                                     .not_after_ms = at("2030-01-01T00:00:00Z")},
                               cert),
                     STATUS_FORGED);
}

static enum status issue_server(const struct tree *tree, const char *name, const char *alt_names)
{
    char cert[PKI_PEM_SIZE];

    return pki_issue(&(struct pki_request){.kind = PKI_SERVER,
                                           .subject_name = name,
                                           .subject_key = tree->server_key,
                                           .issuer_cert = tree->ca,
                                           .issuer_key = tree->ca_key,
                                           .alt_names = alt_names,
                                           .not_after_ms = at("2030-01-01T00:00:00Z")},
                     cert);
}

static void names_that_mean_nothing_are_refused(void **state)
{
    static const char *const bad[] = {
        "",        "a.example", "DNS:",   "IP:",          "IP:1.2.3", "IP:1.2.3.4.5",
        "IP:zz::", "DNS:a b",   "DNS:a,", "DNS:a,,DNS:b", "MAIL:a"};
    const struct tree *tree = *state;

    assert_int_equal(issue_server(tree, "a", "DNS:a"), STATUS_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(issue_server(tree, "a", bad[i]), STATUS_INVALID);
    assert_int_equal(issue_server(tree, "", "DNS:a"), STATUS_INVALID);
    assert_int_equal(issue_server(tree, "a\nb", "DNS:a"), STATUS_INVALID);
    assert_int_equal(issue_server(tree, "a\\b", "DNS:a"), STATUS_INVALID);
}

static void an_issuer_whose_key_is_another_is_refused(void **state)
{
    const struct tree *tree = *state;
    char cert[PKI_PEM_SIZE] = "old";

    assert_int_equal(pki_issue(&(struct pki_request){.kind = PKI_CLIENT,
                                                     .subject_name = "robot-1",
                                                     .subject_key = tree->robot_key,
                                                     .issuer_cert = tree->ca,
                                                     .issuer_key = tree->root_key,
                                                     .not_after_ms = at("2030-01-01T00:00:00Z")},
                               cert),
                     STATUS_INVALID);
    assert_string_equal(cert, "old");
}

static void the_fingerprint_is_that_of_openssl(void **state)
{
    const struct tree *tree = *state;
    uint8_t print[32];
    char text[128];
    size_t used = 0;

    assert_int_equal(pki_fingerprint(span_text(tree->root), print), STATUS_OK);
    for (size_t i = 0; i < sizeof print; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%02X", i ? ":" : "", print[i]);
    assert_true(openssl(tree, "x509 -noout -fingerprint -sha256 -in root.pem"));
    assert_output_has(tree, text);
}

static void a_signature_fits_its_key_and_message_alone(void **state)
{
    const struct tree *tree = *state;
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size = 0;

    assert_int_equal(pki_sign(tree->robot_key, span_text("message"), signature, &size), STATUS_OK);
    const struct span signed_by = span_of(signature, size);
    assert_int_equal(pki_verify_signature(span_text(tree->robot), span_text("message"), signed_by),
                     STATUS_OK);
    assert_int_equal(
        pki_verify_csr_signature(span_text(tree->robot_csr), span_text("message"), signed_by),
        STATUS_OK);
    assert_int_equal(pki_verify_signature(span_text(tree->robot), span_text("massage"), signed_by),
                     STATUS_FORGED);
    assert_int_equal(pki_verify_signature(span_text(tree->server), span_text("message"), signed_by),
                     STATUS_FORGED);
    assert_int_equal(
        pki_verify_csr_signature(span_text(tree->robot_csr), span_text("massage"), signed_by),
        STATUS_FORGED);
    assert_int_equal(pki_verify_signature(span_text(tree->robot), span_text("message"),
                                          span_of(signature, size - 1)),
                     STATUS_FORGED);
    assert_int_equal(
        pki_verify_signature(span_text(tree->robot), span_text("message"), span_text("")),
        STATUS_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_trusts_the_leaves_for_their_purpose_alone),
        cmocka_unit_test(openssl_trusts_the_leaves_under_the_anchor_alone),
        cmocka_unit_test(openssl_reads_what_was_meant),
        cmocka_unit_test(a_certificate_says_its_name_serial_and_end),
        cmocka_unit_test(a_chain_is_trusted_under_its_root_alone),
        cmocka_unit_test(an_expired_certificate_is_trusted_only_when_time_is_ignored),
        cmocka_unit_test(a_leaf_cannot_issue),
        cmocka_unit_test(a_request_gives_its_name_and_proves_its_key),
        cmocka_unit_test(requests_of_one_key_are_known_by_it),
        cmocka_unit_test(requests_of_other_kinds_are_refused),
        cmocka_unit_test(a_damaged_request_gets_no_certificate),
        cmocka_unit_test(names_that_mean_nothing_are_refused),
        cmocka_unit_test(an_issuer_whose_key_is_another_is_refused),
        cmocka_unit_test(the_fingerprint_is_that_of_openssl),
        cmocka_unit_test(a_signature_fits_its_key_and_message_alone),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
