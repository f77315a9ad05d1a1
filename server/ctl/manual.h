/* manual.h - the manual pages of mynactl, in mdoc(7), from the tables that --help prints
 *
 * One page lists all words by subject within a text of its own, and each word has a page. Pure but
 * for writing to the given streams.
 */
#ifndef SERVER_CTL_MANUAL_H
#define SERVER_CTL_MANUAL_H

#include "server/ctl/noun.h"

/* The page of a word, mynactl-WORD(1). version and date ("November 22, 2026") stand in its frame.
 */
void manual_write_word(FILE *out, const struct noun *noun, const char *version, const char *date);

/* The sections that mynactl(1) has of the words: a heading for each subject, and a list below. */
void manual_write_words(FILE *out);

#endif
