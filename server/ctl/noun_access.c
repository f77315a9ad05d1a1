/* user ..., apikey ..., me key... : who may do what */
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "server/ctl/ask.h"
#include "server/ctl/bounds.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list_users(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"operator", "id", VIEW_TEXT},
                                                 {"role", "role", VIEW_TEXT},
                                                 {"disabled", "disabled_at", VIEW_TIME},
                                                 {"code", "second_factor_since", VIEW_TIME},
                                                 {"since", "created_at", VIEW_TIME}};
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/operators", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

static int create_user(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer body;
    struct json_writer writer;
    char password[256];

    if (!ask_secret("password of the new operator: ", password, sizeof password) || !*password)
        return ctl_fail("the new operator's password is read from standard input; none came");
    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_write_member(&writer, "id", ctl->args.words[0]);
    json_write_member(&writer, "role", args_option(&ctl->args, "role", "viewer"));
    json_write_member(&writer, "password", password);
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/operators",
                             (char *)NULL);
    explicit_bzero(password, sizeof password);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "made operator %s", ctl->args.words[0])
                              : result;
}

/* What the options say is to change; password is wiped by the caller. */
static int write_user(struct ctl *ctl, char password[256], struct buffer *body)
{
    const char *role = args_option(&ctl->args, "role", NULL);
    const bool disable = args_flag(&ctl->args, "disable"), enable = args_flag(&ctl->args, "enable");
    const bool has_password = args_flag(&ctl->args, "password");
    struct json_writer writer;

    if (disable && enable)
        return ctl_misuse("either --disable or --enable");
    if (role == NULL && !disable && !enable && !has_password)
        return ctl_misuse("nothing to change: give --role, --password, --disable or --enable");
    if (has_password && (!ask_secret("new password: ", password, 256) || !*password))
        return ctl_fail("the new password is read from standard input; none came");
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if (role != NULL)
        json_write_member(&writer, "role", role);
    if (has_password)
        json_write_member(&writer, "password", password);
    if (disable || enable) {
        json_key(&writer, "disabled");
        json_write_bool(&writer, disable);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

static int set_user(struct ctl *ctl)
{
    const char *name = ctl->args.words[0];
    struct client_answer answer;
    struct buffer body;
    char password[256] = "", etag[64];

    buffer_init(&body, 4096);
    int result = write_user(ctl, password, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/operators/", name,
                             (char *)NULL);
    if (result == CTL_DONE) {
        snprintf(etag, sizeof etag, "%s", answer.etag);
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), etag, &answer, "/api/v1/operators/",
                             name, (char *)NULL);
    }
    explicit_bzero(password, sizeof password);
    crypto_wipe(body.data, body.data ? body.size : 0);
    buffer_release(&body);
    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "changed operator %s, whose sessions are over", name)
               : result;
}

static int delete_user(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/operators/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted operator %s", ctl->args.words[0])
                              : result;
}

static int reset_factor(struct ctl *ctl)
{
    const char *name = ctl->args.words[0];
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/operators/", name,
                             "/second-factor", (char *)NULL);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer, "forgot the second factor of %s, who logs in anew", name)
               : result;
}

/* Of everybody, and one's own. */
#define KEYS     "/api/v1/api-keys"
#define OWN_KEYS "/api/v1/me/api-keys"

