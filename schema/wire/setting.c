#include "schema/wire/setting.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/wire/local_time.h"
#include "schema/wire/topic.h"
#include "schema/wire/window_size.h"

static bool is_hours(struct span text)
{
    struct local_time_hours hours;

    return local_time_hours(text, &hours) == STATUS_OK;
}

static bool is_zone(struct span text)
{
    int offset_min;

    return text.size == 0 || local_time_offset(text, &offset_min) == STATUS_OK;
}

static bool is_window(struct span text)
{
    struct window_size size;

    return text.size == 0 || window_size_read(text, &size) == STATUS_OK;
}

static const struct setting_spec table[] = {
    {.name = "routes",
     .type = SETTING_TYPE_ROUTES,
     .min = 1,
     .max = LIMIT_ROUTES,
     .unit = "",
     .help = "who answers: vendor, model, contract, use (chat, speech, transcription) and voice; "
             "of each use the first usable one serves"},
    {.name = "persona",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 1500,
     .unit = "",
     .fallback = "\"\"",
     .help = "system prompt of the conversation"},
    {.name = "language",
     .type = SETTING_TYPE_CHOICE,
     .choices = "auto|en|zh",
     .unit = "",
     .fallback = "\"auto\"",
     .help = "language spoken when the text leaves it unclear"},
    {.name = "volume",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 100,
     .unit = "%",
     .fallback = "70",
     .help = "loudness of the voice"},
    {.name = "voice_rate_wpm",
     .type = SETTING_TYPE_INT,
     .min = 120,
     .max = 260,
     .unit = "words/min",
     .fallback = "170",
     .help = "speed of speech"},
    {.name = "voice_pitch",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 100,
     .unit = "",
     .fallback = "50",
     .help = "pitch of the voice, 50 is its natural one"},
    {.name = "max_output_tokens",
     .type = SETTING_TYPE_INT,
     .min = 16,
     .max = 4096,
     .unit = "tokens",
     .fallback = "400",
     .help = "longest answer asked of a vendor"},
    {.name = "history_turns",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 20,
     .unit = "turns",
     .fallback = "6",
     .help = "turns remembered in a conversation"},
    {.name = "history_tokens",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 16000,
     .unit = "tokens",
     .fallback = "2000",
     .help = "what former turns may add to a question, about; the oldest are left out whole"},
    {.name = "history_hours",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 168,
     .unit = "h",
     .fallback = "12",
     .help = "age up to which a restarted robot remembers a turn; 0 keeps nothing on its disk"},
    {.name = "report_interval_s",
     .type = SETTING_TYPE_INT,
     .min = 10,
     .max = 3600,
     .unit = "s",
     .fallback = "60",
     .help = "time between two heartbeats"},
    {.name = "screen_mark",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 24,
     .unit = "",
     .fallback = "\"\"",
     .help = "short label in the corner of the screen"},
    {.name = "avatar",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 32,
     .unit = "",
     .fallback = "\"\"",
     .help = "who is on the screen: the name of an avatar installed on the robot; empty is myna"},
    {.name = "window_size",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 9,
     .unit = "",
     .form = "a size from 240x240 to 1280x800, or empty",
     .fits = is_window,
     .fallback = "\"\"",
     .needs_restart = true,
     .help = "width and height of the window that the face is drawn in; empty is the robot's own "
             "(option display_size)"},
    {.name = "turns_per_minute",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 60,
     .unit = "turns/min",
     .fallback = "0",
     .help = "questions asked of vendors, evenly spaced; 0 is no limit"},
    {.name = "limit_mode",
     .type = SETTING_TYPE_CHOICE,
     .choices = "none|throttled|fallback|canned|blocked",
     .unit = "",
     .fallback = "\"none\"",
     .help =
         "what the robot shows and says about its limits; canned and blocked ask no vendor, and "
         "canned answers with canned_persona"},
    {.name = "limit_text",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 200,
     .unit = "",
     .fallback = "\"\"",
     .help = "what is said at a limit instead of the standard words"},
    {.name = "canned_persona",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 500,
     .unit = "",
     .fallback = "\"\"",
     .help = "the answer to everything while limit_mode is canned; without one robots are as if "
             "blocked"},
    {.name = "audience",
     .type = SETTING_TYPE_CHOICE,
     .choices = "child|adult|off",
     .unit = "",
     .fallback = "\"child\"",
     .help = "for whom the robot's own filter holds questions and answers back; somebody in a "
             "crisis is answered with crisis_text even when it is off"},
    {.name = "crisis_text",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 500,
     .unit = "",
     .fallback = "\"\"",
     .help =
         "what is said to somebody who speaks of hurting themself, such as who helps where they "
         "live; empty is the standard words"},
    {.name = "quiet_hours",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 11,
     .unit = "",
     .form = "hours like 22:00-07:00, or empty",
     .fits = is_hours,
     .fallback = "\"\"",
     .help = "when the robot asks no vendor and says that it is quiet time, by zone; a crisis is "
             "answered all the same; empty is never"},
    {.name = "zone",
     .type = SETTING_TYPE_TEXT,
     .min = 0,
     .max = 6,
     .unit = "",
     .form = "a distance from UTC like +08:00, or empty",
     .fits = is_zone,
     .fallback = "\"\"",
     .help = "zone of quiet_hours, of the day of daily_minutes and of a rollout's hours; empty is "
             "the robot's own, as its system has it, with daylight saving"},
    {.name = "daily_minutes",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 1440,
     .unit = "min",
     .fallback = "0",
     .help = "how long people may talk with the robot in a day, questions and answers; 0 is no "
             "limit"},
    {.name = "break_reminder_min",
     .type = SETTING_TYPE_INT,
     .min = 0,
     .max = 240,
     .unit = "min",
     .fallback = "0",
     .help = "talk without a pause of ten minutes after which the robot proposes a break; 0 is "
             "never"},
    {.name = "ear_mode",
     .type = SETTING_TYPE_CHOICE,
     .choices = "off|button|wake",
     .unit = "",
     .fallback = "\"wake\"",
     .help = "how people may address the robot by voice; no further than its owner allows (option "
             "ear, button unless changed there)"},
    {.name = "wake_phrase",
     .type = SETTING_TYPE_CHOICE,
     .choices = "excuse me robot|good morning robot|hello my dear robot|wake up little robot",
     .unit = "",
     .fallback = "\"excuse me robot\"",
     .help = "what people say before a question where ear_mode is wake; English, where language "
             "is zh the button is needed"},
};

