/* The client against real sockets: a scripted server in a thread, and openssl's for TLS. */
#include "agent/chat/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"

#define MAX_PIECES 8

/* What the server sends after each request, piece by piece; then it keeps or closes the
 * connection. */
struct script {
    const char *pieces[MAX_PIECES];
    int64_t pause_ms; /* before each piece but the first */
    bool close;       /* after the last piece */
    bool silent;      /* closes without a word, from the second request on */
};

struct server {
    int fd;
    char url[64];
    const struct script *script;
    pthread_t thread;
    atomic_int connection; /* the open one's descriptor */
    atomic_int connections;
    atomic_int requests;
    char reading[4096];
    pthread_mutex_t lock;
    char request[4096]; /* the last whole one */
};

static size_t body_size(const char *request)
{
    const char *length = strstr(request, "Content-Length: ");

    return length ? strtoul(length + 16, NULL, 10) : 0;
}

/* False when the client is gone. */
static bool read_request(struct server *server, int fd)
{
    size_t size = 0;
    char *end = NULL;

    while (!end || size < (size_t)(end + 4 - server->reading) + body_size(server->reading)) {
        ssize_t got = recv(fd, server->reading + size, sizeof server->reading - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        server->reading[size] = 0;
        end = strstr(server->reading, "\r\n\r\n");
    }
    pthread_mutex_lock(&server->lock);
    memcpy(server->request, server->reading, size + 1);
    pthread_mutex_unlock(&server->lock);
    return true;
}

static void serve(struct server *server, int fd)
{
    const struct script *script = server->script;

    while (read_request(server, fd)) {
        bool first = atomic_fetch_add(&server->requests, 1) == 0;
        if (script->silent && !first)
            return;
        for (size_t i = 0; i < MAX_PIECES && script->pieces[i]; i++) {
            if (i)
                clock_sleep_ms(script->pause_ms);
            if (send(fd, script->pieces[i], strlen(script->pieces[i]), MSG_NOSIGNAL) < 0)
                return;
        }
        if (script->close)
            return;
    }
}

static void *run(void *context)
{
    struct server *server = context;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        server->connections++;
        server->connection = fd;
        serve(server, fd);
        server->connection = -1;
        close(fd);
    }
    return NULL;
}

