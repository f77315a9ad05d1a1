/* rollout ... : a layer's change given to robots in waves */
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/assigned.h"
#include "server/ctl/noun.h"
#include "server/ctl/preflight_print.h"
#include "server/ctl/rollout_print.h"
#include "server/ctl/yaml.h"

#define NOTHING span_text("")
#define POLL_MS 1000
/* A server that was there is asked again, as it may be on its way to a newer version. */
#define AWAY_MS     ((int64_t)15 * 60 * 1000)
#define AWAY_MAX_MS 30000
#define BODY_BYTES  ((size_t)1 << 20)

/* Exit statuses of "rollout wait" besides those of every verb. */
enum { WAIT_TIMEOUT = 4, WAIT_FOR_PEOPLE = 5 };

static int ask(struct ctl *ctl, const char *method, const char *tail, struct span body,
               struct client_answer *answer)
{
    return ctl_send_to(ctl, method, body, NULL, answer, "/api/v1/rollouts/", ctl->args.words[0],
                       tail, (char *)NULL);
}

static int show(struct ctl *ctl, const struct client_answer *answer)
{
    struct json *rollout;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &rollout);
    if (result != CTL_DONE)
        return result;
    rollout_print(stdout, rollout, clock_wall_ms());
    json_free(rollout);
    return CTL_DONE;
}

/* ---- reading ---- */

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"rollout", "id", VIEW_TEXT},
        {"state", "state", VIEW_TEXT},
        {"step", "step", VIEW_TEXT},
        {"cause", "cause", VIEW_TEXT},
        {"wave", "wave", VIEW_NUMBER},
        {"robots", "members", VIEW_NUMBER},
        {"confirmed", "counts.confirmed", VIEW_NUMBER},
        {"failed", "counts.failed", VIEW_NUMBER},
        {"layer", "layer", VIEW_TEXT},
        {"by", "author", VIEW_TEXT},
        {"since", "since", VIEW_TIME},
        {"held until", "held.until", VIEW_TIME},
    };
    const char *state = args_option(&ctl->args, "state", NULL);
    struct client_answer answer;
    int result = state == NULL
                     ? ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/rollouts?limit=200",
                                   (char *)NULL)
                     : ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                                   "/api/v1/rollouts?limit=200&state=", state, (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int get(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ask(ctl, "GET", "", NOTHING, &answer);

    return result == CTL_DONE ? show(ctl, &answer) : result;
}

/* CTL_FAILED when it would be refused. */
static int print_preflight(const struct json *document)
{
    preflight_print(stdout, document);
    return json_bool(json_member(document, "refused"), false) ? CTL_FAILED : CTL_DONE;
}

static int preflight(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *document;
    int result = ask(ctl, "POST", "/preflight", NOTHING, &answer);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_say(ctl, &answer, "%s", "") : result;
    result = ctl_parse(&answer, &document);
    if (result != CTL_DONE)
        return result;
    result = print_preflight(document);
    json_free(document);
    return result;
}

static int devices(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "device", VIEW_TEXT},     {"wave", "wave", VIEW_NUMBER},
        {"control", "control", VIEW_YES},   {"state", "state", VIEW_TEXT},
        {"opened", "opened_at", VIEW_TIME}, {"tries", "tries", VIEW_NUMBER},
        {"final", "final", VIEW_YES},       {"software", "package.step", VIEW_TEXT},
        {"why", "reason", VIEW_TEXT},
    };
    const char *state = args_option(&ctl->args, "state", NULL);
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/rollouts/", ctl->args.words[0],
                    "/devices?limit=200&wave=", args_option(&ctl->args, "wave", "0"),
                    state != NULL ? "&state=" : "", state != NULL ? state : "", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int history(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"when", "at", VIEW_TIME},         {"by", "actor", VIEW_TEXT},
        {"what", "event", VIEW_TEXT},      {"wave", "wave", VIEW_NUMBER},
        {"robots", "robots", VIEW_NUMBER}, {"then", "to.state", VIEW_TEXT},
        {"step", "to.step", VIEW_TEXT},    {"why", "reason", VIEW_NOTE},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/rollouts/",
                             ctl->args.words[0], "/history?limit=200", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

