#include "agent/health.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int64_t cpu_ms(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return 0;
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* The second number of /proc/self/statm: resident pages. */
static uint32_t resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    uint64_t all = 0, resident = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) != 2)
        resident = 0;
    fclose(file);
    return (uint32_t)(resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024);
}

static uint32_t free_mib(const char *folder)
{
    struct statvfs disk;

    if (statvfs(folder, &disk) < 0)
        return 0;
    return (uint32_t)((uint64_t)disk.f_bavail * disk.f_frsize >> 20);
}

void health_start(struct health *health, int64_t now_ms)
{
    *health = (struct health){.started_ms = now_ms, .read_ms = now_ms, .cpu_ms = cpu_ms()};
}

void health_read(struct health *health, const char *state_dir, int64_t now_ms, wire_Health *out)
{
    const int64_t used_ms = cpu_ms();

    const int64_t passed_ms = now_ms - health->read_ms;
    if (passed_ms > 0)
        out->cpu_percent = (uint32_t)((used_ms - health->cpu_ms) * 100 / passed_ms);
    health->read_ms = now_ms;
    health->cpu_ms = used_ms;
    out->uptime_s = (uint32_t)((now_ms - health->started_ms) / 1000);
    out->memory_kib = resident_kib();
    out->disk_free_mib = free_mib(state_dir);
}
