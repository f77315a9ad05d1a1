/* label_sheet.h - claim codes as labels to print: a page of HTML, three by eight labels on A4
 *
 * Each has serial number, code, enrolment address and the QR code that holds both, and says what
 * the code is. Labels of 70 by 37 mm, printed without margins at 100 %. The page needs nothing but
 * itself. Pure.
 */
#ifndef SERVER_CTL_LABEL_SHEET_H
#define SERVER_CTL_LABEL_SHEET_H

#include "schema/base/buffer.h"
#include "schema/base/json.h"

/* What labels say besides codes, in one language. Opaque; static. */
struct label_sheet_words;

/* By the language's tag: "en", "zh". NULL: there is no such language. */
const struct label_sheet_words *label_sheet_words(const char *language);

/* Appends the page of an answer to POST /api/v1/claims/import?qr=true. A failure latches in out. */
void label_sheet_write(struct buffer *out, const struct json *answer,
                       const struct label_sheet_words *words);

#endif
