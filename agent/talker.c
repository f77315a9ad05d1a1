#include "agent/talker.h"

#include <stdlib.h>

#include "agent/recall.h"
#include "agent/talker_parts.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define QUEUE_BYTES   (128 * 1024)
#define SAY_WINDOW_MS 60000
/* Each connection that is kept is looked after before http.h lets it go. */
#define WARM_EVERY_MS 45000

static bool is_online(void *context)
{
    const struct talker_host *host = &((struct talker *)context)->options.host;

    return host->is_online && host->is_online(host->context);
}

/* The thread. */

static bool is_stopping(struct talker *talker)
{
    pthread_mutex_lock(&talker->lock);
    bool stopping = talker->stopping;
    pthread_mutex_unlock(&talker->lock);
    return stopping;
}

static void carry_out(struct talker *talker, struct span message)
{
    struct talker_job job;
    const struct span text = span_of(message.data + sizeof job, message.size - sizeof job);

    memcpy(&job, message.data, sizeof job);
    settings_values(talker->options.settings, &talker->values);
    if (job.wish != STOP_WORD_STOP)
        talker_announce(talker);
    if (!job.is_nudge && job.kind == wire_CommandKind_KIND_NONE)
        talker_answer(talker, &job, text);
    else if (!job.is_nudge)
        talker_carry_out(talker, &job, text);
    crypto_wipe(talker->values.routes, sizeof talker->values.routes);
}

static void keep_warm(struct talker *talker)
{
    settings_values(talker->options.settings, &talker->values);
    if (limit_mode_allows_asking(limit_mode_from_name(talker->values.limit_mode)))
        turn_warm(talker->turn, talker->values.routes, talker->values.route_count,
                  &talker->has_waiting);
    crypto_wipe(talker->values.routes, sizeof talker->values.routes);
}

/* The next job; connections are looked after while none comes. */
static enum status take(struct talker *talker, uint8_t **data, size_t *size)
{
    enum status status;

    do {
        const bool is_warm = clock_mono_ms() < talker->warm_until_ms;
        status = queue_take(talker->queue, is_warm ? WARM_EVERY_MS : -1, data, size);
        if (status == STATUS_TIMEOUT)
            keep_warm(talker);
    } while (status == STATUS_TIMEOUT);
    atomic_store(&talker->has_waiting, false);
    return status;
}

static void *run(void *context)
{
    struct talker *talker = context;
    uint8_t *data;
    size_t size;

    while (take(talker, &data, &size) == STATUS_OK) {
        if (!is_stopping(talker))
            carry_out(talker, span_of(data, size));
        crypto_wipe(data, size); /* speech stays no longer than it must */
        free(data);
    }
    pthread_mutex_lock(&talker->lock);
    talker->stopped = true;
    pthread_mutex_unlock(&talker->lock);
    return NULL;
}

static enum status put(struct talker *talker, const struct talker_job *job, struct span text)
{
    const struct span parts[] = {span_of(job, sizeof *job), text};

    atomic_store(&talker->has_waiting, true);
    return queue_put(talker->queue, parts, 2);
}

/* Life. */

enum status talker_start(struct talker **out, const struct talker_options *options)
{
    struct talker *talker = calloc(1, sizeof *talker);

    if (!talker)
        return STATUS_MEMORY;
    enum status status = conversation_create(&talker->conversation);
    if (status == STATUS_OK)
        status = conversation_create(&talker->no_conversation);
    const struct turn_options spoken = {.journal = options->journal,
                                        .conversation = talker->conversation,
                                        .attempts = options->attempts,
                                        .speaker = options->speaker,
                                        .on_event = talker_on_turn_event,
                                        .is_online = is_online,
                                        .filter = options->filter,
                                        .context = talker};
    const struct turn_options silent = {.journal = options->journal,
                                        .conversation = talker->no_conversation,
                                        .on_event = talker_on_probe_event,
                                        .is_online = is_online,
                                        .context = talker};
    talker->options = *options;
    /* later than every number of an earlier process: videos are named by it */
    talker->number = (uint64_t)clock_wall_ms();
    settings_values(options->settings, &talker->values);
    talker->limit_mode = limit_mode_from_name(talker->values.limit_mode); /* said before */
    crypto_wipe(talker->values.routes, sizeof talker->values.routes);
    pthread_mutex_init(&talker->lock, NULL);
    if (status == STATUS_OK)
        recall_restore(options->memory, talker->conversation, talker->values.history_hours);
    if (status == STATUS_OK)
        status = queue_create(&talker->queue, TALKER_MAX_WAITING, QUEUE_BYTES);
    if (status == STATUS_OK)
        status = turn_create(&talker->turn, &spoken);
    if (status == STATUS_OK)
        status = turn_create(&talker->probe, &silent);
    if (status == STATUS_OK && pthread_create(&talker->thread, NULL, run, talker) != 0)
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        *out = talker;
    else
        talker_free(talker);
    return status;
}

void talker_stop(struct talker *talker)
{
    bool stopped = false;

    if (!talker)
        return;
    pthread_mutex_lock(&talker->lock);
    talker->stopping = true;
    pthread_mutex_unlock(&talker->lock);
    atomic_store(&talker->has_waiting, true);
    queue_close(talker->queue);
    while (!stopped) { /* again and again: a turn may be just about to begin */
        talker_interrupt(talker);
        pthread_mutex_lock(&talker->lock);
        stopped = talker->stopped;
        pthread_mutex_unlock(&talker->lock);
        if (!stopped)
            clock_sleep_ms(10);
    }
    pthread_join(talker->thread, NULL);
}

