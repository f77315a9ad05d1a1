/* The checks of screen, voice, ear and keys: selftest_parts.h. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/ear/microphone.h"
#include "agent/face/face.h"
#include "agent/identity.h"
#include "agent/rehearsal.h"
#include "agent/selftest_parts.h"
#include "agent/voice/audio.h"
#include "schema/base/clock.h"

#define TONE_MS         300
#define TONE_SAMPLES    (AUDIO_SAMPLE_RATE * TONE_MS / 1000)
#define HEARD_WITHIN_MS 3000
#define LISTEN_FRAMES   50 /* of 10 ms */
#define PI              3.14159265358979

void selftest_keys(const struct config *config, struct selftest_result *result)
{
    static const char message[] = "selftest";
    char key[PKI_PEM_SIZE], public_pem[PKI_PEM_SIZE];
    uint8_t mine[PKI_X25519_SIZE], mine_public[PKI_X25519_SIZE], theirs[PKI_X25519_SIZE],
        theirs_public[PKI_X25519_SIZE], here[PKI_X25519_SIZE], there[PKI_X25519_SIZE],
        signature[PKI_SIGNATURE_MAX];
    size_t size = 0;
    const int64_t started_ms = clock_mono_ms();
    enum status status = pki_make_key(key);

    (void)config;
    if (status == STATUS_OK)
        status = pki_public_key(key, public_pem);
    if (status == STATUS_OK)
        status = pki_sign(key, span_text(message), signature, &size);
    if (status == STATUS_OK)
        status =
            pki_verify_public(span_text(public_pem), span_text(message), span_of(signature, size));
    if (status == STATUS_OK)
        status = pki_make_x25519(mine, mine_public);
    if (status == STATUS_OK)
        status = pki_make_x25519(theirs, theirs_public);
    if (status == STATUS_OK)
        status = pki_agree(mine, theirs_public, here);
    if (status == STATUS_OK)
        status = pki_agree(theirs, mine_public, there);
    if (status == STATUS_OK && memcmp(here, there, sizeof here) != 0)
        status = STATUS_CORRUPT;
    if (status != STATUS_OK)
        selftest_fail(result, "install the program anew; if it stays, change the board",
                      "keys cannot be made and used: %s", status_text(status));
    else
        selftest_tell(result, "made, signed, verified and agreed in %lld ms",
                      (long long)(clock_mono_ms() - started_ms));
    crypto_wipe(key, sizeof key);
}

void selftest_certificate(const struct config *config, struct selftest_result *result)
{
    static const char cure[] = "restore the state folder, or empty it and enrol the robot anew";
    struct identity identity;
    char key[PKI_PEM_SIZE], chain[IDENTITY_CHAIN_SIZE], root[IDENTITY_CHAIN_SIZE],
        csr[PKI_PEM_SIZE];
    uint8_t of_key[CRYPTO_HASH_SIZE], of_cert[CRYPTO_HASH_SIZE];
    char problem[256];

    if (!identity_exists(config->state_dir)) {
        result->skipped = "the robot has not enrolled yet";
        return;
    }
    enum status status = identity_load(&identity, config->state_dir, problem);
    if (status == STATUS_OK)
        status = identity_read_pair(config->state_dir, key, chain, problem);
    if (status == STATUS_OK)
        status = identity_read_root(config->state_dir, root, problem);
    if (status != STATUS_OK) {
        selftest_fail(result, cure, "%.190s", problem);
        return;
    }
    identity_wipe(&identity);
    status = pki_make_csr(key, identity.device_id, csr);
    if (status == STATUS_OK)
        status = pki_csr_key_hash(span_text(csr), of_key);
    if (status == STATUS_OK)
        status = pki_cert_key_hash(span_text(chain), of_cert);
    crypto_wipe(key, sizeof key);
    if (status != STATUS_OK || memcmp(of_key, of_cert, sizeof of_key) != 0)
        selftest_fail(result, cure, "\"device.key\" is not the key of \"device.pem\"");
    else if (pki_verify(span_text(chain), span_text(root), PKI_IGNORE_TIME) != STATUS_OK)
        selftest_fail(result, cure, "\"device.pem\" does not verify under \"root.pem\"");
    else
        selftest_tell(result, "of \"%s\"", identity.device_id);
}

/* To nobody's ears. */
void selftest_voice(const struct config *config, struct selftest_result *result)
{
    static const struct span clauses[] = {{(const uint8_t *)"One two three.", 14},
                                          {(const uint8_t *)"一二三。", 12}};
    const atomic_bool cancel = false;
    const struct rehearsal rehearsal = {
        .voice_program = config->voice, .clauses = clauses, .count = 2, .cancel = &cancel};
    struct rehearsal_result spoken = {0};

    if (strchr(config->voice, '/') && access(config->voice, X_OK) != 0) {
        selftest_fail(result, "install it, or name another by --voice",
                      "the voice program \"%.80s\" cannot be run", config->voice);
        return;
    }
    enum status status = rehearsal_run(&rehearsal, &spoken);

    if (status != STATUS_OK || !spoken.is_spoken || !spoken.is_moved)
        selftest_fail(result, "install the packages of the voice, or name another by --voice",
                      "the voice \"%.80s\" does not speak English and Chinese: %s", config->voice,
                      status != STATUS_OK   ? status_text(status)
                      : spoken.samples == 0 ? "no sound came"
                      : !spoken.is_spoken   ? "it broke off"
                                            : "the mouth did not move to it");
    else
        selftest_tell(result, "%u ms of speech in two languages",
                      spoken.samples / (AUDIO_SAMPLE_RATE / 1000));
}

