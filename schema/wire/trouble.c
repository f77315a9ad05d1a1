#include "schema/wire/trouble.h"

#include <stdio.h>

static const struct trouble_text rows[] = {
    {TROUBLE_NOT_ENROLLED, "not_enrolled", "it has never enrolled: its claim code is unused",
     "start it where it reaches the enrolment address and give it its claim code"},
    {TROUBLE_REVOKED, "revoked", "it is revoked: broker and server refuse it for good",
     "if that was a mistake, make a new claim code and enrol it again under another id"},
    {TROUBLE_QUARANTINED, "quarantined",
     "it is quarantined: it gets no more credit until somebody has looked",
     "read in its timeline why; if its disk was copied, find the other robot and enrol both again"},
    {TROUBLE_CERTIFICATE, "certificate_ended", "its certificate has ended",
     "start it where it reaches the enrolment address: it renews by itself"},
    {TROUBLE_RETIRED, "retired", "it is retired", "enrol it again if it is to be used"},
    {TROUBLE_OLDER_CA, "older_ca", "it has not renewed itself under the CA that followed",
     "let it reach the enrolment address: it renews by itself, at once by: myna-agent renew"},
    {TROUBLE_NETWORK, "no_network", "it has no network",
     "check its Wi-Fi or cable, and the router"},
    {TROUBLE_SERVER, "server_away", "it has a network, but the server does not answer",
     "open the broker's port in the firewall; check that server and broker run"},
    {TROUBLE_OFFLINE, "offline", "it is offline", "check its power, its Wi-Fi and the router"},
    {TROUBLE_NEVER_HEARD, "never_heard", "it enrolled and was never heard since",
     "start its agent; open the broker's port in its firewall"},
    {TROUBLE_WIFI, "wifi_weak", "its Wi-Fi is weak", "move it nearer to the router"},
    {TROUBLE_CREDIT, "credit_used_up", "the credit of each of its routes is used up",
     "raise the cap or budget that is used up, add a route, or wait for the next period"},
    {TROUBLE_BLOCKED, "blocked", "the setting limit_mode keeps it from asking any vendor",
     "reset the threshold that blocks it, or set limit_mode back to none"},
    {TROUBLE_QUIET, "quiet_hours", "its quiet hours keep it silent now",
     "wait until they end, or change the setting quiet_hours"},
    {TROUBLE_ENOUGH, "daily_minutes", "its daily minutes are used up",
     "wait for tomorrow, or raise the setting daily_minutes"},
    {TROUBLE_NO_ROUTE, "no_route", "none of its routes for talking can be used",
     "give it a route whose vendor, contract and region allow it: mynactl why tells each flaw"},
    {TROUBLE_VENDOR_KEY, "vendor_key", "the vendor refuses the key",
     "store a valid key for the vendor"},
    {TROUBLE_VENDOR_ACCOUNT, "vendor_account", "the account at the vendor is used up or unpaid",
     "pay or raise the quota at the vendor, or give the robot another route"},
    {TROUBLE_VENDOR_BUSY, "vendor_busy", "the vendor is overloaded or limits the rate",
     "wait a little; if it lasts, add a route of another vendor or ask for a higher rate"},
    {TROUBLE_VENDOR_AWAY, "vendor_away", "the robot cannot reach the vendor",
     "check the vendor's address and the robot's way to the internet"},
    {TROUBLE_VENDOR_REFUSES, "vendor_refuses", "the vendor refuses the robot's requests",
     "check the route's model and the vendor's dialect: the vendor does not take the request"},
    {TROUBLE_ROUTE_OUT, "route_left_out", "a route failed it and is left out; another one answers",
     "look at the vendor's page: which robots leave it out, since when, and why"},
    {TROUBLE_MICROPHONE, "microphone_silent", "its microphone is silent or gone",
     "check the microphone's plug and switch, and the agent's option --ear-device"},
    {TROUBLE_MUTED, "muted", "its owner has muted the microphone",
     "unmute it at the robot: nobody else can"},
    {TROUBLE_DISK, "disk_full", "its disk is full: what it uses can no longer be counted",
     "free space on its disk"},
    {TROUBLE_CLOCK, "clock_wrong", "its clock is wrong",
     "let it reach a time server, or set its clock"},
    {TROUBLE_USAGE, "usage_waits", "its usage records wait and are not taken",
     "look at its journal's status and the server's alerts about it"},
    {TROUBLE_SETTINGS, "settings_refused", "it refuses settings that it shall run",
     "correct these settings: mynactl why tells its reasons"},
    {TROUBLE_TRIAL, "trial_failed", "its trial of the newest configuration failed",
     "correct the route that it tried, or take the change back"},
    {TROUBLE_BEHIND, "behind", "it does not answer to its newest configuration",
     "restart its agent; if it stays so, look at its log"},
};
#define ROWS (sizeof rows / sizeof *rows)

const struct trouble_text *trouble_all(size_t *count)
{
    *count = ROWS;
    return rows;
}

const struct trouble_text *trouble_text(enum trouble trouble)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].trouble == trouble)
            return &rows[i];
    return NULL;
}

const char *trouble_code(enum trouble trouble, char out[TROUBLE_CODE_SIZE])
{
    out[0] = 0;
    if (trouble != TROUBLE_NONE)
        snprintf(out, TROUBLE_CODE_SIZE, "M%u", (unsigned)trouble % 1000);
    return out;
}
