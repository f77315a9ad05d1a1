#include "agent/face/track.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/face/viseme.h"
#include "schema/base/heap.h"
#include "tests/support/spoken.h"

#define START   22050 /* where the sentence lies: a second of silence before it */
#define MS(ms)  ((int64_t)((ms)*22.05))
#define SHUT    0.10f
#define PHASES  4
#define FOREVER 1000000

static const char english[] = "Peter Piper picked a peck of pickled peppers. Bob may move my five "
                              "favourite maps, above all the big brown bamboo box.";
static const char mandarin[] = "爸爸妈妈骑马，买包子和苹果。不怕慢，明白吗？朋友跑步八百米，"
                               "把面包放在飞机旁边。";

static struct spoken *speak(const char *text, struct track **track)
{
    struct spoken *spoken;

    assert_int_equal(spoken_create(&spoken, VOICE_PROGRAM, text), STATUS_OK);
    assert_int_equal(track_create(track), STATUS_OK);
    spoken_place(spoken, *track, START);
    return spoken;
}

/* Poses as a screen shows them: one per frame, the limit on closing applied. */
static struct track_pose *show(const struct track *track, double frames_per_s, double phase,
                               int64_t until, size_t *count)
{
    double step = AUDIO_SAMPLE_RATE / frames_per_s;
    struct track_pose shown = {.cap = 1};

    *count = (size_t)((double)until / step);
    struct track_pose *poses = calloc(*count, sizeof *poses);
    assert_non_null(poses);
    for (size_t i = 0; i < *count; i++) {
        struct track_pose wanted;

        track_pose(track, (int64_t)(((double)i + phase) * step), &wanted);
        track_step(&shown, &wanted, (float)(1000 / frames_per_s), &poses[i]);
        shown = poses[i];
    }
    return poses;
}

struct window {
    int64_t from, until;
};

/* When lips are shut, measured on the voice's sound (and 8 ms more on each side): independent of
 * the tables under test. */
static bool closure_window(const struct spoken *spoken, size_t index, const char *kind,
                           struct window *window)
{
    const struct voice_mark *mark = &spoken->marks[index];
    int64_t at = START + mark->sample, next = at + mark->duration;
    char name = mark->phoneme[0];
    bool is_zh = mark->language == VOICE_LANGUAGE_ZH;

    if (!strchr(kind, name) || (mark->phoneme[1] && strcmp(mark->phoneme, "ph") != 0))
        return false;
    *window = (struct window){at - MS(8), next - MS(10)};
    if (name == 'p')
        *window = (struct window){at - MS(38), at + MS(3)};
    else if (name == 'b' && !is_zh && next - MS(10) > at + MS(45))
        window->until = at + MS(45);
    /* a closure shorter than a frame at 30 Hz is held for one */
    int64_t more = (MS(36) - (window->until - window->from)) / 2;
    more = more > MS(8) ? more : MS(8);
    window->from -= more;
    window->until += more;
    return true;
}

static unsigned count_shown(const struct spoken *spoken, const struct track *track,
                            const char *kind, double frames_per_s, unsigned *all)
{
    unsigned shown = 0;

    for (int phase = 0; phase < PHASES; phase++) {
        size_t count;
        struct track_pose *poses = show(track, frames_per_s, phase / (double)PHASES,
                                        START + (int64_t)spoken->count + MS(500), &count);

        for (size_t i = 0; i < spoken->mark_count; i++) {
            struct window window;
            bool is_shut = false;

            if (!closure_window(spoken, i, kind, &window))
                continue;
            (*all)++;
            for (size_t k = 0; k < count; k++) {
                double sample =
                    ((double)k + phase / (double)PHASES) * AUDIO_SAMPLE_RATE / frames_per_s;

                is_shut = is_shut || (sample >= (double)window.from &&
                                      sample <= (double)window.until && poses[k].open <= SHUT);
            }
            shown += is_shut;
        }
        free(poses);
    }
    return shown;
}

static void assert_every_closure_shown(const char *text, const char *kind, unsigned least)
{
    static const double rates[] = {60, 30};
    struct track *track;
    struct spoken *spoken = speak(text, &track);

    for (size_t i = 0; i < 2; i++) {
        unsigned all = 0;
        unsigned shown = count_shown(spoken, track, kind, rates[i], &all);

        assert_true(all >= least * PHASES);
        assert_int_equal(shown, all);
    }
    track_free(track);
    free(spoken);
}

