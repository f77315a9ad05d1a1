#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/manifest.h"

#define SHA256 "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define GOOD                                                                                       \
    "{\"manifest\":1,\"kind\":\"avatar\",\"name\":\"mochi\",\"version\":\"1.2~rc1\",\"counter\":"  \
    "7,"                                                                                           \
    "\"url\":\"https://files.example/mochi.svg\",\"sha256\":\"" SHA256 "\",\"size\":6"

static struct json_problem problem;

static enum status read_text(const char *text, struct manifest *out)
{
    problem = (struct json_problem){.pointer = ""};
    return manifest_read(span_text(text), out, &problem);
}

/* Where the document GOOD, with these members instead of or beside its own, is refused. */
static const char *refused_at(const char *member, const char *value)
{
    struct manifest manifest;
    struct json *json = NULL;
    struct buffer text;
    struct json_writer writer;
    bool is_new = true;

    assert_int_equal(json_parse(span_text(GOOD "}"), &json, NULL), STATUS_OK);
    buffer_init(&text, 8192);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    for (size_t i = 0; i < json_count(json); i++) {
        const char *name;
        const struct json *old = json_member_at(json, i, &name);
        struct buffer dump;

        buffer_init(&dump, 8192);
        json_dump(old, &dump);
        json_key(&writer, name);
        json_write_raw(&writer, strcmp(name, member) == 0 ? span_text(value) : buffer_span(&dump));
        is_new &= strcmp(name, member) != 0;
        buffer_release(&dump);
    }
    if (is_new) {
        json_key(&writer, member);
        json_write_raw(&writer, span_text(value));
    }
    json_end_object(&writer);
    json_free(json);
    enum status status = read_text(buffer_cstring(&text), &manifest);
    buffer_release(&text);
    return status == STATUS_INVALID ? problem.pointer : status_text(status);
}

static void a_document_is_read_as_it_was_written(void **state)
{
    struct manifest manifest;

    (void)state;
    assert_int_equal(read_text(GOOD ",\"from\":[\"none\",\"1.1\"],\"installer\":\"pack\","
                                    "\"allow_downgrade\":true}",
                               &manifest),
                     STATUS_OK);
    assert_string_equal(manifest.kind, "avatar");
    assert_string_equal(manifest.name, "mochi");
    assert_string_equal(manifest.version, "1.2~rc1");
    assert_string_equal(manifest.url, "https://files.example/mochi.svg");
    assert_string_equal(manifest.installer, "pack");
    assert_int_equal(manifest.counter, 7);
    assert_int_equal(manifest.size_bytes, 6);
    assert_int_equal(manifest.sha256[0], 0x58);
    assert_true(manifest.allow_downgrade);
    assert_true(manifest_follows(&manifest, "1.1"));
    assert_true(manifest_follows(&manifest, MANIFEST_NONE));
    assert_false(manifest_follows(&manifest, "1.0"));
}

static void the_kind_is_its_own_installer_and_follows_everything_unless_said(void **state)
{
    struct manifest manifest;

    (void)state;
    assert_int_equal(read_text(GOOD "}", &manifest), STATUS_OK);
    assert_string_equal(manifest.installer, "avatar");
    assert_false(manifest.allow_downgrade);
    assert_true(manifest_follows(&manifest, "0.1"));
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    assert_string_equal(refused_at("manifest", "2"), "/manifest");
    assert_string_equal(refused_at("kind", "\"a/b\""), "/kind");
    assert_string_equal(refused_at("kind", "\"abcdefghijklmnopqrstuvwxyz\""), "/kind");
    assert_string_equal(refused_at("name", "\"..\""), "/name");
    assert_string_equal(refused_at("version", "\"none\""), "/version");
    assert_string_equal(refused_at("version", "\"../x\""), "/version");
    assert_string_equal(refused_at("version", "\"1;rm\""), "/version");
    assert_string_equal(refused_at("counter", "0"), "/counter");
    assert_string_equal(refused_at("counter", "1.5"), "/counter");
    assert_string_equal(refused_at("url", "\"http://files.example/a\""), "/url");
    assert_string_equal(refused_at("url", "\"https:///a\""), "/url");
    assert_string_equal(refused_at("url", "\"https://u@files.example/a\""), "/url");
    assert_string_equal(refused_at("url", "\"https://files.example/a b\""), "/url");
    assert_string_equal(refused_at("sha256", "\"5891\""), "/sha256");
    assert_string_equal(refused_at("sha256", "\"" SHA256 "00\""), "/sha256");
    assert_string_equal(refused_at("size", "0"), "/size");
    assert_string_equal(refused_at("size", "4294967297"), "/size");
    assert_string_equal(refused_at("from", "[]"), "/from");
    assert_string_equal(refused_at("from", "\"1.0\""), "/from");
    assert_string_equal(refused_at("from", "[\"1 0\"]"), "/from");
    assert_string_equal(refused_at("from", "[1]"), "/from");
    assert_string_equal(refused_at("installer", "\"/bin/sh\""), "/installer");
    assert_string_equal(refused_at("later", "1"), "/later");
}

