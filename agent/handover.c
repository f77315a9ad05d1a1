#include "agent/handover.h"

#include <stdlib.h>
#include <string.h>

#include "agent/identity.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/base/log.h"

#define LINE_SIZE 64

static enum status path_of(const char *state_dir, char out[PATH_MAX])
{
    const int size = snprintf(out, PATH_MAX, "%s/transferred", state_dir);

    return size < PATH_MAX ? STATUS_OK : STATUS_INVALID;
}

void handover_init(struct handover *handover)
{
    *handover = (struct handover){.is_done = false};
    pthread_mutex_init(&handover->lock, NULL);
}

void handover_recall(struct handover *handover, const char *state_dir)
{
    char path[PATH_MAX];
    uint8_t *data = NULL;
    size_t size;

    if (path_of(state_dir, path) != STATUS_OK ||
        file_read(path, LINE_SIZE, &data, &size) != STATUS_OK)
        return;
    handover->is_done =
        size >= ENCODE_UUID_SIZE - 1 &&
        encode_from_uuid(span_of(data, ENCODE_UUID_SIZE - 1), handover->id) == STATUS_OK;
    free(data);
}

void handover_release(struct handover *handover)
{
    pthread_mutex_destroy(&handover->lock);
}

void handover_begin(struct handover *handover, const uint8_t id[TRANSFER_ID_SIZE])
{
    pthread_mutex_lock(&handover->lock);
    handover->forgets = true;
    handover->is_done = false;
    memcpy(handover->id, id, sizeof handover->id);
    pthread_mutex_unlock(&handover->lock);
}

static enum status remember(const char *state_dir, const uint8_t id[TRANSFER_ID_SIZE])
{
    char path[PATH_MAX], uuid[ENCODE_UUID_SIZE], line[LINE_SIZE];
    enum status status = path_of(state_dir, path);

    encode_uuid(id, uuid);
    snprintf(line, sizeof line, "%s\n", uuid);
    if (status == STATUS_OK)
        status = file_replace(path, span_text(line), 0600);
    if (status != STATUS_OK)
        log_error("agent",
                  "cannot remember that the robot was handed over: %s (hint: is the disk "
                  "full or read-only?)",
                  status_text(status));
    return status;
}

bool handover_end(struct handover *handover, const char *state_dir,
                  const uint8_t id[TRANSFER_ID_SIZE], bool is_wiped, enum status *status)
{
    *status = STATUS_OK;
    pthread_mutex_lock(&handover->lock);
    const bool is_ours = handover->forgets && memcmp(handover->id, id, sizeof handover->id) == 0;
    if (is_ours) {
        handover->forgets = false;
        if (is_wiped)
            *status = remember(state_dir, id);
        handover->is_done = is_wiped && *status == STATUS_OK;
    }
    pthread_mutex_unlock(&handover->lock);
    return is_ours;
}

bool handover_is_done(struct handover *handover, const uint8_t id[TRANSFER_ID_SIZE])
{
    pthread_mutex_lock(&handover->lock);
    const bool is_done = handover->is_done && memcmp(handover->id, id, sizeof handover->id) == 0;
    pthread_mutex_unlock(&handover->lock);
    return is_done;
}

enum status handover_prove(const char *state_dir, const char *device_id,
                           const uint8_t id[TRANSFER_ID_SIZE], struct buffer *out)
{
    char key[PKI_PEM_SIZE], chain[IDENTITY_CHAIN_SIZE], text[160], problem[256];
    uint8_t statement[TRANSFER_STATEMENT_MAX], signature[PKI_SIGNATURE_MAX];
    struct json_writer writer;
    size_t size;
    enum status status = identity_read_pair(state_dir, key, chain, problem);

    if (status == STATUS_OK)
        status = pki_sign(key, transfer_statement(device_id, id, statement), signature, &size);
    if (status == STATUS_OK)
        status = encode_base64(span_of(signature, size), text, sizeof text);
    crypto_wipe(key, sizeof key);
    if (status != STATUS_OK)
        return status;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_write_member(&writer, "certificate", chain);
    json_write_member(&writer, "signature", text);
    json_end_object(&writer);
    return buffer_status(out);
}
