/* roll.h - rollouts driven on a real database by a clock of the test's own
 *
 * r1 to r8 ask vendor "a" and, when that fails, "b"; what a robot answers is written for it.
 */
#ifndef TESTS_INTEGRATION_SERVER_ROLL_H
#define TESTS_INTEGRATION_SERVER_ROLL_H

#include "server/fleet/rollout.h"
#include "server/fleet/rollout_plan.h"
#include "server/store/document.h"
#include "server/store/store.h"
#include "tests/support/pg.h"

#define ROLL_ROBOTS 8

/* Plain data. */
struct roll {
    struct pg *pg;
    struct store *store;
    struct store_conn *conn;
    struct arena *arena;
    struct document document;
    struct json *json;
    int64_t now_ms;
    int64_t approval_devices; /* -1: nobody needs to agree */
};

/* Of all tests, and of each: it begins with everybody current and online, with nobody's rollouts
 * and layers, and with a next key of vendor "a" that nobody has. For CMocka. */
int roll_set_up(void **state);
int roll_tear_down(void **state);
int roll_begin(void **state);

/* SQL that must succeed. */
void roll_run(struct roll *roll, const char *sql);

/* The statement's only value; id NULL: it has no parameter. Borrowed until the next call. */
char *roll_text(struct roll *roll, const struct store_statement *statement, const char *id);

#define ROLL_ASSERT_SQL(roll, sql, expected)                                                       \
    do {                                                                                           \
        STORE_STATEMENT(asked, sql);                                                               \
        assert_string_equal(roll_text(roll, &asked, NULL), expected);                              \
    } while (0)

/* A quarter of the robots, then the others; no control, gates off, whatever fails is let pass. */
struct rollout_plan roll_plan(bool test);

/* A draft of anna's; group NULL: of the fleet. A patch, or NULL: vendor "a"'s next key. */
void roll_create(struct roll *roll, const char *id, const char *group, const char *patch,
                 const struct rollout_plan *plan);
/* The same of the software "mood" in that version. */
void roll_create_software(struct roll *roll, const char *id, const char *group, const char *version,
                          const struct rollout_plan *plan);

/* What anna, or another operator, does. */
MUST_CHECK enum status roll_act(struct roll *roll, const char *id, enum rollout_event event);
MUST_CHECK enum status roll_act_as(struct roll *roll, const char *actor, const char *id,
                                   enum rollout_event event, int64_t back_rate);

/* One look of the driver, now. */
MUST_CHECK enum status roll_try_look(struct roll *roll, const char *id);
/* The same, which must succeed, and a while later: whoever is slow is looked for by time as well.
 */
void roll_look(struct roll *roll, const char *id);

/* All run what they were told, and have its software. But for r3 when it fails: opened, its trial
 * did so for good. */
void roll_answer(struct roll *roll, bool r3_fails);

/* Looks and answers until it is in that state. */
void roll_drive(struct roll *roll, const char *id, const char *until, bool r3_fails);

/* "r1 r2": who is opened. Borrowed until the next call, as roll_place(): "running/soaking". */
const char *roll_opened(struct roll *roll);
const char *roll_place(struct roll *roll, const char *id);

#endif
