/* doctor.h - why a robot does not talk: the one cause that must be mended first, and what else is
 *
 * A pure function of what the database knows at one instant. The rules stand in one table, the
 * deepest first: what lies below explains what shows above it (a robot that is offline shows no
 * credit problem worth mending). What the robot itself shows on its screen counts as much as what
 * the server sees, while it is online.
 */
#ifndef SERVER_FLEET_DOCTOR_H
#define SERVER_FLEET_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/wire/message.h"
#include "schema/wire/trouble.h"

#define DOCTOR_DETAIL_SIZE 256
#define DOCTOR_FINDINGS    8

/* Texts are borrowed; "" is nothing. Plain data. */
struct doctor_facts {
    int64_t now_ms;
    bool is_enrolled;   /* else nothing below is known but that its claim code waits */
    const char *status; /* "active" */
    int64_t certificate_until_ms;
    bool is_online;
    int64_t last_seen_ms; /* 0: never */
    uint32_t told;        /* the trouble that its last report named */
    /* what its last report measured */
    int64_t disk_free_mib; /* 0 or less: not known */
    int64_t wifi_dbm;      /* 0: no Wi-Fi, or not known */
    int64_t clock_offset_ms;
    int64_t journal_pending;
    /* its routes for talking */
    int64_t routes, flawed, starved;
    const char *flaw;       /* of the first flawed one */
    const char *starved_by; /* caps and budgets: "evening, cap:dahan-2026:requests" */
    const char *limit_mode; /* "none" */
    const char *limited_by; /* the layer that says so: "threshold:budget:evening:80%" */
    /* its attempts of the last hour, the newest first, until one went well */
    int64_t failed;
    wire_ErrorClass failed_class; /* of the newest */
    const char *failed_vendor;
    /* its routes for talking that it leaves out now, as its last report says; the first of them */
    int64_t left_out;
    const char *left_out_route; /* "dahan/dahan-chat" */
    int64_t left_out_failures;  /* in a row */
    wire_ErrorClass left_out_class;
    /* its configuration */
    int64_t desired, reported, desired_since_ms, sends;
    const char *refused; /* "volume, avatar" */
    const char *trial_verdict, *trial_reason;
    const char *older_ca; /* that another has followed; its key's id */
};

struct doctor_finding {
    enum trouble trouble;
    char detail[DOCTOR_DETAIL_SIZE]; /* the figures or names of this case; "": none */
};

/* Fills out, the first to be mended first, and gives the count; 0: nothing is wrong. */
size_t doctor_diagnose(const struct doctor_facts *facts,
                       struct doctor_finding out[DOCTOR_FINDINGS]);

#endif