static void a_document_larger_than_a_message_takes_is_refused(void **state)
{
    char text[LIMIT_MANIFEST + 2];
    struct manifest manifest;
    const size_t size = strlen(GOOD "}");

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, GOOD "}", size);
    problem = (struct json_problem){.pointer = ""};
    assert_int_equal(manifest_read(span_of(text, LIMIT_MANIFEST), &manifest, &problem), STATUS_OK);
    assert_int_equal(manifest_read(span_of(text, LIMIT_MANIFEST + 1), &manifest, &problem),
                     STATUS_INVALID);
}

static void a_signature_holds_for_its_very_bytes_and_any_of_the_keys(void **state)
{
    char key[PKI_PEM_SIZE], other[PKI_PEM_SIZE], public_key[PKI_PEM_SIZE], both[2 * PKI_PEM_SIZE];
    struct manifest_envelope envelope;

    (void)state;
    assert_int_equal(pki_make_key(key), STATUS_OK);
    assert_int_equal(pki_make_key(other), STATUS_OK);
    assert_int_equal(manifest_sign(span_text(GOOD "}"), key, &envelope), STATUS_OK);
    assert_int_equal(pki_public_key(other, both), STATUS_OK);
    assert_int_equal(manifest_verify(span_text(both), &envelope), STATUS_FORGED);
    assert_int_equal(pki_public_key(key, public_key), STATUS_OK);
    snprintf(both + strlen(both), sizeof both - strlen(both), "# the second\n%s", public_key);
    assert_int_equal(manifest_verify(span_text(both), &envelope), STATUS_OK);

    envelope.document = span_text(GOOD " }"); /* says the same */
    assert_int_equal(manifest_verify(span_text(both), &envelope), STATUS_FORGED);
    assert_int_equal(manifest_verify(span_text("no key"), &envelope), STATUS_INVALID);
    assert_int_equal(manifest_verify(span_text(""), &envelope), STATUS_INVALID);
    /* a bare signature by the same key, of something else than a manifest */
    envelope.document = span_text(GOOD "}");
    assert_int_equal(pki_sign(key, envelope.document, envelope.signature, &envelope.signature_size),
                     STATUS_OK);
    assert_int_equal(manifest_verify(span_text(public_key), &envelope), STATUS_FORGED);
}

static void an_envelope_comes_back_as_it_was_written(void **state)
{
    char key[PKI_PEM_SIZE], public_key[PKI_PEM_SIZE];
    struct manifest_envelope envelope, again;
    struct json_writer writer;
    struct json *json = NULL;
    struct buffer text;

    (void)state;
    assert_int_equal(pki_make_key(key), STATUS_OK);
    assert_int_equal(pki_public_key(key, public_key), STATUS_OK);
    assert_int_equal(manifest_sign(span_text(GOOD "}"), key, &envelope), STATUS_OK);
    buffer_init(&text, MANIFEST_ENVELOPE_BYTES);
    json_writer_init(&writer, &text);
    manifest_write(&writer, &envelope);
    assert_int_equal(json_parse(buffer_span(&text), &json, NULL), STATUS_OK);
    assert_int_equal(manifest_open(json, &again, &problem), STATUS_OK);
    assert_true(span_equal(again.document, envelope.document));
    assert_int_equal(manifest_verify(span_text(public_key), &again), STATUS_OK);
    json_free(json);
    buffer_release(&text);
}

static void what_is_no_envelope_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"document\":\"{}\"}",
        "{\"document\":{},\"signature\":\"AAAA\"}",
        "{\"document\":\"{}\",\"signature\":\"\"}",
        "{\"document\":\"{}\",\"signature\":\"!\"}",
        "{\"document\":\"{}\",\"signature\":\"AAAA\",\"more\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct manifest_envelope envelope;
        struct json *json = NULL;

        assert_int_equal(json_parse(span_text(bad[i]), &json, NULL), STATUS_OK);
        assert_int_equal(manifest_open(json, &envelope, &problem), STATUS_INVALID);
        json_free(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_as_it_was_written),
        cmocka_unit_test(the_kind_is_its_own_installer_and_follows_everything_unless_said),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(a_document_larger_than_a_message_takes_is_refused),
        cmocka_unit_test(a_signature_holds_for_its_very_bytes_and_any_of_the_keys),
        cmocka_unit_test(an_envelope_comes_back_as_it_was_written),
        cmocka_unit_test(what_is_no_envelope_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
