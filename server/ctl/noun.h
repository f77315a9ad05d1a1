/* noun.h - the tables of verbs, one per file; each ends with a row whose verb is NULL */
#ifndef SERVER_CTL_NOUN_H
#define SERVER_CTL_NOUN_H

#include "server/ctl/ctl.h"

extern const struct ctl_verb noun_apply_verbs[];
extern const struct ctl_verb noun_completion_verbs[];
extern const struct ctl_verb noun_context_verbs[];
extern const struct ctl_verb noun_session_verbs[];
extern const struct ctl_verb noun_device_verbs[];
extern const struct ctl_verb noun_health_verbs[];
extern const struct ctl_verb noun_view_verbs[];
extern const struct ctl_verb noun_group_verbs[];
extern const struct ctl_verb noun_claim_verbs[];
extern const struct ctl_verb noun_vendor_verbs[];
extern const struct ctl_verb noun_drain_verbs[];
extern const struct ctl_verb noun_vendor_key_verbs[];
extern const struct ctl_verb noun_contract_verbs[];
extern const struct ctl_verb noun_credit_verbs[];
extern const struct ctl_verb noun_rate_verbs[];
extern const struct ctl_verb noun_region_verbs[];
extern const struct ctl_verb noun_config_verbs[];
extern const struct ctl_verb noun_threshold_verbs[];
extern const struct ctl_verb noun_usage_verbs[];
extern const struct ctl_verb noun_alert_verbs[];
extern const struct ctl_verb noun_audit_verbs[];
extern const struct ctl_verb noun_channel_verbs[];
extern const struct ctl_verb noun_access_verbs[];
extern const struct ctl_verb noun_role_verbs[];
extern const struct ctl_verb noun_second_factor_verbs[];
extern const struct ctl_verb noun_invoice_verbs[];
extern const struct ctl_verb noun_statement_verbs[];
extern const struct ctl_verb noun_whatif_verbs[];
extern const struct ctl_verb noun_why_verbs[];
extern const struct ctl_verb noun_doctor_verbs[];
extern const struct ctl_verb noun_budget_verbs[];
extern const struct ctl_verb noun_rollout_verbs[];
extern const struct ctl_verb noun_manifest_verbs[];

/* All of them, in the order of help. */
const struct ctl_verb *const *noun_tables(size_t *count);

/* One budget with its thresholds, as "budget get" shows it. Returns an exit status. */
int noun_budget_show(struct ctl *ctl, const char *id);

#endif
