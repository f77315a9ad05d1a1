#include "agent/trial_turn.h"

#include "agent/chat/attempt.h"
#include "agent/chat/clause.h"
#include "agent/rehearsal.h"
#include "agent/spoken.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"

/* The answer has some ten tokens; a model that thinks may take many more before its first word. */
#define MAX_OUTPUT_TOKENS 256

struct trying {
    const struct trial_turn *turn;
    struct trial_turn_result *result;
    struct attempt_result attempt;
    uint8_t uuid[16];
    int64_t asked_ms; /* monotonic */
    struct clause clause;
    char text[REHEARSAL_MAX_CLAUSES][CLAUSE_MAX_BYTES + 8];
    struct span clauses[REHEARSAL_MAX_CLAUSES];
    size_t clause_count;
};

static struct dialect_message question_in(enum voice_language language)
{
    return (struct dialect_message){
        DIALECT_USER,
        span_text(language == VOICE_LANGUAGE_ZH ? "请用一句简短的话回答：你在吗？"
                                                : "Answer with one short sentence: are you there?"),
    };
}

static void reach(struct trying *trying, wire_TrialStep step, int64_t after_ms)
{
    uint32_t *step_ms = trying->result->step_ms;

    trying->result->step = step;
    if (step > TRIAL_TURN_STEPS)
        return;
    step_ms[step - 1] = (uint32_t)after_ms;
    /* never before the step before it */
    if (step > 1 && step_ms[step - 1] < step_ms[step - 2])
        step_ms[step - 1] = step_ms[step - 2];
}

static void reach_now(struct trying *trying, wire_TrialStep step)
{
    reach(trying, step, clock_mono_ms() - trying->asked_ms);
}

static enum status fail(struct trying *trying, bool may_pass, const char *reason)
{
    struct trial_turn_result *result = trying->result;

    result->may_pass = may_pass;
    snprintf(result->reason, sizeof result->reason, "%.*s", (int)sizeof result->reason - 1, reason);
    return STATUS_UNREACHABLE;
}

/* Those beyond the room are left out: a vendor that tells a story answers as well. */
static void on_clause(void *context, struct span text)
{
    struct trying *trying = context;
    const size_t index = trying->clause_count;

    if (index == REHEARSAL_MAX_CLAUSES || text.size > sizeof trying->text[0])
        return;
    memcpy(trying->text[index], text.data, text.size);
    trying->clauses[index] = span_of(trying->text[index], text.size);
    trying->clause_count++;
}

static void on_text(void *context, struct span text)
{
    struct trying *trying = context;

    clause_feed(&trying->clause, text, (struct clause_moment){.mono_ms = clock_mono_ms()});
}

static bool is_passing(wire_ErrorClass error_class)
{
    return error_class == wire_ErrorClass_RATE || error_class == wire_ErrorClass_BUSY ||
           error_class == wire_ErrorClass_NET;
}

/* An attempt was not opened. */
static enum status refuse(struct trying *trying, enum status status)
{
    if (status == STATUS_DENIED) {
        fail(trying, true, "the trial has no credit for its question yet");
        return STATUS_DENIED;
    }
    if (status == STATUS_FULL || status == STATUS_IO)
        return fail(trying, true, "the journal takes no attempt (hint: is the disk full?)");
    trying->result->error_class = wire_ErrorClass_REQUEST;
    return fail(trying, false, "this robot cannot ask by this route: is its dialect known here?");
}

/* What the vendor said. */
static enum status judge_answer(struct trying *trying)
{
    const wire_UsageRecord *record = &trying->attempt.record;

    if (trying->attempt.answered_ms >= 0)
        reach(trying, wire_TrialStep_TRIAL_CONNECTED, trying->attempt.answered_ms);
    if (trying->attempt.text_bytes > 0)
        reach(trying, wire_TrialStep_TRIAL_FIRST_TOKEN, record->first_token_ms);
    trying->result->error_class = record->error_class;
    if (record->outcome == wire_Outcome_FAILED)
        return fail(trying, is_passing(record->error_class), trying->attempt.problem);
    if (record->outcome == wire_Outcome_FILTERED)
        return fail(trying, false, "the vendor's filter refused the question or its answer");
    clause_end(&trying->clause);
    if (trying->clause_count == 0)
        return fail(trying, false, "the answer had no words");
    reach_now(trying, wire_TrialStep_TRIAL_TEXT);
    return STATUS_OK;
}

static enum status rehearse(struct trying *trying)
{
    const struct rehearsal rehearsal = {trying->turn->voice_program, trying->clauses,
                                        trying->clause_count, trying->turn->cancel, NULL};
    struct rehearsal_result result = {0};
    enum status status = rehearsal_run(&rehearsal, &result);

    if (status == STATUS_CLOSED)
        return STATUS_CLOSED;
    if (status != STATUS_OK || !result.is_spoken)
        return fail(trying, true, "the voice made no sound of the answer");
    reach_now(trying, wire_TrialStep_TRIAL_VOICE);
    if (!result.is_moved)
        return fail(trying, false, "the mouth did not move to the answer's sound");
    reach_now(trying, wire_TrialStep_TRIAL_MOUTH);
    return STATUS_OK;
}

/* ---- the vendor's voice ---- */

/* At most CREDIT_TEST_CHARS. */
static struct span sentence_in(enum voice_language language)
{
    return span_text(language == VOICE_LANGUAGE_ZH ? "我在，你好。" : "Hello, I am here.");
}

