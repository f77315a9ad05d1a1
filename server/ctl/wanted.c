#include "server/ctl/wanted.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "server/ctl/asked.h"
#include "server/ctl/change_print.h"
#include "server/ctl/colour.h"
#include "server/ctl/object_find.h"
#include "server/ctl/progress.h"
#include "server/ctl/yaml.h"

#define NOTHING      span_text("")
#define MOST_OBJECTS 4096
#define ARENA_BYTES  ((size_t)256 << 20)
#define ANSWER_BYTES (1 << 22)
#define PATH_BYTES   4096
#define DEPTH        8 /* of folders in folders */

enum action { AS_IS, MAKE, CHANGE, DELETE };

struct item {
    struct object object;
    enum action action;
    char *path; /* its file; NULL: it is to be deleted */
    uint8_t *text;
    size_t text_size;
    struct json *document; /* owned; of what is to be deleted, the server's answer */
    struct json *answer;   /* NULL: not there */
    struct json *hidden;   /* what is told of a member that is secret */
    char etag[64];
    struct object_change changes[OBJECT_CHANGES];
    size_t change_count;
    int64_t forgets; /* so many rows go by it and do not come back */
};

struct wanted {
    struct arena *arena;
    struct item **items;
    size_t count;
};

static void item_free(struct item *item)
{
    if (item == NULL)
        return;
    json_free(item->document);
    json_free(item->answer);
    json_free(item->hidden);
    free(item->text);
    free(item->path);
    free(item);
}

int wanted_create(struct wanted **out)
{
    struct wanted *wanted = calloc(1, sizeof *wanted);

    if (wanted == NULL)
        return ctl_fail("out of memory");
    wanted->items = calloc(MOST_OBJECTS, sizeof(struct item *));
    if (wanted->items == NULL || arena_create(&wanted->arena, ARENA_BYTES) != STATUS_OK) {
        wanted_free(wanted);
        return ctl_fail("out of memory");
    }
    *out = wanted;
    return CTL_DONE;
}

void wanted_free(struct wanted *wanted)
{
    if (wanted == NULL)
        return;
    for (size_t i = 0; i < wanted->count; i++)
        item_free(wanted->items[i]);
    free(wanted->items);
    arena_free(wanted->arena);
    free(wanted);
}

bool wanted_has(const struct wanted *wanted, const char *kind, const char *id)
{
    return wanted->count == 1 && strcmp(wanted->items[0]->object.kind->name, kind) == 0 &&
           strcmp(wanted->items[0]->object.id, id) == 0;
}

/* Reading */

static const struct item *find(const struct wanted *wanted, const struct object_kind *kind,
                               const char *id)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i]->object.kind == kind && strcmp(wanted->items[i]->object.id, id) == 0)
            return wanted->items[i];
    return NULL;
}

static void complain_at(const struct item *item, const char *pointer, const char *detail)
{
    progress_wipe();
    fprintf(stderr, "%s:%zu: %s%s%s\n", item->path,
            yaml_line(span_of(item->text, item->text_size), pointer),
            *pointer ? pointer + 1 : "the document", *pointer ? ": " : " ", detail);
}

/* What stands on the first line of a file beside the document. */
static int write_line_of(const struct item *item, const char *name, struct json_writer *writer)
{
    const char *slash = name[0] != '/' ? strrchr(item->path, '/') : NULL;
    char path[PATH_BYTES];
    uint8_t *data;
    size_t size;

    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - item->path) : 0, item->path,
             name);
    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    json_write_text(writer, span_of(data, strcspn((const char *)data, "\r\n")));
    crypto_wipe(data, size);
    free(data);
    return CTL_DONE;
}

static void write_value(struct json_writer *writer, const struct json *value)
{
    struct buffer text;

    buffer_init(&text, ANSWER_BYTES);
    json_dump(value, &text);
    json_write_raw(writer, buffer_span(&text));
    buffer_release(&text);
}

