#include "agent/chat/conversation.h"

#include "agent/meter/reservation.h"
#include "schema/base/crypto.h"

#define MESSAGE_TOKENS 4 /* that a vendor puts around a message */

struct exchange {
    char question[CONVERSATION_MAX_TEXT_BYTES];
    char answer[CONVERSATION_MAX_TEXT_BYTES];
    size_t question_size;
    size_t answer_size;
    int64_t at_ms;
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

static struct span asked(const struct exchange *turn)
{
    return span_of(turn->question, turn->question_size);
}

static struct span said(const struct exchange *turn)
{
    return span_of(turn->answer, turn->answer_size);
}

static uint64_t tokens_of(const struct exchange *turn)
{
    struct reservation_estimate estimate = {0};

    reservation_estimate_add(&estimate, asked(turn));
    reservation_estimate_add(&estimate, said(turn));
    return reservation_estimate_tokens(&estimate) + 2 * (uint64_t)MESSAGE_TOKENS;
}

/* How many of the newest turns fit. */
static size_t fitting(const struct conversation *conversation, struct conversation_budget budget,
                      size_t bytes)
{
    uint64_t tokens = 0;
    size_t count = 0;

    while (count < conversation->count && count < budget.turns) {
        const struct exchange *turn = turn_at(conversation, conversation->count - count - 1);
        bytes += turn->question_size + turn->answer_size;
        tokens += tokens_of(turn);
        if (bytes > CONVERSATION_MAX_BYTES || tokens > budget.tokens)
            break;
        count++;
    }
    return count;
}

size_t conversation_messages(const struct conversation *conversation, struct span persona,
                             struct conversation_budget budget, struct span question,
                             struct dialect_message *messages)
{
    size_t turns = fitting(conversation, budget, persona.size + question.size);
    size_t count = 0;

    if (persona.size)
        messages[count++] = (struct dialect_message){DIALECT_SYSTEM, persona};
    for (size_t i = conversation->count - turns; i < conversation->count; i++) {
        const struct exchange *turn = turn_at(conversation, i);
        messages[count++] = (struct dialect_message){DIALECT_USER, asked(turn)};
        messages[count++] = (struct dialect_message){DIALECT_ASSISTANT, said(turn)};
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

void conversation_add(struct conversation *conversation, struct span question, struct span answer,
                      int64_t at_ms)
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
    turn->at_ms = at_ms;
}

void conversation_forget(struct conversation *conversation)
{
    crypto_wipe(conversation, sizeof *conversation);
}

/* A turn is, all integers little-endian:
 *
 *    0  8  when, milliseconds
 *    8  2  bytes of the question
 *   10  2  bytes of the answer
 *   12     question, answer
 */
#define TURN_HEAD 12

static void put_int(struct buffer *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer_byte(out, (uint8_t)(value >> 8 * i));
}

static uint64_t get_int(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

void conversation_pack(const struct conversation *conversation, struct buffer *out)
{
    for (size_t i = 0; i < conversation->count; i++) {
        const struct exchange *turn = turn_at(conversation, i);

        put_int(out, (uint64_t)turn->at_ms, 8);
        put_int(out, turn->question_size, 2);
        put_int(out, turn->answer_size, 2);
        buffer_add(out, asked(turn));
        buffer_add(out, said(turn));
    }
}

static bool is_kept_text(struct span text)
{
    return text.size > 0 && text.size <= CONVERSATION_MAX_TEXT_BYTES && span_is_utf8(text);
}

/* Bytes of the turn; 0: it is none. */
static size_t unpack_turn(struct conversation *conversation, struct span packed, int64_t since_ms)
{
    if (packed.size < TURN_HEAD)
        return 0;
    const int64_t at_ms = (int64_t)get_int(packed.data, 8);
    const size_t question_size = (size_t)get_int(packed.data + 8, 2);
    const size_t answer_size = (size_t)get_int(packed.data + 10, 2);

    if (packed.size - TURN_HEAD < question_size + answer_size)
        return 0;
    const struct span question = span_of(packed.data + TURN_HEAD, question_size);
    const struct span answer = span_of(packed.data + TURN_HEAD + question_size, answer_size);
    if (!is_kept_text(question) || !is_kept_text(answer))
        return 0;
    if (at_ms >= since_ms)
        conversation_add(conversation, question, answer, at_ms);
    return TURN_HEAD + question_size + answer_size;
}

enum status conversation_unpack(struct conversation *conversation, struct span packed,
                                int64_t since_ms)
{
    conversation_forget(conversation);
    for (size_t count = 0; packed.size > 0; count++) {
        const size_t size = unpack_turn(conversation, packed, since_ms);

        if (size == 0 || count >= CONVERSATION_MAX_TURNS) {
            conversation_forget(conversation);
            return STATUS_CORRUPT;
        }
        packed = span_of(packed.data + size, packed.size - size);
    }
    return STATUS_OK;
}
