/* operators.h - people and programs that may use the API: operators, their sessions, API keys */
#ifndef SERVER_STORE_OPERATORS_H
#define SERVER_STORE_OPERATORS_H

#include "server/store/document.h"

/* Whose session or key has this hash, and may still use it. actor is "operator:anna" or
 * "api-key:7". STATUS_NOT_FOUND. */
#define OPERATORS_RIGHTS 1280

struct operators_identity {
    char actor[80];
    char role[49];
    char rights[OPERATORS_RIGHTS]; /* of an own role: "devices=operator vendors=viewer" */
    bool is_own;                   /* the role: otherwise rights is "" */
    bool by_groups, by_vendors;    /* the own role is bound to some, or the key's scope is */
    char scope[OPERATORS_RIGHTS];  /* of a key that has one, as rights; "*": any area not named */
    bool has_scope;                /* levels in areas: otherwise scope is "" */
    bool is_bound_itself;          /* the key, whatever its role is: see reach.h */
    bool must_enrol;               /* the role asks for a second factor, and there is none yet */
    int64_t expires_in_ms;         /* session or key, from when the database was asked */
};
MUST_CHECK enum status operators_by_session(struct store *store, struct span token_hash,
                                            struct operators_identity *out);
MUST_CHECK enum status operators_by_key(struct store *store, struct span key_hash,
                                        struct operators_identity *out);

/* The crypt(3) hash of an operator who may log in; in the arena. STATUS_NOT_FOUND. */
MUST_CHECK enum status operators_password(struct store *store, const char *operator_id,
                                          struct arena *arena, const char **hash);

/* Whether anybody may log in at all. */
MUST_CHECK enum status operators_exist(struct store *store, bool *exist);

/* {"operator":{"id","role","must_enrol"}}, of an own role with "may", "groups", "vendors", of a key
 * with something narrower "scope". id: as the audit has it, an operator's without what stands
 * before it. STATUS_NOT_FOUND: no such role. */
MUST_CHECK enum status operators_me(struct store *store, const char *id, const char *role,
                                    bool must_enrol, struct arena *arena, struct span *json);

struct operators_opening {
    struct span token_hash;
    int64_t lives_s;
    const char *how;   /* "password", "password and code", "provider" */
    bool lacks_factor; /* the provider was to tell of a second factor, and did not */
};
/* Audited as "login". Gives what operators_me() does, and "expires_at". STATUS_DENIED: the role
 * asks for the second factor that is lacking. */
MUST_CHECK enum status operators_log_in(struct store *store, const struct author *author,
                                        const char *operator_id,
                                        const struct operators_opening *opening,
                                        struct arena *arena, struct span *json);
/* Audited as "logout". A session that is not there is fine. *by_provider: it was opened there. */
MUST_CHECK enum status operators_log_out(struct store *store, const struct author *author,
                                         struct span token_hash, bool *by_provider);

MUST_CHECK enum status operators_list(struct store *store, struct arena *arena, struct span *json);
MUST_CHECK enum status operators_get(struct store *store, const char *operator_id,
                                     struct arena *arena, struct document *out);

/* Who comes from the identity provider: known by the subject, else made under the name; the role is
 * the provider's word each time. role NULL: none of the groups has one, sessions end and the answer
 * is STATUS_NOT_FOUND. STATUS_DENIED: disabled here; STATUS_EXISTS: another operator has the name;
 * STATUS_CONFLICT: there is no such role. *operator_id in the arena, or the name. The last admin
 * keeps that role whatever the provider says, with the alert last_admin. */
struct operators_visitor {
    const char *subject;
    const char *name;
    const char *role;
};
MUST_CHECK enum status operators_visit(struct store *store, const struct author *author,
                                       const struct operators_visitor *visitor, struct arena *arena,
                                       const char **operator_id);

/* STATUS_EXISTS. */
MUST_CHECK enum status operators_create(struct store *store, const struct author *author,
                                        const char *operator_id, const char *role,
                                        const char *password_hash, struct arena *arena,
                                        struct document *out);

/* Creates, or replaces role and password and ends all sessions: for the command line. */
MUST_CHECK enum status operators_put(struct store *store, const struct author *author,
                                     const char *operator_id, const char *role,
                                     const char *password_hash, struct arena *arena);

/* NULL: as it is. A new password, role or being disabled ends the operator's sessions.
 * STATUS_NOT_FOUND, STATUS_CONFLICT; STATUS_DENIED: nobody would be admin any more. */
struct operators_patch {
    const char *role;
    const char *password_hash;
    bool set_disabled;
    bool disabled;
};
MUST_CHECK enum status operators_update(struct store *store, const struct author *author,
                                        const char *operator_id, int64_t if_version,
                                        const struct operators_patch *patch, struct arena *arena,
                                        struct document *out);
/* An operator's own change. Audited as "operator.password"; ends all sessions but this one.
 * STATUS_NOT_FOUND: the password is another one by now, or the operator is gone or disabled. */
struct operators_password_change {
    const char *old_hash;
    const char *new_hash;
    struct span session; /* hash of the token */
};
MUST_CHECK enum status operators_change_password(struct store *store, const struct author *author,
                                                 const char *operator_id,
                                                 const struct operators_password_change *change,
                                                 struct arena *arena);

/* STATUS_NOT_FOUND, STATUS_DENIED. */
MUST_CHECK enum status operators_delete(struct store *store, const struct author *author,
                                        const char *operator_id, struct arena *arena);

/* owner NULL: of everybody, here and below. */
MUST_CHECK enum status operators_list_keys(struct store *store, const char *owner,
                                           struct arena *arena, struct span *json);
/* may, groups, vendors: of the scope, JSON; empty or "null": as the role. */
struct operators_key {
    const char *name;
    const char *role;
    const char *owner;
    struct span hash;
    int64_t expires_in_s;
    struct span may, groups, vendors;
};
/* The owner's role must cover the key's; owner NULL: whoever asks. STATUS_NOT_FOUND: it does not;
 * STATUS_CONFLICT: no such role. */
MUST_CHECK enum status operators_create_key(struct store *store, const struct author *author,
                                            const struct operators_key *order, struct arena *arena,
                                            struct document *out);
/* STATUS_NOT_FOUND. Again is harmless. */
MUST_CHECK enum status operators_revoke_key(struct store *store, const struct author *author,
                                            int64_t key_id, const char *owner, struct arena *arena);

#endif