/* ---- making ---- */

/* volume=40 sets it, persona= takes it out of the layer. */
static int write_patch(struct ctl *ctl, struct json_writer *writer)
{
    json_key(writer, "patch");
    const char *bad = assigned_write_patch(writer, ctl->args.words + 1, ctl->args.count - 1);

    return bad ? ctl_misuse("\"%s\" is no SETTING=VALUE", bad) : CTL_DONE;
}

/* A file's members, as JSON in text. */
static int read_document(struct ctl *ctl, const char *path, struct buffer *out)
{
    uint8_t *data = NULL;
    char problem[160];
    size_t size = 0;
    int result = ctl_read_file(path, &data, &size);

    if (result == CTL_DONE && yaml_to_json(span_of(data, size), out, problem) != STATUS_OK)
        result = ctl_fail("%s:%s", path, problem);
    free(data);
    (void)ctl;
    return result;
}

static const struct plan_option {
    const char *option, *member;
    bool is_number;
} plan_options[] = {
    {"rate", "rate_per_minute", true},
    {"soak", "soak_s", true},
    {"unreachable-after", "unreachable_after_s", true},
    {"on-red", "on_red", false},
    {"zone", "zone", false},
};

/* "1%,25%,100%" */
static void write_waves(struct json_writer *writer, const char *text)
{
    json_key(writer, "waves");
    json_begin_array(writer);
    while (*text) {
        const size_t size = strcspn(text, ",");

        json_begin_object(writer);
        json_key(writer, "share");
        json_write_text(writer, span_of(text, size));
        json_end_object(writer);
        text += size + (text[size] == ',');
    }
    json_end_array(writer);
}

static void write_windows(struct json_writer *writer, const char *text)
{
    json_key(writer, "windows");
    json_begin_array(writer);
    while (*text) {
        const size_t size = strcspn(text, ",");

        json_write_text(writer, span_of(text, size));
        text += size + (text[size] == ',');
    }
    json_end_array(writer);
}

/* The file's members that no option replaces. */
static void copy_plan(const struct args *args, const struct json *file, struct json_writer *writer)
{
    struct buffer value;

    buffer_init(&value, BODY_BYTES);
    for (size_t i = 0; i < json_count(file); i++) {
        const char *name;
        const struct json *item = json_member_at(file, i, &name);
        bool is_replaced =
            (strcmp(name, "waves") == 0 && args_option(args, "waves", NULL) != NULL) ||
            (strcmp(name, "windows") == 0 && args_option(args, "windows", NULL) != NULL) ||
            (strcmp(name, "gates") == 0 && args_flag(args, "no-gates")) ||
            (strcmp(name, "manual") == 0 && args_flag(args, "manual")) ||
            (strcmp(name, "queue") == 0 && args_flag(args, "queue"));

        for (size_t n = 0; n < sizeof plan_options / sizeof *plan_options; n++)
            is_replaced |= strcmp(name, plan_options[n].member) == 0 &&
                           args_option(args, plan_options[n].option, NULL) != NULL;
        if (is_replaced)
            continue;
        buffer_clear(&value);
        json_dump(item, &value);
        json_key(writer, name);
        json_write_raw(writer, span_of(value.data, value.size));
    }
    buffer_release(&value);
}

static void write_flags(const struct args *args, struct json_writer *writer)
{
    if (args_flag(args, "no-gates"))
        json_write_member(writer, "gates", "off");
    if (args_flag(args, "manual")) {
        json_key(writer, "manual");
        json_write_bool(writer, true);
    }
    if (args_flag(args, "queue")) {
        json_key(writer, "queue");
        json_write_bool(writer, true);
    }
}

