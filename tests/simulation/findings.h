/* findings.h - what a run found wrong; an empty list is a run that kept every invariant */
#ifndef TESTS_SIMULATION_FINDINGS_H
#define TESTS_SIMULATION_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#define FINDINGS_KEPT 12

/* Plain data. */
struct findings {
    size_t count;
    char texts[FINDINGS_KEPT][200];
};

/* Adds one: "I1: ...". Only the first ones are kept, all are counted. */
void findings_add(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void findings_print(const struct findings *findings);

#endif