static void start(struct server *server, const struct script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    *server =
        (struct server){.script = script, .connection = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, 4), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u/x", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

/* Whether the last request begins so; the connection may still be open. */
static bool was_asked(struct server *server, const char *words)
{
    pthread_mutex_lock(&server->lock);
    bool does = strncmp(server->request, words, strlen(words)) == 0;
    pthread_mutex_unlock(&server->lock);
    return does;
}

static void stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    shutdown(server->connection, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

struct client {
    struct http *http;
    struct buffer answer;
    struct http_result result;
};

static int create(void **state)
{
    static struct client client;

    if (http_create(&client.http) != STATUS_OK)
        return -1;
    buffer_init(&client.answer, 4096);
    *state = &client;
    return 0;
}

static int release(void **state)
{
    struct client *client = *state;

    buffer_release(&client->answer);
    http_free(client->http);
    return 0;
}

static enum status fetch(struct client *client, const struct http_request *request)
{
    buffer_clear(&client->answer);
    return http_fetch(client->http, request, &client->answer, &client->result);
}

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void requests_share_a_connection(void **state)
{
    const struct script script = {.pieces = {HELLO}};
    const struct http_header headers[] = {{"X-One", "1"}};
    struct client *client = *state;
    struct server server;

    start(&server, &script);
    const struct http_request request = {
        .url = server.url, .headers = headers, .header_count = 1, .body = span_text("{\"a\":1}")};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fetch(client, &request), STATUS_OK);
        assert_string_equal(buffer_cstring(&client->answer), "hello");
        assert_int_equal(client->result.http_status, 200);
        assert_true(client->result.sent);
    }
    assert_int_equal(server.connections, 1);
    assert_non_null(strstr(server.request, "POST /x HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "X-One: 1\r\n"));
    assert_null(strstr(server.request, "Expect:"));
    assert_non_null(strstr(server.request, "\r\n\r\n{\"a\":1}"));
    stop(&server);
}

static void a_warm_connection_is_the_next_requests(void **state)
{
    static const struct script empty = {
        .pieces = {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}};
    struct client *client = *state;
    struct server server;
    struct http_request request = {.body = span_text("question")};
    atomic_bool cancel = false;

    start(&server, &empty);
    request.url = server.url;
    http_warm(client->http, server.url, span_of(NULL, 0), &cancel);
    assert_true(was_asked(&server, "HEAD "));
    assert_int_equal(fetch(client, &request), STATUS_OK);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.requests, 2);
    assert_true(was_asked(&server, "POST "));
    cancel = true;
    http_warm(client->http, server.url, span_of(NULL, 0), &cancel);
    assert_int_equal(server.requests, 2);
    stop(&server);
}

/* The vendor may have served and billed the first one. */
static void a_request_that_broke_on_a_kept_connection_is_not_sent_again(void **state)
{
    const struct script script = {.pieces = {HELLO}, .silent = true};
    struct client *client = *state;
    struct server server;

    start(&server, &script);
    const struct http_request request = {.url = server.url, .body = span_text("{}")};
    assert_int_equal(fetch(client, &request), STATUS_OK);
    assert_int_equal(fetch(client, &request), STATUS_IO);
    assert_true(client->result.sent);
    assert_int_equal(server.requests, 2);
    stop(&server);
}

static void a_refused_connection_sent_nothing(void **state)
{
    const struct http_request request = {.url = "http://127.0.0.1:1/", .body = span_text("{}")};
    struct client *client = *state;

    assert_int_equal(fetch(client, &request), STATUS_UNREACHABLE);
    assert_false(client->result.sent);
    assert_int_equal(client->result.http_status, 0);
    assert_true(client->result.problem[0]);
}

static void an_answer_cut_short_is_broken(void **state)
{
    const struct script script = {.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"},
                                  .close = true};
    struct client *client = *state;
    struct server server;

    start(&server, &script);
    const struct http_request request = {.url = server.url};
    assert_int_equal(fetch(client, &request), STATUS_IO);
    assert_int_equal(client->result.http_status, 200);
    stop(&server);
}

static void silence_is_a_timeout_but_slowness_is_not(void **state)
{
    const struct script script = {
        .pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\na", "b", "c", "d"},
        .pause_ms = 200};
    struct client *client = *state;
    struct server server;

    start(&server, &script);
    const struct http_request request = {.url = server.url, .stall_timeout_ms = 400};
    int64_t started_ms = clock_mono_ms();
    assert_int_equal(fetch(client, &request), STATUS_TIMEOUT);
    int64_t took_ms = clock_mono_ms() - started_ms;
    assert_string_equal(buffer_cstring(&client->answer), "abcd");
    assert_in_range(took_ms, 950, 1500);
    stop(&server);
}

static void more_than_the_buffer_takes_is_refused(void **state)
{
    const struct script script = {.pieces = {HELLO}};
    struct client *client = *state;
    struct server server;
    struct buffer small;

    start(&server, &script);
    const struct http_request request = {.url = server.url};
    buffer_init(&small, 4);
    assert_int_equal(http_fetch(client->http, &request, &small, &client->result), STATUS_FULL);
    buffer_release(&small);
    stop(&server);
}

struct heard {
    int http_status;
    char headers[256];
    int idle;
};

static void on_status(void *context, int http_status)
{
    ((struct heard *)context)->http_status = http_status;
}

static void on_header(void *context, struct span name, struct span value)
{
    struct heard *heard = context;
    size_t used = strlen(heard->headers);

    snprintf(heard->headers + used, sizeof heard->headers - used, "%.*s=%.*s;", (int)name.size,
             (const char *)name.data, (int)value.size, (const char *)value.data);
}

static void on_idle(void *context)
{
    ((struct heard *)context)->idle++;
}

static void status_and_headers_are_those_of_the_final_answer(void **state)
{
    const struct script script = {.pieces = {"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n",
                                             "HTTP/1.1 429 Slow Down\r\nRetry-After:  2 \r\n"
                                             "Content-Length: 0\r\n\r\n"},
                                  .pause_ms = 300};
    struct heard heard = {0};
    const struct http_listener listener = {&heard, on_status, on_header, NULL, on_idle};
    struct client *client = *state;
    struct server server;

    start(&server, &script);
    const struct http_request request = {.url = server.url};
    assert_int_equal(http_send(client->http, &request, &listener, &client->result), STATUS_OK);
    assert_int_equal(heard.http_status, 429);
    assert_int_equal(client->result.http_status, 429);
    assert_string_equal(heard.headers, "Retry-After=2;Content-Length=0;");
    assert_in_range(heard.idle, 4, 20);
    stop(&server);
}

struct canceller {
    struct http *http;
    atomic_bool cancel;
};

static void *cancel_soon(void *context)
{
    struct canceller *canceller = context;

    clock_sleep_ms(100);
    atomic_store(&canceller->cancel, true);
    http_wake(canceller->http);
    return NULL;
}

static void another_thread_can_stop_a_request(void **state)
{
    const struct script script = {.pieces = {"HTTP/1.1 200 OK\r\n\r\na", "b"}, .pause_ms = 600};
    struct client *client = *state;
    struct canceller canceller = {.http = client->http};
    struct server server;
    pthread_t thread;

    start(&server, &script);
    const struct http_request request = {.url = server.url, .cancel = &canceller.cancel};
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &canceller), 0);
    int64_t started_ms = clock_mono_ms();
    assert_int_equal(fetch(client, &request), STATUS_CLOSED);
    assert_true(clock_mono_ms() - started_ms < 250);
    assert_true(client->result.sent);
    assert_string_equal(buffer_cstring(&client->answer), "a");
    pthread_join(thread, NULL);

    /* stopped before it began: nothing leaves */
    int requests = server.requests;
    assert_int_equal(fetch(client, &request), STATUS_CLOSED);
    assert_false(client->result.sent);
    assert_int_equal(server.requests, requests);
    stop(&server);
}

