/* survey.h - reads what was used and judges every threshold of contracts and budgets by it
 *
 * Nothing is moved but that a threshold seen for the first time gets its row. What is found is in
 * the survey's arena until the next survey_take().
 */
#ifndef SERVER_JOBS_SURVEY_H
#define SERVER_JOBS_SURVEY_H

#include "server/jobs/judge.h"
#include "server/store/terms.h"

/* A threshold that was looked at, with all it takes to act. */
struct survey_verdict {
    struct survey_verdict *next;
    struct thresholds_row row;
    struct threshold moved; /* how it stands after the look */
    struct threshold_step step;
    bool fell_back; /* below its point of return, from where it may come back */
    const struct contract_threshold *rule;
    const char *match; /* JSON: whose routes its actions change */
    const char *severity;
    struct decimal limit; /* that it is judged by */
    struct span rule_json;
    struct span seen_json;
};

struct survey {
    /* given, and kept by the caller */
    struct arena *arena;
    struct terms *terms;
    int64_t now_ms;
    bool is_slow; /* active devices are counted, too: there are many */
    /* found */
    struct survey_verdict *verdicts;
    const char **sources; /* of all thresholds that there are, judged or not */
    size_t source_count;
    /* while it is taken */
    const struct contract_terms *at_hand;
};

/* All of it in one view of the database: within one transaction. A threshold with a number that
 * does not fit is logged and left out. Besides those of store.h: STATUS_MEMORY; STATUS_FULL: there
 * are too many thresholds. */
MUST_CHECK enum status survey_take(struct store_conn *conn, struct survey *survey);

#endif
