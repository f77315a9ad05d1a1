#include "agent/health.h"

#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

uint32_t health_disk_free_mib(const char *folder)
{
    struct statvfs disk;

    if (statvfs(folder, &disk) < 0)
        return 0;
    const uint32_t mib = (uint32_t)((uint64_t)disk.f_bavail * disk.f_frsize >> 20);
    return mib > 0 ? mib : 1;
}

/* Two lines of headings, then for each interface "wlan0: 0000   54.  -56.  -256  ...": status, link
 * quality, level in dBm. */
int32_t health_wifi_of(struct span text)
{
    int32_t best = 0;
    size_t line = 0;

    for (size_t at = 0; at < text.size; line++) {
        const char *row = (const char *)text.data + at;
        const char *end = memchr(row, '\n', text.size - at);
        const size_t size = end ? (size_t)(end - row) : text.size - at;
        char copy[160];
        int level;

        snprintf(copy, sizeof copy, "%.*s", (int)(size < sizeof copy ? size : sizeof copy - 1),
                 row);
        if (line >= 2 && sscanf(copy, " %*[^:]: %*s %*s %d", &level) == 1 && level < 0 &&
            level > -256 && (best == 0 || level > best))
            best = level;
        at += size + 1;
    }
    return best;
}

int32_t health_wifi_dbm(void)
{
    char text[2048];
    FILE *file = fopen("/proc/net/wireless", "re");

    if (!file)
        return 0;
    const size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    return health_wifi_of(span_of(text, size));
}

bool health_has_network(void)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) < 0)
        return true; /* not known: nobody is sent to look for a cable */
    for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next)
        found = one->ifa_addr && (one->ifa_flags & IFF_LOOPBACK) == 0 &&
                (one->ifa_flags & IFF_UP) && (one->ifa_flags & IFF_RUNNING) &&
                (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6);
    freeifaddrs(all);
    return found;
}

void health_name_machine(char out[HEALTH_MACHINE_SIZE])
{
    struct utsname name;

    out[0] = 0;
    if (uname(&name) == 0)
        snprintf(out, HEALTH_MACHINE_SIZE, "%.20s %.20s", name.machine, name.sysname);
}

void health_start(struct health *health, int64_t now_ms)
{
    *health = (struct health){.started_ms = now_ms, .read_ms = now_ms, .cpu_ms = cpu_ms()};
}

void health_tell_held(const uint32_t held[FILTER_CLASSES], wire_Health *out)
{
    out->held_crisis = held[FILTER_CRISIS];
    out->held_self_harm = held[FILTER_SELF_HARM];
    out->held_violence = held[FILTER_VIOLENCE];
    out->held_sexual = held[FILTER_SEXUAL];
    out->held_hate = held[FILTER_HATE];
    out->held_drugs = held[FILTER_DRUGS];
    out->held_personal = held[FILTER_PERSONAL];
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
    out->disk_free_mib = health_disk_free_mib(state_dir);
    out->wifi_dbm = health_wifi_dbm();
}
