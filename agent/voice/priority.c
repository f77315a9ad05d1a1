#include "agent/voice/priority.h"

#include <sched.h>
#include <sys/resource.h>

#include "schema/base/log.h"

static const struct {
    int real_time; /* packaging/myna-agent.service.in allows as much */
    int nice_value;
} levels[] = {
    [PRIORITY_SOUND] = {3, -11},
    [PRIORITY_PICTURE] = {2, -9},
};

void priority_raise(enum priority priority)
{
    const struct sched_param param = {.sched_priority = levels[priority].real_time};

    /* Here and below 0 means the calling thread, on Linux (sched(7), setpriority(2)). */
    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0)
        return;
    if (setpriority(PRIO_PROCESS, 0, levels[priority].nice_value) != 0)
        log_debug("voice", "no right to a higher priority");
}
