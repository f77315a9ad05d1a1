/* password.h - operators' passwords, by crypt(3) with yescrypt */
#ifndef SERVER_API_PASSWORD_H
#define SERVER_API_PASSWORD_H

#include "schema/base/arena.h"

#define PASSWORD_MIN 8
#define PASSWORD_MAX 200

/* The row of a body's fields that has a password to be compared. */
#define PASSWORD_FIELD(key, body, member)                                                          \
    {                                                                                              \
        .name = (key), .kind = JSON_FIELD_TEXT, .offset = offsetof(body, member),                  \
        .required = true, .max = PASSWORD_MAX                                                      \
    }

/* Why nobody should set this one, as a sentence's end; NULL: it may be set. Of what NIST SP 800-63B
 * section 5.1.1.2 asks: 8 characters, and neither one of the commonest passwords, nor a repeated
 * character or a run, nor the name of its owner or of this product. No rules of composition. */
const char *password_problem(const char *password, const char *operator_id);

/* A new salt each time. Slow on purpose: some 50 ms. */
MUST_CHECK enum status password_hash(const char *password, struct arena *arena, const char **hash);

/* hash NULL (nobody of that name): takes as long as a wrong password and says no. */
bool password_fits(const char *password, const char *hash);

#endif
