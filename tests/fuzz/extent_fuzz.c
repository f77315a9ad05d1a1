#include "tests/fuzz/fuzz.h"

#include "schema/base/json.h"
#include "server/api/extent.h"
#include "server/api/rights.h"

/* A body with may, groups and vendors, as of an own role and as of a key's scope. What passes names
 * areas and levels that there are; a refusal is a 400. */
static void check(const struct extent *extent, enum extent_kind kind, struct request *request)
{
    struct reply reply;
    const char *area;

    reply_init(&reply, request->arena);
    if (!extent_check(extent, kind, request, &reply)) {
        FUZZ_CHECK(reply.status == 400);
        return;
    }
    for (size_t i = 0; i < json_count(extent->may); i++) {
        enum route_role level;
        const struct json *word = json_member_at(extent->may, i, &area);

        FUZZ_CHECK(route_role_from_name(span_text(json_text(word, "")), &level) == STATUS_OK);
        FUZZ_CHECK(rights_is_area(span_text(area)) ||
                   (kind == EXTENT_SCOPE && rights_is_in_scope(span_text(area))));
    }
    FUZZ_CHECK(extent->groups == NULL || extent_dump(request, extent->groups).size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {0};
    struct json *body = NULL;

    if (json_parse(span_of(data, size), &body, NULL) != STATUS_OK)
        return 0;
    FUZZ_CHECK(arena_create(&request.arena, 8u << 20) == STATUS_OK);
    const struct extent extent = {json_member(body, "may"), json_member(body, "groups"),
                                  json_member(body, "vendors")};
    check(&extent, EXTENT_ROLE, &request);
    check(&extent, EXTENT_SCOPE, &request);
    arena_free(request.arena);
    json_free(body);
    return 0;
}
