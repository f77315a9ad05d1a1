/* The voice that asks a vendor, against the demo vendor: what is heard, when the mouth is told to
 * move, what became of each request and what the vendor's ledger says. */
#include "agent/voice/voice.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "schema/wire/message.h"
#include "tests/integration/agent/vendor.h"

#define RATE          22050
#define MAX_MARKS     600
#define WAIT_MS       20000
#define VENDORS_PITCH 60 /* tests/vendors/sound.c */

/* What the voice said of the newest turn. */
struct heard {
    pthread_mutex_t lock;
    uint64_t turn;
    unsigned begins, ends, failures, useds;
    uint32_t samples;
    unsigned words;
    struct voice_mark marks[MAX_MARKS];
    size_t mark_count;
    bool is_out_of_order;
    struct voice_used used;
    unsigned gone;
};

static int64_t billed_chars(const struct vendor *vendor)
{
    struct buffer answer;
    struct json *json = NULL;
    char problem[160];

    buffer_init(&answer, 65536);
    vendor_ask(vendor, "GET", "/admin/ledger?summary=1", "", &answer);
    assert_int_equal(json_parse(buffer_span(&answer), &json, problem), STATUS_OK);
    const int64_t chars = json_int(json_member(json_member(json, "total"), "chars"), -1);
    json_free(json);
    buffer_release(&answer);
    return chars;
}

#define WELL                                                                                       \
    "{\"429\":0,\"500\":0,\"cut\":0,\"stall\":0,\"first_token_ms\":20,\"jitter_ms\":0,"            \
    "\"stall_s\":60}"

/* --- the voice --- */

static void on_begin(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate)
{
    struct heard *heard = context;

    (void)turn, (void)clause;
    assert_int_equal(sample_rate, RATE);
    pthread_mutex_lock(&heard->lock);
    heard->begins++;
    pthread_mutex_unlock(&heard->lock);
}

static void on_pcm(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm, size_t count)
{
    struct heard *heard = context;

    (void)turn, (void)clause, (void)pcm;
    pthread_mutex_lock(&heard->lock);
    heard->samples += (uint32_t)count;
    pthread_mutex_unlock(&heard->lock);
}

static void on_mark(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark)
{
    struct heard *heard = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&heard->lock);
    if (heard->mark_count > 0 && mark->sample < heard->marks[heard->mark_count - 1].sample)
        heard->is_out_of_order = true;
    if (mark->sample > heard->samples)
        heard->is_out_of_order = true;
    if (heard->mark_count < MAX_MARKS)
        heard->marks[heard->mark_count++] = *mark;
    pthread_mutex_unlock(&heard->lock);
}

static void on_word(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word)
{
    struct heard *heard = context;

    (void)turn, (void)clause, (void)word;
    pthread_mutex_lock(&heard->lock);
    heard->words++;
    pthread_mutex_unlock(&heard->lock);
}

static void on_end(void *context, uint64_t turn, uint32_t clause, uint32_t samples)
{
    struct heard *heard = context;

    (void)turn, (void)clause, (void)samples;
    pthread_mutex_lock(&heard->lock);
    heard->ends++;
    pthread_mutex_unlock(&heard->lock);
}

static void on_failed(void *context, uint64_t turn, uint32_t clause)
{
    struct heard *heard = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&heard->lock);
    heard->failures++;
    pthread_mutex_unlock(&heard->lock);
}

static void on_used(void *context, uint64_t turn, uint32_t clause, const struct voice_used *used)
{
    struct heard *heard = context;

    (void)turn, (void)clause;
    pthread_mutex_lock(&heard->lock);
    heard->useds++;
    heard->used = *used;
    pthread_mutex_unlock(&heard->lock);
}

static void on_gone(void *context)
{
    struct heard *heard = context;

    pthread_mutex_lock(&heard->lock);
    heard->gone++;
    pthread_mutex_unlock(&heard->lock);
}

static struct voice *started(const char *program, struct heard *heard)
{
    const struct voice_listener listener = {heard,  on_begin,  on_pcm,  on_mark, on_word,
                                            on_end, on_failed, on_used, on_gone};
    struct voice *voice;

    pthread_mutex_init(&heard->lock, NULL);
    assert_int_equal(voice_create(&voice, program, &listener), STATUS_OK);
    return voice;
}

static unsigned count_of(struct heard *heard, const unsigned *counter)
{
    pthread_mutex_lock(&heard->lock);
    const unsigned count = *counter;
    pthread_mutex_unlock(&heard->lock);
    return count;
}

