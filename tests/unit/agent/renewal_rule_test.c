#include "agent/renewal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DAY_MS ((int64_t)86400 * 1000)
#define NOW    (20000 * DAY_MS)

static struct renewal_facts young(void)
{
    return (struct renewal_facts){
        .now_ms = NOW, .renew_after_ms = NOW + 100 * DAY_MS, .not_after_ms = NOW + 150 * DAY_MS};
}

static void a_certificate_in_its_first_two_thirds_is_left_alone(void **state)
{
    struct renewal_facts facts = young();

    (void)state;
    assert_int_equal(renewal_find(&facts), RENEWAL_NONE);
    facts.silence = (struct link_silence){.handshakes = 1, .hellos = 9};
    assert_int_equal(renewal_find(&facts), RENEWAL_NONE);
}

static void at_two_thirds_it_is_time_and_at_the_end_it_has_expired(void **state)
{
    struct renewal_facts facts = young();

    (void)state;
    facts.now_ms = facts.renew_after_ms;
    assert_int_equal(renewal_find(&facts), RENEWAL_AGE);
    facts.now_ms = facts.not_after_ms - 1;
    assert_int_equal(renewal_find(&facts), RENEWAL_AGE);
    facts.now_ms++;
    assert_int_equal(renewal_find(&facts), RENEWAL_EXPIRED);
}

static void without_a_word_from_the_server_the_last_third_of_two_years_counts(void **state)
{
    struct renewal_facts facts = {.now_ms = NOW, .not_after_ms = NOW + 244 * DAY_MS};

    (void)state;
    assert_int_equal(renewal_find(&facts), RENEWAL_NONE);
    facts.now_ms += DAY_MS;
    assert_int_equal(renewal_find(&facts), RENEWAL_AGE);
}

static void a_certificate_of_another_authority_than_the_servers_is_renewed_at_once(void **state)
{
    struct renewal_facts facts = young();

    (void)state;
    facts.is_of_another = true;
    assert_int_equal(renewal_find(&facts), RENEWAL_AUTHORITY);
}

static void ten_unanswered_hellos_or_two_failed_handshakes_ask_for_another(void **state)
{
    struct renewal_facts facts = young();

    (void)state;
    facts.silence.hellos = 10;
    assert_int_equal(renewal_find(&facts), RENEWAL_UNHEARD);
    facts.silence = (struct link_silence){.handshakes = 2};
    assert_int_equal(renewal_find(&facts), RENEWAL_UNHEARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_in_its_first_two_thirds_is_left_alone),
        cmocka_unit_test(at_two_thirds_it_is_time_and_at_the_end_it_has_expired),
        cmocka_unit_test(without_a_word_from_the_server_the_last_third_of_two_years_counts),
        cmocka_unit_test(a_certificate_of_another_authority_than_the_servers_is_renewed_at_once),
        cmocka_unit_test(ten_unanswered_hellos_or_two_failed_handshakes_ask_for_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
