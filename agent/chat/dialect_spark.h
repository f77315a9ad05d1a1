/* dialect_spark.h - iFlytek Spark's HTTP flavour. Its key is the vendor's own for every robot: the
 * signature of the WebSocket flavour has no place in these requests */
#ifndef AGENT_CHAT_DIALECT_SPARK_H
#define AGENT_CHAT_DIALECT_SPARK_H

#include "agent/chat/dialect.h"

#define DIALECT_SPARK_ROWS 2

extern const struct dialect dialect_spark[DIALECT_SPARK_ROWS];

#endif
