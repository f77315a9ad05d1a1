#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "server/api/answer.h"
#include "server/api/api.h"

/* The input is lines: method and path with a blank between; "?name=value" of the query,
 * "name: value" of a header; after an empty line the body. */

static char *next_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');

    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

static void add_pair(struct request_pair *pairs, size_t *count, char *line, const char *between)
{
    char *value = strstr(line, between);

    if (value == NULL || *count == REQUEST_PAIRS)
        return;
    *value = '\0';
    pairs[(*count)++] = (struct request_pair){line, value + strlen(between)};
}

static void read_request(struct request *request, char *text)
{
    char *line = next_line(&text);
    char *path = strchr(line, ' ');

    request->method = line;
    request->path = path ? path + 1 : "/";
    if (path)
        *path = '\0';
    while (*(line = next_line(&text)) != '\0') {
        if (*line == '?')
            add_pair(request->query, &request->query_count, line + 1, "=");
        else
            add_pair(request->headers, &request->header_count, line, ": ");
    }
    request->body = span_of(text, strlen(text));
}

/* A matched path gives each parameter of the pattern, one segment of the path. */
static void check_match(struct request *request)
{
    size_t tables;
    const struct route_table *const *all = api_routes(&tables);

    if (request_match(request, all, tables) != STATUS_OK)
        return;
    FUZZ_CHECK(request->route != NULL && request->param_count <= REQUEST_PARAMS);
    for (size_t i = 0; i < request->param_count; i++) {
        FUZZ_CHECK(request->params[i][0] != '\0' && strchr(request->params[i], '/') == NULL);
        FUZZ_CHECK(strstr(request->path, request->params[i]) != NULL);
    }
}

/* Whatever is refused, the answer is a problem that names what is wrong. */
static void check_problem(const struct reply *reply)
{
    struct json *problem = NULL;

    FUZZ_CHECK(reply->status >= 400 && reply->status < 500);
    FUZZ_CHECK(json_parse(reply->body, &problem, NULL) == STATUS_OK);
    FUZZ_CHECK(json_text(json_member(problem, "detail"), "")[0] != '\0');
    json_free(problem);
}

static void check_queries(struct request *request, struct reply *reply)
{
    struct answer_page page;
    int64_t version;

    if (answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        FUZZ_CHECK(page.limit > 0 && page.limit <= 1000 && page.after_number >= 0);
    else
        check_problem(reply);
    if (answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version)) {
        const char *text = request_header(request, "If-Match");
        FUZZ_CHECK((version == -1) == (text == NULL || strcmp(text, "*") == 0));
        FUZZ_CHECK(version >= -1);
    } else {
        check_problem(reply);
    }
    (void)request_same_origin(request);
}

struct target {
    const char *name;
    int64_t number;
    bool flag;
    const struct json *rest;
};

static void check_body(struct request *request, struct reply *reply)
{
    static const struct json_field fields[] = {
        {.name = "name",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct target, name),
         .max = 20},
        {.name = "number",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct target, number),
         .min = -5,
         .max = 5},
        {.name = "flag", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct target, flag)},
        {.name = "rest", .kind = JSON_FIELD_ANY, .offset = offsetof(struct target, rest)},
    };
    struct target target = {0};

    if (!answer_decode(request, reply, fields, sizeof fields / sizeof *fields, &target))
        check_problem(reply);
    else
        FUZZ_CHECK(target.number >= -5 && target.number <= 5 &&
                   (target.name == NULL || strlen(target.name) <= 20));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {0};
    struct reply reply;

    FUZZ_CHECK(arena_create(&request.arena, 1u << 20) == STATUS_OK);
    char *text = arena_text(request.arena, span_of(data, size));
    if (text != NULL) {
        read_request(&request, text);
        reply_init(&reply, request.arena);
        check_match(&request);
        check_queries(&request, &reply);
        check_body(&request, &reply);
    }
    request_release(&request);
    arena_free(request.arena);
    return 0;
}
