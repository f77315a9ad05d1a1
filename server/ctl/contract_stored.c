#include "server/ctl/contract_stored.h"

#include "schema/base/clock.h"
#include "schema/base/json.h"

#define ARENA_BYTES (64u << 20)

/* Puts a version behind those before it; base is NULL for the first. */
static int join(const char *id, const struct json *version, const struct contract *base,
                struct arena *arena, struct contract *out, struct zone *zone)
{
    struct json_problem problem = {0};
    struct contract document;
    int64_t from_ms = 0;
    enum status status =
        contract_read(json_member(version, "document"), arena, &document, &problem);

    if (status == STATUS_OK)
        status =
            clock_parse(span_text(json_text(json_member(version, "effective_from"), "")), &from_ms);
    if (status == STATUS_OK)
        status = contract_amend(base, &document, from_ms,
                                base ? zone_first_day(zone, from_ms) : zone_day(zone, from_ms),
                                arena, out);
    return status == STATUS_OK ? CTL_DONE
                               : ctl_fail("version %lld of contract %s cannot be read: %s %s",
                                          (long long)json_int(json_member(version, "version"), 0),
                                          id, problem.pointer,
                                          problem.detail[0] ? problem.detail : status_text(status));
}

int contract_stored_read(struct ctl *ctl, const char *id, struct arena **arena,
                         struct contract *out, struct zone **zone)
{
    struct client_answer answer;
    struct json *json;

    *arena = NULL;
    *zone = NULL;
    int result = ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/contracts/", id,
                             (char *)NULL);
    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    const struct json *versions = json_member(json, "versions"); /* newest first */
    const char *name = json_text(json_member(json, "zone"), "");
    if (arena_create(arena, ARENA_BYTES) != STATUS_OK)
        result = ctl_fail("out of memory");
    else if (zone_open(zone, name) != STATUS_OK)
        result = ctl_fail("this machine knows no time zone \"%s\", contract %s's", name, id);
    const size_t count = json_count(versions);
    for (size_t i = count; result == CTL_DONE && i-- > 0;)
        result = join(id, json_item(versions, i), i + 1 < count ? out : NULL, *arena, out, *zone);
    if (result != CTL_DONE) {
        arena_free(*arena);
        zone_close(*zone);
        *arena = NULL;
        *zone = NULL;
    }
    json_free(json);
    return result;
}
