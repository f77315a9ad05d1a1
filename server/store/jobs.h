/* jobs.h - bulk jobs: one deed for every robot of a list, which is fixed when the job begins
 *
 * running -> ended, once no robot waits; running -> stopped, by an operator or by itself, which
 * says why; and back to running. What is done to each robot is in job_step.h. Each change is one
 * transaction with its audit row (I7). Texts of JSON come in the caller's arena. Besides the
 * statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_JOBS_H
#define SERVER_STORE_JOBS_H

#include "server/store/document.h"

#define JOBS_ROBOTS  250000 /* of one job at most */
#define JOBS_AT_ONCE 20     /* that run */

/* Texts are borrowed; NULL: no such condition. */
struct jobs_order {
    const char *deed;       /* "label", "region", "set", "join", "leave", "quarantine", "release",
                               "retire", "revoke", or a kind of commands.h */
    struct span asked;      /* JSON: {"labels"}, {"region"}, {"settings"}, {"group"}, {"reason"},
                               {"text"}      or {} */
    struct span which;      /* JSON, as it was asked for */
    bool is_command;        /* it is one of those */
    const char *const *ids; /* these robots; none: those of the list that follows */
    size_t id_count;
    struct span program; /* server/fleet/filter.h; empty: none */
    const char *state, *group, *text;
    const char *role; /* robots that this role's groups hold */
};

/* The first of the ids that is no robot (within the role's reach), borrowed; NULL: each is one. */
MUST_CHECK enum status jobs_find_stranger(struct store *store, const struct jobs_order *order,
                                          const char **bad);

/* What it would do: {"robots", "changes", "unchanged", "refused", "offline", "first": at most 100
 * of them, those first that stay as they are}. STATUS_FULL: more than JOBS_ROBOTS. */
MUST_CHECK enum status jobs_preview(struct store *store, const struct jobs_order *order,
                                    struct arena *arena, struct span *json);

/* Begins it. STATUS_FULL: more than JOBS_ROBOTS; STATUS_NOT_FOUND: no robot; STATUS_DENIED:
 * JOBS_AT_ONCE run already. */
MUST_CHECK enum status jobs_create(struct store *store, const struct author *author,
                                   const struct jobs_order *order, struct arena *arena,
                                   struct document *out, int64_t *job_id);

/* Newest first; by: only those that this actor began; NULL: all. */
MUST_CHECK enum status jobs_list(struct store *store, const char *state, const char *by,
                                 int64_t after, int64_t limit, struct arena *arena,
                                 struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status jobs_get(struct store *store, int64_t job_id, const char *by,
                                struct arena *arena, struct document *out);

/* Its robots of an outcome, by id: "done", "unchanged", "failed", "waiting"; NULL: all. */
MUST_CHECK enum status jobs_devices(struct store *store, int64_t job_id, const char *outcome,
                                    const char *after, int64_t limit, struct arena *arena,
                                    struct span *json);

/* No further robot, from the commit on. Again is harmless. STATUS_NOT_FOUND; STATUS_CONFLICT: it
 * has ended. */
MUST_CHECK enum status jobs_stop(struct store *store, const struct author *author, int64_t job_id,
                                 struct arena *arena, struct document *out);

/* Goes on, in this author's name; robots that failed are tried again. STATUS_NOT_FOUND;
 * STATUS_CONFLICT: there is nothing left to do. */
MUST_CHECK enum status jobs_resume(struct store *store, const struct author *author, int64_t job_id,
                                   struct arena *arena, struct document *out);

/* Those that have not run for 30 days go. */
MUST_CHECK enum status jobs_forget(struct store *store);

#endif
