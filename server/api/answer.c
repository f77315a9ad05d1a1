#include "server/api/answer.h"

#define PAGE_LIMIT     100
#define PAGE_LIMIT_MAX 1000

void answer_json(struct reply *reply, enum status status, struct span json, const char *subject)
{
    if (status == STATUS_OK)
        reply_json(reply, 200, json);
    else
        reply_status(reply, status, subject);
}

void answer_document(struct reply *reply, enum status status, unsigned code,
                     const struct document *document, const char *subject)
{
    if (status != STATUS_OK) {
        reply_status(reply, status, subject);
        return;
    }
    reply_version(reply, document->version);
    reply_json(reply, code, document->json);
}

void answer_done(struct reply *reply, enum status status, const char *subject)
{
    if (status == STATUS_OK)
        reply_empty(reply, 204);
    else
        reply_status(reply, status, subject);
}

const char *answer_subject(const struct request *request, const char *noun, const char *id)
{
    const char *text = arena_format(request->arena, "%s \"%.100s\"", noun, id);

    return text != NULL ? text : noun;
}

void answer_bad(struct reply *reply, const char *pointer, const char *detail)
{
    struct json_problem problem;

    snprintf(problem.pointer, sizeof problem.pointer, "%s", pointer);
    snprintf(problem.detail, sizeof problem.detail, "%s", detail);
    reply_field(reply, 400, &problem);
}

bool answer_read_page(const struct request *request, struct reply *reply, enum answer_key key,
                      struct answer_page *page)
{
    *page = (struct answer_page){.after = request_query(request, "after")};
    if (request_query_int(request, "limit", PAGE_LIMIT, 1, PAGE_LIMIT_MAX, &page->limit) !=
        STATUS_OK) {
        answer_bad(reply, "?limit", "must be a number from 1 to 1000");
        return false;
    }
    if (key == ANSWER_KEY_NUMBER &&
        request_query_int(request, "after", 0, 0, INT64_MAX, &page->after_number) != STATUS_OK) {
        answer_bad(reply, "?after", "must be the \"next\" of the page before");
        return false;
    }
    return true;
}

bool answer_decode(struct request *request, struct reply *reply, const struct json_field *fields,
                   size_t count, void *target)
{
    struct json_problem problem;
    enum status status = request_decode(request, fields, count, target, &problem);

    if (status == STATUS_OK)
        return true;
    if (status == STATUS_INVALID)
        reply_field(reply, 400, &problem);
    else
        reply_status(reply, status, "the body");
    return false;
}

bool answer_read_match(const struct request *request, struct reply *reply, enum answer_match match,
                       int64_t *version)
{
    if (match == ANSWER_MATCH_REQUIRED && request_header(request, "If-Match") == NULL) {
        reply_problem(reply, 428,
                      "send If-Match with the ETag that you read, so that nobody's "
                      "change is lost");
        return false;
    }
    if (request_if_match(request, version) != STATUS_OK) {
        reply_problem(reply, 412, "If-Match is no ETag of ours: read it again");
        return false;
    }
    return true;
}

bool answer_read_number(const struct request *request, struct reply *reply, const char *name,
                        int64_t *number)
{
    if (span_to_int64(span_text(request_param(request, name)), number) == STATUS_OK)
        return true;
    reply_problem(reply, 404, "there is nothing at this path");
    return false;
}

struct span answer_dump(struct arena *arena, const struct json *json)
{
    struct buffer out;
    struct span copy = {0};

    buffer_init(&out, ROUTE_BODY_BYTES * 2);
    json_dump(json, &out);
    if (buffer_status(&out) == STATUS_OK)
        copy = arena_copy(arena, buffer_span(&out));
    buffer_release(&out);
    return copy;
}

static bool labels_fit(const struct json *labels)
{
    const char *name;

    if (json_type(labels) != JSON_OBJECT || json_count(labels) > 32)
        return false;
    for (size_t i = 0; i < json_count(labels); i++)
        if (json_text(json_member_at(labels, i, &name), NULL) == NULL)
            return false;
    return true;
}

bool answer_check_labels(struct reply *reply, const struct json *labels)
{
    if (labels == NULL || labels_fit(labels))
        return true;
    answer_bad(reply, "/labels", "must be an object of at most 32 texts");
    return false;
}
