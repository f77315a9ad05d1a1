#include "tests/vendors/stream.h"

#include "schema/base/log.h"
#include "tests/vendors/tokens.h"

#define MAX_EVENT_BYTES (256u << 10)
#define MAX_BURST       4

/* What the next event of the answer is. */
enum phase { PHASE_START, PHASE_TOKENS, PHASE_FINISH, PHASE_USAGE, PHASE_DONE, PHASE_END };

struct stream {
    const struct dialect *dialect;
    struct arena *arena;
    struct question question;
    struct answer answer;
    struct conditions pace;
    struct ledger *ledger;
    struct ledger_entry entry;
    struct dice dice;
    struct dialect_head head;
    enum phase phase;
    struct span thought_left, text_left;
    struct buffer event;   /* made and not yet handed over */
    uint64_t size;         /* of a body that is not streamed */
    int64_t event_thought; /* tokens in event */
    int64_t event_text;
    int64_t tokens_made;
    int64_t thought_made; /* of them */
    bool has_failed;      /* it ended with an error */
    bool is_filtered;
    int64_t breaks_at; /* tokens before the cut or stall; -1: never */
    bool broken;       /* what is left of event stays here for good */
    int64_t due_ms;    /* of the next event or piece */
    double clock_ms;   /* due time of the last token, not rounded */
    bool billed;
};

static void bill(struct stream *stream)
{
    if (stream->billed)
        return;
    stream->billed = true;
    if (ledger_append(stream->ledger, &stream->entry) != STATUS_OK)
        log_error("ledger",
                  "cannot write the line of a request request_id=%s (hint: is the disk "
                  "full?)",
                  stream->entry.request_id);
}

/* Of what was made so far: of the whole answer when all is. */
static struct dialect_usage usage_of(const struct stream *stream)
{
    return (struct dialect_usage){
        .prompt = stream->entry.input,
        .cached = stream->entry.cached,
        .completion = stream->tokens_made,
        .reasoning = stream->thought_made,
    };
}

static struct dialect_answer answer_of(const struct stream *stream)
{
    return (struct dialect_answer){.thought = stream->answer.thought,
                                   .text = stream->answer.text,
                                   .finish_reason = stream->answer.finish_reason,
                                   .is_filtered = stream->is_filtered};
}

static bool tells_usage(const struct stream *stream)
{
    return stream->entry.fault != FAULT_NO_USAGE;
}

static void write_part(struct stream *stream, struct dialect_event event)
{
    const struct dialect_usage usage = usage_of(stream);
    const struct dialect_answer answer = answer_of(stream);

    event.answer = &answer;
    event.usage = tells_usage(stream) ? &usage : NULL;
    stream->dialect->write(stream->dialect, &stream->head, &event, &stream->event);
}

static double token_ms(const struct stream *stream)
{
    return 1000.0 / stream->pace.tokens_per_s;
}

/* One token as a rule, now and then up to four; they take as long as they would one by one. */
static void make_tokens(struct stream *stream)
{
    bool thinking = stream->thought_left.size > 0;
    struct span *left = thinking ? &stream->thought_left : &stream->text_left;
    int64_t *count = thinking ? &stream->event_thought : &stream->event_text;
    const struct span all = thinking ? stream->answer.thought : stream->answer.text;
    const bool is_first = left->size == all.size;
    uint64_t burst = dice_below(&stream->dice, 8) == 0 ? 2 + dice_below(&stream->dice, 3) : 1;
    struct span text = tokens_head(*left, burst < MAX_BURST ? burst : MAX_BURST);

    *count = (int64_t)tokens_count(text);
    *left = span_of(left->data + text.size, left->size - text.size);
    stream->tokens_made += *count;
    stream->clock_ms += (double)*count * token_ms(stream);
    stream->thought_made += thinking ? *count : 0;
    write_part(stream, (struct dialect_event){.part = thinking ? DIALECT_THOUGHT : DIALECT_TEXT,
                                              .is_first = is_first,
                                              .text = text});
}

/* An error where the next piece would be, and nothing behind it. */
static void make_failure(struct stream *stream, enum dialect_error error)
{
    const struct dialect *dialect = stream->dialect;

    buffer_text(&stream->event, dialect->error_before);
    dialect->write_refusal(&dialect->refusals[error], NULL, &stream->event);
    buffer_text(&stream->event, dialect->error_after);
    stream->has_failed = true;
    stream->phase = PHASE_END;
}

