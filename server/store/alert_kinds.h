/* alert_kinds.h - what each kind of alert is called, and what to do about it: the only table
 *
 * The API, the dashboard and every message that leaves the house take title, link and cure from
 * here. A kind without a row still alerts, with its own name and a general cure; a test finds
 * raised kinds that have none.
 */
#ifndef SERVER_STORE_ALERT_KINDS_H
#define SERVER_STORE_ALERT_KINDS_H

#include <stddef.h>

#include "schema/base/arena.h"
#include "server/store/value.h"

struct alert_kinds_row {
    const char *kind;  /* "threshold/budget": of an alert about a budget, before "threshold" */
    const char *title; /* "Forged message" */
    const char *link;  /* the dashboard's page that helps; NULL: the subject's own */
    const char *cure;  /* a sentence or two; {} stands for the id of what it is about */
};

/* The whole table, by kind. */
const struct alert_kinds_row *alert_kinds_all(size_t *count);

/* The table as arrays in the arena, for statements that join it. */
#define ALERT_KINDS_COLUMNS 4
void alert_kinds_columns(struct arena *arena, struct value out[ALERT_KINDS_COLUMNS]);

/* In a statement whose alert is a, and whose parameters are those arrays: the join, and what is
 * then known of the alert. */
#define ALERT_KINDS_JOIN(kind, title, link, cure)                                                  \
    " LEFT JOIN unnest(" kind "::text[], " title "::text[], " link "::text[], " cure "::text[])"   \
    " AS k(kind, title, link, cure) ON k.kind = CASE"                                              \
    " WHEN a.kind || '/' || split_part(a.subject, '/', 1) = ANY (" kind "::text[])"                \
    " THEN a.kind || '/' || split_part(a.subject, '/', 1) ELSE a.kind END "
#define ALERT_KINDS_TITLE "coalesce(k.title, replace(a.kind, '_', ' '))"
#define ALERT_KINDS_CURE                                                                           \
    "coalesce(replace(k.cure, '{}', split_part(a.subject, '/', 2)),"                               \
    " 'The detail says what was seen, and the server''s log what came before it.')"
#define ALERT_KINDS_LINK                                                                           \
    "coalesce(k.link, CASE split_part(a.subject, '/', 1)"                                          \
    " WHEN 'device' THEN '/robots/' || split_part(a.subject, '/', 2)"                              \
    " WHEN 'contract' THEN '/contracts/' || split_part(a.subject, '/', 2)"                         \
    " WHEN 'rollout' THEN '/rollouts/' || split_part(a.subject, '/', 2)"                           \
    " WHEN 'budget' THEN '/budgets/' || split_part(a.subject, '/', 2) WHEN 'vendor' THEN "         \
    "'/vendors' ELSE '/alerts' END)"

#endif
