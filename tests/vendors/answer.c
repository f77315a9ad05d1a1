#include "tests/vendors/answer.h"

#include "tests/vendors/tokens.h"

#define MAX_BYTES 8192

/* Different salts, so that a model does not think what it says. */
enum { SALT_TEXT = 1, SALT_THOUGHT = 2 };

/* Cuts *text to what *left allows and takes its tokens off; true when something was cut. */
static bool cut(struct span *text, int64_t *tokens, int64_t *left)
{
    int64_t whole = (int64_t)tokens_count(*text);

    *tokens = whole < *left ? whole : *left;
    *text = tokens_head(*text, (size_t)*tokens);
    *left -= *tokens;
    return *tokens < whole;
}

static enum status draw(const struct sentences *sentences, struct span question, uint64_t salt,
                        struct arena *arena, struct span *out)
{
    struct buffer text;

    buffer_init(&text, MAX_BYTES);
    sentences_answer(sentences, question, salt, &text);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        *out = arena_copy(arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_FULL : status;
}

enum status answer_make(const struct sentences *sentences, const struct question *question,
                        struct arena *arena, struct answer *out)
{
    struct answer answer = {.finish_reason = "stop"};
    int64_t left = question->max_tokens > 0 ? question->max_tokens : INT64_MAX;
    enum status status = STATUS_OK;

    if (question->thinks)
        status = draw(sentences, question->asked, SALT_THOUGHT, arena, &answer.thought);
    if (status == STATUS_OK)
        status = draw(sentences, question->asked, SALT_TEXT, arena, &answer.text);
    if (status != STATUS_OK)
        return status;

    bool cut_thought = cut(&answer.thought, &answer.thought_tokens, &left);
    if (cut(&answer.text, &answer.text_tokens, &left) || cut_thought)
        answer.finish_reason = "length";
    *out = answer;
    return STATUS_OK;
}