void talker_free(struct talker *talker)
{
    if (!talker)
        return;
    turn_free(talker->turn);
    turn_free(talker->probe);
    conversation_free(talker->conversation);
    conversation_free(talker->no_conversation);
    queue_free(talker->queue);
    pthread_mutex_destroy(&talker->lock);
    free(talker);
}

/* Requests. */

enum status talker_ask(struct talker *talker, uint64_t client, struct span question)
{
    return talker_ask_heard(talker, client, NULL, question);
}

enum status talker_ask_heard(struct talker *talker, uint64_t client, const uint8_t *uuid,
                             struct span question)
{
    struct talker_job job = {.client = client};

    if (question.size == 0 || question.size > CONVERSATION_MAX_TEXT_BYTES ||
        !span_is_utf8(question))
        return STATUS_INVALID;
    if (uuid)
        memcpy(job.id, uuid, sizeof job.id);
    else
        crypto_uuid(job.id);
    job.place = atomic_fetch_add(&talker->asked, 1) + 1;
    job.wish = stop_word_of(question);
    if (job.wish == STOP_WORD_STOP) {
        atomic_store(&talker->unwanted, job.place);
        talker_interrupt(talker);
    }
    return put(talker, &job, question);
}

enum status talker_forget(struct talker *talker, uint64_t client)
{
    const char *wish =
        talker_is_chinese(talker) ? "忘掉我们的对话" : "Forget what we talked about.";

    return talker_ask(talker, client, span_text(wish));
}

static bool may_say(struct talker *talker)
{
    const int64_t now_ms = clock_mono_ms();
    int64_t *oldest = &talker->said[talker->said_next];

    if (*oldest != 0 && now_ms - *oldest < SAY_WINDOW_MS)
        return false;
    *oldest = now_ms;
    talker->said_next = (talker->said_next + 1) % TALKER_SAY_LIMIT;
    return true;
}

enum status talker_command(struct talker *talker, const wire_Command *command)
{
    struct talker_job job = {.kind = command->kind};
    const struct span text = span_text(command->text);

    if (!talker_is_command(command->kind))
        return STATUS_INVALID;
    if (command->kind == wire_CommandKind_SAY) {
        if (text.size == 0 || text.size > LIMIT_SAY_TEXT)
            return STATUS_INVALID;
        if (!may_say(talker))
            return STATUS_DENIED;
    }
    memcpy(job.id, command->id, sizeof job.id);
    return put(talker, &job, text);
}

/* With a full queue the next question is about to come anyway. */
void talker_settings_changed(struct talker *talker)
{
    const struct talker_job job = {.is_nudge = true};

    if (put(talker, &job, span_of(NULL, 0)) != STATUS_OK)
        log_debug("chat", "the queue is full: a new limit_mode is said with the next question");
}

bool talker_is_chinese(struct talker *talker)
{
    struct settings_values *values = malloc(sizeof *values);

    if (!values)
        return false;
    settings_values(talker->options.settings, values);
    const bool chinese = talker_speaks_chinese(talker, values);
    crypto_wipe(values, sizeof *values);
    free(values);
    return chinese;
}

void talker_interrupt(struct talker *talker)
{
    pthread_mutex_lock(&talker->lock);
    const uint64_t running = talker->running;
    pthread_mutex_unlock(&talker->lock);
    if (running == 0)
        return;
    turn_interrupt(talker->turn, running);
    turn_interrupt(talker->probe, running);
    speaker_interrupt(talker->options.speaker, running);
}

void talker_leave(struct talker *talker, uint64_t client)
{
    pthread_mutex_lock(&talker->lock);
    const bool speaks = talker->running != 0 && talker->client == client;
    pthread_mutex_unlock(&talker->lock);
    if (speaks)
        talker_interrupt(talker);
}

/* No voice can say it: the owner reads it. */
static void show_clause(struct talker *talker, const struct speaker_event *event)
{
    pthread_mutex_lock(&talker->lock);
    const bool chinese = talker->heard_chinese;
    pthread_mutex_unlock(&talker->lock);

    face_subtitle(talker->options.face, event->turn, event->text);
    face_notice(talker->options.face,
                span_text(chinese ? "我说不出话了，请看字幕" : "I lost my voice: please read"),
                TALKER_NOTICE_MS);
}

void talker_on_speaker(struct talker *talker, const struct speaker_event *event)
{
    if (event->kind == SPEAKER_CLAUSE_FAILED)
        show_clause(talker, event);
    turn_on_speaker(talker->turn, event);
}

void talker_count(struct talker *talker, uint32_t *turns, uint32_t *failed)
{
    pthread_mutex_lock(&talker->lock);
    *turns = talker->turns;
    *failed = talker->failed;
    pthread_mutex_unlock(&talker->lock);
}

void talker_held(struct talker *talker, uint32_t held[FILTER_CLASSES])
{
    pthread_mutex_lock(&talker->lock);
    memcpy(held, talker->held, sizeof talker->held);
    pthread_mutex_unlock(&talker->lock);
}

void talker_circuits(struct talker *talker, uint64_t generation, size_t route_count,
                     struct circuit_set *out)
{
    turn_circuits(talker->turn, generation, route_count, out);
}
