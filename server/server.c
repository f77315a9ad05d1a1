#include "server/server.h"

#include <limits.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"
#include "server/api/api.h"
#include "server/api/guesses.h"
#include "server/api/turnstile.h"
#include "server/bus/ingest.h"
#include "server/envelope.h"
#include "server/feed.h"
#include "server/identity.h"
#include "server/jobs/courier.h"
#include "server/jobs/deadman.h"
#include "server/jobs/drainer.h"
#include "server/jobs/janitor.h"
#include "server/jobs/keeper.h"
#include "server/jobs/levels.h"
#include "server/jobs/notary.h"
#include "server/jobs/outbox.h"
#include "server/jobs/porter.h"
#include "server/jobs/rollouts.h"
#include "server/jobs/rotator.h"
#include "server/jobs/thresholds.h"
#include "server/sso/oidc.h"
#include "server/store/installation.h"
#include "server/store/migrate.h"
#include "server/store/usage_hours.h"

#define CONNECTIONS    24
#define WORKERS        12
#define DEVICE_WORKERS 4
#define EVENT_STREAMS  1000
#define HEARTBEAT_MS   15000

#define CODE_ACCOUNTS  4096
#define CODE_FAILURES  10
#define CODE_WINDOW_MS ((int64_t)5 * 60 * 1000)

#define HASHING (WORKERS / 2) /* of passwords: under way or waited for */

#define PAIRING_ADDRESSES 1024
#define PAIRING_REQUESTS  60
#define PAIRING_WINDOW_MS ((int64_t)10 * 60 * 1000)

/* A listener's certificate and key, PEM, on the heap. */
struct pair {
    char *cert, *key;
};

struct server {
    const struct config *config;
    struct authority *authority;
    struct store *store;
    struct hub *hub;
    struct throttle *throttle;
    struct throttle *pairing_throttle;
    struct guesses *guesses;
    struct turnstile *hashing;
    struct identities *identities;
    struct counts *counts;
    atomic_bool is_comparing; /* see api.h */
    atomic_bool is_outdated;  /* see server_tick() */
    struct bus *bus;
    struct ingest *ingest;
    struct outbox *outbox;
    struct janitor *janitor;
    struct levels *levels;
    struct courier *courier;
    struct thresholds *thresholds;
    struct rollouts *rollouts;
    struct drainer *drainer;
    struct rotator *rotator;
    struct porter *porter;
    struct deadman *deadman;
    struct notary *notary;
    struct keeper *keeper;
    struct oidc *oidc;
    struct feed *feed;
    struct http *http;
    struct http *device_http;
    char *update_keys;
    struct proxies proxies;
    struct pair tls, device_tls;
    struct brokers brokers;
    struct api api;
    int64_t heartbeat_ms;
};

static enum status say(char *problem, enum status status, const char *what)
{
    if (status != STATUS_OK)
        snprintf(problem, 256, "%s: %s", what, status_text(status));
    return status;
}

/* Before anything is granted. */
static enum status watch_installation(struct server *server, char *problem)
{
    bool raised = false;
    enum status status = installation_watch(server->store, &raised);

    if (status == STATUS_OK && raised)
        log_warning("mynad",
                    "this database is not the one it was: it counts as restored, and a new "
                    "epoch begins");
    return say(problem, status, "the database's identity cannot be read");
}

/* Who was cut off from the database while another data key came into force goes on with none of it:
 * nothing that it wrapped would be read again. */
static enum status check_data_key(struct store_conn *conn, void *context)
{
    struct server *server = context;
    enum status status = envelope_check(conn, server->authority);

    if (status == STATUS_STALE)
        atomic_store(&server->is_outdated, true);
    return status;
}

static enum status open_database(struct server *server, char *problem)
{
    char detail[256];
    enum status status =
        store_open(&server->store, server->config->database, CONNECTIONS, "mynad", problem);

    if (status != STATUS_OK)
        return status;
    status = migrate_check(server->store, detail);
    if (status == STATUS_STALE)
        snprintf(problem, 256, "the database's schema is not current: run \"mynad migrate\" first");
    else if (status != STATUS_OK)
        snprintf(problem, 256, "%.250s", detail);
    if (status == STATUS_OK)
        status = watch_installation(server, problem);
    if (status == STATUS_OK)
        status = envelope_enter(server->store, server->authority, server->config->state_dir,
                                &server->config->master, problem);
    if (status == STATUS_OK)
        status = identity_ensure(server->store, server->authority, problem);
    if (status == STATUS_OK)
        store_guard(server->store, check_data_key, server);
    return status;
}

