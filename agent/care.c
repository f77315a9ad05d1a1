#include "agent/care.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/wire/local_time.h"

#define DAY_MS         (24 * 3600 * INT64_C(1000))
#define MINUTE_MS      INT64_C(60000)
#define MAX_FILE_BYTES 256
#define MAX_BACK_DAYS  2
#define PAUSE_MS       (10 * MINUTE_MS) /* between two talks */

struct moment {
    int64_t day;
    int minute;
};

int care_utc_offset_min(const char *zone, int64_t wall_ms)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local = {0};
    int offset_min;

    if (local_time_offset(span_text(zone), &offset_min) == STATUS_OK)
        return offset_min;
    return localtime_r(&seconds, &local) ? (int)(local.tm_gmtoff / 60) : 0;
}

static struct moment moment_of(const struct care_rules *rules, int64_t wall_ms)
{
    const int64_t local_ms = wall_ms + care_utc_offset_min(rules->zone, wall_ms) * MINUTE_MS;

    return (struct moment){
        .day = local_ms / DAY_MS,
        .minute = (int)(local_ms % DAY_MS / MINUTE_MS),
    };
}

static enum status take(struct care *care, struct span content)
{
    struct json *json = NULL;

    if (json_parse(content, &json, NULL) != STATUS_OK)
        return STATUS_CORRUPT;
    const bool noticed = json_bool(json_member(json, "noticed"), false);
    const int64_t day = json_int(json_member(json, "day"), -1);
    const int64_t used_ms = json_int(json_member(json, "used_ms"), -1);
    json_free(json);
    if (day < 0 || used_ms < 0)
        return STATUS_CORRUPT;
    care->noticed = noticed;
    care->day = day;
    care->used_ms = used_ms < DAY_MS ? used_ms : DAY_MS;
    return STATUS_OK;
}

enum status care_load(struct care *care, const char *path)
{
    uint8_t *data = NULL;
    size_t size;

    *care = (struct care){0};
    /* room for ".new" */
    if (snprintf(care->path, sizeof care->path, "%s", path) >= (int)sizeof care->path - 4)
        return STATUS_INVALID;
    enum status status = file_read(path, MAX_FILE_BYTES, &data, &size);
    if (status == STATUS_OK)
        status = take(care, span_of(data, size));
    free(data);
    if (status == STATUS_FULL)
        return STATUS_CORRUPT;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status save(const struct care *care)
{
    char text[MAX_FILE_BYTES];

    snprintf(text, sizeof text, "{\"noticed\":%s,\"day\":%lld,\"used_ms\":%lld}\n",
             care->noticed ? "true" : "false", (long long)care->day, (long long)care->used_ms);
    return file_replace(care->path, span_text(text), 0600);
}

/* Sees whether another day has begun. */
static void turn_page(struct care *care, int64_t today)
{
    if (today > care->day)
        care->used_ms = 0;
    if (today > care->day || care->day - today > MAX_BACK_DAYS)
        care->day = today;
}

enum excuse care_refusal(struct care *care, const struct care_rules *rules, int64_t wall_ms)
{
    const struct moment now = moment_of(rules, wall_ms);
    struct local_time_hours quiet;

    turn_page(care, now.day);
    if (local_time_hours(span_text(rules->quiet_hours), &quiet) == STATUS_OK &&
        local_time_is_within(quiet, now.minute))
        return EXCUSE_QUIET;
    if (rules->daily_minutes > 0 && care->used_ms >= rules->daily_minutes * MINUTE_MS)
        return EXCUSE_ENOUGH;
    return EXCUSE_NONE;
}

enum status care_note(struct care *care, const struct care_rules *rules, int64_t wall_ms,
                      int64_t mono_ms, int64_t duration_ms)
{
    if (care->started_ms == 0 || mono_ms - duration_ms - care->ended_ms > PAUSE_MS)
        care->started_ms = mono_ms - duration_ms;
    care->ended_ms = mono_ms;
    turn_page(care, moment_of(rules, wall_ms).day);
    care->used_ms += duration_ms;
    return save(care);
}

bool care_wants_break(struct care *care, const struct care_rules *rules, int64_t mono_ms)
{
    const bool is_long = rules->break_reminder_min > 0 && care->started_ms > 0 &&
                         mono_ms - care->ended_ms <= PAUSE_MS &&
                         mono_ms - care->started_ms >= rules->break_reminder_min * MINUTE_MS;

    if (is_long)
        care->started_ms = mono_ms;
    return is_long;
}

const char *care_notice(const struct care *care, bool chinese)
{
    if (care->noticed)
        return "";
    return chinese ? "先告诉你：我是人工智能，不是真人，说的话可能会有错。"
                   : "Just so you know: I am a machine, an AI, and what I say may be wrong.";
}

enum status care_noticed(struct care *care)
{
    if (care->noticed)
        return STATUS_OK;
    care->noticed = true;
    return save(care);
}

enum status care_forget(struct care *care)
{
    care->noticed = false;
    return save(care);
}

const char *care_break_text(bool chinese)
{
    return chinese ? "我们聊了好一会儿了。休息一下眼睛，喝口水吧。"
                   : "We have talked for quite a while. How about a little break?";
}
