#include "server/ctl/asked.h"

#include <string.h>

#include "schema/base/crypto.h"

#define BODY_BYTES (1 << 22)

static bool is_of(const struct object *object, const char *kind)
{
    return strcmp(object->kind->name, kind) == 0;
}

int asked_contract(struct ctl *ctl, const struct object *object)
{
    struct client_answer answer;
    struct buffer body;

    if (!is_of(object, "contract"))
        return CTL_DONE;
    buffer_init(&body, BODY_BYTES);
    object_write_body(object, NULL, &body);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer,
                             "/api/v1/contracts?dry_run=terms", (char *)NULL);
    buffer_release(&body);
    return result;
}

static bool write_secrets(const struct object *object, struct buffer *body)
{
    struct json_writer writer;
    const char *name;
    bool any = false;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    for (size_t i = 0; i < json_count(object->document); i++) {
        const struct json *value = json_member_at(object->document, i, &name);

        if (!object_is_secret(object->kind, name))
            continue;
        json_write_member(&writer, name, json_text(value, ""));
        any = true;
    }
    json_end_object(&writer);
    return any;
}

int asked_secrets(struct ctl *ctl, const struct object *object, struct json **same)
{
    struct client_answer answer;
    struct buffer body;
    int result = CTL_DONE;

    *same = NULL;
    buffer_init(&body, BODY_BYTES);
    if (write_secrets(object, &body)) {
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/channels/",
                             object->id, "/compare", (char *)NULL);
        if (result == CTL_DONE)
            result = ctl_parse(&answer, same);
    }
    crypto_wipe(body.data, body.data != NULL ? body.size : 0);
    buffer_release(&body);
    return result;
}

int asked_forgets(struct ctl *ctl, const struct object *object, int64_t *forgets)
{
    struct client_answer answer;
    struct json *told;
    char body[64];

    *forgets = 0;
    if (!is_of(object, "retention"))
        return CTL_DONE;
    snprintf(body, sizeof body, "{\"keep\":%lld,\"dry_run\":true}",
             (long long)json_int(json_member(object->document, "keep"), 0));
    int result = ctl_send_to(ctl, "PUT", span_text(body), NULL, &answer, "/api/v1/retention/",
                             object->id, (char *)NULL);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &told)) != CTL_DONE)
        return result;
    *forgets = json_int(json_member(told, "forgets"), 0);
    json_free(told);
    return CTL_DONE;
}
