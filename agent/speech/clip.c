#include "agent/speech/clip.h"

#define BYTES_PER_SAMPLE 2

enum status clip_init(struct clip *clip, uint64_t turn, uint32_t clause)
{
    *clip = (struct clip){.turn = turn, .clause = clause, .is_gathering = true};
    const enum status status = align_create(&clip->align, CLIP_RATE, CLIP_MAX_SECONDS);
    if (status != STATUS_OK)
        return status;
    buffer_init(&clip->sound, (size_t)CLIP_MAX_SECONDS * CLIP_RATE * BYTES_PER_SAMPLE);
    pauses_init(&clip->pauses, CLIP_RATE);
    return STATUS_OK;
}

void clip_release(struct clip *clip)
{
    buffer_release(&clip->sound);
    align_free(clip->align);
    clip->align = NULL;
}

void clip_add_sound(struct clip *clip, const int16_t *pcm, size_t count)
{
    if (buffer_status(&clip->sound) != STATUS_OK)
        return;
    buffer_add(&clip->sound, span_of(pcm, count * BYTES_PER_SAMPLE));
    if (buffer_status(&clip->sound) != STATUS_OK)
        return;
    pauses_feed(&clip->pauses, pcm, count);
    align_sound(clip->align, pcm, count);
}

void clip_end_sound(struct clip *clip, bool is_whole)
{
    clip->is_whole = true;
    clip->is_failed = !is_whole;
    if (is_whole)
        align_sound_end(clip->align);
}

void clip_add_pattern(struct clip *clip, const int16_t *pcm, size_t count)
{
    align_pattern_sound(clip->align, pcm, count);
}

static bool is_pause(const struct voice_mark *mark)
{
    return mark->phoneme[0] == '_';
}

void clip_add_mark(struct clip *clip, const struct voice_mark *mark)
{
    if (!is_pause(mark) && clip->mark_count < CLIP_MAX_MARKS)
        clip->marks[clip->mark_count++] = *mark;
}

void clip_add_word(struct clip *clip, const struct voice_word *word)
{
    align_pattern_word(clip->align, word->sample);
    if (clip->word_count < CLIP_MAX_WORDS)
        clip->words[clip->word_count++] = *word;
}

void clip_end_pattern(struct clip *clip)
{
    clip->has_pattern = true;
    align_pattern_end(clip->align);
}

static void write(const struct clip *clip, struct voice_wire *frame, struct buffer *out)
{
    frame->turn = clip->turn;
    frame->clause = clip->clause;
    voice_wire_encode(frame, out);
}

static size_t ready_samples(const struct clip *clip)
{
    return clip->sound.size / BYTES_PER_SAMPLE;
}

static size_t samples_of_ms(unsigned ms)
{
    return (size_t)ms * CLIP_RATE / 1000;
}

/* How much is due, CLIP_LEAD_MS before it is heard. What is kept back meanwhile is listened
 * to. */
static size_t due_samples(const struct clip *clip, int64_t now_ms)
{
    const int64_t elapsed_ms = clip->is_begun ? now_ms - clip->begun_ms : 0;
    const int64_t due = (elapsed_ms + CLIP_LEAD_MS) * CLIP_RATE / 1000 - clip->given;

    return due > 0 ? (size_t)due : 0;
}

/* How much may go out now. */
static size_t giveable(struct clip *clip, int64_t now_ms)
{
    const size_t ready = ready_samples(clip);

    if (!clip->has_pattern)
        return 0;
    if (clip->is_whole)
        return ready;
    if (ready >= samples_of_ms(CLIP_GATHER_MS))
        clip->is_gathering = false;
    else if (ready <= samples_of_ms(CLIP_AHEAD_MS))
        clip->is_gathering = true;
    if (clip->is_gathering || ready <= samples_of_ms(CLIP_AHEAD_MS))
        return 0;
    const size_t known = ready - samples_of_ms(CLIP_AHEAD_MS), due = due_samples(clip, now_ms);
    return known < due ? known : due;
}

bool clip_is_timed(const struct clip *clip)
{
    return clip->is_begun && !clip->is_whole;
}

static void give_sound(struct clip *clip, size_t count, struct buffer *out)
{
    struct voice_wire frame = {.kind = VOICE_WIRE_PCM,
                               .bytes = span_of(clip->sound.data, count * BYTES_PER_SAMPLE)};

    write(clip, &frame, out);
    buffer_consume(&clip->sound, count * BYTES_PER_SAMPLE);
    clip->given += (uint32_t)count;
}

/* --- phonemes and words, in the order of their places --- */

