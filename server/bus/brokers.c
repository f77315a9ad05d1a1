#include "server/bus/brokers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"

/* Takes the text apart in place. */
static enum status split(char *text, const char *option, const char *addresses[LIMIT_BROKERS],
                         size_t *count, char problem[256])
{
    bool more = true;

    for (*count = 0; more;) {
        size_t size = strcspn(text, ",");

        if (*count == LIMIT_BROKERS || size == 0 || size > LIMIT_URL) {
            snprintf(problem, 256, "%s must be 1 to %d addresses, host:port, with commas", option,
                     LIMIT_BROKERS);
            return STATUS_INVALID;
        }
        more = text[size] == ',';
        text[size] = '\0';
        addresses[(*count)++] = text;
        text += size + 1;
    }
    return STATUS_OK;
}

enum status brokers_parse(struct brokers *out, const char *servers, const char *robots,
                          char problem[256])
{
    const size_t size = strlen(servers) + 1;

    *out = (struct brokers){.texts = malloc(size + strlen(robots) + 1)};
    if (!out->texts) {
        snprintf(problem, 256, "out of memory");
        return STATUS_MEMORY;
    }
    memcpy(out->texts, servers, size);
    memcpy(out->texts + size, robots, strlen(robots) + 1);
    enum status status = split(out->texts, "broker", out->servers, &out->server_count, problem);
    if (status == STATUS_OK)
        status = split(out->texts + size, "robot_broker", out->robots, &out->robot_count, problem);
    if (status == STATUS_OK && out->server_count > 1 && out->server_count != out->robot_count) {
        snprintf(problem, 256,
                 "broker names %zu brokers and robot_broker %zu: name each broker's two listeners "
                 "at the same place of both",
                 out->server_count, out->robot_count);
        return STATUS_INVALID;
    }
    return status;
}

void brokers_release(struct brokers *brokers)
{
    free(brokers->texts);
    *brokers = (struct brokers){0};
}

bool brokers_are_spread(const struct brokers *brokers)
{
    return brokers->server_count > 1;
}

static uint64_t weigh(const char *address, const char *device_id)
{
    const struct span parts[] = {span_text(address), span_text("\n"), span_text(device_id)};
    uint8_t hash[CRYPTO_HASH_SIZE];
    uint64_t weight = 0;

    crypto_sha256(parts, 3, hash);
    for (size_t i = 0; i < sizeof weight;
         i++) /* the same on every server, whatever its order of bytes */
        weight = weight << 8 | hash[i];
    return weight;
}

void brokers_order(const struct brokers *brokers, const char *device_id,
                   size_t order[LIMIT_BROKERS])
{
    uint64_t weights[LIMIT_BROKERS];

    for (size_t i = 0; i < brokers->robot_count; i++) {
        uint64_t weight = brokers_are_spread(brokers) ? weigh(brokers->robots[i], device_id) : 0;
        size_t at = i;

        for (; at > 0 && weights[at - 1] < weight; at--) {
            weights[at] = weights[at - 1];
            order[at] = order[at - 1];
        }
        weights[at] = weight;
        order[at] = i;
    }
}

void brokers_tell(const struct brokers *brokers, const char *device_id,
                  const char *addresses[LIMIT_BROKERS])
{
    size_t order[LIMIT_BROKERS];

    brokers_order(brokers, device_id, order);
    for (size_t i = 0; i < brokers->robot_count; i++)
        addresses[i] = brokers->robots[order[i]];
}
