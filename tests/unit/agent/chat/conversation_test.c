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
    return conversation_messages(conversation, span_text(persona),
                                 (struct conversation_budget){max_turns, 100000}, span_text("q?"),
                                 messages);
}

static void add(struct conversation *conversation, int number)
{
    char asked[16], said[16];

    snprintf(asked, sizeof asked, "q%d", number);
    snprintf(said, sizeof said, "a%d", number);
    conversation_add(conversation, span_text(asked), span_text(said), 1000);
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
        conversation_add(*state, span_text("q"), span_text(text), 1000);
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

    conversation_add(*state, span_text("q"), span_text(""), 1000);
    assert_int_equal(list(*state, "", 5, messages), 1);
}

static void forgetting_leaves_nothing(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];

    add(*state, 1);
    conversation_forget(*state);
    assert_int_equal(list(*state, "", 5, messages), 1);
}

/* 40 bytes of English are about 10 tokens, and each of the two messages has 4 around it. */
static void former_turns_go_along_whole_within_the_budget_of_tokens(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    static const size_t expected[][2] = {{17, 1}, {18, 3}, {35, 3}, {36, 5}, {53, 5}, {54, 7}};

    for (int i = 0; i < 3; i++)
        conversation_add(*state, span_text("0123456789abcdefghij"),
                         span_text("klmnopqrstuvwxyz0123"), i);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct conversation_budget budget = {10, expected[i][0]};
        assert_int_equal(
            conversation_messages(*state, span_of(NULL, 0), budget, span_text("q?"), messages),
            expected[i][1]);
    }
}

static void what_is_packed_comes_back_but_for_what_is_too_old(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    struct conversation *other;
    struct buffer packed;

    for (int i = 1; i <= CONVERSATION_MAX_TURNS + 2; i++)
        conversation_add(*state, span_text("q"), span_text(i % 2 ? "啊" : "b"), 1000 * i);
    buffer_init(&packed, CONVERSATION_PACKED_BYTES);
    conversation_pack(*state, &packed);
    assert_int_equal(buffer_status(&packed), STATUS_OK);
    assert_int_equal(conversation_create(&other), STATUS_OK);
    assert_int_equal(conversation_unpack(other, buffer_span(&packed), 0), STATUS_OK);
    assert_int_equal(list(other, "", 20, messages), 41);
    assert_int_equal(conversation_unpack(other, buffer_span(&packed), 21000), STATUS_OK);
    assert_int_equal(list(other, "", 20, messages), 5);
    assert_true(span_equal_text(messages[1].text, "啊"));
    assert_true(span_equal_text(messages[3].text, "b"));
    for (size_t size = 1; size < 28; size++) {
        const bool is_whole = size == 16;
        const enum status status =
            conversation_unpack(other, span_of(buffer_span(&packed).data, size), 0);
        assert_int_equal(status, is_whole ? STATUS_OK : STATUS_CORRUPT);
        assert_int_equal(list(other, "", 20, messages), is_whole ? 3 : 1);
    }
    conversation_free(other);
    buffer_release(&packed);
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
        cmocka_unit_test_setup_teardown(former_turns_go_along_whole_within_the_budget_of_tokens,
                                        create, release),
        cmocka_unit_test_setup_teardown(what_is_packed_comes_back_but_for_what_is_too_old, create,
                                        release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