/* What the vendor's sound came to. */
static enum status judge_speech(struct trying *trying, const struct rehearsal_result *said,
                                const wire_UsageRecord *record)
{
    char reason[LIMIT_REASON + 1];

    trying->result->error_class = record->error_class;
    if (said->used.fate == VOICE_FATE_NOT_SENT)
        return fail(trying, true, "the program of vendors' voices does not run or take it");
    if (said->used.fate != VOICE_FATE_ANSWERED) {
        snprintf(reason, sizeof reason, "it does not speak: class=%s http=%d",
                 message_error_name(record->error_class), said->used.http_status);
        return fail(trying, is_passing(record->error_class), reason);
    }
    if (!said->is_spoken)
        return fail(trying, false, "its sound cannot be played");
    if (!said->is_moved)
        return fail(trying, false, "the mouth did not move to its sound");
    reach_now(trying, wire_TrialStep_TRIAL_SPEECH);
    return STATUS_OK;
}

static enum status say(struct trying *trying, struct speaker_order *kept, wire_UsageRecord *record)
{
    const struct trial_turn *turn = trying->turn;
    const struct voice_order order = {kept->url, kept->api_key, kept->model, kept->speaker,
                                      kept->request_id};
    const struct span sentence = sentence_in(turn->language);
    const struct rehearsal rehearsal = {turn->speech_program, &sentence, 1, turn->cancel, &order};
    struct rehearsal_result said = {
        .used = {.fate = VOICE_FATE_NOT_SENT, .error_class = wire_ErrorClass_NET}};
    enum status status = rehearsal_run(&rehearsal, &said);

    spoken_judge(&said.used, record);
    const enum status closed = journal_close_attempt(turn->journal, record);
    if (status == STATUS_CLOSED)
        return STATUS_CLOSED;
    if (closed != STATUS_OK)
        return fail(trying, true, "the journal did not take what was used");
    return judge_speech(trying, &said, record);
}

static enum status try_speech(struct trying *trying)
{
    const struct trial_turn *turn = trying->turn;
    struct speaker_order order = {0};
    wire_UsageRecord record = {.attempt = 2, .purpose = wire_Purpose_TEST};

    trying->result->route = turn->speech;
    memcpy(record.turn, trying->uuid, sizeof record.turn);
    spoken_prepare(turn->speech, turn->generation, sentence_in(turn->language), &record);
    snprintf(record.line_id, sizeof record.line_id, "%s", turn->speech_line_id);
    enum status status = journal_begin(turn->journal, &record);
    if (status != STATUS_OK)
        return refuse(trying, status);
    spoken_order(turn->speech, &record, &order);
    status = say(trying, &order, &record);
    crypto_wipe(&order, sizeof order);
    return status;
}

/* The attempt is in the journal; closed tells whether its end is. */
static enum status judge(struct trying *trying, enum status closed)
{
    enum status status = judge_answer(trying);

    if (status == STATUS_OK)
        status = rehearse(trying);
    if (status != STATUS_OK)
        return status;
    if (closed != STATUS_OK)
        return fail(trying, true, "the journal did not take what was used");
    if (trying->attempt.record.provenance != wire_Provenance_VENDOR_FINAL)
        return fail(trying, false, "the vendor did not say what it counted");
    reach_now(trying, wire_TrialStep_TRIAL_USAGE);
    return trying->turn->speech ? try_speech(trying) : STATUS_OK;
}

static enum status ask(struct trying *trying, struct http *http)
{
    const struct trial_turn *turn = trying->turn;
    const struct dialect_message question = question_in(turn->language);
    wire_Route route = *turn->route;
    const struct attempt_request request = {
        .route = &route,
        .messages = &question,
        .count = 1,
        .max_output_tokens = MAX_OUTPUT_TOKENS,
        .turn = trying->uuid,
        .number = 1,
        .generation = turn->generation,
        .purpose = wire_Purpose_TEST,
        .cancel = turn->cancel,
        .on_text = on_text,
        .context = trying,
    };

    crypto_uuid(trying->uuid);
    snprintf(route.line_id, sizeof route.line_id, "%s", turn->line_id);
    enum status status = attempt_run(http, turn->journal, &request, &trying->attempt);
    crypto_wipe(&route, sizeof route);
    if (status != STATUS_OK)
        return refuse(trying, status);
    /* at once: a power cut while the voice rehearses would charge the worst case */
    const enum status closed = journal_close_attempt(turn->journal, &trying->attempt.record);
    return atomic_load(turn->cancel) ? STATUS_CLOSED : judge(trying, closed);
}

enum status trial_turn_run(const struct trial_turn *turn, struct trial_turn_result *result)
{
    struct trying *trying = calloc(1, sizeof *trying);
    const struct clause_listener listener = {.context = trying, .on_clause = on_clause};
    struct http *http = NULL;
    enum status status = STATUS_MEMORY;

    *result = (struct trial_turn_result){.step = wire_TrialStep_TRIAL_HELD, .route = turn->route};
    if (trying)
        status = http_create(&http);
    if (status == STATUS_OK) {
        trying->turn = turn;
        trying->result = result;
        trying->asked_ms = clock_mono_ms();
        clause_init(&trying->clause, &listener, turn->language == VOICE_LANGUAGE_ZH);
        status = ask(trying, http);
    }
    if (status == STATUS_CLOSED)
        snprintf(result->reason, sizeof result->reason, "the trial was ended");
    http_free(http);
    if (trying)
        crypto_wipe(trying->text, sizeof trying->text);
    free(trying);
    return status;
}
