/* api_query.c - the other limit of the API benchmark: libpq alone, with the statements that mynad
 * runs, prepared once per connection as mynad does
 *
 * Finds the statement among those of the program by pieces of its text, with ~ between them. Each
 * line of the input is one set of parameters, separated by tabs, "\N" being NULL, an empty one
 * none; connections take them in turn, ask again as soon as they are answered, and look at nothing.
 * Prints what api_load prints.
 *
 * usage: api_query DATABASE CONNECTIONS SECONDS PIECES < PARAMETERS
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/store/store.h"
#include "tests/bench/times.h"

#define MAX_SETS        100000
#define MAX_PARAMETERS  16
#define MAX_CONNECTIONS 64
#define WARM_NS         ((int64_t)2000000000)

/* Made by the linker around what STORE_STATEMENT puts into its section. */
extern const struct store_statement *const __start_store_statements[];
extern const struct store_statement *const __stop_store_statements[];

struct set {
    const char *values[MAX_PARAMETERS];
};

struct job {
    const char *database;
    const char *sql;
    struct set *sets;
    size_t set_count;
    int parameters;
    atomic_size_t next;
    int64_t from_ns, until_ns;
};

struct worker {
    struct job *job;
    struct times *times;
    pthread_t thread;
    const char *problem;
};

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "api_query: %s: %s\n", what, detail);
    return 1;
}

static bool has_all(const char *sql, const char *pieces)
{
    char piece[200];

    while (*pieces != '\0') {
        const size_t size = strcspn(pieces, "~");

        snprintf(piece, sizeof piece, "%.*s", (int)size, pieces);
        if (strstr(sql, piece) == NULL)
            return false;
        pieces += size + (pieces[size] == '~');
    }
    return true;
}

static const char *find(const char *pieces)
{
    for (const struct store_statement *const *at = __start_store_statements;
         /* cppcheck-suppress comparePointers ; two ends of one section */
         at < __stop_store_statements; at++)
        if (has_all((*at)->sql, pieces))
            return (*at)->sql;
    return NULL;
}

static void read_set(struct job *job, char *line)
{
    struct set *set = &job->sets[job->set_count++];
    int count = 0;

    line[strcspn(line, "\n")] = '\0';
    for (char *at = *line ? line : NULL; at && count < MAX_PARAMETERS; count++) {
        char *tab = strchr(at, '\t');
        if (tab)
            *tab++ = '\0';
        set->values[count] = strcmp(at, "\\N") == 0 ? NULL : strdup(at);
        at = tab;
    }
    job->parameters = count;
}

static PGconn *prepare(const struct job *job)
{
    PGconn *pg = PQconnectdb(job->database);

    PQclear(PQexec(pg, "SET search_path = pg_catalog; SET TIME ZONE 'UTC'"));
    PGresult *result = PQprepare(pg, "q", job->sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail("prepare", PQerrorMessage(pg));
    PQclear(result);
    return pg;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct job *job = worker->job;
    PGconn *pg = prepare(job);

    for (int64_t start = clock_mono_ns(); start < job->until_ns && !worker->problem;) {
        size_t place = atomic_fetch_add(&job->next, 1) % job->set_count;
        PGresult *result =
            PQexecPrepared(pg, "q", job->parameters, job->sets[place].values, NULL, NULL, 0);

        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            worker->problem = strdup(PQerrorMessage(pg));
        PQclear(result);
        int64_t end = clock_mono_ns();
        if (start >= job->from_ns)
            times_add(worker->times, end - start);
        start = end;
    }
    PQfinish(pg);
    return NULL;
}

static int run(struct job *job, unsigned count, double span_s)
{
    struct worker workers[MAX_CONNECTIONS] = {0};
    struct times *all = times_create();
    const char *problem = NULL;

    for (unsigned i = 0; i < count; i++) {
        workers[i] = (struct worker){.job = job, .times = times_create()};
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        times_join(all, workers[i].times);
        problem = problem ? problem : workers[i].problem;
    }
    if (problem)
        return fail("query", problem);
    times_print(all, span_s);
    return 0;
}

int main(int argc, char **argv)
{
    static char line[65536];

    if (argc != 5)
        return fail("usage", "api_query DATABASE CONNECTIONS SECONDS PIECES < PARAMETERS");
    const unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    const double span_s = strtod(argv[3], NULL);
    struct job job = {.database = argv[1], .sql = find(argv[4])};

    job.sets = calloc(MAX_SETS, sizeof *job.sets);
    if (!job.sets || !job.sql || count == 0 || count > MAX_CONNECTIONS)
        return fail("there is no statement with", argv[4]);
    while (job.set_count < MAX_SETS && fgets(line, sizeof line, stdin))
        read_set(&job, line);
    if (job.set_count == 0)
        return fail("standard input", "no parameters");
    job.from_ns = clock_mono_ns() + WARM_NS;
    job.until_ns = job.from_ns + (int64_t)(span_s * 1e9);
    return run(&job, count, span_s);
}