/* Before anybody is heard. */
static enum status start_keeper(struct server *server, char *problem)
{
    const struct config *config = server->config;
    char path[PATH_MAX];

    if (config->revocations_file != NULL)
        snprintf(path, sizeof path, "%s", config->revocations_file);
    else
        snprintf(path, sizeof path, "%s/revocations.jsonl", config->state_dir);
    return keeper_start(&server->keeper, server->store, path,
                        authority_stamp_key(server->authority), problem);
}

static enum status start_bus(struct server *server, char *problem)
{
    const struct config *config = server->config;
    char client_id[16];
    char ca_file[PATH_MAX];
    char cert_file[PATH_MAX];
    char key_file[PATH_MAX];
    const struct bus_options options = {
        .brokers = &server->brokers,
        .client_id = client_id,
        .ca_file = ca_file,
        .cert_file = cert_file,
        .key_file = key_file,
        .master_key = authority_stamp_key(server->authority),
    };
    const struct ingest_options ingest_options = {
        .master_key = authority_data_key(server->authority),
        .stamp_key = authority_stamp_key(server->authority),
        .stale_window_ms = config->stale_window_s * 1000,
    };
    const struct janitor_options janitor_options = {
        .retention = {.usage_months = config->usage_months, .bundle_days = config->bundle_days}};
    struct outbox_options outbox_options = {
        .master_key = authority_data_key(server->authority),
        .stamp_key = authority_stamp_key(server->authority),
        .brokers = &server->brokers,
    };

    snprintf(client_id, sizeof client_id, "Mynad_%d", (int)config->instance);
    snprintf(ca_file, sizeof ca_file, "%s/server-anchor.pem", config->state_dir);
    snprintf(cert_file, sizeof cert_file, "%s/mynad-%d.pem", config->state_dir,
             (int)config->instance);
    snprintf(key_file, sizeof key_file, "%s/mynad-%d.key", config->state_dir,
             (int)config->instance);
    enum status status = usage_hours_adopt(server->store);
    if (status == STATUS_OK)
        status = bus_start(&server->bus, &options);
    if (status == STATUS_OK)
        status = ingest_start(&server->ingest, server->store, server->bus, &ingest_options);
    if (status == STATUS_OK) {
        outbox_options.routes = ingest_routes(server->ingest);
        status = outbox_start(&server->outbox, server->store, server->bus, &outbox_options);
    }
    if (status == STATUS_OK)
        status = janitor_start(&server->janitor, server->store, &janitor_options);
    if (status == STATUS_OK)
        status = levels_start(&server->levels, server->store, server->bus);
    return say(problem, status, "the connection to the broker cannot be started");
}

/* Where links of alerts begin: without an option, the address that mynad listens on. */
static void write_dashboard(const struct config *config, char *out, size_t size)
{
    const char *url = config->dashboard_url;

    if (url == NULL)
        snprintf(out, size, "%s://%s", config->tls_cert != NULL ? "https" : "http", config->listen);
    else
        snprintf(out, size, "%.*s", (int)(strlen(url) - (url[strlen(url) - 1] == '/')), url);
}

static enum status start_notary(struct server *server, char *problem)
{
    const struct config *config = server->config;
    const struct notary_options options = {
        .path = config->audit_head_file,
        .to_syslog = config->audit_head_syslog,
        .interval_ms = config->audit_head_interval_s * 1000,
    };

    if (options.path == NULL && !options.to_syslog)
        log_warning("audit", "nothing outside the database tells the audit's newest hash: whoever "
                             "writes the database can write all of it anew unseen (hint: "
                             "audit_head_syslog, audit_head_file)");
    return notary_start(&server->notary, server->store, &options, problem);
}

static enum status start_notices(struct server *server, char *problem)
{
    const struct config *config = server->config;
    char dashboard[512];
    const struct courier_options courier = {
        .master_key = authority_data_key(server->authority),
        .dashboard = dashboard,
        .ca_file = config->notify_ca,
        .attempts = config->notify_attempts,
    };
    const struct deadman_options deadman = {
        .url = config->deadman_url,
        .interval_ms = config->deadman_interval_s * 1000,
        .ca_file = config->notify_ca,
    };
    const struct rollouts_options rollouts = {.approval_devices = config->rollout_approval,
                                              .approval_cost = config->rollout_approval_cost};

