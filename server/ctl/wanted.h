/* wanted.h - a set of documents, what the server has of them, and the difference
 *
 * What is wrong was told on standard error when an answer is not CTL_DONE. Used by apply and edit.
 */
#ifndef SERVER_CTL_WANTED_H
#define SERVER_CTL_WANTED_H

#include "server/ctl/ctl.h"
#include "server/ctl/object.h"

struct wanted;

/* The caller owns *out; NULL may be freed. */
int wanted_create(struct wanted **out);
void wanted_free(struct wanted *wanted);

/* Adds the document of a file, "-" being standard input, or those of a folder: its .yaml, .yml and
 * .json files by name, folders within as well. Each is read and checked before anything else
 * happens, and all that are wrong are told, one line each. */
int wanted_read(struct wanted *wanted, const char *path);

/* Whether there is exactly one document, and of this object. */
bool wanted_has(const struct wanted *wanted, const char *kind, const char *id);

/* Asks the server for each object; then checks what only the server can tell: that what objects
 * refer to is there, that nothing would change that cannot, that contracts' terms are taken. Writes
 * nothing. prune: objects of the documents' kinds that no document names, where they can go, are to
 * be deleted. */
int wanted_compare(struct wanted *wanted, struct ctl *ctl, bool prune);

/* How many would be made, changed or deleted. */
size_t wanted_changes(const struct wanted *wanted);

/* Each difference, for people, in colours where out is a terminal, or as one JSON document. */
void wanted_print(const struct wanted *wanted, FILE *out);
void wanted_write_json(const struct wanted *wanted, struct buffer *out);

/* Carries it out, in an order in which nothing refers to what is not there yet, and tells each on
 * standard output unless --json was given. Stops at the first refusal, and tells what is left
 * then: what was done stays done, and doing it again goes on from there. */
int wanted_apply(struct wanted *wanted, struct ctl *ctl);

#endif
