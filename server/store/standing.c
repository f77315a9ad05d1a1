#include "server/store/standing.h"

#include "server/store/alarm.h"

struct watch {
    struct arena *arena;
    const char *kind;
    const struct store_statement *query;
    struct alarm *alarms;
    size_t raised;
    const char **over;
    size_t cleared;
};

static enum status find(struct store_conn *conn, struct watch *watch)
{
    struct result result = {0};
    enum status status = store_exec(conn, watch->query, STORE_NO_VALUES, &result);
    const size_t count = status == STATUS_OK ? result_count(&result) : 0;

    watch->alarms = arena_take(watch->arena, (count + 1) * sizeof *watch->alarms);
    watch->over = arena_take(watch->arena, (count + 1) * sizeof *watch->over);
    for (size_t i = 0; !arena_failed(watch->arena) && i < count; i++) {
        const char *subject = arena_text(watch->arena, result_span(&result, i, 0));

        if (result_is_null(&result, i, 1))
            watch->over[watch->cleared++] = subject;
        else
            watch->alarms[watch->raised++] =
                (struct alarm){watch->kind, arena_text(watch->arena, result_span(&result, i, 1)),
                               subject, arena_text(watch->arena, result_span(&result, i, 2))};
    }
    result_release(&result);
    return status == STATUS_OK && arena_failed(watch->arena) ? STATUS_MEMORY : status;
}

static enum status tell(struct store_conn *conn, void *context)
{
    struct watch *watch = context;

    watch->raised = watch->cleared = 0;
    enum status status = find(conn, watch);
    if (status == STATUS_OK)
        status = alarm_raise(conn, watch->arena, watch->alarms, watch->raised);
    if (status == STATUS_OK && watch->cleared > 0)
        status = alarm_clear_all(conn, watch->kind, watch->over, watch->cleared);
    return status;
}

enum status standing_tell(struct store *store, struct arena *arena, const char *kind,
                          const struct store_statement *query)
{
    struct watch watch = {.arena = arena, .kind = kind, .query = query};

    return store_transaction(store, tell, &watch);
}
