/* sentences.h - what the demo vendor has to say: short clean sayings, English and Chinese
 *
 * Read from a folder of fortune files (sayings between lines of a single %), as Debian's fortunes
 * and fortunes-zh install them. Left out: files known to offend or to hold pictures, drawings,
 * listings, dialogues, and whatever is too long to be spoken in one breath.
 */
#ifndef TESTS_VENDORS_SENTENCES_H
#define TESTS_VENDORS_SENTENCES_H

#include "schema/base/buffer.h"

enum sentences_language { SENTENCES_ENGLISH = 0, SENTENCES_CHINESE = 1 };

struct sentences;

/* STATUS_NOT_FOUND: no such folder, or it lacks a fit saying in one of the languages; problem says
 * which. The caller frees *out with sentences_free(). */
MUST_CHECK enum status sentences_load(struct sentences **out, const char *folder,
                                      char problem[256]);
void sentences_free(struct sentences *sentences);

size_t sentences_count(const struct sentences *sentences, enum sentences_language language);

/* Borrowed until sentences_free(). Sorted by bytes, without doubles. */
struct span sentences_at(const struct sentences *sentences, enum sentences_language language,
                         size_t index);

/* Appends one to three sayings chosen by the hash of question and salt alone: Chinese when the
 * question has a Han character. */
void sentences_answer(const struct sentences *sentences, struct span question, uint64_t salt,
                      struct buffer *out);

#endif