static void write_plan(const struct args *args, const struct json *file, struct json_writer *writer)
{
    json_key(writer, "plan");
    json_begin_object(writer);
    copy_plan(args, file, writer);
    for (size_t i = 0; i < sizeof plan_options / sizeof *plan_options; i++) {
        const char *value = args_option(args, plan_options[i].option, NULL);

        if (value == NULL)
            continue;
        json_key(writer, plan_options[i].member);
        if (plan_options[i].is_number)
            assigned_write_value(writer, value);
        else
            json_write_text(writer, span_text(value));
    }
    if (args_option(args, "waves", NULL) != NULL)
        write_waves(writer, args_option(args, "waves", NULL));
    if (args_option(args, "windows", NULL) != NULL)
        write_windows(writer, args_option(args, "windows", NULL));
    write_flags(args, writer);
    json_end_object(writer);
}

static int write_order(struct ctl *ctl, const struct json *plan, struct buffer *body)
{
    static const char *const texts[] = {"name", "group", "filter"};
    const char *manifest = args_option(&ctl->args, "manifest", NULL);
    const char *key = args_option(&ctl->args, "key", NULL);
    struct json_writer writer;
    int result = CTL_DONE;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_write_member(&writer, "id", ctl->args.words[0]);
    for (size_t i = 0; i < 3; i++)
        if (args_option(&ctl->args, texts[i], NULL) != NULL)
            json_write_member(&writer, texts[i], args_option(&ctl->args, texts[i], NULL));
    if (manifest != NULL) {
        json_key(&writer, "manifest");
        json_write_raw(&writer, (struct span){0});
        result = read_document(ctl, manifest, body);
    } else if (key != NULL) {
        json_write_member(&writer, "key", key);
    } else {
        result = write_patch(ctl, &writer);
    }
    write_plan(&ctl->args, plan, &writer);
    json_key(&writer, "start");
    json_write_bool(&writer, args_flag(&ctl->args, "start"));
    json_key(&writer, "dry_run");
    json_write_bool(&writer, args_flag(&ctl->args, "dry-run"));
    json_key(&writer, "preflight");
    json_write_bool(&writer, args_flag(&ctl->args, "dry-run") && !manifest && !key);
    json_end_object(&writer);
    return result;
}

static int read_plan(struct ctl *ctl, struct json **out)
{
    const char *path = args_option(&ctl->args, "plan", NULL);
    struct buffer text;

    *out = NULL;
    if (path == NULL)
        return CTL_DONE;
    buffer_init(&text, BODY_BYTES);
    int result = read_document(ctl, path, &text);
    if (result == CTL_DONE && json_parse(span_of(text.data, text.size), out, NULL) != STATUS_OK)
        result = ctl_fail("%s: no plan can be read from it", path);
    buffer_release(&text);
    return result;
}

/* Of a change of who answers; of any other there is nothing to say. */
static int show_preflight(const struct json *document)
{
    if (json_count(json_member(document, "contracts")) == 0 &&
        !json_bool(json_member(document, "refused"), false))
        return CTL_DONE;
    fprintf(stdout, "\n");
    return print_preflight(document);
}

static int show_preview(struct ctl *ctl, const struct client_answer *answer)
{
    struct json *preview;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &preview);
    if (result != CTL_DONE)
        return result;
    rollout_print_preview(stdout, preview);
    result = show_preflight(json_member(preview, "preflight"));
    json_free(preview);
    return result;
}

static int create(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer body;
    struct json *plan;
    int result = read_plan(ctl, &plan);

    buffer_init(&body, BODY_BYTES);
    if (result == CTL_DONE)
        result = write_order(ctl, plan, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", span_of(body.data, body.size), NULL, &answer,
                             "/api/v1/rollouts", (char *)NULL);
    if (result == CTL_DONE)
        result = args_flag(&ctl->args, "dry-run") ? show_preview(ctl, &answer) : show(ctl, &answer);
    buffer_release(&body);
    json_free(plan);
    return result;
}

