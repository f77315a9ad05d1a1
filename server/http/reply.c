#include "server/http/reply.h"

#include <assert.h>

#define PROBLEM_BYTES 16384

void reply_init(struct reply *reply, struct arena *arena)
{
    *reply = (struct reply){.arena = arena, .status = 500, .fd = -1};
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
    assert(reply->header_count < REPLY_HEADERS);
    if (value != NULL)
        reply->headers[reply->header_count++] = (struct reply_header){name, value};
}

void reply_copy(struct reply *reply, const struct reply *other)
{
    assert(other->kind == REPLY_BYTES);
    for (size_t i = 0; i < other->header_count; i++)
        reply_header(reply, other->headers[i].name,
                     arena_text(reply->arena, span_text(other->headers[i].value)));
    reply_bytes(reply, other->status, other->type, arena_copy(reply->arena, other->body));
}

void reply_version(struct reply *reply, int64_t version)
{
    reply_header(reply, "ETag", arena_format(reply->arena, "\"%lld\"", (long long)version));
}

void reply_bytes(struct reply *reply, unsigned status, const char *type, struct span body)
{
    reply->kind = REPLY_BYTES;
    reply->status = status;
    reply->type = type;
    reply->body = body;
}

void reply_json(struct reply *reply, unsigned status, struct span json)
{
    reply_bytes(reply, status, "application/json", json);
}

void reply_empty(struct reply *reply, unsigned status)
{
    reply_bytes(reply, status, NULL, span_of(NULL, 0));
}

void reply_file(struct reply *reply, unsigned status, const char *type, int fd, uint64_t offset,
                uint64_t size)
{
    reply->kind = REPLY_FILE;
    reply->status = status;
    reply->type = type;
    reply->fd = fd;
    reply->file_offset = offset;
    reply->file_size = size;
}

void reply_written(struct reply *reply, unsigned status, const char *type, reply_write write,
                   void *job)
{
    reply->kind = REPLY_WRITTEN;
    reply->status = status;
    reply->type = type;
    reply->write = write;
    reply->job = job;
}

void reply_events(struct reply *reply, enum hub_sight sight, int64_t until_ms)
{
    reply->events_until_ms = until_ms;
    reply->sight = sight;
    reply->kind = REPLY_EVENTS;
    reply->status = 200;
    reply->type = "text/event-stream";
}

static const struct {
    unsigned status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char *reply_title(unsigned status)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

static void write_error(struct json_writer *writer, const struct json_problem *problem)
{
    json_begin_object(writer);
    json_write_member(writer, "pointer", problem->pointer);
    json_write_member(writer, "detail", problem->detail);
    json_end_object(writer);
}

/* Texts may be long or hold anything: the writer escapes, the arena bounds. */
static void problem_body(struct reply *reply, unsigned status, const char *detail,
                         const struct json_problem *problems, size_t count)
{
    struct buffer out;
    struct json_writer writer;

    buffer_init(&out, PROBLEM_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "type", "about:blank");
    json_write_member(&writer, "title", reply_title(status));
    json_key(&writer, "status");
    json_write_int(&writer, status);
    json_write_member(&writer, "detail", detail);
    if (count > 0) {
        json_key(&writer, "errors");
        json_begin_array(&writer);
        for (size_t i = 0; i < count; i++)
            write_error(&writer, &problems[i]);
        json_end_array(&writer);
    }
    json_end_object(&writer);
    struct span body = arena_copy(reply->arena, buffer_span(&out));
    if (buffer_status(&out) != STATUS_OK)
        body = span_of(NULL, 0);
    buffer_release(&out);
    reply_bytes(reply, status, "application/problem+json", body);
}

void reply_problem(struct reply *reply, unsigned status, const char *format, ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    problem_body(reply, status, detail, NULL, 0);
}

void reply_field(struct reply *reply, unsigned status, const struct json_problem *problem)
{
    reply_fields(reply, status, problem, 1);
}

void reply_fields(struct reply *reply, unsigned status, const struct json_problem *problems,
                  size_t count)
{
    problem_body(reply, status, problems[0].detail, problems, count);
}

void reply_status(struct reply *reply, enum status status, const char *subject)
{
    switch (status) {
    case STATUS_NOT_FOUND:
        reply_problem(reply, 404, "there is no %s", subject);
        return;
    case STATUS_EXISTS:
        reply_problem(reply, 409, "%s exists already", subject);
        return;
    case STATUS_CONFLICT:
        reply_problem(reply, 412, "%s was changed by somebody else meanwhile: read it again",
                      subject);
        return;
    case STATUS_DENIED:
        reply_problem(reply, 409, "%s cannot be changed that way now", subject);
        return;
    case STATUS_INVALID:
        reply_problem(reply, 422, "%s is not valid", subject);
        return;
    case STATUS_UNREACHABLE:
    case STATUS_AGAIN:
    case STATUS_TIMEOUT:
        reply_header(reply, "Retry-After", "2");
        reply_problem(reply, 503, "the database cannot be reached now: try again");
        return;
    default:
        reply_problem(reply, 500, "%s: %s", subject, status_text(status));
        return;
    }
}
