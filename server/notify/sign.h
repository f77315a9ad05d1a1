/* sign.h - how a receiver knows that a message is ours: three schemes of HMAC-SHA-256
 *
 * Each writes NUL-terminated text. STATUS_FULL: out_size is too small; STATUS_MEMORY.
 */
#ifndef SERVER_NOTIFY_SIGN_H
#define SERVER_NOTIFY_SIGN_H

#include <stdint.h>

#include "schema/base/span.h"

/* Ours: "sha256=" and the hex digits of HMAC(secret, timestamp "." body), the timestamp being the
 * text of the header X-Myna-Timestamp: a receiver refuses what is too old. 72 bytes. */
#define SIGN_WEBHOOK_SIZE 72
MUST_CHECK enum status sign_webhook(const char *secret, const char *timestamp, struct span body,
                                    char *out, size_t out_size);

/* DingTalk's custom robots ("sign" of the address's query): base64 of HMAC(secret, milliseconds
 * "\n" secret), escaped for a query. */
#define SIGN_DINGTALK_SIZE 136
MUST_CHECK enum status sign_dingtalk(const char *secret, int64_t timestamp_ms, char *out,
                                     size_t out_size);

/* Feishu's custom bots ("sign" of the body): base64 of HMAC(seconds "\n" secret, nothing): here the
 * text is the key. */
#define SIGN_FEISHU_SIZE 48
MUST_CHECK enum status sign_feishu(const char *secret, int64_t timestamp_s, char *out,
                                   size_t out_size);

#endif
