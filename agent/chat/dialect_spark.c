#include "agent/chat/dialect_spark.h"

#include "agent/chat/completions.h"

/* Chat completions but for the errors, {"code","message","sid"} with code 0 for none, and the
 * usage, which comes in the last event unasked. Events do not tell why an answer ends, so its end
 * is the terminator. */
const struct dialect dialect_spark[DIALECT_SPARK_ROWS] = {
    {.name = "spark", COMPLETIONS_ROW, .limit = "max_tokens"},
    {.name = "spark-x1", COMPLETIONS_ROW, .limit = "max_tokens"},
};
