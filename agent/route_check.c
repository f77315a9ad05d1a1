#include "agent/route_check.h"

#include <string.h>

#include "agent/chat/dialect.h"
#include "schema/base/span.h"

/* Whether a list with commas names it. */
static bool is_listed(const char *regions, const char *region)
{
    const size_t size = strlen(region);

    for (const char *at = regions; *at;) {
        size_t word = strcspn(at, ", ");

        if (word == size && size > 0 && memcmp(at, region, size) == 0)
            return true;
        at += word + strspn(at + word, ", ");
    }
    return false;
}

/* That a server sent a route is no proof that it may be used: each is looked at here again
 * (invariant I13). A vendor of no region is at home everywhere. */
static const char *border_problem(const wire_Border *border, const wire_Route *route)
{
    if (!border->region[0])
        return NULL;
    if (route->region[0] && strcmp(route->region, border->region) != 0 &&
        !is_listed(border->open, route->region))
        return "its region is closed to this robot's";
    if (border->needs_filing && !route->is_filed)
        return "its model has no filing number";
    return NULL;
}

const char *route_check(const wire_Route *route, const wire_Border *border, const char *regions)
{
    const struct span url = span_text(route->base_url);

    if (!dialect_find(route->dialect))
        return "this robot does not speak its dialect";
    if (regions[0] && !is_listed(regions, route->region))
        return "its region is not one this robot may use";
    if (border_problem(border, route))
        return border_problem(border, route);
    if (!span_starts_with(url, "https://") && !span_starts_with(url, "http://"))
        return "its base URL is not http";
    if (route->use != wire_RouteUse_CHAT && route->use != wire_RouteUse_SPEECH &&
        route->use != wire_RouteUse_TRANSCRIPTION)
        return "this robot has no such use for it";
    return NULL;
}
