/* rights.h - what an own role may do: a level in each area, none where it names none
 *
 * An area is the first word of a path behind /api/v1, "devices", "vendors"; that of bulk jobs is
 * "devices". A level is the name of
 * one of the roles that every installation has: in that area the own role may do what that one may.
 * Pure.
 */
#ifndef SERVER_API_RIGHTS_H
#define SERVER_API_RIGHTS_H

#include "server/http/route.h"

/* "devices" of "/api/v1/devices/{id}"; empty for what is not below /api/v1. */
struct span rights_area(const char *pattern);

/* Whether own roles may be given something there. What makes operators, roles and keys is not among
 * them: who may give rights has all of them. */
bool rights_is_area(struct span area);

/* The names of all areas; borrowed. */
const char *const *rights_areas(size_t *count);

/* Whoever is logged in may do this: what is about oneself. */
bool rights_is_own_matter(struct span area);

/* What rights, "devices=operator vendors=viewer", give in an area; ROUTE_ANYONE: nothing. */
enum route_role rights_level(const char *rights, struct span area);

/* What narrows a key down may name an area, or all that it does not name: "*". */
bool rights_is_in_scope(struct span area);

/* The level that a scope, "usage=operator *=viewer", leaves of any role's in an area, also in one
 * that no own role may have; ROUTE_ANYONE: nothing. */
enum route_role rights_scope_level(const char *scope, struct span area);

#endif
