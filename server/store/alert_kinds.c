#include "server/store/alert_kinds.h"

#include "server/store/columns.h"

static const struct alert_kinds_row rows[] = {
    {"audit_altered", "Audit altered", "/audit",
     "Somebody who can write the database has changed what stood in the audit. Compare it with the "
     "published heads (mynactl audit verify --head FILE) and a backup, and change who may write."},
    {"audit_unpublished", "Audit not published", "/audit",
     "Whoever can write the database can write the whole audit anew unseen while nothing outside "
     "it "
     "tells its newest hash. Set audit_head_syslog or audit_head_file in mynad.conf; where the "
     "file "
     "cannot be written, make room or mend its permissions, and restart mynad."},
    {"ca_left_behind", "Robots with an older CA", "/access",
     "A robot that is online renews itself within minutes of being told: one that has not cannot "
     "reach the address that it enrolled at. Open that for it. Who they are: mynactl key robots "
     "{}. "
     "Revoke those that are gone for good; when nobody is left, retire that CA (mynad retire)."},
    {"config_failed", "Configuration that could not be made", NULL,
     "Open the robot's settings: one of them is too large or names a vendor that is gone."},
    {"credit_exhausted", "Robots silent: the limit is used up", NULL,
     "Raise the cap in a new version of the contract (mynactl contract apply), give the robots a "
     "next route that another contract pays, or wait for the next period. Who is silent: mynactl "
     "device list --state silent."},
    {"credit_exhausted/budget", "Robots silent: the budget is used up", NULL,
     "Raise the budget (mynactl budget set {} --at-most), or wait for its next period: another "
     "route helps only where the budget does not bind it. Who is silent: mynactl device list "
     "--state silent."},
    {"credit_forged", "Credit that was never granted", NULL,
     "The robot reports more credit than it was given: its software was changed or its disk "
     "damaged. "
     "Revoke it and enrol it anew."},
    {"credit_refused", "Credit that a robot did not take", NULL,
     "The robot knows this credit line with other weights and keeps to those: look whether two "
     "installations, or a copied database, speak to it."},
    {"database_restored", "Database restored", "/audit",
     "Nothing, if you restored it: robots are asked again for what it forgot, and each counts as "
     "holding its most credit until it is heard. If you did not, look whether two servers with one "
     "key use different databases, and write off robots that are gone."},
    {"delivery_failed", "Alerts that do not arrive", "/alerts",
     "Look at the channel's problem, mend its address or secret, send a test, then retry what is "
     "dead."},
    {"forged_message", "Forged message", NULL,
     "Somebody speaks in the robot's name or in ours: find out who has its key or the broker's, "
     "and revoke the robot if its key is gone."},
    {"journal_forked", "Copied or restored journal", NULL,
     "The robot's disk went back in time or was copied. It goes on with a new journal by "
     "itself; if the disk was copied, enrol one of the two anew."},
    {"journal_parent_unknown", "Journal of an unknown parent", NULL,
     "The robot continues a history that this database has not seen: look whether the database "
     "was restored."},
    {"journal_quarantined", "Journal in quarantine", NULL,
     "Two robots have one identity: revoke it and enrol both anew."},
    {"key_leak", "Spending that no robot recorded", "/vendors",
     "The vendor bills requests that no robot sent: somebody else has the key. Replace it at the "
     "vendor and here."},
    {"key_left_behind", "Robot with a retired key", NULL,
     "The server's key that it speaks by was retired while it was away. It renews itself when "
     "nobody "
     "answers it, within half an hour, and `myna-agent renew` on it does so at once. Where it "
     "cannot "
     "reach the address that it enrolled at, open that for it."},
    {"last_admin", "Last admin", "/access",
     "The identity provider no longer gives admin to the only one who has it. Put somebody into a "
     "group that oidc_roles gives admin, or make another admin: mynad operator NAME --role "
     "admin."},
    {"limit_too_small", "Limit too small for one attempt", NULL,
     "No robot that it binds can answer: the whole limit is less than the shortest attempt takes. "
     "Raise the budget or cap, or give those robots a shorter persona and history."},
    {"login_guessing", "Passwords are guessed at", "/audit",
     "Each try stands in the audit as login.fail, with its address: keep that address out. "
     "Whoever guesses at codes has the password: give the operator another one."},
    {"malformed_message", "Malformed message", NULL,
     "The robot sends what makes no sense: compare its software's version with the others'."},
    {"message_refused", "Message that could not be stored", NULL,
     "The database refuses what this robot sends, and says why in the problem: take back what was "
     "changed in it by hand, or update mynad; `journalctl -u mynad` has the rest. The robot sends "
     "again what counts, and the alert ends when it is stored."},
    {"overrun", "Billed beyond the reservation", NULL,
     "The vendor counted more than the request allowed: check the model's limits with the "
     "vendor."},
    {"pairing_failed", "Robot whose digits were wrong three times", "/pairings",
     "Somebody may sit between the robot and this server, or guess. Ask whoever is before the "
     "robot whether it is ours and what it says; close pairing (mynactl pairing close) if nobody "
     "knows it."},
    {"replayed_message", "Replayed message", NULL,
     "Somebody sends the robot's old messages again: look who can write to the broker."},
    {"revoked_message", "Message of a revoked robot", NULL,
     "A revoked robot still connects: switch it off, or look whether the broker's plugin runs."},
    {"rollout_no_verdict", "Rollout without a verdict", NULL,
     "The robots have talked too little to tell. Let it soak on (mynactl rollout resume), or look "
     "at "
     "the numbers and force it, or roll it back."},
    {"rollout_red", "Rollout stopped", NULL,
     "Robots that have it do worse than those held back, or do not take it. Roll it back (mynactl "
     "rollout roll-back); or try the failed ones again, or force it if you know why."},
    {"rollout_refused", "Rollout's next wave refused", NULL,
     "Mend what pre-flight names, then let it go on (mynactl rollout resume), or roll it back."},
    {"rollout_waits", "Rollout that waits", NULL,
     "It is paused or does not move: let it go on, or roll it back."},
    {"route_refused", "Route refused by region", NULL,
     "A vendor's region does not fit the robot's: change the robot's region or its routes."},
    {"threshold", "Threshold reached", NULL,
     "Open the contract's page: it says what was used and what the threshold does. Raise the limit "
     "in a new version of its document, lift what the threshold does, or let it hold until the "
     "period ends. At a terminal: mynactl statement bill {}, mynactl contract apply, mynactl "
     "threshold reset."},
    {"threshold/budget", "Budget threshold reached", NULL,
     "Open the budget's page and raise it, move its thresholds, or lift what they do; or let it "
     "hold until the period ends. At a terminal: mynactl budget get {}, mynactl budget set {} "
     "--at-most or --thresholds, mynactl threshold reset."},
    {"transfer_ended", "Robot that was not handed over", NULL,
     "It stays what and whose it was. Ask whoever has it why, then ask the robot again (mynactl "
     "device transfer {}); where its proof did not fit, find out who has its key."},
    {"unpriced_usage", "Usage without a price", NULL,
     "Give the contract a price for this metric and model; what was used is priced then."},
    {"unrated_usage", "Usage without a contract in force", NULL,
     "Enter the contract's version that was in force at the time, or take the contract off the "
     "routes."},
    {"usage_differs", "Vendor's file differs from the records", "/usage",
     "Compare the differing requests with the vendor before paying its invoice."},
    {"usage_lost", "Usage known by its sum alone", NULL,
     "Records were lost between the database's backup and the robot's oldest record: what they add "
     "up to is booked as one adjustment. Compare the vendor's invoice of those days with it."},
    {"usage_quarantined", "Usage record that could not be booked", NULL,
     "The record is kept whole in the quarantine; compare the robot's software with the "
     "others'."},
    {"usage_totals_refused", "Sum of lost usage that cannot be right", NULL,
     "Records were lost, and what the robot says they add up to is less than was counted, or more "
     "than they can have used: nothing was booked for them. Compare the vendor's invoice of those "
     "days with the records, and the robot's software with the others'."},
    {"vendor_drained", "Vendor drained", "/vendors",
     "Its robots ask their next routes. Give it back when it answers again (mynactl vendor return "
     "{}); a window or a drill returns by itself."},
    {"vendor_failing", "Vendor fails robots", "/vendors",
     "Look what it answers (mynactl vendor health {}) and whether its key or the way to it is at "
     "fault; lead its robots to their next route until it is well (mynactl vendor drain {}). Who "
     "leaves it out: mynactl device list --filter 'left_out = {}'."},
};

#define COUNT (sizeof rows / sizeof *rows)

const struct alert_kinds_row *alert_kinds_all(size_t *count)
{
    *count = COUNT;
    return rows;
}

void alert_kinds_columns(struct arena *arena, struct value out[ALERT_KINDS_COLUMNS])
{
    const struct columns columns = {arena, rows, COUNT, sizeof *rows};

    out[0] = columns_text(&columns, offsetof(struct alert_kinds_row, kind));
    out[1] = columns_text(&columns, offsetof(struct alert_kinds_row, title));
    out[2] = columns_text(&columns, offsetof(struct alert_kinds_row, link));
    out[3] = columns_text(&columns, offsetof(struct alert_kinds_row, cure));
}
