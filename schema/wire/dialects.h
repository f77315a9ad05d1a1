/* dialects.h - the wire formats of vendors by name, and what server and robot must agree on of each
 *
 * The robot knows how each is spoken (agent/chat/dialect.h); the server, which may be chosen for a
 * vendor, whether a hard cap can be kept with it, and whether its credential can be minted. Adding
 * one is a row here and a row there; a test holds the two together. No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_DIALECTS_H
#define SCHEMA_WIRE_DIALECTS_H

#include <stdbool.h>
#include <stddef.h>

/* What the limit that a question carries bounds. Only the first keeps a hard cap: an attempt's
 * reservation must not be passed by what the vendor bills. */
enum dialects_bound {
    DIALECTS_BOUND_ALL = 0,  /* everything that is billed as output */
    DIALECTS_BOUND_TEXT = 1, /* the text alone: a model may think without limit before it */
    DIALECTS_BOUND_NONE = 2, /* nothing: the vendor documents no limit */
};

/* How a credential for one robot is made from the vendor's own. */
enum dialects_mint {
    DIALECTS_MINT_NONE = 0, /* the scheme allows none: robots hold the vendor's key */
    DIALECTS_MINT_GLM = 1,  /* a JSON web token signed with the secret half of "id.secret" */
};

struct dialects_row {
    const char *name;
    enum dialects_bound bound;
    enum dialects_mint mint;
    const char *limit; /* how the output is bounded, one line for people */
    const char *key;   /* what the vendor takes as its key, and what robots get of it; the same */
};

/* The table; *count rows. */
const struct dialects_row *dialects_table(size_t *count);

/* NULL: no such dialect. */
const struct dialects_row *dialects_find(const char *name);

/* Whether a hard limit of output or money can be kept with it; not with an unknown one. */
bool dialects_bounds_output(const char *name);

#endif
