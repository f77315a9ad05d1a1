#include "server/ctl/object_find.h"

#include <stdio.h>

#define NOTHING      span_text("")
#define PATH_BYTES   4096
#define ANSWER_BYTES (1 << 22)

static int look(struct ctl *ctl, const struct object_kind *kind, const char *id,
                struct object_found *found)
{
    struct client_answer answer;
    struct buffer path;
    bool is_there = false;

    buffer_init(&path, PATH_BYTES);
    object_write_path(kind, id, NULL, &path);
    int result = ctl_look(ctl, buffer_cstring(&path), &is_there, &answer);
    buffer_release(&path);
    if (result != CTL_DONE || !is_there)
        return result;
    snprintf(found->etag, sizeof found->etag, "%s", answer.etag);
    return ctl_parse(&answer, &found->answer);
}

/* The item alone, as the answer to one that had an address would be. */
static int keep(const struct json *item, struct object_found *found)
{
    const struct json *version = json_member(item, "version");
    struct buffer text;

    if (item == NULL)
        return CTL_DONE;
    buffer_init(&text, ANSWER_BYTES);
    json_dump(item, &text);
    enum status status = json_parse(buffer_span(&text), &found->answer, NULL);
    buffer_release(&text);
    if (version != NULL)
        snprintf(found->etag, sizeof found->etag, "\"%lld\"", (long long)json_int(version, 0));
    return status == STATUS_OK ? CTL_DONE : ctl_fail("out of memory");
}

static int search(struct ctl *ctl, const struct object_kind *kind, const char *id,
                  struct object_found *found)
{
    struct client_answer answer;
    struct json *list;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, kind->path, (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &list)) != CTL_DONE)
        return result;
    result = keep(object_in_list(kind, list, id), found);
    json_free(list);
    return result;
}

int object_find(struct ctl *ctl, const struct object_kind *kind, const char *id,
                struct object_found *found)
{
    *found = (struct object_found){0};
    return kind->key != NULL ? search(ctl, kind, id, found) : look(ctl, kind, id, found);
}
