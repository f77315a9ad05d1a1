#include "agent/voice/audio.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"

#define WAV_HEADER_BYTES 44

struct fixture {
    struct audio *audio;
    int64_t opened_ns;
    char wav_path[64];
};

static int open_silent(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int fd;

    assert_non_null(fixture);
    snprintf(fixture->wav_path, sizeof fixture->wav_path, "/tmp/myna-audio-XXXXXX");
    fd = mkstemp(fixture->wav_path);
    assert_true(fd >= 0);
    close(fd);
    const struct audio_options options = {
        .sink = AUDIO_SINK_SILENT, .wav_path = fixture->wav_path, .volume = 100};
    fixture->opened_ns = clock_mono_ns();
    assert_int_equal(audio_open(&fixture->audio, &options), STATUS_OK);
    *state = fixture;
    return 0;
}

static int close_silent(void **state)
{
    struct fixture *fixture = *state;

    audio_close(fixture->audio);
    unlink(fixture->wav_path);
    free(fixture);
    return 0;
}

static void fill(int16_t *pcm, size_t count, int16_t value)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = value;
}

/* What was heard, after closing the device. */
static int16_t *heard(struct fixture *fixture, size_t *count)
{
    uint8_t *data;
    size_t size;

    audio_close(fixture->audio);
    fixture->audio = NULL;
    assert_int_equal(file_read(fixture->wav_path, 1 << 24, &data, &size), STATUS_OK);
    *count = (size - WAV_HEADER_BYTES) / 2;
    int16_t *samples = calloc(*count + 1, sizeof *samples);
    assert_non_null(samples);
    memcpy(samples, data + WAV_HEADER_BYTES, *count * sizeof *samples);
    free(data);
    return samples;
}

static void the_playhead_keeps_the_time_of_the_device(void **state)
{
    struct fixture *fixture = *state;
    double worst = 0;

    clock_sleep_ms(200);
    int64_t start_ns = clock_mono_ns(), start = audio_playhead(fixture->audio), last = start;
    for (int i = 0; i < 60; i++) {
        clock_sleep_ms(10);
        int64_t playhead = audio_playhead(fixture->audio);
        double expected = (double)(clock_mono_ns() - start_ns) * AUDIO_SAMPLE_RATE / 1e9;
        double error = (double)(playhead - start) - expected;

        assert_true(playhead >= last);
        last = playhead;
        worst = error > worst ? error : -error > worst ? -error : worst;
    }
    /* a frame at 60 Hz is 367 samples */
    assert_true(worst < 0.010 * AUDIO_SAMPLE_RATE);
}

static void the_playhead_is_what_is_heard_and_not_what_was_written(void **state)
{
    struct fixture *fixture = *state;

    clock_sleep_ms(500);
    double heard_s = (double)audio_playhead(fixture->audio) / AUDIO_SAMPLE_RATE;
    double passed_s = (double)(clock_mono_ns() - fixture->opened_ns) / 1e9;
    /* the device's buffer is 100 ms: whoever forgets its delay is that much ahead */
    assert_true(heard_s < passed_s + 0.020);
    assert_true(heard_s > passed_s - 0.100);
}

static void what_is_queued_lies_end_to_end_and_is_heard_where_it_was_put(void **state)
{
    struct fixture *fixture = *state;
    int16_t pcm[3000];
    int64_t first, second;
    size_t count;

    clock_sleep_ms(150);
    fill(pcm, 3000, 1000);
    assert_int_equal(audio_write(fixture->audio, pcm, 3000, &first), 3000);
    fill(pcm, 3000, 2000);
    assert_int_equal(audio_write(fixture->audio, pcm, 3000, &second), 3000);
    assert_true(second == first + 3000);
    assert_true(first >= audio_playhead(fixture->audio));
    while (audio_queued_ms(fixture->audio) > 0)
        clock_sleep_ms(10);
    clock_sleep_ms(150);

    int16_t *samples = heard(fixture, &count);
    assert_true((int64_t)count > second + 3000);
    assert_int_equal(samples[first - 1], 0);
    assert_int_equal(samples[first], 1000);
    assert_int_equal(samples[second - 1], 1000);
    assert_int_equal(samples[second], 2000);
    assert_int_equal(samples[second + 2999], 2000);
    assert_int_equal(samples[second + 3000], 0);
    free(samples);
}

