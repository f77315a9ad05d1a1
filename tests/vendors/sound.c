#include "tests/vendors/sound.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/clock.h"

#define VOICE_HZ       22050
#define TIMEOUT_MS     10000
#define HEADER_BYTES   8
#define IDS_BYTES      12
#define MAX_TEXT_BYTES 4096
#define PITCH          60

/* Kinds of frames. */
enum { SPEAK = 1, PCM = 17, END = 20, FAILED = 21 };

extern char **environ;

struct voice {
    pid_t pid;
    int fd;
};

static enum status start(struct voice *voice, const char *program)
{
    int pair[2];
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {(char *)program, NULL};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return STATUS_IO;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
    const int failure = posix_spawnp(&voice->pid, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    if (failure != 0)
        close(pair[0]);
    voice->fd = pair[0];
    return failure == 0 ? STATUS_OK : failure == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
}

static void stop(struct voice *voice)
{
    close(voice->fd);
    kill(voice->pid, SIGKILL);
    while (waitpid(voice->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void put(struct buffer *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buffer_byte(out, (uint8_t)(value >> (8 * i)));
}

static enum status ask(const struct voice *voice, struct span text, int rate_wpm)
{
    struct buffer frame;
    enum status status;

    buffer_init(&frame, MAX_TEXT_BYTES + 64);
    put(&frame, SPEAK, 4);
    put(&frame, (uint32_t)(IDS_BYTES + 8 + text.size), 4);
    put(&frame, 1, 4); /* turn 1, clause 0 */
    put(&frame, 0, 4);
    put(&frame, 0, 4);
    put(&frame, 0, 2); /* the language by the text */
    put(&frame, (uint32_t)rate_wpm, 2);
    put(&frame, PITCH, 2);
    put(&frame, 0, 2);
    buffer_add(&frame, text);
    status = buffer_status(&frame);
    if (status == STATUS_OK &&
        send(voice->fd, frame.data, frame.size, MSG_NOSIGNAL) != (ssize_t)frame.size)
        status = STATUS_IO;
    buffer_release(&frame);
    return status;
}

static uint32_t get(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* STATUS_AGAIN: no whole frame; STATUS_CLOSED: the last one. Sound is appended to out. */
static enum status take_frame(struct buffer *input, struct buffer *out)
{
    if (input->size < HEADER_BYTES || input->size - HEADER_BYTES < get(input->data + 4))
        return STATUS_AGAIN;

    const uint32_t kind = get(input->data), size = get(input->data + 4);
    if (kind == PCM && size > IDS_BYTES)
        buffer_add(out, span_of(input->data + HEADER_BYTES + IDS_BYTES, size - IDS_BYTES));
    buffer_consume(input, HEADER_BYTES + size);
    return kind == END ? STATUS_CLOSED : kind == FAILED ? STATUS_IO : STATUS_OK;
}

static enum status listen_to(const struct voice *voice, struct buffer *out)
{
    const int64_t until_ms = clock_mono_ms() + TIMEOUT_MS;
    struct pollfd poller = {.fd = voice->fd, .events = POLLIN};
    enum status status = STATUS_AGAIN;
    struct buffer input;
    uint8_t bytes[16384];

    buffer_init(&input, 1u << 16);
    while (status == STATUS_AGAIN) {
        const int64_t left_ms = until_ms - clock_mono_ms();

        if (left_ms <= 0 || poll(&poller, 1, (int)left_ms) <= 0) {
            status = STATUS_TIMEOUT;
            break;
        }
        const ssize_t size = read(voice->fd, bytes, sizeof bytes);
        if (size <= 0) {
            status = STATUS_IO;
            break;
        }
        buffer_add(&input, span_of(bytes, (size_t)size));
        while ((status = take_frame(&input, out)) == STATUS_OK)
            ;
    }
    buffer_release(&input);
    return status == STATUS_CLOSED ? STATUS_OK : status;
}

static int16_t sample_at(struct span sound, size_t index)
{
    if (2 * index + 1 >= sound.size)
        return 0;
    return (int16_t)(sound.data[2 * index] | sound.data[2 * index + 1] << 8);
}

/* In straight lines between two samples: good enough for ears of programs. */
static void change_rate(struct span sound, struct buffer *out)
{
    const size_t count = sound.size / 2 * SOUND_HZ / VOICE_HZ;

    for (size_t i = 0; i < count; i++) {
        const uint64_t place = (uint64_t)i * VOICE_HZ;
        const int64_t part = (int64_t)(place % SOUND_HZ);
        const int64_t left = sample_at(sound, place / SOUND_HZ);
        const int64_t right = sample_at(sound, place / SOUND_HZ + 1);

        put(out, (uint16_t)(left + (right - left) * part / SOUND_HZ), 2);
    }
}

enum status sound_make(const char *program, struct span text, int rate_wpm, struct buffer *out)
{
    struct voice voice;
    struct buffer sound;
    enum status status = start(&voice, program);

    if (status != STATUS_OK)
        return status;
    buffer_init(&sound, 16u << 20);
    status = ask(&voice, text, rate_wpm);
    if (status == STATUS_OK)
        status = listen_to(&voice, &sound);
    stop(&voice);
    if (status == STATUS_OK)
        status = buffer_status(&sound);
    if (status == STATUS_OK)
        change_rate(buffer_span(&sound), out);
    buffer_release(&sound);
    return status == STATUS_OK ? buffer_status(out) : status;
}
