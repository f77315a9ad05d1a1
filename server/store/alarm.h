/* alarm.h - raises alerts: one open alert per kind and subject, repeats raise its count */
#ifndef SERVER_STORE_ALARM_H
#define SERVER_STORE_ALARM_H

#include "server/store/store.h"

/* Plain data; texts are borrowed. */
struct alarm {
    const char *kind;     /* "forged_message" */
    const char *severity; /* "info", "warning", "critical" */
    const char *subject;  /* "device/r1" */
    const char *detail;   /* a JSON object: what to know, the newest replaces */
};

/* Raises them in the transaction on conn and tells the dashboards. */
MUST_CHECK enum status alarm_raise(struct store_conn *conn, struct arena *arena,
                                   const struct alarm *alarms, size_t count);

#endif