static void i12_every_english_p_b_m_is_shown_shut(void **state)
{
    (void)state;
    assert_every_closure_shown(english, "pbm", 20);
}

static void i12_every_mandarin_b_p_m_is_shown_shut(void **state)
{
    (void)state;
    assert_every_closure_shown(mandarin, "pm", 20);
}

static void i12_every_f_and_v_touches(void **state)
{
    (void)state;
    assert_every_closure_shown(english, "fv", 6);
    assert_every_closure_shown(mandarin, "f", 2);
}

static struct track_pose pose_at(const struct track *track, int64_t sample)
{
    struct track_pose pose;

    track_pose(track, sample, &pose);
    return pose;
}

/* The middle of the index-th mark with that phoneme. */
static int64_t middle_of(const struct spoken *spoken, const char *phoneme)
{
    for (size_t i = 0; i < spoken->mark_count; i++) {
        if (strcmp(spoken->marks[i].phoneme, phoneme) == 0)
            return START + spoken->marks[i].sample + spoken->marks[i].duration / 2;
    }
    fail_msg("no phoneme %s", phoneme);
    return 0;
}

static void vowels_differ_in_opening_width_and_rounding(void **state)
{
    struct track *track;
    struct spoken *spoken = speak("Father sees food.", &track);

    (void)state;
    struct track_pose a = pose_at(track, middle_of(spoken, "A:"));
    struct track_pose i = pose_at(track, middle_of(spoken, "i:"));
    struct track_pose u = pose_at(track, middle_of(spoken, "u:"));
    assert_true(a.open > 0.6f && a.open > i.open + 0.25f && a.open > u.open + 0.25f);
    assert_true(i.width > 0.35f && i.round < 0.2f);
    assert_true(u.width < -0.5f && u.round > 0.7f);
    track_free(track);
    free(spoken);
}

static void mandarin_vowels_differ_too(void **state)
{
    struct track *track;
    struct spoken *spoken = speak("他 你 路 我。", &track);

    (void)state;
    struct track_pose a = pose_at(track, middle_of(spoken, "A"));
    struct track_pose i = pose_at(track, middle_of(spoken, "i"));
    struct track_pose u = pose_at(track, middle_of(spoken, "u"));
    assert_true(a.open > 0.6f && a.open > i.open + 0.2f);
    assert_true(i.width > 0.3f);
    assert_true(u.round > 0.7f && u.width < -0.5f);
    track_free(track);
    free(spoken);
}

/* --- single marks --- */

static struct track *fresh(void)
{
    struct track *track;

    assert_int_equal(track_create(&track), STATUS_OK);
    return track;
}

static void mark(struct track *track, const char *phoneme, double at_ms)
{
    struct voice_mark value = {.language = VOICE_LANGUAGE_EN};

    snprintf(value.phoneme, sizeof value.phoneme, "%s", phoneme);
    track_mark(track, START + MS(at_ms), &value);
}

static void loud(struct track *track, double until_ms)
{
    static int16_t pcm[3 * AUDIO_SAMPLE_RATE];

    for (size_t i = 0; i < sizeof pcm / sizeof pcm[0]; i++)
        pcm[i] = i % 50 < 25 ? 8000 : -8000;
    track_sound(track, START, pcm, (size_t)MS(until_ms));
}

static float open_at(const struct track *track, double at_ms)
{
    return pose_at(track, START + MS(at_ms)).open;
}

static void a_voiceless_stop_is_shut_before_its_mark(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 600);
    mark(track, "aa", 0);
    mark(track, "p", 200);
    mark(track, "aa", 203);
    mark(track, "_:", 400);
    track_close(track, START + MS(600));
    assert_true(open_at(track, 80) > 0.6f);
    assert_true(open_at(track, 170) <= SHUT);
    assert_true(open_at(track, 200) <= SHUT);
    assert_true(open_at(track, 250) > 0.5f);
    track_free(track);
}

