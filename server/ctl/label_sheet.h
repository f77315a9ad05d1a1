/* label_sheet.h - claim codes as labels to print: a page of HTML, three by eight labels on A4
 *
 * Each has serial number, code, enrolment address and the QR code that holds both. Labels of 70 by
 * 37 mm, printed without margins at 100 %. The page needs nothing but itself. Pure.
 */
#ifndef SERVER_CTL_LABEL_SHEET_H
#define SERVER_CTL_LABEL_SHEET_H

#include "schema/base/buffer.h"
#include "schema/base/json.h"

/* Appends the page of an answer to POST /api/v1/claims/import?qr=true. A failure latches in out. */
void label_sheet_write(struct buffer *out, const struct json *answer);

#endif
