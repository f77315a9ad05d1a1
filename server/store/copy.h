/* copy.h - rows for COPY ... FROM STDIN (FORMAT binary), the fastest way into a table
 *
 * For store_copy() (store.h): its caller writes each row as copy_row() and then as many values as
 * the statement names columns, in their order. Each function below is for columns of one type. What
 * does not fit its column is written so that the database refuses it. Failure latches in the
 * buffer.
 */
#ifndef SERVER_STORE_COPY_H
#define SERVER_STORE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/buffer.h"

/* Fields are private. */
struct copy {
    struct buffer *out;
};

/* For store.c: begins what is sent, and ends it. */
void copy_begin(struct copy *copy, struct buffer *out);
void copy_end(struct copy *copy);

void copy_row(struct copy *copy, unsigned columns);

void copy_text(struct copy *copy, const char *text);
void copy_uuid(struct copy *copy, const uint8_t uuid[16]);
void copy_smallint(struct copy *copy, int64_t number);
void copy_integer(struct copy *copy, int64_t number);
void copy_bigint(struct copy *copy, int64_t number);
void copy_boolean(struct copy *copy, bool flag);
void copy_time(struct copy *copy, int64_t wall_ms);        /* timestamptz */
void copy_numeric(struct copy *copy, const char *decimal); /* "-12.000000000001" */

#endif
