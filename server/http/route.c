#include "server/http/route.h"

#include <assert.h>

static const char *const role_names[] = {"nobody",   "viewer",   "support",
                                         "operator", "approver", "admin"};
static_assert(sizeof role_names / sizeof *role_names == ROUTE_ADMIN + 1, "a name for each role");

const char *route_role_name(enum route_role role)
{
    return role_names[role];
}

enum status route_role_from_name(struct span name, enum route_role *role)
{
    for (int i = ROUTE_VIEWER; i <= ROUTE_ADMIN; i++)
        if (span_equal_text(name, role_names[i])) {
            *role = (enum route_role)i;
            return STATUS_OK;
        }
    return STATUS_NOT_FOUND;
}

/* Takes one segment, without its leading slash, off *text. */
static struct span segment(const char **text)
{
    const char *start = *text + 1;
    size_t size = strcspn(start, "/");

    *text = start + size;
    return span_of(start, size);
}

/* Of some two hundred patterns all but a few differ before their first parameter. */
static bool begins_alike(const char *pattern, const char *path)
{
    while (*pattern != '\0' && *pattern != '{' && *pattern != '*')
        if (*pattern++ != *path++)
            return false;
    return true;
}

bool route_matches(const char *pattern, const char *path, struct route_param *params, size_t max,
                   size_t *count)
{
    size_t found = 0;

    if (!begins_alike(pattern, path))
        return false;
    while (*pattern == '/' && *path == '/') {
        const char *rest = path;
        struct span want = segment(&pattern);
        struct span have = segment(&path);

        if (span_equal_text(want, "*") && *pattern == '\0') {
            *count = found;
            return rest[1] != '\0';
        }
        if (want.size >= 2 && want.data[0] == '{') {
            if (have.size == 0 || found == max)
                return false;
            params[found++] = (struct route_param){span_of(want.data + 1, want.size - 2), have};
        } else if (!span_equal(want, have)) {
            return false;
        }
    }
    *count = found;
    return *pattern == '\0' && *path == '\0';
}
