/* rollout_steps.h - what a step of a rollout does to the database, inside the driver's transaction
 *
 * Every call but rollout_steps_due() wants the rollout's row locked by rollout_steps_lock() in the
 * same transaction; the row's lock is what makes one server do what any could, once. Whatever
 * changes a device's configuration raises its generation and has its audit row. Time is an
 * argument. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_ROLLOUT_STEPS_H
#define SERVER_STORE_ROLLOUT_STEPS_H

#include "schema/base/json.h"
#include "schema/wire/limits.h"
#include "server/fleet/rollout_step.h"
#include "server/fleet/rollout_wave.h"
#include "server/store/document.h"

/* Rollouts that a driver should look at, the longest overdue first. Ids are in the arena. */
MUST_CHECK enum status rollout_steps_due(struct store *store, int64_t now_ms, struct arena *arena,
                                         const char **ids, size_t limit, size_t *count);

/* What keeps waiting robots from being opened, as people are told. Plain data. */
struct rollout_steps_held {
    int64_t until_ms; /* 0: nothing does */
    bool by_blackout; /* else by the hours of the day */
};

/* A rollout as it stands, locked. Plain data; texts are in the arena. */
struct rollout_steps_row {
    const char *rollout_id;
    const char *group_id; /* NULL: the fleet */
    bool is_gone;         /* its group is no more */
    bool is_switch;       /* its patch changes who answers */
    bool is_software;     /* it carries a manifest */
    bool is_key;          /* a vendor's next key */
    bool is_reverse;
    struct span approved; /* what its approver agreed to, schema/ROLLOUT.md; empty: nobody did */
    const char *approver;
    enum rollout_place place;
    int64_t version;
    int64_t wave;       /* the last one opened or to be opened; 0: none */
    int64_t wave_count; /* 0: not begun */
    int64_t step_since_ms;
    int64_t joined_ms, checked_ms; /* 0: never */
    int64_t back_rate;
    int64_t members;
    struct rollout_plan plan; /* with the calendar's blackouts */
    struct rollout_steps_held held;
    /* of the present wave */
    bool is_wave_open, is_control;
    int64_t planned;
    int64_t opened_ms;
    int64_t tokens_ms;
    int64_t confirmed_ms; /* 0: not yet */
    int64_t look_ms;      /* 0: not known */
    int64_t looks;
    int64_t last_moved_ms;             /* of its devices; 0: none has */
    struct rollout_step_counts counts; /* waiting: in those before it as well, for another try */
    int64_t opened_ever;               /* of all waves: what a ramp counts */
    int64_t live;                      /* members that have not left */
    int64_t open;                      /* see the patch */
};

/* skip: leave it to whoever has the lock. STATUS_NOT_FOUND: there is none, it is skipped, or
 * (only_due) it is not due any more. */
struct rollout_steps_lock {
    const char *rollout_id;
    bool skip;
    bool only_due;
    int64_t now_ms;
};
MUST_CHECK enum status rollout_steps_lock(struct store_conn *conn, struct arena *arena,
                                          const struct rollout_steps_lock *lock,
                                          struct rollout_steps_row *out);

/* The present wave's devices, counted again, with what else steers. */
MUST_CHECK enum status rollout_steps_count(struct store_conn *conn, struct rollout_steps_row *row);

/* Other rollouts that have the layer or some of its devices, as people read it: "spring has its
 * layer, may has 3 of its robots"; NULL: none. */
MUST_CHECK enum status rollout_steps_rivals(struct store_conn *conn, struct arena *arena,
                                            const char *rollout_id, const char **out);

/* How many devices its layer reaches. */
MUST_CHECK enum status rollout_steps_reach(struct store_conn *conn, const char *rollout_id,
                                           int64_t *out);

/* A move of the state, its audit row and the news of it. by NULL: the driver's. */
struct rollout_steps_move {
    enum rollout_event event;
    enum rollout_place to;
    int64_t wave;       /* from now on */
    const char *reason; /* of an approval a remark, for the audit alone */
    const struct author *by;
    struct span asked; /* what another operator is asked to agree to; empty: as before */
    int64_t now_ms;
};
MUST_CHECK enum status rollout_steps_move(struct store_conn *conn, struct arena *arena,
                                          struct rollout_steps_row *row,
                                          const struct rollout_steps_move *move);

/* Fixes the members, their order, the control group and the waves. STATUS_EXISTS: another rollout
 * has taken one of them meanwhile. *members may come out as 0: nothing was begun then. */
MUST_CHECK enum status rollout_steps_begin(struct store_conn *conn, struct arena *arena,
                                           struct rollout_steps_row *row, int64_t *members);

/* The present wave's verdict and how it ended: "green", "forced", "passed", "red", "undecided".
 * by and reason: of a forced one, else NULL. */
MUST_CHECK enum status rollout_steps_close_wave(struct store_conn *conn,
                                                const struct rollout_steps_row *row,
                                                const char *state, const char *by,
                                                const char *reason);

/* Names the present wave's members. */
MUST_CHECK enum status rollout_steps_open_wave(struct store_conn *conn, struct arena *arena,
                                               struct rollout_steps_row *row, int64_t now_ms);

/* published_at, confirmed_at and the time of the next look; 0 leaves one as it is. */
struct rollout_steps_times {
    int64_t published_ms, confirmed_ms, look_ms;
    int64_t looks; /* taken */
};
MUST_CHECK enum status rollout_steps_note(struct store_conn *conn,
                                          const struct rollout_steps_row *row,
                                          const struct rollout_steps_times *times);
/* Up to when the rate's time is used. */
MUST_CHECK enum status rollout_steps_use_tokens(struct store_conn *conn,
                                                const struct rollout_steps_row *row,
                                                int64_t tokens_ms);
MUST_CHECK enum status rollout_steps_note_verdict(struct store_conn *conn,
                                                  const struct rollout_steps_row *row,
                                                  struct span verdict);

/* The patch becomes a revision of the layer. Devices that failed, or wait for another try, keep
 * what they have, by a layer of their own, as far as the layer would change it; defaults:
 * {"volume": 70, ...} of settings that no layer sets. Whoever was not confirmed gets a new
 * generation. Members are let go. */
MUST_CHECK enum status rollout_steps_complete(struct store_conn *conn, struct arena *arena,
                                              const struct rollout_steps_row *row,
                                              struct span defaults);

/* Members are let go; nobody sees the patch any more. */
MUST_CHECK enum status rollout_steps_end(struct store_conn *conn,
                                         const struct rollout_steps_row *row);

/* Notes it for people, and tells them when it is another than before. */
MUST_CHECK enum status rollout_steps_hold(struct store_conn *conn,
                                          const struct rollout_steps_row *row,
                                          const struct rollout_steps_held *held);

/* When the driver shall look again; 0: never. */
MUST_CHECK enum status rollout_steps_put_off(struct store_conn *conn,
                                             const struct rollout_steps_row *row, int64_t due_ms);

#endif