static int show_keys(struct ctl *ctl, const char *path)
{
    static const struct view_column columns[] = {
        {"key", "id", VIEW_TEXT},           {"name", "name", VIEW_TEXT},
        {"role", "role", VIEW_TEXT},        {"narrowed to", "scope", VIEW_JSON},
        {"until", "expires_at", VIEW_TIME}, {"revoked", "revoked_at", VIEW_TIME},
        {"owner", "owner", VIEW_TEXT},      {"stopped", "stopped", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, path, (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

/* What the options say of the key that is to be made. */
static int write_key(const struct args *args, struct buffer *body)
{
    const char *expires = args_option(args, "expires-in", "7776000");
    const char *owner = args_option(args, "owner", NULL);
    struct json_writer writer;
    int64_t seconds;

    if (span_to_int64(span_text(expires), &seconds) != STATUS_OK)
        return ctl_misuse("--expires-in takes seconds, not \"%s\"", expires);
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_write_member(&writer, "name", args->words[0]);
    json_write_member(&writer, "role", args_option(args, "role", "viewer"));
    json_key(&writer, "expires_in_s");
    json_write_int(&writer, seconds);
    if (owner != NULL)
        json_write_member(&writer, "owner", owner);
    if (bounds_given(args, "scope")) {
        json_key(&writer, "scope");
        json_begin_object(&writer);
        if (bounds_write(&writer, args, "scope") != STATUS_OK)
            return ctl_misuse("--scope takes AREA=ROLE,..., as usage=viewer or all=viewer");
        json_end_object(&writer);
    }
    json_end_object(&writer);
    return CTL_DONE;
}

static int make_key(struct ctl *ctl, const char *path)
{
    static const struct view_column columns[] = {
        {"id", "id", VIEW_TEXT},       {"key (shown once)", "key", VIEW_TEXT},
        {"role", "role", VIEW_TEXT},   {"narrowed to", "scope", VIEW_JSON},
        {"owner", "owner", VIEW_TEXT}, {"until", "expires_at", VIEW_TIME}};
    struct client_answer answer;
    struct buffer body;

    buffer_init(&body, 65536);
    int result = write_key(&ctl->args, &body);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, path, (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int end_key(struct ctl *ctl, const char *path)
{
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, path, ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "revoked key %s", ctl->args.words[0])
                              : result;
}

static int list_keys(struct ctl *ctl)
{
    return show_keys(ctl, KEYS);
}

static int create_key(struct ctl *ctl)
{
    return make_key(ctl, KEYS);
}

static int revoke_key(struct ctl *ctl)
{
    return end_key(ctl, KEYS "/");
}

static int list_own_keys(struct ctl *ctl)
{
    return show_keys(ctl, OWN_KEYS);
}

static int create_own_key(struct ctl *ctl)
{
    return make_key(ctl, OWN_KEYS);
}

static int revoke_own_key(struct ctl *ctl)
{
    return end_key(ctl, OWN_KEYS "/");
}

#define SCOPE_OPTIONS                                                                              \
    "scope=AREA=ROLE,...(at most this there and nothing elsewhere, as usage=viewer; all=viewer: "  \
    "reads alone) " BOUNDS_OPTIONS

const struct ctl_verb noun_access_verbs[] = {
    {"user", "list", "", 0, 0, "", "operators and their roles", list_users},
    {"user", "create", "NAME", 1, 1,
     "role=ROLE(viewer, support, operator, approver, admin or an own one; default viewer)",
     "let an operator in\n"
     "Create an operator; the password is typed, or one line on standard input. The role is "
     "`viewer`, "
     "`support`, `operator`, `approver`, who may also approve others' rollouts, `admin` or an own "
     "one; "
     "viewer unless told otherwise.\n\n    mynactl user create wang --role operator <password.txt",
     create_user},
    {"user", "set", "NAME", 1, 1,
     "role=ROLE(viewer, support, operator, approver, admin or an own one) "
     "password!(a new one, typed or one line on standard input) "
     "disable!(let nobody in by this name) "
     "enable!(again)",
     "give an operator another role or password, or shut one out\n"
     "Change an operator's role or password, or shut one out for a while and let in again; each "
     "ends the operator's sessions. The last admin stays one.\n"
     "\n"
     "    mynactl user set wang --role approver\n"
     "    mynactl user set wang --disable",
     set_user},
    {"user", "delete", "NAME", 1, 1, "", "end an operator's access", delete_user},
    {"user", "reset-second-factor", "NAME", 1, 1, "",
     "for who lost app and recovery codes\n"
     "Forget the second factor of an operator who lost app and recovery codes; ends the operator's "
     "sessions.",
     reset_factor},
    {"apikey", "list", "", 0, 0, "", "keys of programs", list_keys},
    {"apikey", "create", "NAME", 1, 1,
     "role=ROLE(viewer, support, operator, approver, admin or an own one; default viewer) "
     "expires-in=SECONDS(default 90 days: 7776000) "
     "owner=OPERATOR(whose deeds the key's count as; default whoever asks) " SCOPE_OPTIONS,
     "a key for a program; shown once\n"
     "A key for a program, of the role viewer and for 90 days unless told otherwise; shown this "
     "once. It does no more than its owner may. --scope narrows it further: in each area it names, "
     "an area being the first word of a path of the API, the key does at most what that role may, "
     "and nothing in any other; `all` stands for every other. With --groups it reaches the robots "
     "of those groups alone, with --vendors those vendors alone. Admins make keys for everybody; "
     "others make their own with `me key-create`.\n"
     "\n"
     "    mynactl apikey create reports --role viewer --owner wang\n"
     "    mynactl apikey create billing --scope usage=viewer,attempts=viewer\n"
     "    mynactl apikey create lab-robot --role operator --scope devices=operator --groups lab",
     create_key},
    {"apikey", "revoke", "KEY", 1, 1, "", "make a key worthless", revoke_key},
    {"me", "keys", "", 0, 0, "", "your own keys of programs", list_own_keys},
    {"me", "key-create", "NAME", 1, 1,
     "role=ROLE(your own role, or one that does less; default viewer) "
     "expires-in=SECONDS(default 90 days: 7776000) " SCOPE_OPTIONS,
     "a key for a program of yours; shown once\n"
     "A key for a program of yours, of the role viewer and for 90 days unless told otherwise; "
     "shown "
     "this once. What it does counts as your deed, and it opens nothing once you may do less than "
     "it. What narrows it further is as with `apikey create`.\n"
     "\n"
     "    mynactl me key-create nightly --scope usage=viewer",
     create_own_key},
    {"me", "key-revoke", "KEY", 1, 1, "", "make a key of yours worthless", revoke_own_key},
    {0},
};
