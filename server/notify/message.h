/* message.h - what a channel is sent: one request that tells up to MESSAGE_NOTICES notices
 *
 * Each kind of channel is a row: how its body is made, how it is signed, how its answer is judged,
 * how long a text it takes, how often it may be sent to. Pure: time is an argument, everything is
 * made in the arena.
 */
#ifndef SERVER_NOTIFY_MESSAGE_H
#define SERVER_NOTIFY_MESSAGE_H

#include "server/notify/notice.h"
#include "server/notify/post.h"

#define MESSAGE_NOTICES 10

/* Plain data, borrowed. */
struct message_channel {
    const char *kind; /* "webhook", "dingtalk", "feishu", "wecom", "slack", "email" */
    const char *url;
    const char *secret; /* signs, or a mail server's password; "": none */
    const char *login;  /* of a mail server */
    const char *sender;
    struct span recipients; /* a JSON list of addresses */
};

/* Fills *out, whose texts live in the arena. dashboard: where the dashboard is, without a slash at
 * its end. STATUS_INVALID: no such kind, or recipients that are none; STATUS_FULL: the arena, or a
 * secret too long. */
MUST_CHECK enum status message_build(const struct message_channel *channel,
                                     const struct notice *notices, size_t count,
                                     const char *dashboard, int64_t now_ms, struct arena *arena,
                                     struct post_request *out);

/* Whether the receiver took it; if not, problem says why in one line. Some chats answer 200 and
 * refuse in the body. */
bool message_was_taken(const char *kind, const struct post_result *result,
                       char problem[POST_PROBLEM]);

/* The least time between two messages that such a receiver takes without throttling them. */
int64_t message_gap_ms(const char *kind);

/* A chat's text for tests and previews: as message_build() puts it into the body. level 0 says
 * all, 1 leaves out the words, 2 also the cure. NULL: the arena is full. */
const char *message_markdown(const struct notice *notices, size_t count, const char *dashboard,
                             int level, struct arena *arena);

#endif
