#include "agent/link/client.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"

#define WAIT_MS 10000

struct told {
    pthread_mutex_t lock;
    unsigned count;
    uint32_t connection;
    enum client_event event;
};

static void on_event(void *context, uint32_t connection, enum client_event event, int code)
{
    struct told *told = context;

    (void)code;
    pthread_mutex_lock(&told->lock);
    told->count++;
    told->connection = connection;
    told->event = event;
    pthread_mutex_unlock(&told->lock);
}

static void on_message(void *context, uint32_t connection, struct span topic, struct span payload)
{
    (void)context, (void)connection, (void)topic, (void)payload;
    fail_msg("a message without a broker");
}

static bool wait_for_event(struct told *told)
{
    const int64_t until_ms = clock_mono_ms() + WAIT_MS;
    unsigned count = 0;

    while (count == 0 && clock_mono_ms() < until_ms) {
        clock_sleep_ms(10);
        pthread_mutex_lock(&told->lock);
        count = told->count;
        pthread_mutex_unlock(&told->lock);
    }
    return count > 0;
}

/* Bound and not listened on, so that nobody else can be there. */
static int closed_port(char broker[32])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(broker, 32, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

static struct client *make(struct told *told)
{
    const struct client_options options = {
        .id = "robot-1", .listener = {.context = told, .event = on_event, .message = on_message}};
    struct client *client;

    assert_int_equal(client_create(&client, &options), STATUS_OK);
    return client;
}

static void a_broker_that_is_not_there_is_told_for_that_connection(void **state)
{
    struct told told = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct client *client = make(&told);
    char broker[32];
    int fd = closed_port(broker);

    (void)state;
    assert_int_equal(client_connect(client, broker, "t", span_text("gone")), 0);
    assert_true(wait_for_event(&told));
    assert_int_equal(told.event, CLIENT_FAILED);
    assert_int_equal(told.connection, client_connection(client));
    assert_false(client_is_connected(client));
    client_free(client);
    close(fd);
}

static void each_connection_has_a_number_of_its_own(void **state)
{
    struct told told = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct client *client = make(&told);
    const uint32_t before = client_connection(client);

    (void)state;
    client_drop(client);
    const uint32_t after = client_connection(client);
    /* between the two lies that of whatever an old connection still tells while it is destroyed */
    assert_true(after - before >= 2);
    client_free(client);
}

static void without_a_connection_nothing_waits_and_leaving_is_harmless(void **state)
{
    struct told told = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct client *client = make(&told);

    (void)state;
    client_publish(client, "t", 1, span_text("lost"));
    assert_int_equal(client_unsent(client), 0);
    assert_false(client_subscribe(client, "t"));
    client_leave(client);
    client_drop(client);
    client_free(client);
    client_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_is_not_there_is_told_for_that_connection),
        cmocka_unit_test(each_connection_has_a_number_of_its_own),
        cmocka_unit_test(without_a_connection_nothing_waits_and_leaving_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
