#include "tests/vendors/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "schema/base/log.h"

#define MAX_LINE_BYTES 4096

struct sums {
    int64_t requests, answered, finished, input, cached, output, reasoning, chars, audio_ms;
};

struct account {
    char key[KEYS_NAME_SIZE];
    char model[LEDGER_MODEL_SIZE];
    struct sums sums;
};

struct ledger {
    int fd;
    struct buffer line;
    struct sums total;
    struct account *accounts; /* open addressing; key "" is an empty place */
    size_t count, capacity;   /* capacity is a power of two */
};

static size_t place_of(const struct ledger *ledger, const char *key, const char *model)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (const char *text = key; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001B3u;
    for (const char *text = model; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001B3u;

    size_t place = (size_t)hash & (ledger->capacity - 1);
    while (ledger->accounts[place].key[0] != '\0' &&
           (strcmp(ledger->accounts[place].key, key) != 0 ||
            strcmp(ledger->accounts[place].model, model) != 0))
        place = (place + 1) & (ledger->capacity - 1);
    return place;
}

static enum status grow(struct ledger *ledger)
{
    struct account *old = ledger->accounts;
    size_t old_capacity = ledger->capacity;
    size_t capacity = old_capacity > 0 ? old_capacity * 2 : 64;
    struct account *accounts = calloc(capacity, sizeof *accounts);

    if (accounts == NULL)
        return STATUS_MEMORY;
    ledger->accounts = accounts;
    ledger->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key[0] != '\0')
            accounts[place_of(ledger, old[i].key, old[i].model)] = old[i];
    free(old);
    return STATUS_OK;
}

static void add(struct sums *sums, const struct ledger_entry *entry)
{
    sums->requests++;
    sums->answered += entry->status == 200;
    sums->finished += entry->finished;
    sums->input += entry->input;
    sums->cached += entry->cached;
    sums->output += entry->output;
    sums->reasoning += entry->reasoning;
    sums->chars += entry->chars;
    sums->audio_ms += entry->audio_ms;
}

/* Room for one more account must be there: see grow(). */
static void book(struct ledger *ledger, const struct ledger_entry *entry)
{
    struct account *account = &ledger->accounts[place_of(ledger, entry->key, entry->model)];

    if (account->key[0] == '\0') {
        snprintf(account->key, sizeof account->key, "%s", entry->key);
        snprintf(account->model, sizeof account->model, "%s", entry->model);
        ledger->count++;
    }
    add(&account->sums, entry);
    add(&ledger->total, entry);
}

static enum status make_room(struct ledger *ledger)
{
    return (ledger->count + 1) * 4 > ledger->capacity * 3 ? grow(ledger) : STATUS_OK;
}

static void write_text(struct json_writer *writer, const char *name, const char *value)
{
    json_key(writer, name);
    json_write_text(writer, span_text(value));
}

static void write_int(struct json_writer *writer, const char *name, int64_t value)
{
    json_key(writer, name);
    json_write_int(writer, value);
}

static void write_line(const struct ledger_entry *entry, struct buffer *out)
{
    struct json_writer writer;
    char at[CLOCK_TEXT_SIZE];

    clock_format(entry->at_ms, at);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    write_text(&writer, "request_id", entry->request_id);
    write_text(&writer, "vendor_request_id", entry->vendor_request_id);
    write_text(&writer, "key", entry->key);
    write_text(&writer, "model", entry->model);
    write_text(&writer, "at", at);
    write_int(&writer, "status", entry->status);
    write_int(&writer, "input", entry->input);
    write_int(&writer, "cached", entry->cached);
    write_int(&writer, "output", entry->output);
    write_int(&writer, "reasoning", entry->reasoning);
    write_int(&writer, "chars", entry->chars);
    write_int(&writer, "audio_ms", entry->audio_ms);
    json_key(&writer, "finished");
    json_write_bool(&writer, entry->finished);
    write_text(&writer, "fault", conditions_fault_name(entry->fault));
    json_end_object(&writer);
    buffer_byte(out, '\n');
}

