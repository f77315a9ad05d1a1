#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/queue.h"

#define MESSAGES 2000

static struct queue *make(size_t max_messages, size_t max_bytes)
{
    struct queue *queue = NULL;

    assert_int_equal(queue_create(&queue, max_messages, max_bytes), STATUS_OK);
    return queue;
}

static enum status put(struct queue *queue, const char *text)
{
    const struct span part = span_text(text);

    return queue_put(queue, &part, 1);
}

static void assert_next(struct queue *queue, const char *text)
{
    uint8_t *data = NULL;
    size_t size = 0;

    assert_int_equal(queue_take(queue, 0, &data, &size), STATUS_OK);
    assert_true(span_equal_text(span_of(data, size), text));
    free(data);
}

static void messages_come_out_in_order_with_their_parts_joined(void **state)
{
    struct queue *queue = make(4, 100);
    const struct span parts[] = {span_text("to"), span_text(""), span_text("pic"), span_text("!")};

    (void)state;
    assert_int_equal(queue_put(queue, parts, 4), STATUS_OK);
    assert_int_equal(put(queue, ""), STATUS_OK);
    assert_int_equal(put(queue, "third"), STATUS_OK);
    assert_int_equal(queue_depth(queue), 3);
    assert_next(queue, "topic!");
    assert_next(queue, "");
    assert_next(queue, "third");
    assert_int_equal(queue_depth(queue), 0);
    queue_free(queue);
}

static void a_full_queue_refuses_counts_and_goes_on_when_there_is_room(void **state)
{
    struct queue *queue = make(2, 100);

    (void)state;
    for (int round = 0; round < 5; round++) {
        assert_int_equal(put(queue, "a"), STATUS_OK);
        assert_int_equal(put(queue, "b"), STATUS_OK);
        assert_int_equal(put(queue, "c"), STATUS_FULL);
        assert_next(queue, "a");
        assert_next(queue, "b");
    }
    assert_int_equal(queue_refused(queue), 5);
    queue_free(queue);
}

static void bytes_are_bounded_as_well_as_messages(void **state)
{
    struct queue *queue = make(10, 8);
    const struct span huge[] = {span_text("1234"), span_text("12345")};

    (void)state;
    assert_int_equal(queue_put(queue, huge, 2), STATUS_FULL);
    assert_int_equal(put(queue, "12345"), STATUS_OK);
    assert_int_equal(put(queue, "1234"), STATUS_FULL);
    assert_int_equal(put(queue, "123"), STATUS_OK);
    assert_next(queue, "12345");
    assert_int_equal(put(queue, "12345"), STATUS_OK);
    assert_int_equal(queue_refused(queue), 2);
    queue_free(queue);
}

static void an_empty_queue_answers_after_the_time_asked(void **state)
{
    struct queue *queue = make(1, 1);
    uint8_t *data = NULL;
    size_t size = 7;

    (void)state;
    assert_int_equal(queue_take(queue, 0, &data, &size), STATUS_TIMEOUT);
    int64_t before_ms = clock_mono_ms();
    assert_int_equal(queue_take(queue, 30, &data, &size), STATUS_TIMEOUT);
    assert_true(clock_mono_ms() - before_ms >= 29);
    assert_null(data);
    assert_int_equal(size, 7);
    queue_free(queue);
}

static void a_closed_queue_hands_out_what_it_holds_and_takes_no_more(void **state)
{
    struct queue *queue = make(4, 100);
    uint8_t *data;
    size_t size;

    (void)state;
    assert_int_equal(put(queue, "last"), STATUS_OK);
    queue_close(queue);
    assert_int_equal(put(queue, "late"), STATUS_CLOSED);
    assert_next(queue, "last");
    assert_int_equal(queue_take(queue, -1, &data, &size), STATUS_CLOSED);
    assert_int_equal(queue_refused(queue), 0);
    queue_free(queue);
}

static void messages_never_taken_are_freed_with_the_queue(void **state)
{
    struct queue *queue = make(4, 100);

    (void)state;
    assert_int_equal(put(queue, "a"), STATUS_OK);
    assert_next(queue, "a");
    for (int i = 0; i < 4; i++)
        assert_int_equal(put(queue, "left"), STATUS_OK);
    queue_free(queue);
    queue_free(NULL);
}

/* Sends the numbers from *first on; tries again while the queue is full. */
static void *send_numbers(void *context)
{
    struct queue *queue = context;

    for (uint32_t i = 0; i < MESSAGES; i++) {
        const struct span part = span_of(&i, sizeof i);

        while (queue_put(queue, &part, 1) == STATUS_FULL)
            clock_sleep_ms(1);
    }
    return NULL;
}

static void two_senders_and_a_taker_lose_and_repeat_nothing(void **state)
{
    struct queue *queue = make(16, 1000);
    unsigned seen[MESSAGES] = {0};
    pthread_t senders[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_numbers, queue), 0);
    for (int i = 0; i < 2 * MESSAGES; i++) {
        uint8_t *data = NULL;
        size_t size = 0;
        uint32_t number;

        assert_int_equal(queue_take(queue, 5000, &data, &size), STATUS_OK);
        assert_int_equal(size, sizeof number);
        memcpy(&number, data, sizeof number);
        free(data);
        assert_true(number < MESSAGES);
        seen[number]++;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(senders[i], NULL);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(seen[i], 2);
    assert_int_equal(queue_depth(queue), 0);
    queue_free(queue);
}

static void *close_later(void *context)
{
    clock_sleep_ms(20);
    queue_close(context);
    return NULL;
}

static void closing_wakes_a_taker_that_waits_for_ever(void **state)
{
    struct queue *queue = make(1, 1);
    pthread_t closer;
    uint8_t *data;
    size_t size;

    (void)state;
    assert_int_equal(pthread_create(&closer, NULL, close_later, queue), 0);
    assert_int_equal(queue_take(queue, -1, &data, &size), STATUS_CLOSED);
    pthread_join(closer, NULL);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_in_order_with_their_parts_joined),
        cmocka_unit_test(a_full_queue_refuses_counts_and_goes_on_when_there_is_room),
        cmocka_unit_test(bytes_are_bounded_as_well_as_messages),
        cmocka_unit_test(an_empty_queue_answers_after_the_time_asked),
        cmocka_unit_test(a_closed_queue_hands_out_what_it_holds_and_takes_no_more),
        cmocka_unit_test(messages_never_taken_are_freed_with_the_queue),
        cmocka_unit_test(two_senders_and_a_taker_lose_and_repeat_nothing),
        cmocka_unit_test(closing_wakes_a_taker_that_waits_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
