/* tls_dates.h - by which date TLS looks at certificates; OpenSSL and nothing else knows it
 *
 * libcurl and Paho verify by OpenSSL, which asks the system's clock. A robot without a clock of its
 * own starts in 1970, when no certificate was valid yet.
 */
#ifndef AGENT_CHAT_TLS_DATES_H
#define AGENT_CHAT_TLS_DATES_H

#include "schema/base/status.h"

#include <stdint.h>

/* For one connection alone: tls is its SSL_CTX. Everything else about certificates is still looked
 * at. */
void tls_dates_ignore(void *tls);

/* Makes tls_dates_set() possible. Before any other thread is made; again gives the
 * same. Lives as long as the process. STATUS_MEMORY. */
struct tls_dates;
MUST_CHECK enum status tls_dates_open(struct tls_dates **out);

/* From now on every certificate in this process is looked at as if it were that time; 0: by the
 * system's clock again. From one thread at a time; a connection that is being made meanwhile takes
 * either. */
void tls_dates_set(struct tls_dates *dates, int64_t wall_ms);

#endif
