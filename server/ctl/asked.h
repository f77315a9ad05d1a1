/* asked.h - what only the server can say of a document, asked of it without changing anything
 *
 * Each gives an exit status, and asks nothing of objects of other kinds than its own. What is wrong
 * was told on standard error, by ctl's source.
 */
#ifndef SERVER_CTL_ASKED_H
#define SERVER_CTL_ASKED_H

#include "server/ctl/ctl.h"
#include "server/ctl/object.h"

/* Whether a contract's terms are taken: bounds of hard caps, the zone. Not whether its vendor is
 * there, which may be made by the same documents; nor whether its id is free, for a change is
 * another version. */
int asked_contract(struct ctl *ctl, const struct object *object);

/* Which members that it keeps and never tells are those of the document: {"url": true}. The caller
 * frees *same, which is NULL where the document has none. */
int asked_secrets(struct ctl *ctl, const struct object *object, struct json **same);

/* How much of what is kept would go by it. */
int asked_forgets(struct ctl *ctl, const struct object *object, int64_t *forgets);

#endif
