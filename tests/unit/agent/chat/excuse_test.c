#include "agent/chat/excuse.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "agent/chat/clause.h"
#include "agent/voice/speaker.h"

static void count_clause(void *context, struct span text)
{
    assert_true(text.size <= SPEAKER_MAX_CLAUSE_BYTES);
    ++*(unsigned *)context;
}

static unsigned count_clauses(const char *text)
{
    unsigned count = 0;
    const struct clause_listener listener = {&count, count_clause, NULL};
    struct clause clause;

    clause_init(&clause, &listener, false);
    clause_feed(&clause, span_text(text), (struct clause_moment){0, 0});
    clause_end(&clause);
    return count;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static void every_excuse_can_be_said_in_both_languages(void **state)
{
    (void)state;
    for (enum excuse excuse = EXCUSE_LIMIT; excuse <= EXCUSE_BLOCKED; excuse++) {
        assert_true(count_clauses(excuse_text(excuse, false)) > 0);
        assert_true(is_ascii(excuse_text(excuse, false)));
        assert_true(count_clauses(excuse_text(excuse, true)) > 0);
        assert_false(is_ascii(excuse_text(excuse, true)));
        assert_true(excuse_reason(excuse)[0]);
    }
}

static void nothing_is_said_when_there_is_no_excuse(void **state)
{
    (void)state;
    assert_int_equal(count_clauses(excuse_text(EXCUSE_NONE, false)), 0);
    assert_int_equal(count_clauses(excuse_text(EXCUSE_NONE, true)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_excuse_can_be_said_in_both_languages),
        cmocka_unit_test(nothing_is_said_when_there_is_no_excuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
