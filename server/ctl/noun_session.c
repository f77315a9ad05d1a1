/* login, logout, me ..., fleet */
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/ask.h"
#include "server/ctl/noun.h"

/* Whether the answer asks for a code besides the password. */
static bool wants_code(const struct client_answer *answer)
{
    struct json *problem;

    if (answer->status != 401 || json_parse(answer->body, &problem, NULL) != STATUS_OK)
        return false;
    const struct json *error = json_item(json_member(problem, "errors"), 0);
    const char *pointer = json_text(json_member(error, "pointer"), "");
    const bool wants = strcmp(pointer + (*pointer == '#'), "/code") == 0;
    json_free(problem);
    return wants;
}

/* code NULL: none. *again: the server asks for one, which is told to nobody. */
static int send_login(struct ctl *ctl, const char *name, const char *password, const char *code,
                      struct client_answer *answer, bool *again)
{
    struct client_request request = {.method = "POST", .path = "/api/v1/login"};
    char reason[256];
    struct buffer body;
    struct json_writer writer;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, "name", name);
    json_write_member(&writer, "password", password);
    if (code != NULL)
        json_write_member(&writer, "code", code);
    json_end_object(&writer);
    request.body = buffer_span(&body);
    int result = CTL_DONE;
    if (client_send(ctl->client, &request, answer, reason) != STATUS_OK) {
        ctl_fail("cannot reach %s: %s", ctl->session.url, reason);
        result = CTL_UNREACHABLE;
    }
    if (body.data != NULL)
        explicit_bzero(body.data, body.size);
    buffer_release(&body);
    *again = result == CTL_DONE && code == NULL && wants_code(answer);
    return result != CTL_DONE || *again ? result : ctl_judge(ctl, answer);
}

static int prove(struct ctl *ctl, const char *name, const char *password,
                 struct client_answer *answer)
{
    char code[64];
    bool again = false;
    int result = send_login(ctl, name, password, NULL, answer, &again);

    if (!again)
        return result;
    if (!ask_line("code of your app, or a recovery code: ", code, sizeof code) || *code == '\0')
        return ctl_fail("%s has a second factor: type its code, or pass it as a second line on "
                        "standard input",
                        name);
    result = send_login(ctl, name, password, code, answer, &again);
    explicit_bzero(code, sizeof code);
    return result;
}

static int login(struct ctl *ctl)
{
    char password[256];
    struct client_answer answer;
    const char *url = args_option(&ctl->args, "url", ctl->session.url);
    const char *name = args_option(&ctl->args, "name", "admin");

    if (!*url)
        return ctl_misuse("login needs --url, the dashboard's address");
    struct session fresh = {0};
    snprintf(fresh.url, sizeof fresh.url, "%.*s",
             (int)(strlen(url) - (url[strlen(url) - 1] == '/')), url);
    snprintf(fresh.name, sizeof fresh.name, "%s",
             *ctl->session.name ? ctl->session.name : "default");
    snprintf(fresh.ca_path, sizeof fresh.ca_path, "%s", args_option(&ctl->args, "ca", ""));
    ctl->session = fresh;
    if (!ask_secret("password: ", password, sizeof password))
        return ctl_fail("no password was given; type it or pass it on standard input");
    int result = prove(ctl, name, password, &answer);
    explicit_bzero(password, sizeof password);
    if (result != CTL_DONE)
        return result;
    snprintf(ctl->session.cookie, sizeof ctl->session.cookie, "%s", answer.cookie);
    if (session_save(&ctl->session) != STATUS_OK)
        return ctl_fail("logged in, but the login file cannot be written");
    return ctl_say(ctl, &answer, "logged in at %s as %s", ctl->session.url, name);
}

static int logout(struct ctl *ctl)
{
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "POST", span_text(""), NULL, &answer, "/api/v1/logout", (char *)NULL);

    ctl->session.cookie[0] = '\0';
    if (session_save(&ctl->session) != STATUS_OK)
        return ctl_fail("the login file cannot be written");
    return result == CTL_DONE ? ctl_say(ctl, &answer, "logged out") : result;
}

static int me(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"operator", "id", VIEW_TEXT},
                                                 {"role", "role", VIEW_TEXT}};
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/me", (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 2) : result;
    result = ctl_parse(&answer, &json);
    if (result == CTL_DONE) {
        const struct json *who = json_member(json, "operator");

        view_sheet(stdout, who ? who : json, columns, 2, 0);
        json_free(json);
    }
    return result;
}

