/* disk.h - a disk that loses power, and randomness that repeats
 *
 * The linker leads the program's pwrite, write, posix_fallocate, fsync, fdatasync, rename and
 * getrandom here
 * (--wrap). Files are real ones in a temporary folder, but nothing waits for a real disk: what was
 * written and not yet synced is remembered, and a power cut may take any of it away or leave it
 * half written. State is the process's, since the system's functions have no other.
 */
#ifndef TESTS_SIMULATION_DISK_H
#define TESTS_SIMULATION_DISK_H

#include "tests/support/dice.h"

/* Forgets all files; randomness follows the seed from now on. */
void disk_start(uint64_t seed);

/* Power fails in the so-manieth of the next calls (0: the first): it is done in part or not at all,
 * and all later ones fail, until disk_revive(). */
void disk_fail_after(unsigned calls);
/* Power stays on, if it did not fail yet. */
void disk_disarm(void);
bool disk_is_dead(void);
void disk_revive(void);

/* While it is full nothing is written beyond the room that files have already. */
void disk_set_full(bool full);

/* What a power cut leaves of a file: all that was synced, and of the rest what chance leaves. */
void disk_cut(const char *path, struct dice *dice);

/* Copies a file to a disk of its own, synced. A missing one stays missing. */
void disk_copy(const char *from, const char *to);

#endif
