/* qr.h - a text as a QR code (ISO/IEC 18004): byte mode, error correction M, versions 1 to 10
 *
 * Pure. What draws it leaves four light modules around it.
 */
#ifndef SERVER_API_QR_H
#define SERVER_API_QR_H

#include <stdbool.h>

#include "schema/base/span.h"

#define QR_SIZE_MAX 57
#define QR_TEXT_MAX 213

/* Plain data: modules[row][column], dark is true. */
struct qr {
    unsigned size;
    bool modules[QR_SIZE_MAX][QR_SIZE_MAX];
};

/* The smallest version that holds it. STATUS_FULL: more than QR_TEXT_MAX bytes. */
MUST_CHECK enum status qr_make(struct span text, struct qr *out);

#endif
