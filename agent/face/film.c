#include "agent/face/film.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/face/recorder.h"
#include "agent/voice/audio.h"
#include "schema/base/clock.h"

#define SEND_TIMEOUT_S 10
#define END_TIMEOUT_MS 30000
#define MAX_FILMS      64
#define PATH_BYTES     (PATH_MAX + 64)
#define PART_NAME      "part.new.mp4"
#define SOUND_NAME     "part.pcm"
#define LINK_NAME      "latest.new"
#define LATEST_NAME    "latest.mp4"

extern char **environ;

struct film {
    char ffmpeg[PATH_MAX];
    char sound_path[PATH_BYTES], part_path[PATH_BYTES], path[PATH_BYTES];
    char link_path[PATH_BYTES], latest_path[PATH_BYTES];
    char name[32];
    pid_t pid; /* 0: not started */
    int fd;
};

bool film_can(const char *ffmpeg)
{
    char paths[PATH_MAX], candidate[PATH_BYTES], *rest = paths;
    const char *all = getenv("PATH");

    if (strchr(ffmpeg, '/'))
        return access(ffmpeg, X_OK) == 0;
    snprintf(paths, sizeof paths, "%s", all ? all : "/usr/bin:/bin");
    for (char *folder = strsep(&rest, ":"); folder; folder = strsep(&rest, ":")) {
        snprintf(candidate, sizeof candidate, "%s/%s", folder, ffmpeg);
        if (access(candidate, X_OK) == 0)
            return true;
    }
    return false;
}

enum status film_start(struct film **out, const char *ffmpeg, const char *folder, uint64_t turn)
{
    struct film *film = calloc(1, sizeof *film);

    if (!film)
        return STATUS_MEMORY;
    film->fd = -1;
    snprintf(film->ffmpeg, sizeof film->ffmpeg, "%s", ffmpeg);
    snprintf(film->name, sizeof film->name, "%llu.mp4", (unsigned long long)turn);
    snprintf(film->path, sizeof film->path, "%s/%s", folder, film->name);
    snprintf(film->part_path, sizeof film->part_path, "%s/" PART_NAME, folder);
    snprintf(film->sound_path, sizeof film->sound_path, "%s/" SOUND_NAME, folder);
    snprintf(film->link_path, sizeof film->link_path, "%s/" LINK_NAME, folder);
    snprintf(film->latest_path, sizeof film->latest_path, "%s/" LATEST_NAME, folder);
    *out = film;
    return STATUS_OK;
}

#define INPUT_VIDEO(...) "-f", "rawvideo", "-pixel_format", "bgr0", __VA_ARGS__, "-i", "pipe:0"
#define INPUT_SOUND(...) "-f", "s16le", __VA_ARGS__, "-ac", "1", "-i"
#define OUTPUT                                                                                     \
    "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "27",         \
        "-pix_fmt", "yuv420p", "-threads", "1", "-c:a", "aac", "-b:a", "64k", "-movflags",         \
        "+faststart"

