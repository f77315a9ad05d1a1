#include "schema/base/seclude.h"

#include <assert.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void seclude_process(void)
{
    /* A limit of 0 is not enough: where cores go to a program, the kernel ignores it, but takes 1
     * for "none at all". It is for what we start: its memory is readable again after exec. */
    const struct rlimit one = {1, 1}, none = {0, 0};

    bool is_set = setrlimit(RLIMIT_CORE, &one) == 0 || setrlimit(RLIMIT_CORE, &none) == 0;

    /* The sanitizers' search for leaks, which traces us, lifts this for as long as it runs. */
    is_set = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && is_set;

    assert(is_set); /* neither is ever refused */
    (void)is_set;
}
