/* banned.h - functions that truncate in silence, hide errors or keep hidden state; forced into
 * every file by the build. The style guide says what to use instead. */
#ifndef MYNA_BANNED_H
#define MYNA_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its headers declare members of the names below: the one file that needs them reads them first. */
#ifdef MYNA_NEEDS_OPENSSL
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#endif

/* Under clang glibc makes macros of these when it checks buffer sizes. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison gets strtok atoi atol atoll rand srand

#endif
