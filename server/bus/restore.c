#include "server/bus/restore.h"

#include <string.h>

#include "server/bus/receipt.h"
#include "server/store/installation.h"

/* A hello with a receipt. */
struct evidence {
    struct batch *batch;
    struct batch_device *device;
    const struct intake_item *item;
    struct receipt receipt;
    const uint8_t *journal_id; /* that the receipt is of */
};

/* The journal that the last state was about: the one it has now, or before a fork its parent, or
 * after its disk was lost the one that its last hello named. */
static bool read_receipt(struct evidence *e)
{
    const struct intake_item *item = e->item;
    const uint8_t *const journals[] = {item->journal_id, item->hello->parent.id,
                                       e->device->row->journal_id};

    for (size_t i = 0; i < sizeof journals / sizeof *journals; i++) {
        const struct receipt_owner owner = {item->device_id, journals[i], item->hello->epoch_seen};

        if (!receipt_read(e->batch->stamp_key, &owner, item->hello->receipt, &e->receipt))
            continue;
        e->journal_id = journals[i];
        return true;
    }
    return false;
}

static void note_forged(struct evidence *e)
{
    e->device->row->forged_messages++;
    e->device->changed = true;
    e->batch->stats.forged++;
    batch_alarm(e->batch, "forged_message", "critical", e->item->device_id,
                "{\"kind\":\"hello\",\"problem\":\"its receipt was never made here\"}");
}

/* NULL: it is not. */
static const char *ahead_by(const struct evidence *e)
{
    const struct link_row *row = e->device->row;
    const struct journal_row *journal;

    if (e->item->hello->epoch_seen != row->epoch)
        return e->item->hello->epoch_seen > row->epoch ? "a robot knows a later epoch" : NULL;
    journal = batch_find_journal(e->batch, row->device_id, e->journal_id);
    if (!journal)
        return "a robot was told of a journal that is not known here";
    if (e->receipt.watermark > journal->ledger.seq)
        return "a robot was told of more records than are counted here";
    if ((int64_t)e->receipt.generation > row->desired_generation)
        return "a robot was told of a later configuration than there is here";
    return NULL;
}

static enum status judge(struct store_conn *conn, const struct evidence *e, const char **because)
{
    const struct link_row *row = e->device->row;
    uint64_t granted = 0;

    *because = ahead_by(e);
    if (*because || e->item->hello->epoch_seen != row->epoch || e->receipt.granted == 0)
        return STATUS_OK;
    enum status status =
        credits_read_granted(conn, row->device_id, e->journal_id, row->epoch, &granted);
    if (status == STATUS_OK && e->receipt.granted > granted)
        *because = "a robot was granted more credit than is known here";
    return status;
}

static enum status raise_epoch(struct store_conn *conn, struct evidence *e, const char *because)
{
    struct batch *batch = e->batch;
    const struct installation_restore restore = {
        .known_epoch = e->device->row->epoch,
        .least_epoch = e->item->hello->epoch_seen,
        .because = because,
        .device_id = e->item->device_id,
    };
    int64_t epoch;
    bool raised;
    enum status status = installation_raise(conn, batch->arena, &restore, &epoch, &raised);

    for (size_t i = 0; status == STATUS_OK && i < batch->device_count; i++)
        batch->devices[i].row->epoch = epoch;
    return status;
}

enum status restore_look(struct store_conn *conn, struct batch *batch)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < batch->item_count && status == STATUS_OK; i++) {
        const struct intake_item *item = &batch->items[i];
        struct evidence e = {batch, batch_find_device(batch, item->device_id), item, {0}, NULL};
        const char *because = NULL;

        if (!e.device || !e.device->row->is_active || item->fault != INTAKE_GOOD || !item->hello ||
            !receipt_is_ours(batch->stamp_key, item->hello->receipt))
            continue;
        if (!read_receipt(&e)) {
            note_forged(&e);
            continue;
        }
        status = judge(conn, &e, &because);
        if (status == STATUS_OK && because)
            status = raise_epoch(conn, &e, because);
    }
    return status;
}