static enum status draw(const struct face_options *options, struct buffer *picture)
{
    struct face *face = NULL;
    enum status status = face_create(&face, options);

    if (status == STATUS_OK)
        status = face_picture(face, picture);
    face_free(face);
    return status;
}

/* Drawn without a screen, so that what draws is told from what shows. */
void selftest_face(const struct config *config, struct selftest_result *result)
{
    const struct face_options options = {.screen = FACE_SCREEN_HEADLESS,
                                         .avatar_folder = config->avatars};
    struct buffer picture;

    buffer_init(&picture, FACE_PICTURE_MAX_BYTES);
    enum status status = draw(&options, &picture);
    const struct span png = buffer_span(&picture);
    if (status != STATUS_OK || png.size < 1000)
        selftest_fail(result, "install the program and its libraries anew",
                      "the face is not drawn: %s",
                      status != STATUS_OK ? status_text(status) : "the picture is empty");
    else
        selftest_tell(result, "a picture of %zu bytes", png.size);
    buffer_release(&picture);
}

void selftest_screen(const struct config *config, struct selftest_result *result)
{
    const struct face_options options = {.screen = FACE_SCREEN_WINDOW,
                                         .width = config->width,
                                         .height = config->height,
                                         .video_driver = config->video_driver};
    struct face *face = NULL;

    if (strcmp(config->display, "headless") == 0) {
        result->skipped = "the option display says headless";
        return;
    }
    if (face_create(&face, &options) != STATUS_OK)
        selftest_fail(result,
                      "connect the panel, let the robot's user use it, or say --display headless",
                      "no window opens on this machine's screen (video driver \"%.20s\")",
                      config->video_driver);
    else
        selftest_tell(result, "a window of %dx%d", config->width, config->height);
    face_free(face);
}

/* A tone, heard to its end by the device's own count. */
static enum status sound(struct audio *audio)
{
    int16_t pcm[TONE_SAMPLES];
    int64_t first = 0;
    const int64_t until_ms = clock_mono_ms() + HEARD_WITHIN_MS;

    for (size_t i = 0; i < TONE_SAMPLES; i++)
        pcm[i] = (int16_t)(6000 * sin(2 * PI * 440 * (double)i / AUDIO_SAMPLE_RATE));
    const size_t taken = audio_write(audio, pcm, TONE_SAMPLES, &first);
    while (audio_playhead(audio) < first + (int64_t)taken && clock_mono_ms() < until_ms)
        clock_sleep_ms(20);
    return taken == TONE_SAMPLES && audio_playhead(audio) >= first + TONE_SAMPLES ? STATUS_OK
                                                                                  : STATUS_TIMEOUT;
}

void selftest_speaker(const struct config *config, struct selftest_result *result)
{
    const struct audio_options options = {.sink = AUDIO_SINK_ALSA, .volume = 50};
    struct audio *audio = NULL;

    if (strcmp(config->audio, "file") == 0) {
        result->skipped = "the option audio says file";
        return;
    }
    enum status status = audio_open(&audio, &options);
    if (status != STATUS_OK)
        selftest_fail(result, "connect it, and put the robot's user into the group audio",
                      "no sound device opens: %s", status_text(status));
    else if (sound(audio) != STATUS_OK)
        selftest_fail(result, "look whether another program holds it",
                      "the sound device takes a tone and does not play it");
    else
        selftest_tell(result, "played %d ms", TONE_MS);
    audio_close(audio);
}

/* The loudest sample. A microphone that is there hears its own noise at least. */
static enum status listen(struct microphone *microphone, int *peak)
{
    int16_t frame[VAD_FRAME];
    enum status status = STATUS_OK;

    for (int n = 0; n < LISTEN_FRAMES && status == STATUS_OK; n++) {
        status = microphone->read(microphone, frame);
        for (size_t i = 0; i < VAD_FRAME && status == STATUS_OK; i++)
            if (abs(frame[i]) > *peak)
                *peak = abs(frame[i]);
    }
    return status == STATUS_CLOSED ? STATUS_OK : status; /* a shorter file */
}

void selftest_microphone(const struct config *config, struct selftest_result *result)
{
    static const char cure[] = "connect it, name it by --ear-device, or say --ear off";
    struct microphone *microphone = NULL;
    int peak = 0;

    if (strcmp(config->ear, "off") == 0) {
        result->skipped = "the option ear says off";
        return;
    }
    enum status status = microphone_open(&microphone, config->ear_device);
    if (status == STATUS_OK)
        status = listen(microphone, &peak);
    if (status != STATUS_OK)
        selftest_fail(result, cure, "the microphone \"%.80s\" gives nothing: %s",
                      config->ear_device, status_text(status));
    else if (peak == 0)
        selftest_fail(result, cure, "the microphone \"%.80s\" gives digital silence",
                      config->ear_device);
    else
        selftest_tell(result, "as loud as %.0f dB of full scale", 20 * log10(peak / 32768.0));
    if (microphone)
        microphone->close(microphone);
}
