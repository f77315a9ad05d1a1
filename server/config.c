#include "server/config.h"

#include <stddef.h>
#include <string.h>

#include "schema/base/log.h"
#include "server/authority.h"
#include "server/fleet/rollout_plan.h"
#include "server/http/listen.h"
#include "server/http/proxies.h"
#include "server/sso/oidc.h"

#define CONFIG_FILE MYNA_SYSCONFDIR "/myna/mynad.conf"

#define FIELD(name) .offset = offsetof(struct config, name)

static const struct option_spec specs[] = {
    {"state_dir", OPTION_TEXT, "/var/lib/mynad", FIELD(state_dir), .value = "FOLDER",
     .help = "folder of the keys and certificates"},
    {"database", OPTION_TEXT, "dbname=myna", FIELD(database), .value = "CONNINFO",
     .help = "PostgreSQL, as a libpq connection string",
     .more = "That is the database \"myna\" on the local socket, as the role named like the user "
             "that runs this. A URI does as well."},
    {"listen", OPTION_TEXT, "127.0.0.1:8080", FIELD(listen), .value = "ADDRESS:PORT",
     .help = "address of API and dashboard; other than loopback only with TLS",
     .more = "TLS takes --tls-cert and --tls-key."},
    {"tls_cert", OPTION_TEXT, NULL, FIELD(tls_cert), .value = "FILE",
     .help = "PEM certificate chain of that address"},
    {"tls_key", OPTION_TEXT, NULL, FIELD(tls_key), .value = "FILE",
     .help = "PEM private key of that certificate"},
    {"trusted_proxies", OPTION_TEXT, NULL, FIELD(trusted_proxies), .value = "NETWORKS",
     .help = "proxies before that address, whose X-Forwarded-For and -Proto are believed",
     .more = "Addresses and networks with commas, as `127.0.0.1,10.1.0.0/16`. Of what they pass on "
             "the last address in X-Forwarded-For that is none of theirs is who asks, and "
             "X-Forwarded-Proto how. From anywhere else these headers are nobody's word."},
    {"device_listen", OPTION_TEXT, "0.0.0.0:8443", FIELD(device_listen), .value = "ADDRESS:PORT",
     .help = "address at which robots enrol; always TLS",
     .more = "Its certificate is one of this installation's own authority."},
    {"device_url", OPTION_TEXT, "https://localhost:8443", FIELD(device_url), .value = "URL",
     .help = "the same as robots reach it", .more = "It is shown with each claim code."},
    {"connections", OPTION_INT, "8192", .min = 1, .max = 100000, FIELD(connections),
     .value = "NUMBER", .help = "connections that each of those listeners takes at once",
     .more = "One more is closed."},
    {"connections_per_address", OPTION_INT, "3000", .min = 1, .max = 100000,
     FIELD(connections_per_address), .value = "NUMBER",
     .help = "of those, from one address (IPv6: from one /64)",
     .more = "A dashboard has up to six; behind a proxy all have its address: then give both "
             "options the same number."},
    {"request_timeout_s", OPTION_INT, "30", .min = 1, .max = 3600, FIELD(request_timeout_s),
     .value = "SECONDS",
     .help = "seconds for the headers of a request, and for its body and its answer beyond one for "
             "each 16 KiB",
     .more = "The handshake is within the time of the headers. Who takes longer is hung up on."},
    {"device_names", OPTION_TEXT, "DNS:localhost,IP:127.0.0.1", FIELD(device_names),
     .value = "NAMES", .help = "names in that listener's certificate (init)",
     .more = "When they have changed, `mynad init` issues it anew."},
    {"broker_names", OPTION_TEXT, "DNS:localhost,IP:127.0.0.1", FIELD(broker_names),
     .value = "NAMES", .help = "names in the broker's certificate (init)",
     .more = "When they have changed, `mynad init` issues it anew; give the broker its copy."},
    {"broker", OPTION_TEXT, "127.0.0.1:8884", FIELD(broker), .value = "HOST:PORT",
     .help = "the broker's listener for servers, host:port; of several brokers, with commas",
     .more = "Up to four brokers, which robots are spread over."},
    {"robot_broker", OPTION_TEXT, "localhost:8883", FIELD(robot_broker), .value = "HOST:PORT",
     .help = "the broker's listener for robots, host:port; of several brokers, in the same order",
     .more = "It is the address that robots reach; there may be up to four. Several addresses for "
             "robots behind one for servers "
             "are one broker, tried in this order."},
    {"instance", OPTION_INT, "1", .min = 1, .max = AUTHORITY_INSTANCES, FIELD(instance),
     .value = "NUMBER", .help = "which of several mynads on one database this is"},
    {"dashboard_url", OPTION_TEXT, NULL, FIELD(dashboard_url), .value = "URL",
     .help = "the dashboard as operators reach it: links in alerts begin with it",
     .more = "Such as `https://myna.example`. Unset, they begin with the address of --listen."},
    {"notify_ca", OPTION_TEXT, NULL, FIELD(notify_ca), .value = "FILE",
     .help = "PEM certificates that alerts' receivers may have besides the system's",
     .more = "Receivers are webhooks and mail servers."},
    {"notify_attempts", OPTION_INT, "12", .min = 1, .max = 100, FIELD(notify_attempts),
     .value = "NUMBER", .help = "attempts to deliver an alert until it is given up",
     .more = "The pauses between them grow to 15 minutes. A message that is given up raises an "
             "alert itself."},
    {"revocations_file", OPTION_TEXT, NULL, FIELD(revocations_file), .value = "FILE",
     .help = "list of revoked robots for when the database is restored; else in state_dir",
     .more = "Robots that are revoked or retired are written down there besides in the database, a "
             "signed line each, so that a database restored from an older backup refuses them "
             "still. It is read at start, and compared each second. Each of several servers has a "
             "file of its own. The default is `revocations.jsonl` in the folder of --state-dir."},
    {"audit_head_file", OPTION_TEXT, NULL, FIELD(audit_head_file), .value = "FILE",
     .help = "file that the audit's newest hash is appended to, on another disk or machine",
     .more = "A line of JSON with number and hash of the newest row, each time that they have "
             "moved. Whoever can write the database could write the whole chain anew; put the file "
             "where they cannot write: on another machine's share, or with `chattr +a`. `mynactl "
             "audit verify --head FILE` compares every line with the audit. When the newest line "
             "does not fit the audit any more, the alert \"Audit altered\" is raised."},
    {"audit_head_syslog", OPTION_FLAG, "true", FIELD(audit_head_syslog),
     .help = "tell that hash to syslog, or the journal, as well",
     .more =
         "The facility is `authpriv`. Without this and without a file nothing outside the database "
         "shows that the whole audit was written anew; the log says so at each start."},
    {"audit_head_interval_s", OPTION_INT, "300", .min = 1, .max = 86400,
     FIELD(audit_head_interval_s), .value = "SECONDS", .help = "seconds between two such hashes"},
    {"oidc_issuer", OPTION_TEXT, NULL, FIELD(oidc_issuer), .value = "URL",
     .help = "identity provider that operators may log in at (OpenID Connect)",
     .more =
         "They do so by the code flow with PKCE; others have a password here. It must be "
         "`https`, and needs --dashboard-url and --oidc-roles. The address that it sends "
         "operators back to is the dashboard's, with `/api/v1/login/provider/callback`. Who "
         "comes the first time becomes an operator under the name that the provider tells; the "
         "role is the provider's word at each login, and so is a second factor (--oidc-acr, "
         "--oidc-amr). Tokens are signed with RS256 or ES256; the provider may change its keys."},
    {"oidc_client_id", OPTION_TEXT, "myna", FIELD(oidc_client_id), .value = "NAME",
     .help = "what the provider knows this server as"},
    {"oidc_secret_file", OPTION_TEXT, NULL, FIELD(oidc_secret_file), .value = "FILE",
     .help = "file of the secret that the provider gave; without one, PKCE alone",
     .more = "PKCE then proves who asks."},
    {"oidc_claim", OPTION_TEXT, "groups", FIELD(oidc_claim), .value = "NAME",
     .help = "claim of the ID token that lists an operator's groups"},
    {"oidc_roles", OPTION_TEXT, NULL, FIELD(oidc_roles), .value = "MAP",
     .help = "role of each group, GROUP=ROLE with commas; who is in none gets in nowhere",
     .more = "As `myna-admins=admin,staff=operator`; the first that fits. Who is in none of them "
             "any more loses open sessions."},
    {"oidc_acr", OPTION_TEXT, NULL, FIELD(oidc_acr), .value = "CLASSES",
     .help = "`acr` of an ID token that shows a second factor, several with commas; asked for",
     .more = "As `https://refeds.org/profile/mfa`. Unless this or --oidc-amr is set, a provider's "
             "login passes for one with a second factor. With it, a role that asks for a second "
             "factor (`mynactl role set ROLE --second-factor yes`) lets nobody in whose token "
             "shows none by either."},
    {"oidc_amr", OPTION_TEXT, NULL, FIELD(oidc_amr), .value = "METHODS",
     .help = "`amr` of an ID token that shows a second factor, several with commas",
     .more = "As `mfa,otp,hwk` (RFC 8176), where one of them is enough; see --oidc-acr."},
    {"oidc_ca", OPTION_TEXT, NULL, FIELD(oidc_ca), .value = "FILE",
     .help = "PEM certificates of the provider, instead of the system's"},
    {"deadman_url", OPTION_TEXT, NULL, FIELD(deadman_url), .value = "URL",
     .help = "address asked as long as this server is well, for a watcher outside",
     .more = "It is asked by GET while the database answers, the broker is connected, and what "
             "robots send is being taken in. A watcher that expects the request notices when the "
             "server is not well, which no alert of its own could tell. Unset, nothing is asked."},
    {"deadman_interval_s", OPTION_INT, "60", .min = 1, .max = 86400, FIELD(deadman_interval_s),
     .value = "SECONDS", .help = "seconds between two such requests"},
    {"demo_media", OPTION_TEXT, NULL, FIELD(demo_media), .value = "FOLDER",
     .help = "folder of a robot's videos on this machine, for the dashboard",
     .more = "It is where a robot on this machine leaves the videos of its answers. For "
             "demonstrations: unset, no video is served."},
    {"demo_device", OPTION_TEXT, "myna-1", FIELD(demo_device), .value = "DEVICE",
     .help = "the robot whose videos those are"},
    {"log_level", OPTION_CHOICE, "info", .choices = "debug|info|warning|error", FIELD(log_level),
     .help = "least severe line that is logged"},
    {"stale_window_s", OPTION_INT, "60", .min = 0, .max = 3600, FIELD(stale_window_s),
     .value = "SECONDS", .help = "seconds in which an old message is late, not suspicious",
     .more = "An authentic message that is older than that raises an alert."},
    {"usage_months", OPTION_INT, "0", .min = 0, .max = 1200, FIELD(usage_months), .value = "MONTHS",
     .help = "months for which usage records are kept once billed; 0: for ever",
     .more = "A month goes when its hourly sums exist and every contract's statement of it is "
             "locked; sums, counts and statements stay."},
    {"bundle_days", OPTION_INT, "30", .min = 1, .max = 365, FIELD(bundle_days), .value = "DAYS",
     .help = "days for which robots' reports about themselves are kept",
     .more = "Robots make them once their owner agreed."},
    {"update_keys", OPTION_TEXT, NULL, FIELD(update_keys), .value = "FILE",
     .help = "PEM public keys: software signed by none of them is refused for rollouts",
     .more = "One key or several, of those who sign software for robots. Without the option robots "
             "alone look."},
    {"rollout_approval", OPTION_INT, "100", .min = -1, .max = 1000000, FIELD(rollout_approval),
     .value = "ROBOTS",
     .help = "robots above which another operator must approve a rollout; -1: never",
     .more = "The one who wrote it cannot."},
    {"rollout_approval_cost", OPTION_TEXT, NULL, FIELD(rollout_approval_cost), .value = "AMOUNT",
     .help = "money above which, as pre-flight tells it, another operator must approve a rollout",
     .more = "Pre-flight tells what it costs more until its contracts' terms end, in the currency "
             "of each. Unset, no cost asks for it."},
    {"pairing_approval", OPTION_FLAG, NULL, FIELD(pairing_approval),
     .help = "another operator must agree before a robot whose digits were right is let in",
     .more = "The one who typed them cannot. Unset, the digits alone let it in."},
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

static bool check_proxies(const struct config *config, char *problem)
{
    char reason[PROXIES_PROBLEM];
    struct proxies proxies;
    enum status status = proxies_parse(&proxies, config->trusted_proxies, reason);

    if (status != STATUS_OK)
        snprintf(problem, 256, "trusted_proxies: %s", reason);
    return status == STATUS_OK;
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
    if (!check_proxies(config, problem) ||
        (config->oidc_issuer != NULL && !check_provider(config, problem)))
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

const struct option_table *config_options(void)
{
    return &table;
}
