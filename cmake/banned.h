/* banned.h - functions that truncate in silence, hide errors or keep hidden state; forced into
 * every file by the build. The style guide says what to use instead. */
#ifndef MYNA_BANNED_H
#define MYNA_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under clang glibc makes macros of these when it checks buffer sizes. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison gets strtok atoi atol atoll rand srand

#endif