/* The answer is over with what was made of it. */
static void object(struct stream *stream)
{
    stream->answer.thought.size -= stream->thought_left.size;
    stream->answer.text.size -= stream->text_left.size;
    stream->thought_left.size = stream->text_left.size = 0;
    stream->answer.finish_reason = stream->dialect->filter_word;
    stream->is_filtered = true;
    stream->phase = PHASE_FINISH;
}

/* Ends the answer early where its fault is to do so in proper form; true when it did. */
static bool end_early(struct stream *stream)
{
    const bool is_due = stream->breaks_at >= 0 && stream->tokens_made >= stream->breaks_at;

    if (is_due && stream->entry.fault == FAULT_MID_ERROR)
        make_failure(stream, DIALECT_BROKEN);
    else if (is_due && stream->entry.fault == FAULT_FILTER && stream->dialect->filter_word)
        object(stream);
    else if (is_due && stream->entry.fault == FAULT_FILTER &&
             stream->dialect->refusals[DIALECT_OBJECTION].message)
        make_failure(stream, DIALECT_OBJECTION);
    else
        return false;
    return true;
}

/* Writes the next event and moves on to the phase behind it; it may be nothing. */
static void make_event(struct stream *stream)
{
    switch (stream->phase) {
    case PHASE_START:
        write_part(stream, (struct dialect_event){.part = DIALECT_START});
        stream->phase = PHASE_TOKENS;
        break;
    case PHASE_TOKENS:
        if (end_early(stream))
            break;
        if (stream->thought_left.size + stream->text_left.size > 0)
            make_tokens(stream);
        else
            stream->phase = PHASE_FINISH;
        break;
    case PHASE_FINISH:
        write_part(stream, (struct dialect_event){.part = DIALECT_FINISH});
        stream->phase = PHASE_USAGE;
        break;
    case PHASE_USAGE:
        write_part(stream, (struct dialect_event){.part = DIALECT_USAGE});
        stream->phase = PHASE_DONE;
        break;
    case PHASE_DONE:
        write_part(stream, (struct dialect_event){.part = DIALECT_DONE});
        stream->phase = PHASE_END;
        break;
    case PHASE_END:
        break;
    }
}

static void make_whole(struct stream *stream)
{
    const struct dialect_answer answer = answer_of(stream);
    int64_t tokens = stream->answer.thought_tokens + stream->answer.text_tokens;

    stream->event_thought = stream->thought_made = stream->answer.thought_tokens;
    stream->event_text = stream->answer.text_tokens;
    stream->tokens_made = tokens;
    const struct dialect_usage usage = usage_of(stream);
    stream->dialect->write_whole(stream->dialect, &stream->head, &answer,
                                 tells_usage(stream) ? &usage : NULL, &stream->event);
    stream->clock_ms += (double)tokens * token_ms(stream);
    stream->due_ms = (int64_t)stream->clock_ms;
    stream->size = stream->event.size;
    stream->phase = PHASE_END;
}

static void plan_break(struct stream *stream)
{
    int64_t tokens = stream->answer.thought_tokens + stream->answer.text_tokens;
    bool breaks = stream->entry.fault == FAULT_CUT || stream->entry.fault == FAULT_STALL ||
                  stream->entry.fault == FAULT_MID_ERROR || stream->entry.fault == FAULT_FILTER;

    stream->breaks_at = breaks ? (int64_t)dice_below(&stream->dice, (uint64_t)tokens + 1) : -1;
}

enum status stream_create(struct stream **out, const struct stream_plan *plan, struct arena *arena)
{
    struct stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL) {
        arena_free(arena);
        return STATUS_MEMORY;
    }
    *stream = (struct stream){
        .dialect = plan->dialect,
        .arena = arena,
        .question = *plan->question,
        .answer = *plan->answer,
        .pace = *plan->conditions,
        .ledger = plan->ledger,
        .entry = plan->entry,
        .dice = plan->dice,
        .thought_left = plan->answer->thought,
        .text_left = plan->answer->text,
    };
    buffer_init(&stream->event, MAX_EVENT_BYTES);
    stream->head = (struct dialect_head){
        .id = stream->entry.vendor_request_id,
        .model = stream->question.model,
        .created_s = stream->entry.at_ms / 1000,
        .shows_usage = stream->question.include_usage,
        .every_usage = stream->question.every_usage,
    };
    plan_break(stream);
    stream->clock_ms = (double)plan->now_ms + stream->pace.first_token_ms +
                       dice_fraction(&stream->dice) * stream->pace.jitter_ms;
    stream->due_ms = (int64_t)stream->clock_ms;
    if (!stream->question.stream)
        make_whole(stream);
    if (buffer_status(&stream->event) != STATUS_OK) {
        stream->billed = true;
        stream_free(stream);
        return STATUS_MEMORY;
    }
    *out = stream;
    return STATUS_OK;
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    bill(stream);
    buffer_release(&stream->event);
    arena_free(stream->arena);
    free(stream);
}

