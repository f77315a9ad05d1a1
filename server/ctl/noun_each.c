/* device each, device label : the same deed for every robot of a list */
#include <string.h>
#include <unistd.h>

#include "schema/base/json.h"
#include "server/ctl/labels.h"
#include "server/ctl/noun.h"
#include "server/ctl/progress.h"

#define NOTHING      span_text("")
#define MOST         "1000" /* robots of a list; more are a group's or a rollout's business */
#define ADDRESS      8192
#define NAMES_BYTES  (1u << 24)
#define BODY_BYTES   (1u << 16)
#define ANSWER_BYTES (1u << 25)
#define SHOWN        5 /* robots that are named before a deed */

const char *const noun_each_narrows[NOUN_EACH_NARROWS] = {"state", "group", "q", "filter"};

/* The list that the options name, as the query of /devices: those of a view, and over them those
 * that were typed. */
static int narrow(struct ctl *ctl, struct buffer *query)
{
    const char *name = args_option(&ctl->args, "view", NULL);
    struct json *views = NULL;
    const struct json *view = NULL;
    int result = name ? noun_view_find(ctl, name, &views, &view) : CTL_DONE;

    if (result == CTL_DONE && name && !view)
        result = ctl_fail("there is no view \"%s\": see mynactl view list", name);
    for (size_t i = 0; result == CTL_DONE && i < NOUN_EACH_NARROWS; i++) {
        const char *saved =
            json_text(json_member(json_member(view, "query"), noun_each_narrows[i]), NULL);
        const char *value = args_option(&ctl->args, noun_each_narrows[i], saved);

        if (value) {
            buffer_format(query, "&%s=", noun_each_narrows[i]);
            client_escape(query, value);
        }
    }
    json_free(views);
    if (result == CTL_DONE && buffer_span(query).size == 0 && !name &&
        !args_flag(&ctl->args, "all"))
        result = ctl_misuse("say which robots: --view, --filter, --group, --state, --q, or --all");
    return result;
}

/* Robots' ids, one behind the other, each ended by a NUL. */
struct robots {
    struct buffer ids;
    size_t count;
};

static void robots_add(struct robots *robots, const char *id)
{
    buffer_add(&robots->ids, span_of(id, strlen(id) + 1));
    robots->count++;
}

static const char *robots_first(const struct robots *robots)
{
    return (const char *)buffer_span(&robots->ids).data;
}

static const char *robots_next(const char *id)
{
    return id + strlen(id) + 1;
}

/* One page behind the last robot; *more: another one follows. */
static int read_page(struct ctl *ctl, const char *query, struct robots *robots, char after[128],
                     bool *more)
{
    struct client_answer answer;
    struct json *page;
    struct buffer address;

    buffer_init(&address, ADDRESS * 4);
    buffer_format(&address, "/api/v1/devices?limit=500&after=");
    client_escape(&address, after);
    buffer_text(&address, query);
    const struct client_request request = {.method = "GET", .path = buffer_cstring(&address)};
    int result = ctl_send(ctl, &request, &answer);
    buffer_release(&address);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &page)) != CTL_DONE)
        return result;
    const struct json *items = json_member(page, "items");
    for (size_t i = 0; i < json_count(items); i++)
        robots_add(robots, json_text(json_member(json_item(items, i), "id"), ""));
    snprintf(after, 128, "%s", json_text(json_member(page, "next"), ""));
    *more = after[0] != '\0';
    json_free(page);
    return CTL_DONE;
}

static int read_robots(struct ctl *ctl, struct robots *robots)
{
    char after[128] = "";
    bool more = true;
    int64_t most = 0;
    struct buffer query;

    if (span_to_int64(span_text(args_option(&ctl->args, "most", MOST)), &most) != STATUS_OK ||
        most < 1)
        return ctl_misuse("--most takes a number of robots");
    buffer_init(&query, ADDRESS * 3);
    int result = narrow(ctl, &query);
    while (result == CTL_DONE && more && robots->count <= (size_t)most)
        result = read_page(ctl, buffer_cstring(&query), robots, after, &more);
    buffer_release(&query);
    if (result == CTL_DONE && robots->count > (size_t)most)
        result = ctl_fail("these are more than %lld robots: narrow the list, raise --most, or use "
                          "a group or a rollout",
                          (long long)most);
    if (result == CTL_DONE && buffer_status(&robots->ids) != STATUS_OK)
        result = ctl_fail("these are too many robots");
    return result;
}

