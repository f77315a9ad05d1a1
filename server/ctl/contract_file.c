#include "server/ctl/contract_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/yaml.h"

#define DOCUMENT_LIMIT (1u << 20)
#define MOST_FAULTS    20
#define ARENA_LIMIT    ((size_t)64 << 20)

/* A file as it was read. */
struct source {
    const char *path;
    struct span text;
};

/* What is wrong with a document, and where. */
struct faults {
    struct json_problem problems[MOST_FAULTS + 1]; /* and the zone's */
    size_t lines[MOST_FAULTS + 1];
    size_t count;
};

static void tell(const struct source *source, size_t line, const struct json_problem *problem)
{
    const char *pointer = problem->pointer;

    ctl_fail("%s:%zu: %s%s%s", source->path, line, pointer[0] ? pointer + 1 : "",
             pointer[0] ? ": " : "", problem->detail);
}

/* Tells all, the topmost first; those of one line in the order in which they were found. */
static int refuse(const struct source *source, struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        faults->lines[i] = yaml_line(source->text, faults->problems[i].pointer);
    for (size_t told = 0; told < faults->count; told++) {
        size_t next = SIZE_MAX;

        for (size_t i = 0; i < faults->count; i++)
            if (faults->lines[i] != 0 &&
                (next == SIZE_MAX || faults->lines[i] < faults->lines[next]))
                next = i;
        tell(source, faults->lines[next], &faults->problems[next]);
        faults->lines[next] = 0;
    }
    if (faults->count >= MOST_FAULTS)
        ctl_fail("%s: there may be more: these are the first %d", source->path, MOST_FAULTS);
    return CTL_FAILED;
}

/* Opens the zone, whose form alone was checked so far; one that is not there is a fault too. */
static enum status open_zone(const struct json *document, struct faults *faults, struct zone **zone)
{
    const char *name = json_text(json_member(document, "zone"), "");
    enum status status = zone_open(zone, name);

    if (status != STATUS_NOT_FOUND && status != STATUS_INVALID)
        return status;
    for (size_t i = 0; i < faults->count; i++)
        if (strcmp(faults->problems[i].pointer, "/zone") == 0)
            return STATUS_INVALID;
    struct json_problem *problem = &faults->problems[faults->count++];
    snprintf(problem->pointer, sizeof problem->pointer, "/zone");
    snprintf(problem->detail, sizeof problem->detail,
             "there is no such time zone; an example is \"Asia/Shanghai\"");
    return STATUS_INVALID;
}

static int read_terms(const struct source *source, const struct json *document, struct arena *arena,
                      struct contract *out, struct zone **zone)
{
    struct faults faults = {0};
    enum status status =
        contract_check(document, arena, out, faults.problems, MOST_FAULTS, &faults.count);

    if (status == STATUS_OK || (status == STATUS_INVALID && json_member(document, "zone"))) {
        enum status zone_status = open_zone(document, &faults, zone);

        status = status == STATUS_OK ? zone_status : status;
    }
    if (status == STATUS_OK)
        return CTL_DONE;
    zone_close(*zone);
    *zone = NULL;
    return status == STATUS_INVALID ? refuse(source, &faults)
                                    : ctl_fail("%s: %s", source->path, status_text(status));
}

/* JSON is read as such, so that its numbers are what a server takes them for; what is not JSON is
 * YAML, whose plain 0.8 is a text. */
static enum status parse(const struct source *source, struct buffer *text, struct json **document,
                         char problem[160])
{
    const size_t before = text->size;

    if (json_parse(source->text, document, NULL) == STATUS_OK) {
        json_dump(*document, text);
        return buffer_status(text);
    }
    enum status status = yaml_to_json(source->text, text, problem);
    if (status != STATUS_OK)
        return status;
    struct span json = buffer_span(text);
    return json_parse(span_of(json.data + before, json.size - before), document, problem);
}

static int read_source(const struct source *source, struct buffer *text, struct arena *arena,
                       struct contract *out, struct zone **zone)
{
    struct json *document = NULL;
    char problem[160] = "";
    enum status status = parse(source, text, &document, problem);
    int result = status == STATUS_OK ? read_terms(source, document, arena, out, zone)
                                     : ctl_fail("%s:%s%s", source->path, problem[0] ? "" : " ",
                                                problem[0] ? problem : status_text(status));
    json_free(document);
    return result;
}

int contract_file_load(const char *path, struct buffer *text, struct buffer *bytes,
                       struct arena **arena, struct contract *out, struct zone **zone)
{
    struct source source = {.path = path};
    uint8_t *data;
    size_t size;

    *arena = NULL;
    *zone = NULL;
    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    source.text = span_of(data, size);
    buffer_add(bytes, source.text);
    int result = arena_create(arena, ARENA_LIMIT) == STATUS_OK
                     ? read_source(&source, text, *arena, out, zone)
                     : ctl_fail("out of memory");
    if (result != CTL_DONE) {
        arena_free(*arena);
        *arena = NULL;
    }
    free(data);
    return result;
}

int contract_file_read(const char *path, struct arena **arena, struct contract *out,
                       struct zone **zone)
{
    struct buffer text, bytes;

    buffer_init(&text, DOCUMENT_LIMIT);
    buffer_init(&bytes, DOCUMENT_LIMIT);
    int result = contract_file_load(path, &text, &bytes, arena, out, zone);
    buffer_release(&bytes);
    buffer_release(&text);
    return result;
}
