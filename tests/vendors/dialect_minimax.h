/* dialect_minimax.h - MiniMax's own chat completions, version 2 */
#ifndef TESTS_VENDORS_DIALECT_MINIMAX_H
#define TESTS_VENDORS_DIALECT_MINIMAX_H

#include "tests/vendors/dialect.h"

extern const struct dialect dialect_minimax;

#endif
