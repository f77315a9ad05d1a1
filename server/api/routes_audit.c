#include <string.h>

#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/audit.h"

/* ?name=, a time; 0 when it is not there. False: a problem was answered. */
static bool read_time(struct request *request, struct reply *reply, const char *name, int64_t *out)
{
    const char *text = request_query(request, name);

    *out = 0;
    if (text == NULL || clock_parse(span_text(text), out) == STATUS_OK)
        return true;
    answer_bad(reply, arena_format(request->arena, "?%s", name),
               "must be a time like 2026-11-22T10:00:00Z");
    return false;
}

/* People say "anna"; the audit has "operator:anna", as it has "api-key:7". */
static const char *actor_of(struct request *request)
{
    const char *actor = request_query(request, "actor");

    return actor == NULL || strchr(actor, ':') != NULL || strcmp(actor, "mynad") == 0
               ? actor
               : arena_format(request->arena, "operator:%s", actor);
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct audit_filter filter = {.subject = request_query(request, "subject"),
                                  .actor = actor_of(request),
                                  .action = request_query(request, "action")};
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page) ||
        !read_time(request, reply, "from", &filter.from_ms) ||
        !read_time(request, reply, "until", &filter.until_ms))
        return;
    enum status status =
        audit_list(api->store, page.after_number, page.limit, &filter, request->arena, &json);
    answer_json(reply, status, json, "the audit");
}

static void verify(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *in_parts = request_query(request, "limit");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status = audit_verify(api->store, page.after_number, in_parts ? page.limit : 0,
                                      request->arena, &json);

    answer_json(reply, status, json, "the audit");
}

/* Who may change things may see who changed what, and from where; who only looks may not: the audit
 * names all colleagues and their addresses. */
static const struct route rows[] = {
    {"GET", "/api/v1/audit", ROUTE_OPERATOR, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/audit/verify", ROUTE_OPERATOR, verify, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_audit, rows);