static_assert(sizeof table / sizeof table[0] <= LIMIT_SETTINGS, "a device can hold them all");

const struct setting_spec *setting_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}

const struct setting_spec *setting_find(struct span name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (span_equal_text(name, table[i].name))
            return &table[i];
    return NULL;
}

__attribute__((format(printf, 2, 3))) static enum status refuse(char reason[LIMIT_REASON + 1],
                                                                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason, LIMIT_REASON + 1, format, args);
    va_end(args);
    return STATUS_INVALID;
}

static enum status check_int(const struct setting_spec *spec, const struct json *value,
                             char reason[LIMIT_REASON + 1])
{
    int64_t number = json_int(value, 0);

    if (json_type(value) != JSON_INT || number < spec->min || number > spec->max)
        return refuse(reason, "must be an integer from %" PRId64 " to %" PRId64, spec->min,
                      spec->max);
    return STATUS_OK;
}

static enum status check_text(const struct setting_spec *spec, const struct json *value,
                              char reason[LIMIT_REASON + 1])
{
    const char *text = json_text(value, NULL);
    int64_t size = text ? (int64_t)strlen(text) : -1;

    if (size < spec->min || size > spec->max)
        return refuse(reason, "must be text of %" PRId64 " to %" PRId64 " bytes", spec->min,
                      spec->max);
    if (spec->fits && !spec->fits(span_text(text)))
        return refuse(reason, "must be %s", spec->form);
    return STATUS_OK;
}

static enum status check_choice(const struct setting_spec *spec, const struct json *value,
                                char reason[LIMIT_REASON + 1])
{
    struct span text = span_text(json_text(value, NULL));
    const char *choice = text.data ? spec->choices : NULL;

    for (; choice; choice = strchr(choice, '|')) {
        if (*choice == '|')
            choice++;
        if (span_equal(text, span_of(choice, strcspn(choice, "|"))))
            return STATUS_OK;
    }
    return refuse(reason, "must be one of %s", spec->choices);
}