static void take_document(struct item *item, struct json *document)
{
    object_take(&item->object, document);
    json_free(item->document);
    item->document = document;
}

/* Puts what the document leaves to files into it, in place of their names. */
static int read_files(struct item *item)
{
    const struct object_kind *kind = item->object.kind;
    struct json_writer writer;
    struct buffer text;
    const char *member, *name;
    int result = CTL_DONE;
    bool any = false;

    buffer_init(&text, ANSWER_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    for (size_t i = 0; i < json_count(item->document) && result == CTL_DONE; i++) {
        const struct json *value = json_member_at(item->document, i, &name);

        member = object_file_member(kind, name);
        json_key(&writer, member != NULL ? member : name);
        any |= member != NULL;
        if (member == NULL)
            write_value(&writer, value);
        else
            result = write_line_of(item, json_text(value, ""), &writer);
    }
    json_end_object(&writer);
    if (result == CTL_DONE && any) {
        struct json *whole;

        if (json_parse(buffer_span(&text), &whole, NULL) != STATUS_OK)
            result = ctl_fail("%s: a file that it names is no text", item->path);
        else
            take_document(item, whole);
    }
    crypto_wipe(text.data, text.data != NULL ? text.size : 0);
    buffer_release(&text);
    return result;
}

static int parse(struct wanted *wanted, struct item *item)
{
    struct json_problem problem = {0};
    struct buffer text;
    char reason[160];
    int result = CTL_DONE;

    buffer_init(&text, 1 << 22);
    if (yaml_to_json(span_of(item->text, item->text_size), &text, reason) != STATUS_OK) {
        fprintf(stderr, "%s:%s\n", item->path, reason);
        result = CTL_FAILED;
    } else if (json_parse(buffer_span(&text), &item->document, reason) != STATUS_OK) {
        result = ctl_fail("%s: %s", item->path, reason);
    } else if (object_read(item->document, wanted->arena, &item->object, &problem) != STATUS_OK) {
        complain_at(item, problem.pointer, *problem.detail ? problem.detail : "is too large");
        result = CTL_FAILED;
    }
    buffer_release(&text);
    return result == CTL_DONE ? read_files(item) : result;
}

static int read_file(struct wanted *wanted, const char *path)
{
    struct item *item = calloc(1, sizeof *item);
    const struct item *other;

    if (item == NULL || wanted->count == MOST_OBJECTS) {
        free(item);
        return ctl_fail("more than %d documents", MOST_OBJECTS);
    }
    item->path = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    int result = item->path == NULL ? ctl_fail("out of memory")
                                    : ctl_read_file(path, &item->text, &item->text_size);
    if (result == CTL_DONE)
        result = parse(wanted, item);
    if (result == CTL_DONE && (other = find(wanted, item->object.kind, item->object.id)))
        result = ctl_fail("%s and %s are both of %s %s", other->path, item->path,
                          item->object.kind->name, item->object.id);
    if (result == CTL_DONE)
        wanted->items[wanted->count++] = item;
    else
        item_free(item);
    return result;
}

static int is_document(const struct dirent *entry)
{
    static const char *const ends[] = {".yaml", ".yml", ".json"};
    const size_t size = strlen(entry->d_name);

    if (entry->d_name[0] == '.')
        return 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (size > strlen(ends[i]) && strcmp(entry->d_name + size - strlen(ends[i]), ends[i]) == 0)
            return 1;
    return entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK;
}

static int read_path(struct wanted *wanted, const char *path, unsigned depth);

static int read_folder(struct wanted *wanted, const char *path, unsigned depth)
{
    struct dirent **entries;
    int result = CTL_DONE;
    int count = depth < DEPTH ? scandir(path, &entries, is_document, alphasort) : -1;

    if (count < 0)
        return ctl_fail("\"%s\": %s", path,
                        depth < DEPTH ? "cannot be read" : "folders within folders too deep");
    for (int i = 0; i < count; i++) {
        char inner[PATH_BYTES];
        struct stat st;

        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        /* a folder, or a file by its name: whatever else lies there is not ours */
        entries[i]->d_type = DT_REG;
        if (stat(inner, &st) == 0 && (S_ISDIR(st.st_mode) || is_document(entries[i])) &&
            read_path(wanted, inner, depth + 1) != CTL_DONE)
            result = CTL_FAILED;
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int read_path(struct wanted *wanted, const char *path, unsigned depth)
{
    struct stat st;

    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return read_folder(wanted, path, depth);
    return read_file(wanted, path);
}

int wanted_read(struct wanted *wanted, const char *path)
{
    const size_t before = wanted->count;
    int result = read_path(wanted, path, 0);

    if (result == CTL_DONE && wanted->count == before)
        return ctl_fail("\"%s\" has no .yaml, .yml or .json file", path);
    return result;
}

/* Comparing */

static int compare_by_kind(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;

    if (x->object.kind != y->object.kind)
        return x->object.kind < y->object.kind ? -1 : 1;
    return strcmp(x->object.id, y->object.id);
}

static int fetch(struct ctl *ctl, struct item *item)
{
    struct object_found found;
    int result = object_find(ctl, item->object.kind, item->object.id, &found);

    if (result == CTL_DONE) {
        item->answer = found.answer;
        snprintf(item->etag, sizeof item->etag, "%s", found.etag);
    }
    return result;
}

/* A region that somebody names is there, unwritten: its version says so. */
static bool is_written(const struct item *item)
{
    const struct json *version = json_member(item->answer, "version");

    return item->answer != NULL && (version == NULL || json_int(version, 1) > 0);
}

/* same: what the server said of each, NULL where it has none of them yet. */
static void add_secret_changes(struct item *item, const struct json *same)
{
    const char *name;

    for (size_t i = 0; i < json_count(item->document); i++) {
        json_member_at(item->document, i, &name);
        if (object_is_secret(item->object.kind, name) &&
            !json_bool(json_member(same, name), false) && item->change_count < OBJECT_CHANGES)
            item->changes[item->change_count++] =
                (struct object_change){.name = name, .to = item->hidden};
    }
}

/* Whether they are what the server keeps is for the server to say: they are not told back. */
static int compare_secrets(struct ctl *ctl, struct item *item)
{
    struct json *same = NULL;
    int result = CTL_DONE;

    if (json_parse(span_text("\"(not told)\""), &item->hidden, NULL) != STATUS_OK)
        return ctl_fail("out of memory");
    if (item->answer != NULL)
        result = asked_secrets(ctl, &item->object, &same);
    if (result == CTL_DONE)
        add_secret_changes(item, same);
    json_free(same);
    return result;
}

static int compare_one(struct ctl *ctl, struct item *item)
{
    int result = fetch(ctl, item);

    if (result != CTL_DONE)
        return result;
    if (item->answer == NULL && object_is_over(&item->object, clock_wall_ms()))
        return CTL_DONE;
    item->change_count = object_compare(&item->object, item->answer, item->changes);
    result = compare_secrets(ctl, item);
    if (result != CTL_DONE)
        return result;
    if (!is_written(item))
        item->action = MAKE;
    else if (item->change_count > 0)
        item->action = CHANGE;
    for (size_t i = 0; i < item->change_count; i++) {
        char pointer[96];

        if (!item->changes[i].is_fixed)
            continue;
        snprintf(pointer, sizeof pointer, "/%s", item->changes[i].name);
        complain_at(item, pointer, "stays as it was made: give it another id, or delete it first");
        result = CTL_FAILED;
    }
    return result;
}

static int check_reference(const struct wanted *wanted, struct ctl *ctl, const struct item *item)
{
    const struct object_kind *kind;
    struct object_found found;
    const char *id;

    if (!object_refers(&item->object, &kind, &id) || find(wanted, kind, id))
        return CTL_DONE;
    int result = object_find(ctl, kind, id, &found);
    if (result != CTL_DONE)
        return result;
    json_free(found.answer);
    if (found.answer != NULL)
        return CTL_DONE;
    progress_wipe();
    fprintf(stderr, "%s: there is no %s %s, neither here nor at the server\n", item->path,
            kind->name, id);
    return CTL_FAILED;
}

/* What the server says of it before anything is done. */
static int try_one(struct ctl *ctl, struct item *item)
{
    if (item->action == AS_IS)
        return CTL_DONE;
    ctl->source = (struct ctl_source){
        .path = item->path, .text = span_of(item->text, item->text_size), .root = "", .part = ""};
    int result = asked_contract(ctl, &item->object);
    if (result == CTL_DONE)
        result = asked_forgets(ctl, &item->object, &item->forgets);
    ctl->source = (struct ctl_source){0};
    return result;
}

static bool has_kind(const struct wanted *wanted, const struct object_kind *kind)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i]->object.kind == kind && wanted->items[i]->path != NULL)
            return true;
    return false;
}

