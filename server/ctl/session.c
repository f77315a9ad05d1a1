#include "server/ctl/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/crypto.h"
#include "schema/base/file.h"
#include "schema/base/json.h"

#define FILE_BYTES 65536
#define FIRST      "default"

enum status session_path(char path[PATH_MAX])
{
    const char *given = getenv("MYNACTL_CONFIG");
    const char *home = getenv("HOME");
    int length;

    if (given && *given)
        length = snprintf(path, PATH_MAX, "%s", given);
    else if (home && *home)
        length = snprintf(path, PATH_MAX, "%s/.config/myna/ctl.json", home);
    else
        return STATUS_NOT_FOUND;
    return length < PATH_MAX ? STATUS_OK : STATUS_FULL;
}

static void copy_member(const struct json *json, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s", json_text(json_member(json, name), ""));
}

static void read_context(const struct json *json, const char *name, struct session_set *set)
{
    struct session *session = &set->contexts[set->count];

    if (set->count == SESSION_CONTEXTS)
        return;
    set->count++;
    snprintf(session->name, sizeof session->name, "%s", name);
    copy_member(json, "url", session->url, sizeof session->url);
    copy_member(json, "cookie", session->cookie, sizeof session->cookie);
    copy_member(json, "key", session->key, sizeof session->key);
    copy_member(json, "ca", session->ca_path, sizeof session->ca_path);
}

static void read_set(const struct json *json, struct session_set *set)
{
    const struct json *contexts = json_member(json, "contexts");
    const char *name;

    if (contexts == NULL) { /* as it was written before there were contexts */
        read_context(json, FIRST, set);
        snprintf(set->current, sizeof set->current, "%s", FIRST);
        return;
    }
    for (size_t i = 0; i < json_count(contexts); i++) {
        const struct json *context = json_member_at(contexts, i, &name);
        read_context(context, name, set);
    }
    copy_member(json, "current", set->current, sizeof set->current);
}

/* Keys lie there: whoever else may read them is told, not tolerated. */
static enum status check_mode(const char *path)
{
    if (access(path, F_OK) != 0)
        return STATUS_NOT_FOUND;
    return file_is_open_to(path, 077) ? STATUS_DENIED : STATUS_OK;
}

enum status session_read_all(struct session_set *set)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size;
    struct json *json;

    *set = (struct session_set){0};
    enum status status = session_path(path);
    if (status == STATUS_OK)
        status = check_mode(path);
    if (status == STATUS_OK)
        status = file_read(path, FILE_BYTES, &data, &size);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    status = json_parse(span_of(data, size), &json, NULL);
    crypto_wipe(data, size);
    free(data);
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    read_set(json, set);
    json_free(json);
    return STATUS_OK;
}

struct session *session_find(struct session_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->contexts[i].name, name) == 0)
            return &set->contexts[i];
    return NULL;
}

static bool load_environment(struct session *session)
{
    const char *url = getenv("MYNACTL_URL");
    const char *key = getenv("MYNACTL_KEY");

    if (!url || !*url)
        return false;
    snprintf(session->url, sizeof session->url, "%s", url);
    snprintf(session->key, sizeof session->key, "%s", key ? key : "");
    return true;
}

enum status session_load(struct session *session, const char *name)
{
    struct session_set set;
    const char *wanted = getenv("MYNACTL_CONTEXT");

    *session = (struct session){0};
    if (name == NULL && load_environment(session))
        return STATUS_OK;
    enum status status = session_read_all(&set);
    if (status != STATUS_OK)
        return status;
    if (name == NULL)
        name = wanted && *wanted ? wanted : *set.current ? set.current : FIRST;
    const struct session *found = session_find(&set, name);
    if (found != NULL)
        *session = *found;
    else
        snprintf(session->name, sizeof session->name, "%s", name);
    crypto_wipe(&set, sizeof set);
    return found != NULL ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status make_parent(const char *path)
{
    char folder[PATH_MAX];
    char *slash;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return STATUS_OK;
    *slash = '\0';
    return file_make_folder(folder, 0700);
}

static void write_set(const struct session_set *set, struct json_writer *writer)
{
    json_begin_object(writer);
    json_write_member(writer, "current", set->current);
    json_key(writer, "contexts");
    json_begin_object(writer);
    for (size_t i = 0; i < set->count; i++) {
        const struct session *session = &set->contexts[i];

        json_key(writer, session->name);
        json_begin_object(writer);
        json_write_member(writer, "url", session->url);
        json_write_member(writer, "cookie", session->cookie);
        json_write_member(writer, "key", session->key);
        json_write_member(writer, "ca", session->ca_path);
        json_end_object(writer);
    }
    json_end_object(writer);
    json_end_object(writer);
}

enum status session_write_all(const struct session_set *set)
{
    char path[PATH_MAX];
    struct buffer text;
    struct json_writer writer;
    enum status status = session_path(path);

    if (status == STATUS_OK)
        status = make_parent(path);
    if (status != STATUS_OK)
        return status;
    buffer_init(&text, FILE_BYTES);
    json_writer_init(&writer, &text);
    write_set(set, &writer);
    status = buffer_status(&text);
    if (status == STATUS_OK)
        status = file_replace(path, buffer_span(&text), 0600);
    crypto_wipe(text.data, text.data ? text.size : 0);
    buffer_release(&text);
    return status;
}

enum status session_save(const struct session *session)
{
    struct session_set set;
    struct session *place;

    if (session->name[0] == '\0')
        return STATUS_OK;
    enum status status = session_read_all(&set);
    if (status != STATUS_OK)
        return status;
    place = session_find(&set, session->name);
    if (place == NULL && set.count < SESSION_CONTEXTS)
        place = &set.contexts[set.count++];
    if (place == NULL)
        return STATUS_FULL;
    *place = *session;
    if (set.current[0] == '\0')
        snprintf(set.current, sizeof set.current, "%s", session->name);
    status = session_write_all(&set);
    crypto_wipe(&set, sizeof set);
    return status;
}
