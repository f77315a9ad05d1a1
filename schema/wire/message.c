#include "schema/wire/message.h"

#include <assert.h>
#include <string.h>

#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>

#include "schema/base/box.h"

static const struct {
    const pb_msgdesc_t *fields;
    size_t size;
} types[] = {
    [MESSAGE_HELLO] = {wire_Hello_fields, sizeof(wire_Hello)},
    [MESSAGE_USAGE_BATCH] = {wire_UsageBatch_fields, sizeof(wire_UsageBatch)},
    [MESSAGE_REPORT] = {wire_Report_fields, sizeof(wire_Report)},
    [MESSAGE_REPLY] = {wire_Reply_fields, sizeof(wire_Reply)},
    [MESSAGE_PRESENCE] = {wire_Presence_fields, sizeof(wire_Presence)},
    [MESSAGE_STATE] = {wire_State_fields, sizeof(wire_State)},
    [MESSAGE_CONFIG] = {wire_Config_fields, sizeof(wire_Config)},
    [MESSAGE_CONFIG_CONTENT] = {wire_ConfigContent_fields, sizeof(wire_ConfigContent)},
    [MESSAGE_COMMAND] = {wire_Command_fields, sizeof(wire_Command)},
    [MESSAGE_USAGE_RECORD] = {wire_UsageRecord_fields, sizeof(wire_UsageRecord)},
    [MESSAGE_KEPT_TRIAL] = {wire_KeptTrial_fields, sizeof(wire_KeptTrial)},
    [MESSAGE_CONFIG_SOFTWARE] = {wire_ConfigSoftware_fields, sizeof(wire_ConfigSoftware)},
    [MESSAGE_KEPT_SOFTWARE] = {wire_KeptSoftware_fields, sizeof(wire_KeptSoftware)},
};

static_assert(sizeof types / sizeof types[0] == MESSAGE_KEPT_SOFTWARE + 1, "a row per type");

/* myna.options and limits.h say the same; */
#define ITEMS(type, member) (sizeof((type *)0)->member / sizeof((type *)0)->member[0])
#define BYTES(type, member) (sizeof((type *)0)->member)

