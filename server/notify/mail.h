/* mail.h - notices as a mail: RFC 5322, plain text in UTF-8, base64 so that no line is too long
 *
 * Pure; the mail is made in the arena.
 */
#ifndef SERVER_NOTIFY_MAIL_H
#define SERVER_NOTIFY_MAIL_H

#include "server/notify/notice.h"
#include "server/notify/post.h"

/* Whether it is one address that may stand in a mail's header: local@domain of printable ASCII
 * without blanks, angle brackets, commas and the like; at most 254 bytes. */
bool mail_is_address(const char *text);

/* Sets body, from and to of *out. recipients is a JSON list of addresses. STATUS_INVALID: one of
 * them is none, or there are none or more than POST_TO; STATUS_FULL: the arena. */
MUST_CHECK enum status mail_build(const char *sender, struct span recipients,
                                  const struct notice *notices, size_t count, const char *dashboard,
                                  int64_t now_ms, struct arena *arena, struct post_request *out);

#endif
