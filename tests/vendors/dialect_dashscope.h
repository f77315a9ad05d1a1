/* dialect_dashscope.h - DashScope's own text generation */
#ifndef TESTS_VENDORS_DIALECT_DASHSCOPE_H
#define TESTS_VENDORS_DIALECT_DASHSCOPE_H

#include "tests/vendors/dialect.h"

extern const struct dialect dialect_dashscope;

#endif