/* ---- acting ---- */

/* The verb is the path's last word. */
static int act(struct ctl *ctl)
{
    struct client_answer answer;
    char tail[32];

    snprintf(tail, sizeof tail, "/%s", ctl->verb->verb);
    int result = ask(ctl, "POST", tail, NOTHING, &answer);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

static int act_with(struct ctl *ctl, const char *tail, const char *member, const char *value,
                    bool is_number)
{
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, BODY_BYTES);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    if (value != NULL && is_number) {
        json_key(&writer, member);
        assigned_write_value(&writer, value);
    } else if (value != NULL) {
        json_write_member(&writer, member, value);
    }
    json_end_object(&writer);
    int result = ask(ctl, "POST", tail, span_of(body.data, body.size), &answer);
    buffer_release(&body);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

static int act_because(struct ctl *ctl, const char *tail)
{
    const char *reason = args_option(&ctl->args, "reason", NULL);

    return reason == NULL ? ctl_misuse("say why: --reason TEXT")
                          : act_with(ctl, tail, "reason", reason, false);
}

static int force(struct ctl *ctl)
{
    return act_because(ctl, "/force");
}

static int decline(struct ctl *ctl)
{
    return act_because(ctl, "/decline");
}

static int approve(struct ctl *ctl)
{
    return act_with(ctl, "/approve", "remark", args_option(&ctl->args, "remark", NULL), false);
}

static int roll_back(struct ctl *ctl)
{
    return act_with(ctl, "/roll-back", "rate_per_minute", args_option(&ctl->args, "rate", NULL),
                    true);
}

static int delete_draft(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ask(ctl, "DELETE", "", NOTHING, &answer);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "rollout %s is gone", ctl->args.words[0])
                              : result;
}

/* ---- following ---- */

/* -1: it goes on by itself. */
static int verdict_of(const struct json *rollout)
{
    static const struct {
        const char *state, *cause;
        int result;
    } ends[] = {
        {"completed", NULL, CTL_DONE},     {"rolled_back", NULL, CTL_FAILED},
        {"aborted", NULL, CTL_FAILED},     {"paused", "red", CTL_FAILED},
        {"paused", NULL, WAIT_FOR_PEOPLE}, {"approval", NULL, WAIT_FOR_PEOPLE},
    };
    const char *state = json_text(json_member(rollout, "state"), "");
    const char *cause = json_text(json_member(rollout, "cause"), "");

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(state, ends[i].state) == 0 &&
            (ends[i].cause == NULL || strcmp(cause, ends[i].cause) == 0))
            return ends[i].result;
    }
    /* it says why when it was begun and came back: refused, or approved by nobody */
    if (strcmp(state, "draft") == 0)
        return *json_text(json_member(rollout, "reason"), "") ? CTL_FAILED : WAIT_FOR_PEOPLE;
    return -1;
}

/* Since when the server has not been reached, and how long to wait for it next. */
struct absence {
    int64_t since_ms; /* 0: it was there last time */
    int64_t pause_ms;
    bool was_there; /* ever */
};

/* False: it was never there, or is away for too long. */
static bool bear(struct absence *absence, int64_t until_ms)
{
    const int64_t now_ms = clock_mono_ms();

    if (absence->since_ms == 0)
        *absence = (struct absence){now_ms, POLL_MS, absence->was_there};
    if (!absence->was_there || now_ms - absence->since_ms >= AWAY_MS || now_ms >= until_ms)
        return false;
    const int64_t left_ms = until_ms - now_ms;
    clock_sleep_ms(absence->pause_ms < left_ms ? absence->pause_ms : left_ms);
    absence->pause_ms = 2 * absence->pause_ms < AWAY_MAX_MS ? 2 * absence->pause_ms : AWAY_MAX_MS;
    return true;
}

