#include "schema/wire/transfer.h"

#include <string.h>

struct span transfer_statement(const char *device_id, const uint8_t id[TRANSFER_ID_SIZE],
                               uint8_t out[TRANSFER_STATEMENT_MAX])
{
    static const char purpose[] = "myna transfer 1";
    const size_t name_size = strlen(device_id) + 1;
    uint8_t *at = out;

    memcpy(at, purpose, sizeof purpose - 1);
    at += sizeof purpose - 1;
    memcpy(at, device_id, name_size);
    at += name_size;
    memcpy(at, id, TRANSFER_ID_SIZE);
    return span_of(out, (size_t)(at - out) + TRANSFER_ID_SIZE);
}
