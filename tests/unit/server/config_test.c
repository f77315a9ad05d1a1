#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/base/file.h"

/* the end of the words: NULL alone need not be as wide as a pointer */
#define NO_MORE ((char *)NULL)

static enum status parse(struct config *config, char problem[256], ...)
{
    char *argv[16] = {"mynad", "--config", "/dev/null"};
    int argc = 3;
    va_list words;
    int rest;

    va_start(words, problem);
    while ((argv[argc] = va_arg(words, char *)) != NULL)
        argc++;
    va_end(words);
    return config_parse(config, argc, argv, &rest, problem);
}

static void without_options_everything_stays_on_loopback_but_the_robots_listener(void **state)
{
    struct config config = {0};
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, problem, NO_MORE), STATUS_OK);
    assert_string_equal(config.listen, "127.0.0.1:8080");
    assert_string_equal(config.device_listen, "0.0.0.0:8443");
    assert_int_equal(config.instance, 1);
    assert_int_equal(config.stale_window_s, 60);
    assert_null(config.demo_media);
}

static void the_audits_newest_hash_goes_to_the_journal_unless_told_otherwise(void **state)
{
    struct config config = {0};
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, problem, NO_MORE), STATUS_OK);
    assert_true(config.audit_head_syslog);
    assert_int_equal(parse(&config, problem, "--no-audit-head-syslog", NO_MORE), STATUS_OK);
    assert_false(config.audit_head_syslog);
}

static void a_public_address_needs_tls(void **state)
{
    struct config config = {0};
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, problem, "--listen", "0.0.0.0:80", NO_MORE), STATUS_INVALID);
    assert_non_null(strstr(problem, "tls_cert"));
    assert_int_equal(parse(&config, problem, "--listen", "0.0.0.0:80", "--tls-cert", "c",
                           "--tls-key", "k", NO_MORE),
                     STATUS_OK);
}

static void half_of_tls_is_refused(void **state)
{
    struct config config = {0};
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, problem, "--tls-cert", "c", NO_MORE), STATUS_INVALID);
    assert_non_null(strstr(problem, "belong together"));
}

static void a_tenth_instance_is_refused(void **state)
{
    struct config config = {0};
    char problem[256];

    (void)state;
    assert_int_equal(parse(&config, problem, "--instance", "10", NO_MORE), STATUS_INVALID);
    assert_non_null(strstr(problem, "instance"));
}

/* "  --state-dir   folder ..." gives "#state_dir = ". */
static void to_sample_line(const char *help_line, char out[64])
{
    size_t size = strcspn(help_line + 4, " ");

    snprintf(out, 64, "#%.*s = ", (int)size, help_line + 4);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '-')
            *c = '_';
}

static void the_sample_file_names_every_option(void **state)
{
    uint8_t *sample;
    size_t sample_size;
    char *help = NULL;
    size_t help_size = 0;
    unsigned found = 0;
    FILE *out = open_memstream(&help, &help_size);

    (void)state;
    assert_int_equal(file_read(SAMPLE_FILE, 65536, &sample, &sample_size), STATUS_OK);
    config_print_help(out);
    fclose(out);
    for (const char *at = strstr(help, "  --"); at != NULL; at = strstr(at + 4, "\n  --")) {
        char line[64];

        at += *at == '\n';
        to_sample_line(at, line);
        if (strcmp(line, "#config = ") == 0)
            continue;
        if (strstr((const char *)sample, line) == NULL)
            fail_msg("the sample file lacks %s", line);
        found++;
    }
    assert_true(found > 10);
    free(help);
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_everything_stays_on_loopback_but_the_robots_listener),
        cmocka_unit_test(the_audits_newest_hash_goes_to_the_journal_unless_told_otherwise),
        cmocka_unit_test(a_public_address_needs_tls),
        cmocka_unit_test(half_of_tls_is_refused),
        cmocka_unit_test(a_tenth_instance_is_refused),
        cmocka_unit_test(the_sample_file_names_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
