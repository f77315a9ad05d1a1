/* ndjson.h - one JSON document per line, piece by piece
 *
 * Bytes may be cut anywhere; lines end in LF or CRLF; empty lines are nothing. The last line may
 * lack its end. Fields are private. Not thread-safe.
 */
#ifndef AGENT_CHAT_NDJSON_H
#define AGENT_CHAT_NDJSON_H

#include "schema/base/buffer.h"

#define NDJSON_MAX_LINE_BYTES (256 * 1024)

/* line is borrowed until it returns, without its end. */
typedef void (*ndjson_line_fn)(void *context, struct span line);

struct ndjson {
    ndjson_line_fn on_line;
    void *context;
    struct buffer line;
    enum status status;
};

void ndjson_init(struct ndjson *ndjson, ndjson_line_fn on_line, void *context);
void ndjson_release(struct ndjson *ndjson);

/* Calls on_line for each line that these bytes complete. STATUS_FULL: a line is longer than the
 * limit; nothing more will come. */
MUST_CHECK enum status ndjson_feed(struct ndjson *ndjson, struct span bytes);

/* The stream ended: what is there without a line's end is delivered. It may be cut short: whoever
 * reads it must notice. */
void ndjson_end(struct ndjson *ndjson);

#endif
