#include "server/config.h"

#include <stddef.h>
#include <string.h>

#include "schema/base/log.h"
#include "server/authority.h"
#include "server/fleet/rollout_plan.h"
#include "server/http/listen.h"
#include "server/sso/oidc.h"

#define CONFIG_FILE MYNA_SYSCONFDIR "/myna/mynad.conf"

#define FIELD(name) .offset = offsetof(struct config, name)

static const struct option_spec specs[] = {
    {"state_dir", OPTION_TEXT, "/var/lib/mynad", FIELD(state_dir),
     .help = "folder of the keys and certificates"},
    {"database", OPTION_TEXT, "dbname=myna", FIELD(database),
     .help = "PostgreSQL, as a libpq connection string"},
    {"listen", OPTION_TEXT, "127.0.0.1:8080", FIELD(listen),
     .help = "address of API and dashboard; other than loopback only with TLS"},
    {"tls_cert", OPTION_TEXT, NULL, FIELD(tls_cert),
     .help = "PEM certificate chain of that address"},
    {"tls_key", OPTION_TEXT, NULL, FIELD(tls_key), .help = "PEM private key of that certificate"},
    {"device_listen", OPTION_TEXT, "0.0.0.0:8443", FIELD(device_listen),
     .help = "address at which robots enrol; always TLS"},
    {"device_url", OPTION_TEXT, "https://localhost:8443", FIELD(device_url),
     .help = "the same as robots reach it"},
    {"connections", OPTION_INT, "8192", .min = 1, .max = 100000, FIELD(connections),
     .help = "connections that each of those listeners takes at once"},
    {"connections_per_address", OPTION_INT, "3000", .min = 1, .max = 100000,
     FIELD(connections_per_address), .help = "of those, from one address (IPv6: from one /64)"},
    {"request_timeout_s", OPTION_INT, "30", .min = 1, .max = 3600, FIELD(request_timeout_s),
     .help = "seconds for the headers of a request, and for its body and its answer beyond one "
             "for each 16 KiB"},
    {"device_names", OPTION_TEXT, "DNS:localhost,IP:127.0.0.1", FIELD(device_names),
     .help = "names in that listener's certificate (init)"},
    {"broker_names", OPTION_TEXT, "DNS:localhost,IP:127.0.0.1", FIELD(broker_names),
     .help = "names in the broker's certificate (init)"},
    {"broker", OPTION_TEXT, "127.0.0.1:8884", FIELD(broker),
     .help = "the broker's listener for servers, host:port; of several brokers, with commas"},
    {"robot_broker", OPTION_TEXT, "localhost:8883", FIELD(robot_broker),
     .help = "the broker's listener for robots, host:port; of several brokers, in the same order"},
    {"instance", OPTION_INT, "1", .min = 1, .max = AUTHORITY_INSTANCES, FIELD(instance),
     .help = "which of several mynads on one database this is"},
    {"dashboard_url", OPTION_TEXT, NULL, FIELD(dashboard_url),
     .help = "the dashboard as operators reach it: links in alerts begin with it"},
    {"notify_ca", OPTION_TEXT, NULL, FIELD(notify_ca),
     .help = "PEM certificates that alerts' receivers may have besides the system's"},
    {"notify_attempts", OPTION_INT, "12", .min = 1, .max = 100, FIELD(notify_attempts),
     .help = "attempts to deliver an alert until it is given up"},
    {"revocations_file", OPTION_TEXT, NULL, FIELD(revocations_file),
     .help = "list of revoked robots for when the database is restored; else in state_dir"},
    {"audit_head_file", OPTION_TEXT, NULL, FIELD(audit_head_file),
     .help = "file that the audit's newest hash is appended to, on another disk or machine"},
    {"audit_head_syslog", OPTION_FLAG, NULL, FIELD(audit_head_syslog),
     .help = "tell that hash to syslog, or the journal, as well"},
    {"audit_head_interval_s", OPTION_INT, "300", .min = 1, .max = 86400,
     FIELD(audit_head_interval_s), .help = "seconds between two such hashes"},
    {"oidc_issuer", OPTION_TEXT, NULL, FIELD(oidc_issuer),
     .help = "identity provider that operators may log in at (OpenID Connect)"},
    {"oidc_client_id", OPTION_TEXT, "myna", FIELD(oidc_client_id),
     .help = "what the provider knows this server as"},
    {"oidc_secret_file", OPTION_TEXT, NULL, FIELD(oidc_secret_file),
     .help = "file of the secret that the provider gave; without one, PKCE alone"},
    {"oidc_claim", OPTION_TEXT, "groups", FIELD(oidc_claim),
     .help = "claim of the ID token that lists an operator's groups"},
    {"oidc_roles", OPTION_TEXT, NULL, FIELD(oidc_roles),
     .help = "role of each group, GROUP=ROLE with commas; who is in none gets in nowhere"},
    {"oidc_ca", OPTION_TEXT, NULL, FIELD(oidc_ca),
     .help = "PEM certificates of the provider, instead of the system's"},
    {"deadman_url", OPTION_TEXT, NULL, FIELD(deadman_url),
     .help = "address asked as long as this server is well, for a watcher outside"},
    {"deadman_interval_s", OPTION_INT, "60", .min = 1, .max = 86400, FIELD(deadman_interval_s),
     .help = "seconds between two such requests"},
    {"demo_media", OPTION_TEXT, NULL, FIELD(demo_media),
     .help = "folder of a robot's videos on this machine, for the dashboard"},
    {"demo_device", OPTION_TEXT, "myna-1", FIELD(demo_device),
     .help = "the robot whose videos those are"},
    {"log_level", OPTION_CHOICE, "info", .choices = "debug|info|warning|error", FIELD(log_level),
     .help = "what is logged"},
    {"stale_window_s", OPTION_INT, "60", .min = 0, .max = 3600, FIELD(stale_window_s),
     .help = "seconds in which an old message is late, not suspicious"},
    {"usage_months", OPTION_INT, "0", .min = 0, .max = 1200, FIELD(usage_months),
     .help = "months for which usage records are kept once billed; 0: for ever"},
    {"bundle_days", OPTION_INT, "30", .min = 1, .max = 365, FIELD(bundle_days),
     .help = "days for which robots' reports about themselves are kept"},
    {"update_keys", OPTION_TEXT, NULL, FIELD(update_keys),
     .help = "PEM public keys: software signed by none of them is refused for rollouts"},
    {"rollout_approval", OPTION_INT, "100", .min = -1, .max = 1000000, FIELD(rollout_approval),
     .help = "robots above which another operator must approve a rollout; -1: never"},
    {"rollout_approval_cost", OPTION_TEXT, NULL, FIELD(rollout_approval_cost),
     .help = "money above which, as pre-flight tells it, another operator must approve a rollout"},
};

