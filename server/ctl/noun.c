#include "server/ctl/noun.h"

static const struct ctl_verb *const tables[] = {
    noun_session_verbs,    noun_context_verbs,       noun_apply_verbs,      noun_device_verbs,
    noun_health_verbs,     noun_view_verbs,          noun_group_verbs,      noun_claim_verbs,
    noun_vendor_verbs,     noun_drain_verbs,         noun_vendor_key_verbs, noun_region_verbs,
    noun_contract_verbs,   noun_config_verbs,        noun_usage_verbs,      noun_alert_verbs,
    noun_channel_verbs,    noun_audit_verbs,         noun_threshold_verbs,  noun_access_verbs,
    noun_role_verbs,       noun_second_factor_verbs, noun_invoice_verbs,    noun_rate_verbs,
    noun_statement_verbs,  noun_whatif_verbs,        noun_budget_verbs,     noun_credit_verbs,
    noun_rollout_verbs,    noun_why_verbs,           noun_doctor_verbs,     noun_manifest_verbs,
    noun_completion_verbs,
};

const struct ctl_verb *const *noun_tables(size_t *count)
{
    *count = sizeof tables / sizeof *tables;
    return tables;
}
