#include <signal.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/chores.h"
#include "agent/face/face.h"
#include "agent/face/sheet.h"
#include "agent/joining.h"
#include "agent/talk.h"
#include "schema/base/heap.h"
#include "schema/base/log.h"
#include "schema/base/seclude.h"

static int fail(const char *problem)
{
    fprintf(stderr, "myna-agent: %s\n", problem);
    return 1;
}

/* Until a signal or the server ends it. */
static int run(const struct config *config, char **argv)
{
    const struct timespec step = {.tv_nsec = 200 * 1000 * 1000};
    struct agent *agent = NULL;
    char problem[256];
    bool restart = false;
    sigset_t signals;

    sigemptyset(&signals), sigaddset(&signals, SIGTERM), sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread exists */
    signal(SIGPIPE, SIG_IGN); /* a vendor that closes while TLS writes must not end the robot */
    if (agent_start(&agent, config, problem) != STATUS_OK)
        return fail(problem);
    while (!restart && sigtimedwait(&signals, NULL, &step) < 0)
        agent_look(agent), restart = agent_wants_restart(agent);
    agent_stop(agent);
    face_forget_libraries();
    if (!restart)
        return 0;
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    execv(strchr(argv[0], '/') ? argv[0] : "/proc/self/exe", argv); /* newer, perhaps */
    return fail("cannot start anew");
}

int main(int argc, char **argv)
{
    struct config config = {0};
    char problem[256], socket_path[256], memory_path[PATH_MAX], films_path[PATH_MAX];

    seclude_process();
    heap_economize();
    if (config_parse(argc, argv, &config, problem) != STATUS_OK)
        return fail(problem), 2;
    if (config.help)
        return config_print_help(stdout), 0;
    if (config.version)
        return puts("myna-agent " MYNA_VERSION), 0;
    log_set_level_named(config.log_level);
    if (agent_socket_path(&config, socket_path, sizeof socket_path) != STATUS_OK ||
        agent_memory_path(&config, memory_path) != STATUS_OK ||
        agent_films_path(&config, films_path) != STATUS_OK)
        return fail("the state folder's or the socket's path is too long"), 2;
    switch (config.command) {
    case CONFIG_RUN:
        if (joining_is_due(&config) && joining_pair(&config, films_path) != 0)
            return 1;
        return run(&config, argv);
    case CONFIG_PAIR:
        return joining_pair(&config, films_path);
    case CONFIG_ENROL:
        return chores_enrol(&config, films_path);
    case CONFIG_RENEW:
        return chores_renew(&config);
    case CONFIG_SELFTEST:
        return chores_selftest(&config);
    case CONFIG_ASK:
        return talk_ask(socket_path, config.text);
    case CONFIG_CHAT:
        return talk_chat(socket_path);
    case CONFIG_STATUS:
        return talk_status(socket_path);
    case CONFIG_FORGET:
        return talk_forget(socket_path, memory_path, films_path);
    case CONFIG_HEAR:
        return talk_hear(socket_path, config.text);
    case CONFIG_MUTE:
    case CONFIG_UNMUTE:
        return talk_mute(socket_path, config.command == CONFIG_MUTE);
    case CONFIG_CONSENT:
        return talk_consent(socket_path, config.text);
    case CONFIG_AVATAR:
        return sheet_check(config.text, config.sheet);
    }
    return 2;
}