    write_dashboard(config, dashboard, sizeof dashboard);
    enum status status = courier_start(&server->courier, server->store, &courier);
    if (status == STATUS_OK && config->deadman_url != NULL)
        status =
            deadman_start(&server->deadman, server->store, server->bus, server->ingest, &deadman);
    if (status == STATUS_OK)
        status = thresholds_start(&server->thresholds, server->store);
    if (status == STATUS_OK)
        status = rollouts_start(&server->rollouts, server->store, &rollouts);
    if (status == STATUS_OK)
        status = drainer_start(&server->drainer, server->store);
    if (status == STATUS_OK)
        status =
            rotator_start(&server->rotator, server->store, authority_data_key(server->authority));
    return say(problem, status, "alerts cannot be raised and delivered");
}

static enum status read_pem(const char *path, char **out, char *problem)
{
    uint8_t *data;
    size_t size;
    enum status status = file_read(path, (size_t)256 << 10, &data, &size);

    if (status != STATUS_OK) {
        snprintf(problem, 256, "cannot read \"%.180s\": %s", path, status_text(status));
        return status;
    }
    *out = (char *)data;
    return STATUS_OK;
}

/* The same for what nobody but us may know. A group may: that of who renews certificates. */
static enum status read_secret(const char *path, char **out, char *problem)
{
    if (!file_is_open_to(path, 07))
        return read_pem(path, out, problem);
    snprintf(problem, 256,
             "\"%.120s\" can be read or written by everybody: chmod o-rwx, and make a new one if "
             "somebody has read it",
             path);
    return STATUS_DENIED;
}

static enum status make_oidc(struct server *server, char *problem)
{
    const struct config *config = server->config;
    char dashboard[512];
    char redirect[600];
    char home[600];
    char *secret = NULL;
    enum status status = STATUS_OK;

    if (config->oidc_issuer == NULL)
        return STATUS_OK;
    if (config->oidc_secret_file != NULL)
        status = read_secret(config->oidc_secret_file, &secret, problem);
    if (status != STATUS_OK)
        return status;
    if (secret != NULL)
        secret[strcspn(secret, "\r\n")] = '\0';
    write_dashboard(config, dashboard, sizeof dashboard);
    snprintf(redirect, sizeof redirect, "%s/api/v1/login/provider/callback", dashboard);
    snprintf(home, sizeof home, "%s/", dashboard);
    const struct oidc_options options = {
        .home_uri = home,
        .issuer = config->oidc_issuer,
        .client_id = config->oidc_client_id,
        .client_secret = secret,
        .redirect_uri = redirect,
        .groups_claim = config->oidc_claim,
        .acr = config->oidc_acr,
        .amr = config->oidc_amr,
        .ca_file = config->oidc_ca,
    };
    status = say(problem, oidc_create(&server->oidc, &options), "the identity provider");
    if (secret != NULL)
        crypto_wipe(secret, strlen(secret));
    free(secret);
    return status;
}

static void fill_api(struct server *server)
{
    struct api *api = &server->api;

    api->store = server->store;
    api->authority = server->authority;
    api->hub = server->hub;
    api->throttle = server->throttle;
    api->pairing_throttle = server->pairing_throttle;
    api->guesses = server->guesses;
    api->hashing = server->hashing;
    api->identities = server->identities;
    api->counts = server->counts;
    api->is_comparing = &server->is_comparing;
    api->device_url = server->config->device_url;
    api->brokers = &server->brokers;
    api->retention = (struct retention_usual){.usage_months = server->config->usage_months,
                                              .bundle_days = server->config->bundle_days};
    api->demo_media = server->config->demo_media;
    api->demo_device = server->config->demo_device;
    api->approval_devices = server->config->rollout_approval;
    api->approval_cost = server->config->rollout_approval_cost;
    api->needs_pairing_approval = server->config->pairing_approval;
    api->oidc = server->oidc;
    api->oidc_roles = server->config->oidc_roles;
    api->bus = server->bus;
    api->ingest = server->ingest;
    api->outbox = server->outbox;
}

static void free_pair(struct pair *pair)
{
    free(pair->cert);
    if (pair->key != NULL)
        crypto_wipe(pair->key, strlen(pair->key));
    free(pair->key);
    *pair = (struct pair){0};
}

