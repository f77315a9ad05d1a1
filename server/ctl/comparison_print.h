/* comparison_print.h - contracts side by side, for people at a terminal */
#ifndef SERVER_CTL_COMPARISON_PRINT_H
#define SERVER_CTL_COMPARISON_PRINT_H

#include <stdio.h>

#include "server/money/comparison.h"

/* Segments, the chosen size, and who is cheapest where, with a bar of so many columns. */
void comparison_print(const struct comparison *comparison, FILE *out, int columns);

#endif