/* Asks until it needs no more following; draws each time when draw. */
static int follow(struct ctl *ctl, int64_t until_ms, bool draw, bool past_pauses)
{
    const bool is_screen = draw && isatty(STDOUT_FILENO);
    struct absence absence = {0};
    int64_t drawn = -1;

    for (;;) {
        struct client_answer answer;
        struct json *rollout;
        int result = ask(ctl, "GET", "", NOTHING, &answer);

        if (result == CTL_UNREACHABLE && bear(&absence, until_ms))
            continue;
        absence = (struct absence){.was_there = true};
        if (result == CTL_DONE)
            result = ctl_parse(&answer, &rollout);
        if (result != CTL_DONE)
            return result;
        const int verdict = verdict_of(rollout);
        const bool is_over =
            verdict >= 0 &&
            (!past_pauses || json_type(json_member(rollout, "ended_at")) == JSON_TEXT);
        const int64_t version = json_int(json_member(rollout, "version"), 0);
        if (is_screen)
            printf("\033[H\033[J");
        if (is_screen || (draw && version != drawn) || (is_over && !draw && !ctl->json))
            rollout_print(stdout, rollout, clock_wall_ms());
        fflush(stdout);
        drawn = version;
        json_free(rollout);
        if (is_over && ctl->json)
            ctl_say(ctl, &answer, "%s", "");
        if (is_over)
            return verdict;
        if (clock_mono_ms() >= until_ms)
            return ctl_fail("it is not over yet"), WAIT_TIMEOUT;
        clock_sleep_ms(POLL_MS);
    }
}

static int wait_for(struct ctl *ctl)
{
    const char *timeout = args_option(&ctl->args, "timeout", NULL);
    int64_t timeout_s = 0;

    if (timeout != NULL &&
        (span_to_int64(span_text(timeout), &timeout_s) != STATUS_OK || timeout_s < 0))
        return ctl_misuse("--timeout must be seconds, got \"%s\"", timeout);
    return follow(ctl, timeout == NULL ? INT64_MAX : clock_mono_ms() + timeout_s * 1000, false,
                  false);
}

static int watch(struct ctl *ctl)
{
    const int result = follow(ctl, INT64_MAX, true, true);

    return result == CTL_UNREACHABLE ? result : CTL_DONE;
}

#define PLAN_OPTIONS                                                                               \
    "plan=FILE(YAML or JSON, as in schema/ROLLOUT.md; options win over it) "                       \
    "waves=SHARES(as 1%,25%,100%) "                                                                \
    "rate=NUMBER(robots a minute; 0: no limit) "                                                   \
    "soak=SECONDS(to wait between a wave and its verdict) "                                        \
    "unreachable-after=SECONDS(until a silent robot counts as out of reach) "                      \
    "windows=HOURS(of the robots' own day: 22:00-06:00,...) "                                      \
    "zone=DISTANCE(of robots that have no zone: +08:00) "                                          \
    "on-red=pause|roll_back "                                                                      \
    "no-gates!(judge nothing but whether robots confirm) "                                         \
    "manual!(leave each next wave to somebody) "                                                   \
    "queue!(wait for other rollouts of the same robots)"

