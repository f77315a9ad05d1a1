#include "tests/support/pg.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIN "/usr/lib/postgresql/15/bin/"

struct pg {
    char folder[80];
    char data[96];
    char conninfo[160];
    char options[256];
    uid_t uid;
    gid_t gid;
};

/* PostgreSQL refuses to run as root. */
static void become(const struct pg *pg)
{
    if (geteuid() == 0 && (setgid(pg->gid) != 0 || setuid(pg->uid) != 0))
        _exit(126);
    if (chdir(pg->folder) != 0 || !freopen("/dev/null", "r", stdin) ||
        !freopen("log", "a", stdout) || !freopen("log", "a", stderr))
        _exit(126);
}

static enum status run(const struct pg *pg, const char *const *arguments)
{
    int code;
    pid_t child = fork();

    if (child == 0) {
        become(pg);
        execv(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &code, 0) != child || !WIFEXITED(code))
        return STATUS_IO;
    return WEXITSTATUS(code) == 0 ? STATUS_OK : STATUS_IO;
}

static enum status make_folder(struct pg *pg)
{
    /* cppcheck-suppress getpwnamCalled ; before there are threads */
    const struct passwd *user = getpwnam("postgres");

    const char *where = getenv("TMPDIR");

    snprintf(pg->folder, sizeof pg->folder, "%s/myna-pg-XXXXXX", where ? where : "/tmp");
    if (!mkdtemp(pg->folder))
        return STATUS_IO;
    pg->uid = geteuid();
    pg->gid = getegid();
    if (geteuid() == 0) {
        if (!user)
            return STATUS_NOT_FOUND;
        pg->uid = user->pw_uid;
        pg->gid = user->pw_gid;
    }
    if (chown(pg->folder, pg->uid, pg->gid) != 0)
        return STATUS_IO;
    snprintf(pg->data, sizeof pg->data, "%s/data", pg->folder);
    snprintf(pg->conninfo, sizeof pg->conninfo, "host=%s user=myna dbname=postgres", pg->folder);
    snprintf(pg->options, sizeof pg->options,
             "-k %s -c listen_addresses='' -c fsync=off -c full_page_writes=off"
             " -c shared_buffers=32MB",
             pg->folder);
    return STATUS_OK;
}

enum status pg_restart(struct pg *pg)
{
    const char *const start[] = {BIN "pg_ctl", "-D", pg->data, "-o",    pg->options, "-w",
                                 "-t",         "30", "-s",     "start", NULL};

    return run(pg, start);
}

enum status pg_crash(struct pg *pg)
{
    const char *const stop[] = {BIN "pg_ctl", "-D", pg->data, "-m",
                                "immediate",  "-s", "stop",   NULL};

    return run(pg, stop);
}

enum status pg_start(struct pg **out)
{
    struct pg *pg = calloc(1, sizeof *pg);

    if (!pg)
        return STATUS_MEMORY;
    enum status status = access(BIN "initdb", X_OK) == 0 ? make_folder(pg) : STATUS_NOT_FOUND;
    const char *const init[] = {BIN "initdb", "-D",    pg->data, "-U",         "myna",
                                "-E",         "UTF8",  "-N",     "--locale=C", "--wal-segsize=1",
                                "-A",         "trust", NULL};
    if (status == STATUS_OK)
        status = run(pg, init);
    if (status == STATUS_OK)
        status = pg_restart(pg);
    if (status != STATUS_OK) {
        pg_stop(pg);
        return status;
    }
    *out = pg;
    return STATUS_OK;
}

void pg_stop(struct pg *pg)
{
    if (!pg)
        return;
    if (pg_crash(pg) != STATUS_OK)
        fprintf(stderr, "the test's database in %s was not running\n", pg->folder);
    const char *const remove[] = {"/bin/rm", "-rf", pg->folder, NULL};
    if (pg->folder[0] && run(pg, remove) != STATUS_OK)
        fprintf(stderr, "cannot remove %s\n", pg->folder);
    free(pg);
}

const char *pg_conninfo(const struct pg *pg)
{
    return pg->conninfo;
}
