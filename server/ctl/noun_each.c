/* device each, device label : the same deed for every robot of a list, as a job of the server's */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/json.h"
#include "server/ctl/assigned.h"
#include "server/ctl/labels.h"
#include "server/ctl/noun.h"

#define BODY_BYTES (1u << 20)
#define SHOWN      5 /* robots that are named before a deed */

const char *const noun_each_narrows[NOUN_EACH_NARROWS] = {"state", "group", "q", "filter"};

/* ---- which robots ---- */

/* One id on each line of a file. */
static int write_ids(const char *path, struct json_writer *writer)
{
    uint8_t *data;
    size_t size;
    int result = ctl_read_file(path, &data, &size);

    if (result != CTL_DONE)
        return result;
    json_key(writer, "devices");
    json_begin_array(writer);
    for (const char *at = (const char *)data; *at != '\0';) {
        at += strspn(at, " \t\r\n");
        const size_t length = strcspn(at, " \t\r\n");

        if (length > 0)
            json_write_text(writer, span_of(at, length));
        at += length;
    }
    json_end_array(writer);
    free(data);
    return CTL_DONE;
}

/* The list that the options name: those of a view, and over them those that were typed. */
static int write_narrowed(struct ctl *ctl, const struct json *view, struct json_writer *writer)
{
    bool is_narrowed = view != NULL || args_flag(&ctl->args, "all");

    if (args_flag(&ctl->args, "all") || view) {
        json_key(writer, "all");
        json_write_bool(writer, true);
    }
    for (size_t i = 0; i < NOUN_EACH_NARROWS; i++) {
        const char *saved =
            json_text(json_member(json_member(view, "query"), noun_each_narrows[i]), NULL);
        const char *value = args_option(&ctl->args, noun_each_narrows[i], saved);

        if (value)
            json_write_member(writer, noun_each_narrows[i], value);
        is_narrowed |= value != NULL;
    }
    return is_narrowed ? CTL_DONE
                       : ctl_misuse("say which robots: --view, --filter, --group, --state, --q, "
                                    "--ids, or --all");
}

static int write_which(struct ctl *ctl, struct json_writer *writer)
{
    const char *name = args_option(&ctl->args, "view", NULL);
    const char *ids = args_option(&ctl->args, "ids", NULL);
    struct json *views = NULL;
    const struct json *view = NULL;
    int result = name ? noun_view_find(ctl, name, &views, &view) : CTL_DONE;

    if (result == CTL_DONE && name && !view)
        result = ctl_fail("there is no view \"%s\": see mynactl view list", name);
    json_key(writer, "which");
    json_begin_object(writer);
    if (result == CTL_DONE)
        result = ids ? write_ids(ids, writer) : write_narrowed(ctl, view, writer);
    json_end_object(writer);
    json_free(views);
    return result;
}

/* ---- the deeds ---- */

/* A deed, and what it takes: the second word, or an option. */
static const struct deed {
    const char *name;
    const char *word;
    const char *option;
} deeds[] = {
    {"identify", NULL, NULL},   {"report", NULL, NULL},    {"restart", NULL, NULL},
    {"picture", NULL, NULL},    {"say", NULL, "text"},     {"join", "group", NULL},
    {"leave", "group", NULL},   {"release", NULL, NULL},   {"retire", NULL, NULL},
    {"region", "region", NULL}, {"set", "settings", NULL}, {"quarantine", NULL, "reason"},
    {"revoke", NULL, NULL},
};

static const struct deed labelling = {"label", NULL, NULL};

static const struct deed *find_deed(const char *name)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, name) == 0)
            return &deeds[i];
    return NULL;
}

static bool is_setting(const struct deed *deed)
{
    return deed->word && strcmp(deed->word, "settings") == 0;
}

static int write_order(struct ctl *ctl, const struct deed *deed, struct buffer *body)
{
    struct json_writer writer;
    const char *bad = NULL;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_write_member(&writer, "deed", deed->name);
    if (deed == &labelling) {
        json_key(&writer, "labels");
        labels_write_changes(&writer, ctl->args.words, ctl->args.count);
    }
    if (is_setting(deed)) {
        json_key(&writer, deed->word);
        bad = assigned_write_patch(&writer, ctl->args.words + 1, ctl->args.count - 1);
    } else if (deed->word) {
        json_write_member(&writer, deed->word, ctl->args.words[1]);
    }
    if (deed->option)
        json_write_member(&writer, deed->option, args_option(&ctl->args, deed->option, ""));
    int result = bad ? ctl_misuse("\"%s\" is no SETTING=VALUE", bad) : write_which(ctl, &writer);
    json_end_object(&writer);
    if (result == CTL_DONE && buffer_status(body) != STATUS_OK)
        result = ctl_fail("these are too many robots for one request: use a filter");
    return result;
}