static void rounding_comes_early_and_opening_does_not(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 800);
    mark(track, "i:", 0);
    mark(track, "s", 150);
    mark(track, "u:", 300);
    mark(track, "_:", 500);
    track_close(track, START + MS(800));
    float far = pose_at(track, START + MS(80)).round;
    float near = pose_at(track, START + MS(270)).round;
    assert_true(near > 0.15f);
    assert_true(near > far + 0.12f);
    track_free(track);
}

static void short_pauses_hold_and_long_ones_close(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 2500);
    mark(track, "aa", 0);
    mark(track, "_:", 200);
    mark(track, "aa", 280); /* 80 ms: hold */
    mark(track, "_:", 480);
    mark(track, "aa", 680); /* 200 ms: relax */
    mark(track, "_:", 880);
    mark(track, "aa", 1700); /* 820 ms: shut */
    mark(track, "_:", 1900);
    track_close(track, START + MS(2500));
    assert_true(open_at(track, 240) > 0.4f);
    assert_true(open_at(track, 580) < 0.2f && open_at(track, 580) > 0.01f);
    assert_true(open_at(track, 1100) < 0.02f);
    assert_true(open_at(track, 1550) < 0.03f);
    assert_true(open_at(track, 2150) < 0.03f);
    track_free(track);
}

static void the_mouth_opens_ahead_of_the_first_sound_but_not_long_before(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 400);
    mark(track, "aa", 0);
    mark(track, "_:", 300);
    track_close(track, START + MS(400));
    assert_true(open_at(track, -160) < 0.02f);
    assert_true(open_at(track, -40) > 0.10f);
    assert_true(open_at(track, 20) > 0.4f);
    track_free(track);
}

static void clauses_follow_each_other_without_shutting_in_between(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 800);
    mark(track, "aa", 0);
    track_close(track, START + MS(200));
    mark(track, "aa", 205);
    track_close(track, START + MS(400));
    for (double ms = 60; ms < 360; ms += 10)
        assert_true(open_at(track, ms) > 0.3f);
    track_free(track);
}

static void a_cut_closes_the_mouth_within_120_ms_and_nothing_follows(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 1500);
    for (int i = 0; i < 10; i++)
        mark(track, i % 2 ? "aa" : "oU", 120 * i);
    track_close(track, START + MS(1300));
    assert_true(open_at(track, 310) > 0.3f);
    track_cut(track, START + MS(300));
    for (double ms = 420; ms < 1600; ms += 20)
        assert_true(open_at(track, ms) <= 0.05f);
    track_free(track);
}

static void after_a_cut_new_marks_move_the_mouth_again(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 2000);
    mark(track, "aa", 0);
    mark(track, "aa", 300);
    track_cut(track, START + MS(250));
    mark(track, "aa", 900);
    mark(track, "_:", 1200);
    track_close(track, START + MS(1500));
    assert_true(open_at(track, 600) < 0.03f);
    assert_true(open_at(track, 1050) > 0.5f);
    track_free(track);
}

/* One syllable over sound so soft that how loud the clause was shows. */
static void soft_syllable(struct track *track, int64_t start)
{
    struct voice_mark value = {.language = VOICE_LANGUAGE_EN, .phoneme = "aa"};
    int16_t pcm[AUDIO_SAMPLE_RATE / 2];

    for (size_t i = 0; i < sizeof pcm / sizeof pcm[0]; i++)
        pcm[i] = i % 50 < 25 ? 300 : -300;
    track_sound(track, start, pcm, sizeof pcm / sizeof pcm[0]);
    track_mark(track, start, &value);
    snprintf(value.phoneme, sizeof value.phoneme, "_:");
    track_mark(track, start + MS(400), &value);
    track_close(track, start + MS(500));
}

static void a_cleared_track_shows_what_follows_as_a_fresh_one_does(void **state)
{
    struct track *used = fresh(), *unused = fresh();

    (void)state;
    loud(used, 100);
    mark(used, "p", 0);
    mark(used, "aa", 300);
    mark(used, "m", 900);
    track_clear(used);
    for (double ms = 0; ms < 2500; ms += 50)
        assert_true(open_at(used, ms) == 0);
    assert_string_equal(track_phoneme(used, START + MS(100)), "");
    soft_syllable(used, START); /* where it was loud */
    soft_syllable(unused, START);
    for (double ms = -200; ms < 1000; ms += 20)
        assert_true(open_at(used, ms) == open_at(unused, ms));
    assert_true(open_at(used, 200) > 0.2f);
    track_free(used);
    track_free(unused);
}

