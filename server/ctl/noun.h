/* noun.h - the tables of verbs, one per file; each ends with a row whose verb is NULL */
#ifndef SERVER_CTL_NOUN_H
#define SERVER_CTL_NOUN_H

#include "server/ctl/ctl.h"

extern const struct ctl_verb noun_apply_verbs[];
extern const struct ctl_verb noun_completion_verbs[];
extern const struct ctl_verb noun_context_verbs[];
extern const struct ctl_verb noun_session_verbs[];
extern const struct ctl_verb noun_device_verbs[];
extern const struct ctl_verb noun_attempt_verbs[];
extern const struct ctl_verb noun_blackout_verbs[];
extern const struct ctl_verb noun_transfer_verbs[];
extern const struct ctl_verb noun_privacy_verbs[];
extern const struct ctl_verb noun_transfer_verbs[];
extern const struct ctl_verb noun_retention_verbs[];
extern const struct ctl_verb noun_health_verbs[];
extern const struct ctl_verb noun_view_verbs[];
extern const struct ctl_verb noun_each_verbs[];
extern const struct ctl_verb noun_job_verbs[];
extern const struct ctl_verb noun_group_verbs[];
extern const struct ctl_verb noun_claim_verbs[];
extern const struct ctl_verb noun_pairing_verbs[];
extern const struct ctl_verb noun_vendor_verbs[];
extern const struct ctl_verb noun_drain_verbs[];
extern const struct ctl_verb noun_vendor_key_verbs[];
extern const struct ctl_verb noun_vendor_health_verbs[];
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
extern const struct ctl_verb noun_key_verbs[];
extern const struct ctl_verb noun_statement_verbs[];
extern const struct ctl_verb noun_whatif_verbs[];
extern const struct ctl_verb noun_why_verbs[];
extern const struct ctl_verb noun_doctor_verbs[];
extern const struct ctl_verb noun_budget_verbs[];
extern const struct ctl_verb noun_rollout_verbs[];
extern const struct ctl_verb noun_manifest_verbs[];

/* All of them, in the order of help. */
const struct ctl_verb *const *noun_tables(size_t *count);

/* What may stand first on a command line. Plain data. */
struct noun {
    const char *subject; /* the words that it begins a list of, for help; NULL: it goes on */
    const char *word;
    const char *about; /* a line about the noun, and text (prose.h) after it; NULL: a verb alone */
};

/* All, by subject, in the order of help. */
const struct noun *noun_all(size_t *count);

/* NULL: there is none. */
const struct noun *noun_find(const char *word);

/* What a list of robots is narrowed by, as in the address of the dashboard's page; and the options
 * of verbs that take such a list. */
#define NOUN_EACH_NARROWS 4
extern const char *const noun_each_narrows[NOUN_EACH_NARROWS];
#define NOUN_EACH_NARROWING                                                                        \
    "state=STATE(online, offline, silent, behind or revoked) "                                     \
    "group=GROUP(its robots alone) "                                                               \
    "q=TEXT(a part of id, name or serial number) "                                                 \
    "filter=FILTER(who meets it, such as \"region = cn\"; FILTER.md has the language) "

/* What tables of attempts tell of one, after when and whose it was. */
#define NOUN_ATTEMPT_COLUMNS                                                                       \
    {"vendor", "vendor", VIEW_TEXT}, {"model", "model", VIEW_TEXT}, {"for", "purpose", VIEW_TEXT}, \
        {"outcome", "outcome", VIEW_TEXT}, {"counted by", "provenance", VIEW_TEXT},                \
        {"input", "input_uncached", VIEW_NUMBER}, {"cached", "input_cached", VIEW_COUNT},          \
        {"output", "output", VIEW_NUMBER}, {"first token ms", "first_token_ms", VIEW_NUMBER},      \
        {"first audio ms", "first_audio_ms", VIEW_NUMBER}, {"price", "price", VIEW_NUMBER},        \
    {                                                                                              \
        "", "currency", VIEW_TEXT                                                                  \
    }

/* The saved list of this name, *view NULL when there is none. The caller frees *views, which it
 * borrows from. Returns an exit status. */
int noun_view_find(struct ctl *ctl, const char *name, struct json **views,
                   const struct json **view);

/* Waits for the end of the job that an answer tells, shows how far it is, and says what came of it;
 * with --no-wait that it runs. Returns an exit status: CTL_FAILED when a robot failed. */
int noun_job_follow(struct ctl *ctl, const struct client_answer *begun);

/* One budget with its thresholds, as "budget get" shows it. Returns an exit status. */
int noun_budget_show(struct ctl *ctl, const char *id);

#endif
