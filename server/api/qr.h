/* qr.h - a text as a QR code (ISO/IEC 18004) for a dashboard to draw: libqrencode, error
 * correction M, the smallest version that holds it
 */
#ifndef SERVER_API_QR_H
#define SERVER_API_QR_H

#include "schema/base/json.h"
#include "schema/base/status.h"

/* Writes an array of the picture's rows from above, a module each sign: 1 is dark. What draws it
 * leaves four light modules around it. STATUS_FULL: the text is longer than a code can be. */
MUST_CHECK enum status qr_write(struct json_writer *writer, const char *text);

#endif