static void take_line(struct ledger *ledger, struct span line)
{
    struct json *json = NULL;
    char problem[160];

    if (json_parse(line, &json, problem) != STATUS_OK || make_room(ledger) != STATUS_OK) {
        log_warning("ledger", "left out a line of the ledger that cannot be read: %s", problem);
        json_free(json);
        return;
    }
    struct ledger_entry entry = {
        .status = json_int(json_member(json, "status"), 0),
        .input = json_int(json_member(json, "input"), 0),
        .cached = json_int(json_member(json, "cached"), 0),
        .output = json_int(json_member(json, "output"), 0),
        .reasoning = json_int(json_member(json, "reasoning"), 0),
        .chars = json_int(json_member(json, "chars"), 0),
        .audio_ms = json_int(json_member(json, "audio_ms"), 0),
        .finished = json_bool(json_member(json, "finished"), false),
    };
    snprintf(entry.key, sizeof entry.key, "%s", json_text(json_member(json, "key"), "-"));
    snprintf(entry.model, sizeof entry.model, "%s", json_text(json_member(json, "model"), ""));
    book(ledger, &entry);
    json_free(json);
}

static enum status read_lines(struct ledger *ledger)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t size;
    bool whole = true;
    int fd = dup(ledger->fd);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return STATUS_IO;
    }
    while ((size = getline(&text, &room, file)) > 0) {
        whole = text[size - 1] == '\n';
        take_line(ledger, span_of(text, (size_t)size));
    }
    bool failed = ferror(file) != 0;
    free(text);
    fclose(file);
    if (!whole && write(ledger->fd, "\n", 1) != 1)
        failed = true;
    return failed ? STATUS_IO : STATUS_OK;
}

enum status ledger_open(struct ledger **out, const char *path, char problem[256])
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    enum status status = STATUS_IO;

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (ledger == NULL)
        return STATUS_MEMORY;
    buffer_init(&ledger->line, MAX_LINE_BYTES);
    ledger->fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
                              : open("/tmp", O_RDWR | O_TMPFILE | O_APPEND | O_CLOEXEC, 0600);
    if (ledger->fd < 0) {
        snprintf(problem, 256, "cannot open ledger \"%s\": %s", path != NULL ? path : "/tmp",
                 strerror(errno));
        goto fail;
    }
    status = grow(ledger);
    if (status == STATUS_OK)
        status = read_lines(ledger);
    if (status != STATUS_OK) {
        snprintf(problem, 256, "cannot read ledger \"%s\": %s", path, status_text(status));
        goto fail;
    }
    *out = ledger;
    return STATUS_OK;

fail:
    ledger_close(ledger);
    return status;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    if (ledger->fd >= 0)
        close(ledger->fd);
    buffer_release(&ledger->line);
    free(ledger->accounts);
    free(ledger);
}

enum status ledger_append(struct ledger *ledger, const struct ledger_entry *entry)
{
    enum status status = make_room(ledger);

    if (status != STATUS_OK)
        return status;
    buffer_clear(&ledger->line);
    write_line(entry, &ledger->line);
    status = buffer_status(&ledger->line);
    if (status != STATUS_OK)
        return status;
    struct span line = buffer_span(&ledger->line);
    if (write(ledger->fd, line.data, line.size) != (ssize_t)line.size)
        return STATUS_IO;
    book(ledger, entry);
    return STATUS_OK;
}

static void write_sums(struct json_writer *writer, const struct sums *sums)
{
    write_int(writer, "requests", sums->requests);
    write_int(writer, "answered", sums->answered);
    write_int(writer, "finished", sums->finished);
    write_int(writer, "input", sums->input);
    write_int(writer, "cached", sums->cached);
    write_int(writer, "output", sums->output);
    write_int(writer, "reasoning", sums->reasoning);
    write_int(writer, "chars", sums->chars);
    write_int(writer, "audio_ms", sums->audio_ms);
}

void ledger_write_summary(const struct ledger *ledger, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "total");
    json_begin_object(&writer);
    write_sums(&writer, &ledger->total);
    json_end_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < ledger->capacity; i++) {
        const struct account *account = &ledger->accounts[i];

        if (account->key[0] == '\0')
            continue;
        json_begin_object(&writer);
        write_text(&writer, "key", account->key);
        write_text(&writer, "model", account->model);
        write_sums(&writer, &account->sums);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
}

enum status ledger_share(const struct ledger *ledger, int *fd, uint64_t *size)
{
    struct stat st;
    int copy = fcntl(ledger->fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0)
        return STATUS_IO;
    if (fstat(copy, &st) < 0) {
        close(copy);
        return STATUS_IO;
    }
    *fd = copy;
    *size = (uint64_t)st.st_size;
    return STATUS_OK;
}
