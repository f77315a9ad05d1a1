#include "agent/talk.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/chat/conversation_file.h"
#include "agent/face/film.h"
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/json.h"

#define MAX_LINE_BYTES (64 * 1024)
#define VIDEO_WAIT_MS  3000
#define INTERRUPT      "{\"interrupt\":true}\n"

struct talk {
    int fd;
    int signals; /* SIGINT, for somebody at a terminal; -1: it ends the program */
    struct buffer in;
    bool spoke;     /* something of the answer was printed */
    unsigned turns; /* answers that are still to end */
    bool failed;    /* the last one */
};

/* -1: no robot runs there. */
static int try_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (span_to_text(span_text(path), address.sun_path, sizeof address.sun_path) == STATUS_OK)
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int connect_to(const char *path)
{
    const int fd = try_connect(path);

    if (fd < 0)
        fprintf(stderr, "myna-agent: no robot runs at \"%s\"; start it with myna-agent\n", path);
    return fd;
}

static bool send_all(int fd, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        bytes = span_of(bytes.data + sent, bytes.size - (size_t)sent);
    }
    return true;
}

static bool send_text(struct talk *talk, const char *key, struct span text)
{
    struct json_writer writer;
    struct buffer line;

    buffer_init(&line, MAX_LINE_BYTES);
    json_writer_init(&writer, &line);
    json_begin_object(&writer);
    json_key(&writer, key);
    json_write_text(&writer, text);
    json_end_object(&writer);
    buffer_byte(&line, '\n');
    bool sent = buffer_status(&line) == STATUS_OK && send_all(talk->fd, buffer_span(&line));
    buffer_release(&line);
    talk->turns += sent;
    talk->failed = false;
    return sent;
}

static bool ask(struct talk *talk, struct span question)
{
    return send_text(talk, "ask", question);
}

/* The video is written while the answer is heard and complete shortly after. */
static bool wait_for_file(const char *path)
{
    const int64_t until_ms = clock_mono_ms() + VIDEO_WAIT_MS;
    bool there;

    while (!(there = access(path, R_OK) == 0) && clock_mono_ms() < until_ms)
        clock_sleep_ms(50);
    return there;
}

static void print_details(const struct talk *talk, const struct json *line)
{
    const char *video = json_text(json_member(line, "video"), NULL);

    fprintf(stderr, "[%s, %s, %lld + %lld tokens, first words after %lld ms]\n",
            json_text(json_member(line, "outcome"), "?"),
            json_text(json_member(line, "model"), "?"),
            (long long)json_int(json_member(line, "input"), 0),
            (long long)json_int(json_member(line, "output"), 0),
            (long long)json_int(json_member(line, "first_audio_ms"), 0));
    /* at a prompt nobody wants to wait for it */
    if (video && talk->signals < 0 && wait_for_file(video))
        fprintf(stderr, "[video: %s]\n", video);
}

static void end_line(struct talk *talk)
{
    if (talk->spoke)
        putchar('\n');
    fflush(stdout);
    talk->spoke = false;
    talk->turns -= talk->turns > 0;
}

static void handle_line(struct talk *talk, struct span text)
{
    struct json *line = NULL;

    if (json_parse(text, &line, NULL) != STATUS_OK)
        return;
    const char *clause = json_text(json_member(line, "clause"), NULL);
    const char *error = json_text(json_member(line, "error"), NULL);
    const char *heard = json_text(json_member(line, "heard"), NULL);
    if (heard) {
        fprintf(stderr, "[heard: %s]\n", heard);
    } else if (clause) {
        /* scripts without spaces go on without one */
        printf("%s%s", talk->spoke && (clause[0] & 0x80) == 0 ? " " : "", clause);
        fflush(stdout);
        talk->spoke = true;
    } else if (error) {
        end_line(talk);
        fprintf(stderr, "myna-agent: %s\n", error);
        talk->failed = true;
    } else if (json_bool(json_member(line, "done"), false)) {
        end_line(talk);
        print_details(talk, line);
    }
    json_free(line);
}