/* A deed: what it takes behind its name, and how one robot is told. */
struct deed {
    const char *name;
    const char *takes; /* NULL: nothing */
    int (*run)(struct ctl *ctl, const struct deed *deed, const char *robot);
};

static int command(struct ctl *ctl, const struct deed *deed, const char *robot)
{
    struct client_answer answer;
    struct buffer body;

    buffer_init(&body, 256);
    buffer_format(&body, "{\"kind\":\"%s\"}", deed->name);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/devices/",
                             robot, "/commands", (char *)NULL);
    buffer_release(&body);
    return result;
}

static int join(struct ctl *ctl, const struct deed *deed, const char *robot)
{
    struct client_answer answer;

    (void)deed;
    return ctl_send_to(ctl, "PUT", NOTHING, NULL, &answer, "/api/v1/groups/", ctl->args.words[1],
                       "/devices/", robot, (char *)NULL);
}

static int leave(struct ctl *ctl, const struct deed *deed, const char *robot)
{
    struct client_answer answer;

    (void)deed;
    return ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/groups/", ctl->args.words[1],
                       "/devices/", robot, (char *)NULL);
}

/* A robot that is labelled so already stays as it is, and no row of the audit says otherwise. */
static int label_robot(struct ctl *ctl, const struct deed *deed, const char *robot)
{
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;
    struct json *device;
    char etag[64];
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/devices/", robot, (char *)NULL);

    (void)deed;
    if (result != CTL_DONE || (result = ctl_parse(&answer, &device)) != CTL_DONE)
        return result;
    const struct json *labels = json_member(device, "labels");
    snprintf(etag, sizeof etag, "%s", answer.etag);
    if (!labels_are(labels, ctl->args.words, ctl->args.count)) {
        buffer_init(&body, BODY_BYTES);
        json_writer_init(&writer, &body);
        json_begin_object(&writer);
        json_key(&writer, "labels");
        labels_write(&writer, labels, ctl->args.words, ctl->args.count);
        json_end_object(&writer);
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/devices/",
                             robot, (char *)NULL);
        buffer_release(&body);
    }
    json_free(device);
    return result;
}

static const struct deed deeds[] = {
    {"identify", NULL, command}, {"report", NULL, command}, {"restart", NULL, command},
    {"picture", NULL, command},  {"join", "GROUP", join},   {"leave", "GROUP", leave},
};

static const struct deed labelling = {"label", "KEY=VALUE", label_robot};

static const struct deed *find_deed(const char *name)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, name) == 0)
            return &deeds[i];
    return NULL;
}

static void write_ids(struct json_writer *writer, const char *name, const struct robots *robots)
{
    const char *id = robots_first(robots);

    json_key(writer, name);
    json_begin_array(writer);
    for (size_t i = 0; i < robots->count; i++, id = robots_next(id))
        json_write_text(writer, span_text(id));
    json_end_array(writer);
}

static void print_json(const struct deed *deed, bool is_done, const struct robots *robots,
                       const struct robots *failed)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, ANSWER_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_write_member(&writer, "deed", deed->name);
    json_key(&writer, "done");
    json_write_bool(&writer, is_done);
    write_ids(&writer, "robots", robots);
    write_ids(&writer, "failed", failed);
    json_end_object(&writer);
    puts(buffer_cstring(&text));
    buffer_release(&text);
}

/* All of them, also behind one that fails; what is wrong with one has been told with its name. */
static int do_each(struct ctl *ctl, const struct deed *deed, const struct robots *robots,
                   struct robots *failed)
{
    const char *robot = robots_first(robots);
    struct progress progress;

    progress_start(&progress, deed->name, robots->count);
    for (size_t i = 0; i < robots->count; i++, robot = robots_next(robot)) {
        progress_show(&progress, i);
        const int result = deed->run(ctl, deed, robot);

        if (result != CTL_DONE) {
            ctl_warn("%s: not done", robot);
            robots_add(failed, robot);
        }
        if (result == CTL_UNREACHABLE) {
            ctl_warn("%zu of %zu robots were reached; again is harmless", i, robots->count);
            return result;
        }
    }
    progress_clear(&progress);
    if (ctl->json)
        print_json(deed, true, robots, failed);
    else
        printf("%s: %zu of %zu robots\n", deed->name, robots->count - failed->count, robots->count);
    return failed->count ? CTL_FAILED : CTL_DONE;
}

