#include "agent/speech/relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/speech/clip.h"
#include "agent/speech/request.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define MAX_JOBS           8
#define FETCHERS           2
#define INPUT_LIMIT_BYTES  (1u << 18)
#define OUTPUT_LIMIT_BYTES (1u << 17)
#define MAX_TEXT_BYTES     VOICE_WIRE_MAX_TEXT
#define MAX_ORDER_BYTES    2048
#define PATTERN_WAIT_MS    1500 /* sound is not held up longer for want of phonemes */
#define STEP_MS            50

enum job_state {
    JOB_FREE,
    JOB_WAITING, /* for a fetcher */
    JOB_FETCHING,
    JOB_FETCHED, /* its request is over */
};

struct job {
    enum job_state state;
    uint64_t number; /* in the order of their coming */
    uint64_t turn;
    uint32_t clause;
    enum voice_language language;
    int rate_wpm, pitch;
    char text[MAX_TEXT_BYTES];
    size_t text_size;
    char order_bytes[MAX_ORDER_BYTES];
    struct voice_order order; /* points into order_bytes */
    atomic_bool cancel;
    struct clip clip;
    struct voice_used used;
    bool is_told;      /* USED went out */
    bool is_over;      /* END or FAILED went out, or nobody waits for them */
    bool is_patterned; /* asked of the timing voice */
    int64_t asked_ms;
};

struct relay;

struct fetcher {
    struct relay *relay;
    struct http *http;
    pthread_t thread;
    struct job *job; /* under way */
};

struct relay {
    int in, out, wake;
    struct buffer input;
    struct buffer output;
    enum status status; /* why serving ends; STATUS_OK: it goes on */
    struct voice *timing;
    char order_bytes[MAX_ORDER_BYTES]; /* of the ROUTE that came last */
    size_t order_size;
    uint64_t order_turn;
    uint32_t order_clause;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool is_stopping;
    struct job jobs[MAX_JOBS];
    uint64_t next_number;
    uint64_t cancelled; /* this turn and older ones */
    struct fetcher fetchers[FETCHERS];
};

