#include "agent/voice/voice.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

/* What the voice answered, counted. */
struct answers {
    pthread_mutex_t lock;
    unsigned begun, ended, failed, marks, words;
    uint64_t samples;
    uint32_t end_samples;
    unsigned sample_rate;
    uint64_t last_turn;
    bool is_slow; /* as a full sound queue makes it */
    uint64_t cancelled;
    unsigned stale; /* frames of a cancelled turn */
    char phonemes[4096];
};

static void on_begin(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate)
{
    struct answers *answers = context;

    (void)clause;
    pthread_mutex_lock(&answers->lock);
    answers->begun++;
    answers->last_turn = turn;
    answers->sample_rate = sample_rate;
    pthread_mutex_unlock(&answers->lock);
}

static void on_pcm(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm, size_t count)
{
    struct answers *answers = context;

    (void)clause, (void)pcm;
    pthread_mutex_lock(&answers->lock);
    answers->stale += turn <= answers->cancelled;
    answers->samples += count;
    pthread_mutex_unlock(&answers->lock);
    if (answers->is_slow)
        clock_sleep_ms(2);
}

static void on_mark(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark)
{
    struct answers *answers = context;
    size_t size = strlen(answers->phonemes);

    (void)turn, (void)clause;
    pthread_mutex_lock(&answers->lock);
    answers->marks++;
    snprintf(answers->phonemes + size, sizeof answers->phonemes - size, "%s ", mark->phoneme);
    pthread_mutex_unlock(&answers->lock);
}

static void on_word(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word)
{
    struct answers *answers = context;

    (void)turn, (void)clause, (void)word;
    pthread_mutex_lock(&answers->lock);
    answers->words++;
    pthread_mutex_unlock(&answers->lock);
}

static void on_end(void *context, uint64_t turn, uint32_t clause, uint32_t samples)
{
    struct answers *answers = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&answers->lock);
    answers->ended++;
    answers->end_samples = samples;
    pthread_mutex_unlock(&answers->lock);
}

static void on_failed(void *context, uint64_t turn, uint32_t clause)
{
    struct answers *answers = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&answers->lock);
    answers->failed++;
    pthread_mutex_unlock(&answers->lock);
}

static struct voice *started(const char *program, struct answers *answers)
{
    struct voice *voice;
    const struct voice_listener listener = {.context = answers,
                                            .on_begin = on_begin,
                                            .on_pcm = on_pcm,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_end = on_end,
                                            .on_failed = on_failed};

    memset(answers, 0, sizeof *answers);
    pthread_mutex_init(&answers->lock, NULL);
    assert_int_equal(voice_create(&voice, program, &listener), STATUS_OK);
    return voice;
}

static void say(struct voice *voice, uint64_t turn, uint32_t number, const char *text)
{
    const struct voice_clause clause = {
        .turn = turn, .clause = number, .rate_wpm = 175, .pitch = -1, .text = span_text(text)};
    int64_t until_ms = clock_mono_ms() + 10000;
    enum status status = STATUS_AGAIN;

    while (status == STATUS_AGAIN && clock_mono_ms() < until_ms) {
        status = voice_say(voice, &clause);
        if (status == STATUS_AGAIN)
            clock_sleep_ms(10);
    }
    assert_int_equal(status, STATUS_OK);
}

static bool wait_for(struct answers *answers, const unsigned *count, unsigned wanted)
{
    bool is_there = false;

    for (int i = 0; i < 1000 && !is_there; i++) {
        pthread_mutex_lock(&answers->lock);
        is_there = *count >= wanted;
        pthread_mutex_unlock(&answers->lock);
        if (!is_there)
            clock_sleep_ms(10);
    }
    return is_there;
}

static void an_english_clause_comes_back_as_sound_marks_and_words(void **state)
{
    struct answers answers;
    struct voice *voice = started(VOICE_PROGRAM, &answers);

    (void)state;
    say(voice, 1, 0, "Hello, robot.");
    assert_true(wait_for(&answers, &answers.ended, 1));
    assert_int_equal(answers.sample_rate, 22050);
    assert_int_equal(answers.samples, answers.end_samples);
    assert_true(answers.samples > 10000);
    assert_int_equal(answers.words, 2);
    assert_non_null(strstr(answers.phonemes, "h @ l oU"));
    assert_non_null(strstr(answers.phonemes, "b 0 t"));
    voice_free(voice);
}

static void mandarin_polyphones_are_spoken_right(void **state)
{
    struct answers answers;
    struct voice *voice = started(VOICE_PROGRAM, &answers);

    (void)state;
    say(voice, 1, 0, "银行。音乐。睡觉。重复。长大。了解。觉得。");
    assert_true(wait_for(&answers, &answers.ended, 1));
    assert_non_null(strstr(answers.phonemes, "X a N"));    /* hang */
    assert_non_null(strstr(answers.phonemes, "yE "));      /* yue */
    assert_non_null(strstr(answers.phonemes, "tS; j Au")); /* jiao */
    assert_non_null(strstr(answers.phonemes, "ts.h ong")); /* chong */
    assert_non_null(strstr(answers.phonemes, "ts. a N"));  /* zhang */
    assert_non_null(strstr(answers.phonemes, "l j Au"));   /* liao */
    assert_non_null(strstr(answers.phonemes, "tS; yE _| t @"));
    voice_free(voice);
}

