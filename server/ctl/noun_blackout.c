/* blackout ... : the calendar of times in which no rollout opens anybody */
#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING    span_text("")
#define BODY_BYTES 2048
#define PATH       "/api/v1/blackouts"

static const struct view_column columns[] = {{"blackout", "id", VIEW_NUMBER},
                                             {"from", "from", VIEW_TEXT},
                                             {"until", "until", VIEW_TEXT},
                                             {"by", "by", VIEW_TEXT},
                                             {"reason", "reason", VIEW_NOTE}};

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, PATH, (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int add(struct ctl *ctl)
{
    static const char *const options[] = {"from", "until", "reason"};
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, BODY_BYTES);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *value = args_option(&ctl->args, options[i], NULL);

        if (!value) {
            buffer_release(&body);
            return ctl_misuse("give --from and --until, with their distance from UTC "
                              "(2026-12-24T00:00:00+08:00), and a --reason");
        }
        json_write_member(&writer, options[i], value);
    }
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, PATH, (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "no rollout opens anybody from %s until %s",
                         args_option(&ctl->args, "from", ""), args_option(&ctl->args, "until", ""))
               : result;
}

static int drop(struct ctl *ctl)
{
    const char *number = ctl->args.words[0];
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, PATH "/", number, (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "took out blackout %s", number) : result;
}

const struct ctl_verb noun_blackout_verbs[] = {
    {"blackout", "list", "", 0, 0, "", "those that hold or will, the next one first", list},
    {"blackout", "add", "", 0, 0,
     "from=TIME(with its offset, as 2026-12-24T00:00:00+08:00) "
     "until=TIME(likewise) "
     "reason=TEXT(what rollouts then say)",
     "keep rollouts from opening robots for a span of time\n"
     "From then until then no rollout opens anybody, whatever its plan says, also one that is "
     "under way: robots that were opened before go on, and those that wait are opened after it. "
     "Roll-backs, drains and plain edits of settings are not held up.",
     add},
    {"blackout", "remove", "NUMBER", 1, 1, "", "take one out, also while it holds", drop},
    {0},
};
