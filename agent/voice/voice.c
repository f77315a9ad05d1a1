#include "agent/voice/voice.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/voice/voice_wire.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define MAX_JOBS          128
#define INPUT_LIMIT_BYTES (1u << 17)
#define FIRST_RETRY_MS    200
#define MAX_RETRY_MS      30000
#define STEADY_MS         10000 /* a program that ran this long starts anew without waiting */
#define MAX_REQUEST_BYTES 4096
#define POLL_MS           200

extern char **environ;

struct job {
    uint64_t turn;
    uint32_t clause;
};

struct voice {
    char program[PATH_MAX];
    struct voice_listener listener;
    pthread_t reader;
    atomic_bool is_stopping;

    pthread_mutex_t lock; /* guards what follows */
    int fd;               /* -1: not running */
    struct job jobs[MAX_JOBS];
    size_t job_count;
    uint64_t cancelled; /* this turn and older ones */

    /* the reader's own */
    pid_t pid;
    struct backoff backoff;
    int64_t started_ms;
    bool is_missing_logged;
    struct buffer input;
};

/* --- the process --- */

/* A socket pair and not two pipes: writing to a program that died must not raise SIGPIPE. */
static enum status spawn(struct voice *voice, int *fd)
{
    int pair[2];
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {voice->program, NULL};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return STATUS_IO;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
    int failure = posix_spawnp(&voice->pid, voice->program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    if (failure != 0) {
        close(pair[0]);
        return failure == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    }
    *fd = pair[0];
    return STATUS_OK;
}

static void reap(struct voice *voice)
{
    int how = 0;

    kill(voice->pid, SIGKILL);
    while (waitpid(voice->pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(how) && !atomic_load(&voice->is_stopping))
        log_warning("voice", "voice program \"%s\" ended with status %d, starting it again",
                    voice->program, WEXITSTATUS(how));
    else if (!atomic_load(&voice->is_stopping))
        log_warning("voice", "voice program \"%s\" was ended by signal %d, starting it again",
                    voice->program, WTERMSIG(how));
}

static void wait_before_retry(struct voice *voice)
{
    int64_t delay_ms =
        backoff_next(&voice->backoff, (uint64_t)clock_mono_ns() * 0x9e3779b97f4a7c15u);

    for (int64_t waited = 0; waited < delay_ms && !atomic_load(&voice->is_stopping); waited += 50)
        clock_sleep_ms(50);
}

static bool start(struct voice *voice)
{
    int fd;
    enum status status = spawn(voice, &fd);

    if (status != STATUS_OK) {
        if (!voice->is_missing_logged)
            log_error("voice",
                      "cannot start voice program \"%s\": %s (hint: install it or set "
                      "voice_program; the robot stays silent until then)",
                      voice->program, status_text(status));
        voice->is_missing_logged = true;
        return false;
    }
    voice->is_missing_logged = false;
    voice->started_ms = clock_mono_ms();
    buffer_clear(&voice->input);
    pthread_mutex_lock(&voice->lock);
    voice->fd = fd;
    pthread_mutex_unlock(&voice->lock);
    return true;
}

/* --- jobs --- */

/* Call with the lock held. */
static bool remove_job(struct voice *voice, uint64_t turn, uint32_t clause)
{
    for (size_t i = 0; i < voice->job_count; i++) {
        if (voice->jobs[i].turn == turn && voice->jobs[i].clause == clause) {
            memmove(voice->jobs + i, voice->jobs + i + 1,
                    (voice->job_count - i - 1) * sizeof voice->jobs[0]);
            voice->job_count--;
            return true;
        }
    }
    return false;
}

static void stop(struct voice *voice)
{
    struct job lost[MAX_JOBS];
    size_t count;

    pthread_mutex_lock(&voice->lock);
    close(voice->fd);
    voice->fd = -1;
    count = voice->job_count;
    memcpy(lost, voice->jobs, count * sizeof lost[0]);
    voice->job_count = 0;
    pthread_mutex_unlock(&voice->lock);

    reap(voice);
    if (voice->listener.on_gone)
        voice->listener.on_gone(voice->listener.context);
    if (clock_mono_ms() - voice->started_ms > STEADY_MS)
        backoff_reset(&voice->backoff);
    for (size_t i = 0; i < count && !atomic_load(&voice->is_stopping); i++)
        voice->listener.on_failed(voice->listener.context, lost[i].turn, lost[i].clause);
}

/* --- frames --- */

static void deliver_mark(struct voice *voice, const struct voice_wire *frame)
{
    struct voice_mark mark = {.language = frame->language == VOICE_LANGUAGE_ZH ? VOICE_LANGUAGE_ZH
                                                                               : VOICE_LANGUAGE_EN,
                              .sample = frame->sample,
                              .duration = frame->duration};

    memcpy(mark.phoneme, frame->phoneme, sizeof mark.phoneme);
    voice->listener.on_mark(voice->listener.context, frame->turn, frame->clause, &mark);
}

static void deliver_pcm(struct voice *voice, const struct voice_wire *frame)
{
    int16_t pcm[VOICE_WIRE_PCM_SAMPLES];
    size_t count = frame->bytes.size / sizeof pcm[0];

    if (count > VOICE_WIRE_PCM_SAMPLES)
        count = VOICE_WIRE_PCM_SAMPLES;
    memcpy(pcm, frame->bytes.data, count * sizeof pcm[0]);
    voice->listener.on_pcm(voice->listener.context, frame->turn, frame->clause, pcm, count);
}

static void deliver_word(struct voice *voice, const struct voice_wire *frame)
{
    const struct voice_word word = {
        .offset = frame->offset, .length = frame->duration, .sample = frame->sample};

    voice->listener.on_word(voice->listener.context, frame->turn, frame->clause, &word);
}

static void deliver_used(struct voice *voice, const struct voice_wire *frame)
{
    const struct voice_used used = {
        .fate =
            frame->fate <= VOICE_FATE_UNKNOWN ? (enum voice_fate)frame->fate : VOICE_FATE_UNKNOWN,
        .error_class = frame->error_class,
        .http_status = frame->http_status,
        .first_ms = frame->first_ms,
    };

    if (voice->listener.on_used)
        voice->listener.on_used(voice->listener.context, frame->turn, frame->clause, &used);
}

static bool is_wanted(struct voice *voice, const struct voice_wire *frame)
{
    bool is_last = frame->kind == VOICE_WIRE_END || frame->kind == VOICE_WIRE_FAILED;

    pthread_mutex_lock(&voice->lock);
    bool wanted = frame->turn > voice->cancelled;
    if (is_last && !remove_job(voice, frame->turn, frame->clause))
        wanted = false;
    pthread_mutex_unlock(&voice->lock);
    return wanted && !atomic_load(&voice->is_stopping);
}

static void deliver(struct voice *voice, const struct voice_wire *frame)
{
    const struct voice_listener *listener = &voice->listener;

    if (frame->kind == VOICE_WIRE_USED)
        deliver_used(voice, frame);
    if (!is_wanted(voice, frame))
        return;
    switch (frame->kind) {
    case VOICE_WIRE_BEGIN:
        listener->on_begin(listener->context, frame->turn, frame->clause, frame->sample);
        break;
    case VOICE_WIRE_PCM:
        deliver_pcm(voice, frame);
        break;
    case VOICE_WIRE_MARK:
        deliver_mark(voice, frame);
        break;
    case VOICE_WIRE_WORD:
        deliver_word(voice, frame);
        break;
    case VOICE_WIRE_END:
        listener->on_end(listener->context, frame->turn, frame->clause, frame->sample);
        break;
    case VOICE_WIRE_FAILED:
        log_warning("voice", "voice program refused a clause: %.*s", (int)frame->bytes.size,
                    (const char *)frame->bytes.data);
        listener->on_failed(listener->context, frame->turn, frame->clause);
        break;
    default: /* a request, USED, or a kind of a later version */
        break;
    }
}

/* Returns false when the program is gone or speaks something else. */
static bool read_frames(struct voice *voice)
{
    uint8_t bytes[16384];
    struct pollfd poller = {.fd = voice->fd, .events = POLLIN};
    struct voice_wire frame;
    enum status status = STATUS_OK;
    size_t used, consumed = 0;

    if (poll(&poller, 1, POLL_MS) == 0)
        return true;
    ssize_t size = read(voice->fd, bytes, sizeof bytes);
    if (size <= 0)
        return size < 0 && errno == EINTR;
    buffer_add(&voice->input, span_of(bytes, (size_t)size));

    struct span left = buffer_span(&voice->input);
    while ((status = voice_wire_decode(left, &frame, &used)) == STATUS_OK) {
        deliver(voice, &frame);
        left = span_of(left.data + used, left.size - used);
        consumed += used;
    }
    buffer_consume(&voice->input, consumed);
    if (status == STATUS_CORRUPT)
        log_error("voice", "voice program \"%s\" does not speak the voice protocol",
                  voice->program);
    return status == STATUS_AGAIN && buffer_status(&voice->input) == STATUS_OK;
}

static void *read_forever(void *argument)
{
    struct voice *voice = argument;

    while (!atomic_load(&voice->is_stopping)) {
        if (start(voice)) {
            while (!atomic_load(&voice->is_stopping) && read_frames(voice))
                ;
            stop(voice);
        }
        if (!atomic_load(&voice->is_stopping))
            wait_before_retry(voice);
    }
    return NULL;
}

/* --- what the header promises --- */

enum status voice_create(struct voice **out, const char *program,
                         const struct voice_listener *listener)
{
    struct voice *voice = calloc(1, sizeof *voice);

    if (!voice)
        return STATUS_MEMORY;
    voice->listener = *listener;
    voice->fd = -1;
    if (snprintf(voice->program, sizeof voice->program, "%s", program ? program : "myna-voice") >=
        (int)sizeof voice->program) {
        free(voice);
        return STATUS_INVALID;
    }
    backoff_init(&voice->backoff, FIRST_RETRY_MS, MAX_RETRY_MS, FIRST_RETRY_MS / 2);
    buffer_init(&voice->input, INPUT_LIMIT_BYTES);
    pthread_mutex_init(&voice->lock, NULL);
    if (pthread_create(&voice->reader, NULL, read_forever, voice) != 0) {
        pthread_mutex_destroy(&voice->lock);
        free(voice);
        return STATUS_MEMORY;
    }
    *out = voice;
    return STATUS_OK;
}

void voice_free(struct voice *voice)
{
    if (!voice)
        return;
    atomic_store(&voice->is_stopping, true);
    pthread_join(voice->reader, NULL);
    buffer_release(&voice->input);
    pthread_mutex_destroy(&voice->lock);
    free(voice);
}

/* Call with the lock held. Never waits: a program that reads nothing is busy writing, and its
 * reader may be the caller. */
static enum status send_bytes(struct voice *voice, const struct buffer *bytes)
{
    enum status status = buffer_status(bytes);

    if (status != STATUS_OK)
        return status;
    if (voice->fd < 0)
        return STATUS_AGAIN;
    ssize_t sent = send(voice->fd, bytes->data, bytes->size, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0)
        return errno == EAGAIN ? STATUS_FULL : STATUS_AGAIN;
    if ((size_t)sent < bytes->size) {
        /* half a request cannot be taken back: the reader will see the end and start anew */
        shutdown(voice->fd, SHUT_RDWR);
        return STATUS_AGAIN;
    }
    return STATUS_OK;
}

static void write_order(const struct voice_clause *clause, struct buffer *out)
{
    const struct voice_order *order = clause->order;
    const char *const texts[VOICE_WIRE_ROUTE_TEXTS] = {order->url, order->api_key, order->model,
                                                       order->speaker, order->request_id};
    struct buffer bytes;

    buffer_init(&bytes, MAX_REQUEST_BYTES);
    for (size_t i = 0; i < VOICE_WIRE_ROUTE_TEXTS; i++)
        buffer_add(&bytes, span_of(texts[i], strlen(texts[i]) + 1));
    if (buffer_status(&bytes) == STATUS_OK)
        voice_wire_encode(&(struct voice_wire){.kind = VOICE_WIRE_ROUTE,
                                               .turn = clause->turn,
                                               .clause = clause->clause,
                                               .bytes = buffer_span(&bytes)},
                          out);
    else
        buffer_fail(out, buffer_status(&bytes));
    crypto_wipe(bytes.data, bytes.size);
    buffer_release(&bytes);
}

bool voice_is_running(struct voice *voice)
{
    pthread_mutex_lock(&voice->lock);
    const bool is_running = voice->fd >= 0;
    pthread_mutex_unlock(&voice->lock);
    return is_running;
}

enum status voice_say(struct voice *voice, const struct voice_clause *clause)
{
    const struct voice_wire frame = {.kind = VOICE_WIRE_SPEAK,
                                     .turn = clause->turn,
                                     .clause = clause->clause,
                                     .language = (uint8_t)clause->language,
                                     .rate_wpm = (uint16_t)clause->rate_wpm,
                                     .pitch = (int16_t)clause->pitch,
                                     .bytes = clause->text};
    enum status status = STATUS_FULL;
    struct buffer bytes;

    buffer_init(&bytes, MAX_REQUEST_BYTES);
    if (clause->order)
        write_order(clause, &bytes);
    voice_wire_encode(&frame, &bytes);
    pthread_mutex_lock(&voice->lock);
    if (voice->job_count < MAX_JOBS)
        status = send_bytes(voice, &bytes);
    if (status == STATUS_OK)
        voice->jobs[voice->job_count++] = (struct job){clause->turn, clause->clause};
    pthread_mutex_unlock(&voice->lock);
    if (clause->order)
        crypto_wipe(bytes.data, bytes.size);
    buffer_release(&bytes);
    return status;
}

void voice_cancel(struct voice *voice, uint64_t turn)
{
    const struct voice_wire frame = {.kind = VOICE_WIRE_CANCEL, .turn = turn};
    struct buffer bytes;
    size_t kept = 0;

    buffer_init(&bytes, MAX_REQUEST_BYTES);
    voice_wire_encode(&frame, &bytes);

    pthread_mutex_lock(&voice->lock);
    if (turn > voice->cancelled)
        voice->cancelled = turn;
    for (size_t i = 0; i < voice->job_count; i++) {
        if (voice->jobs[i].turn > turn)
            voice->jobs[kept++] = voice->jobs[i];
    }
    voice->job_count = kept;
    if (send_bytes(voice, &bytes) != STATUS_OK)
        log_debug("voice", "cancel not sent: turn=%llu", (unsigned long long)turn);
    pthread_mutex_unlock(&voice->lock);
    buffer_release(&bytes);
}