static int add_unnamed(struct wanted *wanted, const struct object_kind *kind,
                       const struct json *theirs)
{
    struct item *item;
    struct buffer text;

    if (find(wanted, kind, object_id_of(kind, theirs)) != NULL || !object_may_go(kind, theirs))
        return CTL_DONE;
    item = calloc(1, sizeof *item);
    if (item == NULL || wanted->count == MOST_OBJECTS) {
        free(item);
        return ctl_fail("more than %d objects", MOST_OBJECTS);
    }
    wanted->items[wanted->count++] = item;
    buffer_init(&text, ANSWER_BYTES);
    json_dump(theirs, &text);
    enum status status = json_parse(buffer_span(&text), &item->document, NULL);
    buffer_release(&text);
    item->object =
        (struct object){.kind = kind, .id = object_id_of(kind, item->document), .document = NULL};
    item->action = DELETE;
    return status == STATUS_OK ? CTL_DONE : ctl_fail("out of memory");
}

static int prune_kind(struct wanted *wanted, struct ctl *ctl, const struct object_kind *kind)
{
    struct client_answer answer;
    struct json *list;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, kind->path, (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &list)) != CTL_DONE)
        return result;
    const struct json *items = json_member(list, "items");
    for (size_t i = 0; i < json_count(items) && result == CTL_DONE; i++)
        result = add_unnamed(wanted, kind, json_item(items, i));
    json_free(list);
    return result;
}

