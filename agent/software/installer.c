#define _POSIX_C_SOURCE 200809L
#include "agent/software/installer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/span.h"

#define TIME_LIMIT_MS (15 * 60 * 1000)
#define LOOK_MS       50
#define LINE_BYTES    512
#define ENV_COUNT     11

static bool find_path(const char *folder, const char *installer, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/%s", folder, installer) < PATH_MAX;
}

bool installer_exists(const char *folder, const char *installer)
{
    char path[PATH_MAX];

    return find_path(folder, installer, path) && access(path, X_OK) == 0;
}

/* The last line that was written, as far as it is text. */
struct output {
    int fd;
    char line[LINE_BYTES];
    size_t size;
    bool is_ended; /* the line: the next byte begins another */
};

static void take(struct output *output, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            output->is_ended = true;
            continue;
        }
        if (output->is_ended)
            output->size = 0;
        output->is_ended = false;
        if (output->size + 1 < sizeof output->line)
            output->line[output->size++] = bytes[i];
    }
}

/* Waits a little for more. False: nobody holds the other end any more. */
static bool drain(struct output *output)
{
    struct pollfd poll_fd = {.fd = output->fd, .events = POLLIN};
    char bytes[1024];

    if (poll(&poll_fd, 1, LOOK_MS) <= 0)
        return true;
    ssize_t got = read(output->fd, bytes, sizeof bytes);
    if (got > 0)
        take(output, bytes, (size_t)got);
    return got > 0 || (got < 0 && errno == EINTR);
}

static void copy_line(const struct output *output, char reason[LIMIT_REASON + 1])
{
    size_t size = output->size < LIMIT_REASON ? output->size : LIMIT_REASON;

    while (size > 0 && !span_is_utf8(span_of(output->line, size)))
        size--;
    memcpy(reason, output->line, size);
    reason[size] = 0;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)reason[i] < ' ')
            reason[i] = ' ';
}

/* A group of its own, so that what it starts ends with it; no signal of ours is blocked in it. */
static int spawn(const char *path, char *const *arguments, char *const *environment, int out,
                 pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Until it ends, and no longer than it may. */
static enum status wait_for(const struct installer *installer, pid_t pid, struct output *output,
                            int *how)
{
    const int64_t limit_ms =
        installer->time_limit_ms > 0 ? installer->time_limit_ms : TIME_LIMIT_MS;
    const int64_t until_ms = clock_mono_ms() + limit_ms;
    enum status status = STATUS_OK;
    bool is_open = true;

    while (waitpid(pid, how, WNOHANG) == 0) {
        if (installer->cancel && atomic_load(installer->cancel))
            status = STATUS_CLOSED;
        else if (clock_mono_ms() >= until_ms)
            status = STATUS_TIMEOUT;
        if (status != STATUS_OK) {
            /* where vfork is no more than fork, it may not lead its group yet */
            if (kill(-pid, SIGKILL) < 0)
                kill(pid, SIGKILL);
            while (waitpid(pid, how, 0) < 0 && errno == EINTR)
                ;
            break;
        }
        if (is_open)
            is_open = drain(output);
        else
            poll(NULL, 0, LOOK_MS);
    }
    /* what it said in the end is in the pipe; whoever it left behind may hold that open */
    while (is_open && fcntl(output->fd, F_SETFL, O_NONBLOCK) == 0) {
        char bytes[1024];
        ssize_t got = read(output->fd, bytes, sizeof bytes);

        is_open = got > 0;
        if (is_open)
            take(output, bytes, (size_t)got);
    }
    return status;
}

static enum status run(const struct installer *installer, const char *path,
                       char *const *environment, int *how, struct output *output)
{
    char *const arguments[] = {(char *)path,
                               (char *)installer->verb,
                               (char *)installer->kind,
                               (char *)installer->name,
                               (char *)installer->version,
                               (char *)installer->file,
                               NULL};
    int ends[2];
    pid_t pid;

    /* where vfork is no more than fork, posix_spawn cannot tell */
    if (access(path, X_OK) < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    if (pipe(ends) < 0)
        return STATUS_IO;
    if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0) {
        close(ends[0]), close(ends[1]);
        return STATUS_IO;
    }
    output->fd = ends[0];
    int error = spawn(path, arguments, environment, ends[1], &pid);
    close(ends[1]);
    enum status status = error == 0 ? wait_for(installer, pid, output, how) : STATUS_IO;
    close(ends[0]);
    return status;
}

/* Nothing of ours reaches it but what is written down: no key, no proxy, no locale. */
static bool fill_environment(const struct installer *installer,
                             char texts[ENV_COUNT][PATH_MAX + 32], char *environment[ENV_COUNT + 1])
{
    const struct {
        const char *name, *value;
    } rows[] = {
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"MYNA_VERB", installer->verb},
        {"MYNA_KIND", installer->kind},
        {"MYNA_NAME", installer->name},
        {"MYNA_VERSION", installer->version},
        {"MYNA_SHA256", installer->sha256},
        {"MYNA_FROM", installer->from},
        {"MYNA_FILE", installer->file},
        {"MYNA_SOFTWARE_DIR", installer->software_dir},
    };
    size_t count = 0;
    ssize_t self;

    for (; count < sizeof rows / sizeof rows[0]; count++) {
        if (snprintf(texts[count], sizeof texts[count], "%s=%s", rows[count].name,
                     rows[count].value) >= (int)sizeof texts[count])
            return false;
        environment[count] = texts[count];
    }
    snprintf(texts[count], sizeof texts[count], "MYNA_AGENT=");
    self = readlink("/proc/self/exe", texts[count] + 11, PATH_MAX - 1);
    if (self > 0) {
        texts[count][11 + self] = 0;
        environment[count] = texts[count];
        count++;
    }
    environment[count] = NULL;
    return true;
}

enum status installer_run(const struct installer *installer, int *exit_status,
                          char reason[LIMIT_REASON + 1])
{
    char(*texts)[PATH_MAX + 32] = calloc(ENV_COUNT, sizeof *texts);
    char *environment[ENV_COUNT + 1];
    struct output output = {.fd = -1};
    char path[PATH_MAX];
    enum status status = STATUS_MEMORY;
    int how = 0;

    reason[0] = 0;
    if (texts && (!find_path(installer->folder, installer->installer, path) ||
                  !fill_environment(installer, texts, environment)))
        status = STATUS_INVALID;
    else if (texts)
        status = run(installer, path, environment, &how, &output);
    free(texts);
    copy_line(&output, reason);
    if (status == STATUS_OK && WIFEXITED(how)) {
        *exit_status = WEXITSTATUS(how);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        snprintf(reason, LIMIT_REASON + 1, "the installer %s was ended by signal %d",
                 installer->installer, WIFSIGNALED(how) ? WTERMSIG(how) : 0);
        return STATUS_IO;
    }
    snprintf(reason, LIMIT_REASON + 1, "the installer %s: %s", installer->installer,
             status_text(status));
    return status;
}
