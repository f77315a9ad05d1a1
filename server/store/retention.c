#include "server/store/retention.h"

#include <string.h>

#include "schema/base/json.h"
#include "server/store/usage_months.h"

#define BATCH   5000
#define BATCHES 20 /* of a class in one run: others wait for their locks */

/* count: rows older than $1 units; forget: at most $2 of them. Neither: the class stays. */
struct class
{
    const char *name, *what, *unit, *why;
    int64_t usual, least, most;
    bool may_be_ever;
    const struct store_statement *count, *forget;
};

/* One class of rows: what it is kept by, and which rows are over. forgetting may audit them. */
#define ROWS(table, age, over)                                                                     \
    STORE_STATEMENT(count, "SELECT count(*) FROM myna." table " t WHERE " age                      \
                           " <= now() - make_interval(days => $1::int)" over);                     \
    STORE_STATEMENT(forget, "WITH gone AS (DELETE FROM myna." table " WHERE ctid = ANY(ARRAY("     \
                            "   SELECT t.ctid FROM myna." table " t WHERE " age                    \
                            "   <= now() - make_interval(days => $1::int)" over                    \
                            "   LIMIT $2::bigint)) RETURNING 1) SELECT count(*) FROM gone")

static struct class alerts(void)
{
    ROWS("alert", "t.cleared_at",
         " AND t.state = 'cleared' AND coalesce(t.silenced_until <= now(), true)");
    return (struct class){"alerts", "alerts that are over, and what was sent about them",
                          "days",   NULL,
                          90,       1,
                          3650,     true,
                          &count,   &forget};
}

/* Whoever forgets what an owner agreed to send says so. */
static struct class bundles(void)
{
    STORE_STATEMENT(count, "SELECT count(*) FROM myna.bundle"
                           " WHERE at <= now() - make_interval(days => $1::int)");
    STORE_STATEMENT(
        forget, "WITH gone AS (DELETE FROM myna.bundle WHERE ctid = ANY(ARRAY("
                "   SELECT ctid FROM myna.bundle WHERE at <= now() - make_interval(days => $1::int)"
                "   LIMIT $2::bigint)) RETURNING *)"
                "SELECT count(myna.audit_append('mynad', 'janitor', 'bundle.forget',"
                "  'device/' || device_id, jsonb_build_object('id', bundle_id), NULL)) FROM gone");
    return (struct class){
        "bundles", "robots' reports about themselves", "days", NULL, 30, 1, 365, false, &count,
        &forget};
}

static struct class claims(void)
{
    ROWS("claim", "least(t.expires_at, t.withdrawn_at)", "");
    return (struct class){"claims", "claim codes that are over, with their serial numbers",
                          "days",   NULL,
                          365,      30,
                          3650,     true,
                          &count,   &forget};
}

static struct class commands(void)
{
    ROWS("command", "t.created_at", " AND t.status NOT IN ('waiting', 'sent')");
    return (struct class){"commands", "what robots were told, and what they answered",
                          "days",     NULL,
                          365,        1,
                          3650,       true,
                          &count,     &forget};
}

static struct class pictures(void)
{
    ROWS("face_picture", "t.at", "");
    return (struct class){"pictures", "the last picture of each robot's face",
                          "days",     NULL,
                          30,         1,
                          365,        false,
                          &count,     &forget};
}

static struct class usage(void)
{
    STORE_STATEMENT(count, "SELECT count(*) FROM myna.usage_months_that_may_go("
                           " now() - make_interval(months => $1::int))");
    return (struct class){"usage",  "usage records, once every month they reach into is locked",
                          "months", NULL,
                          0,        1,
                          1200,     true,
                          &count,   NULL};
}

static struct class vendor_hours(void)
{
    ROWS("vendor_hour", "t.hour", "");
    return (struct class){
        "vendor-hours", "how vendors answered, by hour", "days", NULL, 90, 7, 3650, true, &count,
        &forget};
}