static void wake(struct relay *relay)
{
    const uint64_t one = 1;

    if (write(relay->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        log_warning("speech", "cannot wake the relay");
}

/* Call with the lock held. The oldest job that is_fit; NULL: none. */
static struct job *oldest(struct relay *relay, bool (*is_fit)(const struct job *job))
{
    struct job *found = NULL;

    for (size_t i = 0; i < MAX_JOBS; i++) {
        struct job *job = &relay->jobs[i];

        if (job->state != JOB_FREE && is_fit(job) && (!found || job->number < found->number))
            found = job;
    }
    return found;
}

/* --- fetching --- */

static bool is_waiting(const struct job *job)
{
    return job->state == JOB_WAITING;
}

static void on_sound(void *context, const int16_t *pcm, size_t count)
{
    struct fetcher *fetcher = context;

    pthread_mutex_lock(&fetcher->relay->lock);
    clip_add_sound(&fetcher->job->clip, pcm, count);
    pthread_mutex_unlock(&fetcher->relay->lock);
    wake(fetcher->relay);
}

static void fetch(struct fetcher *fetcher, struct job *job)
{
    const struct request request = {.order = job->order,
                                    .text = span_of(job->text, job->text_size),
                                    .rate_wpm = job->rate_wpm,
                                    .cancel = &job->cancel,
                                    .on_sound = on_sound,
                                    .context = fetcher};
    struct request_result result;

    request_run(fetcher->http, &request, &result);
    if (result.problem[0] && !atomic_load(&job->cancel))
        log_warning("speech", "the vendor made no sound: %s", result.problem);
    pthread_mutex_lock(&fetcher->relay->lock);
    job->used = result.used;
    job->state = JOB_FETCHED;
    clip_end_sound(&job->clip, result.used.fate == VOICE_FATE_ANSWERED);
    fetcher->job = NULL;
    pthread_mutex_unlock(&fetcher->relay->lock);
    wake(fetcher->relay);
}

static void *fetch_forever(void *argument)
{
    struct fetcher *fetcher = argument;
    struct relay *relay = fetcher->relay;

    pthread_mutex_lock(&relay->lock);
    while (!relay->is_stopping) {
        struct job *job = oldest(relay, is_waiting);

        if (!job) {
            pthread_cond_wait(&relay->changed, &relay->lock);
            continue;
        }
        job->state = JOB_FETCHING;
        fetcher->job = job;
        pthread_mutex_unlock(&relay->lock);
        fetch(fetcher, job);
        pthread_mutex_lock(&relay->lock);
    }
    pthread_mutex_unlock(&relay->lock);
    return NULL;
}

/* --- the pattern of phonemes, on the timing voice's thread --- */

/* Call with the lock held. */
static struct job *find(struct relay *relay, uint64_t turn, uint32_t clause)
{
    for (size_t i = 0; i < MAX_JOBS; i++) {
        struct job *job = &relay->jobs[i];

        if (job->state != JOB_FREE && job->turn == turn && job->clause == clause)
            return job;
    }
    return NULL;
}

static void on_begin(void *context, uint64_t turn, uint32_t clause, unsigned sample_rate)
{
    (void)context, (void)turn, (void)clause, (void)sample_rate;
}

static void on_pattern_sound(void *context, uint64_t turn, uint32_t clause, const int16_t *pcm,
                             size_t count)
{
    struct relay *relay = context;

    pthread_mutex_lock(&relay->lock);
    struct job *job = find(relay, turn, clause);
    if (job && !job->clip.has_pattern)
        clip_add_pattern(&job->clip, pcm, count);
    pthread_mutex_unlock(&relay->lock);
}

static void on_mark(void *context, uint64_t turn, uint32_t clause, const struct voice_mark *mark)
{
    struct relay *relay = context;

    pthread_mutex_lock(&relay->lock);
    struct job *job = find(relay, turn, clause);
    if (job && !job->clip.has_pattern)
        clip_add_mark(&job->clip, mark);
    pthread_mutex_unlock(&relay->lock);
}

static void on_word(void *context, uint64_t turn, uint32_t clause, const struct voice_word *word)
{
    struct relay *relay = context;

    pthread_mutex_lock(&relay->lock);
    struct job *job = find(relay, turn, clause);
    if (job && !job->clip.has_pattern)
        clip_add_word(&job->clip, word);
    pthread_mutex_unlock(&relay->lock);
}

static void end_pattern(struct relay *relay, uint64_t turn, uint32_t clause)
{
    pthread_mutex_lock(&relay->lock);
    struct job *job = find(relay, turn, clause);
    if (job)
        clip_end_pattern(&job->clip);
    pthread_mutex_unlock(&relay->lock);
    wake(relay);
}

static void on_end(void *context, uint64_t turn, uint32_t clause, uint32_t samples)
{
    (void)samples;
    end_pattern(context, turn, clause);
}

static void on_failed(void *context, uint64_t turn, uint32_t clause)
{
    end_pattern(context, turn, clause);
}

/* Not under the lock: the voice's own lock is taken inside. */
static void ask_pattern(struct relay *relay, struct job *job)
{
    const struct voice_clause clause = {.turn = job->turn,
                                        .clause = job->clause,
                                        .language = job->language,
                                        .rate_wpm = job->rate_wpm,
                                        .pitch = job->pitch,
                                        .text = span_of(job->text, job->text_size)};

    if (voice_say(relay->timing, &clause) == STATUS_OK) {
        job->is_patterned = true;
    } else if (clock_mono_ms() - job->asked_ms > PATTERN_WAIT_MS) {
        job->is_patterned = true;
        end_pattern(relay, job->turn, job->clause);
    }
}

/* --- requests of the agent --- */

static void refuse(struct relay *relay, const struct voice_wire *request, const char *reason)
{
    voice_wire_encode(&(struct voice_wire){.kind = VOICE_WIRE_FAILED,
                                           .turn = request->turn,
                                           .clause = request->clause,
                                           .bytes = span_text(reason)},
                      &relay->output);
}

/* Call with the lock held. */
static struct job *find_free(struct relay *relay)
{
    for (size_t i = 0; i < MAX_JOBS; i++) {
        if (relay->jobs[i].state == JOB_FREE)
            return &relay->jobs[i];
    }
    return NULL;
}

/* The five texts of a ROUTE. */
static bool read_order(char *bytes, size_t size, struct voice_order *order)
{
    const char *texts[VOICE_WIRE_ROUTE_TEXTS];
    size_t at = 0;

    for (size_t i = 0; i < VOICE_WIRE_ROUTE_TEXTS; i++) {
        const char *end = at < size ? memchr(bytes + at, '\0', size - at) : NULL;

        if (!end)
            return false;
        texts[i] = bytes + at;
        at = (size_t)(end - bytes) + 1;
    }
    *order = (struct voice_order){texts[0], texts[1], texts[2], texts[3], texts[4]};
    return true;
}

static void keep_route(struct relay *relay, const struct voice_wire *frame)
{
    relay->order_size = 0;
    if (frame->bytes.size > sizeof relay->order_bytes)
        return;
    memcpy(relay->order_bytes, frame->bytes.data, frame->bytes.size);
    relay->order_size = frame->bytes.size;
    relay->order_turn = frame->turn;
    relay->order_clause = frame->clause;
}

/* Call with the lock held. */
static bool fill_job(struct relay *relay, const struct voice_wire *frame, struct job *job)
{
    if (frame->turn != relay->order_turn || frame->clause != relay->order_clause ||
        frame->bytes.size > sizeof job->text || frame->language > VOICE_LANGUAGE_ZH)
        return false;
    memcpy(job->order_bytes, relay->order_bytes, relay->order_size);
    if (!read_order(job->order_bytes, relay->order_size, &job->order))
        return false;
    job->number = relay->next_number++;
    job->turn = frame->turn;
    job->clause = frame->clause;
    job->language = (enum voice_language)frame->language;
    job->rate_wpm = frame->rate_wpm;
    job->pitch = frame->pitch;
    memcpy(job->text, frame->bytes.data, frame->bytes.size);
    job->text_size = frame->bytes.size;
    job->is_told = job->is_over = job->is_patterned = false;
    job->asked_ms = clock_mono_ms();
    if (clip_init(&job->clip, job->turn, job->clause) != STATUS_OK)
        return false;
    atomic_store(&job->cancel, false);
    job->used = (struct voice_used){.fate = VOICE_FATE_NOT_SENT};
    job->state = JOB_WAITING;
    return true;
}

static void speak(struct relay *relay, const struct voice_wire *frame)
{
    pthread_mutex_lock(&relay->lock);
    struct job *job = find_free(relay);
    const bool is_taken = job && fill_job(relay, frame, job);
    if (is_taken)
        pthread_cond_signal(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
    relay->order_size = 0;
    relay->order_turn = 0;
    crypto_wipe(relay->order_bytes, sizeof relay->order_bytes);
    if (is_taken)
        ask_pattern(relay, job);
    else
        refuse(relay, frame, job ? "no route for this clause" : "too many clauses");
}

static void cancel(struct relay *relay, uint64_t turn)
{
    pthread_mutex_lock(&relay->lock);
    if (turn > relay->cancelled)
        relay->cancelled = turn;
    for (size_t i = 0; i < MAX_JOBS; i++) {
        struct job *job = &relay->jobs[i];

        if (job->state == JOB_FREE || job->turn > turn)
            continue;
        atomic_store(&job->cancel, true);
        job->is_over = true;
        if (job->state == JOB_WAITING)
            job->state = JOB_FETCHED;
    }
    for (size_t i = 0; i < FETCHERS; i++)
        http_wake(relay->fetchers[i].http);
    pthread_mutex_unlock(&relay->lock);
    voice_cancel(relay->timing, turn);
}

static void read_input(struct relay *relay)
{
    uint8_t bytes[4096];
    struct voice_wire frame;
    size_t used;
    const ssize_t size = read(relay->in, bytes, sizeof bytes);

    if (size == 0 || (size < 0 && errno != EINTR))
        relay->status = STATUS_CLOSED;
    if (size <= 0)
        return;
    buffer_add(&relay->input, span_of(bytes, (size_t)size));
    crypto_wipe(bytes, sizeof bytes);
    enum status status;
    while ((status = voice_wire_decode(buffer_span(&relay->input), &frame, &used)) == STATUS_OK) {
        if (frame.kind == VOICE_WIRE_ROUTE)
            keep_route(relay, &frame);
        else if (frame.kind == VOICE_WIRE_SPEAK)
            speak(relay, &frame);
        else if (frame.kind == VOICE_WIRE_CANCEL)
            cancel(relay, frame.turn);
        crypto_wipe(relay->input.data, used); /* a key may have been in it */
        buffer_consume(&relay->input, used);
    }
    if (status == STATUS_CORRUPT || buffer_status(&relay->input) != STATUS_OK)
        relay->status = STATUS_CORRUPT;
}

/* --- answers --- */

static void flush(struct relay *relay)
{
    struct span left = buffer_span(&relay->output);

    if (relay->status == STATUS_OK && buffer_status(&relay->output) != STATUS_OK)
        relay->status = buffer_status(&relay->output);
    while (relay->status == STATUS_OK && left.size > 0) {
        const ssize_t written = write(relay->out, left.data, left.size);

        if (written < 0 && errno != EINTR)
            relay->status = STATUS_IO;
        if (written > 0)
            left = span_of(left.data + written, left.size - (size_t)written);
    }
    buffer_clear(&relay->output);
}

/* Call with the lock held. */
static void tell_used(struct relay *relay, struct job *job)
{
    if (job->state != JOB_FETCHED || job->is_told)
        return;
    job->is_told = true;
    voice_wire_encode(&(struct voice_wire){.kind = VOICE_WIRE_USED,
                                           .turn = job->turn,
                                           .clause = job->clause,
                                           .fate = (uint8_t)job->used.fate,
                                           .error_class = job->used.error_class,
                                           .http_status = (uint16_t)job->used.http_status,
                                           .first_ms = job->used.first_ms},
                      &relay->output);
}

/* Call with the lock held. */
static void drop(struct job *job)
{
    if (job->state != JOB_FETCHED || !job->is_told || !job->is_over)
        return;
    clip_release(&job->clip);
    crypto_wipe(job->order_bytes, sizeof job->order_bytes);
    job->state = JOB_FREE;
}

static bool is_unfinished(const struct job *job)
{
    return !job->is_over;
}

/* Returns whether something went out, and whether time alone lets out more. One piece at a time: a
 * cancel may come between two. */
static bool give(struct relay *relay, bool *is_timed)
{
    pthread_mutex_lock(&relay->lock);
    struct job *job = oldest(relay, is_unfinished);
    const enum status status =
        job ? clip_give(&job->clip, clock_mono_ms(), &relay->output) : STATUS_AGAIN;
    if (status == STATUS_CLOSED)
        job->is_over = true;
    *is_timed = job && clip_is_timed(&job->clip);
    for (size_t i = 0; i < MAX_JOBS; i++)
        tell_used(relay, &relay->jobs[i]);
    for (size_t i = 0; i < MAX_JOBS; i++)
        drop(&relay->jobs[i]);
    pthread_mutex_unlock(&relay->lock);
    flush(relay);
    return status != STATUS_AGAIN;
}

/* The timing voice may be starting yet. */
static bool ask_patterns(struct relay *relay)
{
    bool is_waiting_for_one = false;

    for (size_t i = 0; i < MAX_JOBS; i++) {
        struct job *job = &relay->jobs[i]; /* only this thread takes and frees jobs */

        pthread_mutex_lock(&relay->lock); /* a fetcher may be moving it on */
        const bool is_free = job->state == JOB_FREE;
        pthread_mutex_unlock(&relay->lock);
        if (is_free)
            continue;
        if (!job->is_patterned)
            ask_pattern(relay, job);
        pthread_mutex_lock(&relay->lock);
        if (!job->clip.has_pattern) {
            is_waiting_for_one = true;
            if (clock_mono_ms() - job->asked_ms > 2 * PATTERN_WAIT_MS)
                clip_end_pattern(&job->clip);
        }
        pthread_mutex_unlock(&relay->lock);
    }
    return is_waiting_for_one;
}

static void wait_for_work(struct relay *relay, int timeout_ms)
{
    struct pollfd pollers[] = {{.fd = relay->in, .events = POLLIN},
                               {.fd = relay->wake, .events = POLLIN}};
    uint64_t count;

    if (poll(pollers, 2, timeout_ms) <= 0)
        return;
    if (pollers[1].revents && read(relay->wake, &count, sizeof count) < 0 && errno != EAGAIN)
        relay->status = STATUS_IO;
    if (pollers[0].revents)
        read_input(relay);
}

static void serve(struct relay *relay)
{
    bool has_given = false, is_timed = false;

    while (relay->status == STATUS_OK) {
        const bool is_waiting_for_pattern = ask_patterns(relay);

        wait_for_work(relay, has_given ? 0 : is_waiting_for_pattern || is_timed ? STEP_MS : -1);
        if (relay->status == STATUS_OK)
            has_given = give(relay, &is_timed);
    }
}

/* --- starting and stopping --- */

static enum status start(struct relay *relay, const char *timing_program, size_t *started)
{
    const struct voice_listener listener = {.context = relay,
                                            .on_begin = on_begin,
                                            .on_pcm = on_pattern_sound,
                                            .on_mark = on_mark,
                                            .on_word = on_word,
                                            .on_end = on_end,
                                            .on_failed = on_failed};
    enum status status = relay->wake < 0 ? STATUS_IO : STATUS_OK;

    if (status == STATUS_OK)
        status = voice_create(&relay->timing, timing_program, &listener);
    for (; status == STATUS_OK && *started < FETCHERS; ++*started) {
        struct fetcher *fetcher = &relay->fetchers[*started];

        fetcher->relay = relay;
        status = http_create(&fetcher->http);
        if (status == STATUS_OK &&
            pthread_create(&fetcher->thread, NULL, fetch_forever, fetcher) != 0) {
            http_free(fetcher->http);
            status = STATUS_MEMORY;
        }
        if (status != STATUS_OK)
            break;
    }
    return status;
}

static void stop(struct relay *relay, size_t started)
{
    if (started == FETCHERS)
        cancel(relay, UINT64_MAX);
    pthread_mutex_lock(&relay->lock);
    relay->is_stopping = true;
    pthread_cond_broadcast(&relay->changed);
    pthread_mutex_unlock(&relay->lock);
    for (size_t i = 0; i < started; i++)
        pthread_join(relay->fetchers[i].thread, NULL);
    for (size_t i = 0; i < started; i++)
        http_free(relay->fetchers[i].http);
    voice_free(relay->timing);
    for (size_t i = 0; i < MAX_JOBS; i++) {
        if (relay->jobs[i].state != JOB_FREE)
            clip_release(&relay->jobs[i].clip);
    }
}

enum status relay_run(const char *timing_program, int input, int output)
{
    struct relay *relay = calloc(1, sizeof *relay);
    size_t started = 0;

    if (!relay)
        return STATUS_MEMORY;
    relay->in = input;
    relay->out = output;
    relay->next_number = 1;
    relay->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    buffer_init(&relay->input, INPUT_LIMIT_BYTES);
    buffer_init(&relay->output, OUTPUT_LIMIT_BYTES);
    pthread_mutex_init(&relay->lock, NULL);
    pthread_cond_init(&relay->changed, NULL);

    enum status status = start(relay, timing_program, &started);
    if (status == STATUS_OK) {
        serve(relay);
        status = relay->status == STATUS_CLOSED ? STATUS_OK : relay->status;
    }
    stop(relay, started);
    if (relay->wake >= 0)
        close(relay->wake);
    pthread_cond_destroy(&relay->changed);
    pthread_mutex_destroy(&relay->lock);
    buffer_release(&relay->input);
    buffer_release(&relay->output);
    crypto_wipe(relay, sizeof *relay);
    free(relay);
    return status;
}
