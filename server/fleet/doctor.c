#include "server/fleet/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

/* An answer of a vendor that says "too busy" once is everyday life; three in a row are not. */
#define FAILED_IN_A_ROW 3
/* Certificates of vendors are checked by the robot's clock. */
#define CLOCK_WRONG_MS (5 * MINUTE_MS)
#define DISK_FULL_MIB  16
#define WIFI_WEAK_DBM  (-80)
/* The journal is sent within seconds of an attempt, and resent within five minutes. */
#define USAGE_PENDING    200
#define ANSWER_WITHIN_MS (5 * MINUTE_MS)

typedef bool (*rule_fn)(const struct doctor_facts *facts, char detail[DOCTOR_DETAIL_SIZE]);

__attribute__((format(printf, 2, 3))) static bool found(char detail[DOCTOR_DETAIL_SIZE],
                                                        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(detail, DOCTOR_DETAIL_SIZE, format, args);
    va_end(args);
    return true;
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static bool not_enrolled(const struct doctor_facts *facts, char *detail)
{
    (void)detail;
    return !facts->is_enrolled;
}

static bool revoked(const struct doctor_facts *facts, char *detail)
{
    (void)detail;
    return is(facts->status, "revoked");
}

static bool retired(const struct doctor_facts *facts, char *detail)
{
    (void)detail;
    return is(facts->status, "retired");
}

static bool quarantined(const struct doctor_facts *facts, char *detail)
{
    (void)detail;
    return is(facts->status, "quarantined");
}

static bool certificate(const struct doctor_facts *facts, char *detail)
{
    const int64_t over_ms = facts->now_ms - facts->certificate_until_ms;

    return over_ms > 0 &&
           found(detail, "it ended %lld hours ago", (long long)(over_ms / (60 * MINUTE_MS)));
}

static bool never_heard(const struct doctor_facts *facts, char *detail)
{
    (void)detail;
    return facts->last_seen_ms == 0;
}

/* What it showed before it went is the best hint at why it did. */
static bool offline(const struct doctor_facts *facts, char *detail)
{
    const int64_t minutes = (facts->now_ms - facts->last_seen_ms) / MINUTE_MS;
    const struct trouble_text *last = trouble_text((enum trouble)facts->told);

    if (facts->is_online)
        return false;
    if (last)
        return found(detail, "last heard %lld minutes ago, when %s", (long long)minutes,
                     last->cause);
    return found(detail, "last heard %lld minutes ago", (long long)minutes);
}

static bool disk(const struct doctor_facts *facts, char *detail)
{
    return facts->disk_free_mib > 0 && facts->disk_free_mib < DISK_FULL_MIB &&
           found(detail, "%lld MiB are free", (long long)facts->disk_free_mib);
}

static bool clock_wrong(const struct doctor_facts *facts, char *detail)
{
    const int64_t off_ms = facts->clock_offset_ms;

    return (off_ms > CLOCK_WRONG_MS || off_ms < -CLOCK_WRONG_MS) &&
           found(detail, "it is %lld minutes %s",
                 (long long)((off_ms < 0 ? -off_ms : off_ms) / MINUTE_MS),
                 off_ms > 0 ? "slow" : "fast");
}

static bool blocked(const struct doctor_facts *facts, char *detail)
{
    return is(facts->limit_mode, "blocked") && found(detail, "%.200s says so", facts->limited_by);
}

static bool no_route(const struct doctor_facts *facts, char *detail)
{
    if (facts->routes == 0)
        return found(detail, "it has none");
    return facts->flawed == facts->routes && found(detail, "%.200s", facts->flaw);
}

static bool credit(const struct doctor_facts *facts, char *detail)
{
    return facts->starved > 0 && facts->starved + facts->flawed >= facts->routes &&
           found(detail, "used up: %.200s", facts->starved_by);
}

static bool found_failed(char *detail, const char *who, int64_t failures)
{
    if (failures == 1)
        return found(detail, "%.120s: its last attempt failed", who);
    return found(detail, "%.120s: its last %lld attempts failed", who, (long long)failures);
}

/* The attempts that the server has, or what the robot says of its routes: a robot that nobody spoke
 * to for an hour, or whose records wait, left them out all the same. */
static bool fails(const struct doctor_facts *facts, char *detail, int64_t at_least,
                  wire_ErrorClass first, wire_ErrorClass second)
{
    const wire_ErrorClass told = facts->left_out_class;

    if (facts->failed >= at_least &&
        (facts->failed_class == first || facts->failed_class == second))
        return found_failed(detail, facts->failed_vendor, facts->failed);
    return facts->left_out > 0 && facts->left_out + facts->flawed >= facts->routes &&
           (told == first || told == second) &&
           found_failed(detail, facts->left_out_route, facts->left_out_failures);
}

/* It talks by another one. */
static bool route_left_out(const struct doctor_facts *facts, char *detail)
{
    return facts->left_out > 0 && facts->left_out + facts->flawed < facts->routes &&
           found_failed(detail, facts->left_out_route, facts->left_out_failures);
}

/* What a vendor says of key and account does not change by asking again. */
static bool vendor_key(const struct doctor_facts *facts, char *detail)
{
    return fails(facts, detail, 1, wire_ErrorClass_AUTH, wire_ErrorClass_AUTH);
}

static bool vendor_account(const struct doctor_facts *facts, char *detail)
{
    return fails(facts, detail, 1, wire_ErrorClass_QUOTA, wire_ErrorClass_MONEY);
}

static bool vendor_busy(const struct doctor_facts *facts, char *detail)
{
    return fails(facts, detail, FAILED_IN_A_ROW, wire_ErrorClass_RATE, wire_ErrorClass_BUSY);
}

static bool vendor_away(const struct doctor_facts *facts, char *detail)
{
    return fails(facts, detail, FAILED_IN_A_ROW, wire_ErrorClass_NET, wire_ErrorClass_NET);
}

static bool vendor_refuses(const struct doctor_facts *facts, char *detail)
{
    return fails(facts, detail, FAILED_IN_A_ROW, wire_ErrorClass_REQUEST, wire_ErrorClass_REQUEST);
}

static bool only_told(const struct doctor_facts *facts, char *detail)
{
    (void)facts;
    (void)detail;
    return false;
}

static bool settings_refused(const struct doctor_facts *facts, char *detail)
{
    return *facts->refused && found(detail, "%.200s", facts->refused);
}

static bool trial_failed(const struct doctor_facts *facts, char *detail)
{
    return facts->reported < facts->desired && is(facts->trial_verdict, "failed") &&
           found(detail, "%.200s", facts->trial_reason);
}

static bool behind(const struct doctor_facts *facts, char *detail)
{
    return facts->reported < facts->desired && facts->sends > 1 &&
           !is(facts->trial_verdict, "running") &&
           facts->now_ms - facts->desired_since_ms > ANSWER_WITHIN_MS &&
           found(detail, "generation %lld was sent %lld times, it runs %lld",
                 (long long)facts->desired, (long long)facts->sends, (long long)facts->reported);
}

static bool usage_waits(const struct doctor_facts *facts, char *detail)
{
    return facts->journal_pending >= USAGE_PENDING &&
           found(detail, "%lld records wait", (long long)facts->journal_pending);
}

static bool older_ca(const struct doctor_facts *facts, char *detail)
{
    return *facts->older_ca && found(detail, "%.200s", facts->older_ca);
}

static bool wifi(const struct doctor_facts *facts, char *detail)
{
    return facts->wifi_dbm != 0 && facts->wifi_dbm < WIFI_WEAK_DBM &&
           found(detail, "%lld dBm", (long long)facts->wifi_dbm);
}

/* The deepest first. Those that end the search leave nothing else worth telling. */
static const struct rule {
    enum trouble trouble;
    rule_fn holds;
    bool is_final;
} rules[] = {
    {TROUBLE_NOT_ENROLLED, not_enrolled, true},
    {TROUBLE_REVOKED, revoked, true},
    {TROUBLE_RETIRED, retired, true},
    {TROUBLE_QUARANTINED, quarantined, true},
    {TROUBLE_CERTIFICATE, certificate, true},
    {TROUBLE_NEVER_HEARD, never_heard, true},
    {TROUBLE_OFFLINE, offline, true},
    {TROUBLE_DISK, disk, false},
    {TROUBLE_CLOCK, clock_wrong, false},
    {TROUBLE_BLOCKED, blocked, false},
    {TROUBLE_NO_ROUTE, no_route, false},
    {TROUBLE_CREDIT, credit, false},
    {TROUBLE_VENDOR_KEY, vendor_key, false},
    {TROUBLE_VENDOR_ACCOUNT, vendor_account, false},
    {TROUBLE_VENDOR_REFUSES, vendor_refuses, false},
    {TROUBLE_VENDOR_AWAY, vendor_away, false},
    {TROUBLE_VENDOR_BUSY, vendor_busy, false},
    {TROUBLE_QUIET, only_told, false},
    {TROUBLE_ENOUGH, only_told, false},
    {TROUBLE_MICROPHONE, only_told, false},
    {TROUBLE_MUTED, only_told, false},
    {TROUBLE_TRIAL, trial_failed, false},
    {TROUBLE_SETTINGS, settings_refused, false},
    {TROUBLE_BEHIND, behind, false},
    {TROUBLE_USAGE, usage_waits, false},
    {TROUBLE_OLDER_CA, older_ca, false},
    {TROUBLE_ROUTE_OUT, route_left_out, false},
    {TROUBLE_WIFI, wifi, false},
};

size_t doctor_diagnose(const struct doctor_facts *facts, struct doctor_finding out[DOCTOR_FINDINGS])
{
    size_t count = 0;

    for (size_t i = 0; i < sizeof rules / sizeof *rules && count < DOCTOR_FINDINGS; i++) {
        struct doctor_finding *finding = &out[count];

        *finding = (struct doctor_finding){.trouble = rules[i].trouble};
        if (!rules[i].holds(facts, finding->detail) && facts->told != rules[i].trouble)
            continue;
        count++;
        if (rules[i].is_final)
            break;
    }
    return count;
}
