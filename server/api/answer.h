/* answer.h - how handlers answer what the store gave them */
#ifndef SERVER_API_ANSWER_H
#define SERVER_API_ANSWER_H

#include "server/http/reply.h"
#include "server/http/request.h"
#include "server/store/document.h"

/* 200 with json, or the problem that the status means. subject: "device \"r1\"". */
void answer_json(struct reply *reply, enum status status, struct span json, const char *subject);

/* code (200, 201) with the document and its ETag. */
void answer_document(struct reply *reply, enum status status, unsigned code,
                     const struct document *document, const char *subject);

/* 204. */
void answer_done(struct reply *reply, enum status status, const char *subject);

/* "device \"r1\"", in the request's arena. */
const char *answer_subject(const struct request *request, const char *noun, const char *id);

/* ?after=&limit= of a list. False: a problem was answered. */
struct answer_page {
    const char *after;    /* NULL: from the start */
    int64_t after_number; /* 0 likewise; only for lists whose keys are numbers */
    int64_t limit;
};
enum answer_key { ANSWER_KEY_TEXT, ANSWER_KEY_NUMBER };
bool answer_read_page(const struct request *request, struct reply *reply, enum answer_key key,
                      struct answer_page *page);

/* The body by a table. False: a problem was answered. */
bool answer_decode(struct request *request, struct reply *reply, const struct json_field *fields,
                   size_t count, void *target);

/* If-Match. False: a problem was answered. */
enum answer_match { ANSWER_MATCH_OPTIONAL, ANSWER_MATCH_REQUIRED };
bool answer_read_match(const struct request *request, struct reply *reply, enum answer_match match,
                       int64_t *version);

/* The number in the path parameter {name}. False: 404 was answered. */
bool answer_read_number(const struct request *request, struct reply *reply, const char *name,
                        int64_t *number);

/* 400 naming one query parameter or field. */
void answer_bad(struct reply *reply, const char *pointer, const char *detail);

/* json as compact text in the arena; empty when the arena is full. */
struct span answer_dump(struct arena *arena, const struct json *json);

/* A robot's labels: a flat object of texts, or NULL for none. False: a problem was answered. */
bool answer_check_labels(struct reply *reply, const struct json *labels);

#endif