/* nice: encoding must not take time from sound. stdin is the pictures' socket. */
static int start_encoder(struct film *film, int pictures)
{
    char size[24], frames[8], rate[8];
    char *const arguments[] = {"nice",
                               "-n",
                               "10",
                               film->ffmpeg,
                               "-hide_banner",
                               "-loglevel",
                               "error",
                               "-nostats",
                               "-y",
                               INPUT_VIDEO("-video_size", size, "-framerate", frames),
                               INPUT_SOUND("-ar", rate),
                               film->sound_path,
                               OUTPUT,
                               film->part_path,
                               NULL};
    posix_spawn_file_actions_t actions;

    snprintf(size, sizeof size, "%dx%d", FILM_SIZE, FILM_SIZE);
    snprintf(frames, sizeof frames, "%d", RECORDER_FRAMES_S);
    snprintf(rate, sizeof rate, "%d", AUDIO_SAMPLE_RATE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pictures, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
    int failure = posix_spawnp(&film->pid, "nice", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* A socket: a dead child must not raise SIGPIPE. */
static enum status spawn(struct film *film)
{
    const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return STATUS_IO;
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    int failure = start_encoder(film, pair[1]);
    close(pair[1]);
    film->fd = pair[0];
    if (failure == 0)
        return STATUS_OK;
    film->pid = 0;
    return failure == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
}

enum status film_sound(struct film *film, const int16_t *pcm, size_t count, size_t total)
{
    static const int16_t silence[1024];
    FILE *file = fopen(film->sound_path, "wbe");

    if (!file)
        return STATUS_IO;
    count = count < total ? count : total;
    size_t written = fwrite(pcm, sizeof *pcm, count, file);
    while (written < total) {
        size_t part = total - written < 1024 ? total - written : 1024;

        if (fwrite(silence, sizeof *silence, part, file) != part)
            break;
        written += part;
    }
    if (fclose(file) != 0 || written < total)
        return STATUS_IO;
    return spawn(film);
}

enum status film_frame(struct film *film, const uint8_t *pixels)
{
    size_t sent = 0;

    while (sent < FILM_FRAME_BYTES) {
        ssize_t part = send(film->fd, pixels + sent, FILM_FRAME_BYTES - sent, MSG_NOSIGNAL);

        if (part < 0 && errno != EINTR)
            return errno == EAGAIN ? STATUS_TIMEOUT : STATUS_IO;
        sent += part > 0 ? (size_t)part : 0;
    }
    return STATUS_OK;
}

/* True when the encoder ended well in time. */
static bool wait_for_end(struct film *film)
{
    int64_t until_ms = clock_mono_ms() + END_TIMEOUT_MS;
    int how = 0;
    pid_t ended = 0;

    while ((ended = waitpid(film->pid, &how, WNOHANG)) == 0 && clock_mono_ms() < until_ms)
        clock_sleep_ms(10);
    if (ended == 0) {
        kill(film->pid, SIGKILL);
        waitpid(film->pid, &how, 0);
    }
    return ended == film->pid && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static enum status publish(struct film *film)
{
    if (rename(film->part_path, film->path) < 0)
        return STATUS_IO;
    unlink(film->link_path);
    if (symlink(film->name, film->link_path) < 0 || rename(film->link_path, film->latest_path) < 0)
        return STATUS_IO;
    return STATUS_OK;
}

enum status film_finish(struct film *film, bool is_whole)
{
    enum status status = STATUS_IO;

    if (film->fd >= 0)
        close(film->fd);
    if (film->pid > 0 && !is_whole)
        kill(film->pid, SIGKILL);
    if (film->pid > 0 && wait_for_end(film) && is_whole)
        status = publish(film);
    unlink(film->part_path);
    unlink(film->sound_path);
    free(film);
    return is_whole ? status : STATUS_OK;
}

struct old_film {
    char name[64];
    struct timespec at;
};

static int newest_first(const void *a_pointer, const void *b_pointer)
{
    const struct old_film *a = a_pointer, *b = b_pointer;

    if (a->at.tv_sec != b->at.tv_sec)
        return a->at.tv_sec > b->at.tv_sec ? -1 : 1;
    return a->at.tv_nsec > b->at.tv_nsec ? -1 : a->at.tv_nsec < b->at.tv_nsec;
}

static bool is_film(const char *name)
{
    size_t digits = strspn(name, "0123456789");

    return digits > 0 && strcmp(name + digits, ".mp4") == 0 && strlen(name) < 64;
}

static bool is_ours(const char *name)
{
    static const char *const names[] = {PART_NAME, SOUND_NAME, LINK_NAME, LATEST_NAME};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return is_film(name);
}

enum status film_wipe(const char *folder)
{
    char path[PATH_BYTES];
    enum status status = STATUS_OK;
    DIR *dir = opendir(folder);

    if (!dir)
        return errno == ENOENT ? STATUS_OK : STATUS_IO;
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (!is_ours(entry->d_name))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path ||
            (unlink(path) < 0 && errno != ENOENT))
            status = STATUS_IO;
    }
    closedir(dir);
    return status;
}

void film_keep_newest(const char *folder, size_t count)
{
    struct old_film films[MAX_FILMS] = {0};
    char path[PATH_BYTES];
    size_t found = 0;
    DIR *dir = opendir(folder);

    if (!dir)
        return;
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (struct dirent *entry = readdir(dir); entry && found < MAX_FILMS; entry = readdir(dir)) {
        struct stat info;

        if (!is_film(entry->d_name))
            continue;
        snprintf(films[found].name, sizeof films[found].name, "%.63s", entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, films[found].name);
        if (stat(path, &info) == 0)
            films[found++].at = info.st_mtim;
    }
    closedir(dir);
    qsort(films, found, sizeof films[0], newest_first);
    for (size_t i = count; i < found; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, films[i].name);
        unlink(path);
    }
}
