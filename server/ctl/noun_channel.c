/* channel ... : where alerts go, and what was sent there */
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING       span_text("")
#define TEST_WAIT_MS  20000
#define TEST_PAUSE_MS 500

static const struct view_column columns[] = {
    {"channel", "id", VIEW_TEXT},
    {"kind", "kind", VIEW_TEXT},
    {"where", "origin", VIEW_TEXT},
    {"from severity", "min_severity", VIEW_TEXT},
    {"enabled", "enabled", VIEW_YES},
    {"secret", "has_secret", VIEW_YES},
    {"to", "to", VIEW_JSON},
    {"last sent", "last_sent_at", VIEW_TIME},
    {"waiting", "waiting", VIEW_NUMBER},
    {"dead", "dead", VIEW_NUMBER},
    {"problem", "last_problem", VIEW_TEXT},
};
#define COLUMNS (sizeof columns / sizeof *columns)

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/channels", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COLUMNS) : result;
}

static int get(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/channels/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COLUMNS) : result;
}

static void write_option(struct ctl *ctl, struct json_writer *writer, const char *option,
                         const char *member)
{
    const char *value = args_option(&ctl->args, option, NULL);

    if (value == NULL)
        return;
    json_key(writer, member);
    json_write_text(writer, span_text(value));
}

/* "a@x,b@y" as a list. */
static void write_recipients(struct ctl *ctl, struct json_writer *writer)
{
    const char *at = args_option(&ctl->args, "to", NULL);

    if (at == NULL)
        return;
    json_key(writer, "to");
    json_begin_array(writer);
    while (*at != '\0') {
        size_t size = strcspn(at, ",");

        json_write_text(writer, span_of(at, size));
        at += size + (at[size] == ',');
    }
    json_end_array(writer);
}

/* What is secret comes from a file, so that it stands in no list of processes. */
static int write_file(struct ctl *ctl, struct json_writer *writer, const char *option,
                      const char *member)
{
    const char *path = args_option(&ctl->args, option, NULL);
    uint8_t *data;
    size_t size;

    if (path == NULL)
        return CTL_DONE;
    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    json_key(writer, member);
    json_write_text(writer, span_of(data, strcspn((const char *)data, "\r\n")));
    crypto_wipe(data, size);
    free(data);
    return CTL_DONE;
}

static int write_channel(struct ctl *ctl, bool with_id, struct buffer *body)
{
    const char *enabled = args_option(&ctl->args, "enabled", NULL);
    struct json_writer writer;

    if (enabled != NULL && !span_is_choice(span_text(enabled), "true|false"))
        return ctl_misuse("--enabled takes true or false");
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if (with_id) {
        json_key(&writer, "id");
        json_write_text(&writer, span_text(ctl->args.words[0]));
        write_option(ctl, &writer, "kind", "kind");
    }
    write_option(ctl, &writer, "min-severity", "min_severity");
    write_option(ctl, &writer, "login", "login");
    write_option(ctl, &writer, "from", "from");
    write_recipients(ctl, &writer);
    if (enabled != NULL) {
        json_key(&writer, "enabled");
        json_write_bool(&writer, strcmp(enabled, "true") == 0);
    }
    int result = write_file(ctl, &writer, "url-file", "url");
    if (result == CTL_DONE)
        result = write_file(ctl, &writer, "secret-file", "secret");
    json_end_object(&writer);
    return result;
}

/* Makes the channel when the server does not know it, else changes what was given. */
static int set(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer body;
    char etag[64];
    bool found;
    int result = ctl_find(ctl, "/api/v1/channels", ctl->args.words[0], &found, &answer);

    if (result != CTL_DONE)
        return result;
    snprintf(etag, sizeof etag, "%s", answer.etag);
    buffer_init(&body, 16384);
    result = write_channel(ctl, !found, &body);
    if (result == CTL_DONE && found)
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/channels/",
                             ctl->args.words[0], (char *)NULL);
    else if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/channels",
                             (char *)NULL);
    crypto_wipe(body.data, body.data != NULL ? body.size : 0);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s channel %s", found ? "changed" : "made",
                                        ctl->args.words[0])
                              : result;
}

static int delete (struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/channels/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted channel %s", ctl->args.words[0])
                              : result;
}

/* One look at a delivery: *over when it needs no other. */
static int look(struct ctl *ctl, const char *id, struct client_answer *answer, bool *over)
{
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, answer, "/api/v1/deliveries/", id, (char *)NULL);

    if (result == CTL_DONE)
        result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    const char *status = json_text(json_member(json, "status"), "");
    const char *problem = json_text(json_member(json, "problem"), "");
    *over = strcmp(status, "waiting") != 0 || problem[0] != '\0';
    if (*over && strcmp(status, "sent") != 0)
        result = ctl_fail("the message did not arrive: %s", problem);
    json_free(json);
    return result;
}

