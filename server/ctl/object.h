/* object.h - what apply, get and edit know of each kind of object that documents may describe
 *
 * One object is one document, whose first member names its kind and id:
 *
 *     group: kitchen              contract: dahan-2026 (schema/CONTRACT.md)
 *     name: In a kitchen          layer: group:kitchen, with settings: {...}
 *     priority: 110               budget: fleet-day    vendor: dahan    region: cn
 *                                 channel: ops         role: desk       retention: commands
 *                                 view: Behind in cn   blackout: Spring festival
 *
 * Members are those of the API; what a document leaves out stays as it is, but for contracts and a
 * layer's settings, which are whole. Keys of vendors are no member: they belong in no file of
 * documents; nor does a channel's secret: its documents name files. No I/O.
 */
#ifndef SERVER_CTL_OBJECT_H
#define SERVER_CTL_OBJECT_H

#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/json.h"

struct object_kind {
    const char *name; /* "group" */
    const char *path; /* "/api/v1/groups" */
    const struct object_member *members;
    size_t member_count;
    bool is_whole;    /* PUT at its own address makes it and changes it */
    bool can_prune;   /* DELETE takes it away; else it stays for good, or for others to end */
    const char *key;  /* the member by which the list at path is searched for its id; NULL: it has
                       * an address of its own */
    bool is_replaced; /* none changes: another is made, then the old one deleted */
};

/* For people. */
#define OBJECT_KINDS_TEXT                                                                          \
    "blackout, budget, channel, contract, group, layer, region, retention, role, vendor, view"

/* In the order in which they are made, so that nothing refers to what comes later. */
const struct object_kind *object_kinds(size_t *count);

/* NULL: there is no such kind. */
const struct object_kind *object_kind_find(const char *name);

/* Borrowed from the document. */
struct object {
    const struct object_kind *kind;
    const char *id;
    const struct json *document;
};

/* STATUS_INVALID: problem names the member and what would be right, as far as that can be told
 * without a server: contracts, filters and settings are checked to the last rule. */
MUST_CHECK enum status object_read(const struct json *document, struct arena *arena,
                                   struct object *out, struct json_problem *problem);

/* The member whose value a document leaves to the first line of a file ("url" of "url_file"); NULL:
 * it is no such member. Borrowed. */
const char *object_file_member(const struct object_kind *kind, const char *name);

/* Makes it an object of another document, of the same kind and id. */
void object_take(struct object *object, const struct json *document);

/* Its values are sent and never told: whether one differs only the server can say. */
bool object_is_secret(const struct object_kind *kind, const char *member);

/* Whether it is about a time that is over, so that it need not be there. */
bool object_is_over(const struct object *object, int64_t now_ms);

/* The item of a list that the API answered, of a kind with a key; NULL: there is none. Borrowed. */
const struct json *object_in_list(const struct object_kind *kind, const struct json *list,
                                  const char *id);

/* What a document of it is called by: its id, or the key's member. Borrowed. */
const char *object_id_of(const struct object_kind *kind, const struct json *answer);

/* Whether prune may take away what the API answered. */
bool object_may_go(const struct object_kind *kind, const struct json *answer);

/* What the object refers to, which must be there before: *kind and *id (borrowed); false: nothing.
 */
bool object_refers(const struct object *object, const struct object_kind **kind, const char **id);

/* Whether two values of a member say the same: amounts however they are written, lists whose
 * objects have every member that they may have. */
bool object_is_same(const struct json *mine, const struct json *theirs);

/* One member that would change; from and to may be NULL. Borrowed. */
struct object_change {
    const char *name;
    const struct json *from, *to;
    bool is_fixed; /* the server keeps it for the object's life */
};

#define OBJECT_CHANGES 64

/* How the object differs from what the API answered of it (NULL: it is not there); gives the number
 * of changes, at most OBJECT_CHANGES, in the document's order. */
size_t object_compare(const struct object *object, const struct json *answer,
                      struct object_change changes[OBJECT_CHANGES]);

/* The body of the request that makes it (answer NULL) or changes it. */
void object_write_body(const struct object *object, const struct json *answer, struct buffer *body);

/* The document of what the API answered, with every member that a document may have. */
void object_write_document(const struct object_kind *kind, const struct json *answer,
                           struct buffer *out);

/* Its address: "/api/v1/layers/group/kitchen"; of a kind with a key and a number of its own, that
 * number is read from answer, else NULL will do. */
void object_write_path(const struct object_kind *kind, const char *id, const struct json *answer,
                       struct buffer *path);

#endif
