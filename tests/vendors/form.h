/* form.h - the parts of a multipart/form-data body */
#ifndef TESTS_VENDORS_FORM_H
#define TESTS_VENDORS_FORM_H

#include "schema/base/span.h"

/* The body of the part with this name; empty when there is none. type is the request's
 * Content-Type, which names the boundary. Borrowed from body. */
struct span form_part(struct span body, const char *type, const char *name);

#endif
