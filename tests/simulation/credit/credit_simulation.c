/* The credit simulation: the robot's real meter, the real wire and the server's real rules of
 * ledger, session and credit, in virtual time, with everything going wrong (invariants I1, I2).
 *
 *     credit_simulation [--seeds N] [--from S] [--events N] [--jobs N] [--trace SEED] [--must-find]
 *
 * A failing seed prints the end of its trace and the command that replays it alone. --must-find is
 * for programs with a planted bug: they succeed when a seed finds it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/credit/world.h"

#define MAX_JOBS    16
#define TRACE_LINES 60
#define WHOLE_SEEDS 1000 /* so many must meet every fault and every state */
#define KEPT        16   /* failing seeds that one process tells of */

struct arguments {
    uint64_t seeds, from, events, jobs, trace;
    bool must_find;
};

/* What one process tells the others; shared memory. */
struct share {
    struct coverage coverage;
    uint64_t failed; /* seeds; the first ones with what they found */
    struct {
        uint64_t seed;
        char text[200];
    } kept[KEPT];
    bool done;
};

static bool read_number(const char *text, uint64_t *out)
{
    return text && span_to_uint64(span_text(text), out) == STATUS_OK;
}

static bool read_arguments(int count, char **texts, struct arguments *out)
{
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"--seeds", &out->seeds},
                   {"--from", &out->from},
                   {"--events", &out->events},
                   {"--jobs", &out->jobs},
                   {"--trace", &out->trace}};

    for (int i = 1; i < count; i++) {
        bool known = false;

        if (strcmp(texts[i], "--must-find") == 0)
            known = out->must_find = true;
        for (size_t j = 0; !known && j < sizeof numbers / sizeof *numbers; j++)
            if (strcmp(texts[i], numbers[j].name) == 0)
                known = read_number(texts[++i], numbers[j].value);
        if (!known)
            return false;
    }
    return out->jobs > 0 && out->jobs <= MAX_JOBS && out->events > 0;
}

static struct world *new_world(void)
{
    struct world *world = calloc(1, sizeof *world);

    if (!world) {
        fprintf(stderr, "credit simulation: out of memory\n");
        exit(2);
    }
    return world;
}

/* Every so-manieth seed, from the job's own on. */
static void run_job(const struct arguments *arguments, uint64_t job, struct share *shares)
{
    struct share *share = &shares[job];
    struct world *world = new_world();

    for (uint64_t i = job; i < arguments->seeds; i += arguments->jobs) {
        const uint64_t seed = arguments->from + i;

        world_run(world, seed, (unsigned)arguments->events, NULL, &share->coverage);
        if (world->findings.count == 0)
            continue;
        if (share->failed < KEPT) {
            share->kept[share->failed].seed = seed;
            memcpy(share->kept[share->failed].text, world->findings.texts[0],
                   sizeof share->kept[0].text);
        }
        share->failed++;
        if (arguments->must_find)
            break;
    }
    free(world);
    share->done = true;
}

static void trace(const struct arguments *arguments, uint64_t seed, FILE *out)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);
    struct world *world = new_world();

    if (coverage)
        world_run(world, seed, (unsigned)arguments->events, out, coverage);
    free(coverage);
    free(world);
}

static void print_end_of_trace(const struct arguments *arguments, uint64_t seed)
{
    char *text = NULL;
    size_t size = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return;
    trace(arguments, seed, out);
    fclose(out);
    const char *start = text + size;
    while (start > text && lines <= TRACE_LINES)
        lines += *--start == '\n';
    fputs(start, stdout);
    free(text);
}

static void add_coverage(struct coverage *sum, const struct coverage *part)
{
    const uint64_t *from = (const uint64_t *)(const void *)part;
    uint64_t *to = (uint64_t *)(void *)sum;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void print_failures(const struct arguments *arguments, const char *program,
                           const struct share *share, uint64_t *first)
{
    for (uint64_t i = 0; i < share->failed && i < KEPT; i++) {
        printf("%s --events %" PRIu64 " --trace %" PRIu64 "\n    %s\n", program, arguments->events,
               share->kept[i].seed, share->kept[i].text);
        if (*first == 0 || share->kept[i].seed < *first)
            *first = share->kept[i].seed;
    }
}

/* What failed: seeds, processes, the coverage. */
static uint64_t report(const struct arguments *arguments, const char *program,
                       const struct share *shares)
{
    static struct coverage sum;
    uint64_t failed = 0, first = 0;

    for (uint64_t i = 0; i < arguments->jobs; i++) {
        add_coverage(&sum, &shares[i].coverage);
        failed += shares[i].failed;
        if (!shares[i].done) {
            printf("a process of the simulation ended early\n");
            failed++;
        }
        print_failures(arguments, program, &shares[i], &first);
    }
    if (arguments->must_find) {
        printf("%s\n", first ? "found" : "not found");
        return failed;
    }
    coverage_print(&sum);
    if (arguments->seeds >= WHOLE_SEEDS && !coverage_is_whole(&sum))
        failed++;
    if (first) {
        printf("%" PRIu64 " seeds failed; the end of the trace of seed %" PRIu64 ":\n", failed,
               first);
        print_end_of_trace(arguments, first);
    }
    return failed;
}

static struct share *new_shares(uint64_t jobs)
{
    /* cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory asks for */
    void *memory = mmap(NULL, jobs * sizeof(struct share), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        fprintf(stderr, "credit simulation: out of memory\n");
        exit(2);
    }
    return memory;
}

static void run_all(const struct arguments *arguments, struct share *shares)
{
    for (uint64_t job = 0; job < arguments->jobs; job++) {
        pid_t child = fork();

        if (child < 0) {
            fprintf(stderr, "credit simulation: cannot start a process\n");
            exit(2);
        }
        if (child == 0) {
            run_job(arguments, job, shares);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
}

int main(int count, char **texts)
{
    struct arguments arguments = {.seeds = 100, .from = 1, .events = 1000, .jobs = 1};

    if (!read_arguments(count, texts, &arguments)) {
        fprintf(stderr, "use: credit_simulation [--seeds N] [--from S] [--events N] [--jobs N] "
                        "[--trace SEED] [--must-find]\n");
        return 2;
    }
    if (arguments.trace > 0) {
        struct share *share = new_shares(1);
        struct world *world = new_world();

        world_run(world, arguments.trace, (unsigned)arguments.events, stdout, &share->coverage);
        fflush(stdout);
        findings_print(&world->findings);
        return world->findings.count > 0;
    }
    struct share *shares = new_shares(arguments.jobs);
    run_all(&arguments, shares);
    const uint64_t failed = report(&arguments, texts[0], shares);
    return arguments.must_find ? failed == 0 : failed > 0;
}
