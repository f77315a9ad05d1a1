#include "server/tasks.h"

#include "schema/wire/topic.h"
#include "server/api/password.h"
#include "server/authority.h"
#include "server/store/installation.h"
#include "server/store/migrate.h"
#include "server/store/operators.h"
#include "server/store/second_factors.h"
#include "server/tasks_keys.h"

#define ARENA_BYTES ((size_t)1 << 20)

static int fail(const char *problem)
{
    fprintf(stderr, "mynad: %s\n", problem);
    return 1;
}

static int refuse_words(int argc, char **argv)
{
    fprintf(stderr, "mynad: %s takes nothing after it, got \"%s\"\n", argv[0], argv[argc - 1]);
    return 2;
}

static int run_init(const struct config *config, int argc, char **argv)
{
    const struct authority_names names = {config->broker_names, config->device_names,
                                          master_is_elsewhere(&config->master)};
    char problem[256];
    unsigned made;

    if (argc > 1)
        return refuse_words(argc, argv);
    if (authority_init(config->state_dir, &names, &made, problem) != STATUS_OK)
        return fail(problem);
    if (made > 0)
        printf("keys and certificates are in %s (%u files written)\n", config->state_dir, made);
    else
        printf("keys and certificates are in %s; nothing was missing\n", config->state_dir);
    return 0;
}

static int run_migrate(const struct config *config, int argc, char **argv)
{
    struct store *store;
    char problem[256];
    unsigned applied = 0;

    if (argc > 1)
        return refuse_words(argc, argv);
    if (store_open(&store, config->database, 1, "mynad migrate", problem) != STATUS_OK)
        return fail(problem);
    enum status status = migrate_run(store, &applied, problem);
    store_close(store);
    if (status != STATUS_OK)
        return fail(problem);
    printf("the schema is current (%u migrations applied)\n", applied);
    return 0;
}

static enum status declare_restored(struct store *store, int64_t *epoch, char *problem)
{
    char detail[256];
    enum status status = migrate_check(store, detail);

    if (status == STATUS_STALE)
        snprintf(problem, 256, "the database's schema is not current: run \"mynad migrate\" first");
    else if (status != STATUS_OK)
        snprintf(problem, 256, "%.250s", detail);
    if (status != STATUS_OK)
        return status;
    status = installation_declare(store, epoch);
    if (status != STATUS_OK)
        snprintf(problem, 256, "the new epoch cannot be stored: %s", status_text(status));
    return status;
}

static int run_restored(const struct config *config, int argc, char **argv)
{
    struct store *store;
    char problem[256];
    int64_t epoch = 0;

    if (argc > 1)
        return refuse_words(argc, argv);
    if (store_open(&store, config->database, 1, "mynad restored", problem) != STATUS_OK)
        return fail(problem);
    enum status status = declare_restored(store, &epoch, problem);
    store_close(store);
    if (status != STATUS_OK)
        return fail(problem);
    printf("epoch %lld begins: robots are asked again for what the database may have forgotten\n",
           (long long)epoch);
    return 0;
}

