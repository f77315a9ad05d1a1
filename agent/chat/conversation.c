#include "agent/chat/conversation.h"

#include "schema/base/crypto.h"

struct exchange {
    char question[CONVERSATION_MAX_TEXT_BYTES];
    char answer[CONVERSATION_MAX_TEXT_BYTES];
    size_t question_size;
    size_t answer_size;
};

/* A ring: turn n of all is at n modulo its length. */
struct conversation {
    struct exchange turns[CONVERSATION_MAX_TURNS];
    size_t first;
    size_t count;
};

enum status conversation_create(struct conversation **out)
{
    struct conversation *conversation = calloc(1, sizeof *conversation);

    if (!conversation)
        return STATUS_MEMORY;
    *out = conversation;
    return STATUS_OK;
}

void conversation_free(struct conversation *conversation)
{
    if (conversation)
        conversation_forget(conversation);
    free(conversation);
}

static const struct exchange *turn_at(const struct conversation *conversation, size_t index)
{
    return &conversation->turns[(conversation->first + index) % CONVERSATION_MAX_TURNS];
}

/* How many of the newest turns fit. */
static size_t fitting(const struct conversation *conversation, size_t max_turns, size_t bytes)
{
    size_t count = 0;

    while (count < conversation->count && count < max_turns) {
        const struct exchange *turn = turn_at(conversation, conversation->count - count - 1);
        bytes += turn->question_size + turn->answer_size;
        if (bytes > CONVERSATION_MAX_BYTES)
            break;
        count++;
    }
    return count;
}

size_t conversation_messages(const struct conversation *conversation, struct span persona,
                             size_t max_turns, struct span question,
                             struct dialect_message *messages)
{
    size_t turns = fitting(conversation, max_turns, persona.size + question.size);
    size_t count = 0;

    if (persona.size)
        messages[count++] = (struct dialect_message){DIALECT_SYSTEM, persona};
    for (size_t i = conversation->count - turns; i < conversation->count; i++) {
        const struct exchange *turn = turn_at(conversation, i);
        struct span asked = span_of(turn->question, turn->question_size);
        struct span said = span_of(turn->answer, turn->answer_size);
        messages[count++] = (struct dialect_message){DIALECT_USER, asked};
        messages[count++] = (struct dialect_message){DIALECT_ASSISTANT, said};
    }
    messages[count++] = (struct dialect_message){DIALECT_USER, question};
    return count;
}

static size_t keep(char *out, struct span text)
{
    size_t size = 0, step;

    while ((step = span_utf8_step(span_of(text.data + size, text.size - size))) > 0 &&
           size + step <= CONVERSATION_MAX_TEXT_BYTES)
        size += step;
    memcpy(out, text.data, size);
    return size;
}

void conversation_add(struct conversation *conversation, struct span question, struct span answer)
{
    if (!question.size || !answer.size)
        return;
    if (conversation->count == CONVERSATION_MAX_TURNS) {
        conversation->first = (conversation->first + 1) % CONVERSATION_MAX_TURNS;
        conversation->count--;
    }
    size_t place = (conversation->first + conversation->count++) % CONVERSATION_MAX_TURNS;
    struct exchange *turn = &conversation->turns[place];
    turn->question_size = keep(turn->question, question);
    turn->answer_size = keep(turn->answer, answer);
}

void conversation_forget(struct conversation *conversation)
{
    crypto_wipe(conversation, sizeof *conversation);
}
