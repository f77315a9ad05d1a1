#include "server/ctl/contract_diff.h"

#include <string.h>

#include "schema/base/arena.h"
#include "server/ctl/change_print.h"

#define ARENA_BYTES (8u << 20)
#define MOST        4096 /* more entries than documents may have */

struct changes {
    struct arena *arena;
    struct object_change items[MOST];
    size_t count;
    enum status status;
};

static void add(struct changes *changes, const char *name, const struct json *from,
                const struct json *to)
{
    if (name == NULL || changes->count == MOST)
        changes->status = STATUS_MEMORY;
    if (changes->status == STATUS_OK)
        changes->items[changes->count++] =
            (struct object_change){.name = name, .from = from, .to = to};
}

static bool is_list(const struct json *value)
{
    return json_type(value) == JSON_ARRAY && json_type(json_item(value, 0)) == JSON_OBJECT;
}

static const char *name_of(const struct json *entry)
{
    return json_text(json_member(entry, "name"), "");
}

static const struct json *find(const struct json *list, const char *name, size_t place)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (*name ? strcmp(name_of(json_item(list, i)), name) == 0
                  : i == place && !*name_of(json_item(list, i)))
            return json_item(list, i);
    return NULL;
}

/* "charges/input", "charges/3" */
static const char *entry_path(struct changes *changes, const char *member, const char *name,
                              size_t place)
{
    return *name ? arena_format(changes->arena, "%s/%s", member, name)
                 : arena_format(changes->arena, "%s/%zu", member, place);
}

static void compare_members(struct changes *changes, const char *path, const struct json *from,
                            const struct json *to);

static void compare_lists(struct changes *changes, const char *member, const struct json *from,
                          const struct json *to)
{
    for (size_t i = 0; i < json_count(from); i++) {
        const struct json *entry = json_item(from, i), *now = find(to, name_of(entry), i);
        const char *path = entry_path(changes, member, name_of(entry), i);

        if (now == NULL || path == NULL)
            add(changes, path, entry, NULL);
        else
            compare_members(changes, path, entry, now);
    }
    for (size_t i = 0; i < json_count(to); i++) {
        const struct json *entry = json_item(to, i);

        if (find(from, name_of(entry), i) == NULL)
            add(changes, entry_path(changes, member, name_of(entry), i), NULL, entry);
    }
}

static void compare_member(struct changes *changes, const char *path, const char *name,
                           const struct json *from, const struct json *to)
{
    const char *whole = *path ? arena_format(changes->arena, "%s/%s", path, name) : name;

    if (json_same(from, to))
        return;
    if (!*path && (from == NULL || is_list(from)) && (to == NULL || is_list(to)))
        compare_lists(changes, name, from, to);
    else
        add(changes, whole, from, to);
}

static void compare_members(struct changes *changes, const char *path, const struct json *from,
                            const struct json *to)
{
    const char *name;

    for (size_t i = 0; i < json_count(from); i++) {
        const struct json *value = json_member_at(from, i, &name);

        compare_member(changes, path, name, value, json_member(to, name));
    }
    for (size_t i = 0; i < json_count(to); i++) {
        const struct json *value = json_member_at(to, i, &name);

        if (json_member(from, name) == NULL)
            compare_member(changes, path, name, NULL, value);
    }
}

static void print(FILE *out, const struct changes *changes, long long older, long long newer)
{
    fprintf(out, "version %lld beside version %lld\n", newer, older);
    for (size_t i = 0; i < changes->count; i++)
        change_print(out, &changes->items[i]);
    if (changes->count == 0)
        fputs("    both say the same\n", out);
}

static enum status print_json(FILE *out, const struct changes *changes, int64_t older,
                              int64_t newer)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, ARENA_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_key(&writer, "from");
    json_write_int(&writer, older);
    json_key(&writer, "to");
    json_write_int(&writer, newer);
    json_key(&writer, "changes");
    json_begin_array(&writer);
    for (size_t i = 0; i < changes->count; i++)
        change_print_json(&writer, &changes->items[i]);
    json_end_array(&writer);
    json_end_object(&writer);
    const enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        fprintf(out, "%s\n", buffer_cstring(&text));
    buffer_release(&text);
    return status == STATUS_OK ? STATUS_OK : STATUS_MEMORY;
}

enum status contract_diff_print(FILE *out, const struct json *older, const struct json *newer,
                                bool as_json)
{
    const int64_t from = json_int(json_member(older, "version"), 0),
                  to = json_int(json_member(newer, "version"), 0);
    struct changes *changes;
    struct arena *arena;

    if (arena_create(&arena, ARENA_BYTES) != STATUS_OK)
        return STATUS_MEMORY;
    enum status status = STATUS_MEMORY;
    if ((changes = arena_take(arena, sizeof *changes)) != NULL) {
        changes->arena = arena;
        changes->count = 0;
        changes->status = STATUS_OK;
        compare_members(changes, "", json_member(older, "document"),
                        json_member(newer, "document"));
        status = changes->status;
    }
    if (status == STATUS_OK && as_json)
        status = print_json(out, changes, from, to);
    else if (status == STATUS_OK)
        print(out, changes, (long long)from, (long long)to);
    arena_free(arena);
    return status;
}
