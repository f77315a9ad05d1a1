/* oidc.h - operators who log in at an identity provider: OpenID Connect, code flow with PKCE
 *
 * The provider's description and its keys are fetched when they are first needed and kept, the
 * description for a day; keys are fetched again when a token names one that is not among them, so
 * that the provider may change them. Thread-safe. One call at a time waits for description or keys,
 * and two for the exchange of a code, 5 s for each request at most; others are told at once that
 * the provider is slow or away, so that it cannot take all the workers.
 */
#ifndef SERVER_SSO_OIDC_H
#define SERVER_SSO_OIDC_H

#include "schema/base/arena.h"

#define OIDC_SECRET  53 /* bytes of each of a flow's texts, with the end */
#define OIDC_PROBLEM 256

struct oidc;

/* Copied. */
struct oidc_options {
    const char *issuer;
    const char *client_id;
    const char *client_secret; /* NULL: a public client */
    const char *redirect_uri;
    const char *home_uri; /* where the provider sends browsers after a logout */
    const char *groups_claim;
    const char
        *acr; /* lists with commas of what shows a second factor: a class, which is asked for, */
    const char *amr;     /* or a method; both NULL: the provider is not asked to tell */
    const char *ca_file; /* NULL: the system's */
};

MUST_CHECK enum status oidc_create(struct oidc **out, const struct oidc_options *options);
void oidc_free(struct oidc *oidc);

/* One login under way; the browser keeps it, sealed. */
struct oidc_flow {
    char state[OIDC_SECRET];
    char nonce[OIDC_SECRET];
    char verifier[OIDC_SECRET];
};

/* Where the browser goes; *url in the arena. STATUS_UNREACHABLE and others: problem says why. */
MUST_CHECK enum status oidc_begin(struct oidc *oidc, struct oidc_flow *flow, struct arena *arena,
                                  const char **url, char problem[OIDC_PROBLEM]);

/* Where the browser goes to log out at the provider as well (OpenID Connect RP-Initiated Logout);
 * *url in the arena, NULL: the provider has no such place. STATUS_UNREACHABLE and others: problem
 * says why. */
MUST_CHECK enum status oidc_end(struct oidc *oidc, struct arena *arena, const char **url,
                                char problem[OIDC_PROBLEM]);

/* Who came back; in the arena. */
struct oidc_person {
    const char *subject; /* never changes, and nobody else's */
    const char *name;    /* a proposal for what the operator is called: a slug */
    const char **groups;
    size_t group_count;
    bool lacks_factor; /* the token was to tell of a second factor and does not */
};

/* Exchanges the code that the browser brought. Any status but STATUS_OK: nobody is logged in, and
 * problem says why. */
MUST_CHECK enum status oidc_finish(struct oidc *oidc, const struct oidc_flow *flow,
                                   const char *code, int64_t now_ms, struct arena *arena,
                                   struct oidc_person *out, char problem[OIDC_PROBLEM]);

/* The role for one of the groups by "staff=operator,admins=admin", the first that fits; in the
 * arena. NULL: none does. */
const char *oidc_role(const char *map, const struct oidc_person *person, struct arena *arena);

/* Whether text is such a map. */
bool oidc_is_map(const char *text);

#endif
