#include "agent/chores.h"

#include "agent/enrol.h"
#include "agent/face/face.h"
#include "agent/renewal.h"
#include "agent/selftest.h"
#include "schema/base/clock.h"

static int fail(const char *problem)
{
    fprintf(stderr, "myna-agent: %s\n", problem);
    return 1;
}

int chores_enrol(const struct config *config, const char *films)
{
    const struct enrol_request request = {config->state_dir, config->url,    config->claim,
                                          config->device_id, config->serial, films};
    char problem[256];

    if (!config->claim || !config->device_id || !enrol_knows_url(&request)) {
        fail("enrol needs --url, --claim and --device-id");
        return 2;
    }
    enum status status = enrol_run(&request, problem);
    if (status != STATUS_OK && status != STATUS_EXISTS)
        return fail(problem);
    puts(status == STATUS_OK ? "enrolled" : "enrolled already");
    return 0;
}

int chores_renew(const struct config *config)
{
    struct renewal_request request = {.state_dir = config->state_dir, .url = config->url};
    struct identity identity = {0};
    char problem[256] = "cannot tell what day it is", next[CLOCK_TEXT_SIZE];
    enum status status = calendar_open(&request.calendar, config->state_dir);

    if (status == STATUS_OK)
        status = renewal_run(&request, &identity, problem);
    calendar_close(request.calendar);
    if (status != STATUS_OK)
        return fail(problem);
    clock_format(identity.renew_after_ms, next);
    identity_wipe(&identity);
    printf("renewed; the next time after %s\n", next);
    return 0;
}

int chores_selftest(const struct config *config)
{
    struct buffer line;

    buffer_init(&line, SELFTEST_MAX_BYTES);
    enum status status = selftest_run(config, &line);
    const struct span text = buffer_span(&line);
    fwrite(text.data, 1, text.size, stdout);
    buffer_release(&line);
    face_forget_libraries();
    if (status != STATUS_OK && status != STATUS_DENIED)
        return fail(status_text(status));
    return status == STATUS_OK ? 0 : 1;
}