static void any_bytes_are_survived(void **state)
{
    static const char *const texts[] = {"",           "\xf0\x9f\x98\x80", "[[[[]]]]",
                                        "<speak>a",   "\x01\x02\x03",     "99999999999999999999",
                                        "%%%%%n%s%s", "\xef\xbb\xbf",     "ａｂｃ１２３％"};
    struct answers answers;
    struct voice *voice = started(VOICE_PROGRAM, &answers);

    (void)state;
    for (uint32_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        say(voice, 1, i, texts[i]);
    assert_true(wait_for(&answers, &answers.ended, sizeof texts / sizeof texts[0]));
    assert_int_equal(answers.failed, 0);
    voice_free(voice);
}

static void a_cancelled_turn_is_not_delivered_and_the_next_one_is(void **state)
{
    struct answers answers;
    struct voice *voice = started(VOICE_PROGRAM, &answers);

    (void)state;
    answers.is_slow = true;
    for (uint32_t i = 0; i < 20; i++)
        say(voice, 1, i, "This is a long sentence that nobody wants to hear to its end.");
    assert_true(wait_for(&answers, &answers.begun, 2));
    voice_cancel(voice, 1);
    clock_sleep_ms(10); /* a call under way may end */
    pthread_mutex_lock(&answers.lock);
    answers.cancelled = 1;
    pthread_mutex_unlock(&answers.lock);
    say(voice, 2, 0, "Hi.");
    pthread_mutex_lock(&answers.lock);
    unsigned before = answers.ended;
    pthread_mutex_unlock(&answers.lock);
    assert_true(wait_for(&answers, &answers.ended, before + 1));
    clock_sleep_ms(100);
    assert_int_equal(answers.ended, before + 1);
    assert_int_equal(answers.last_turn, 2);
    assert_int_equal(answers.stale, 0);
    assert_int_equal(answers.failed, 0);
    voice_free(voice);
}

/* A voice program that takes one request and dies of it the first time. */
static void write_mortal_voice(char path[64], char mark[80])
{
    char script[512];

    snprintf(path, 64, "/tmp/myna-voice-test-%d.sh", (int)getpid());
    snprintf(mark, 80, "%s.lived", path);
    snprintf(script, sizeof script,
             "#!/bin/sh\n"
             "[ -e '%s' ] && exec '%s'\n"
             "head -c 8 >/dev/null\n"
             "touch '%s'\n"
             "exit 3\n",
             mark, VOICE_PROGRAM, mark);
    assert_int_equal(file_replace(path, span_text(script), 0700), STATUS_OK);
}

static void a_program_that_dies_is_started_again_and_its_clause_reported(void **state)
{
    struct answers answers;
    char path[64], mark[80];

    (void)state;
    write_mortal_voice(path, mark);
    struct voice *voice = started(path, &answers);
    say(voice, 1, 0, "This one is lost.");
    assert_true(wait_for(&answers, &answers.failed, 1));
    say(voice, 1, 1, "This one is said.");
    assert_true(wait_for(&answers, &answers.ended, 1));
    assert_int_equal(answers.failed, 1);
    voice_free(voice);
    unlink(path);
    unlink(mark);
}

static void a_program_that_does_not_exist_is_no_failure_but_takes_nothing(void **state)
{
    struct answers answers;
    struct voice *voice = started("/nonexistent/voice", &answers);
    const struct voice_clause clause = {.turn = 1, .text = span_text("a")};

    (void)state;
    clock_sleep_ms(50);
    assert_int_equal(voice_say(voice, &clause), STATUS_AGAIN);
    voice_free(voice);
}

static void a_program_that_speaks_something_else_is_given_up(void **state)
{
    struct answers answers;
    struct voice *voice = started("/bin/cat", &answers);
    const struct voice_clause clause = {.turn = 1, .text = span_text("a")};

    (void)state;
    /* cat sends the request back, which no voice does; nothing must be delivered or crash */
    clock_sleep_ms(100);
    (void)!voice_say(voice, &clause);
    clock_sleep_ms(100);
    assert_int_equal(answers.begun, 0);
    assert_int_equal(answers.ended, 0);
    voice_free(voice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_english_clause_comes_back_as_sound_marks_and_words),
        cmocka_unit_test(mandarin_polyphones_are_spoken_right),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(a_cancelled_turn_is_not_delivered_and_the_next_one_is),
        cmocka_unit_test(a_program_that_dies_is_started_again_and_its_clause_reported),
        cmocka_unit_test(a_program_that_does_not_exist_is_no_failure_but_takes_nothing),
        cmocka_unit_test(a_program_that_speaks_something_else_is_given_up),
    };

    log_set_level((enum log_level)(LOG_ERROR + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
