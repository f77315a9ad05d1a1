/* printable.h - answers of the server for a terminal
 *
 * Names and texts in them come from robots and strangers. A terminal obeys control characters: one
 * can clear the screen, rename the window, or write over what stands above.
 */
#ifndef SERVER_CTL_PRINTABLE_H
#define SERVER_CTL_PRINTABLE_H

#include "schema/base/json.h"

/* json_parse() of the text, whose control characters become visible signs: U+241B for ESC. Blanks,
 * ends of lines ("\r\n" is one) and all other signs stay. The caller frees *out. */
MUST_CHECK enum status printable_parse(struct span text, struct json **out, char problem[160]);

#endif
