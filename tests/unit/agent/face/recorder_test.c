#include "agent/face/recorder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/face/film.h"
#include "agent/face/pack.h"
#include "agent/voice/audio.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

struct folder {
    char path[64];
    struct pack *pack;
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);

    assert_non_null(folder);
    snprintf(folder->path, sizeof folder->path, "/tmp/myna-film-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    assert_int_equal(pack_builtin(&folder->pack), STATUS_OK);
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    char path[400];
    DIR *dir = opendir(folder->path);

    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(folder->path);
    pack_free(folder->pack);
    free(folder);
    return 0;
}

static enum status record(struct recorder **recorder, const struct folder *folder,
                          const char *encoder)
{
    return recorder_create(recorder, folder->path, encoder, "m", folder->pack);
}

/* A turn of one clause that sounds for some time. */
static void perform(struct recorder *recorder, uint64_t turn, int64_t start, size_t count,
                    int64_t heard)
{
    struct voice_mark mark = {.phoneme = "aa", .language = VOICE_LANGUAGE_EN};
    int16_t *pcm = calloc(count, sizeof *pcm);

    assert_non_null(pcm);
    for (size_t i = 0; i < count; i++)
        pcm[i] = i % 100 < 50 ? 4000 : -4000;
    recorder_begin(recorder, turn, start - AUDIO_SAMPLE_RATE, FACE_LISTENING);
    recorder_mood(recorder, turn, start - AUDIO_SAMPLE_RATE / 2, FACE_THINKING);
    recorder_clause(recorder, turn, start, span_text("Aaah."));
    recorder_sound(recorder, turn, start, pcm, count);
    recorder_mark(recorder, turn, start, &mark);
    recorder_clause_end(recorder, turn, start + (int64_t)count);
    recorder_end(recorder, turn, heard);
    free(pcm);
}

static bool is_there(const struct folder *folder, const char *name)
{
    char path[200];
    struct stat info;

    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return stat(path, &info) == 0 && info.st_size > 1000;
}

static bool wait_for(const struct folder *folder, const char *name)
{
    for (int i = 0; i < 1200 && !is_there(folder, name); i++)
        clock_sleep_ms(50);
    return is_there(folder, name);
}

/* Seconds and frames as the player's library sees them. */
static void probe(const struct folder *folder, const char *name, double *video_s, double *audio_s,
                  int *frames)
{
    char command[400], line[200];

    snprintf(command, sizeof command,
             "ffprobe -v error -show_entries stream=codec_type,duration,nb_frames -of csv=p=0 "
             "%s/%s",
             folder->path, name);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    while (fgets(line, sizeof line, output)) {
        char *comma = strchr(line, ',');

        assert_non_null(comma);
        *(strncmp(line, "video", 5) == 0 ? video_s : audio_s) = strtod(comma + 1, &comma);
        if (strncmp(line, "video", 5) == 0)
            *frames = (int)strtol(comma + 1, NULL, 10);
    }
    pclose(output);
}

static void an_answer_becomes_a_film_whose_sound_and_picture_are_equally_long(void **state)
{
    struct recorder *recorder;
    double video_s = 0, audio_s = 0;
    int frames = 0;

    assert_int_equal(record(&recorder, *state, "ffmpeg"), STATUS_OK);
    perform(recorder, 7, 100000, AUDIO_SAMPLE_RATE, 100000 + AUDIO_SAMPLE_RATE);
    assert_true(wait_for(*state, "latest.mp4"));
    assert_true(is_there(*state, "7.mp4"));
    probe(*state, "7.mp4", &video_s, &audio_s, &frames);
    /* 0.6 s before, 1 s of sound, 0.6 s after */
    assert_in_range(frames, 66, 68);
    assert_true(video_s > 2.15 && video_s < 2.30);
    assert_true(audio_s > video_s - 0.05 && audio_s < video_s + 0.05);
    recorder_free(recorder);
}