/* ---- before it begins ---- */

/* What keeps it from happening to this one, or from happening now; NULL: nothing. */
static const char *remark_of(const struct json *robot, bool is_command)
{
    const char *effect = json_text(json_member(robot, "effect"), "");

    if (strcmp(effect, "unchanged") == 0)
        return "is so already";
    if (strcmp(effect, "refused") == 0)
        return json_text(json_member(robot, "status"), "");
    return is_command && !json_bool(json_member(robot, "online"), true) ? "offline" : NULL;
}

static bool is_command(const struct deed *deed)
{
    static const char *const names[] = {"identify", "report", "restart", "picture", "say"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(deed->name, names[i]) == 0)
            return true;
    return false;
}

static long long count_of(const struct json *preview, const char *name)
{
    return (long long)json_int(json_member(preview, name), 0);
}

static void print_dry_run(const struct deed *deed, const struct json *preview)
{
    const struct json *first = json_member(preview, "first");
    const long long robots = count_of(preview, "robots");

    for (size_t i = 0; i < json_count(first); i++) {
        const struct json *robot = json_item(first, i);
        const char *remark = remark_of(robot, is_command(deed));

        printf("%s%s%s\n", json_text(json_member(robot, "id"), ""), remark ? "  " : "",
               remark ? remark : "");
    }
    if (robots > (long long)json_count(first))
        printf("and %lld more\n", robots - (long long)json_count(first));
    printf("%s would be for %lld robot%s; nothing was done\n", deed->name, robots,
           robots == 1 ? "" : "s");
}

/* "label for 12 robots: r1, r2, r3, r4, r5 and 7 more; 2 are so already" */
static void print_preview(const struct deed *deed, const struct json *preview)
{
    const struct json *first = json_member(preview, "first");
    const long long robots = count_of(preview, "robots");

    fprintf(stderr, "%s for %lld robot%s: ", deed->name, robots, robots == 1 ? "" : "s");
    for (size_t i = 0; i < json_count(first) && i < SHOWN; i++)
        fprintf(stderr, "%s%s", i > 0 ? ", " : "",
                json_text(json_member(json_item(first, i), "id"), ""));
    if (robots > SHOWN)
        fprintf(stderr, " and %lld more", robots - SHOWN);
    if (count_of(preview, "unchanged") > 0)
        fprintf(stderr, "; %lld so already", count_of(preview, "unchanged"));
    if (count_of(preview, "refused") > 0)
        fprintf(stderr, "; %lld refused by their status", count_of(preview, "refused"));
    if (is_command(deed) && count_of(preview, "offline") > 0)
        fprintf(stderr, "; %lld offline", count_of(preview, "offline"));
    fputc('\n', stderr);
}

/* Whether it may begin: it was said before, or a person says so now. */
static int agree(struct ctl *ctl, const struct deed *deed, const struct json *preview)
{
    char line[16];

    if (args_flag(&ctl->args, "yes"))
        return CTL_DONE;
    print_preview(deed, preview);
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return ctl_misuse("nothing was done: --yes does it, --dry-run names them");
    fputs("go on? [y/N] ", stderr);
    if (fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y'))
        return CTL_DONE;
    return ctl_fail("nothing was done");
}

/* *begin: there is somebody to do it to, and it is not a dry run. */
static int look(struct ctl *ctl, const struct deed *deed, struct span body, bool *begin)
{
    const char *most = args_option(&ctl->args, "most", NULL);
    struct client_answer answer;
    struct json *preview;
    int64_t limit = INT64_MAX;

    if (most && (span_to_int64(span_text(most), &limit) != STATUS_OK || limit < 1))
        return ctl_misuse("--most takes a number of robots");
    int result =
        ctl_send_to(ctl, "POST", body, NULL, &answer, "/api/v1/jobs/preview", (char *)NULL);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &preview)) != CTL_DONE)
        return result;
    const bool is_dry = args_flag(&ctl->args, "dry-run") || count_of(preview, "robots") == 0;
    if (count_of(preview, "robots") > limit)
        result = ctl_fail("these are %lld robots, more than %lld: narrow the list, or raise --most",
                          count_of(preview, "robots"), (long long)limit);
    else if (is_dry && ctl->json)
        result = ctl_say(ctl, &answer, "%s", "");
    else if (is_dry)
        print_dry_run(deed, preview);
    else
        result = agree(ctl, deed, preview);
    *begin = result == CTL_DONE && !is_dry;
    json_free(preview);
    return result;
}

