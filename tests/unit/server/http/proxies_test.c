#include "server/http/proxies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static struct proxies proxies_of(const char *list)
{
    char problem[PROXIES_PROBLEM];
    struct proxies proxies;

    assert_int_equal(proxies_parse(&proxies, list, problem), STATUS_OK);
    return proxies;
}

static struct request from(const char *address)
{
    struct request request = {0};

    snprintf(request.address, sizeof request.address, "%s", address);
    return request;
}

static void add(struct request *request, const char *name, const char *value)
{
    request->headers[request->header_count++] = (struct request_pair){name, value};
}

/* Whom the request counts as, by one header. */
static void assert_seen(const char *list, const char *peer, const char *said, const char *seen)
{
    const struct proxies proxies = proxies_of(list);
    struct request request = from(peer);

    add(&request, "x-forwarded-for", said);
    proxies_look_through(&proxies, &request);
    assert_string_equal(request.address, seen);
}

static void the_last_address_that_is_no_named_proxy_asks(void **state)
{
    (void)state;
    assert_seen("127.0.0.1", "127.0.0.1", "192.0.2.7", "192.0.2.7");
    assert_seen("127.0.0.1", "127.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7");
    assert_seen("127.0.0.1,10.1.0.0/16", "127.0.0.1", "203.0.113.9,192.0.2.7 , 10.1.2.3",
                "192.0.2.7");
    assert_seen("10.0.0.0/8", "::ffff:10.1.2.3", "2001:db8::7", "2001:db8::7");
    assert_seen("2001:db8::/33", "2001:db8:7fff::1", "192.0.2.7", "192.0.2.7");
    assert_seen("2001:db8::/33", "2001:db8:8000::1", "192.0.2.7", "2001:db8:8000::1");
    assert_seen("10.0.0.0/8", "10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2");
}

static void nobody_else_is_believed(void **state)
{
    (void)state;
    assert_seen(NULL, "127.0.0.1", "192.0.2.7", "127.0.0.1");
    assert_seen(" ", "127.0.0.1", "192.0.2.7", "127.0.0.1");
    assert_seen("127.0.0.1", "127.0.0.2", "192.0.2.7", "127.0.0.2");
    assert_seen("10.1.0.0/16", "10.2.0.1", "192.0.2.7", "10.2.0.1");
}

static void what_is_no_address_ends_the_way_back(void **state)
{
    (void)state;
    assert_seen("127.0.0.1", "127.0.0.1", "192.0.2.7, unknown", "127.0.0.1");
    assert_seen("127.0.0.1,10.0.0.1", "127.0.0.1", "192.0.2.7, x, 10.0.0.1", "10.0.0.1");
    assert_seen("127.0.0.1", "127.0.0.1", "", "127.0.0.1");
    assert_seen("127.0.0.1", "127.0.0.1", ",", "127.0.0.1");
    assert_seen("127.0.0.1", "127.0.0.1", "[2001:db8::7", "127.0.0.1");
}

static void a_port_behind_the_address_is_left_out(void **state)
{
    (void)state;
    assert_seen("127.0.0.1", "127.0.0.1", "192.0.2.7:4711", "192.0.2.7");
    assert_seen("127.0.0.1", "127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7");
}

static void headers_of_one_name_are_one_list(void **state)
{
    const struct proxies proxies = proxies_of("127.0.0.1,10.0.0.1");
    struct request request = from("127.0.0.1");

    (void)state;
    add(&request, "X-Forwarded-For", "203.0.113.9");
    add(&request, "X-Forwarded-For", "192.0.2.7");
    add(&request, "X-Forwarded-For", "10.0.0.1");
    proxies_look_through(&proxies, &request);
    assert_string_equal(request.address, "192.0.2.7");
}

static void the_scheme_is_the_nearest_proxys_word(void **state)
{
    static const struct {
        const char *peer;
        bool was_secure;
        const char *said; /* NULL: nothing */
        bool is_secure;
    } cases[] = {
        {"127.0.0.1", false, "https", true},       {"127.0.0.1", false, "http, https", true},
        {"127.0.0.1", false, "https,http", false}, {"127.0.0.1", true, "http", false},
        {"127.0.0.1", true, NULL, true},           {"127.0.0.2", false, "https", false},
        {"127.0.0.2", true, "http", true},
    };
    const struct proxies proxies = proxies_of("127.0.0.1");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request request = from(cases[i].peer);

        request.secure = cases[i].was_secure;
        if (cases[i].said != NULL)
            add(&request, "X-Forwarded-Proto", cases[i].said);
        proxies_look_through(&proxies, &request);
        assert_int_equal(request.secure, cases[i].is_secure);
    }
}

static void a_list_that_names_no_networks_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *list;
        const char *problem;
    } cases[] = {
        {"myproxy", "\"myproxy\" is no address"},
        {"127.0.0.1,", "\"\" is no address"},
        {"10.0.0.0/33", "behind the / of \"10.0.0.0/33\" stands a number, 1 to 32"},
        {"10.0.0.0/0", "behind the / of \"10.0.0.0/0\" stands a number, 1 to 32"},
        {"::/", "behind the / of \"::/\" stands a number, 1 to 128"},
        {"10.0.0.1/8",
         "\"10.0.0.1/8\" names an address, not a network: it has bits set behind the first 8"},
        {"1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
         "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1",
         "at most 16 of them are taken: name networks"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char problem[PROXIES_PROBLEM] = "";
        struct proxies proxies;

        assert_int_equal(proxies_parse(&proxies, cases[i].list, problem), STATUS_INVALID);
        assert_string_equal(problem, cases[i].problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_address_that_is_no_named_proxy_asks),
        cmocka_unit_test(nobody_else_is_believed),
        cmocka_unit_test(what_is_no_address_ends_the_way_back),
        cmocka_unit_test(a_port_behind_the_address_is_left_out),
        cmocka_unit_test(headers_of_one_name_are_one_list),
        cmocka_unit_test(the_scheme_is_the_nearest_proxys_word),
        cmocka_unit_test(a_list_that_names_no_networks_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
