/* message.h - encodes and decodes the messages of myna.proto; nanopb and nothing else knows it
 *
 * The structs are nanopb's (wire_Hello, wire_State, ...) from "myna.pb.h": plain data without
 * pointers. Some are large (wire_ConfigContent 60 KB, wire_Reply 40 KB, wire_UsageBatch 30 KB):
 * keep them in an arena or in a long-lived struct, not on a thread's stack. No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_MESSAGE_H
#define SCHEMA_WIRE_MESSAGE_H

#include "schema/base/span.h"
#include "schema/wire/limits.h"
#include "myna.pb.h"

enum message_type {
    MESSAGE_HELLO,
    MESSAGE_USAGE_BATCH,
    MESSAGE_REPORT,
    MESSAGE_REPLY,
    MESSAGE_PRESENCE,
    MESSAGE_STATE,
    MESSAGE_CONFIG,
    MESSAGE_CONFIG_CONTENT,
    MESSAGE_COMMAND,
    MESSAGE_USAGE_RECORD,
    MESSAGE_KEPT_TRIAL,
    MESSAGE_CONFIG_SOFTWARE,
    MESSAGE_KEPT_SOFTWARE,
};

/* Encodes *message, a struct of that type, into out and sets *size. STATUS_FULL: out is too small;
 * STATUS_INVALID: a text is not UTF-8 or has no end, or a count passes its bound. */
MUST_CHECK enum status message_encode(enum message_type type, const void *message, uint8_t *out,
                                      size_t out_size, size_t *size);

/* Decodes into *message, zeroed first. STATUS_INVALID: not such a message, or a bound is passed, or
 * a text is not UTF-8; *message is then undefined. Unknown fields are skipped. */
MUST_CHECK enum status message_decode(enum message_type type, struct span bytes, void *message);

/* Name tables of the enums that leave the process; "unknown" for other numbers. The same words
 * stand in the database and in the API. */
const char *message_provenance_name(wire_Provenance provenance); /* "vendor_final" ... */
/* "chat", "speech" or "transcription"; CHAT for NULL and whatever else. */
wire_RouteUse message_route_use(const char *name);
const char *message_purpose_name(wire_Purpose purpose);            /* "talk", "test" */
const char *message_trial_step_name(wire_TrialStep step);          /* "held", "connected" ... */
const char *message_trial_verdict_name(wire_TrialVerdict verdict); /* "running", "passed" ... */
const char *message_software_step_name(wire_SoftwareStep step);    /* "wanted", "downloaded" ... */
const char *message_outcome_name(wire_Outcome outcome);            /* "answered" ... */
const char *message_error_name(wire_ErrorClass error_class);       /* "none", "rate" ... */
const char *message_setting_name(wire_SettingOutcome outcome);     /* "applied" ... */
const char *message_command_status_name(wire_CommandStatus status);
const char *message_command_name(wire_CommandKind kind); /* "identify", "say", "restart",
                                                            "report", "probe", "picture",
                                                            "forget", "bundle", "transfer" */
/* STATUS_NOT_FOUND for a word that is no command. */
MUST_CHECK enum status message_command_from_name(struct span name, wire_CommandKind *kind);

#endif
