/* heap.h - malloc() in a program that runs for months on a small machine
 *
 * The C library keeps what was freed, and one heap per thread: it trades memory for speed that a
 * program with a few quiet threads has no use for.
 */
#ifndef SCHEMA_BASE_HEAP_H
#define SCHEMA_BASE_HEAP_H

/* Call before any thread exists. All threads share one heap, and blocks of HEAP_APART bytes and
 * more get pages of their own, untouched until used, that go back to the machine when freed. */
#define HEAP_APART (512 * 1024)
void heap_economize(void);

/* Gives back the whole pages among what was freed; milliseconds. For after something large. */
void heap_give_back(void);

#endif