static const struct option_table table = {"mynad", "MYNAD", specs, sizeof specs / sizeof *specs};

static bool is_web(const char *url)
{
    return url == NULL || strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* What the provider says is believed, so it must be the provider who says it. */
static bool check_provider(const struct config *config, char *problem)
{
    const char *issuer = config->oidc_issuer;

    if (strncmp(issuer, "https://", 8) != 0 && strncmp(issuer, "http://127.0.0.1:", 17) != 0)
        snprintf(problem, 256, "oidc_issuer must start with https://");
    else if (config->dashboard_url == NULL)
        snprintf(problem, 256,
                 "oidc_issuer needs dashboard_url: the provider sends operators back there");
    else if (config->oidc_roles == NULL || !oidc_is_map(config->oidc_roles))
        snprintf(problem, 256, "oidc_issuer needs oidc_roles, like staff=operator,admins=admin");
    else
        return true;
    return false;
}

static enum status check(const struct config *config, char *problem)
{
    bool has_cert = config->tls_cert != NULL;

    if (has_cert != (config->tls_key != NULL)) {
        snprintf(problem, 256, "tls_cert and tls_key belong together: set both or neither");
        return STATUS_INVALID;
    }
    if (!has_cert && !listen_is_loopback(config->listen)) {
        snprintf(problem, 256,
                 "listen = \"%.60s\" needs tls_cert and tls_key: without TLS only a loopback "
                 "address is allowed",
                 config->listen);
        return STATUS_INVALID;
    }
    if (config->oidc_issuer != NULL && !check_provider(config, problem))
        return STATUS_INVALID;
    if (!is_web(config->dashboard_url) || !is_web(config->deadman_url)) {
        snprintf(problem, 256, "dashboard_url and deadman_url must start with https:// or http://");
        return STATUS_INVALID;
    }
    if (config->rollout_approval_cost && config->rollout_approval_cost[0] &&
        !rollout_plan_is_amount(config->rollout_approval_cost)) {
        snprintf(problem, 256, "rollout_approval_cost must be an amount of money like 1200.50");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status config_parse(struct config *config, int argc, char **argv, int *rest, char problem[256])
{
    enum status status = master_take_environment(&config->master, problem);

    if (status == STATUS_OK)
        status = option_parse(&table, CONFIG_FILE, argc, argv, config, rest, problem);

    if (status == STATUS_OK)
        status = check(config, problem);
    if (status == STATUS_OK)
        log_set_level_named(config->log_level);
    return status;
}

void config_print_help(FILE *out)
{
    option_print_help(&table, out);
}