const struct ctl_verb noun_rollout_verbs[] = {
    {"rollout", "list", "", 0, 0, "state=STATE(one of them, or active)",
     "rollouts, newest first\n"
     "Rollouts, newest first; of one state, or `active` ones: started and not over.",
     list},
    {"rollout", "get", "ROLLOUT", 1, 1, "", "where it stands, wave by wave", get},
    {"rollout", "create", "ROLLOUT [SETTING=VALUE...]", 1, 40,
     "name=TEXT "
     "group=GROUP(instead of the fleet) "
     "filter=FILTER(the robots it is for) "
     "manifest=FILE(a file, of software) "
     "key=VENDOR(the vendor whose next key robots get) " PLAN_OPTIONS " start!(at once) "
     "dry-run!(show the waves and make nothing)",
     "give a layer's change to robots in waves; SETTING= takes it out\n"
     "Give settings to robots in waves: to the fleet, a group, or those that meet a filter. "
     "SETTING= takes a setting out of the layer. It is a draft until it is started. --manifest "
     "gives software instead of settings, and --key a vendor's next key, which each robot tries "
     "first.\n"
     "\n"
     "    mynactl rollout create calmer volume=30 --group kitchen --waves 5%,100% --dry-run\n"
     "    mynactl rollout create calmer volume=30 --group kitchen --waves 5%,100% --start",
     create},
    {"rollout", "preflight", "ROLLOUT", 1, 1, "",
     "what it would bring about, in money and numbers\n"
     "What it would bring about, and changes nothing by asking: what the contracts that it "
     "leaves and joins will have cost at their terms' end, wave by wave, which commitments "
     "would fall short, and whether caps, budgets, rates, borders and dates carry it. The exit "
     "status is 1 when it would be refused.",
     preflight},
    {"rollout", "start", "ROLLOUT", 1, 1, "", "start a draft", act},
    {"rollout", "approve", "ROLLOUT", 1, 1, "remark=TEXT(kept in its history and the audit)",
     "agree to another operator's", approve},
    {"rollout", "decline", "ROLLOUT", 1, 1, "reason=TEXT*",
     "do not agree to another operator's, for a reason\n"
     "Decline what waits for an approval: it is a draft again. What has outgrown its approval "
     "stays paused. The TEXT stands in the rollout, its history and the audit.",
     decline},
    {"rollout", "pause", "ROLLOUT", 1, 1, "", "hold it; robots that have it keep it", act},
    {"rollout", "resume", "ROLLOUT", 1, 1, "", "go on after a pause", act},
    {"rollout", "next", "ROLLOUT", 1, 1, "",
     "start the next wave by hand\n"
     "Start the next wave, where the plan leaves it to somebody.",
     act},
    {"rollout", "force", "ROLLOUT", 1, 1, "reason=TEXT*", "go on as if the wave were green", force},
    {"rollout", "retry", "ROLLOUT", 1, 1, "", "try those robots again that failed", act},
    {"rollout", "roll-back", "ROLLOUT", 1, 1, "rate=NUMBER(robots a minute; default all at once)",
     "take it back, also when it is completed\n"
     "Take it back from every robot that has it, all at once or so many a minute. Of a "
     "completed one, a rollout of its own puts the settings back, but for those changed since.",
     roll_back},
    {"rollout", "abort", "ROLLOUT", 1, 1, "", "drop one that has not begun", act},
    {"rollout", "delete", "ROLLOUT", 1, 1, "", "delete a draft", delete_draft},
    {"rollout", "devices", "ROLLOUT", 1, 1,
     "wave=NUMBER(its number) "
     "state=STATE(of a robot)",
     "what became of each robot", devices},
    {"rollout", "history", "ROLLOUT", 1, 1, "", "what happened to it and by whom, newest first",
     history},
    {"rollout", "wait", "ROLLOUT", 1, 1, "timeout=SECONDS(seconds; default for ever)",
     "until it is over; the exit status says how\n"
     "Return when it is over or waits for somebody. The exit status is 0 when it is completed, "
     "1 when it was rolled back or aborted, is red, or became a draft again, as pre-flight refused "
     "it or nobody approved it, 4 when the time is over before, and 5 when it waits for somebody: "
     "for approval, by hand, paused. A server that was reached and is away after that is asked "
     "again for 15 minutes, then it is 3.",
     wait_for},
    {"rollout", "watch", "ROLLOUT", 1, 1, "", "its picture, drawn again as it goes on", watch},
    {0},
};