int wanted_compare(struct wanted *wanted, struct ctl *ctl, bool prune)
{
    size_t kinds;
    const struct object_kind *kind = object_kinds(&kinds);
    struct progress progress;
    int result = CTL_DONE;

    progress_start(&progress, "asking the server", wanted->count);
    for (size_t i = 0; i < wanted->count && result != CTL_UNREACHABLE; i++) {
        progress_show(&progress, i);
        int one = compare_one(ctl, wanted->items[i]);

        if (one == CTL_DONE)
            one = check_reference(wanted, ctl, wanted->items[i]);
        if (one == CTL_DONE)
            one = try_one(ctl, wanted->items[i]);
        if (one != CTL_DONE)
            result = one;
    }
    progress_clear(&progress);
    for (size_t k = 0; k < kinds && prune && result == CTL_DONE; k++)
        if (kind[k].can_prune && has_kind(wanted, &kind[k]))
            result = prune_kind(wanted, ctl, &kind[k]);
    qsort(wanted->items, wanted->count, sizeof *wanted->items, compare_by_kind);
    return result;
}

static size_t count_of(const struct wanted *wanted, enum action action)
{
    size_t count = 0;

    for (size_t i = 0; i < wanted->count; i++)
        count += wanted->items[i]->action == action;
    return count;
}

size_t wanted_changes(const struct wanted *wanted)
{
    return wanted->count - count_of(wanted, AS_IS);
}

/* Telling */

