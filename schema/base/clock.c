#include "schema/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_0_MS    (-62167219200000) /* 0000-01-01T00:00:00Z */
#define YEAR_9999_MS 253402300799999   /* 9999-12-31T23:59:59.999Z */

static int64_t read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t duration_ms)
{
    if (duration_ms <= 0)
        return;

    struct timespec left = {
        .tv_sec = (time_t)(duration_ms / 1000),
        .tv_nsec = (long)(duration_ms % 1000) * 1000000,
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        continue;
}

void clock_sleep_until_ns(int64_t mono_ns)
{
    const struct timespec until = {
        .tv_sec = (time_t)(mono_ns / 1000000000),
        .tv_nsec = (long)(mono_ns % 1000000000),
    };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

void clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    if (wall_ms < YEAR_0_MS)
        wall_ms = YEAR_0_MS;
    if (wall_ms > YEAR_9999_MS)
        wall_ms = YEAR_9999_MS;

    int64_t rest_ms = wall_ms % 1000;
    if (rest_ms < 0)
        rest_ms += 1000;
    time_t seconds = (time_t)((wall_ms - rest_ms) / 1000);
    struct tm tm;
    char text[80];

    gmtime_r(&seconds, &tm);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)rest_ms);
    memcpy(out, text, CLOCK_TEXT_SIZE - 1);
    out[CLOCK_TEXT_SIZE - 1] = 0;
}

/* What is left of the text to read. The first mistake latches. */
struct scan {
    struct span rest;
    bool failed;
};

static uint8_t next(struct scan *scan)
{
    if (scan->rest.size == 0) {
        scan->failed = true;
        return 0;
    }
    scan->rest.size--;
    return *scan->rest.data++;
}

static void expect(struct scan *scan, char wanted)
{
    if (next(scan) != (uint8_t)wanted)
        scan->failed = true;
}

static int digits(struct scan *scan, int count, int max)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        unsigned digit = (unsigned)next(scan) - '0';

        if (digit > 9)
            scan->failed = true;
        else
            value = value * 10 + (int)digit;
    }
    if (value > max)
        scan->failed = true;
    return value;
}

static bool next_is_digit(const struct scan *scan)
{
    return scan->rest.size > 0 && scan->rest.data[0] >= '0' && scan->rest.data[0] <= '9';
}

static int fraction_ms(struct scan *scan)
{
    int value = 0, count = 0;

    if (scan->rest.size == 0 || scan->rest.data[0] != '.')
        return 0;
    expect(scan, '.');
    for (; next_is_digit(scan); count++) {
        int digit = digits(scan, 1, 9);

        if (count < 3)
            value = value * 10 + digit;
    }
    if (count == 0 || count > 9)
        scan->failed = true;
    for (; count < 3; count++)
        value *= 10;
    return value;
}

static int offset_minutes(struct scan *scan)
{
    uint8_t sign = next(scan);

    if (sign == 'Z' || sign == 'z')
        return 0;
    if (sign != '+' && sign != '-')
        scan->failed = true;

    int hours = digits(scan, 2, 23);
    expect(scan, ':');
    int minutes = hours * 60 + digits(scan, 2, 59);
    return sign == '-' ? -minutes : minutes;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

enum status clock_parse(struct span text, int64_t *wall_ms)
{
    struct scan scan = {.rest = text};
    struct tm tm = {0};

    int year = digits(&scan, 4, 9999);
    expect(&scan, '-');
    int month = digits(&scan, 2, 12);
    expect(&scan, '-');
    int day = digits(&scan, 2, 31);
    uint8_t separator = next(&scan);
    tm.tm_hour = digits(&scan, 2, 23);
    expect(&scan, ':');
    tm.tm_min = digits(&scan, 2, 59);
    expect(&scan, ':');
    tm.tm_sec = digits(&scan, 2, 60); /* a leap second counts as the next second */
    int ms = fraction_ms(&scan);
    int offset = offset_minutes(&scan);

    if (scan.failed || scan.rest.size > 0 || (separator != 'T' && separator != 't'))
        return STATUS_INVALID;
    if (month < 1 || day < 1 || day > days_of_month(year, month))
        return STATUS_INVALID;

    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    *wall_ms = ((int64_t)timegm(&tm) - (int64_t)offset * 60) * 1000 + ms;
    return STATUS_OK;
}

bool clock_is_date(const char *text)
{
    char stamp[32];
    int64_t wall_ms;

    if (strlen(text) != 10)
        return false;
    snprintf(stamp, sizeof stamp, "%sT00:00:00Z", text);
    return clock_parse(span_text(stamp), &wall_ms) == STATUS_OK;
}
