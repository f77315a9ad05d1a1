#include "server/ctl/session.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/file.h"
#include "schema/base/json.h"

static enum status config_path(char path[PATH_MAX])
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

static enum status read_file(const char *path, struct session *session)
{
    uint8_t *data;
    size_t size;
    struct json *json;
    enum status status = file_read(path, 65536, &data, &size);

    if (status != STATUS_OK)
        return status;
    status = json_parse(span_of(data, size), &json, NULL);
    free(data);
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    copy_member(json, "url", session->url, sizeof session->url);
    copy_member(json, "cookie", session->cookie, sizeof session->cookie);
    copy_member(json, "key", session->key, sizeof session->key);
    copy_member(json, "ca", session->ca_path, sizeof session->ca_path);
    json_free(json);
    return STATUS_OK;
}

enum status session_load(struct session *session)
{
    char path[PATH_MAX];
    const char *url = getenv("MYNACTL_URL");
    const char *key = getenv("MYNACTL_KEY");

    memset(session, 0, sizeof *session);
    if (url && *url) {
        snprintf(session->url, sizeof session->url, "%s", url);
        snprintf(session->key, sizeof session->key, "%s", key ? key : "");
        return STATUS_OK;
    }
    enum status status = config_path(path);
    return status == STATUS_OK ? read_file(path, session) : status;
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

enum status session_save(const struct session *session)
{
    char path[PATH_MAX];
    struct buffer text;
    struct json_writer writer;
    enum status status = config_path(path);

    if (status == STATUS_OK)
        status = make_parent(path);
    if (status != STATUS_OK)
        return status;
    buffer_init(&text, 65536);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_write_member(&writer, "url", session->url);
    json_write_member(&writer, "cookie", session->cookie);
    json_write_member(&writer, "key", session->key);
    json_write_member(&writer, "ca", session->ca_path);
    json_end_object(&writer);
    status = buffer_status(&text);
    if (status == STATUS_OK)
        status = file_replace(path, buffer_span(&text), 0600);
    buffer_release(&text);
    return status;
}
