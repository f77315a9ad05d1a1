/* seclude.h - keeps a process that holds secrets to itself (invariant I9) */
#ifndef SCHEMA_BASE_SECLUDE_H
#define SCHEMA_BASE_SECLUDE_H

/* Other programs of the same user cannot read this process's memory, environment or files in /proc
 * from now on, nor trace it; root can. Keys stay out of core files and of the system's collector of
 * crashes as well: no core is left, neither by this process nor by those that it starts from now
 * on, which otherwise begin as open as any. Call it first in main(). */
void seclude_process(void);

#endif