/* Where the next pause begins; the one that is not over yet is the last. */
static uint32_t next_pause(const struct clip *clip, uint32_t *end)
{
    uint32_t since;

    *end = clip->pauses.samples;
    if (clip->next_pause < clip->pauses.count) {
        *end = clip->pauses.list[clip->next_pause].end;
        return clip->pauses.list[clip->next_pause].start;
    }
    return clip->next_pause == clip->pauses.count && pauses_is_open(&clip->pauses, &since)
               ? since
               : ALIGN_NEVER;
}

/* Of a phoneme: up to the next one, or the pause before it; the pattern's length where that is not
 * known yet. */
static uint32_t end_of_mark(const struct clip *clip, size_t index, uint32_t at)
{
    const struct voice_mark *mark = &clip->marks[index];
    const bool is_last = index + 1 == clip->mark_count;
    uint32_t unused, end = align_place(clip->align, is_last ? mark->sample + mark->duration
                                                            : clip->marks[index + 1].sample);
    const uint32_t pause = next_pause(clip, &unused);

    if (end == ALIGN_NEVER)
        end = at + mark->duration;
    return pause < end ? pause : end;
}

static void write_mark(struct clip *clip, const char *phoneme, enum voice_language language,
                       uint32_t at, uint32_t end, struct buffer *out)
{
    struct voice_wire frame = {.kind = VOICE_WIRE_MARK,
                               .language = (uint8_t)language,
                               .sample = at,
                               .duration = end > at ? end - at : 0};

    memcpy(frame.phoneme, phoneme, strnlen(phoneme, VOICE_WIRE_PHONEME_BYTES));
    write(clip, &frame, out);
    clip->last_place = at;
}

static uint32_t not_before(uint32_t at, uint32_t least)
{
    return at > least ? at : least;
}

/* Marks that lie before what was given; all is true at the end, when every phoneme must be told. */
static void give_marks(struct clip *clip, bool all, struct buffer *out)
{
    for (;;) {
        const struct voice_mark *mark = &clip->marks[clip->next_mark];
        const bool has_mark = clip->next_mark < clip->mark_count;
        uint32_t pause_end;
        uint32_t pause = next_pause(clip, &pause_end);
        uint32_t at = has_mark ? align_place(clip->align, mark->sample) : ALIGN_NEVER;

        if (all && has_mark && at >= clip->given)
            at = clip->given > 0 ? clip->given - 1 : 0;
        if (pause <= at && pause < clip->given) {
            clip->next_pause++;
            write_mark(clip, "_:", VOICE_LANGUAGE_EN, not_before(pause, clip->last_place),
                       pause_end, out);
        } else if (at < clip->given) {
            at = not_before(at, clip->last_place);
            clip->next_mark++;
            write_mark(clip, mark->phoneme, mark->language, at,
                       end_of_mark(clip, clip->next_mark - 1, at), out);
        } else {
            return;
        }
    }
}

static void give_words(struct clip *clip, bool all, struct buffer *out)
{
    for (; clip->next_word < clip->word_count; clip->next_word++) {
        const struct voice_word *word = &clip->words[clip->next_word];
        uint32_t at = align_place(clip->align, word->sample);

        if (at >= clip->given && !all)
            return;
        if (at >= clip->given)
            at = clip->given > 0 ? clip->given - 1 : 0;
        write(clip,
              &(struct voice_wire){.kind = VOICE_WIRE_WORD,
                                   .sample = at,
                                   .duration = word->length,
                                   .offset = word->offset},
              out);
    }
}

static void give_pattern(struct clip *clip, bool all, struct buffer *out)
{
    give_marks(clip, all, out);
    give_words(clip, all, out);
}

static enum status give_end(struct clip *clip, struct buffer *out)
{
    struct voice_wire end = {.kind = VOICE_WIRE_END, .sample = clip->given};
    struct voice_wire failed = {.kind = VOICE_WIRE_FAILED,
                                .bytes = span_text("the vendor made no sound of it")};

    if (clip->is_begun && !clip->is_failed)
        give_pattern(clip, true, out);
    write(clip, clip->is_failed || clip->given == 0 ? &failed : &end, out);
    return STATUS_CLOSED;
}

enum status clip_give(struct clip *clip, int64_t now_ms, struct buffer *out)
{
    const size_t ready = giveable(clip, now_ms);

    if (clip->is_whole && ready_samples(clip) == 0)
        return give_end(clip, out);
    if (ready == 0)
        return STATUS_AGAIN;
    if (!clip->is_begun)
        write(clip, &(struct voice_wire){.kind = VOICE_WIRE_BEGIN, .sample = CLIP_RATE}, out);
    if (!clip->is_begun)
        clip->begun_ms = now_ms;
    clip->is_begun = true;
    give_sound(clip, ready < CLIP_PIECE_SAMPLES ? ready : CLIP_PIECE_SAMPLES, out);
    give_pattern(clip, false, out);
    return STATUS_OK;
}