static void tell(struct ctl *ctl, const struct deed *deed, const struct robots *robots)
{
    const struct robots nobody = {0};
    const char *robot = robots_first(robots);

    if (ctl->json) {
        print_json(deed, false, robots, &nobody);
        return;
    }
    for (size_t i = 0; i < robots->count; i++, robot = robots_next(robot))
        puts(robot);
    printf("%s would be for %zu robot%s; nothing was done\n", deed->name, robots->count,
           robots->count == 1 ? "" : "s");
}

/* "label for 12 robots: r1, r2, r3, r4, r5 and 7 more" */
static void print_preview(const struct deed *deed, const struct robots *robots)
{
    const char *robot = robots_first(robots);

    fprintf(stderr, "%s for %zu robot%s: ", deed->name, robots->count,
            robots->count == 1 ? "" : "s");
    for (size_t i = 0; i < robots->count && i < SHOWN; i++, robot = robots_next(robot))
        fprintf(stderr, "%s%s", i > 0 ? ", " : "", robot);
    if (robots->count > SHOWN)
        fprintf(stderr, " and %zu more", robots->count - SHOWN);
    fputc('\n', stderr);
}

/* Whether it may begin: it was said before, or a person says so now. */
static int agree(struct ctl *ctl, const struct deed *deed, const struct robots *robots)
{
    char line[16];

    if (args_flag(&ctl->args, "yes"))
        return CTL_DONE;
    print_preview(deed, robots);
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return ctl_misuse("nothing was done: --yes does it, --dry-run names all");
    fputs("go on? [y/N] ", stderr);
    if (fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y'))
        return CTL_DONE;
    return ctl_fail("nothing was done");
}

static int do_deed(struct ctl *ctl, const struct deed *deed)
{
    struct robots robots = {0}, failed = {0};

    buffer_init(&robots.ids, NAMES_BYTES);
    buffer_init(&failed.ids, NAMES_BYTES);
    int result = read_robots(ctl, &robots);
    if (result == CTL_DONE && (args_flag(&ctl->args, "dry-run") || robots.count == 0)) {
        tell(ctl, deed, &robots);
    } else if (result == CTL_DONE) {
        result = agree(ctl, deed, &robots);
        if (result == CTL_DONE)
            result = do_each(ctl, deed, &robots, &failed);
    }
    buffer_release(&robots.ids);
    buffer_release(&failed.ids);
    return result;
}

static int each(struct ctl *ctl)
{
    const struct deed *deed = find_deed(ctl->args.words[0]);

    if (!deed)
        return ctl_misuse("\"%s\" is no deed: identify, report, restart, picture, join GROUP, "
                          "leave GROUP",
                          ctl->args.words[0]);
    if ((ctl->args.count > 1) != (deed->takes != NULL))
        return ctl_misuse("%s takes %s behind it", deed->name, deed->takes ? "a group" : "nothing");
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
    "view=NAME(a saved list) " NOUN_EACH_NARROWING "all!(of the fleet) "                           \
    "most=NUMBER(of how many robots at most; default " MOST ") "                                   \
    "yes!(do not ask) "                                                                            \
    "dry-run!(tell whom, and do nothing)"

const struct ctl_verb noun_each_verbs[] = {
    {"device", "each", "DEED [GROUP]", 1, 2, LIST,
     "do the same to every robot of a list\n"
     "Do the same to every robot of a list: `identify`, `report`, `restart`, `picture`, `join` "
     "GROUP or `leave` GROUP. The list is that of a saved view, of the options, or of both: "
     "what is typed wins over what the view says. Before it begins, it tells how many robots they "
     "are and asks; without a terminal it needs --yes. One that cannot be told is named, the "
     "others are told all the same, and the exit status is 1.\n"
     "\n"
     "    mynactl device each join kitchen --filter 'labels.room = kitchen' --dry-run\n"
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
