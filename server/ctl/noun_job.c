/* job ... : what the server does to many robots, how far it is, and what failed */
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"
#include "server/ctl/progress.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOTHING      span_text("")
#define FIRST_MS     50
#define POLL_MS      400
#define NAMED        "20" /* robots that failed, told at the end */

static long long number_of(const struct json *job, const char *name)
{
    return (long long)json_int(json_member(job, name), 0);
}

static const char *text_of(const struct json *job, const char *name)
{
    return json_text(json_member(job, name), "");
}

static int ask(struct ctl *ctl, const char *method, const char *id, const char *what,
               struct client_answer *answer)
{
    return ctl_send_to(ctl, method, NOTHING, NULL, answer, "/api/v1/jobs/", id, what, (char *)NULL);
}

/* ---- to its end ---- */

static int name_failures(struct ctl *ctl, const char *id, long long failed)
{
    struct client_answer answer;
    struct json *page;
    int result = ask(ctl, "GET", id, "/devices?outcome=failed&limit=" NAMED, &answer);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &page)) != CTL_DONE)
        return result;
    const struct json *items = json_member(page, "items");
    for (size_t i = 0; i < json_count(items); i++)
        ctl_warn("%s: not done: %s", text_of(json_item(items, i), "device"),
                 text_of(json_item(items, i), "reason"));
    if (failed > (long long)json_count(items))
        ctl_warn("and %lld more: mynactl job robots %s --outcome failed",
                 failed - (long long)json_count(items), id);
    json_free(page);
    return CTL_DONE;
}

/* What came of a job that does not run. */
static int conclude(struct ctl *ctl, const char *id, const struct json *job,
                    const struct client_answer *answer)
{
    const bool is_stopped = strcmp(text_of(job, "state"), "stopped") == 0;
    const long long good = number_of(job, "done") + number_of(job, "unchanged");
    const bool is_good = !is_stopped && number_of(job, "failed") == 0;
    int result = ctl_say(ctl, answer, "%s: %lld of %lld robots", text_of(job, "deed"), good,
                         number_of(job, "robots"));

    if (result == CTL_DONE && number_of(job, "failed") > 0)
        result = name_failures(ctl, id, number_of(job, "failed"));
    if (result == CTL_DONE && is_stopped)
        ctl_warn("the job was stopped%s%s; it goes on with: mynactl job resume %s",
                 text_of(job, "note")[0] ? ": " : "", text_of(job, "note"), id);
    return result == CTL_DONE && !is_good ? CTL_FAILED : result;
}

int noun_job_follow(struct ctl *ctl, const struct client_answer *begun)
{
    struct client_answer answer = *begun;
    struct progress progress;
    struct json *job;
    char id[24];
    int64_t wait_ms = FIRST_MS;
    int result = ctl_parse(&answer, &job);

    if (result != CTL_DONE)
        return result;
    snprintf(id, sizeof id, "%lld", number_of(job, "id"));
    if (args_flag(&ctl->args, "no-wait")) {
        result = ctl_say(ctl, &answer, "job %s runs: mynactl job wait %s", id, id);
        json_free(job);
        return result;
    }
    progress_start(&progress, text_of(job, "deed"), (size_t)number_of(job, "robots"));
    while (result == CTL_DONE && strcmp(text_of(job, "state"), "running") == 0) {
        progress_show(&progress, (size_t)(number_of(job, "robots") - number_of(job, "waiting")));
        clock_sleep_ms(wait_ms);
        wait_ms = wait_ms * 2 < POLL_MS ? wait_ms * 2 : POLL_MS;
        struct json *newer = NULL;
        result = ask(ctl, "GET", id, "", &answer);
        if (result == CTL_DONE)
            result = ctl_parse(&answer, &newer);
        if (result == CTL_DONE) {
            json_free(job);
            job = newer;
        }
    }
    progress_clear(&progress);
    if (result == CTL_DONE)
        result = conclude(ctl, id, job, &answer);
    else
        ctl_warn("the job goes on without mynactl: mynactl job wait %s", id);
    json_free(job);
    return result;
}

/* ---- the verbs ---- */

#define JOB_COLUMNS                                                                                \
    {"job", "id", VIEW_NUMBER}, {"deed", "deed", VIEW_TEXT}, {"state", "state", VIEW_TEXT},        \
        {"robots", "robots", VIEW_NUMBER}, {"done", "done", VIEW_NUMBER},                          \
        {"so already", "unchanged", VIEW_COUNT}, {"failed", "failed", VIEW_COUNT},                 \
        {"waiting", "waiting", VIEW_COUNT}, {"began", "created_at", VIEW_TIME},                    \
    {                                                                                              \
        "by", "created_by", VIEW_TEXT                                                              \
    }

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {JOB_COLUMNS};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                             "/api/v1/jobs?state=", args_option(&ctl->args, "state", ""),
                             "&limit=", args_option(&ctl->args, "limit", "20"),
                             "&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static int get(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        JOB_COLUMNS,
        {"what", "asked", VIEW_JSON},
        {"which robots", "which", VIEW_JSON},
        {"goes on as", "run_by", VIEW_TEXT},
        {"ended", "ended_at", VIEW_TIME},
        {"stopped since", "note", VIEW_PROSE},
    };
    struct client_answer answer;
    int result = ask(ctl, "GET", ctl->args.words[0], "", &answer);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static int robots(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "device", VIEW_TEXT},    {"name", "name", VIEW_TEXT},
        {"outcome", "outcome", VIEW_TEXT}, {"when", "at", VIEW_TIME},
        {"why", "reason", VIEW_PROSE},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/jobs/", ctl->args.words[0],
                    "/devices?outcome=", args_option(&ctl->args, "outcome", ""),
                    "&limit=", args_option(&ctl->args, "limit", "100"),
                    "&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COUNT(columns)) : result;
}

static int wait_for(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ask(ctl, "GET", ctl->args.words[0], "", &answer);

    return result == CTL_DONE ? noun_job_follow(ctl, &answer) : result;
}

static int stop(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ask(ctl, "POST", ctl->args.words[0], "/stop", &answer);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "stopped job %s; it goes on with: mynactl job resume %s",
                         ctl->args.words[0], ctl->args.words[0])
               : result;
}

static int resume(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ask(ctl, "POST", ctl->args.words[0], "/resume", &answer);

    return result == CTL_DONE ? noun_job_follow(ctl, &answer) : result;
}

const struct ctl_verb noun_job_verbs[] = {
    {"job", "list", "", 0, 0,
     "state=STATE(running, stopped or ended) "
     "limit=NUMBER(at most so many, 1 to 1000; default 20) "
     "after=JOB(where to go on: the last of the page before)",
     "what was done to many robots at once, newest first", list},
    {"job", "get", "JOB", 1, 1, "", "one of them, and how far it is", get},
    {"job", "robots", "JOB", 1, 1,
     "outcome=OUTCOME(done, unchanged, failed or waiting) "
     "limit=NUMBER(at most so many, 1 to 1000; default 100) "
     "after=ROBOT(where to go on: the last of the page before)",
     "its robots, and what became of each", robots},
    {"job", "wait", "JOB", 1, 1, "", "wait for its end; the exit status is 1 when robots failed",
     wait_for},
    {"job", "stop", "JOB", 1, 1, "", "leave the robots that wait as they are", stop},
    {"job", "resume", "JOB", 1, 1, "no-wait!(return once it runs)",
     "go on with those that wait, and try those again that failed", resume},
    {0},
};