static enum status read_pair(const char *cert_path, const char *key_path, struct pair *out,
                             char *problem)
{
    struct pair pair = {0};
    enum status status = read_pem(cert_path, &pair.cert, problem);

    if (status == STATUS_OK)
        status = read_secret(key_path, &pair.key, problem);
    if (status == STATUS_OK)
        *out = pair;
    else
        free_pair(&pair);
    return status;
}

static struct guests_limits connection_limits(const struct config *config)
{
    return (struct guests_limits){.total = (unsigned)config->connections,
                                  .per_address = (unsigned)config->connections_per_address};
}

static enum status start_listener(struct server *server, char *problem)
{
    const struct config *config = server->config;
    struct http_options options = {
        .name = "dashboard",
        .limits = connection_limits(config),
        .request_timeout_ms = config->request_timeout_s * 1000,
        .address = config->listen,
        .hooks = api_hooks(),
        .context = &server->api,
        .hub = server->hub,
        .workers = WORKERS,
        .proxies = &server->proxies,
    };
    enum status status = proxies_parse(&server->proxies, config->trusted_proxies, problem);

    if (status == STATUS_OK && config->update_keys != NULL)
        status = read_pem(config->update_keys, &server->update_keys, problem);
    server->api.update_keys = span_text(server->update_keys);
    if (status == STATUS_OK && config->tls_cert != NULL) {
        status = read_pair(config->tls_cert, config->tls_key, &server->tls, problem);
        options.cert_pem = server->tls.cert;
        options.key_pem = server->tls.key;
    }
    options.tables = api_routes(&options.table_count);
    if (status == STATUS_OK)
        status = http_start(&server->http, &options, problem);
    server->api.http = server->http;
    return status;
}

static enum status start_device_listener(struct server *server, char *problem)
{
    const struct config *config = server->config;
    struct http_options options = {
        .name = "robots",
        .limits = connection_limits(config),
        .request_timeout_ms = config->request_timeout_s * 1000,
        .address = config->device_listen,
        .context = &server->api,
        .workers = DEVICE_WORKERS,
    };

    server->device_tls.cert = strdup(authority_https_cert(server->authority));
    server->device_tls.key = strdup(authority_https_key(server->authority));
    if (server->device_tls.cert == NULL || server->device_tls.key == NULL)
        return say(problem, STATUS_MEMORY, "the robots' listener");
    options.cert_pem = server->device_tls.cert;
    options.key_pem = server->device_tls.key;
    options.tables = api_robot_routes(&options.table_count);
    enum status status = http_start(&server->device_http, &options, problem);
    server->api.device_http = server->device_http;
    return status;
}

/* Half of the processors look at passwords, so that the other half answers everybody else. */
static unsigned hashing_at_once(void)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors < 4 ? 1 : processors < HASHING ? (unsigned)(processors / 2) : HASHING / 2;
}

static enum status guard_logins(struct server *server)
{
    static const struct throttle_limits codes = {
        .max_keys = CODE_ACCOUNTS, .tries = CODE_FAILURES, .window_ms = CODE_WINDOW_MS};
    static const struct throttle_limits pairings = {
        .max_keys = PAIRING_ADDRESSES, .tries = PAIRING_REQUESTS, .window_ms = PAIRING_WINDOW_MS};
    const unsigned at_once = hashing_at_once();
    enum status status = guesses_create(&server->guesses);

    if (status == STATUS_OK)
        status = throttle_create(&server->throttle, &codes);
    if (status == STATUS_OK)
        status = throttle_create(&server->pairing_throttle, &pairings);
    if (status == STATUS_OK)
        status = turnstile_create(&server->hashing, at_once, HASHING - at_once);
    return status;
}

static enum status start_parts(struct server *server, char *problem)
{
    const struct config *config = server->config;
    enum status status =
        brokers_parse(&server->brokers, config->broker, config->robot_broker, problem);

    if (status == STATUS_OK)
        status = authority_open(&server->authority, config->state_dir, problem);
    if (status == STATUS_OK)
        status = open_database(server, problem);
    if (status == STATUS_OK)
        status = say(problem, hub_create(&server->hub, EVENT_STREAMS), "event streams");
    if (status == STATUS_OK)
        status = say(problem, guard_logins(server), "logins");
    if (status == STATUS_OK)
        status = say(problem, identities_create(&server->identities), "operators");
    if (status == STATUS_OK)
        status = say(problem, counts_create(&server->counts), "counts");
    if (status == STATUS_OK)
        status = start_keeper(server, problem);
    if (status == STATUS_OK)
        status = start_bus(server, problem);
    if (status == STATUS_OK)
        status = start_notices(server, problem);
    if (status == STATUS_OK)
        status = start_notary(server, problem);
    if (status == STATUS_OK)
        status = say(problem, feed_start(&server->feed, server->store, server->hub),
                     "the database's events cannot be followed");
    if (status == STATUS_OK)
        status = make_oidc(server, problem);
    fill_api(server);
    if (status == STATUS_OK)
        status = say(problem, porter_start(&server->porter, server->store, api_alone(&server->api)),
                     "bulk jobs cannot be carried on");
    if (status == STATUS_OK)
        status = start_device_listener(server, problem);
    if (status == STATUS_OK)
        status = start_listener(server, problem);
    return status;
}