static_assert(ITEMS(wire_ConfigContent, settings) == LIMIT_SETTINGS, "settings");
static_assert(ITEMS(wire_Hello, settings) == LIMIT_SETTINGS, "settings");
static_assert(ITEMS(wire_ConfigContent, routes) == LIMIT_ROUTES, "routes");
static_assert(ITEMS(wire_ConfigContent, brokers) == LIMIT_BROKERS, "brokers");
static_assert(ITEMS(wire_State, credit) == LIMIT_CREDIT_LINES, "credit lines");
static_assert(ITEMS(wire_Hello, credit) == LIMIT_CREDIT_LINES, "credit lines");
static_assert(ITEMS(wire_UsageBatch, credit) == LIMIT_CREDIT_LINES, "credit lines");
static_assert(ITEMS(wire_Report, credit) == LIMIT_CREDIT_LINES, "credit lines");
static_assert(ITEMS(wire_CreditLine, measures) == LIMIT_MEASURES, "measures");
static_assert(ITEMS(wire_CreditUse, amounts) == LIMIT_MEASURES, "an amount per measure");
static_assert(ITEMS(wire_CreditMeasure, weights) == LIMIT_WEIGHTS, "weights");
static_assert(ITEMS(wire_UsageBatch, records) == LIMIT_BATCH_RECORDS, "records");
static_assert(BYTES(wire_UsageBatch, records[0].bytes) == LIMIT_RECORD_BYTES, "a record");
static_assert(wire_UsageRecord_size <= LIMIT_RECORD_BYTES, "any record can be written");
static_assert(wire_UsageBatch_size + BOX_OVERHEAD <= LIMIT_MESSAGE_BYTES, "any batch can be sent");
static_assert(wire_Hello_size + BOX_OVERHEAD <= LIMIT_MESSAGE_BYTES, "any hello can be sent");
static_assert(wire_Report_size + BOX_OVERHEAD <= LIMIT_MESSAGE_BYTES, "any report can be sent");
static_assert(wire_State_size + BOX_OVERHEAD <= LIMIT_MESSAGE_BYTES, "any state can be sent");
static_assert(wire_Reply_size + BOX_OVERHEAD <= LIMIT_MESSAGE_BYTES, "any reply can be sent");
static_assert(wire_Config_size + BOX_OVERHEAD <= LIMIT_MESSAGE_BYTES, "any config can be sent");
static_assert(BYTES(wire_Setting, name) == LIMIT_SETTING_NAME + 1, "a setting's name");
static_assert(BYTES(wire_Setting, value) == LIMIT_SETTING_VALUE + 1, "a setting's value");
static_assert(BYTES(wire_Config, content.bytes) == LIMIT_CONFIG_BYTES, "a configuration");
static_assert(BYTES(wire_Route, model) == LIMIT_MODEL + 1, "a model");
static_assert(BYTES(wire_Route, base_url) == LIMIT_URL + 1, "an URL");
static_assert(BYTES(wire_Route, api_key) == LIMIT_API_KEY + 1, "a key");
static_assert(BYTES(wire_KeptTrial, content.bytes) == LIMIT_CONFIG_BYTES, "a configuration");
static_assert(ITEMS(wire_TrialReport, step_ms) == wire_TrialStep_TRIAL_USAGE, "a time each");
static_assert(BYTES(wire_TrialReport, reason) == LIMIT_REASON + 1, "a reason");
static_assert(ITEMS(wire_ConfigSoftware, software) == LIMIT_SOFTWARE, "software");
static_assert(ITEMS(wire_Hello, installed) == LIMIT_PACKAGES, "packages");
static_assert(ITEMS(wire_Reply, installed) == LIMIT_PACKAGES, "packages");
static_assert(ITEMS(wire_KeptSoftware, current) == LIMIT_PACKAGES, "packages");
static_assert(BYTES(wire_Software, document.bytes) == LIMIT_MANIFEST, "a manifest");
static_assert(BYTES(wire_SoftwareStatus, kind) == LIMIT_KIND + 1, "a kind");
static_assert(BYTES(wire_SoftwareStatus, version) == LIMIT_VERSION + 1, "a version");
static_assert(BYTES(wire_SoftwareStatus, reason) == LIMIT_REASON + 1, "a reason");
static_assert(BYTES(wire_Reply, reason) == LIMIT_REASON + 1, "a reason");
static_assert(BYTES(wire_Reply, attachment.bytes) == LIMIT_PICTURE_BYTES, "a picture");
static_assert(BYTES(wire_Reply, attachment.bytes) == LIMIT_BUNDLE_BYTES, "a bundle");

static bool texts_are_good(const pb_msgdesc_t *fields, const void *message);

static bool items_are_good(const pb_field_iter_t *field, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *item = (const char *)field->pData + i * field->data_size;

        if (PB_LTYPE_IS_SUBMSG(field->type)) {
            if (!texts_are_good(field->submsg_desc, item))
                return false;
        } else if (!memchr(item, 0, field->data_size) || !span_is_utf8(span_text(item))) {
            return false;
        }
    }
    return true;
}

/* nanopb as Debian builds it leaves the check of UTF-8 to its users. The recursion is as deep as
 * myna.proto nests messages: three. */
static bool texts_are_good(const pb_msgdesc_t *fields, const void *message)
{
    pb_field_iter_t field;

    if (!pb_field_iter_begin_const(&field, fields, message))
        return true; /* no fields */
    do {
        pb_type_t type = PB_LTYPE(field.type);
        size_t count = 1;

        if (type != PB_LTYPE_STRING && !PB_LTYPE_IS_SUBMSG(field.type))
            continue;
        if (PB_HTYPE(field.type) == PB_HTYPE_REPEATED)
            count = *(const pb_size_t *)field.pSize;
        else if (PB_HTYPE(field.type) == PB_HTYPE_OPTIONAL && field.pSize)
            count = *(const bool *)field.pSize ? 1 : 0;
        if (count > field.array_size || !items_are_good(&field, count))
            return false;
    } while (pb_field_iter_next(&field));
    return true;
}

