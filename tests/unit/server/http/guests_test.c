#include "server/http/guests.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct guests *open_guests(unsigned total, unsigned per_address)
{
    const struct guests_limits limits = {.total = total, .per_address = per_address};
    struct guests *guests;

    assert_int_equal(guests_create(&guests, &limits), STATUS_OK);
    return guests;
}

static const struct sockaddr *address(const char *text)
{
    static struct sockaddr_storage storage;

    storage = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&storage)->sin_addr) == 1)
        storage.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&storage)->sin6_addr) == 1)
        storage.ss_family = AF_INET6;
    return (const struct sockaddr *)&storage;
}

static struct guest *enter(struct guests *guests, const char *from)
{
    assert_true(guests_admit(guests, address(from)));
    struct guest *guest = guests_enter(guests, address(from), -1, GUESTS_ANY_TIME);

    assert_non_null(guest);
    return guest;
}

static void an_address_that_has_its_connections_gets_no_more_and_others_do(void **state)
{
    struct guests *guests = open_guests(10, 2);
    struct guest *first = enter(guests, "192.0.2.1");
    struct guest *second = enter(guests, "192.0.2.1");
    struct guests_counts counts;

    (void)state;
    assert_false(guests_admit(guests, address("192.0.2.1")));
    struct guest *other = enter(guests, "192.0.2.2");
    guests_count(guests, &counts);
    assert_int_equal(counts.present, 3);
    assert_int_equal(counts.refused, 1);

    guests_leave(guests, first);
    first = enter(guests, "192.0.2.1");
    guests_leave(guests, first);
    guests_leave(guests, second);
    guests_leave(guests, other);
    guests_count(guests, &counts);
    assert_int_equal(counts.present, 0);
    guests_free(guests);
}

static void a_network_of_ipv6_counts_as_one_address_and_mapped_ipv4_as_itself(void **state)
{
    struct guests *guests = open_guests(10, 1);
    struct guest *one = enter(guests, "2001:db8:1:2::1");
    struct guest *neighbour = enter(guests, "2001:db8:1:3::1");
    struct guest *old = enter(guests, "192.0.2.1");
    struct guest *next = enter(guests, "::ffff:192.0.2.2");

    (void)state;
    assert_false(guests_admit(guests, address("2001:db8:1:2:ffff::9")));
    assert_false(guests_admit(guests, address("::ffff:192.0.2.1")));
    assert_false(guests_admit(guests, address("192.0.2.2")));
    guests_leave(guests, one);
    guests_leave(guests, neighbour);
    guests_leave(guests, old);
    guests_leave(guests, next);
    guests_free(guests);
}

static void beyond_the_total_nobody_gets_in(void **state)
{
    struct guests *guests = open_guests(2, 2);
    struct guest *first = enter(guests, "192.0.2.1");
    struct guest *second = enter(guests, "192.0.2.2");

    (void)state;
    assert_false(guests_admit(guests, address("192.0.2.3")));
    guests_leave(guests, first);
    assert_true(guests_admit(guests, address("192.0.2.3")));
    guests_leave(guests, second);
    guests_free(guests);
}

/* Whether the peer of fd hung up. */
static bool is_cut(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void who_takes_too_long_is_hung_up_on_and_who_was_given_longer_is_not(void **state)
{
    struct guests *guests = open_guests(10, 10);
    struct guests_counts counts;
    struct guest *guest[3];
    int fds[3][2];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
        guest[i] = guests_enter(guests, address("192.0.2.1"), fds[i][0], 1000);
        assert_non_null(guest[i]);
    }
    guests_extend(guests, guest[1], 500);
    guests_expect(guests, guest[2], GUESTS_ANY_TIME);
    guests_extend(guests, guest[2], 1); /* no deadline stays none */

    guests_sweep(guests, "test", 999);
    assert_false(is_cut(fds[0][1]));
    guests_sweep(guests, "test", 1000);
    assert_true(is_cut(fds[0][1]));
    assert_false(is_cut(fds[1][1]));
    guests_sweep(guests, "test", 1500);
    assert_true(is_cut(fds[1][1]));
    assert_false(is_cut(fds[2][1]));
    guests_sweep(guests, "test", 1600);
    guests_count(guests, &counts);
    assert_int_equal(counts.cut, 2);
    for (int i = 0; i < 3; i++) {
        guests_leave(guests, guest[i]);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    guests_free(guests);
}

static void i10_an_address_counts_as_the_network_that_one_subscriber_gets(void **state)
{
    static const char *const rows[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8:1:2::1", "2001:db8:1:2::/64"},
        {"fe80::1%eth0", "fe80::/64"},
        {"not an address", "not an address"},
    };
    char out[GUESTS_NETWORK];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        guests_network(rows[i][0], out);
        assert_string_equal(out, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_has_its_connections_gets_no_more_and_others_do),
        cmocka_unit_test(a_network_of_ipv6_counts_as_one_address_and_mapped_ipv4_as_itself),
        cmocka_unit_test(i10_an_address_counts_as_the_network_that_one_subscriber_gets),
        cmocka_unit_test(beyond_the_total_nobody_gets_in),
        cmocka_unit_test(who_takes_too_long_is_hung_up_on_and_who_was_given_longer_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
