#include "server/jobs/revocations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/log.h"
#include "server/store/dispatch.h"

#define IDS_PER_PART 1000 /* of up to 49 bytes: below LIMIT_MESSAGE_BYTES */
#define LIST_BYTES   (16u << 20)

struct revocations {
    struct store *store;
    struct bus *bus;
    struct arena *arena;
    uint64_t told_connection; /* 0: none yet */
    uint8_t told_hash[CRYPTO_HASH_SIZE];
};

enum status revocations_create(struct revocations **out, struct store *store, struct bus *bus)
{
    struct revocations *revocations = calloc(1, sizeof *revocations);

    if (!revocations || arena_create(&revocations->arena, LIST_BYTES) != STATUS_OK) {
        free(revocations);
        return STATUS_MEMORY;
    }
    revocations->store = store;
    revocations->bus = bus;
    *out = revocations;
    return STATUS_OK;
}

void revocations_free(struct revocations *revocations)
{
    if (!revocations)
        return;
    arena_free(revocations->arena);
    free(revocations);
}

static size_t count_ids(struct span ids)
{
    size_t count = ids.size > 0;

    for (size_t i = 0; i < ids.size; i++)
        count += ids.data[i] == '\n';
    return count;
}

/* Cuts up to IDS_PER_PART lines off the front of *ids. */
static struct span take_part(struct span *ids)
{
    size_t end = 0;

    for (size_t lines = 0; end < ids->size; end++) {
        if (ids->data[end] == '\n' && ++lines == IDS_PER_PART)
            break;
    }
    struct span part = span_of(ids->data, end);
    size_t used = end < ids->size ? end + 1 : end;

    *ids = span_of(ids->data + used, ids->size - used);
    return part;
}

static enum status publish_part(struct revocations *revocations, size_t part, size_t parts,
                                struct span ids)
{
    struct buffer payload;

    buffer_init(&payload, LIMIT_MESSAGE_BYTES);
    buffer_format(&payload, "%zu %zu\n", part, parts);
    buffer_add(&payload, ids);
    enum status status = buffer_status(&payload);
    if (status == STATUS_OK)
        status = bus_tell_brokers(revocations->bus, TOPIC_BROKER_CONTROL, buffer_span(&payload));
    buffer_release(&payload);
    return status;
}

static enum status publish_all(struct revocations *revocations, struct span ids)
{
    size_t count = count_ids(ids);
    size_t parts = count > 0 ? (count + IDS_PER_PART - 1) / IDS_PER_PART : 1;
    enum status status = STATUS_OK;

    for (size_t part = 1; status == STATUS_OK && part <= parts; part++)
        status = publish_part(revocations, part, parts, take_part(&ids));
    return status;
}

void revocations_publish(struct revocations *revocations)
{
    const uint64_t connection = bus_connections(revocations->bus);
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct span ids;

    arena_reset(revocations->arena);
    enum status status = dispatch_list_revoked(revocations->store, revocations->arena, &ids);
    if (status == STATUS_OK) {
        crypto_sha256(&ids, 1, hash);
        if (connection == revocations->told_connection &&
            memcmp(hash, revocations->told_hash, sizeof hash) == 0)
            return;
        status = publish_all(revocations, ids);
    }
    if (status != STATUS_OK) {
        log_debug("outbox", "the broker's revocation list is not sent: %s", status_text(status));
        return;
    }
    revocations->told_connection = connection;
    memcpy(revocations->told_hash, hash, sizeof hash);
    log_info("outbox", "told the broker which devices are revoked count=%zu", count_ids(ids));
}
