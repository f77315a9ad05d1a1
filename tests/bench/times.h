/* times.h - how long many things took: their rate and their 99th percentile
 *
 * Not thread-safe; one per thread, and times_join() for the sum. Only for benchmarks: ends the
 * program when there is no memory.
 */
#ifndef TESTS_BENCH_TIMES_H
#define TESTS_BENCH_TIMES_H

#include <stdint.h>

struct times;

struct times *times_create(void);
void times_add(struct times *times, int64_t duration_ns);
/* Takes over what other counted; other is empty then. */
void times_join(struct times *times, struct times *other);
/* {"count":N,"rate":PER_S,"p50_ms":X,"p99_ms":Y,"max_ms":Z} and a line's end. Rate: of span_s. */
void times_print(struct times *times, double span_s);

#endif