/* Waits for the first attempt, so that a wrong address shows at once. */
static int test(struct ctl *ctl)
{
    const int64_t end_ms = clock_mono_ms() + TEST_WAIT_MS;
    struct client_answer answer;
    struct json *json;
    char id[24];
    bool over = false;
    int result = ctl_send_to(ctl, "POST", NOTHING, NULL, &answer, "/api/v1/channels/",
                             ctl->args.words[0], "/test", (char *)NULL);

    if (result == CTL_DONE)
        result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    snprintf(id, sizeof id, "%lld", (long long)json_int(json_member(json, "id"), 0));
    json_free(json);
    while (result == CTL_DONE && !over && clock_mono_ms() < end_ms) {
        clock_sleep_ms(TEST_PAUSE_MS);
        result = look(ctl, id, &answer, &over);
    }
    if (result != CTL_DONE)
        return result;
    return over ? ctl_say(ctl, &answer, "channel %s works", ctl->args.words[0])
                : ctl_fail("no attempt yet: see mynactl delivery list");
}

static int deliveries(struct ctl *ctl)
{
    static const struct view_column shown[] = {
        {"delivery", "id", VIEW_TEXT},     {"channel", "channel", VIEW_TEXT},
        {"alert", "alert", VIEW_TEXT},     {"event", "event", VIEW_TEXT},
        {"status", "status", VIEW_TEXT},   {"attempts", "attempts", VIEW_NUMBER},
        {"made", "created_at", VIEW_TIME}, {"next", "next_due", VIEW_TIME},
        {"problem", "problem", VIEW_TEXT},
    };
    const char *status = args_option(&ctl->args, "status", NULL);
    const char *after = args_option(&ctl->args, "after", "0");
    struct client_answer answer;
    int result = status == NULL ? ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                                              "/api/v1/deliveries?after=", after, (char *)NULL)
                                : ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                                              "/api/v1/deliveries?status=", status,
                                              "&after=", after, (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, shown, sizeof shown / sizeof *shown)
                              : result;
}

static int retry(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", NOTHING, NULL, &answer, "/api/v1/deliveries/",
                             ctl->args.words[0], "/retry", (char *)NULL);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "delivery %s is tried again", ctl->args.words[0])
               : result;
}

const struct ctl_verb noun_channel_verbs[] = {
    {"channel", "list", "", 0, 0, "",
     "where alerts go\n"
     "Where alerts go, and how it stands with each place.",
     list},
    {"channel", "get", "CHANNEL", 1, 1, "",
     "one channel; what is secret is not shown\n"
     "One of them. Its address beyond the host and its secret are never shown.",
     get},
    {"channel", "set", "CHANNEL", 1, 1,
     "kind=KIND(webhook, dingtalk, feishu, wecom, slack or email; required of a new one) "
     "url-file=FILE(its first line is the address; required of a new one) "
     "secret-file=FILE(its first line signs messages, or is the password of a mail server; "
     "required of a webhook) "
     "min-severity=SEVERITY(info, warning or critical; default warning) "
     "enabled=true|false(default true) "
     "login=NAME(what the mail server knows us by) "
     "from=ADDRESS(address of the sender of mail) "
     "to=ADDRESSES(addresses of mail with commas)",
     "make a channel or change it; address and secret from files\n"
     "Make a channel, or change what was given. KIND is `webhook`, `dingtalk`, `feishu`, "
     "`wecom`, `slack` or `email`; it and the address are needed to make one. Address and "
     "secret are the first lines of files, or of standard input for `-`. A webhook needs a "
     "secret of at least 16 bytes, by which its messages are signed; DingTalk and Feishu show "
     "one if their robot is set to check signatures. For `email` the address is "
     "smtps://host:465 (TLS from the start) or smtp://host:587 (STARTTLS), NAME and the secret "
     "are what the mail server asks for, and ADDRESSES are up to 16 with commas. An address at "
     "another server takes the secret again: the one that is kept stays where it is. Only alerts "
     "of at least SEVERITY, `info`, `warning` or `critical`, go there; warning unless told "
     "otherwise.",
     set},
    {"channel", "test", "CHANNEL", 1, 1, "", "send a message there, and tell whether it arrived",
     test},
    {"channel", "delete", "CHANNEL", 1, 1, "", "send nothing there any more", delete},
    {"delivery", "list", "", 0, 0,
     "status=STATUS(waiting, sent or dead; default all) "
     "after=NUMBER(where to go on: what the page before told)",
     "what channels were sent or are owed\n"
     "What channels were sent or are owed, newest first; STATUS is `waiting`, `sent` or `dead`.",
     deliveries},
    {"delivery", "retry", "DELIVERY", 1, 1, "", "try again what was given up", retry},
    {0},
};