static const struct {
    struct class (*find)(void);
    struct class stays;
} classes[] = {
    {alerts, {0}},
    {bundles, {0}},
    {claims, {0}},
    {commands, {0}},
    {pictures, {0}},
    {usage, {0}},
    {vendor_hours, {0}},
    {NULL,
     {.name = "answers",
      .what = "answers to posts with an Idempotency-Key",
      .why = "a day: so long may the same post come again"}},
    {NULL,
     {.name = "audit",
      .what = "who changed what",
      .why = "for ever: a chain that loses its beginning proves nothing; erasing a robot "
             "blanks what it says of it"}},
    {NULL,
     {.name = "bills",
      .what = "counts, sums by day, corrections, locked statements",
      .why = "for ever: bills are reckoned from them, not from records"}},
    {NULL,
     {.name = "health",
      .what = "what robots measured of themselves",
      .why = "two days: a ring that overwrites itself"}},
    {NULL, {.name = "sessions", .what = "logins", .why = "until they end, and no longer"}},
    {NULL,
     {.name = "usage-hours",
      .what = "sums by robot and hour",
      .why = "for ever: forecasts and pre-flight look back at them; erasing a robot takes "
             "its name off them"}},
};

#define CLASS_COUNT (sizeof classes / sizeof *classes)

static struct class class_at(size_t i)
{
    return classes[i].find ? classes[i].find() : classes[i].stays;
}

/* STATUS_NOT_FOUND. */
static enum status find(const char *name, struct class *out)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        *out = class_at(i);
        if (strcmp(out->name, name) == 0)
            return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static int64_t usual_of(const struct class *class, const struct retention_usual *usual)
{
    if (strcmp(class->name, "usage") == 0)
        return usual->usage_months;
    return strcmp(class->name, "bundles") == 0 ? usual->bundle_days : class->usual;
}

static enum status read_number(struct store *store, const struct store_statement *statement,
                               const struct value *values, size_t count, int64_t fallback,
                               int64_t *out)
{
    struct result result;
    enum status status = store_query(store, statement, values, count, &result);

    if (status != STATUS_OK)
        return status;
    *out = result_count(&result) > 0 ? result_int(&result, 0, 0) : fallback;
    result_release(&result);
    return STATUS_OK;
}

static enum status read_keep(struct store *store, const struct class *class,
                             const struct retention_usual *usual, int64_t *keep)
{
    STORE_STATEMENT(read, "SELECT keep FROM myna.retention WHERE class = $1");

    return read_number(store, &read, STORE_VALUES(value_text(class->name)), usual_of(class, usual),
                       keep);
}

enum status retention_keep(struct store *store, const struct retention_usual *usual,
                           const char *name, int64_t *keep)
{
    struct class class;
    enum status status = find(name, &class);

    return status == STATUS_OK ? read_keep(store, &class, usual, keep) : status;
}

static enum status forget(struct store *store, const struct class *class, int64_t keep,
                          int64_t *gone)
{
    enum status status = STATUS_OK;
    int64_t batch = BATCH;

    if (!class->forget)
        return usage_months_drop(store, keep, gone);
    *gone = 0;
    for (int i = 0; i < BATCHES && batch == BATCH && status == STATUS_OK; i++) {
        status = read_number(store, class->forget, STORE_VALUES(value_int(keep), value_int(BATCH)),
                             0, &batch);
        if (status == STATUS_OK)
            *gone += batch;
    }
    return status;
}

enum status retention_run(struct store *store, const struct retention_usual *usual, int64_t *gone)
{
    enum status worst = STATUS_OK;

    *gone = 0;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        const struct class class = class_at(i);
        int64_t keep = 0, rows = 0;

        if (!class.unit)
            continue;
        enum status status = read_keep(store, &class, usual, &keep);
        if (status == STATUS_OK && keep > 0)
            status = forget(store, &class, keep, &rows);
        *gone += rows;
        if (status != STATUS_OK)
            worst = status; /* the others have their turn nevertheless */
    }
    return worst;
}

static enum status count_due(struct store *store, const struct class *class, int64_t keep,
                             int64_t *due)
{
    *due = 0;
    return keep > 0 ? read_number(store, class->count, STORE_VALUES(value_int(keep)), 0, due)
                    : STATUS_OK;
}