enum status message_encode(enum message_type type, const void *message, uint8_t *out,
                           size_t out_size, size_t *size)
{
    const pb_msgdesc_t *fields = types[type].fields;
    pb_ostream_t stream = pb_ostream_from_buffer(out, out_size);
    size_t needed;

    if (!texts_are_good(fields, message) || !pb_get_encoded_size(&needed, fields, message))
        return STATUS_INVALID;
    if (needed > out_size)
        return STATUS_FULL;
    if (!pb_encode(&stream, fields, message))
        return STATUS_INVALID;
    *size = stream.bytes_written;
    return STATUS_OK;
}

enum status message_decode(enum message_type type, struct span bytes, void *message)
{
    const pb_msgdesc_t *fields = types[type].fields;
    pb_istream_t stream = pb_istream_from_buffer(bytes.data, bytes.size);

    memset(message, 0, types[type].size);
    if (!pb_decode(&stream, fields, message) || !texts_are_good(fields, message))
        return STATUS_INVALID;
    return STATUS_OK;
}

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
    return value < count && names[value] ? names[value] : "unknown";
}

#define NAME_OF(names, value) name_of(names, sizeof names / sizeof names[0], (unsigned)(value))

const char *message_provenance_name(wire_Provenance provenance)
{
    static const char *const names[] = {
        [wire_Provenance_PROVENANCE_NONE] = "none",
        [wire_Provenance_VENDOR_FINAL] = "vendor_final",
        [wire_Provenance_VENDOR_CUMULATIVE] = "vendor_cumulative",
        [wire_Provenance_ESTIMATED] = "estimated",
        [wire_Provenance_WORST_CASE] = "worst_case",
        [wire_Provenance_NOT_SENT] = "not_sent",
        [wire_Provenance_ADJUSTMENT] = "adjustment",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_Provenance_ARRAYSIZE, "a name each");
    return NAME_OF(names, provenance);
}

wire_RouteUse message_route_use(const char *name)
{
    if (name && strcmp(name, "speech") == 0)
        return wire_RouteUse_SPEECH;
    return name && strcmp(name, "transcription") == 0 ? wire_RouteUse_TRANSCRIPTION
                                                      : wire_RouteUse_CHAT;
}

const char *message_purpose_name(wire_Purpose purpose)
{
    static const char *const names[] = {
        [wire_Purpose_TALK] = "talk",
        [wire_Purpose_TEST] = "test",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_Purpose_ARRAYSIZE, "a name each");
    return NAME_OF(names, purpose);
}

const char *message_trial_step_name(wire_TrialStep step)
{
    static const char *const names[] = {
        [wire_TrialStep_TRIAL_HELD] = "held",
        [wire_TrialStep_TRIAL_CONNECTED] = "connected",
        [wire_TrialStep_TRIAL_FIRST_TOKEN] = "first_token",
        [wire_TrialStep_TRIAL_TEXT] = "text",
        [wire_TrialStep_TRIAL_VOICE] = "voice",
        [wire_TrialStep_TRIAL_MOUTH] = "mouth",
        [wire_TrialStep_TRIAL_USAGE] = "usage",
        [wire_TrialStep_TRIAL_SPEECH] = "speech",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_TrialStep_ARRAYSIZE, "a name each");
    return NAME_OF(names, step);
}

const char *message_trial_verdict_name(wire_TrialVerdict verdict)
{
    static const char *const names[] = {
        [wire_TrialVerdict_TRIAL_NONE] = "none",
        [wire_TrialVerdict_TRIAL_RUNNING] = "running",
        [wire_TrialVerdict_TRIAL_PASSED] = "passed",
        [wire_TrialVerdict_TRIAL_FAILED] = "failed",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_TrialVerdict_ARRAYSIZE, "a name each");
    return NAME_OF(names, verdict);
}

