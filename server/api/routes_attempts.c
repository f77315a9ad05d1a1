#include <string.h>

#include "schema/base/clock.h"
#include "schema/wire/message.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/store/attempts.h"

/* Where a list ends that begins or ends so: at a day or at a time. */
static bool read_end(const struct request *request, struct reply *reply, const char *name,
                     const char **day, const char **time)
{
    const char *text = request_query(request, name);
    int64_t at_ms;

    if (text == NULL)
        return true;
    if (clock_is_date(text))
        *day = text;
    else if (clock_parse(span_text(text), &at_ms) == STATUS_OK)
        *time = text;
    else
        answer_bad(reply, strcmp(name, "from") == 0 ? "?from" : "?to",
                   "must be a day like 2026-11-22 or a time like 2026-11-22T14:00:00Z");
    return *day == text || *time == text;
}

static bool is_provenance(const char *text)
{
    for (unsigned i = 1; i < _wire_Provenance_ARRAYSIZE; i++)
        if (strcmp(text, message_provenance_name((wire_Provenance)i)) == 0)
            return true;
    return false;
}

static bool is_outcome(const char *text)
{
    for (unsigned i = 1; i < _wire_Outcome_ARRAYSIZE; i++)
        if (strcmp(text, message_outcome_name((wire_Outcome)i)) == 0)
            return true;
    return false;
}

static bool is_class(struct span text)
{
    for (unsigned i = 0; i < _wire_ErrorClass_ARRAYSIZE; i++)
        if (span_equal_text(text, message_error_name((wire_ErrorClass)i)))
            return true;
    return false;
}

/* One, or several with commas in between. */
static bool are_classes(const char *text)
{
    for (size_t size = strcspn(text, ","); is_class(span_of(text, size));
         size = strcspn(text, ",")) {
        if (text[size] == '\0')
            return true;
        text += size + 1;
    }
    return false;
}

/* False: a problem was answered. */
static bool read_kinds(const struct request *request, struct reply *reply,
                       struct attempts_order *order)
{
    const char *provenance = request_query(request, "provenance");

    const char *answered = request_query(request, "answered");

    order->error_classes = request_query(request, "class");
    order->counted = request_query(request, "counted");
    order->answered = answered != NULL;
    order->outcome = request_query(request, "outcome");
    order->uncertain = provenance != NULL && strcmp(provenance, "uncertain") == 0;
    order->provenance = order->uncertain ? NULL : provenance;
    if (order->provenance != NULL && !is_provenance(order->provenance))
        answer_bad(reply, "?provenance",
                   "must be vendor_final, vendor_cumulative, estimated, worst_case, not_sent, "
                   "adjustment or uncertain");
    else if (order->outcome != NULL && !is_outcome(order->outcome))
        answer_bad(reply, "?outcome",
                   "must be answered, truncated, filtered, interrupted, failed or lost");
    else if (order->error_classes != NULL && !are_classes(order->error_classes))
        answer_bad(reply, "?class",
                   "must be none, rate, busy, quota, money, auth, content, request or net, or "
                   "several of them with commas in between");
    else if (order->counted != NULL && strcmp(order->counted, "health") != 0 &&
             strcmp(order->counted, "pack") != 0)
        answer_bad(reply, "?counted", "must be health or pack");
    else if (answered != NULL && strcmp(answered, "true") != 0)
        answer_bad(reply, "?answered", "must be true where it is there");
    else
        return true;
    return false;
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct attempts_order order = {
        .vendor = request_query(request, "vendor"),
        .model = request_query(request, "model"),
        .contract = request_query(request, "contract"),
        .group = request_query(request, "group"),
        .device = request_query(request, "device"),
        .currency = request_query(request, "currency"),
        .zone = request_query(request, "zone"),
        .role = reach_of(request),
    };
    struct answer_page page;
    struct span json;

    if (!read_kinds(request, reply, &order) ||
        !read_end(request, reply, "from", &order.from, &order.since) ||
        !read_end(request, reply, "to", &order.to, &order.until) ||
        !answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    enum status status =
        attempts_list(api->store, &order, page.after, page.limit, request->arena, &json);
    if (status == STATUS_NOT_FOUND)
        answer_bad(reply, "?zone", "there is no such time zone; an example is \"Asia/Shanghai\"");
    else if (status == STATUS_INVALID && page.after != NULL)
        answer_bad(reply, "?after", "must be the \"next\" of the page before");
    else
        answer_json(reply, status, json, "attempts");
}

static const struct route rows[] = {
    {"GET", "/api/v1/attempts", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_attempts, rows);
