/* Real parts of the machine that every machine has; what else there is are files. */
#include "agent/selftest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/face/face.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/base/pki.h"

struct fixture {
    char folder[64];
    char wav[96];
    struct config config;
    struct buffer line;
    struct json *json;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-selftest-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->config = (struct config){.state_dir = fixture->folder,
                                      .display = "headless",
                                      .audio = "file",
                                      .video_driver = "",
                                      .voice = VOICE_PROGRAM,
                                      .ear = "off"};
    buffer_init(&fixture->line, SELFTEST_MAX_BYTES);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"device.json", "device.key",    "device.pem", "root.pem",
                                        "sealing.key", "server-ca.pem", "quiet.wav"};
    struct fixture *fixture = *state;
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(fixture->folder), 0);
    json_free(fixture->json);
    buffer_release(&fixture->line);
    free(fixture);
    return 0;
}

static enum status run(struct fixture *fixture)
{
    json_free(fixture->json);
    fixture->json = NULL;
    buffer_clear(&fixture->line);
    enum status status = selftest_run(&fixture->config, &fixture->line);
    const struct span line = buffer_span(&fixture->line);

    assert_true(line.size > 0 && memchr(line.data, '\n', line.size) == line.data + line.size - 1);
    assert_int_equal(json_parse(line, &fixture->json, NULL), STATUS_OK);
    return status;
}

static const struct json *check_of(const struct fixture *fixture, const char *name)
{
    const struct json *checks = json_member(fixture->json, "checks");

    for (size_t i = 0; i < json_count(checks); i++) {
        const struct json *check = json_item(checks, i);

        if (strcmp(json_text(json_member(check, "name"), ""), name) == 0)
            return check;
    }
    fail_msg("there is no check \"%s\"", name);
    return NULL;
}

/* The one check that fails, with a cause that has this in it, and with a cure. */
static void assert_fails(struct fixture *fixture, const char *name, const char *cause)
{
    const struct json *checks = json_member(fixture->json, "checks");

    assert_false(json_bool(json_member(fixture->json, "ok"), true));
    for (size_t i = 0; i < json_count(checks); i++) {
        const struct json *check = json_item(checks, i);
        const bool is_it = strcmp(json_text(json_member(check, "name"), ""), name) == 0;

        assert_int_equal(json_bool(json_member(check, "ok"), false), !is_it);
    }
    const struct json *check = check_of(fixture, name);
    assert_non_null(strstr(json_text(json_member(check, "cause"), ""), cause));
    assert_true(json_text(json_member(check, "cure"), "")[0]);
}

static void a_machine_that_is_fit_passes_and_tells_what_it_saw(void **state)
{
    static const char *const names[] = {"clock", "random", "memory", "disk",
                                        "keys",  "voice",  "face"};
    static const char *const skipped[] = {"certificate", "screen", "speaker", "microphone"};
    struct fixture *fixture = *state;

    assert_int_equal(run(fixture), STATUS_OK);
    assert_true(json_bool(json_member(fixture->json, "ok"), false));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_true(json_text(json_member(check_of(fixture, names[i]), "detail"), "")[0]);
    for (size_t i = 0; i < sizeof skipped / sizeof skipped[0]; i++)
        assert_true(json_text(json_member(check_of(fixture, skipped[i]), "skipped"), "")[0]);
}

static void a_voice_that_does_not_speak_fails_alone(void **state)
{
    struct fixture *fixture = *state;

    fixture->config.voice = "/does/not/exist";
    assert_int_equal(run(fixture), STATUS_DENIED);
    assert_fails(fixture, "voice", "\"/does/not/exist\" cannot be run");
}

static void a_state_folder_that_keeps_no_file_fails(void **state)
{
    struct fixture *fixture = *state;

    fixture->config.state_dir = "/proc/myna";
    assert_int_equal(run(fixture), STATUS_DENIED);
    assert_fails(fixture, "disk", "\"/proc/myna\" does not keep a file");
}

static void put(struct fixture *fixture, const char *name, struct span content)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    assert_int_equal(file_replace(path, content, 0600), STATUS_OK);
}

static void a_microphone_that_gives_digital_silence_fails(void **state)
{
    static const uint8_t head[44] =
        "RIFF\x64\x7d\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d"
        "\0\0\x02\0\x10\0data\x40\x7d\0";
    static uint8_t wav[44 + 32064];
    struct fixture *fixture = *state;

    memcpy(wav, head, sizeof head);
    put(fixture, "quiet.wav", span_of(wav, sizeof wav));
    snprintf(fixture->wav, sizeof fixture->wav, "file:%s/quiet.wav", fixture->folder);
    fixture->config.ear = "button";
    fixture->config.ear_device = fixture->wav;
    assert_int_equal(run(fixture), STATUS_DENIED);
    assert_fails(fixture, "microphone", "digital silence");
    wav[1000] = 40;
    put(fixture, "quiet.wav", span_of(wav, sizeof wav));
    assert_int_equal(run(fixture), STATUS_OK);
    fixture->config.ear_device = "file:/does/not/exist.wav";
    assert_int_equal(run(fixture), STATUS_DENIED);
    assert_fails(fixture, "microphone", "gives nothing");
}

/* As an enrolment leaves it, but for the key, which is another's. */
static void a_certificate_of_another_key_fails(void **state)
{
    static const char facts[] =
        "{\"device_id\":\"r1\",\"brokers\":[\"a:1\"],\"sealing_key\":{\"public_key\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"signature\":\"AAAA\","
        "\"valid_from_ms\":1},\"epoch\":1}";
    static char keys[2][PKI_PEM_SIZE], cert[PKI_PEM_SIZE];
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pki_make_key(keys[i]), STATUS_OK);
    const struct pki_request request = {.kind = PKI_ROOT,
                                        .subject_name = "r1",
                                        .subject_key = keys[0],
                                        .not_after_ms = 4000000000000};
    assert_int_equal(pki_issue(&request, cert), STATUS_OK);
    put(fixture, "device.json", span_text(facts));
    put(fixture, "device.pem", span_text(cert));
    put(fixture, "root.pem", span_text(cert));
    put(fixture, "server-ca.pem", span_text(cert));
    put(fixture, "sealing.key",
        span_text("0101010101010101010101010101010101010101010101010101010101010101"));
    put(fixture, "device.key", span_text(keys[0]));
    assert_int_equal(run(fixture), STATUS_OK);
    assert_string_equal(json_text(json_member(check_of(fixture, "certificate"), "detail"), ""),
                        "of \"r1\"");
    put(fixture, "device.key", span_text(keys[1]));
    assert_int_equal(run(fixture), STATUS_DENIED);
    assert_fails(fixture, "certificate", "is not the key of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_machine_that_is_fit_passes_and_tells_what_it_saw, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_voice_that_does_not_speak_fails_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_state_folder_that_keeps_no_file_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_microphone_that_gives_digital_silence_fails, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_of_another_key_fails, set_up, tear_down),
    };

    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    face_forget_libraries();
    return failed;
}