/* A mouth that moves for a second, at sample; the next turn interrupts it. */
static void babble(struct track *track, int64_t sample)
{
    static const char *const phonemes[] = {"p", "aa", "m", "oU", "f", "i:", "b", "@", "s", "u:"};
    struct voice_mark value = {.language = VOICE_LANGUAGE_EN};
    int16_t pcm[AUDIO_SAMPLE_RATE];

    for (size_t i = 0; i < sizeof pcm / sizeof pcm[0]; i++)
        pcm[i] = (int16_t)((i % 50 < 25 ? 1 : -1) * (int)(i / 4));
    track_sound(track, sample, pcm, sizeof pcm / sizeof pcm[0]);
    for (size_t i = 0; i < sizeof phonemes / sizeof phonemes[0]; i++) {
        snprintf(value.phoneme, sizeof value.phoneme, "%s", phonemes[i]);
        track_mark(track, sample + (int64_t)i * MS(100), &value);
    }
}

static void what_is_forgotten_moves_no_mouth_that_is_still_shown(void **state)
{
    struct track *frugal = fresh(), *lavish = fresh();

    (void)state;
    for (int turn = 0; turn < 40; turn++) {
        const int64_t now = START + turn * MS(700);

        track_cut(frugal, now);
        track_cut(lavish, now);
        track_forget(frugal, now - MS(500));
        for (int64_t at = now - MS(500); at < now; at += MS(20))
            assert_true(pose_at(frugal, at).open == pose_at(lavish, at).open);
        babble(frugal, now);
        babble(lavish, now);
        for (int64_t at = now; at < now + MS(1200); at += MS(20))
            assert_true(pose_at(frugal, at).open == pose_at(lavish, at).open);
    }
    assert_true(pose_at(frugal, START + 39 * MS(700) + MS(150)).open > 0.2f);
    track_free(frugal);
    track_free(lavish);
}

/* Pages of it that are in memory; sanitizers touch none of a block so large either. */
static unsigned pages_of(const void *block)
{
    const uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)block & ~(size - 1);
    const size_t count = malloc_usable_size((void *)block) / size;
    unsigned char is_in[1024];
    unsigned pages = 0;

    assert_in_range(count, 100, sizeof is_in);
    assert_int_equal(mincore((void *)first, count * size, is_in), 0);
    for (size_t i = 0; i < count; i++)
        pages += is_in[i] & 1;
    return pages;
}

/* Segments and loudness filled their rooms bit by bit where people ask on and on: a megabyte that
 * an hour of talk took and no silence gave back. */
static void a_thousand_interrupted_answers_take_the_memory_of_a_few(void **state)
{
    struct track *track = fresh();
    unsigned few = 0;

    (void)state;
    for (int turn = 0; turn < 1000; turn++) {
        const int64_t now = START + turn * MS(700);

        track_cut(track, now);
        track_forget(track, now - MS(1000));
        babble(track, now);
        if (turn == 10)
            few = pages_of(track);
    }
    assert_in_range(few, 3, 20);
    assert_in_range(pages_of(track), few, few + 1);
    track_free(track);
}

static void sound_that_was_cut_is_no_measure_for_what_comes_in_its_place(void **state)
{
    struct track *cut = fresh(), *unsaid = fresh();

    (void)state;
    loud(cut, 400);
    loud(unsaid, 100);
    track_cut(cut, START + MS(100));
    track_cut(unsaid, START + MS(100));
    soft_syllable(cut, START + MS(200));
    soft_syllable(unsaid, START + MS(200));
    for (double ms = 150; ms < 900; ms += 20)
        assert_true(open_at(cut, ms) == open_at(unsaid, ms));
    assert_true(open_at(cut, 500) > 0.2f);
    track_free(cut);
    track_free(unsaid);
}