static const struct {
    const char *sign, *word, *done;
    enum colour colour;
} actions[] = {
    [AS_IS] = {"=", "as it is", "as it is", COLOUR_NONE},
    [MAKE] = {"+", "make", "made", COLOUR_GREEN},
    [CHANGE] = {"~", "change", "changed", COLOUR_YELLOW},
    [DELETE] = {"-", "delete", "deleted", COLOUR_RED},
};

static void print_item(const struct item *item, FILE *out)
{
    if (item->action == AS_IS)
        return;
    fprintf(out, "%s%s %s %s%s\n", colour_begin(out, actions[item->action].colour),
            actions[item->action].sign, item->object.kind->name, item->object.id, colour_end(out));
    for (size_t i = 0; i < item->change_count; i++)
        change_print(out, &item->changes[i]);
    if (item->forgets > 0)
        fprintf(out, "    %lld of what is kept would go and not come back\n",
                (long long)item->forgets);
}

void wanted_print(const struct wanted *wanted, FILE *out)
{
    for (size_t i = 0; i < wanted->count; i++)
        print_item(wanted->items[i], out);
    fprintf(out, "%zu to make, %zu to change, %zu to delete, %zu as they are\n",
            count_of(wanted, MAKE), count_of(wanted, CHANGE), count_of(wanted, DELETE),
            count_of(wanted, AS_IS));
}

static void write_item(struct json_writer *writer, const struct item *item)
{
    json_begin_object(writer);
    json_write_member(writer, "kind", item->object.kind->name);
    json_write_member(writer, "id", item->object.id);
    json_write_member(writer, "action", actions[item->action].word);
    json_key(writer, "changes");
    json_begin_array(writer);
    for (size_t i = 0; i < item->change_count; i++)
        change_print_json(writer, &item->changes[i]);
    json_end_array(writer);
    if (item->forgets > 0) {
        json_key(writer, "forgets");
        json_write_int(writer, item->forgets);
    }
    json_end_object(writer);
}

void wanted_write_json(const struct wanted *wanted, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < wanted->count; i++)
        write_item(&writer, wanted->items[i]);
    json_end_array(&writer);
    json_end_object(&writer);
}

/* Carrying out */

/* A contract that is there gets a new version, in force from now. */
static void write_version(const struct object *object, struct buffer *body)
{
    struct json_writer writer;
    struct buffer document;
    char now[CLOCK_TEXT_SIZE];

    clock_format(clock_wall_ms(), now);
    buffer_init(&document, ANSWER_BYTES);
    object_write_body(object, NULL, &document);
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_write_member(&writer, "effective_from", now);
    json_key(&writer, "document");
    json_write_raw(&writer, buffer_span(&document));
    json_end_object(&writer);
    buffer_release(&document);
}

static void fill_request(const struct item *item, struct buffer *path, struct buffer *body,
                         struct client_request *request)
{
    const struct object_kind *kind = item->object.kind;
    const bool is_contract = kind == object_kind_find("contract");
    const bool is_change = item->action == CHANGE && !kind->is_replaced;
    const bool at_itself = item->action == DELETE || kind->is_whole || is_change;

    if (at_itself)
        object_write_path(kind, item->object.id,
                          item->action == DELETE ? item->document : item->answer, path);
    else
        buffer_text(path, kind->path);
    if (item->action == CHANGE && is_contract) {
        buffer_text(path, "/versions");
        write_version(&item->object, body);
    } else if (item->action != DELETE) {
        object_write_body(&item->object, item->answer, body);
    }
    *request = (struct client_request){
        .method = item->action == DELETE      ? "DELETE"
                  : kind->is_whole            ? "PUT"
                  : is_change && !is_contract ? "PATCH"
                                              : "POST",
        .path = buffer_cstring(path),
        .body = buffer_span(body),
        .if_match = item->etag[0] != '\0' && !is_contract ? item->etag : NULL,
    };
}