enum status server_start(struct server **out, const struct config *config, char problem[256])
{
    struct server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return say(problem, STATUS_MEMORY, "mynad");
    server->config = config;
    enum status status = start_parts(server, problem);
    if (status != STATUS_OK) {
        server_stop(server);
        return status;
    }
    log_info("mynad", "listening on %s", http_url(server->http));
    log_info("mynad", "robots enrol at %s (port %u)", config->device_url,
             http_port(server->device_http));
    *out = server;
    return STATUS_OK;
}

/* *pair: what the listener has now. */
static void renew_listener(struct http *http, const char *what, const char *cert_path,
                           const char *key_path, struct pair *pair)
{
    struct pair fresh = {0};
    char problem[256];
    enum status status = read_pair(cert_path, key_path, &fresh, problem);

    if (status == STATUS_OK && strcmp(pair->cert, fresh.cert) == 0 &&
        strcmp(pair->key, fresh.key) == 0) {
        free_pair(&fresh);
        return;
    }
    if (status == STATUS_OK)
        status = http_change_certificate(http, fresh.cert, fresh.key, problem);
    if (status == STATUS_OK) {
        free_pair(pair);
        *pair = fresh;
        log_info("mynad", "the %s listener has another certificate: \"%s\"", what, cert_path);
        return;
    }
    free_pair(&fresh);
    log_error("mynad",
              "the %s listener keeps the certificate it has: \"%s\" and its key are not taken: %s",
              what, cert_path, problem);
}

void server_reload(struct server *server)
{
    const struct config *config = server->config;
    char cert[PATH_MAX];
    char key[PATH_MAX];

    if (config->tls_cert != NULL)
        renew_listener(server->http, "dashboard's", config->tls_cert, config->tls_key,
                       &server->tls);
    snprintf(cert, sizeof cert, "%s/device-https.pem", config->state_dir);
    snprintf(key, sizeof key, "%s/device-https.key", config->state_dir);
    renew_listener(server->device_http, "robots'", cert, key, &server->device_tls);
    log_info("mynad", "certificates were read again");
}

bool server_tick(struct server *server)
{
    int64_t now_ms = clock_mono_ms();

    if (atomic_load(&server->is_outdated)) {
        log_error("mynad", "another data key came into force while this server was cut off from "
                           "the database: it ends, and has the new one when it is started again");
        return false;
    }
    http_tick(server->http);
    http_tick(server->device_http);
    hub_end_old(server->hub, now_ms);
    if (now_ms - server->heartbeat_ms >= HEARTBEAT_MS) {
        server->heartbeat_ms = now_ms;
        hub_heartbeat(server->hub);
    }
    return true;
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    http_stop(server->http);
    http_stop(server->device_http);
    feed_stop(server->feed);
    notary_stop(server->notary);
    deadman_stop(server->deadman);
    porter_stop(server->porter);
    rotator_stop(server->rotator);
    drainer_stop(server->drainer);
    rollouts_stop(server->rollouts);
    thresholds_stop(server->thresholds);
    courier_stop(server->courier);
    levels_stop(server->levels);
    janitor_stop(server->janitor);
    outbox_stop(server->outbox);
    ingest_stop(server->ingest);
    bus_stop(server->bus);
    keeper_stop(server->keeper);
    throttle_free(server->throttle);
    throttle_free(server->pairing_throttle);
    guesses_free(server->guesses);
    turnstile_free(server->hashing);
    identities_free(server->identities);
    counts_free(server->counts);
    oidc_free(server->oidc);
    hub_free(server->hub);
    store_close(server->store);
    authority_close(server->authority);
    free(server->update_keys);
    free_pair(&server->tls);
    free_pair(&server->device_tls);
    brokers_release(&server->brokers);
    free(server);
}
