/* roles.h - what operators and API keys may do: the roles of every installation, and its own ones
 *
 * An own role has a level in each area (server/api/rights.h) and may be bound to groups of robots
 * and to vendors. Texts of JSON come in the caller's arena.
 */
#ifndef SERVER_STORE_ROLES_H
#define SERVER_STORE_ROLES_H

#include "server/store/document.h"

MUST_CHECK enum status roles_list(struct store *store, struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status roles_get(struct store *store, const char *role_id, struct arena *arena,
                                 struct document *out);

/* Empty and NULL: as it is; groups and vendors: a JSON list, or "null" for all. */
struct roles_fields {
    const char *note;
    struct span may; /* {"devices": "operator"} */
    struct span groups;
    struct span vendors;
    bool set_second_factor;
    bool second_factor;
};

/* STATUS_EXISTS. */
MUST_CHECK enum status roles_create(struct store *store, const struct author *author,
                                    const char *role_id, const struct roles_fields *fields,
                                    struct arena *arena, struct document *out);

/* if_version -1: any. STATUS_NOT_FOUND, STATUS_CONFLICT; STATUS_DENIED: of the roles of every
 * installation the second factor alone can be changed. */
MUST_CHECK enum status roles_update(struct store *store, const struct author *author,
                                    const char *role_id, int64_t if_version,
                                    const struct roles_fields *fields, struct arena *arena,
                                    struct document *out);

/* STATUS_NOT_FOUND; STATUS_DENIED: it is one of every installation; STATUS_CONFLICT: operators or
 * keys have it. */
MUST_CHECK enum status roles_delete(struct store *store, const struct author *author,
                                    const char *role_id, struct arena *arena);

/* Whether the groups or vendors of a role, or of a key with a scope ("api-key:7"), hold what the id
 * names; what is not there is not reached. */
MUST_CHECK enum status roles_reach_device(struct store *store, const char *reach_id,
                                          const char *device_id, bool *reached);
MUST_CHECK enum status roles_reach_group(struct store *store, const char *reach_id,
                                         const char *group_id, bool *reached);
MUST_CHECK enum status roles_reach_command(struct store *store, const char *reach_id,
                                           const char *command_id, bool *reached);
MUST_CHECK enum status roles_reach_bundle(struct store *store, const char *reach_id,
                                          const char *bundle_id, bool *reached);
MUST_CHECK enum status roles_reach_vendor(struct store *store, const char *reach_id,
                                          const char *vendor_id, bool *reached);
MUST_CHECK enum status roles_reach_alert(struct store *store, const char *reach_id,
                                         const char *alert_id, bool *reached);
MUST_CHECK enum status roles_reach_contract(struct store *store, const char *reach_id,
                                            const char *contract_id, bool *reached);

#endif
