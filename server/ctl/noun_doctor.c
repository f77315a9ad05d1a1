/* doctor ROBOT|SERIAL: the one cause why a robot does not talk, and its cure */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static const char *text(const struct json *parent, const char *name)
{
    return json_text(json_member(parent, name), "");
}

static void print_trouble(const struct json *trouble, const char *label)
{
    const char *detail = text(trouble, "detail");

    printf("  %-6s %s %s", label, text(trouble, "code"), text(trouble, "cause"));
    if (*detail)
        printf(" (%s)", detail);
    putchar('\n');
}

static void print_diagnosis(const struct json *json)
{
    const struct json *trouble = json_member(json, "trouble");
    const struct json *also = json_member(json, "also");
    const char *device = text(json, "device");
    const char *serial = text(json, "serial");

    printf("%s", *device ? device : serial);
    if (*device && *serial)
        printf(", serial %s", serial);
    printf(", as of %.19s\n", text(json, "as_of"));
    if (json_bool(json_member(json, "well"), false)) {
        puts("  nothing is wrong with it, as far as is known");
    } else {
        print_trouble(trouble, "cause");
        printf("  %-6s %s\n", "cure", text(trouble, "cure"));
    }
    for (size_t i = 0; i < json_count(also); i++)
        print_trouble(json_item(also, i), "also");
    if (*text(json, "screen"))
        printf("  %-6s %s stands on its screen\n", "", text(json, "screen"));
}

static int doctor(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                             "/api/v1/doctor?robot=", ctl->args.words[0], (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_say(ctl, &answer, "%s", "") : result;
    result = ctl_parse(&answer, &json);
    if (result == CTL_DONE) {
        print_diagnosis(json);
        json_free(json);
    }
    return result;
}

static int codes(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"code", "code", VIEW_TEXT}, {"cause", "cause", VIEW_PROSE}, {"cure", "cure", VIEW_PROSE}};
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/doctor/codes", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 3) : result;
}

const struct ctl_verb noun_doctor_verbs[] = {
    {NULL, "doctor", "ROBOT|SERIAL", 1, 1, "",
     "why it does not talk: one cause, its code on the robot's screen, and its cure\n"
     "Why a robot does not talk, asked by its id or the serial number on its label: the one "
     "cause that must be mended first, its cure, and what else is wrong. The code is the one "
     "that stands on the robot's screen.",
     doctor},
    {NULL, "codes", "", 0, 0, "", "every code that a robot's screen may show, with its cure",
     codes},
    {0},
};
