#include "tests/robots/settings.h"

#include "schema/wire/local_time.h"
#include "schema/wire/topic.h"

#define AT(field)     .offset = offsetof(struct settings, field)
#define MAX_TALK_RATE 600

static const struct option_spec specs[] = {
    {"robots", OPTION_INT, "10", 1, 100000, AT(robots), .help = "how many"},
    {"first", OPTION_INT, "1", 1, 1000000, AT(first), .help = "number of the first one"},
    {"starts_per_s", OPTION_INT, "100", 1, 10000, AT(starts_per_s),
     .help = "connections begun a second at the start, so that it is no stampede"},
    {"enrol_url", OPTION_TEXT, AT(enrol_url),
     .help = "https://host:port of the enrolment listener"},
    {"claim", OPTION_TEXT, AT(claim),
     .help = "claim code of a batch, for robots not yet enrolled; better in MYNA_ROBOTS_CLAIM"},
    {"state_dir", OPTION_TEXT, "robots", AT(state_dir), .help = "folder of the robots' folders"},
    {"id_prefix", OPTION_TEXT, "sim-", AT(id_prefix),
     .help = "device ids are this and 0001, 0002 ..."},
    {"talk_rate", OPTION_TEXT, "0.5", AT(talk_rate_text),
     .help = "questions per robot and minute, 0 to 600"},
    {"think_ms", OPTION_INT, "500", 0, 600000, AT(think_ms),
     .help = "how long an owner speaks: from opening an attempt to sending it"},
    {"interrupts", OPTION_INT, "5", 0, 100, AT(interrupts),
     .help = "per cent of the answers that their owner interrupts"},
    {"interrupts_of", OPTION_TEXT, "", AT(interrupts_of_text),
     .help = "VENDOR=PERCENT,...: the same of what these vendors answer"},
    {"disconnects", OPTION_INT, "0", 0, 3600, AT(disconnects),
     .help = "broken connections per robot and hour"},
    {"clock_skew_s", OPTION_INT, "0", 0, 31536000, AT(clock_skew_s),
     .help = "each robot's clock is off by at most this much, either way"},
    {"utc_offset", OPTION_TEXT, "", AT(utc_offset_text),
     .help = "what the robots say how far their own day is from UTC, like +08:00; empty: nothing, "
             "as robots of older software"},
    {"seed", OPTION_INT, "1", 0, INT64_MAX, AT(seed), .help = "of all chance but keys and ids"},
    {"seconds", OPTION_INT, "0", 0, 31536000, AT(seconds),
     .help = "how long to run; 0: until stopped"},
    {"help", OPTION_FLAG, "false", AT(help), .help = "print this and exit"},
};

static const struct option_table table = {.program = "myna-robots",
                                          .env_prefix = "MYNA_ROBOTS",
                                          .specs = specs,
                                          .count = sizeof specs / sizeof *specs};

/* "slow=20,chatty=40" */
static enum status read_patience(struct settings *settings, char problem[256])
{
    const char *text = settings->interrupts_of_text;

    while (*text != '\0') {
        struct settings_patience *patience = &settings->patience[settings->patience_count];
        const size_t size = strcspn(text, ",");
        const char *equals = memchr(text, '=', size);
        int64_t percent = -1;

        if (settings->patience_count == SETTINGS_PATIENCE_MAX || !equals || equals == text ||
            (size_t)(equals - text) >= sizeof patience->vendor ||
            span_to_int64(span_of(equals + 1, size - (size_t)(equals + 1 - text)), &percent) !=
                STATUS_OK ||
            percent < 0 || percent > 100) {
            snprintf(problem, 256,
                     "--interrupts-of: \"%.60s\" must be VENDOR=PERCENT,... of at most %d vendors",
                     text, SETTINGS_PATIENCE_MAX);
            return STATUS_INVALID;
        }
        snprintf(patience->vendor, sizeof patience->vendor, "%.*s", (int)(equals - text), text);
        patience->interrupt_percent = (unsigned)percent;
        settings->patience_count++;
        text += text[size] == ',' ? size + 1 : size;
    }
    return STATUS_OK;
}

static enum status check(struct settings *settings, char problem[256])
{
    char id[LIMIT_SLUG + 1];
    char *end = NULL;

    settings->talk_rate = strtod(settings->talk_rate_text, &end);
    if (end == settings->talk_rate_text || *end != '\0' ||
        !(settings->talk_rate >= 0 && settings->talk_rate <= MAX_TALK_RATE)) {
        snprintf(problem, 256, "--talk-rate: \"%.60s\" is not a number from 0 to %d",
                 settings->talk_rate_text, MAX_TALK_RATE);
        return STATUS_INVALID;
    }
    if (snprintf(id, sizeof id, "%s%04d", settings->id_prefix, 1) >= (int)sizeof id - 4 ||
        !topic_is_slug(span_text(id))) {
        snprintf(problem, 256, "--id-prefix: \"%.60s\" must be at most 40 of a-z, 0-9 and dash",
                 settings->id_prefix);
        return STATUS_INVALID;
    }
    settings->has_utc_offset = settings->utc_offset_text[0] != '\0';
    if (settings->has_utc_offset && local_time_offset(span_text(settings->utc_offset_text),
                                                      &settings->utc_offset_min) != STATUS_OK) {
        snprintf(problem, 256, "--utc-offset: \"%.60s\" must be like +08:00",
                 settings->utc_offset_text);
        return STATUS_INVALID;
    }
    return read_patience(settings, problem);
}

enum status settings_parse(int argc, char **argv, struct settings *out, char problem[256])
{
    struct settings settings = {.robots = 0};
    int rest = 0;
    enum status status = option_parse(&table, NULL, argc, argv, &settings, &rest, problem);

    if (status == STATUS_OK && rest < argc) {
        snprintf(problem, 256, "\"%.100s\" is no option (hint: --help lists them)", argv[rest]);
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK)
        status = check(&settings, problem);
    if (status == STATUS_OK)
        *out = settings;
    return status;
}

void settings_print_help(FILE *out)
{
    option_print_help(&table, out);
}