static int change_password(struct ctl *ctl)
{
    char old[256];
    char fresh[256];
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    if (!ask_secret("present password: ", old, sizeof old) ||
        !ask_secret("new password: ", fresh, sizeof fresh))
        return ctl_fail("two lines are read from standard input: the present password and the new "
                        "one");
    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, "old", old);
    json_write_member(&writer, "new", fresh);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/me/password",
                             (char *)NULL);
    explicit_bzero(old, sizeof old);
    explicit_bzero(fresh, sizeof fresh);
    if (body.data != NULL)
        explicit_bzero(body.data, body.size);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "changed; your other sessions have ended")
                              : result;
}

static void print_costs(const struct json *costs)
{
    for (size_t i = 0; i < json_count(costs); i++)
        printf("%s%s %s", i ? ", " : "", json_text(json_member(json_item(costs, i), "price"), "?"),
               json_text(json_member(json_item(costs, i), "currency"), ""));
    puts(json_count(costs) ? "" : "nothing");
}

/* By what --by may be asked, and the list of the answer. */
static const char *const parts[][2] = {{"state", "states"},
                                       {"version", "versions"},
                                       {"route", "routes"},
                                       {"group", "groups"},
                                       {"region", "regions"}};

/* So many robots of each, with the filter that lists them. */
static int fleet_by(struct ctl *ctl, const char *by)
{
    static const struct view_column columns[] = {{"", "value", VIEW_TEXT},
                                                 {"robots", "devices", VIEW_NUMBER},
                                                 {"filter", "filter", VIEW_TEXT}};
    struct client_answer answer;
    struct json *json;
    size_t part = 0;

    while (part < sizeof parts / sizeof *parts && strcmp(parts[part][0], by) != 0)
        part++;
    if (part == sizeof parts / sizeof *parts)
        return ctl_misuse("--by takes state, version, route, group or region, not \"%s\"", by);
    int result =
        ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/fleet/parts", (char *)NULL);
    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    if ((result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    view_table(stdout, json_member(json, parts[part][1]), columns, 3, clock_wall_ms());
    printf("as of %s\n", json_text(json_member(json, "as_of"), ""));
    json_free(json);
    return CTL_DONE;
}

static int fleet(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robots", "total", VIEW_TEXT},
        {"online", "online", VIEW_TEXT},
        {"offline", "offline", VIEW_TEXT},
        {"online and cannot answer", "silent", VIEW_TEXT},
        {"behind their configuration", "behind", VIEW_TEXT},
        {"open alerts", "open_alerts", VIEW_TEXT},
        {"as of", "as_of", VIEW_TEXT},
    };
    static const struct view_column today[] = {
        {"attempts today            ", "attempts", VIEW_TEXT},
        {"tokens in", "input", VIEW_TEXT},
        {"tokens out", "output", VIEW_TEXT},
    };
    const char *by = args_option(&ctl->args, "by", NULL);
    struct client_answer answer;
    struct json *json;

    if (by != NULL)
        return fleet_by(ctl, by);
    int result =
        ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/fleet", (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *usage = json_member(json, "usage_today");
    view_sheet(stdout, json, columns, sizeof columns / sizeof columns[0], clock_wall_ms());
    view_sheet(stdout, usage, today, sizeof today / sizeof today[0], clock_wall_ms());
    printf("%-26s  ", "cost today");
    print_costs(json_member(usage, "by_currency"));
    json_free(json);
    return CTL_DONE;
}

const struct ctl_verb noun_session_verbs[] = {
    {NULL, "login", "", 0, 0,
     "url=URL*(the dashboard's address) "
     "name=OPERATOR(default admin) "
     "ca=FILE(a file with the authority that signed the server's certificate)",
     "log in; password and code come from the terminal or stdin\n"
     "Log in at the dashboard's address, for twelve hours. The password is asked for, or is one "
     "line on standard input; so is, for whoever has a second factor, the code of the app or a "
     "recovery code, as a second line. The operator is \"admin\" unless named. FILE holds the "
     "certificate to trust instead of the system's. For several servers see `context`.\n"
     "\n"
     "    mynactl login --url https://myna.example",
     login},
    {NULL, "logout", "", 0, 0, "", "end the login", logout},
    {"me", "password", "", 0, 0, "",
     "change your own password; both come from the terminal or stdin\n"
     "Change your own password: the present one is asked for and then the new one, or they are two "
     "lines on standard input. Your other sessions end; this one and your API keys stay.",
     change_password},
    {NULL, "me", "", 0, 0, "", "who is logged in", me},
    {NULL, "fleet", "", 0, 0, "by=PART(state, version, route, group or region)",
     "the fleet in numbers\n"
     "The fleet in numbers: robots, how many are online or behind their configuration, today's "
     "usage and its cost, open alerts. With PART how many robots are of each, the twenty largest, "
     "and the filter that lists them.\n"
     "\n"
     "    mynactl fleet --by version",
     fleet},
    {0},
};