static void sound_is_heard_at_its_place_on_the_clock(void **state)
{
    struct fixture *fixture = *state;
    int16_t pcm[2205];
    int64_t first;

    clock_sleep_ms(150);
    fill(pcm, 2205, 500);
    int64_t start_ms = clock_mono_ms();
    assert_int_equal(audio_write(fixture->audio, pcm, 2205, &first), 2205);
    while (audio_playhead(fixture->audio) < first)
        clock_sleep_ms(1);
    /* the device holds at most 100 ms */
    assert_true(clock_mono_ms() - start_ms < 180);
}

/* A period that was filled before the device had room for it would make all others a period late;
 * one that comes late by itself only makes the way shorter. */
static void what_is_queued_goes_into_the_next_period_that_the_device_takes(void **state)
{
    struct fixture *fixture = *state;
    const int16_t sample = 1000;
    int64_t first, ahead = 0;

    clock_sleep_ms(200);
    for (int i = 0; i < 30; i++) {
        clock_sleep_ms(13); /* not in step with the periods */
        assert_int_equal(audio_write(fixture->audio, &sample, 1, &first), 1);
        ahead += first - audio_playhead(fixture->audio);
    }
    /* the device's buffer is 100 ms, of which a period is free half the time */
    assert_true(ahead / 30 < AUDIO_SAMPLE_RATE * 100 / 1000);
}

static void a_drop_falls_silent_within_60_ms_and_fades(void **state)
{
    struct fixture *fixture = *state;
    static int16_t pcm[AUDIO_SAMPLE_RATE];
    int64_t first;
    size_t count;

    fill(pcm, AUDIO_SAMPLE_RATE, 10000);
    assert_int_equal(audio_write(fixture->audio, pcm, AUDIO_SAMPLE_RATE, &first),
                     AUDIO_SAMPLE_RATE);
    clock_sleep_ms(300);
    int64_t before = audio_playhead(fixture->audio);
    int64_t end = audio_drop(fixture->audio);
    assert_int_equal(audio_queued_ms(fixture->audio) > 60, 0);
    clock_sleep_ms(250);

    int16_t *samples = heard(fixture, &count);
    assert_true(end - before < AUDIO_SAMPLE_RATE * 60 / 1000);
    assert_int_equal(samples[end - 200], 10000);
    assert_true(samples[end - 55] < 9000 && samples[end - 55] > 1000);
    for (int64_t i = end; i < (int64_t)count; i++)
        assert_int_equal(samples[i], 0);
    free(samples);
}

static void after_a_drop_new_sound_follows_at_once(void **state)
{
    struct fixture *fixture = *state;
    static int16_t pcm[AUDIO_SAMPLE_RATE];
    int64_t first, again;

    assert_int_equal(audio_write(fixture->audio, pcm, AUDIO_SAMPLE_RATE, &first),
                     AUDIO_SAMPLE_RATE);
    clock_sleep_ms(150);
    int64_t end = audio_drop(fixture->audio);
    assert_int_equal(audio_write(fixture->audio, pcm, 100, &again), 100);
    assert_true(again >= end);
    assert_true(again - end < AUDIO_SAMPLE_RATE * 120 / 1000);
    assert_true(audio_queued_ms(fixture->audio) < 200);
}

static void a_full_queue_takes_what_fits(void **state)
{
    struct fixture *fixture = *state;
    static int16_t pcm[(AUDIO_QUEUE_S + 1) * AUDIO_SAMPLE_RATE];
    int64_t first;

    size_t taken = audio_write(fixture->audio, pcm, sizeof pcm / sizeof pcm[0], &first);
    assert_int_equal(taken, AUDIO_QUEUE_S * AUDIO_SAMPLE_RATE);
    assert_int_equal(audio_wait_room(fixture->audio, AUDIO_SAMPLE_RATE, 20), STATUS_TIMEOUT);
    assert_int_equal(audio_wait_room(fixture->audio, 100, 500), STATUS_OK);
}