/* One line of standard input, without its end. */
static bool read_password(const char *name, char out[PASSWORD_MAX + 2], char *problem)
{
    if (fgets(out, PASSWORD_MAX + 2, stdin) == NULL) {
        snprintf(problem, 256, "give the password as one line on standard input");
        return false;
    }
    out[strcspn(out, "\n")] = '\0';
    size_t size = strlen(out);
    if (size < PASSWORD_MIN || size > PASSWORD_MAX) {
        snprintf(problem, 256, "the password must have %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
        return false;
    }
    const char *why_not = password_problem(out, name);
    if (why_not != NULL)
        snprintf(problem, 256, "the password %s", why_not);
    return why_not == NULL;
}

struct operator_options {
    const char *role;
    bool reset_second_factor;
};

static bool read_options(int argc, char **argv, struct operator_options *out, char *problem)
{
    static const struct option_spec specs[] = {
        {"role", OPTION_CHOICE, .choices = "viewer|support|operator|approver|admin",
         .offset = offsetof(struct operator_options, role), .help = "what the operator may do"},
        {"reset_second_factor", OPTION_FLAG,
         .offset = offsetof(struct operator_options, reset_second_factor),
         .help = "take a lost second factor away"},
    };
    static const struct option_table table = {"mynad operator NAME", NULL, specs, 2};
    int rest;

    if (argc < 2 || !topic_is_slug(span_text(argv[1]))) {
        snprintf(problem, 256,
                 "usage: mynad operator NAME --role ROLE; a name is 1 to 48 of a-z, "
                 "0-9 and -");
        return false;
    }
    /* the name stands where a program's own would */
    if (option_parse(&table, NULL, argc - 1, argv + 1, out, &rest, problem) != STATUS_OK)
        return false;
    if ((out->role == NULL) != out->reset_second_factor || rest != argc - 1) {
        snprintf(problem, 256,
                 "usage: mynad operator NAME --role viewer|support|operator|approver|admin, or "
                 "mynad operator NAME --reset-second-factor");
        return false;
    }
    return true;
}

/* For whoever lost telephone and recovery codes when nobody else is admin. */
static int reset_second_factor(const struct config *config, const char *name)
{
    const struct author author = {"mynad", ""};
    struct store *store = NULL;
    struct arena *arena;
    char problem[256];

    if (arena_create(&arena, ARENA_BYTES) != STATUS_OK)
        return fail(status_text(STATUS_MEMORY));
    enum status status = store_open(&store, config->database, 1, "mynad operator", problem);
    if (status == STATUS_OK) {
        status = second_factors_remove(store, &author, name, true, arena);
        snprintf(problem, sizeof problem, "%s: %.200s", name,
                 status == STATUS_NOT_FOUND ? "there is no such operator, or no second factor"
                                            : status_text(status));
    }
    store_close(store);
    arena_free(arena);
    if (status != STATUS_OK)
        return fail(problem);
    printf("operator %s has no second factor now, and is logged out everywhere\n", name);
    return 0;
}

static enum status put_operator(const struct config *config, const char *name, const char *role,
                                const char *password, struct arena *arena, char *problem)
{
    const struct author author = {"mynad", ""};
    struct store *store;
    const char *hash;
    enum status status = store_open(&store, config->database, 1, "mynad operator", problem);

    if (status != STATUS_OK)
        return status;
    status = password_hash(password, arena, &hash);
    if (status == STATUS_OK)
        status = operators_put(store, &author, name, role, hash, arena);
    store_close(store);
    if (status != STATUS_OK)
        snprintf(problem, 256, "the operator cannot be stored: %s (has \"mynad migrate\" run?)",
                 status_text(status));
    return status;
}

static int run_operator(const struct config *config, int argc, char **argv)
{
    struct operator_options options = {0};
    char password[PASSWORD_MAX + 2];
    struct arena *arena;
    char problem[256];

    if (!read_options(argc, argv, &options, problem)) {
        fail(problem);
        return 2;
    }
    if (options.reset_second_factor)
        return reset_second_factor(config, argv[1]);
    if (!read_password(argv[1], password, problem)) {
        fail(problem);
        return 2;
    }
    if (arena_create(&arena, ARENA_BYTES) != STATUS_OK)
        return fail(status_text(STATUS_MEMORY));
    enum status status = put_operator(config, argv[1], options.role, password, arena, problem);
    crypto_wipe(password, sizeof password);
    arena_free(arena);
    if (status != STATUS_OK)
        return fail(problem);
    printf("operator %s has the role %s now\n", argv[1], options.role);
    return 0;
}

static const struct task {
    const char *name;
    int (*run)(const struct config *config, int argc, char **argv);
    const char *help;
} tasks[] = {
    {"init", run_init, "make keys and certificates in state_dir; again is harmless"},
    {"migrate", run_migrate, "bring the database's schema to this version"},
    {"rotate", tasks_keys_rotate,
     "master, device-ca: put another key in the place of the present one, which goes on"},
    {"retire", tasks_keys_retire,
     "master, device-ca [--force --reason TEXT]: forget those before the present one"},
    {"restored", run_restored, "say that the database was restored: robots tell it again"},
    {"operator", run_operator,
     "NAME --role ROLE: create or replace, password on standard input; or --reset-second-factor"},
};

int tasks_run(const struct config *config, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(argv[0], tasks[i].name) == 0)
            return tasks[i].run(config, argc, argv);
    fprintf(stderr, "mynad: there is no task \"%s\"; see mynad --help\n", argv[0]);
    return 2;
}

void tasks_print_help(void)
{
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        printf("  %-10s %s\n", tasks[i].name, tasks[i].help);
}
