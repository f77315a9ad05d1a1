/* second-factor ... : a code of an authenticator app besides the password */
#include <stdio.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/ask.h"
#include "server/ctl/noun.h"

#define NOTHING     span_text("")
#define PATH        "/api/v1/me/second-factor"
#define SECRET_SIZE 256
#define BORDER      2 /* light modules around the picture; lines are two of them high */

static int show(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"in force", "since", VIEW_TIME},
        {"your role asks for one", "required", VIEW_YES},
        {"recovery codes left", "recovery_codes", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, PATH, (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 3) : result;
}

/* Sends {name: value}, which is wiped. */
static int send_secret(struct ctl *ctl, const char *path, const char *name, char *value,
                       struct client_answer *answer)
{
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, name, value);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, answer, path, (char *)NULL);
    explicit_bzero(value, strlen(value));
    if (body.data != NULL)
        explicit_bzero(body.data, body.size);
    buffer_release(&body);
    return result;
}

static bool is_dark(const struct json *rows, int row, int column)
{
    const char *text = row >= 0 ? json_text(json_item(rows, (size_t)row), "") : "";

    return column >= 0 && column < (int)strlen(text) && text[column] == '1';
}

/* Light on dark, as terminals mostly are: what is light is drawn. Two rows in each line. */
static void draw(const struct json *rows)
{
    static const char *const blocks[] = {"█", "▄", "▀", " "};
    const int size = (int)json_count(rows);

    for (int y = -BORDER; y < size + BORDER; y += 2) {
        for (int x = -BORDER; x < size + BORDER; x++)
            fputs(blocks[2 * is_dark(rows, y, x) + is_dark(rows, y + 1, x)], stdout);
        putchar('\n');
    }
}

static int show_secret(struct ctl *ctl, const struct client_answer *answer)
{
    struct json *json;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    draw(json_member(json, "picture"));
    printf("Read this with an authenticator app, or type %s into it.\n",
           json_text(json_member(json, "secret"), ""));
    fflush(stdout);
    json_free(json);
    return CTL_DONE;
}

static int show_codes(struct ctl *ctl, const struct client_answer *answer)
{
    struct json *json;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *codes = json_member(json, "recovery_codes");
    puts("Recovery codes, each for one login without the app; they are shown this once:");
    for (size_t i = 0; i < json_count(codes); i++)
        printf("  %s\n", json_text(json_item(codes, i), ""));
    json_free(json);
    return CTL_DONE;
}

static bool ask_code(char code[SECRET_SIZE])
{
    return ask_line("code of the app: ", code, SECRET_SIZE) && code[0] != '\0';
}

static int enable(struct ctl *ctl)
{
    struct client_answer answer;
    char text[SECRET_SIZE];

    if (!ask_secret("password: ", text, sizeof text))
        return ctl_fail("no password was given; type it or pass it on standard input");
    int result = send_secret(ctl, PATH, "password", text, &answer);
    if (result == CTL_DONE)
        result = show_secret(ctl, &answer);
    if (result != CTL_DONE)
        return result;
    if (!ask_code(text))
        return ctl_fail("no code was given, so the second factor is not in force");
    result = send_secret(ctl, PATH "/confirm", "code", text, &answer);
    return result == CTL_DONE ? show_codes(ctl, &answer) : result;
}

static int renew(struct ctl *ctl)
{
    struct client_answer answer;
    char code[SECRET_SIZE];

    if (!ask_code(code))
        return ctl_fail("no code was given; type it or pass it on standard input");
    int result = send_secret(ctl, PATH "/recovery-codes", "code", code, &answer);
    return result == CTL_DONE ? show_codes(ctl, &answer) : result;
}

static int disable(struct ctl *ctl)
{
    struct client_answer answer;
    char code[SECRET_SIZE];

    if (!ask_code(code))
        return ctl_fail("no code was given; type it or pass it on standard input");
    int result = send_secret(ctl, PATH "/remove", "code", code, &answer);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "the password alone opens again") : result;
}

const struct ctl_verb noun_second_factor_verbs[] = {
    {"second-factor", "show", "", 0, 0, "",
     "whether you have one, and how many recovery codes are left", show},
    {"second-factor", "enable", "", 0, 0, "",
     "an app's code besides the password; asks for both, or reads them line by line\n"
     "Set one up: asks for the password, draws what an authenticator app reads, asks for the code "
     "that the app shows, and prints the recovery codes.",
     enable},
    {"second-factor", "codes", "", 0, 0, "",
     "new recovery codes, by a code\nNew recovery codes in place of the old ones; asks for a code.",
     renew},
    {"second-factor", "disable", "", 0, 0, "",
     "do without one again, by a code\nDo without a second factor again; asks for a code.",
     disable},
    {0},
};
