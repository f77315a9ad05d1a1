#include "server/fleet/route.h"

#include <string.h>

#include "schema/base/crypto.h"

bool route_is_allowed(const struct route_border *border)
{
    if (!*border->device_region)
        return true;
    if (border->filing_is_due && !*border->filing)
        return false;
    return !*border->vendor_region || border->pair_is_open ||
           strcmp(border->device_region, border->vendor_region) == 0;
}

void route_line_id(const char *vendor_id, const char *model, const char *contract_id,
                   uint32_t contract_version, char out[ROUTE_LINE_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t version[4] = {(uint8_t)(contract_version >> 24),
                                (uint8_t)(contract_version >> 16), (uint8_t)(contract_version >> 8),
                                (uint8_t)contract_version};
    /* each text with its NUL, so that no two routes join to the same bytes */
    const struct span parts[] = {
        span_of("myna line 1", 12),        span_of(vendor_id, strlen(vendor_id) + 1),
        span_of(model, strlen(model) + 1), span_of(contract_id, strlen(contract_id) + 1),
        span_of(version, sizeof version),
    };
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_sha256(parts, sizeof parts / sizeof *parts, hash);
    for (unsigned i = 0; i < (ROUTE_LINE_ID_SIZE - 1) / 2; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[ROUTE_LINE_ID_SIZE - 1] = 0;
}
