#include "server/ctl/contract_file.h"

#include <stdlib.h>

#include "server/ctl/ctl.h"
#include "server/ctl/yaml.h"

#define DOCUMENT_LIMIT (1u << 20)
#define ARENA_LIMIT    ((size_t)64 << 20)

/* A file as it was read. */
struct source {
    const char *path;
    struct span yaml;
};

static int refuse(const struct source *source, const struct json_problem *problem)
{
    const char *pointer = problem->pointer;

    return ctl_fail("%s:%zu: %s%s%s", source->path, yaml_line(source->yaml, pointer),
                    pointer[0] ? pointer + 1 : "", pointer[0] ? ": " : "", problem->detail);
}

static int read_terms(const struct source *source, const struct json *document, struct arena *arena,
                      struct contract *out, struct zone **zone)
{
    struct json_problem problem = {0};
    enum status status = contract_read(document, arena, out, &problem);

    if (status == STATUS_OK) {
        status = zone_open(zone, out->zone);
        if (status == STATUS_NOT_FOUND) {
            snprintf(problem.pointer, sizeof problem.pointer, "/zone");
            snprintf(problem.detail, sizeof problem.detail,
                     "there is no such time zone; an example is \"Asia/Shanghai\"");
            status = STATUS_INVALID;
        }
    }
    if (status == STATUS_INVALID)
        return refuse(source, &problem);
    return status == STATUS_OK ? CTL_DONE : ctl_fail("%s: %s", source->path, status_text(status));
}

static int read_source(const struct source *source, struct buffer *text, struct arena *arena,
                       struct contract *out, struct zone **zone)
{
    size_t before = text->size;
    struct json *document = NULL;
    char problem[160] = "";
    enum status status = yaml_to_json(source->yaml, text, problem);

    if (status == STATUS_OK) {
        struct span json = buffer_span(text);

        status = json_parse(span_of(json.data + before, json.size - before), &document, problem);
    }
    int result = status == STATUS_OK
                     ? read_terms(source, document, arena, out, zone)
                     : ctl_fail("%s: %s", source->path, problem[0] ? problem : status_text(status));
    json_free(document);
    return result;
}

int contract_file_load(const char *path, struct buffer *text, struct arena **arena,
                       struct contract *out, struct zone **zone)
{
    struct source source = {.path = path};
    uint8_t *data;
    size_t size;

    *arena = NULL;
    *zone = NULL;
    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    source.yaml = span_of(data, size);
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
    struct buffer text;

    buffer_init(&text, DOCUMENT_LIMIT);
    int result = contract_file_load(path, &text, arena, out, zone);
    buffer_release(&text);
    return result;
}
