#include "agent/joining.h"

#include <poll.h>
#include <unistd.h>

#include "agent/announcer.h"
#include "agent/consent.h"
#include "agent/identity.h"
#include "agent/pair.h"
#include "schema/base/clock.h"

#define LOOK_MS 200

struct joining {
    const struct config *config;
    struct announcer *announcer;
};

static void on_digits(void *context, const char digits[PAIRING_DIGITS + 1])
{
    struct joining *joining = context;

    printf("pairing digits: %.3s %s\n", digits, digits + PAIRING_DIGITS / 2);
    fflush(stdout);
    announcer_digits(joining->announcer, digits);
}

static void on_wait(void *context)
{
    struct joining *joining = context;

    announcer_pass(joining->announcer);
}

/* A line on the terminal; ANNOUNCER_NONE: none came. */
static enum announcer_answer read_line(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[64];

    if (poll(&input, 1, LOOK_MS) <= 0)
        return ANNOUNCER_NONE;
    if (!fgets(line, sizeof line, stdin))
        return ANNOUNCER_NO;
    return strcmp(line, "yes\n") == 0 ? ANNOUNCER_YES : ANNOUNCER_NO;
}

static bool is_right(void *context)
{
    struct joining *joining = context;
    const int64_t until_ms = clock_mono_ms() + CONSENT_WINDOW_MS;
    const bool has_terminal = isatty(STDIN_FILENO);
    const struct timespec step = {.tv_nsec = LOOK_MS * 1000000L};
    enum announcer_answer answer = ANNOUNCER_NONE;

    if (joining->config->unattended)
        return true;
    announcer_say(joining->announcer, ANNOUNCER_ASK);
    if (has_terminal)
        puts("the server says that somebody has typed these digits; if it was one of you, type "
             "yes:");
    while (answer == ANNOUNCER_NONE && clock_mono_ms() < until_ms) {
        answer = announcer_answer(joining->announcer);
        if (answer == ANNOUNCER_NONE && has_terminal)
            answer = read_line();
        else
            nanosleep(&step, NULL);
    }
    return answer == ANNOUNCER_YES;
}

static int fail(const char *problem, int code)
{
    fprintf(stderr, "myna-agent: %s\n", problem);
    return code;
}

bool joining_is_due(const struct config *config)
{
    return config->pair && !identity_exists(config->state_dir);
}

int joining_pair(const struct config *config, const char *films)
{
    struct joining joining = {.config = config};
    const struct pair_host host = {&joining, on_digits, on_wait, is_right};
    const struct pair_request request = {config->state_dir, config->url, config->device_id,
                                         config->serial, films};
    char problem[256];

    if (!config->url || !config->device_id)
        return fail("pair needs --url and --device-id", 2);
    if (!config->unattended && config_is_headless(config) && !isatty(STDIN_FILENO))
        return fail("nobody could agree at this robot that it is let in: it has no window and no "
                    "terminal; see --unattended",
                    2);
    if (announcer_create(&joining.announcer, config, problem) != STATUS_OK)
        return fail(problem, 1);
    enum status status = pair_run(&request, &host, problem);
    if (status == STATUS_OK)
        announcer_say(joining.announcer, ANNOUNCER_IN);
    else if (status == STATUS_DENIED || status == STATUS_TIMEOUT)
        announcer_say(joining.announcer, ANNOUNCER_OUT);
    announcer_free(joining.announcer);
    if (status != STATUS_OK && status != STATUS_EXISTS)
        return fail(problem, 1);
    if (status == STATUS_OK)
        printf("paired: this robot is \"%s\" now%s\n", config->device_id,
               config->pair ? "" : "; start its agent (systemctl start myna-agent)");
    else
        puts("enrolled already");
    return 0;
}