static void wait_for(struct heard *heard, const unsigned *counter, unsigned wanted)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;

    while (count_of(heard, counter) < wanted && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_true(count_of(heard, counter) >= wanted);
}

static void say_at(struct voice *voice, const char *url, uint64_t turn, uint32_t number,
                   int rate_wpm, const char *text)
{
    char base[96];
    const struct voice_order order = {
        .url = base, .api_key = "good", .model = "dahan-voice", .speaker = "", .request_id = "t-1"};
    const struct voice_clause clause = {.turn = turn,
                                        .clause = number,
                                        .rate_wpm = rate_wpm,
                                        .pitch = url ? -1 : VENDORS_PITCH,
                                        .text = span_text(text),
                                        .order = url ? &order : NULL};
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;
    enum status status;

    snprintf(base, sizeof base, "%s/v1", url ? url : "");
    while ((status = voice_say(voice, &clause)) == STATUS_AGAIN && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_int_equal(status, STATUS_OK);
}

/* --- what is heard --- */

static const char english[] =
    "Hello there, my name is Myna, and I like to sing. Shall we begin with a song?";
static const char chinese[] = "你好，我是你的小机器人。我们一起唱歌吧！";

/* When the vendor's voice really says each phoneme: the same voice, asked directly. */
static void hear_truth(struct heard *truth, const char *text)
{
    struct voice *voice = started(MYNA_VOICE, truth);

    say_at(voice, NULL, 1, 0, 150, text);
    wait_for(truth, &truth->ends, 1);
    voice_free(voice);
}

static size_t next_phoneme(const struct heard *heard, size_t at)
{
    while (at < heard->mark_count && heard->marks[at].phoneme[0] == '_')
        at++;
    return at;
}

/* Mean distance of the phonemes, in ms. */
static double mean_error_ms(const struct heard *heard, const struct heard *truth)
{
    double sum = 0, count = 0;
    size_t a = next_phoneme(heard, 0), b = next_phoneme(truth, 0);

    while (a < heard->mark_count && b < truth->mark_count) {
        assert_string_equal(heard->marks[a].phoneme, truth->marks[b].phoneme);
        const double gap = (double)heard->marks[a].sample - (double)truth->marks[b].sample;

        sum += gap < 0 ? -gap : gap;
        count++;
        a = next_phoneme(heard, a + 1);
        b = next_phoneme(truth, b + 1);
    }
    assert_int_equal(a, heard->mark_count);
    assert_int_equal(b, truth->mark_count);
    assert_true(count > 10);
    return sum / count * 1000 / RATE;
}

static void assert_spoken(const struct vendor *vendor, struct voice *voice, struct heard *heard,
                          const char *text)
{
    static struct heard truth;

    memset(&truth, 0, sizeof truth);
    hear_truth(&truth, text);
    /* nothing is known yet of how fast this vendor speaks */
    say_at(voice, vendor->url, 1, 0, 170, text);
    wait_for(heard, &heard->ends, 1);
    wait_for(heard, &heard->useds, 1);
    assert_int_equal(heard->failures, 0);
    assert_int_equal(heard->used.fate, VOICE_FATE_ANSWERED);
    assert_int_equal(heard->used.http_status, 200);
    assert_true(heard->used.first_ms > 0);
    assert_false(heard->is_out_of_order);
    assert_in_range(heard->words, truth.words - 1, truth.words + 1);
    assert_in_range(heard->samples, truth.samples - 200, truth.samples + 200);
    const double error_ms = mean_error_ms(heard, &truth);
    print_message("mouth times are off by %.1f ms in the mean\n", error_ms);
    assert_true(error_ms < 25);
}

static void a_vendors_speech_comes_with_mouth_times_that_fit_it(void **state)
{
    const struct vendor *vendor = *state;
    static const char *const texts[] = {english, chinese};

    vendor_behave(vendor, WELL);
    for (size_t i = 0; i < 2; i++) {
        static struct heard heard;
        const int64_t billed = billed_chars(vendor);

        memset(&heard, 0, sizeof heard);
        struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
        assert_spoken(vendor, voice, &heard, texts[i]);
        voice_free(voice);
        assert_int_equal(billed_chars(vendor) - billed, i == 0 ? 77 : 20);
    }
}

static void clauses_follow_each_other_in_their_order(void **state)
{
    const struct vendor *vendor = *state;
    static struct heard heard;

    memset(&heard, 0, sizeof heard);
    vendor_behave(vendor, WELL);
    struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
    for (uint32_t i = 0; i < 3; i++)
        say_at(voice, vendor->url, 3, i, 170, "One after the other.");
    wait_for(&heard, &heard.ends, 3);
    wait_for(&heard, &heard.useds, 3);
    assert_int_equal(heard.begins, 3);
    voice_free(voice);
}

static void a_refusal_is_a_failure_of_its_class_and_costs_nothing(void **state)
{
    const struct vendor *vendor = *state;
    static struct heard heard;

    memset(&heard, 0, sizeof heard);
    vendor_behave(vendor, "{\"429\":1}");
    const int64_t billed = billed_chars(vendor);
    struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
    say_at(voice, vendor->url, 1, 0, 170, english);
    wait_for(&heard, &heard.failures, 1);
    wait_for(&heard, &heard.useds, 1);
    assert_int_equal(heard.used.fate, VOICE_FATE_REFUSED);
    assert_int_equal(heard.used.error_class, wire_ErrorClass_RATE);
    assert_int_equal(heard.used.http_status, 429);
    assert_int_equal(heard.begins, 0);
    assert_int_equal(billed_chars(vendor), billed);
    voice_free(voice);
    vendor_behave(vendor, WELL);
}

static void an_answer_that_breaks_off_is_told_apart(void **state)
{
    const struct vendor *vendor = *state;
    static struct heard heard;

    memset(&heard, 0, sizeof heard);
    vendor_behave(vendor, "{\"cut\":1}");
    struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
    say_at(voice, vendor->url, 1, 0, 170, english);
    wait_for(&heard, &heard.failures, 1);
    wait_for(&heard, &heard.useds, 1);
    assert_true(heard.used.fate == VOICE_FATE_CUT || heard.used.fate == VOICE_FATE_UNKNOWN);
    assert_int_equal(heard.ends, 0);
    voice_free(voice);
    vendor_behave(vendor, WELL);
}

static void a_vendor_that_is_not_there_was_sent_nothing(void **state)
{
    static struct heard heard;

    (void)state;
    memset(&heard, 0, sizeof heard);
    struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
    say_at(voice, "http://127.0.0.1:1", 1, 0, 170, english);
    wait_for(&heard, &heard.failures, 1);
    wait_for(&heard, &heard.useds, 1);
    assert_int_equal(heard.used.fate, VOICE_FATE_NOT_SENT);
    assert_int_equal(heard.used.error_class, wire_ErrorClass_NET);
    voice_free(voice);
}

static void a_cancelled_clause_is_silent_but_its_request_is_told(void **state)
{
    const struct vendor *vendor = *state;
    static struct heard heard;

    memset(&heard, 0, sizeof heard);
    vendor_behave(vendor, WELL);
    struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
    for (uint32_t i = 0; i < 4; i++)
        say_at(voice, vendor->url, 5, i, 170, english);
    wait_for(&heard, &heard.begins, 1);
    voice_cancel(voice, 5);
    wait_for(&heard, &heard.useds, 4);
    assert_int_equal(heard.ends, 0);
    say_at(voice, vendor->url, 6, 0, 170, "Now this.");
    wait_for(&heard, &heard.ends, 1);
    wait_for(&heard, &heard.useds, 5);
    assert_int_equal(heard.used.fate, VOICE_FATE_ANSWERED);
    voice_free(voice);
}

static void a_clause_without_a_route_is_refused(void **state)
{
    static struct heard heard;

    (void)state;
    memset(&heard, 0, sizeof heard);
    struct voice *voice = started(MYNA_VOICE_HTTP, &heard);
    say_at(voice, NULL, 1, 0, 170, english);
    wait_for(&heard, &heard.failures, 1);
    assert_int_equal(heard.useds, 0);
    assert_int_equal(heard.gone, 0);
    voice_free(voice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vendors_speech_comes_with_mouth_times_that_fit_it),
        cmocka_unit_test(clauses_follow_each_other_in_their_order),
        cmocka_unit_test(a_refusal_is_a_failure_of_its_class_and_costs_nothing),
        cmocka_unit_test(an_answer_that_breaks_off_is_told_apart),
        cmocka_unit_test(a_vendor_that_is_not_there_was_sent_nothing),
        cmocka_unit_test(a_cancelled_clause_is_silent_but_its_request_is_told),
        cmocka_unit_test(a_clause_without_a_route_is_refused),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}
