#include "server/jobs/content.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/encode.h"
#include "server/fleet/mint.h"

static bool put(char *out, size_t size, const char *text)
{
    return snprintf(out, size, "%s", text) < (int)size;
}

static enum status fill_settings(const struct content_facts *facts, wire_ConfigContent *out,
                                 const char **problem)
{
    if (facts->setting_count > LIMIT_SETTINGS) {
        *problem = "it has more settings than a configuration holds";
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < facts->setting_count; i++) {
        wire_Setting *setting = &out->settings[out->settings_count++];

        if (!put(setting->name, sizeof setting->name, facts->settings[i].name) ||
            !put(setting->value, sizeof setting->value, facts->settings[i].value)) {
            *problem = "a setting's name or value is too long";
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

static enum status unwrap_key(const struct routes_row *route, const uint8_t *master_key,
                              char out[LIMIT_API_KEY + 1], const char **problem)
{
    char purpose[64];
    const struct span wrapped = route->key_wrapped;

    if (wrapped.size == 0)
        return STATUS_OK;
    if (wrapped.size < CRYPTO_WRAP_OVERHEAD ||
        wrapped.size - CRYPTO_WRAP_OVERHEAD > LIMIT_API_KEY) {
        *problem = "a vendor's key is too long";
        return STATUS_INVALID;
    }
    snprintf(purpose, sizeof purpose, "vendor-key:%s", route->vendor_id);
    enum status status = crypto_unwrap(master_key, purpose, wrapped, (uint8_t *)out);
    if (status != STATUS_OK)
        *problem = "a vendor's key was made under another master key";
    return status;
}

/* What the device proves itself with: the vendor's key, or what is made from it. */
static enum status fill_key(const struct routes_row *row, const uint8_t *master_key,
                            char out[LIMIT_API_KEY + 1], const char **problem)
{
    const struct dialects_row *dialect = dialects_find(row->dialect);
    char key[LIMIT_API_KEY + 1] = "";

    if (!row->is_minted)
        return unwrap_key(row, master_key, out, problem);
    enum status status = unwrap_key(row, master_key, key, problem);
    if (status == STATUS_OK) {
        status = mint_credential(dialect ? dialect->mint : DIALECTS_MINT_NONE, span_text(key),
                                 row->device_id, row->since_ms, out);
        if (status != STATUS_OK)
            *problem = "a vendor's key has not the form that minting needs";
    }
    crypto_wipe(key, sizeof key);
    return status;
}

static enum status fill_route(const struct lines_line *line, const uint8_t *master_key,
                              wire_Route *out, const char **problem)
{
    const struct routes_row *row = line->route;

    if (!put(out->vendor, sizeof out->vendor, row->vendor_id) ||
        !put(out->model, sizeof out->model, row->model) ||
        !put(out->contract, sizeof out->contract, row->contract_id) ||
        !put(out->dialect, sizeof out->dialect, row->dialect) ||
        !put(out->base_url, sizeof out->base_url, row->base_url) ||
        !put(out->region, sizeof out->region, row->vendor_region) ||
        !put(out->voice, sizeof out->voice, row->voice)) {
        *problem = "a text of a route is too long";
        return STATUS_INVALID;
    }
    out->use = message_route_use(row->use);
    out->is_filed = row->filing[0] != '\0';
    out->contract_version = (uint32_t)row->contract_version;
    memcpy(out->line_id, line->line_id, sizeof line->line_id);
    return fill_key(row, master_key, out->api_key, problem);
}

/* All routes are of one device, so any row tells its border; without a route there is none to look
 * at. */
static enum status fill_border(const struct content_facts *facts, wire_ConfigContent *out,
                               const char **problem)
{
    if (facts->line_count == 0)
        return STATUS_OK;
    const struct routes_row *row = facts->lines[0].route;
    if (!put(out->border.region, sizeof out->border.region, row->device_region) ||
        !put(out->border.open, sizeof out->border.open, row->open_regions)) {
        *problem = "a region is open to more others than a robot can be told";
        return STATUS_INVALID;
    }
    out->has_border = true;
    out->border.needs_filing = row->filing_is_due;
    return STATUS_OK;
}

static enum status fill_routes(const struct content_facts *facts, wire_ConfigContent *out,
                               size_t *refused, const char **problem)
{
    for (size_t i = 0; i < facts->line_count && out->routes_count < LIMIT_ROUTES; i++) {
        if (facts->lines[i].is_test)
            continue;
        enum status status = fill_route(&facts->lines[i], facts->master_key,
                                        &out->routes[out->routes_count++], problem);

        if (status != STATUS_OK)
            return status;
    }
    *refused = facts->route_count - out->routes_count;
    return STATUS_OK;
}

/* Where no line is for a test there is no route to ask, and the device will say so. */
static void fill_test_lines(const struct content_facts *facts, wire_TrialSpec *trial)
{
    for (size_t i = 0; i < facts->line_count; i++) {
        const struct lines_line *line = &facts->lines[i];

        if (!line->is_test)
            continue;
        if (message_route_use(line->route->use) == wire_RouteUse_SPEECH) {
            memcpy(trial->speech_line_id, line->line_id, sizeof line->line_id);
        } else if (!trial->line_id[0]) { /* the first one's comes first */
            memcpy(trial->line_id, line->line_id, sizeof line->line_id);
        } else {
            memcpy(trial->vendor_line_id, line->line_id, sizeof line->line_id);
            snprintf(trial->vendor, sizeof trial->vendor, "%s", line->route->vendor_id);
        }
    }
}

static enum status fill_trial(const struct content_facts *facts, wire_ConfigContent *out,
                              const char **problem)
{
    if (!facts->trial)
        return STATUS_OK;
    out->has_trial = true;
    out->trial.test = facts->trial->is_test;
    out->trial.install = facts->trial->is_install;
    out->trial.window_s = (uint32_t)facts->trial->window_s;
    fill_test_lines(facts, &out->trial);
    if (put(out->trial.rollout, sizeof out->trial.rollout, facts->trial->rollout_id))
        return STATUS_OK;
    *problem = "the rollout's name is too long";
    return STATUS_INVALID;
}

#define SERVER_AUTHORITIES                                                                         \
    (sizeof((wire_ConfigContent *)0)->server_authorities /                                         \
     sizeof *((wire_ConfigContent *)0)->server_authorities)

static enum status fill_keys(const struct content_facts *facts, wire_ConfigContent *out,
                             const char **problem)
{
    for (size_t i = 0; i < facts->key_count; i++) {
        const struct span signature = facts->keys_told < facts->keys[i].signed_from
                                          ? facts->keys[i].signature_before
                                          : facts->keys[i].signature;

        if (facts->keys_told < facts->keys[i].told_from ||
            facts->keys_told >= facts->keys[i].told_until ||
            out->sealing_keys_count == sizeof out->sealing_keys / sizeof *out->sealing_keys)
            continue;
        wire_SealingKey *key = &out->sealing_keys[out->sealing_keys_count++];
        if (signature.size > sizeof key->signature.bytes) {
            *problem = "a sealing key's statement is too long";
            return STATUS_INVALID;
        }
        memcpy(key->public_key, facts->keys[i].public_key, sizeof key->public_key);
        key->valid_from_ms = facts->keys[i].valid_from_ms;
        key->signature.size = (pb_size_t)signature.size;
        memcpy(key->signature.bytes, signature.data, signature.size);
    }
    return STATUS_OK;
}

/* Of those for robots the newest, of those for servers all that count. */
static void fill_authorities(const struct content_facts *facts, wire_ConfigContent *out)
{
    for (size_t i = 0; i < facts->authority_count; i++) {
        const struct dispatch_authority *authority = &facts->authorities[i];

        if (facts->keys_told < authority->told_from || facts->keys_told >= authority->told_until)
            continue;
        if (authority->is_servers && out->server_authorities_count < SERVER_AUTHORITIES) {
            memcpy(out->server_authorities[out->server_authorities_count++], authority->id,
                   sizeof authority->id);
        } else if (!authority->is_servers && out->device_authority.size == 0) {
            out->device_authority.size = sizeof authority->id;
            memcpy(out->device_authority.bytes, authority->id, sizeof authority->id);
        }
    }
}

static enum status fill_brokers(const struct content_facts *facts, wire_ConfigContent *out,
                                const char **problem)
{
    for (size_t i = 0; i < facts->broker_count; i++) {
        if (span_to_text(span_text(facts->brokers[i]), out->brokers[i], sizeof out->brokers[0]) !=
            STATUS_OK) {
            *problem = "a broker's address is too long";
            return STATUS_INVALID;
        }
    }
    out->brokers_count = (pb_size_t)facts->broker_count;
    return STATUS_OK;
}

void content_fill_software(const struct content_facts *facts, wire_ConfigSoftware *out)
{
    *out = (wire_ConfigSoftware)wire_ConfigSoftware_init_zero;
    for (size_t i = 0; i < facts->software_count && out->software_count < LIMIT_SOFTWARE; i++) {
        const struct software_row *row = &facts->software[i];
        wire_Software *item = &out->software[out->software_count];
        size_t size = 0;

        /* both were checked when they came in */
        if (row->document.size > sizeof item->document.bytes ||
            encode_from_base64(span_text(row->signature), item->signature.bytes,
                               sizeof item->signature.bytes, &size) != STATUS_OK)
            continue;
        memcpy(item->document.bytes, row->document.data, row->document.size);
        item->document.size = (pb_size_t)row->document.size;
        item->signature.size = (pb_size_t)size;
        item->on_trial = row->on_trial;
        item->withdrawn = row->withdrawn;
        out->software_count++;
    }
}

enum status content_fill(const struct content_facts *facts, wire_ConfigContent *out,
                         size_t *refused, const char **problem)
{
    *out = (wire_ConfigContent)wire_ConfigContent_init_zero;
    enum status status = fill_settings(facts, out, problem);

    if (status == STATUS_OK)
        status = fill_routes(facts, out, refused, problem);
    if (status == STATUS_OK)
        status = fill_border(facts, out, problem);
    if (status == STATUS_OK)
        status = fill_trial(facts, out, problem);
    if (status == STATUS_OK)
        status = fill_keys(facts, out, problem);
    fill_authorities(facts, out);
    if (status == STATUS_OK)
        status = fill_brokers(facts, out, problem);
    return status;
}
