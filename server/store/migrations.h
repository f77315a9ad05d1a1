/* migrations.h - the files of migrations/, as embed_migrations.cmake puts them into the program */
#ifndef SERVER_STORE_MIGRATIONS_H
#define SERVER_STORE_MIGRATIONS_H

#include <stddef.h>

struct migrations_file {
    int version;
    const char *name; /* "0001_start" */
    const char *sql;
};

/* By ascending version; the last row has version 0. */
extern const struct migrations_file migrations_files[];

#endif
