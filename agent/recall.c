#include "agent/recall.h"

#include "agent/face/film.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

void recall_keep(const struct conversation_file *memory, const struct conversation *conversation,
                 int64_t history_hours)
{
    enum status status = STATUS_OK;

    if (!memory)
        return;
    if (history_hours > 0)
        status = conversation_file_save(memory, conversation);
    else
        status = conversation_file_wipe(memory->path);
    if (status != STATUS_OK)
        log_warning("chat", "cannot keep the conversation over a restart: %s", status_text(status));
}

void recall_restore(const struct conversation_file *memory, struct conversation *conversation,
                    int64_t history_hours)
{
    if (!memory || history_hours == 0)
        return;
    enum status status =
        conversation_file_load(memory, conversation, clock_wall_ms() - history_hours * 3600 * 1000);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        log_warning("chat", "the kept conversation cannot be read and is forgotten: %s",
                    status_text(status));
}

enum status recall_forget(const struct conversation_file *memory, struct conversation *conversation,
                          struct care *care, const char *films)
{
    enum status status = STATUS_OK;

    conversation_forget(conversation);
    if (memory)
        status = conversation_file_wipe(memory->path);
    if (films && film_wipe(films) != STATUS_OK)
        status = STATUS_IO;
    if (status == STATUS_OK && care)
        status = care_forget(care);
    if (status != STATUS_OK)
        log_error("chat", "cannot wipe what was talked about: %s (hint: is the disk read-only?)",
                  status_text(status));
    return status;
}

struct span recall_words(enum status status, bool chinese)
{
    if (status != STATUS_OK)
        return span_text(chinese ? "我这边忘掉了，但是存储里的没能删掉。"
                                 : "I have forgotten it, but could not remove it from my disk.");
    return span_text(chinese ? "好的，我们聊过的我都忘掉了。"
                             : "I have forgotten what we talked about.");
}
