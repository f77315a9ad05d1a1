#include "server/api/extent.h"

#include "schema/wire/topic.h"
#include "server/api/answer.h"
#include "server/api/rights.h"

#define BOUND_MAX 100 /* groups, vendors */

static const char *pointer_to(struct request *request, enum extent_kind kind, const char *name)
{
    return arena_format(request->arena, "%s/%s", kind == EXTENT_SCOPE ? "/scope" : "", name);
}

/* An object of areas and levels. */
static bool check_may(const struct json *may, enum extent_kind kind, struct request *request,
                      struct reply *reply)
{
    enum route_role level;
    const char *area;

    for (size_t i = 0; i < json_count(may); i++) {
        const char *word = json_text(json_member_at(may, i, &area), "");
        const bool is_known = kind == EXTENT_SCOPE ? rights_is_in_scope(span_text(area))
                                                   : rights_is_area(span_text(area));
        const char *pointer =
            pointer_to(request, kind, arena_format(request->arena, "may/%.40s", area));

        if (!is_known)
            answer_bad(reply, pointer,
                       "there is no such area; operators, roles and api-keys are an admin's alone");
        else if (route_role_from_name(span_text(word), &level) != STATUS_OK)
            answer_bad(reply, pointer, "must be viewer, support, operator, approver or admin");
        else
            continue;
        return false;
    }
    if (may == NULL || json_type(may) == JSON_OBJECT)
        return true;
    answer_bad(reply, pointer_to(request, kind, "may"),
               "must be an object like {\"devices\": \"operator\"}");
    return false;
}

/* A list of slugs, or null for all. */
static bool check_bound(const struct json *list, const char *pointer, struct reply *reply)
{
    bool fits = list == NULL || json_type(list) == JSON_NULL ||
                (json_type(list) == JSON_ARRAY && json_count(list) <= BOUND_MAX);

    for (size_t i = 0; fits && i < json_count(list); i++)
        fits = topic_is_slug(span_text(json_text(json_item(list, i), "")));
    if (!fits)
        answer_bad(reply, pointer, "must be a list of at most 100 names, or null for all");
    return fits;
}

bool extent_check(const struct extent *extent, enum extent_kind kind, struct request *request,
                  struct reply *reply)
{
    return check_may(extent->may, kind, request, reply) &&
           check_bound(extent->groups, pointer_to(request, kind, "groups"), reply) &&
           check_bound(extent->vendors, pointer_to(request, kind, "vendors"), reply);
}

struct span extent_dump(struct request *request, const struct json *json)
{
    return json != NULL ? answer_dump(request->arena, json) : (struct span){0};
}