/* Reads what has come and handles whole lines. False: the robot is gone. */
static bool receive(struct talk *talk, void (*handle)(struct talk *talk, struct span line))
{
    uint8_t bytes[4096];
    ssize_t got = recv(talk->fd, bytes, sizeof bytes, 0);

    if (got < 0 && errno == EINTR)
        return true;
    if (got <= 0)
        return false;
    buffer_add(&talk->in, span_of(bytes, (size_t)got));
    if (buffer_status(&talk->in) != STATUS_OK)
        return false;
    for (;;) {
        struct span in = buffer_span(&talk->in);
        const uint8_t *end = in.size > 0 ? memchr(in.data, '\n', in.size) : NULL;

        if (!end)
            return true;
        handle(talk, span_of(in.data, (size_t)(end - in.data)));
        buffer_consume(&talk->in, (size_t)(end - in.data) + 1);
    }
}

static bool open_talk(struct talk *talk, const char *path)
{
    *talk = (struct talk){.fd = connect_to(path), .signals = -1};
    buffer_init(&talk->in, MAX_LINE_BYTES);
    return talk->fd >= 0;
}

static void close_talk(struct talk *talk)
{
    if (talk->fd >= 0)
        close(talk->fd);
    if (talk->signals >= 0)
        close(talk->signals);
    buffer_release(&talk->in);
}

static int lost(void)
{
    fputs("myna-agent: the robot went away\n", stderr);
    return 1;
}

static int exchange(const char *socket_path, const char *key, const char *text)
{
    struct talk talk;
    int code = 1;

    if (open_talk(&talk, socket_path)) {
        bool alive = send_text(&talk, key, span_text(text));
        while (alive && talk.turns)
            alive = receive(&talk, handle_line);
        code = !alive ? lost() : talk.failed ? 1 : 0;
    }
    close_talk(&talk);
    return code;
}

int talk_ask(const char *socket_path, const char *question)
{
    return exchange(socket_path, "ask", question);
}

int talk_hear(const char *socket_path, const char *file)
{
    char path[PATH_MAX];

    if (!realpath(file, path)) {
        fprintf(stderr, "myna-agent: cannot read \"%s\": %s\n", file, strerror(errno));
        return 1;
    }
    return exchange(socket_path, "hear", path);
}

int talk_forget(const char *socket_path, const char *memory_path, const char *films_path)
{
    struct talk talk = {.fd = try_connect(socket_path), .signals = -1, .turns = 1};
    int code = 0;

    if (talk.fd < 0) {
        const bool is_wiped = conversation_file_wipe(memory_path) == STATUS_OK;
        if (is_wiped && film_wipe(films_path) == STATUS_OK)
            return puts("forgotten; no robot runs"), 0;
        fprintf(stderr, "myna-agent: cannot wipe \"%s\": %s\n", is_wiped ? films_path : memory_path,
                strerror(errno));
        return 1;
    }
    buffer_init(&talk.in, MAX_LINE_BYTES);
    bool alive = send_all(talk.fd, span_text("{\"forget\":true}\n"));
    while (alive && talk.turns)
        alive = receive(&talk, handle_line);
    code = !alive ? lost() : talk.failed ? 1 : 0;
    close_talk(&talk);
    return code;
}

/* One line from the terminal. False: the end of input. */
static bool read_question(struct talk *talk)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size = getline(&line, &room, stdin);
    bool more = size >= 0;

    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    if (size > 0) {
        if (talk->turns > 0)
            more = send_all(talk->fd, span_text(INTERRUPT));
        if (more)
            more = ask(talk, span_of(line, (size_t)size));
    }
    free(line);
    return more;
}

static void prompt(const struct talk *talk)
{
    if (talk->turns == 0 && talk->signals >= 0) {
        fputs("> ", stdout);
        fflush(stdout);
    }
}

/* A person at a terminal: Ctrl-C ends the answer, not the program. False: the robot is gone. */
static bool sit_down(struct talk *talk)
{
    sigset_t interrupt;

    if (!isatty(STDIN_FILENO))
        return true;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, NULL);
    talk->signals = signalfd(-1, &interrupt, SFD_CLOEXEC);
    fputs("Ask me something. Ctrl-C interrupts the answer, Ctrl-D ends.\n", stderr);
    prompt(talk);
    return send_all(talk->fd, span_text("{\"listen\":true}\n"));
}

static bool on_interrupt(struct talk *talk)
{
    struct signalfd_siginfo info;

    if (read(talk->signals, &info, sizeof info) < 0)
        return true;
    if (talk->turns > 0)
        return send_all(talk->fd, span_text(INTERRUPT));
    putchar('\n'); /* the terminal forgot what was typed */
    prompt(talk);
    return true;
}

