/* vendor.h - the demo vendor: an honest stand-in for model vendors, each dialect at its own path
 *
 *   POST /v1/chat/completions   answers, streamed or whole, under a key that was given out; the
 *                               other dialects' paths are in their rows (dialect_*.c)
 *   GET  /v1/models             the models there are
 *   GET  /admin/faults          how it behaves now, and
 *   PUT  /admin/faults          changes what the body names
 *   GET  /admin/ledger          every line so far; ?summary=1: sums per key and model
 *
 * A request with the header X-Demo-Fault ("cut", "429", ..., "none") gets that fault. The admin
 * paths ask for no key: listen where only those who may use them can connect.
 */
#ifndef TESTS_VENDORS_VENDOR_H
#define TESTS_VENDORS_VENDOR_H

#include "tests/vendors/service.h"
#include "tests/vendors/settings.h"

struct vendor;

/* Reads sayings, keys and ledger and listens. problem names the cause. The caller frees *out with
 * vendor_free(). */
MUST_CHECK enum status vendor_create(struct vendor **out, const struct settings *settings,
                                     char problem[256]);
void vendor_free(struct vendor *vendor);

/* Borrowed: to be run by the caller. */
struct service *vendor_service(const struct vendor *vendor);

#endif