const char *message_software_step_name(wire_SoftwareStep step)
{
    static const char *const names[] = {
        [wire_SoftwareStep_SOFTWARE_WANTED] = "wanted",
        [wire_SoftwareStep_SOFTWARE_DOWNLOADED] = "downloaded",
        [wire_SoftwareStep_SOFTWARE_VERIFIED] = "verified",
        [wire_SoftwareStep_SOFTWARE_INSTALLED] = "installed",
        [wire_SoftwareStep_SOFTWARE_TESTED] = "tested",
        [wire_SoftwareStep_SOFTWARE_CONFIRMED] = "confirmed",
        [wire_SoftwareStep_SOFTWARE_REVERTED] = "reverted",
        [wire_SoftwareStep_SOFTWARE_REFUSED] = "refused",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_SoftwareStep_ARRAYSIZE, "a name each");
    return NAME_OF(names, step);
}

const char *message_outcome_name(wire_Outcome outcome)
{
    static const char *const names[] = {
        [wire_Outcome_OUTCOME_NONE] = "none",
        [wire_Outcome_ANSWERED] = "answered",
        [wire_Outcome_TRUNCATED] = "truncated",
        [wire_Outcome_FILTERED] = "filtered",
        [wire_Outcome_INTERRUPTED] = "interrupted",
        [wire_Outcome_FAILED] = "failed",
        [wire_Outcome_LOST] = "lost",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_Outcome_ARRAYSIZE, "a name each");
    return NAME_OF(names, outcome);
}

const char *message_error_name(wire_ErrorClass error_class)
{
    static const char *const names[] = {
        [wire_ErrorClass_ERROR_NONE] = "none", [wire_ErrorClass_RATE] = "rate",
        [wire_ErrorClass_BUSY] = "busy",       [wire_ErrorClass_QUOTA] = "quota",
        [wire_ErrorClass_MONEY] = "money",     [wire_ErrorClass_AUTH] = "auth",
        [wire_ErrorClass_CONTENT] = "content", [wire_ErrorClass_REQUEST] = "request",
        [wire_ErrorClass_NET] = "net",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_ErrorClass_ARRAYSIZE, "a name each");
    return NAME_OF(names, error_class);
}

const char *message_setting_name(wire_SettingOutcome outcome)
{
    static const char *const names[] = {
        [wire_SettingOutcome_SETTING_UNKNOWN] = "unknown",
        [wire_SettingOutcome_SETTING_APPLIED] = "applied",
        [wire_SettingOutcome_SETTING_REFUSED] = "refused",
        [wire_SettingOutcome_SETTING_NEEDS_RESTART] = "needs_restart",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_SettingOutcome_ARRAYSIZE, "a name each");
    return NAME_OF(names, outcome);
}

const char *message_command_status_name(wire_CommandStatus status)
{
    static const char *const names[] = {
        [wire_CommandStatus_COMMAND_NONE] = "none",
        [wire_CommandStatus_COMMAND_DONE] = "done",
        [wire_CommandStatus_COMMAND_REFUSED] = "refused",
        [wire_CommandStatus_COMMAND_FAILED] = "failed",
        [wire_CommandStatus_COMMAND_EXPIRED] = "expired",
    };

    static_assert(sizeof names / sizeof names[0] == _wire_CommandStatus_ARRAYSIZE, "a name each");
    return NAME_OF(names, status);
}

static const char *const command_names[] = {
    [wire_CommandKind_IDENTIFY] = "identify", [wire_CommandKind_SAY] = "say",
    [wire_CommandKind_RESTART] = "restart",   [wire_CommandKind_REPORT_NOW] = "report",
    [wire_CommandKind_PROBE_ROUTE] = "probe", [wire_CommandKind_PICTURE] = "picture",
    [wire_CommandKind_FORGET] = "forget",     [wire_CommandKind_BUNDLE] = "bundle",
    [wire_CommandKind_TRANSFER] = "transfer",
};

static_assert(sizeof command_names / sizeof command_names[0] == _wire_CommandKind_ARRAYSIZE,
              "a name each, but for the one that is no command");

const char *message_command_name(wire_CommandKind kind)
{
    return NAME_OF(command_names, kind);
}

enum status message_command_from_name(struct span name, wire_CommandKind *kind)
{
    for (unsigned i = wire_CommandKind_IDENTIFY; i < _wire_CommandKind_ARRAYSIZE; i++) {
        if (span_equal_text(name, command_names[i])) {
            *kind = (wire_CommandKind)i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}
