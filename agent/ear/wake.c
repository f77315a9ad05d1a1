#include "agent/ear/wake.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ear/wake_wire.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define FIRST_RETRY_MS  500
#define MAX_RETRY_MS    60000
#define STEADY_MS       10000 /* a program that ran this long starts anew without a long wait */
#define MAX_INPUT_BYTES 8192

extern char **environ;

struct wake {
    char program[PATH_MAX];
    char phrase[WAKE_MAX_PHRASE + 1]; /* "": none */
    int fd;                           /* -1: not running */
    pid_t pid;
    struct buffer input;
    bool is_ready, has_failed;
    bool has_gap; /* something was left out that the program was not told of */
    uint64_t fed; /* samples that the program was given */
    struct backoff backoff;
    int64_t started_ms, retry_ms;
};

/* A socket pair and not two pipes: writing to a program that died must not raise SIGPIPE. */
static enum status spawn(struct wake *wake)
{
    int pair[2];
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {wake->program, NULL};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return STATUS_IO;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
    const int failure = posix_spawnp(&wake->pid, wake->program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    if (failure != 0) {
        close(pair[0]);
        return failure == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    }
    wake->fd = pair[0];
    return STATUS_OK;
}

static void stop(struct wake *wake)
{
    if (wake->fd < 0)
        return;
    close(wake->fd);
    wake->fd = -1;
    kill(wake->pid, SIGKILL);
    while (waitpid(wake->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    wake->is_ready = false;
    buffer_clear(&wake->input);
}

static void wait_before_retry(struct wake *wake)
{
    const int64_t now_ms = clock_mono_ms();

    if (now_ms - wake->started_ms > STEADY_MS)
        backoff_reset(&wake->backoff);
    wake->retry_ms = now_ms + backoff_next(&wake->backoff, crypto_random_u64());
}

static void lose(struct wake *wake)
{
    wake->has_failed = !wake->is_ready; /* it never came so far */
    stop(wake);
    wait_before_retry(wake);
    log_warning("ear", "the wake program \"%s\" is gone, starting it again", wake->program);
}

/* Never waits. False: not all of it was taken. */
static bool send_frame(struct wake *wake, const struct wake_wire *frame)
{
    struct buffer bytes;
    ssize_t sent = -1;

    buffer_init(&bytes, WAKE_WIRE_HEADER_BYTES + WAKE_WIRE_MAX_PAYLOAD);
    wake_wire_encode(frame, &bytes);
    if (wake->fd >= 0 && buffer_status(&bytes) == STATUS_OK)
        sent = send(wake->fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    const bool is_taken = sent == (ssize_t)bytes.size;
    /* half a frame cannot be taken back: the program has to begin anew */
    if (sent >= 0 && !is_taken)
        shutdown(wake->fd, SHUT_RDWR);
    crypto_wipe(bytes.data, bytes.size);
    buffer_release(&bytes);
    return is_taken;
}

static void start(struct wake *wake)
{
    const enum status status = spawn(wake);

    wake->started_ms = clock_mono_ms();
    wake->has_gap = false;
    wake->fed = 0;
    if (status == STATUS_OK &&
        send_frame(wake,
                   &(struct wake_wire){.kind = WAKE_WIRE_LISTEN, .bytes = span_text(wake->phrase)}))
        return;
    if (!wake->has_failed)
        log_error("ear",
                  "cannot start the wake program \"%s\": %s (hint: install it or set the option "
                  "wake; the robot hears by its button until then)",
                  wake->program, status_text(status));
    wake->has_failed = true;
    stop(wake);
    wait_before_retry(wake);
}

enum status wake_create(struct wake **out, const char *program)
{
    struct wake *wake = calloc(1, sizeof *wake);

    if (!wake)
        return STATUS_MEMORY;
    if (span_to_text(span_text(program), wake->program, sizeof wake->program) != STATUS_OK) {
        free(wake);
        return STATUS_INVALID;
    }
    wake->fd = -1;
    buffer_init(&wake->input, MAX_INPUT_BYTES);
    backoff_init(&wake->backoff, FIRST_RETRY_MS, MAX_RETRY_MS, FIRST_RETRY_MS);
    *out = wake;
    return STATUS_OK;
}

void wake_free(struct wake *wake)
{
    if (!wake)
        return;
    stop(wake);
    buffer_release(&wake->input);
    free(wake);
}

void wake_listen(struct wake *wake, const char *phrase)
{
    const char *wanted = phrase ? phrase : "";

    if (strcmp(wanted, wake->phrase) == 0)
        return;
    stop(wake);
    snprintf(wake->phrase, sizeof wake->phrase, "%s", wanted);
    wake->has_failed = false;
    wake->retry_ms = 0;
    backoff_reset(&wake->backoff);
    if (wake->phrase[0])
        start(wake);
}

void wake_feed(struct wake *wake, const int16_t *pcm, size_t count)
{
    const struct wake_wire gap = {.kind = WAKE_WIRE_GAP};
    const struct wake_wire sound = {.kind = WAKE_WIRE_PCM,
                                    .bytes = span_of(pcm, count * sizeof *pcm)};

    if (!wake->is_ready)
        return;
    if (wake->has_gap && send_frame(wake, &gap))
        wake->has_gap = false;
    if (!wake->has_gap && send_frame(wake, &sound))
        wake->fed += count;
    else
        wake->has_gap = true;
}

void wake_gap(struct wake *wake)
{
    if (wake->is_ready && wake->fed > 0)
        wake->has_gap = true;
}

/* True: the phrase was heard. */
static bool take(struct wake *wake, const struct wake_wire *frame, size_t *ago)
{
    switch (frame->kind) {
    case WAKE_WIRE_READY:
        wake->is_ready = true;
        wake->has_failed = false;
        return false;
    case WAKE_WIRE_FAILED:
        if (!wake->has_failed)
            log_error("ear", "the wake phrase \"%s\" is not heard: %.*s", wake->phrase,
                      (int)frame->bytes.size, (const char *)frame->bytes.data);
        wake->has_failed = true;
        return false;
    case WAKE_WIRE_HEARD:
        *ago = frame->at < wake->fed ? (size_t)(wake->fed - frame->at) : 0;
        return true;
    default: /* a request, or a kind of a later version */
        return false;
    }
}

/* False: the program is gone, or speaks something else. */
static bool receive(struct wake *wake)
{
    uint8_t bytes[512];
    ssize_t size;

    while ((size = recv(wake->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        buffer_add(&wake->input, span_of(bytes, (size_t)size));
    return size < 0 && (errno == EAGAIN || errno == EINTR) &&
           buffer_status(&wake->input) == STATUS_OK;
}

bool wake_heard(struct wake *wake, size_t *ago)
{
    struct wake_wire frame;
    size_t used;
    bool is_heard = false;

    if (wake->fd < 0) {
        if (wake->phrase[0] && clock_mono_ms() >= wake->retry_ms)
            start(wake);
        return false;
    }
    if (!receive(wake)) {
        lose(wake);
        return false;
    }
    enum status status;
    while ((status = wake_wire_decode(buffer_span(&wake->input), &frame, &used)) == STATUS_OK) {
        is_heard |= take(wake, &frame, ago);
        buffer_consume(&wake->input, used);
    }
    if (status == STATUS_CORRUPT)
        lose(wake);
    return is_heard;
}

bool wake_is_ready(const struct wake *wake)
{
    return wake->is_ready && !wake->has_failed;
}

bool wake_has_failed(const struct wake *wake)
{
    return wake->has_failed;
}