static void what_could_forge_a_header_is_not_sent(void **state)
{
    const struct http_header header = {"X-One", "1\r\nX-Two: 2"};
    const struct http_request request = {
        .url = "http://127.0.0.1:1/", .headers = &header, .header_count = 1};
    struct client *client = *state;

    assert_int_equal(fetch(client, &request), STATUS_INVALID);
    assert_false(client->result.sent);
}

static void other_protocols_are_refused(void **state)
{
    const struct http_request request = {.url = "file:///etc/hostname"};
    struct client *client = *state;

    assert_int_equal(fetch(client, &request), STATUS_INVALID);
}

struct tls {
    char folder[32];
    char url[64];
    uint8_t *pem;
    size_t pem_size;
    pid_t pid;
};

static void shell(const char *command, const char *folder)
{
    char text[512];

    snprintf(text, sizeof text, "cd %s && %s", folder, command);
    assert_int_equal(system(text), 0);
}

/* openssl s_server says "ACCEPT 127.0.0.1:port" when it is ready. */
static void start_tls(struct tls *tls)
{
    char path[64], line[128] = "";
    size_t size = 0;
    int fds[2];

    snprintf(tls->folder, sizeof tls->folder, "/tmp/http_test.XXXXXX");
    assert_non_null(mkdtemp(tls->folder));
    shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key "
          "-out cert -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 2>openssl.log",
          tls->folder);
    snprintf(path, sizeof path, "%s/cert", tls->folder);
    assert_int_equal(file_read(path, 8192, &tls->pem, &tls->pem_size), STATUS_OK);
    assert_int_equal(pipe(fds), 0);
    tls->pid = fork();
    if (!tls->pid) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        alarm(180);
        if (chdir(tls->folder))
            _exit(127);
        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "cert", "-key",
               "key", "-www", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    char *found;
    while (!(found = strstr(line, "ACCEPT ")) || !strchr(found, '\n')) {
        ssize_t got = read(fds[0], line + size, sizeof line - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
        line[size] = 0;
    }
    close(fds[0]);
    *strchr(found, '\n') = 0;
    snprintf(tls->url, sizeof tls->url, "https://%s/", found + 7);
}

static void stop_tls(struct tls *tls)
{
    kill(tls->pid, SIGTERM);
    waitpid(tls->pid, NULL, 0);
    free(tls->pem);
    shell("rm -f key cert openssl.log", tls->folder);
    rmdir(tls->folder);
}

static void only_the_given_certificate_is_trusted(void **state)
{
    struct client *client = *state;
    struct tls tls;

    start_tls(&tls);
    /* an emulated processor takes its time to shake hands */
    struct http_request request = {.url = tls.url, .connect_timeout_ms = 60000};
    buffer_release(&client->answer);
    buffer_init(&client->answer, 65536);
    assert_int_equal(fetch(client, &request), STATUS_FORGED);
    assert_false(client->result.sent);

    request.ca_pem = span_of(tls.pem, tls.pem_size);
    assert_int_equal(fetch(client, &request), STATUS_OK);
    assert_int_equal(client->result.http_status, 200);

    buffer_clear(&client->answer);
    assert_int_equal(http_fetch_unverified(client->http, tls.url, &client->answer, &client->result),
                     STATUS_OK);
    /* and the laxness does not last */
    request.ca_pem = span_of(NULL, 0);
    assert_int_equal(fetch(client, &request), STATUS_FORGED);
    stop_tls(&tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_share_a_connection, create, release),
        cmocka_unit_test_setup_teardown(a_warm_connection_is_the_next_requests, create, release),
        cmocka_unit_test_setup_teardown(a_request_that_broke_on_a_kept_connection_is_not_sent_again,
                                        create, release),
        cmocka_unit_test_setup_teardown(a_refused_connection_sent_nothing, create, release),
        cmocka_unit_test_setup_teardown(an_answer_cut_short_is_broken, create, release),
        cmocka_unit_test_setup_teardown(silence_is_a_timeout_but_slowness_is_not, create, release),
        cmocka_unit_test_setup_teardown(more_than_the_buffer_takes_is_refused, create, release),
        cmocka_unit_test_setup_teardown(status_and_headers_are_those_of_the_final_answer, create,
                                        release),
        cmocka_unit_test_setup_teardown(another_thread_can_stop_a_request, create, release),
        cmocka_unit_test_setup_teardown(what_could_forge_a_header_is_not_sent, create, release),
        cmocka_unit_test_setup_teardown(other_protocols_are_refused, create, release),
        cmocka_unit_test_setup_teardown(only_the_given_certificate_is_trusted, create, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
