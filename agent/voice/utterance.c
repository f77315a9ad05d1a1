#include "agent/voice/utterance.h"

void utterance_init(struct utterance *utterance, uint32_t number, struct span text, int64_t now_ms)
{
    *utterance = (struct utterance){
        .number = number, .queued_ms = now_ms, .first_sample = -1, .size = text.size};
    memcpy(utterance->text, text.data, text.size);
}

void utterance_begin(struct utterance *utterance)
{
    if (utterance->resume_from == 0)
        utterance->word_count = 0;
}

bool utterance_add_word(struct utterance *utterance, const struct voice_word *word, int64_t sample,
                        uint32_t *start)
{
    const uint64_t from = (uint64_t)word->offset + utterance->resume_from;
    const uint64_t end = from + word->length;

    if (end > utterance->size)
        return false;
    *start = (uint32_t)from;
    if (utterance->word_count < UTTERANCE_MAX_WORDS) {
        utterance->words[utterance->word_count].end = (uint32_t)end;
        utterance->words[utterance->word_count++].sample = sample;
    }
    return true;
}

void utterance_fall_back(struct utterance *utterance, int64_t now_ms)
{
    size_t heard = utterance->word_count;

    while (heard > 0 && utterance->words[heard - 1].sample >= utterance->end_sample)
        heard--;
    utterance->word_count = heard > 0 ? heard - 1 : 0;
    utterance->resume_from =
        utterance->word_count > 0 ? utterance->words[utterance->word_count - 1].end : 0;
    utterance->is_vendors = false;
    utterance->is_offline = true;
    utterance->state = UTTERANCE_WAITING;
    utterance->queued_ms = now_ms;
}

size_t utterance_heard_bytes(const struct utterance *utterance, int64_t sample)
{
    size_t end = 0;

    if (utterance->first_sample < 0)
        return 0;
    for (size_t i = 0; i < utterance->word_count && utterance->words[i].sample < sample; i++)
        end = utterance->words[i].end;
    return end;
}
