#include "server/ctl/noun.h"

#include <string.h>

static const struct ctl_verb *const tables[] = {
    noun_session_verbs,    noun_context_verbs,       noun_apply_verbs,         noun_device_verbs,
    noun_privacy_verbs,    noun_transfer_verbs,      noun_retention_verbs,     noun_health_verbs,
    noun_each_verbs,       noun_view_verbs,          noun_group_verbs,         noun_claim_verbs,
    noun_pairing_verbs,    noun_vendor_verbs,        noun_vendor_health_verbs, noun_drain_verbs,
    noun_vendor_key_verbs, noun_region_verbs,        noun_contract_verbs,      noun_config_verbs,
    noun_usage_verbs,      noun_attempt_verbs,       noun_alert_verbs,         noun_channel_verbs,
    noun_audit_verbs,      noun_threshold_verbs,     noun_access_verbs,        noun_role_verbs,
    noun_key_verbs,        noun_second_factor_verbs, noun_invoice_verbs,       noun_rate_verbs,
    noun_statement_verbs,  noun_whatif_verbs,        noun_budget_verbs,        noun_credit_verbs,
    noun_rollout_verbs,    noun_why_verbs,           noun_doctor_verbs,        noun_manifest_verbs,
    noun_completion_verbs, noun_blackout_verbs,      noun_job_verbs,
};

const struct ctl_verb *const *noun_tables(size_t *count)
{
    *count = sizeof tables / sizeof *tables;
    return tables;
}

static const struct noun nouns[] = {
    {"Servers", "login", NULL},
    {NULL, "logout", NULL},
    {NULL, "me", "you: the password, keys of your programs"},
    {NULL, "context",
     "servers that are known by name\n"
     "Addresses and keys are kept in a file that nobody else may read."},
    {"Fleets as files", "apply", NULL},
    {NULL, "get", NULL},
    {NULL, "edit", NULL},
    {"Robots", "fleet", NULL},
    {NULL, "device", "robots: what they are, do and use; what they are told"},
    {NULL, "job",
     "what the server does to many robots at once\n"
     "`mynactl device each` and the dashboard begin them; any server goes on with them."},
    {NULL, "view", "lists of robots that have a name"},
    {NULL, "group", "groups of robots, and who is in them"},
    {NULL, "claim", "codes that let new robots in"},
    {NULL, "pairing",
     "robots without a code, let in by six digits that they speak\n"
     "Whoever sits between a robot and the server and swaps their keys makes the digits differ."},
    {NULL, "why", NULL},
    {NULL, "doctor", NULL},
    {NULL, "codes", NULL},
    {"Settings and software", "config",
     "settings of the fleet, of groups and of single robots\n"
     "A layer is `fleet`, `group:`NAME or `device:`NAME; the last one wins."},
    {NULL, "rollout", "changes that reach robots in waves"},
    {NULL, "blackout", "times in which no rollout opens anybody"},
    {NULL, "manifest", "software for robots, signed"},
    {"Vendors and contracts", "vendor", "who serves models; their keys, drains and drills"},
    {NULL, "region", "where robots may use whose models"},
    {NULL, "contract", "contracts with vendors: documents, prices, how far they are used up"},
    {"Limits", "budget", "our own caps, and what is done at their thresholds"},
    {NULL, "threshold", "how far contracts and budgets are, and what was done about it"},
    {NULL, "pool", "running accounts of all caps"},
    {NULL, "credit", "sums about prepaid grants and shares, without a server"},
    {"Usage and money", "usage", "what was used, and what it cost"},
    {NULL, "attempt", "single requests to vendors"},
    {NULL, "statement", "what a contract asks for; months that are locked"},
    {NULL, "invoice", "vendors' invoices beside our own records"},
    {NULL, "import", "vendors' usage files"},
    {NULL, "whatif", NULL},
    {"Watching", "alert", "what needs a look"},
    {NULL, "channel", "where alerts go"},
    {NULL, "delivery", "what channels were sent or are owed"},
    {NULL, "audit", "who changed what, and when"},
    {NULL, "retention", "for how long what is kept"},
    {"Access", "user", "operators and their roles"},
    {NULL, "role", "what operators and keys may do"},
    {NULL, "second-factor", "a code of an authenticator app besides the password"},
    {NULL, "apikey", "keys of programs"},
    {NULL, "key", "the installation's own keys, and their replacement"},
    {"The shell", "completion", NULL},
    {NULL, "complete", NULL},
};

const struct noun *noun_all(size_t *count)
{
    *count = sizeof nouns / sizeof *nouns;
    return nouns;
}

const struct noun *noun_find(const char *word)
{
    for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++)
        if (strcmp(nouns[i].word, word) == 0)
            return &nouns[i];
    return NULL;
}