static void write_number(struct json_writer *writer, const char *key, int64_t number)
{
    json_key(writer, key);
    json_write_int(writer, number);
}

static void write_stay(struct json_writer *writer, const struct class *class)
{
    json_begin_object(writer);
    json_write_member(writer, "class", class->name);
    json_write_member(writer, "what", class->what);
    json_key(writer, "unit");
    json_write_null(writer);
    json_write_member(writer, "why", class->why);
    json_end_object(writer);
}

static enum status write_class(struct store *store, const struct retention_usual *usual,
                               const struct class *class, struct json_writer *writer)
{
    STORE_STATEMENT(find_set, "SELECT count(*) FROM myna.retention WHERE class = $1");
    int64_t keep = 0, due = 0, is_set = 0;
    enum status status = read_keep(store, class, usual, &keep);

    if (status == STATUS_OK)
        status = count_due(store, class, keep, &due);
    if (status == STATUS_OK)
        status = read_number(store, &find_set, STORE_VALUES(value_text(class->name)), 0, &is_set);
    if (status != STATUS_OK)
        return status;
    json_begin_object(writer);
    json_write_member(writer, "class", class->name);
    json_write_member(writer, "what", class->what);
    json_write_member(writer, "unit", class->unit);
    write_number(writer, "keep", keep);
    write_number(writer, "usual", usual_of(class, usual));
    write_number(writer, "least", class->least);
    write_number(writer, "most", class->most);
    json_key(writer, "may_be_ever");
    json_write_bool(writer, class->may_be_ever);
    json_key(writer, "is_set");
    json_write_bool(writer, is_set > 0);
    write_number(writer, "due", due);
    json_end_object(writer);
    return STATUS_OK;
}

enum status retention_list(struct store *store, const struct retention_usual *usual,
                           struct arena *arena, struct span *json)
{
    enum status status = STATUS_OK;
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, 64u << 10);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < CLASS_COUNT && status == STATUS_OK; i++) {
        const struct class class = class_at(i);

        if (class.unit)
            status = write_class(store, usual, &class, &writer);
        else
            write_stay(&writer, &class);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    if (status == STATUS_OK)
        status = buffer_status(&text);
    if (status == STATUS_OK)
        *json = arena_copy(arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status retention_check(const char *name, int64_t keep, int64_t *least, int64_t *most,
                            bool *may_be_ever)
{
    struct class class;
    enum status status = find(name, &class);

    if (status != STATUS_OK || !class.unit)
        return STATUS_NOT_FOUND;
    *least = class.least;
    *most = class.most;
    *may_be_ever = class.may_be_ever;
    if (keep == 0)
        return class.may_be_ever ? STATUS_OK : STATUS_INVALID;
    return keep >= class.least && keep <= class.most ? STATUS_OK : STATUS_INVALID;
}

enum status retention_set(struct store *store, const struct author *author, const char *name,
                          int64_t keep, bool is_trial, int64_t *forgets)
{
    STORE_STATEMENT(
        set, "WITH old AS (SELECT * FROM myna.retention WHERE class = $3 FOR UPDATE),"
             " new AS (INSERT INTO myna.retention AS r (class, keep, changed_by)"
             "         VALUES ($3, $4::int, $1) ON CONFLICT (class) DO UPDATE"
             "         SET keep = excluded.keep, changed_at = now(), changed_by = $1 RETURNING r.*)"
             "SELECT myna.audit_append($1, $2, 'retention.update', 'retention/' || new.class,"
             "  (SELECT jsonb_build_object('keep', old.keep) FROM old),"
             "  jsonb_build_object('keep', new.keep)),"
             "  myna.tell('retention', new.class) FROM new");
    struct class class;
    enum status status = find(name, &class);

    if (status == STATUS_OK)
        status = count_due(store, &class, keep, forgets);
    if (status != STATUS_OK || is_trial)
        return status;
    return store_query(store, &set,
                       STORE_VALUES(value_text(author->actor), value_text(author->source),
                                    value_text(name), value_int(keep)),
                       NULL);
}
