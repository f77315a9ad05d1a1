#include "agent/chat/conversation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int create(void **state)
{
    struct conversation *conversation;

    if (conversation_create(&conversation) != STATUS_OK)
        return -1;
    *state = conversation;
    return 0;
}

static int release(void **state)
{
    conversation_free(*state);
    return 0;
}

static size_t list(const struct conversation *conversation, const char *persona, size_t max_turns,
                   struct dialect_message *messages)
{
    return conversation_messages(conversation, span_text(persona), max_turns, span_text("q?"),
                                 messages);
}

static void add(struct conversation *conversation, int number)
{
    char asked[16], said[16];

    snprintf(asked, sizeof asked, "q%d", number);
    snprintf(said, sizeof said, "a%d", number);
    conversation_add(conversation, span_text(asked), span_text(said));
}

static void the_persona_comes_first_and_the_question_last(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];

    add(*state, 1);
    assert_int_equal(list(*state, "p", 5, messages), 4);
    assert_int_equal(messages[0].role, DIALECT_SYSTEM);
    assert_true(span_equal_text(messages[1].text, "q1"));
    assert_int_equal(messages[1].role, DIALECT_USER);
    assert_true(span_equal_text(messages[2].text, "a1"));
    assert_int_equal(messages[2].role, DIALECT_ASSISTANT);
    assert_true(span_equal_text(messages[3].text, "q?"));
    assert_int_equal(list(*state, "", 5, messages), 3);
    assert_int_equal(messages[0].role, DIALECT_USER);
}

static void only_the_newest_turns_go_along(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];

    for (int i = 1; i <= CONVERSATION_MAX_TURNS + 3; i++)
        add(*state, i);
    assert_int_equal(list(*state, "", 2, messages), 5);
    assert_true(span_equal_text(messages[0].text, "q22"));
    assert_true(span_equal_text(messages[3].text, "a23"));
    assert_int_equal(list(*state, "", 0, messages), 1);
    assert_int_equal(list(*state, "p", CONVERSATION_MAX_TURNS, messages),
                     CONVERSATION_MAX_MESSAGES);
    assert_true(span_equal_text(messages[1].text, "q4"));
}

static void texts_are_cut_at_a_character_and_the_whole_is_bounded(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    char text[CONVERSATION_MAX_TEXT_BYTES + 4];
    size_t bytes = 0, count;

    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "啊", 4);
    for (int i = 0; i < 10; i++)
        conversation_add(*state, span_text("q"), span_text(text));
    count = list(*state, "", 10, messages);
    assert_in_range(count, 3, 2 * 7);
    for (size_t i = 0; i < count; i++) {
        bytes += messages[i].text.size;
        assert_true(span_is_utf8(messages[i].text));
        assert_true(messages[i].text.size <= CONVERSATION_MAX_TEXT_BYTES);
    }
    assert_true(bytes <= CONVERSATION_MAX_BYTES);
}

static void an_answer_nobody_heard_is_not_remembered(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];

    conversation_add(*state, span_text("q"), span_text(""));
    assert_int_equal(list(*state, "", 5, messages), 1);
}

static void forgetting_leaves_nothing(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];

    add(*state, 1);
    conversation_forget(*state);
    assert_int_equal(list(*state, "", 5, messages), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_persona_comes_first_and_the_question_last, create,
                                        release),
        cmocka_unit_test_setup_teardown(only_the_newest_turns_go_along, create, release),
        cmocka_unit_test_setup_teardown(texts_are_cut_at_a_character_and_the_whole_is_bounded,
                                        create, release),
        cmocka_unit_test_setup_teardown(an_answer_nobody_heard_is_not_remembered, create, release),
        cmocka_unit_test_setup_teardown(forgetting_leaves_nothing, create, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
