/* selftest_parts.h - what the files of selftest.h share */
#ifndef AGENT_SELFTEST_PARTS_H
#define AGENT_SELFTEST_PARTS_H

#include "agent/config.h"
#include "agent/health.h"

/* All zeros: passed, with nothing to tell. */
struct selftest_result {
    const char *skipped; /* why there was nothing to check; NULL: there was. Static. */
    char detail[120];
    char cause[200]; /* "": passed */
    char cure[160];
};

void selftest_tell(struct selftest_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void selftest_fail(struct selftest_result *result, const char *cure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One part of the robot each. */
void selftest_keys(const struct config *config, struct selftest_result *result);
void selftest_certificate(const struct config *config, struct selftest_result *result);
void selftest_voice(const struct config *config, struct selftest_result *result);
void selftest_face(const struct config *config, struct selftest_result *result);
void selftest_screen(const struct config *config, struct selftest_result *result);
void selftest_speaker(const struct config *config, struct selftest_result *result);
void selftest_microphone(const struct config *config, struct selftest_result *result);

#endif