static void loudness_alone_never_opens_the_mouth(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 3000);
    for (double ms = 0; ms < 3000; ms += 50)
        assert_true(open_at(track, ms) < 0.001f);
    track_free(track);
}

static void a_mouth_pops_open_but_closes_slowly_unless_lips_must_meet(void **state)
{
    struct track_pose shown;
    const struct track_pose wide = {.open = 1, .cap = 1}, shut = {.open = 0, .cap = 1},
                            pressed = {.open = 0, .cap = 0};

    (void)state;
    track_step(&shut, &wide, 16.7f, &shown);
    assert_true(shown.open == 1);
    track_step(&wide, &shut, 16.7f, &shown);
    assert_true(fabsf(shown.open - 0.55f) < 0.001f);
    track_step(&wide, &pressed, 16.7f, &shown);
    assert_true(shown.open == 0);
}

static void no_frame_closes_faster_than_the_limit(void **state)
{
    struct track *track;
    struct spoken *spoken = speak(english, &track);
    size_t count;
    struct track_pose *poses = show(track, 60, 0, START + (int64_t)spoken->count, &count);
    unsigned fast = 0;

    (void)state;
    for (size_t i = 1; i < count; i++)
        fast += poses[i].open < poses[i - 1].open - 0.46f;
    assert_int_equal(fast, 0);
    free(poses);
    track_free(track);
    free(spoken);
}

static void the_oldest_marks_make_room_for_new_ones(void **state)
{
    struct track *track = fresh();

    (void)state;
    for (int i = 0; i < 20000; i++)
        mark(track, i % 2 ? "p" : "aa", 100.0 * i);
    track_close(track, START + MS(2000000));
    assert_true(pose_at(track, START + MS(100.0 * 19990 + 50)).open > 0.2f);
    assert_true(pose_at(track, START + MS(5000)).open < 0.01f);
    track_free(track);
}

static void a_phoneme_that_no_table_knows_is_passed_over(void **state)
{
    struct track *track = fresh();

    (void)state;
    loud(track, 600);
    mark(track, "aa", 0);
    mark(track, "@@@@", 100);
    mark(track, "aa", 150);
    mark(track, "_:", 400);
    track_close(track, START + MS(600));
    assert_true(open_at(track, 125) > 0.3f);
    assert_null(viseme_find(VOICE_LANGUAGE_EN, "@@@@"));
    track_free(track);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i12_every_english_p_b_m_is_shown_shut),
        cmocka_unit_test(i12_every_mandarin_b_p_m_is_shown_shut),
        cmocka_unit_test(i12_every_f_and_v_touches),
        cmocka_unit_test(vowels_differ_in_opening_width_and_rounding),
        cmocka_unit_test(mandarin_vowels_differ_too),
        cmocka_unit_test(a_voiceless_stop_is_shut_before_its_mark),
        cmocka_unit_test(rounding_comes_early_and_opening_does_not),
        cmocka_unit_test(short_pauses_hold_and_long_ones_close),
        cmocka_unit_test(the_mouth_opens_ahead_of_the_first_sound_but_not_long_before),
        cmocka_unit_test(clauses_follow_each_other_without_shutting_in_between),
        cmocka_unit_test(a_cut_closes_the_mouth_within_120_ms_and_nothing_follows),
        cmocka_unit_test(after_a_cut_new_marks_move_the_mouth_again),
        cmocka_unit_test(a_cleared_track_shows_what_follows_as_a_fresh_one_does),
        cmocka_unit_test(what_is_forgotten_moves_no_mouth_that_is_still_shown),
        cmocka_unit_test(a_thousand_interrupted_answers_take_the_memory_of_a_few),
        cmocka_unit_test(sound_that_was_cut_is_no_measure_for_what_comes_in_its_place),
        cmocka_unit_test(loudness_alone_never_opens_the_mouth),
        cmocka_unit_test(a_mouth_pops_open_but_closes_slowly_unless_lips_must_meet),
        cmocka_unit_test(no_frame_closes_faster_than_the_limit),
        cmocka_unit_test(the_oldest_marks_make_room_for_new_ones),
        cmocka_unit_test(a_phoneme_that_no_table_knows_is_passed_over),
    };

    heap_economize(); /* as the robot does: what is freed is not used again, but given back */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