/* One member of a route: NULL when it fits, else why not. */
static const char *route_flaw(const struct json *route, const char *name)
{
    struct span text = span_text(json_text(json_member(route, name), NULL));

    if (strcmp(name, "use") == 0)
        return span_equal_text(text, "chat") || span_equal_text(text, "speech") ||
                       span_equal_text(text, "transcription")
                   ? NULL
                   : "must be chat, speech or transcription";
    if (strcmp(name, "voice") == 0)
        return text.data && text.size <= LIMIT_MODEL ? NULL : "must be text of at most 64 bytes";
    if (strcmp(name, "model") == 0)
        return text.size >= 1 && text.size <= LIMIT_MODEL ? NULL : "must be text of 1 to 64 bytes";
    return topic_is_slug(text) ? NULL : "must be 1 to 48 of a-z, 0-9 and -";
}

static enum status check_route(const struct json *route, size_t index,
                               char reason[LIMIT_REASON + 1])
{
    static const char *const members[] = {"vendor", "model", "contract", "use", "voice"};
    const size_t needed = 3;
    size_t known = 0;

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const bool is_there = json_member(route, members[i]) != NULL;
        const char *flaw = is_there || i < needed ? route_flaw(route, members[i]) : NULL;

        if (flaw)
            return refuse(reason, "%s of route %zu %s", members[i], index + 1, flaw);
        known += is_there;
    }
    if (json_count(route) != known)
        return refuse(reason, "route %zu has more than vendor, model, contract, use and voice",
                      index + 1);
    return STATUS_OK;
}

static bool same_route(const struct json *a, const struct json *b)
{
    return strcmp(json_text(json_member(a, "vendor"), ""),
                  json_text(json_member(b, "vendor"), "")) == 0 &&
           strcmp(json_text(json_member(a, "model"), ""), json_text(json_member(b, "model"), "")) ==
               0 &&
           strcmp(json_text(json_member(a, "contract"), ""),
                  json_text(json_member(b, "contract"), "")) == 0 &&
           strcmp(json_text(json_member(a, "use"), "chat"),
                  json_text(json_member(b, "use"), "chat")) == 0;
}

static enum status check_routes(const struct setting_spec *spec, const struct json *value,
                                char reason[LIMIT_REASON + 1])
{
    size_t count = json_count(value);
    enum status status = STATUS_OK;

    if (json_type(value) != JSON_ARRAY || count < (size_t)spec->min || count > (size_t)spec->max)
        return refuse(reason, "must be a list of %" PRId64 " to %" PRId64 " routes", spec->min,
                      spec->max);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = check_route(json_item(value, i), i, reason);
        for (size_t k = 0; k < i && status == STATUS_OK; k++)
            if (same_route(json_item(value, i), json_item(value, k)))
                status = refuse(reason, "route %zu repeats route %zu", i + 1, k + 1);
    }
    return status;
}

/* A text may fit its own bound and yet not the message, once its quotes are escaped. */
static bool fits_message(const struct json *value)
{
    struct buffer text;

    buffer_init(&text, LIMIT_SETTING_VALUE);
    json_dump(value, &text);
    bool fits = buffer_status(&text) == STATUS_OK;
    buffer_release(&text);
    return fits;
}

enum status setting_check(const struct setting_spec *spec, const struct json *value,
                          char reason[LIMIT_REASON + 1])
{
    if (!fits_message(value))
        return refuse(reason, "must be at most %d bytes as compact JSON", LIMIT_SETTING_VALUE);

    switch (spec->type) {
    case SETTING_TYPE_INT:
        return check_int(spec, value, reason);
    case SETTING_TYPE_TEXT:
        return check_text(spec, value, reason);
    case SETTING_TYPE_CHOICE:
        return check_choice(spec, value, reason);
    case SETTING_TYPE_ROUTES:
        return check_routes(spec, value, reason);
    }
    return STATUS_INVALID;
}
