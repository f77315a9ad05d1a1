/* dialect_anthropic.h - Anthropic's Messages */
#ifndef TESTS_VENDORS_DIALECT_ANTHROPIC_H
#define TESTS_VENDORS_DIALECT_ANTHROPIC_H

#include "tests/vendors/dialect.h"

extern const struct dialect dialect_anthropic;

#endif
