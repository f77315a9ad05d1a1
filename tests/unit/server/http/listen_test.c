#include "server/http/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <unistd.h>

static void addresses_are_taken_apart(void **state)
{
    char host[LISTEN_HOST];
    char port[8];

    (void)state;
    assert_int_equal(listen_split("127.0.0.1:8080", host, port), STATUS_OK);
    assert_string_equal(host, "127.0.0.1");
    assert_string_equal(port, "8080");
    assert_int_equal(listen_split("[::1]:0", host, port), STATUS_OK);
    assert_string_equal(host, "::1");
    assert_string_equal(port, "0");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {"",      "8080",       ":8080",   "host:",  "host:x",
                                        "[]:80", "host:65536", "host:-1", "[::1:80"};
    char host[LISTEN_HOST] = "kept";
    char port[8] = "kept";

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(listen_split(texts[i], host, port), STATUS_INVALID);
}

static void only_loopback_is_loopback(void **state)
{
    (void)state;
    assert_true(listen_is_loopback("127.0.0.1:1"));
    assert_true(listen_is_loopback("127.1.2.3:1"));
    assert_true(listen_is_loopback("[::1]:1"));
    assert_true(listen_is_loopback("localhost:1"));
    assert_false(listen_is_loopback("0.0.0.0:1"));
    assert_false(listen_is_loopback("[::]:1"));
    assert_false(listen_is_loopback("1270.example:1"));
    assert_false(listen_is_loopback("127.0.0.1"));
}

static void a_taken_port_is_told_with_the_cure(void **state)
{
    char problem[256] = "";
    char address[32];
    unsigned port;
    int fd;
    int other = -1;

    (void)state;
    assert_int_equal(listen_open("127.0.0.1:0", &fd, &port, problem), STATUS_OK);
    assert_true(port > 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    assert_int_equal(listen_open(address, &other, &port, problem), STATUS_UNREACHABLE);
    assert_non_null(strstr(problem, "another program has that port"));
    assert_int_equal(other, -1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(only_loopback_is_loopback),
        cmocka_unit_test(a_taken_port_is_told_with_the_cure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
