/* context ... : several servers, one of which commands are sent to */
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"

static int fail(enum status status)
{
    char path[PATH_MAX] = "";

    if (session_path(path) != STATUS_OK)
        return ctl_fail("there is no place for logins: set HOME or MYNACTL_CONFIG");
    if (status == STATUS_DENIED)
        return ctl_fail("others may read %s, which holds keys: chmod 600 %s", path, path);
    return ctl_fail("\"%s\": %s", path, status_text(status));
}

static bool is_name(const char *text)
{
    const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return size > 0 && size < SESSION_NAME && text[size] == '\0';
}

static int read_key(const char *path, struct session *session)
{
    uint8_t *data;
    size_t size;

    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    const size_t length = strcspn((const char *)data, "\r\n");
    const bool fits = length > 0 && length < sizeof session->key;
    if (fits)
        snprintf(session->key, sizeof session->key, "%.*s", (int)length, (const char *)data);
    crypto_wipe(data, size);
    free(data);
    return fits ? CTL_DONE : ctl_fail("\"%s\" holds no API key", path);
}

/* Fills what the options tell. */
static int fill(const struct ctl *ctl, struct session *session)
{
    const char *url = args_option(&ctl->args, "url", "");
    const char *key_file = args_option(&ctl->args, "key-file", NULL);

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return ctl_misuse("context add needs --url, the dashboard's address");
    snprintf(session->name, sizeof session->name, "%s", ctl->args.words[0]);
    snprintf(session->url, sizeof session->url, "%.*s",
             (int)(strlen(url) - (url[strlen(url) - 1] == '/')), url);
    snprintf(session->ca_path, sizeof session->ca_path, "%s", args_option(&ctl->args, "ca", ""));
    return key_file ? read_key(key_file, session) : CTL_DONE;
}

static int add(struct ctl *ctl)
{
    struct session session = {0};

    if (!is_name(ctl->args.words[0]))
        return ctl_misuse("a context's name is 1 to 48 small letters, digits and hyphens");
    int result = fill(ctl, &session);
    if (result != CTL_DONE)
        return result;
    enum status status = session_save(&session);
    if (status != STATUS_OK)
        return fail(status);
    printf("context %s is %s%s\n", session.name, session.url,
           session.key[0] ? "" : "; log in with mynactl --context NAME login");
    crypto_wipe(&session, sizeof session);
    return CTL_DONE;
}

/* Reads all and finds the one that was named. */
static int read_all(const struct ctl *ctl, struct session_set *set, struct session **named)
{
    enum status status = session_read_all(set);

    if (status != STATUS_OK)
        return fail(status);
    *named = session_find(set, ctl->args.words[0]);
    return *named ? CTL_DONE
                  : ctl_fail("there is no context \"%s\"; see mynactl context list",
                             ctl->args.words[0]);
}

static int use(struct ctl *ctl)
{
    struct session_set set;
    struct session *named;
    int result = read_all(ctl, &set, &named);

    if (result != CTL_DONE)
        return result;
    snprintf(set.current, sizeof set.current, "%s", named->name);
    enum status status = session_write_all(&set);
    if (status != STATUS_OK)
        return fail(status);
    printf("commands go to %s, %s\n", named->name, named->url);
    return CTL_DONE;
}

static int take_out(struct ctl *ctl)
{
    struct session_set set;
    struct session *named;
    int result = read_all(ctl, &set, &named);

    if (result != CTL_DONE)
        return result;
    if (strcmp(set.current, named->name) == 0)
        set.current[0] = '\0';
    *named = set.contexts[--set.count];
    enum status status = session_write_all(&set);
    if (status != STATUS_OK)
        return fail(status);
    printf("removed context %s%s\n", ctl->args.words[0],
           set.current[0] || set.count == 0 ? "" : "; choose another: mynactl context use NAME");
    return CTL_DONE;
}

static const char *proof(const struct session *session)
{
    return session->key[0] ? "API key" : session->cookie[0] ? "login" : "";
}

static void write_list(const struct session_set *set, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < set->count; i++) {
        json_begin_object(&writer);
        json_key(&writer, "current");
        json_write_bool(&writer, strcmp(set->current, set->contexts[i].name) == 0);
        json_write_member(&writer, "name", set->contexts[i].name);
        json_write_member(&writer, "url", set->contexts[i].url);
        json_write_member(&writer, "by", proof(&set->contexts[i]));
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
}

/* Nothing secret is among it. */
static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {{"context", "name", VIEW_TEXT},
                                                 {"current", "current", VIEW_YES},
                                                 {"server", "url", VIEW_TEXT},
                                                 {"known by", "by", VIEW_TEXT}};
    struct session_set set;
    struct buffer text;
    enum status status = session_read_all(&set);

    if (status != STATUS_OK)
        return fail(status);
    buffer_init(&text, 1 << 16);
    write_list(&set, &text);
    const struct client_answer told = {.body = buffer_span(&text)};
    int result = ctl_show(ctl, &told, columns, 4);
    buffer_release(&text);
    return result;
}

const struct ctl_verb noun_context_verbs[] = {
    {"context", "list", "", 0, 0, "",
     "servers that are known by name\n"
     "The servers that are known by name, and which one commands go to.",
     list},
    {"context", "add", "NAME", 1, 1,
     "url=URL*(the dashboard's address) "
     "key-file=FILE(a file with an API key, - for standard input; default none: log in) "
     "ca=FILE(a file with the authority that signed the server's certificate)",
     "make a server known, or change it\n"
     "Make a server known, or change it. Without a key, log in there.\n"
     "\n"
     "    mynactl context add paris --url https://myna.example --key-file paris.key",
     add},
    {"context", "use", "NAME", 1, 1, "", "send commands there from now on", use},
    {"context", "remove", "NAME", 1, 1, "", "forget a server and its key", take_out},
    {0},
};
