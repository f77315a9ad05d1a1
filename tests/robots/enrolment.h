/* enrolment.h - enrols many robots through the real listener, on a few threads beside the loop
 *
 * A robot that is enrolled already costs nothing. While the server cannot be reached it is tried
 * again; what it refuses is given up.
 */
#ifndef TESTS_ROBOTS_ENROLMENT_H
#define TESTS_ROBOTS_ENROLMENT_H

#include "tests/robots/loop.h"

#define ENROLMENT_FOLDER_SIZE 1024

struct enrolment;

struct enrolment_options {
    struct loop *loop; /* borrowed, as the texts */
    const char *url;
    const char *claim; /* may be NULL when every robot is enrolled */
    const char *state_dir;
    const char *id_prefix;
    size_t first; /* number of the first, from 1 on */
    size_t robots;
    void *context;
    /* On a thread beside the loop, after a robot is enrolled: what would keep the loop waiting. */
    enum status (*prepare)(const char *folder, const char *device_id);
    /* On the loop's thread, once for each robot: folder holds an enrolled one, or status and
     * problem say why not. */
    void (*on_enrolled)(void *context, const char *folder, enum status status, const char *problem);
};

/* Starts the threads. The caller frees *out. */
MUST_CHECK enum status enrolment_start(struct enrolment **out,
                                       const struct enrolment_options *options);

/* Waits for the requests under way. */
void enrolment_stop(struct enrolment *enrolment);

#endif