static int do_deed(struct ctl *ctl, const struct deed *deed)
{
    struct client_answer answer;
    struct buffer body;
    bool begin = false;

    buffer_init(&body, BODY_BYTES);
    int result = write_order(ctl, deed, &body);
    if (result == CTL_DONE)
        result = look(ctl, deed, buffer_span(&body), &begin);
    if (result == CTL_DONE && begin) {
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/jobs",
                             (char *)NULL);
        if (result == CTL_DONE)
            result = noun_job_follow(ctl, &answer);
    }
    buffer_release(&body);
    return result;
}

/* What stands behind it, in words. */
static const char *taken_by(const struct deed *deed)
{
    if (!deed->word)
        return "nothing";
    if (is_setting(deed))
        return "SETTING=VALUE...";
    return strcmp(deed->word, "group") == 0 ? "a group" : "a region";
}

static int each(struct ctl *ctl)
{
    const struct deed *deed = find_deed(ctl->args.words[0]);

    if (!deed)
        return ctl_misuse("\"%s\" is no deed: identify, report, restart, picture, say, join GROUP, "
                          "leave GROUP, region REGION, set SETTING=VALUE..., quarantine, release, "
                          "retire, revoke",
                          ctl->args.words[0]);
    if ((ctl->args.count > 1) != (deed->word != NULL) || (ctl->args.count > 2 && !is_setting(deed)))
        return ctl_misuse("%s takes %s behind it", deed->name, taken_by(deed));
    if (deed->option && !args_option(&ctl->args, deed->option, NULL))
        return ctl_misuse("%s takes --%s", deed->name, deed->option);
    return do_deed(ctl, deed);
}

static int label(struct ctl *ctl)
{
    char name[LABELS_NAME];
    const char *value;

    for (size_t i = 0; i < ctl->args.count; i++)
        if (!labels_split(ctl->args.words[i], name, &value))
            return ctl_misuse("\"%s\" is not KEY=VALUE", ctl->args.words[i]);
    return do_deed(ctl, &labelling);
}

#define LIST                                                                                       \
    "view=NAME(a saved list) " NOUN_EACH_NARROWING "ids=FILE(one id on each line; - is standard "  \
    "input) all!(of the fleet) "                                                                   \
    "most=NUMBER(refuse when these are more robots) "                                              \
    "yes!(do not ask) "                                                                            \
    "dry-run!(tell whom, and do nothing) "                                                         \
    "no-wait!(return once it has begun)"

const struct ctl_verb noun_each_verbs[] = {
    {"device", "each", "DEED [GROUP|REGION|SETTING=VALUE...]", 1, 40,
     LIST " reason=TEXT(of quarantine) text=TEXT(of say)",
     "do the same to every robot of a list\n"
     "Do the same to every robot of a list: `identify`, `report`, `restart`, `picture`, `say`, "
     "`join` GROUP, `leave` GROUP, `region` REGION, `set` SETTING=VALUE (in their own layers; an "
     "empty VALUE takes it out), `quarantine`, `release`, `retire` or `revoke`. "
     "The list is that "
     "of a saved view, of the options, or of both: what is typed wins over what the view says. "
     "Before it begins, it tells how many robots they are and asks; without a terminal it needs "
     "--yes. The server does it, as a job: `mynactl` waits for its end, and ending `mynactl` does "
     "not end the job. A robot that it cannot be done to is named with the cause, the others are "
     "done all the same, and the exit status is 1.\n"
     "\n"
     "    mynactl device each join kitchen --filter 'labels.room = kitchen' --dry-run\n"
     "    mynactl device each set volume=30 --group kitchen --yes\n"
     "    mynactl device each restart --state behind --yes",
     each},
    {"device", "label", "KEY=VALUE...", 1, ARGS_MAX, LIST,
     "give labels to every robot of a list, or take them away\n"
     "Give labels to every robot of a list, as `device each` has it; an empty VALUE takes a "
     "label away. Other labels stay, and robots that have these already are left as they are.\n"
     "\n"
     "    mynactl device label floor=7 loan= --filter 'id starts desk-' --yes",
     label},
    {0},
};
