/* login, logout, me, fleet */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"

/* From the terminal without echo, else one line of standard input. */
static bool read_password(char *out, int size)
{
    struct termios before;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;

    if (terminal) {
        struct termios silent = before;

        silent.c_lflag &= ~(tcflag_t)ECHO;
        fputs("password: ", stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool read = fgets(out, size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (read)
        out[strcspn(out, "\n")] = '\0';
    return read;
}

static int send_login(struct ctl *ctl, const char *name, const char *password,
                      struct client_answer *answer)
{
    struct buffer body;
    struct json_writer writer;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_write_text(&writer, span_text(name));
    json_key(&writer, "password");
    json_write_text(&writer, span_text(password));
    json_end_object(&writer);
    int result =
        ctl_send_to(ctl, "POST", buffer_span(&body), NULL, answer, "/api/v1/login", (char *)NULL);
    buffer_release(&body);
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
    if (!read_password(password, sizeof password))
        return ctl_fail("no password was given; type it or pass it on standard input");
    int result = send_login(ctl, name, password, &answer);
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

static void print_costs(const struct json *costs)
{
    for (size_t i = 0; i < json_count(costs); i++)
        printf("%s%s %s", i ? ", " : "", json_text(json_member(json_item(costs, i), "price"), "?"),
               json_text(json_member(json_item(costs, i), "currency"), ""));
    puts(json_count(costs) ? "" : "nothing");
}

static int fleet(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robots", "total", VIEW_TEXT},
        {"online", "online", VIEW_TEXT},
        {"offline", "offline", VIEW_TEXT},
        {"behind their configuration", "behind", VIEW_TEXT},
        {"open alerts", "open_alerts", VIEW_TEXT},
    };
    static const struct view_column today[] = {
        {"attempts today            ", "attempts", VIEW_TEXT},
        {"tokens in", "input", VIEW_TEXT},
        {"tokens out", "output", VIEW_TEXT},
    };
    struct client_answer answer;
    struct json *json;
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
     "url(the dashboard's address; required) "
     "name(of the operator; default admin) "
     "ca(a file with the authority that signed the server's certificate)",
     "log in; the password comes from the terminal or stdin", login},
    {NULL, "logout", "", 0, 0, "", "end the login", logout},
    {NULL, "me", "", 0, 0, "", "who is logged in", me},
    {NULL, "fleet", "", 0, 0, "", "the fleet in numbers", fleet},
    {0},
};
