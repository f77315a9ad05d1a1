#include "server/tasks_keys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "schema/base/encode.h"
#include "server/envelope.h"
#include "server/store/authorities.h"
#include "server/store/migrate.h"

#define SERVERS_END_MS 5000 /* from "systemctl stop mynad" on */

/* A task at work. Secret: the keys. */
struct work {
    const struct config *config;
    int lock_fd;
    struct store *store;
    struct master_keys keys;
    struct envelope_keys own;
    bool turned; /* the data key was under an older one of the keys */
    char problem[256];
};

/* Two that replace the file at once would leave a key that nobody has. */
static enum status lock_folder(struct work *work)
{
    const char *dir = work->config->state_dir;

    work->lock_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (work->lock_fd >= 0 && flock(work->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    snprintf(work->problem, sizeof work->problem,
             work->lock_fd < 0 ? "the state folder \"%.150s\" cannot be opened: run \"mynad init\" "
                                 "first, as the user that mynad runs as"
                               : "another task replaces keys in \"%.150s\": wait for it",
             dir);
    return STATUS_IO;
}

static enum status check_source(struct work *work)
{
    if (work->keys.source == MASTER_FILE)
        return STATUS_OK;
    snprintf(work->problem, sizeof work->problem,
             "the master key comes from %s: put the new key there before the present one and "
             "restart mynad; take the old one away when all servers have restarted",
             master_source_text(work->keys.source));
    return STATUS_DENIED;
}

static enum status open_database(struct work *work)
{
    enum status status =
        store_open(&work->store, work->config->database, 1, "mynad keys", work->problem);

    if (status != STATUS_OK)
        return status;
    status = migrate_check(work->store, work->problem);
    if (status == STATUS_STALE)
        snprintf(work->problem, sizeof work->problem,
                 "the database's schema is not current: run \"mynad migrate\" first");
    return status;
}

/* With the master key, wherever it comes from, and the database. */
static enum status begin_open(struct work *work)
{
    enum status status = lock_folder(work);

    if (status == STATUS_OK)
        status =
            master_load(work->config->state_dir, &work->config->master, &work->keys, work->problem);
    return status == STATUS_OK ? open_database(work) : status;
}

/* Opens the data key as the file now stands: what an interrupted rotation began is ended by it. */
static enum status begin(struct work *work)
{
    enum status status = begin_open(work);

    if (status == STATUS_OK)
        status = check_source(work);
    if (status == STATUS_OK)
        status = envelope_open(work->store, &work->keys, &work->own, &work->turned, work->problem);
    return status;
}

static int end(struct work *work, enum status status)
{
    store_close(work->store);
    if (work->lock_fd >= 0)
        close(work->lock_fd);
    if (status != STATUS_OK)
        fprintf(stderr, "mynad: %s\n", work->problem);
    crypto_wipe(work, sizeof *work);
    return status == STATUS_OK ? 0 : 1;
}

static void print_id(const char *before, const uint8_t key[CRYPTO_KEY_SIZE], const char *behind)
{
    uint8_t id[MASTER_ID_SIZE];
    char text[2 * MASTER_ID_SIZE + 1];

    master_id(key, id);
    if (encode_hex(span_of(id, sizeof id), text, sizeof text) == STATUS_OK)
        printf("%s%s%s", before, text, behind);
}

/* The new key is on the disk, with the present one behind it, before the database knows of it. */
static enum status turn(struct work *work)
{
    if (work->keys.count > 1) {
        snprintf(work->problem, sizeof work->problem,
                 "the key before the present one is still in master.key: run \"mynad retire "
                 "master\" first");
        return STATUS_DENIED;
    }
    memcpy(work->keys.keys[1], work->keys.keys[0], CRYPTO_KEY_SIZE);
    crypto_random(work->keys.keys[0], CRYPTO_KEY_SIZE);
    work->keys.count = 2;
    enum status status = master_save(work->config->state_dir, &work->keys, work->problem);
    return status == STATUS_OK
               ? envelope_open(work->store, &work->keys, &work->own, NULL, work->problem)
               : status;
}

static int rotate_master(const struct config *config)
{
    struct work work = {.config = config, .lock_fd = -1};
    enum status status = begin(&work);

    if (status == STATUS_OK && !work.turned)
        status = turn(&work);
    if (status == STATUS_OK) {
        print_id("master key ", work.keys.keys[0], " is in force; ");
        print_id("", work.keys.keys[1],
                 " stays in master.key for other servers and older dumps until \"mynad retire "
                 "master\"\n");
    }
    return end(&work, status);
}

static int retire_master(const struct config *config)
{
    struct work work = {.config = config, .lock_fd = -1};
    enum status status = begin(&work);
    const size_t had = work.keys.count;

    work.keys.count = 1;
    if (status == STATUS_OK && had > 1)
        status = master_save(config->state_dir, &work.keys, work.problem);
    if (status == STATUS_OK && had > 1)
        print_id("master.key holds ", work.keys.keys[0],
                 " alone; dumps from before need the one that was taken out\n");
    else if (status == STATUS_OK)
        print_id("master.key holds ", work.keys.keys[0], " alone already\n");
    return end(&work, status);
}

/* ---- the data key ---- */

static int rotate_data(const struct config *config)
{
    struct work work = {.config = config, .lock_fd = -1};
    size_t secrets = 0;
    enum status status = begin_open(&work);

    if (status == STATUS_OK)
        status = envelope_replace(work.store, &work.keys, SERVERS_END_MS, &secrets, work.problem);
    if (status == STATUS_OK)
        printf("another data key is in force: %zu secrets are under it, and the one before opens "
               "nothing but older dumps; start mynad again\n",
               secrets);
    return end(&work, status);
}

/* ---- the CAs ---- */

/* Of the files and of the database. */
struct line {
    enum authority_line files;
    enum authorities_purpose purpose;
    const char *name;
    const char *made;          /* behind its id */
    const char *not_yet, *lag; /* why it cannot be ended */
};

static const struct line devices = {
    .files = AUTHORITY_DEVICES,
    .purpose = AUTHORITIES_DEVICES,
    .name = "device-ca",
    .made =
        " is made, and device-anchor.pem holds it beside the one before: give that file to the "
        "brokers and restart them, then mynad; robots renew themselves (\"mynactl key list\")\n",
    .not_yet = "no server issues certificates by the present device CA yet: restart mynad first",
    .lag = "have a certificate of the one before (\"mynactl key list\"): wait for them, or --force "
           "--reason TEXT; they then renew themselves over HTTPS when the broker refuses them",
};

static const struct line servers = {
    .files = AUTHORITY_SERVERS,
    .purpose = AUTHORITIES_SERVERS,
    .name = "server-ca",
    .made = " is made, and issues nothing yet: restart mynad; robots renew themselves to know it "
            "(\"mynactl key list\"), then \"mynad retire server-ca\"\n",
    .not_yet = "no server has told robots of the newest server CA yet: restart mynad first",
    .lag = "know only the one before (\"mynactl key list\"): wait for them, or --force --reason "
           "TEXT; they then renew themselves over HTTPS when they take the broker for a stranger",
};

static void print_authority(const char *before, const struct line *line,
                            const uint8_t id[PKI_AUTHORITY_SIZE], const char *behind)
{
    char text[2 * PKI_AUTHORITY_SIZE + 1];

    if (encode_hex(span_of(id, PKI_AUTHORITY_SIZE), text, sizeof text) == STATUS_OK)
        printf("%s%s-%s%s", before, line->name, text, behind);
}

static enum status begin_authority(struct work *work, const struct line *line,
                                   uint8_t id[PKI_AUTHORITY_SIZE])
{
    enum status status = lock_folder(work);

    if (status == STATUS_OK)
        status = authority_present(work->config->state_dir, line->files, id, work->problem);
    return status == STATUS_OK ? open_database(work) : status;
}

/* What robots have so far is written down before there is another one. */
static int rotate_authority(const struct config *config, const struct line *line)
{
    struct work work = {.config = config, .lock_fd = -1};
    uint8_t id[PKI_AUTHORITY_SIZE];
    enum authorities_standing standing;
    enum status status = begin_authority(&work, line, id);

    if (status == STATUS_OK)
        status = authority_may_turn(config->state_dir, line->files, work.problem);
    if (status == STATUS_OK) {
        status = authorities_ensure(work.store, line->purpose, id, &standing);
        if (status != STATUS_OK)
            snprintf(work.problem, sizeof work.problem, "the database does not take it: %s",
                     status_text(status));
    }
    if (status == STATUS_OK)
        status = authority_turn(config->state_dir, line->files, id, work.problem);
    if (status == STATUS_OK)
        print_authority("", line, id, line->made);
    return end(&work, status);
}

static enum status retire_in_database(struct work *work, const struct line *line,
                                      const struct authorities_order *order)
{
    int64_t robots = 0;
    enum status status = authorities_retire(work->store, order, &robots);

    if (status == STATUS_NOT_FOUND)
        snprintf(work->problem, sizeof work->problem, "%s", line->not_yet);
    else if (status == STATUS_CONFLICT)
        snprintf(work->problem, sizeof work->problem, "%lld robots %s", (long long)robots,
                 line->lag);
    else if (status != STATUS_OK)
        snprintf(work->problem, sizeof work->problem, "the database does not take it: %s",
                 status_text(status));
    return status;
}

static int retire_device_ca(const struct config *config, struct authorities_order *order)
{
    struct work work = {.config = config, .lock_fd = -1};
    unsigned forgotten = 0;
    order->purpose = devices.purpose;
    enum status status = begin_authority(&work, &devices, order->id);

    if (status == STATUS_OK)
        status = retire_in_database(&work, &devices, order);
    if (status == STATUS_OK)
        status = authority_forget(config->state_dir, &forgotten, work.problem);
    if (status == STATUS_OK)
        print_authority("device-anchor.pem holds ", &devices, order->id,
                        forgotten > 0
                            ? " alone: give that file to the brokers and restart them, then mynad\n"
                            : " alone already\n");
    return end(&work, status);
}

static int retire_server_ca(const struct config *config, struct authorities_order *order)
{
    const struct authority_names names = {config->broker_names, config->device_names,
                                          master_is_elsewhere(&config->master)};
    struct work work = {.config = config, .lock_fd = -1};
    unsigned changed = 0;

    order->purpose = servers.purpose;
    enum status status = begin_authority(&work, &servers, order->id);
    if (status == STATUS_OK)
        status = retire_in_database(&work, &servers, order);
    if (status == STATUS_OK)
        status = authority_move(config->state_dir, &names, &changed, work.problem);
    if (status == STATUS_OK)
        print_authority("certificates of broker, servers and enrolment listener are of ", &servers,
                        order->id,
                        changed > 0 ? ": give broker.key, broker.pem and server-anchor.pem to the "
                                      "brokers and restart them and mynad\n"
                                    : " already\n");
    return end(&work, status);
}

/* --force and --reason TEXT, in any order. */
static bool read_order(int argc, char **argv, struct authorities_order *order)
{
    order->reason = "";
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--force") == 0)
            order->force = true;
        else if (strcmp(argv[i], "--reason") == 0 && i + 1 < argc)
            order->reason = argv[++i];
        else
            return false;
    }
    return !order->force || order->reason[0] != '\0';
}

static int misuse(const char *task)
{
    const char *more = " [--force --reason TEXT]";

    if (strcmp(task, "rotate") == 0)
        fprintf(stderr, "mynad: rotate what? \"mynad rotate master\", \"data\", \"device-ca\" or "
                        "\"server-ca\"\n");
    else
        fprintf(stderr,
                "mynad: retire what? \"mynad retire master\", \"device-ca%s\" or "
                "\"server-ca%s\"\n",
                more, more);
    return 2;
}

int tasks_keys_rotate(const struct config *config, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "master") == 0)
        return rotate_master(config);
    if (argc == 2 && strcmp(argv[1], "data") == 0)
        return rotate_data(config);
    if (argc == 2 && strcmp(argv[1], "device-ca") == 0)
        return rotate_authority(config, &devices);
    if (argc == 2 && strcmp(argv[1], "server-ca") == 0)
        return rotate_authority(config, &servers);
    return misuse(argv[0]);
}

int tasks_keys_retire(const struct config *config, int argc, char **argv)
{
    struct authorities_order order = {0};

    if (argc == 2 && strcmp(argv[1], "master") == 0)
        return retire_master(config);
    if (argc >= 2 && strcmp(argv[1], "device-ca") == 0 && read_order(argc, argv, &order))
        return retire_device_ca(config, &order);
    if (argc >= 2 && strcmp(argv[1], "server-ca") == 0 && read_order(argc, argv, &order))
        return retire_server_ca(config, &order);
    return misuse(argv[0]);
}