bool stream_has_length(const struct stream *stream, uint64_t *size)
{
    if (stream->question.stream)
        return false;
    *size = stream->size;
    return true;
}

/* The event was handed over. Behind the last token the parts that are nothing are passed over, so
 * that the end is known when it is there. */
static void count_event(struct stream *stream)
{
    stream->entry.reasoning += stream->event_thought;
    stream->entry.output += stream->event_thought + stream->event_text;
    stream->event_thought = stream->event_text = 0;
    while (stream->event.size == 0 && stream->phase > PHASE_TOKENS && stream->phase < PHASE_END)
        make_event(stream);
    if (stream->event.size == 0 && stream->phase == PHASE_END) {
        stream->entry.finished = !stream->has_failed;
        bill(stream);
    }
}

/* Bytes before the middle of the first character that has one; 0: there is none. */
static size_t before_middle(struct span text)
{
    for (size_t i = 1; i < text.size; i++)
        if ((text.data[i] & 0xC0) == 0x80)
            return i;
    return 0;
}

/* Bytes of the event to hand over now. Every eighth piece ends at any byte, and every eighth inside
 * a character, which any byte alone would seldom hit; its rest follows within the time of a token.
 */
static size_t piece(struct stream *stream, size_t room)
{
    size_t left = stream->event.size;
    size_t size = 0;

    switch (dice_below(&stream->dice, 8)) {
    case 0:
        size = dice_below(&stream->dice, left);
        break;
    case 1:
        size = before_middle(buffer_span(&stream->event));
        break;
    default:
        break;
    }
    if (size == 0)
        size = left;
    return size < room ? size : room;
}

static void give(struct stream *stream, int64_t now_ms, uint8_t *out, size_t size)
{
    uint64_t gap_ms = (uint64_t)token_ms(stream) + 1;

    memcpy(out, stream->event.data, size);
    buffer_consume(&stream->event, size);
    if (stream->event.size == 0) {
        count_event(stream);
        stream->due_ms = (int64_t)stream->clock_ms;
    } else {
        stream->due_ms = now_ms + 1 + (int64_t)dice_below(&stream->dice, gap_ms);
    }
}

static bool must_break(const struct stream *stream)
{
    if (stream->breaks_at < 0 || stream->entry.fault == FAULT_MID_ERROR ||
        stream->entry.fault == FAULT_FILTER)
        return false;
    return stream->tokens_made > stream->breaks_at || stream->phase > PHASE_TOKENS;
}

/* Gives some of the event, never its last byte. What follows is the cut, at once or after the
 * client has been kept waiting. */
static void give_last(struct stream *stream, int64_t now_ms, uint8_t *out, size_t room,
                      size_t *size)
{
    size_t part = dice_below(&stream->dice, stream->event.size);

    *size = part < room ? part : room;
    memcpy(out, stream->event.data, *size);
    stream->broken = true;
    stream->due_ms = now_ms;
    if (stream->entry.fault == FAULT_STALL)
        stream->due_ms += (int64_t)(stream->pace.stall_s * 1000);
}

enum stream_step stream_next(struct stream *stream, int64_t now_ms, uint8_t *out, size_t room,
                             size_t *size, int64_t *wake_ms)
{
    if (now_ms < stream->due_ms) {
        *wake_ms = stream->due_ms;
        return STREAM_WAIT;
    }
    if (stream->broken)
        return STREAM_CUT;
    while (stream->event.size == 0) {
        if (stream->phase == PHASE_END)
            return STREAM_END;
        make_event(stream);
        if (buffer_status(&stream->event) != STATUS_OK)
            return STREAM_CUT;
    }
    if (!must_break(stream)) {
        *size = piece(stream, room);
        give(stream, now_ms, out, *size);
        return STREAM_GIVE;
    }
    give_last(stream, now_ms, out, room, size);
    return *size > 0 ? STREAM_GIVE : stream_next(stream, now_ms, out, room, size, wake_ms);
}