/* What another now stands for goes, so that there is no moment without either. */
static int drop_replaced(struct ctl *ctl, const struct item *item)
{
    struct client_answer answer;
    struct buffer path;

    if (item->action != CHANGE || !item->object.kind->is_replaced)
        return CTL_DONE;
    buffer_init(&path, PATH_BYTES);
    object_write_path(item->object.kind, item->object.id, item->answer, &path);
    const struct client_request request = {.method = "DELETE", .path = buffer_cstring(&path)};
    int result = ctl_send(ctl, &request, &answer);
    buffer_release(&path);
    return result;
}

static int apply_one(struct ctl *ctl, struct item *item, struct progress *progress)
{
    struct client_request request;
    struct client_answer answer;
    struct buffer path, body;
    int result = CTL_DONE;

    /* a group's layer is there as soon as the group is, which may have been a moment ago */
    if (item->action == MAKE && item->object.kind->is_whole && item->answer == NULL)
        result = fetch(ctl, item);
    if (result != CTL_DONE)
        return result;
    buffer_init(&path, PATH_BYTES);
    buffer_init(&body, ANSWER_BYTES);
    fill_request(item, &path, &body, &request);
    if (item->path != NULL)
        ctl->source =
            (struct ctl_source){.path = item->path,
                                .text = span_of(item->text, item->text_size),
                                .root = strstr(request.path, "/versions") ? "/document" : "",
                                .part = ""};
    result = ctl_send(ctl, &request, &answer);
    if (result == CTL_DONE)
        result = drop_replaced(ctl, item);
    ctl->source = (struct ctl_source){0};
    progress_clear(progress);
    if (result == CTL_DONE && !ctl->json) {
        printf("%s %s %s\n", actions[item->action].done, item->object.kind->name, item->object.id);
        fflush(stdout); /* many take a while: each is seen when it is done */
    }
    buffer_release(&path);
    buffer_release(&body);
    return result;
}

/* In the order of doing: what is to go goes last, and what refers to others before these. */
static struct item *nth(const struct wanted *wanted, size_t place)
{
    for (size_t i = 0; i < wanted->count; i++)
        if ((wanted->items[i]->action == MAKE || wanted->items[i]->action == CHANGE) &&
            place-- == 0)
            return wanted->items[i];
    for (size_t i = wanted->count; i-- > 0;)
        if (wanted->items[i]->action == DELETE && place-- == 0)
            return wanted->items[i];
    return NULL;
}

/* What a refusal left undone, so that nobody has to guess. */
static void print_rest(const struct wanted *wanted, size_t done, size_t all)
{
    fprintf(stderr, "%zu of %zu were done; not done:\n", done, all);
    for (size_t i = done; i < all; i++) {
        const struct item *item = nth(wanted, i);

        if (item == NULL)
            break;
        fprintf(stderr, "  %s %s %s\n", actions[item->action].word, item->object.kind->name,
                item->object.id);
    }
    fputs("Once the cause is mended, the same again goes on from there.\n", stderr);
}

/* What goes for good goes only when that was said, and then before anything else is done. */
static int check_forgetting(const struct wanted *wanted, const struct ctl *ctl)
{
    if (args_flag(&ctl->args, "yes"))
        return CTL_DONE;
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i]->forgets > 0)
            return ctl_fail("%lld of %s would go and not come back: mynactl apply --yes does it; "
                            "nothing was changed",
                            (long long)wanted->items[i]->forgets, wanted->items[i]->object.id);
    return CTL_DONE;
}

int wanted_apply(struct wanted *wanted, struct ctl *ctl)
{
    const size_t all = wanted_changes(wanted);
    struct progress progress;
    int result = check_forgetting(wanted, ctl);
    size_t done = 0;

    if (result != CTL_DONE)
        return result;
    progress_start(&progress, "applying", all);
    while (done < all && result == CTL_DONE) {
        struct item *item = nth(wanted, done);

        if (item == NULL)
            break;
        progress_show(&progress, done);
        result = apply_one(ctl, item, &progress);
        done += result == CTL_DONE;
    }
    progress_clear(&progress);
    if (result != CTL_DONE)
        print_rest(wanted, done, all);
    return result;
}