static void what_was_not_heard_is_not_in_the_film(void **state)
{
    struct recorder *recorder;
    double video_s = 0, audio_s = 0;
    int frames = 0;

    assert_int_equal(record(&recorder, *state, "ffmpeg"), STATUS_OK);
    perform(recorder, 1, 100000, 10 * AUDIO_SAMPLE_RATE, 100000 + AUDIO_SAMPLE_RATE / 2);
    assert_true(wait_for(*state, "latest.mp4"));
    probe(*state, "1.mp4", &video_s, &audio_s, &frames);
    assert_true(video_s > 1.6 && video_s < 1.85);
    recorder_free(recorder);
}

static void only_the_newest_films_are_kept(void **state)
{
    struct folder *folder = *state;
    char path[200];

    for (int i = 1; i <= RECORDER_KEEP + 3; i++) {
        snprintf(path, sizeof path, "%s/%d.mp4", folder->path, i);
        assert_int_equal(file_replace(path, span_text("film"), 0600), STATUS_OK);
        clock_sleep_ms(12);
    }
    film_keep_newest(folder->path, RECORDER_KEEP);
    for (int i = 1; i <= RECORDER_KEEP + 3; i++) {
        snprintf(path, sizeof path, "%s/%d.mp4", folder->path, i);
        assert_int_equal(access(path, F_OK) == 0, i > 3);
    }
}

static void a_turn_without_sound_is_not_recorded(void **state)
{
    struct recorder *recorder;

    assert_int_equal(record(&recorder, *state, "ffmpeg"), STATUS_OK);
    recorder_begin(recorder, 1, 1000, FACE_LISTENING);
    recorder_end(recorder, 1, 50000);
    perform(recorder, 2, 200000, AUDIO_SAMPLE_RATE / 4, 200000 + AUDIO_SAMPLE_RATE / 4);
    assert_true(wait_for(*state, "2.mp4"));
    assert_false(is_there(*state, "1.mp4"));
    recorder_free(recorder);
}

static void an_encoder_that_fails_leaves_no_half_film(void **state)
{
    struct folder *folder = *state;
    struct recorder *recorder;
    char encoder[200], path[200];
    /* writes half of the file, then fails */
    static const char script[] = "#!/bin/sh\nfor last; do :; done\ncat >/dev/null\n"
                                 "echo half >\"$last\"\nexit 1\n";

    snprintf(encoder, sizeof encoder, "%s/encoder", folder->path);
    assert_int_equal(file_replace(encoder, span_text(script), 0700), STATUS_OK);
    assert_int_equal(record(&recorder, folder, encoder), STATUS_OK);
    perform(recorder, 1, 100000, AUDIO_SAMPLE_RATE / 4, 100000 + AUDIO_SAMPLE_RATE / 4);
    snprintf(path, sizeof path, "%s/part.pcm", folder->path);
    for (int i = 0; i < 100 && access(path, F_OK) != 0; i++)
        clock_sleep_ms(20);
    for (int i = 0; i < 400 && access(path, F_OK) == 0; i++)
        clock_sleep_ms(20);
    recorder_free(recorder);
    snprintf(path, sizeof path, "%s/1.mp4", folder->path);
    assert_true(access(path, F_OK) != 0);
    snprintf(path, sizeof path, "%s/latest.mp4", folder->path);
    assert_true(access(path, F_OK) != 0);
    snprintf(path, sizeof path, "%s/part.new.mp4", folder->path);
    assert_true(access(path, F_OK) != 0);
}

static void stopping_does_not_wait_for_a_long_film(void **state)
{
    const struct folder *folder = *state;
    struct recorder *recorder;
    char path[200];

    assert_int_equal(record(&recorder, *state, "ffmpeg"), STATUS_OK);
    perform(recorder, 1, 100000, 100 * AUDIO_SAMPLE_RATE, 100000 + 100 * AUDIO_SAMPLE_RATE);
    clock_sleep_ms(300);
    recorder_free(recorder);
    snprintf(path, sizeof path, "%s/1.mp4", folder->path);
    assert_true(access(path, F_OK) != 0); /* who waited would have it */
}