static void volume_zero_is_silence_and_keeps_the_time(void **state)
{
    struct fixture *fixture = *state;
    int16_t pcm[4410];
    int64_t first;
    size_t count;

    audio_set_volume(fixture->audio, 0);
    clock_sleep_ms(150);
    fill(pcm, 4410, 10000);
    assert_int_equal(audio_write(fixture->audio, pcm, 4410, &first), 4410);
    while (audio_queued_ms(fixture->audio) > 0)
        clock_sleep_ms(10);
    int16_t *samples = heard(fixture, &count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(samples[i], 0);
    free(samples);
}

/* As a machine does that is far too busy. */
/* 12 dB are a quarter, and what was heard is known as loud as it was. */
static void a_ducked_voice_is_12_db_lower_until_it_is_restored(void **state)
{
    struct fixture *fixture = *state;
    int16_t pcm[AUDIO_SAMPLE_RATE], known[AUDIO_SAMPLE_RATE / 10];
    int64_t first = 0;

    fill(pcm, AUDIO_SAMPLE_RATE, 10000);
    audio_duck(fixture->audio, true);
    assert_int_equal(audio_write(fixture->audio, pcm, AUDIO_SAMPLE_RATE, &first),
                     AUDIO_SAMPLE_RATE);
    while (audio_playhead(fixture->audio) < first + AUDIO_SAMPLE_RATE / 2)
        clock_sleep_ms(5);
    audio_duck(fixture->audio, false);
    const int64_t at = audio_sample_at(fixture->audio, clock_mono_ns() - 200000000);
    audio_played(fixture->audio, at, known, sizeof known / sizeof known[0]);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_in_range(known[i], 2400, 2600);
    audio_played(fixture->audio, first + 10 * AUDIO_SAMPLE_RATE, known, 1); /* not yet */
    assert_int_equal(known[0], 0);
    while (audio_queued_ms(fixture->audio) > 0)
        clock_sleep_ms(5);
    size_t count;
    int16_t *samples = heard(fixture, &count);
    assert_in_range(samples[first + AUDIO_SAMPLE_RATE / 4], 2400, 2600);
    assert_int_equal(samples[first + AUDIO_SAMPLE_RATE - 100], 10000);
    free(samples);
}

static void stand_still(int64_t duration_ms)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        kill(getppid(), SIGSTOP);
        clock_sleep_ms(duration_ms);
        kill(getppid(), SIGCONT);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_device_that_ran_dry_is_counted(void **state)
{
    struct fixture *fixture = *state;

    clock_sleep_ms(50);
    const uint32_t before = audio_underruns(fixture->audio);
    stand_still(400);
    clock_sleep_ms(50);
    const uint32_t after = audio_underruns(fixture->audio);
    assert_in_range(after - before, 1, 5);
}

static long sleeps(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_nvcsw;
}

/* A period is 10 ms: a thread that woke for each would sleep a hundred times a second. */
static void in_silence_the_device_is_fed_a_few_times_a_second(void **state)
{
    (void)state;
    clock_sleep_ms(1000);
    const long before = sleeps();
    clock_sleep_ms(2000);
    assert_true(sleeps() - before < 120);
}

static void a_missing_sound_device_is_told_or_replaced_by_silence(void **state)
{
    struct audio *audio = NULL;
    struct audio_options options = {.sink = AUDIO_SINK_ALSA, .device = "no_such_device"};

    (void)state;
    assert_int_equal(audio_open(&audio, &options), STATUS_UNREACHABLE);
    assert_null(audio);
    options.sink = AUDIO_SINK_AUTO;
    assert_int_equal(audio_open(&audio, &options), STATUS_OK);
    assert_false(audio_is_audible(audio));
    audio_close(audio);
}

#define WITH_DEVICE(test) cmocka_unit_test_setup_teardown(test, open_silent, close_silent)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DEVICE(the_playhead_keeps_the_time_of_the_device),
        WITH_DEVICE(the_playhead_is_what_is_heard_and_not_what_was_written),
        WITH_DEVICE(what_is_queued_lies_end_to_end_and_is_heard_where_it_was_put),
        WITH_DEVICE(sound_is_heard_at_its_place_on_the_clock),
        WITH_DEVICE(what_is_queued_goes_into_the_next_period_that_the_device_takes),
        WITH_DEVICE(a_drop_falls_silent_within_60_ms_and_fades),
        WITH_DEVICE(after_a_drop_new_sound_follows_at_once),
        WITH_DEVICE(a_full_queue_takes_what_fits),
        WITH_DEVICE(volume_zero_is_silence_and_keeps_the_time),
        WITH_DEVICE(a_ducked_voice_is_12_db_lower_until_it_is_restored),
        WITH_DEVICE(a_device_that_ran_dry_is_counted),
        WITH_DEVICE(in_silence_the_device_is_fed_a_few_times_a_second),
        cmocka_unit_test(a_missing_sound_device_is_told_or_replaced_by_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