/* Piped input waits for the answer; a person interrupts. */
static bool wants_input(const struct talk *talk, bool input)
{
    return input && (talk->turns == 0 || talk->signals >= 0);
}

int talk_chat(const char *socket_path)
{
    struct talk talk;
    bool alive = open_talk(&talk, socket_path), input = true;

    if (!alive) {
        close_talk(&talk);
        return 1;
    }
    /* lines must be seen by poll(), not kept in stdio's buffer */
    setvbuf(stdin, NULL, _IONBF, 0);
    alive = sit_down(&talk);
    while (alive && (input || talk.turns)) {
        struct pollfd polls[] = {
            {.fd = talk.fd, .events = POLLIN},
            {.fd = wants_input(&talk, input) ? STDIN_FILENO : -1, .events = POLLIN},
            {.fd = talk.signals, .events = POLLIN},
        };
        const bool was_turn = talk.turns > 0;

        if (poll(polls, sizeof polls / sizeof polls[0], -1) < 0)
            continue;
        if (polls[0].revents)
            alive = receive(&talk, handle_line);
        if (alive && polls[1].revents)
            input = read_question(&talk);
        if (alive && polls[2].revents)
            alive = on_interrupt(&talk);
        if (was_turn && !talk.turns)
            prompt(&talk);
    }
    if (talk.signals >= 0)
        putchar('\n');
    int code = alive ? 0 : lost();
    close_talk(&talk);
    return code;
}

/* What became of an order: {"error":...}, or {KEY:...}, which is printed. */
static void handle_word(struct talk *talk, struct span text, const char *key)
{
    struct json *line = NULL;

    if (json_parse(text, &line, NULL) != STATUS_OK)
        return;
    const char *error = json_text(json_member(line, "error"), NULL);
    const char *word = json_text(json_member(line, key), NULL);
    if (error)
        fprintf(stderr, "myna-agent: %s\n", error);
    else if (word)
        printf("%s\n", word);
    talk->failed = error != NULL;
    talk->turns -= error || word;
    json_free(line);
}

static void handle_mute(struct talk *talk, struct span text)
{
    handle_word(talk, text, "ear");
}

static void handle_consent(struct talk *talk, struct span text)
{
    handle_word(talk, text, "consent");
}

static int order(const char *socket_path, const char *line,
                 void (*handle)(struct talk *talk, struct span line))
{
    struct talk talk;
    int code = 1;

    if (open_talk(&talk, socket_path)) {
        bool alive = send_all(talk.fd, span_text(line));
        talk.turns = 1;
        while (alive && talk.turns)
            alive = receive(&talk, handle);
        code = !alive ? lost() : talk.failed ? 1 : 0;
    }
    close_talk(&talk);
    return code;
}

int talk_mute(const char *socket_path, bool is_muted)
{
    return order(socket_path, is_muted ? "{\"mute\":true}\n" : "{\"mute\":false}\n", handle_mute);
}

int talk_consent(const char *socket_path, const char *answer)
{
    const bool is_yes = strcmp(answer, "yes") == 0;

    if (!is_yes && strcmp(answer, "no") != 0) {
        fputs("myna-agent: consent takes yes or no\n", stderr);
        return 2;
    }
    return order(socket_path, is_yes ? "{\"consent\":true}\n" : "{\"consent\":false}\n",
                 handle_consent);
}

static void handle_status(struct talk *talk, struct span text)
{
    struct json *line = NULL;

    printf("%.*s\n", (int)text.size, (const char *)text.data);
    if (json_parse(text, &line, NULL) == STATUS_OK)
        talk->failed = json_int(json_member(line, "routes"), 0) == 0;
    json_free(line);
    talk->turns = 0;
}

int talk_status(const char *socket_path)
{
    struct talk talk;
    int code = 1;

    if (open_talk(&talk, socket_path)) {
        bool alive = send_all(talk.fd, span_text("{\"status\":true}\n"));
        talk.turns = 1;
        while (alive && talk.turns)
            alive = receive(&talk, handle_status);
        code = !alive ? lost() : talk.failed ? 1 : 0;
    }
    close_talk(&talk);
    return code;
}