/* Fontconfig maps its list of fonts while it is in use. */
static bool has_fonts(void)
{
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        found = found || strstr(line, "/fontconfig/");
    fclose(maps);
    return found;
}

static void fonts_are_unloaded_after_the_last_film_unless_somebody_draws(void **state)
{
    struct folder *folder = *state;
    struct recorder *recorder;

    assert_int_equal(record(&recorder, folder, "ffmpeg"), STATUS_OK);
    recorder_share_fonts(recorder, true);
    perform(recorder, 1, AUDIO_SAMPLE_RATE, AUDIO_SAMPLE_RATE / 4, 3 * AUDIO_SAMPLE_RATE);
    assert_true(wait_for(folder, "1.mp4"));
    clock_sleep_ms(200);
    assert_true(has_fonts());
    recorder_share_fonts(recorder, false);
    perform(recorder, 2, 9 * AUDIO_SAMPLE_RATE, AUDIO_SAMPLE_RATE / 4, 11 * AUDIO_SAMPLE_RATE);
    assert_true(wait_for(folder, "2.mp4"));
    for (int i = 0; i < 2400 && has_fonts(); i++)
        clock_sleep_ms(50);
    assert_false(has_fonts());
    recorder_free(recorder);
}

static void a_missing_encoder_is_noticed(void **state)
{
    (void)state;
    assert_false(film_can("no-such-ffmpeg"));
    assert_false(film_can("/nonexistent/ffmpeg"));
    assert_true(film_can("sh"));
    assert_true(film_can("/bin/sh"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static int forget_libraries(void **state)
{
    (void)state;
    face_forget_libraries();
    return 0;
}

static unsigned count_files(const struct folder *folder)
{
    DIR *dir = opendir(folder->path);
    unsigned count = 0;

    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void films_that_are_to_be_forgotten_are_deleted_and_those_under_way_never_come(void **state)
{
    const struct folder *folder = *state;
    struct recorder *recorder;

    assert_int_equal(record(&recorder, folder, "ffmpeg"), STATUS_OK);
    perform(recorder, 1, 0, AUDIO_SAMPLE_RATE, AUDIO_SAMPLE_RATE);
    assert_true(wait_for(folder, "1.mp4"));
    perform(recorder, 2, 10 * AUDIO_SAMPLE_RATE, 10 * AUDIO_SAMPLE_RATE, 20 * AUDIO_SAMPLE_RATE);
    assert_true(wait_for(folder, "part.pcm"));
    perform(recorder, 3, 20 * AUDIO_SAMPLE_RATE, AUDIO_SAMPLE_RATE, 21 * AUDIO_SAMPLE_RATE);
    assert_int_equal(recorder_forget(recorder), STATUS_OK);
    assert_false(is_there(folder, "1.mp4"));
    perform(recorder, 4, 30 * AUDIO_SAMPLE_RATE, AUDIO_SAMPLE_RATE, 31 * AUDIO_SAMPLE_RATE);
    assert_true(wait_for(folder, "4.mp4"));
    recorder_free(recorder);
    assert_int_equal(count_files(folder), 2); /* and latest.mp4 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_answer_becomes_a_film_whose_sound_and_picture_are_equally_long),
        IN_FOLDER(what_was_not_heard_is_not_in_the_film),
        IN_FOLDER(only_the_newest_films_are_kept),
        IN_FOLDER(films_that_are_to_be_forgotten_are_deleted_and_those_under_way_never_come),
        IN_FOLDER(a_turn_without_sound_is_not_recorded),
        IN_FOLDER(an_encoder_that_fails_leaves_no_half_film),
        IN_FOLDER(stopping_does_not_wait_for_a_long_film),
        IN_FOLDER(fonts_are_unloaded_after_the_last_film_unless_somebody_draws),
        cmocka_unit_test(a_missing_encoder_is_noticed),
    };

    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, forget_libraries);
}
