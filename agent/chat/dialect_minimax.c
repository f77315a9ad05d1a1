#include "agent/chat/dialect_minimax.h"

#include "agent/chat/completions.h"
#include "agent/chat/place.h"

/* An answer that the vendor objects to ends normally and is marked beside it; the last event
 * repeats the whole answer, and errors come under status 200 as base_resp. */
static void read_event(const struct json *document, struct dialect_event *out)
{
    completions_read(document, out);
    if (json_bool(place_find(document, "output_sensitive"), false) ||
        json_bool(place_find(document, "input_sensitive"), false))
        out->finish = DIALECT_FINISH_FILTERED;
}

const struct dialect dialect_minimax[1] = {
    {.name = "minimax-v2",
     .path = "/text/chatcompletion_v2",
     .key_header = "Authorization",
     .key_prefix = "Bearer ",
     .limit = "max_completion_tokens",
     .terminator = "[DONE]",
     .question_overhead = 16,
     .message_overhead = 8,
     .write = completions_write,
     .read = read_event,
     .classify = dialect_classify_gross},
};
