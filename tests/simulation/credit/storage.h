/* storage.h - robots' disks in memory, which lose power, and randomness that repeats
 *
 * The linker leads the program's calls of the system for files and randomness here (--wrap), so
 * that the journal's real code runs without the kernel. A disk holds the files /<disk>/journal and
 * /<disk>/journal.new. What was written and not yet synced is known, and a power cut may take any
 * of it away or leave it half written. State is the process's, since the system's functions have
 * no other: one run at a time.
 */
#ifndef TESTS_SIMULATION_CREDIT_STORAGE_H
#define TESTS_SIMULATION_CREDIT_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/dice.h"

#define STORAGE_DISKS 32
#define STORAGE_PATH  24

/* In what the power failed last: the calls that a journal makes. */
enum storage_call {
    STORAGE_WRITE_OPEN, /* of a frame of this kind */
    STORAGE_WRITE_CLOSE,
    STORAGE_WRITE_ACK,
    STORAGE_WRITE_CREDIT,
    STORAGE_WRITE_WHOLE, /* a file that is to replace the journal */
    STORAGE_SYNC,
    STORAGE_SYNC_FOLDER,
    STORAGE_RENAME,
    STORAGE_CALLS,
};
const char *storage_call_name(enum storage_call call);

/* Empties every disk; randomness follows the seed from now on. */
void storage_start(uint64_t seed);

/* Where a disk's journal is. */
void storage_path(unsigned disk, char out[STORAGE_PATH]);

/* Power fails in the so-manieth of the next calls (0: the first): it is done in part or not at all,
 * and all later ones fail, until storage_revive(). */
void storage_fail_after(unsigned calls);
/* Power stays on, if it did not fail yet. */
void storage_disarm(void);
bool storage_is_dead(void);
enum storage_call storage_died_in(void);
void storage_revive(void);

/* While disks are full nothing is written beyond the room that files have already. */
void storage_set_full(bool full);

/* What a power cut leaves of a disk: all that was synced, and of the rest what chance leaves. */
void storage_cut(unsigned disk, struct dice *dice);

/* The disk to becomes a synced copy of from. */
void storage_copy(unsigned from, unsigned to);

#endif
