/* status.h - the one way functions here say how they ended
 *
 * Every function that can fail returns enum status and is marked MUST_CHECK; data comes back by
 * out-parameters, which are untouched unless the status is STATUS_OK.
 */
#ifndef SCHEMA_BASE_STATUS_H
#define SCHEMA_BASE_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* name, text for people */
#define STATUS_LIST(X)                                                                             \
    X(OK, "ok")                                                                                    \
    X(INVALID, "not valid")                                                                        \
    X(FULL, "no room left")                                                                        \
    X(IO, "reading or writing failed")                                                             \
    X(CORRUPT, "damaged")                                                                          \
    X(NOT_FOUND, "not found")                                                                      \
    X(EXISTS, "exists already")                                                                    \
    X(CONFLICT, "changed by somebody else meanwhile")                                              \
    X(DENIED, "not allowed")                                                                       \
    X(FORGED, "not authentic")                                                                     \
    X(STALE, "out of date")                                                                        \
    X(AGAIN, "not now, try again")                                                                 \
    X(TIMEOUT, "took too long")                                                                    \
    X(MEMORY, "out of memory")                                                                     \
    X(CLOSED, "closed")                                                                            \
    X(UNREACHABLE, "cannot be reached")

enum status {
#define STATUS_ENUM(name, text) STATUS_##name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
};

/* Static text, never NULL. */
const char *status_text(enum status status);

#endif
