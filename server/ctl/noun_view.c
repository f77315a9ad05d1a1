/* view ... : lists of robots that were given a name; device each: the same deed for all of a list
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")
#define MOST    "1000" /* robots of a list; more are a group's or a rollout's business */
#define ADDRESS 8192

/* What a list of robots is narrowed by, as in the address of the dashboard's page. */
static const char *const narrows[] = {"state", "group", "q", "filter"};
#define NARROWS (sizeof narrows / sizeof *narrows)

#define NARROWING                                                                                  \
    "state(online, offline, behind or revoked) group(its robots alone) "                           \
    "q(a part of id, name or serial number) filter(who meets it, as in FILTER.md) "

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"view", "name", VIEW_TEXT},
                                                 {"shows", "query", VIEW_JSON},
                                                 {"shared", "shared", VIEW_YES},
                                                 {"by", "owner", VIEW_TEXT}};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/views", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 4) : result;
}

/* The view of this name; one's own comes first, for it is listed first. The caller frees *views. */
static int find(struct ctl *ctl, const char *name, struct json **views, const struct json **view)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/views", (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, views)) != CTL_DONE)
        return result;
    const struct json *items = json_member(*views, "items");
    *view = NULL;
    for (size_t i = 0; !*view && i < json_count(items); i++)
        if (strcmp(json_text(json_member(json_item(items, i), "name"), ""), name) == 0)
            *view = json_item(items, i);
    return CTL_DONE;
}

static void write_view(struct ctl *ctl, struct buffer *body)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_write_text(&writer, span_text(ctl->args.words[0]));
    json_key(&writer, "query");
    json_begin_object(&writer);
    for (size_t i = 0; i < NARROWS; i++) {
        const char *value = args_option(&ctl->args, narrows[i], NULL);

        if (!value)
            continue;
        json_key(&writer, narrows[i]);
        json_write_text(&writer, span_text(value));
    }
    json_end_object(&writer);
    json_key(&writer, "shared");
    json_write_bool(&writer, args_flag(&ctl->args, "shared"));
    json_end_object(&writer);
}

static int save(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *views = NULL;
    const struct json *view;
    struct buffer body;
    char id[24];
    int result = find(ctl, ctl->args.words[0], &views, &view);

    if (result != CTL_DONE)
        return result;
    snprintf(id, sizeof id, "%lld", view ? (long long)json_int(json_member(view, "id"), 0) : 0LL);
    buffer_init(&body, ADDRESS);
    write_view(ctl, &body);
    result = view ? ctl_send_to(ctl, "PATCH", buffer_span(&body), NULL, &answer, "/api/v1/views/",
                                id, (char *)NULL)
                  : ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/views",
                                (char *)NULL);
    buffer_release(&body);
    if (result == CTL_DONE)
        result =
            ctl_say(ctl, &answer, "%s view \"%s\"", view ? "changed" : "saved", ctl->args.words[0]);
    json_free(views);
    return result;
}

static int delete (struct ctl *ctl)
{
    struct client_answer answer;
    struct json *views = NULL;
    const struct json *view;
    char id[24];
    int result = find(ctl, ctl->args.words[0], &views, &view);

    if (result == CTL_DONE && !view)
        result = ctl_fail("there is no view \"%s\": see mynactl view list", ctl->args.words[0]);
    if (result == CTL_DONE) {
        snprintf(id, sizeof id, "%lld", (long long)json_int(json_member(view, "id"), 0));
        result =
            ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/views/", id, (char *)NULL);
    }
    json_free(views);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted view \"%s\"", ctl->args.words[0])
                              : result;
}

/* The list that the options name, as the query of /devices: those of a view, and over them those
 * that were typed. */
static int narrow(struct ctl *ctl, struct buffer *query)
{
    const char *name = args_option(&ctl->args, "view", NULL);
    struct json *views = NULL;
    const struct json *view = NULL;
    int result = name ? find(ctl, name, &views, &view) : CTL_DONE;

    if (result == CTL_DONE && name && !view)
        result = ctl_fail("there is no view \"%s\": see mynactl view list", name);
    for (size_t i = 0; result == CTL_DONE && i < NARROWS; i++) {
        const char *saved = json_text(json_member(json_member(view, "query"), narrows[i]), NULL);
        const char *value = args_option(&ctl->args, narrows[i], saved);

        if (value) {
            buffer_format(query, "&%s=", narrows[i]);
            client_escape(query, value);
        }
    }
    json_free(views);
    if (result == CTL_DONE && buffer_span(query).size == 0 && !name &&
        !args_flag(&ctl->args, "all"))
        result = ctl_misuse("say which robots: --view, --filter, --group, --state, --q, or --all");
    return result;
}

/* Robots' names, one behind the other, each ended by a NUL. */
struct robots {
    struct buffer names;
    size_t count;
};

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
    for (size_t i = 0; i < json_count(items); i++) {
        const char *id = json_text(json_member(json_item(items, i), "id"), "");

        buffer_add(&robots->names, span_of(id, strlen(id) + 1));
        robots->count++;
    }
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
    return result;
}

