#include "server/api/rights.h"

#include <string.h>

#define ROOT       "/api/v1/"
#define ALL_OTHERS "*" /* areas, in a scope */

static const char *const areas[] = {
    "alerts",   "attempts", "audit",      "blackouts", "budgets",       "bundles",
    "channels", "claims",   "commands",   "contracts", "deliveries",    "devices",
    "dialects", "doctor",   "events",     "filters",   "fleet",         "groups",
    "invoices", "layers",   "pairings",   "pools",     "regions",       "retention",
    "rollouts", "settings", "thresholds", "usage",     "usage-imports", "vendor-health",
    "vendors",  "views",    "whatif",
};

struct span rights_area(const char *pattern)
{
    const size_t skip = sizeof ROOT - 1;

    if (strncmp(pattern, ROOT, skip) != 0)
        return span_of("", 0);
    const struct span area = span_of(pattern + skip, strcspn(pattern + skip, "/"));
    /* a job is what is done to robots, for many of them; each deed asks for its own right as well
     */
    return span_equal_text(area, "jobs") ? span_text("devices") : area;
}

bool rights_is_area(struct span area)
{
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
        if (span_equal_text(area, areas[i]))
            return true;
    return false;
}

const char *const *rights_areas(size_t *count)
{
    *count = sizeof areas / sizeof *areas;
    return areas;
}

bool rights_is_own_matter(struct span area)
{
    return span_is_choice(area, "me|logout");
}

bool rights_is_in_scope(struct span area)
{
    return rights_is_area(area) || span_equal_text(area, ALL_OTHERS);
}

/* False: the text names no such area, or no level there is. */
static bool find(const char *text, struct span area, enum route_role *level)
{
    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        const size_t name = strcspn(at, "=");
        const size_t all = strcspn(at, " ");

        if (name < all && span_equal(span_of(at, name), area) &&
            route_role_from_name(span_of(at + name + 1, all - name - 1), level) == STATUS_OK)
            return true;
        at += all;
    }
    return false;
}

enum route_role rights_level(const char *rights, struct span area)
{
    enum route_role level;

    return rights_is_area(area) && find(rights, area, &level) ? level : ROUTE_ANYONE;
}

enum route_role rights_scope_level(const char *scope, struct span area)
{
    enum route_role level;

    return find(scope, area, &level) || find(scope, span_text(ALL_OTHERS), &level) ? level
                                                                                   : ROUTE_ANYONE;
}
