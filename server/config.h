/* config.h - mynad's options: one table for file, environment, command line, --help and manual */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdio.h>

#include "schema/base/option.h"
#include "server/master.h"

/* Plain data; texts live as long as the process. */
struct config {
    const char *state_dir;
    const char *database;
    const char *listen;
    const char *tls_cert;
    const char *tls_key;
    const char *trusted_proxies; /* NULL: none */
    const char *device_listen;
    int64_t connections;
    int64_t connections_per_address;
    int64_t request_timeout_s;
    const char *device_url;
    const char *device_names;
    const char *broker_names;
    const char *broker;
    const char *robot_broker;
    int64_t instance;
    const char *demo_media;
    const char *demo_device;
    const char *dashboard_url;
    const char *notify_ca;
    int64_t notify_attempts;
    const char *revocations_file; /* NULL: in state_dir */
    const char *audit_head_file;
    bool audit_head_syslog;
    int64_t audit_head_interval_s;
    const char *oidc_issuer; /* NULL: no identity provider */
    const char *oidc_client_id;
    const char *oidc_secret_file;
    const char *oidc_claim;
    const char *oidc_roles;
    const char *oidc_acr;
    const char *oidc_amr;
    const char *oidc_ca;
    const char *deadman_url;
    int64_t deadman_interval_s;
    const char *log_level;
    int64_t stale_window_s;
    int64_t usage_months;
    int64_t bundle_days;
    int64_t rollout_approval;
    const char *rollout_approval_cost;
    bool pairing_approval;
    const char *update_keys;   /* NULL: none */
    struct master_keys master; /* taken out of the environment: no option, so that none shows it */
};

/* Before any thread starts. STATUS_INVALID: problem is one line with option, cause and cure. *rest:
 * the first argument that is no option. */
MUST_CHECK enum status config_parse(struct config *config, int argc, char **argv, int *rest,
                                    char problem[256]);

void config_print_help(FILE *out);

/* The table itself, for the manual page. */
const struct option_table *config_options(void);

#endif
