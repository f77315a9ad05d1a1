#include "agent/selftest.h"

#include <stdarg.h>
#include <unistd.h>

#include "agent/selftest_parts.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/file.h"
#include "schema/base/json.h"

#define LEAST_FREE_MIB 64
#define PATTERN_BYTES  (16u << 20)
#define FILE_BYTES     (1u << 20)
#define RANDOM_BYTES   4096
#define DAY_MS         ((int64_t)86400 * 1000)

void selftest_tell(struct selftest_result *result, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(result->detail, sizeof result->detail, format, list);
    va_end(list);
}

void selftest_fail(struct selftest_result *result, const char *cure, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(result->cause, sizeof result->cause, format, list);
    va_end(list);
    snprintf(result->cure, sizeof result->cure, "%s", cure);
}

/* A clock from before this program was built does not know what day it is. */
static void check_clock(const struct config *config, struct selftest_result *result)
{
    const int64_t wall_ms = clock_wall_ms(), mono_ns = clock_mono_ns();
    char text[CLOCK_TEXT_SIZE];

    (void)config;
    clock_format(wall_ms, text);
    clock_sleep_ms(2);
    if (wall_ms < MYNA_BUILT_S * INT64_C(1000) - DAY_MS)
        selftest_fail(result, "set it, or give the machine a time server",
                      "the clock says %s, which is before this program was built", text);
    else if (clock_mono_ns() <= mono_ns)
        selftest_fail(result, "change the board", "the monotonic clock stands still");
    else
        selftest_tell(result, "%s", text);
}

/* No proof of randomness, but a generator that is stuck is found. */
static void check_random(const struct config *config, struct selftest_result *result)
{
    uint8_t bytes[2][RANDOM_BYTES];
    unsigned ones = 0;

    (void)config;
    crypto_random(bytes[0], sizeof bytes[0]);
    crypto_random(bytes[1], sizeof bytes[1]);
    for (size_t i = 0; i < RANDOM_BYTES; i++)
        ones += (unsigned)__builtin_popcount(bytes[0][i]);
    const double share = (double)ones / (8 * RANDOM_BYTES);
    if (memcmp(bytes[0], bytes[1], RANDOM_BYTES) == 0 || share < 0.45 || share > 0.55)
        selftest_fail(result, "change the board or its kernel",
                      "the kernel's random numbers are not random: %.0f %% ones", 100 * share);
    else
        selftest_tell(result, "%.1f %% ones of %d bits", 100 * share, 8 * RANDOM_BYTES);
}

static unsigned word_at(size_t i)
{
    return (unsigned)(i * 2654435761u); /* every address bit shows in every word */
}

static void check_memory(const struct config *config, struct selftest_result *result)
{
    const size_t count = PATTERN_BYTES / sizeof(unsigned);
    unsigned *words = malloc(PATTERN_BYTES);
    const long pages = sysconf(_SC_AVPHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    size_t bad = 0;

    (void)config;
    if (!words) {
        selftest_fail(result, "end what else runs, or use a board with more memory",
                      "16 MiB of memory are not to be had");
        return;
    }
    for (size_t i = 0; i < count; i++)
        words[i] = word_at(i);
    for (size_t i = 0; i < count; i++)
        bad += ((volatile unsigned *)words)[i] != word_at(i);
    free(words);
    if (bad > 0)
        selftest_fail(result, "change the board", "%zu words of memory do not keep what is written",
                      bad);
    else
        selftest_tell(result, "%ld MiB free", pages / (1 << 10) * (page_size / (1 << 10)));
}

/* Written, synced, read back. */
static enum status exercise_disk(const char *path)
{
    uint8_t *content = malloc(FILE_BYTES), *found = NULL;
    size_t size = 0;
    enum status status = content ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK) {
        crypto_random(content, FILE_BYTES);
        status = file_replace(path, span_of(content, FILE_BYTES), 0600);
    }
    if (status == STATUS_OK)
        status = file_read(path, FILE_BYTES, &found, &size);
    if (status == STATUS_OK && (size != FILE_BYTES || memcmp(content, found, size) != 0))
        status = STATUS_CORRUPT;
    unlink(path);
    free(found);
    free(content);
    return status;
}

static void check_disk(const struct config *config, struct selftest_result *result)
{
    static const char cure[] = "let the robot's user write there, free space, or change the disk";
    char path[PATH_MAX];
    enum status status = file_make_folder(config->state_dir, 0700);

    if (status == STATUS_OK &&
        snprintf(path, sizeof path, "%s/selftest", config->state_dir) >= (int)sizeof path)
        status = STATUS_FULL;
    if (status == STATUS_OK)
        status = exercise_disk(path);
    const uint32_t free_mib = status == STATUS_OK ? health_disk_free_mib(config->state_dir) : 0;
    if (status != STATUS_OK)
        selftest_fail(result, cure, "the state folder \"%.80s\" does not keep a file: %s",
                      config->state_dir, status_text(status));
    else if (free_mib < LEAST_FREE_MIB)
        selftest_fail(result, cure, "%u MiB are free in \"%.80s\"; a robot needs %d", free_mib,
                      config->state_dir, LEAST_FREE_MIB);
    else
        selftest_tell(result, "%u MiB free", free_mib);
}

static const struct {
    const char *name;
    void (*check)(const struct config *config, struct selftest_result *result);
} checks[] = {
    {"clock", check_clock},
    {"random", check_random},
    {"memory", check_memory},
    {"disk", check_disk},
    {"keys", selftest_keys},
    {"certificate", selftest_certificate},
    {"voice", selftest_voice},
    {"face", selftest_face},
    {"screen", selftest_screen},
    {"speaker", selftest_speaker},
    {"microphone", selftest_microphone},
};

static void write_bool(struct json_writer *writer, const char *name, bool value)
{
    json_key(writer, name);
    json_write_bool(writer, value);
}

static void write_check(struct json_writer *writer, const char *name,
                        const struct selftest_result *result)
{
    const bool ok = !result->cause[0];

    json_begin_object(writer);
    json_write_member(writer, "name", name);
    write_bool(writer, "ok", ok);
    if (result->skipped)
        json_write_member(writer, "skipped", result->skipped);
    else if (ok)
        json_write_member(writer, "detail", result->detail);
    if (!ok) {
        json_write_member(writer, "cause", result->cause);
        json_write_member(writer, "cure", result->cure);
    }
    json_end_object(writer);
}

enum status selftest_run(const struct config *config, struct buffer *out)
{
    struct selftest_result results[sizeof checks / sizeof checks[0]] = {0};
    struct json_writer writer;
    bool ok = true;

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        checks[i].check(config, &results[i]);
        ok = ok && !results[i].cause[0];
    }
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "selftest");
    json_write_int(&writer, 1);
    json_write_member(&writer, "version", MYNA_VERSION);
    write_bool(&writer, "ok", ok);
    json_key(&writer, "checks");
    json_begin_array(&writer);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        write_check(&writer, checks[i].name, &results[i]);
    json_end_array(&writer);
    json_end_object(&writer);
    buffer_byte(out, '\n');
    if (buffer_status(out) != STATUS_OK)
        return buffer_status(out);
    return ok ? STATUS_OK : STATUS_DENIED;
}