static int command(struct ctl *ctl, const char *robot, const char *kind)
{
    struct client_answer answer;
    struct buffer body;

    buffer_init(&body, 256);
    buffer_format(&body, "{\"kind\":\"%s\"}", kind);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/devices/",
                             robot, "/commands", (char *)NULL);
    buffer_release(&body);
    return result;
}

static int join(struct ctl *ctl, const char *robot, const char *group)
{
    struct client_answer answer;

    return ctl_send_to(ctl, "PUT", NOTHING, NULL, &answer, "/api/v1/groups/", group, "/devices/",
                       robot, (char *)NULL);
}

static int leave(struct ctl *ctl, const char *robot, const char *group)
{
    struct client_answer answer;

    return ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/groups/", group, "/devices/",
                       robot, (char *)NULL);
}

/* A deed: what it takes behind its name, and how one robot is told. */
static const struct deed {
    const char *name;
    const char *takes; /* NULL: nothing; run then gets the name */
    int (*run)(struct ctl *ctl, const char *robot, const char *word);
} deeds[] = {
    {"identify", NULL, command}, {"report", NULL, command}, {"restart", NULL, command},
    {"picture", NULL, command},  {"join", "GROUP", join},   {"leave", "GROUP", leave},
};

static const struct deed *find_deed(const char *name)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, name) == 0)
            return &deeds[i];
    return NULL;
}

/* At a terminal the count stands in one line, which is drawn again. */
static void tell_progress(size_t done, const struct robots *robots)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%zu of %zu%s", done, robots->count, done == robots->count ? "\n" : "");
}

/* All of them, also behind one that fails; what is wrong with one has been told with its name. */
static int do_each(struct ctl *ctl, const struct deed *deed, const struct robots *robots)
{
    const char *word = deed->takes ? ctl->args.words[1] : deed->name;
    const char *robot = (const char *)buffer_span(&robots->names).data;
    size_t failed = 0;

    for (size_t i = 0; i < robots->count; i++, robot += strlen(robot) + 1) {
        const int result = deed->run(ctl, robot, word);

        if (result == CTL_UNREACHABLE)
            return result;
        if (result != CTL_DONE) {
            failed++;
            ctl_warn("%s: not done", robot);
        }
        tell_progress(i + 1, robots);
    }
    if (ctl->json)
        printf("{\"robots\":%zu,\"failed\":%zu}\n", robots->count, failed);
    else
        printf("%s: %zu of %zu robots\n", deed->name, robots->count - failed, robots->count);
    return failed ? CTL_FAILED : CTL_DONE;
}

static int tell(struct ctl *ctl, const struct deed *deed, const struct robots *robots)
{
    const char *robot = (const char *)buffer_span(&robots->names).data;

    if (ctl->json) {
        printf("{\"robots\":%zu,\"failed\":0}\n", robots->count);
        return CTL_DONE;
    }
    for (size_t i = 0; i < robots->count; i++, robot += strlen(robot) + 1)
        puts(robot);
    printf("%s would be for %zu robots; nothing was done\n", deed->name, robots->count);
    return CTL_DONE;
}

static int each(struct ctl *ctl)
{
    const struct deed *deed = find_deed(ctl->args.words[0]);
    struct robots robots = {0};

    if (!deed)
        return ctl_misuse("\"%s\" is no deed: identify, report, restart, picture, join GROUP, "
                          "leave GROUP",
                          ctl->args.words[0]);
    if ((ctl->args.count > 1) != (deed->takes != NULL))
        return ctl_misuse("%s takes %s behind it", deed->name, deed->takes ? "a group" : "nothing");
    buffer_init(&robots.names, 1u << 24);
    int result = read_robots(ctl, &robots);
    if (result == CTL_DONE && buffer_status(&robots.names) != STATUS_OK)
        result = ctl_fail("these are too many robots");
    if (result == CTL_DONE)
        result = args_flag(&ctl->args, "dry-run") ? tell(ctl, deed, &robots)
                                                  : do_each(ctl, deed, &robots);
    buffer_release(&robots.names);
    return result;
}

const struct ctl_verb noun_view_verbs[] = {
    {"view", "list", "", 0, 0, "", "lists of robots that have a name, yours and shared ones", list},
    {"view", "save", "NAME", 1, 1, NARROWING "shared!(for everybody to see)",
     "give a list of robots a name, or another list to a name", save},
    {"view", "delete", "NAME", 1, 1, "", "forget a name; robots stay as they are", delete},
    {"device", "each", "DEED [GROUP]", 1, 2,
     "view(a saved list) " NARROWING "all!(of the fleet) "
     "most(of how many robots at most; default " MOST ") dry-run!(tell whom, and do nothing)",
     "identify, report, restart, picture, join or leave a group", each},
    {0},
};
