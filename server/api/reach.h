/* reach.h - how far a role or an API key goes that is bound to groups or vendors
 *
 * A table says for each route what its path names: a robot, a group, a vendor; then the role must
 * hold it. A route that no row names is refused to bound roles: what cannot be narrowed down is not
 * theirs.
 */
#ifndef SERVER_API_REACH_H
#define SERVER_API_REACH_H

#include "server/api/api.h"

/* Whether the actor's role goes as far as what the request's path names. False: a problem was
 * answered; whether there is such a thing, is not told. */
bool reach_allows(const struct api *api, struct request *request, struct reply *reply);

/* The name of the role, or of the key, for lists that leave out what it does not reach; NULL: it
 * reaches all. */
const char *reach_of_groups(const struct request *request);
const char *reach_of_vendors(const struct request *request);
const char *reach_of(const struct request *request); /* by either */

#endif
