/* authority_folder.h - the files of the state folder, for what makes and reads them: authority.h
 *
 * Authorities of one line follow each other by number: device-ca, device-ca-2 and so on. One is
 * there when its certificate is: that is written last, and removed first.
 */
#ifndef SERVER_AUTHORITY_FOLDER_H
#define SERVER_AUTHORITY_FOLDER_H

#include <limits.h>

#include "server/authority.h"

#define AUTHORITY_DAY_MS     ((int64_t)86400 * 1000)
#define AUTHORITY_CA_LIFE_MS (30 * 365 * AUTHORITY_DAY_MS)
#define AUTHORITY_CHAIN_SIZE (2 * PKI_PEM_SIZE)
#define AUTHORITY_AT_ONCE    2 /* of one line that are trusted */

#define AUTHORITY_SECRET 0600u
#define AUTHORITY_PUBLIC 0644u

/* A key and its certificate (a chain for leaves). */
struct authority_pair {
    char key[PKI_PEM_SIZE];
    char cert[AUTHORITY_CHAIN_SIZE];
};

/* One run of what writes. */
struct authority_making {
    const char *dir;
    int64_t now_ms;
    unsigned made;
    char *problem;
};

/* Says in problem what is wrong with a file; returns status. */
enum status authority_folder_fail(char *problem, enum status status, const char *file,
                                  const char *why);

MUST_CHECK enum status authority_folder_path(char out[PATH_MAX], const char *dir, const char *name,
                                             const char *suffix);
bool authority_folder_exists(const char *dir, const char *name, const char *suffix);

/* A whole file as text. */
MUST_CHECK enum status authority_folder_load(const char *dir, const char *name, const char *suffix,
                                             char *out, size_t out_size);
/* Replaces it as a whole, and counts it. */
MUST_CHECK enum status authority_folder_save(struct authority_making *making, const char *name,
                                             const char *suffix, const char *text, unsigned mode);

/* Both files, or STATUS_NOT_FOUND when there is neither. Half a pair is never replaced: the other
 * half may be all that an installation has left. */
MUST_CHECK enum status authority_folder_load_pair(const char *dir, const char *name,
                                                  struct authority_pair *pair, char *problem);
MUST_CHECK enum status authority_folder_save_pair(struct authority_making *making, const char *name,
                                                  const struct authority_pair *pair);

/* The file of a line's authority, without its suffix, and its name in certificates. */
void authority_folder_name(enum authority_line line, unsigned number, char out[24]);
void authority_folder_subject(enum authority_line line, unsigned number, char out[32]);

/* The highest one that is there; 0: none. */
unsigned authority_folder_newest(const char *dir, enum authority_line line);

/* The one that issues. Of devices' the newest, whose predecessor is trusted meanwhile; of servers'
 * the oldest: while robots are told of the next one, that is the one that all of them know. */
unsigned authority_folder_issuing(const char *dir, enum authority_line line);

/* The file of the self-signed faces, without its suffix, and the faces: what a line's listener
 * trusts. */
const char *authority_folder_anchor(enum authority_line line);
MUST_CHECK enum status authority_folder_load_anchors(const char *dir, enum authority_line line,
                                                     char out[AUTHORITY_AT_ONCE * PKI_PEM_SIZE],
                                                     char *problem);

/* Whether the authority's id is this one. */
bool authority_folder_is(const struct authority_pair *ca, const uint8_t id[PKI_AUTHORITY_SIZE]);

/* The self-signed face of an authority, the one of this number in its line. */
MUST_CHECK enum status authority_folder_make_anchor(const struct authority_making *making,
                                                    enum authority_line line, unsigned number,
                                                    const struct authority_pair *ca,
                                                    char out[PKI_PEM_SIZE]);

/* What the broker, the enrolment listener and the instances show, where it is missing, old, for
 * other names, or of another authority than ca: in authority_init.c. */
MUST_CHECK enum status authority_init_leaves(struct authority_making *making,
                                             const struct authority_names *names,
                                             const struct authority_pair *ca);

#endif
