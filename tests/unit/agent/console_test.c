/* Real sockets in a temporary folder. */
#include "agent/console.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"

struct fixture {
    char folder[64], path[96];
    struct console *console;
    atomic_uint gone;
};

/* Echoes questions; answers everything else by its name. */
static void on_request(void *context, uint64_t client, enum console_request request,
                       struct span text)
{
    struct fixture *fixture = context;

    if (request == CONSOLE_GONE)
        atomic_fetch_add(&fixture->gone, 1);
    else if (request == CONSOLE_ASK)
        console_send(fixture->console, client, text);
    else
        console_send(fixture->console, client,
                     span_text(request == CONSOLE_STATUS   ? "status"
                               : request == CONSOLE_LISTEN ? "listen"
                                                           : "interrupt"));
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-console-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/sock", fixture->folder);
    assert_int_equal(console_open(&fixture->console, fixture->path, on_request, fixture),
                     STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    console_close(fixture->console);
    assert_int_equal(rmdir(fixture->folder), 0); /* the socket is gone */
    free(fixture);
    return 0;
}

static int dial(const struct fixture *fixture)
{
    const struct timeval patience = {.tv_sec = 5};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, fixture->path, strlen(fixture->path));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One line without its newline; empty: the other end is closed. */
static void hear(int fd, char line[256])
{
    size_t size = 0;
    char byte;

    while (size < 255 && recv(fd, &byte, 1, 0) == 1 && byte != '\n')
        line[size++] = byte;
    line[size] = 0;
}

static void wait_gone(struct fixture *fixture)
{
    for (int i = 0; i < 500 && atomic_load(&fixture->gone) == 0; i++)
        clock_sleep_ms(10);
    assert_int_equal(atomic_load(&fixture->gone), 1);
}

static void each_client_gets_its_own_answers(void **state)
{
    struct fixture *fixture = *state;
    int a = dial(fixture), b = dial(fixture);
    char line[256];

    say(a, "{\"ask\":\"one\"}\n{\"ask\":\"two\"}\n");
    say(b, "{\"listen\":true}\n{\"status\":true}\n");
    hear(a, line);
    assert_string_equal(line, "one");
    hear(b, line);
    assert_string_equal(line, "listen");
    hear(b, line);
    assert_string_equal(line, "status");
    hear(a, line);
    assert_string_equal(line, "two");
    close(a);
    close(b);
}

static void a_line_may_come_in_pieces(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "{\"interrupt\":true}\n";
    int fd = dial(fixture);
    char line[256];

    for (size_t i = 0; i < strlen(text); i++) {
        assert_int_equal(send(fd, text + i, 1, MSG_NOSIGNAL), 1);
        clock_sleep_ms(1);
    }
    hear(fd, line);
    assert_string_equal(line, "interrupt");
    close(fd);
}

static void nonsense_is_answered_with_an_error_and_does_not_end_the_talk(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    char line[256];

    say(fd, "hello\n{\"dance\":true}\n{\"ask\":\"still here\"}\n");
    hear(fd, line);
    assert_non_null(strstr(line, "\"error\""));
    hear(fd, line);
    assert_non_null(strstr(line, "\"error\""));
    hear(fd, line);
    assert_string_equal(line, "still here");
    close(fd);
}

static void a_line_that_never_ends_drops_the_client(void **state)
{
    struct fixture *fixture = *state;
    char bytes[4096], line[256];
    int fd = dial(fixture);

    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 8; i++)
        if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0)
            break;
    hear(fd, line);
    assert_string_equal(line, "");
    close(fd);
    wait_gone(fixture);
}

static void a_client_that_does_not_read_is_dropped_and_others_are_served(void **state)
{
    struct fixture *fixture = *state;
    int deaf = dial(fixture), fd = dial(fixture);
    char line[256], question[8200];

    snprintf(question, sizeof question, "{\"ask\":\"%8000s\"}\n", "x");
    for (int i = 0; i < 500 && atomic_load(&fixture->gone) == 0; i++)
        if (send(deaf, question, strlen(question), MSG_NOSIGNAL) < 0)
            break;
    wait_gone(fixture);
    say(fd, "{\"status\":true}\n");
    hear(fd, line);
    assert_string_equal(line, "status");
    close(deaf);
    close(fd);
}

static void no_more_clients_than_the_limit_are_served(void **state)
{
    struct fixture *fixture = *state;
    int fds[CONSOLE_MAX_CLIENTS + 1];
    char line[256];

    for (size_t i = 0; i <= CONSOLE_MAX_CLIENTS; i++) {
        fds[i] = dial(fixture);
        if (i < CONSOLE_MAX_CLIENTS) {
            say(fds[i], "{\"status\":true}\n");
            hear(fds[i], line);
            assert_string_equal(line, "status");
        }
    }
    hear(fds[CONSOLE_MAX_CLIENTS], line);
    assert_string_equal(line, "");
    for (size_t i = 0; i <= CONSOLE_MAX_CLIENTS; i++)
        close(fds[i]);
}

static void a_second_agent_is_told_that_the_first_one_runs(void **state)
{
    struct fixture *fixture = *state;
    struct console *second = NULL;

    assert_int_equal(console_open(&second, fixture->path, on_request, fixture), STATUS_EXISTS);
}

static void a_socket_that_a_killed_agent_left_behind_is_taken_over(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char line[256];

    console_close(fixture->console);
    memcpy(address.sun_path, fixture->path, strlen(fixture->path));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_int_equal(console_open(&fixture->console, fixture->path, on_request, fixture),
                     STATUS_OK);
    fd = dial(fixture);
    say(fd, "{\"status\":true}\n");
    hear(fd, line);
    assert_string_equal(line, "status");
    close(fd);
}

static void a_turn_that_ends_late_may_still_tell_a_stopped_console(void **state)
{
    struct fixture *fixture = *state;
    int fd = dial(fixture);
    char line[256];

    say(fd, "{\"status\":true}\n");
    hear(fd, line);
    console_stop(fixture->console);
    console_send(fixture->console, 1, span_text("too late"));
    say(fd, "{\"ask\":\"nobody\"}\n");
    assert_int_equal(atomic_load(&fixture->gone), 0);
    close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_client_gets_its_own_answers),
        TEST(a_line_may_come_in_pieces),
        TEST(nonsense_is_answered_with_an_error_and_does_not_end_the_talk),
        TEST(a_line_that_never_ends_drops_the_client),
        TEST(a_client_that_does_not_read_is_dropped_and_others_are_served),
        TEST(no_more_clients_than_the_limit_are_served),
        TEST(a_second_agent_is_told_that_the_first_one_runs),
        TEST(a_socket_that_a_killed_agent_left_behind_is_taken_over),
        TEST(a_turn_that_ends_late_may_still_tell_a_stopped_console),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
