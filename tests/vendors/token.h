/* token.h - JSON web tokens as GLM takes them: HS256, times in milliseconds */
#ifndef TESTS_VENDORS_TOKEN_H
#define TESTS_VENDORS_TOKEN_H

#include <stdbool.h>

#include "schema/base/span.h"

/* Whether token names the id of pair ("id.secret"), is signed with its secret, and holds at now_ms.
 */
bool token_is_of(struct span token, const char *pair, int64_t now_ms);

#endif
