/* vendor.h - the demo vendor as a program of its own, for the tests of a robot's parts */
#ifndef TESTS_INTEGRATION_AGENT_VENDOR_H
#define TESTS_INTEGRATION_AGENT_VENDOR_H

#include <sys/types.h>

#include "agent/chat/http.h"

struct vendor {
    pid_t pid;
    char url[64];
    char folder[32];   /* for whatever a test keeps; empty it before vendor_stop() */
    struct http *http; /* for its admin side */
};

/* Of a group of tests; *state is the struct vendor. It ends by itself after two minutes. */
int vendor_start(void **state);
int vendor_stop(void **state);

/* A request to its admin side; the answer is appended. */
void vendor_ask(const struct vendor *vendor, const char *method, const char *path, const char *body,
                struct buffer *answer);

/* Changes how it behaves: JSON as PUT /admin/faults takes it. */
void vendor_behave(const struct vendor *vendor, const char *conditions);

#endif
