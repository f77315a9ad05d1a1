#include "tests/vendors/question.h"

#include "schema/base/json.h"
#include "tests/vendors/tokens.h"

#define MAX_LIMIT (1 << 20)

struct decoding {
    struct arena *arena;
    const struct question_shape *shape;
    struct question *question;
    struct question_problem *problem;
    uint64_t hash; /* of the tokens so far */
};

static enum status refuse(struct decoding *decoding, const char *param, const char *message)
{
    decoding->problem->param = param;
    snprintf(decoding->problem->message, sizeof decoding->problem->message, "%s", message);
    return STATUS_INVALID;
}

static const struct json *find(const struct json *body, const char *path)
{
    char name[64];

    while (body != NULL && path != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");

        if (span_to_text(span_of(path, size), name, sizeof name) != STATUS_OK)
            return NULL;
        body = json_member(body, name);
        path += path[size] == '.' ? size + 1 : size;
    }
    return path != NULL ? body : NULL;
}

static void mix(uint64_t *hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        *hash = (*hash ^ bytes.data[i]) * 0x100000001B3u;
    *hash = (*hash ^ 0xFF) * 0x100000001B3u; /* no byte of UTF-8: ends a token */
}

static void count_token(struct decoding *decoding, struct span token)
{
    struct keys_prefix *prefix = &decoding->question->prefix;

    mix(&decoding->hash, token);
    decoding->question->prompt_tokens++;
    if (decoding->question->prompt_tokens % KEYS_BLOCK == 0 && prefix->count < KEYS_MAX_BLOCKS)
        prefix->blocks[prefix->count++] = decoding->hash;
}

static void count_text(struct decoding *decoding, struct span text)
{
    while (text.size > 0)
        count_token(decoding, tokens_next(&text));
}

/* The text of a message's content: a string, or a list of parts of type text. NULL: neither. */
static const char *content_text(struct decoding *decoding, const struct json *content)
{
    struct buffer joined;
    char *text = NULL;

    if (content == NULL || json_type(content) == JSON_NULL)
        return "";
    if (json_type(content) == JSON_TEXT)
        return json_text(content, "");
    if (json_type(content) != JSON_ARRAY)
        return NULL;

    buffer_init(&joined, 1u << 20);
    for (size_t i = 0; i < json_count(content); i++) {
        const struct json *part = json_item(content, i);

        if (strcmp(json_text(json_member(part, "type"), ""), "text") != 0)
            goto out;
        buffer_text(&joined, json_text(json_member(part, "text"), ""));
    }
    if (buffer_status(&joined) == STATUS_OK)
        text = arena_text(decoding->arena, buffer_span(&joined));
out:
    buffer_release(&joined);
    return text;
}

static bool is_role(const char *role)
{
    static const char *const roles[] = {"system", "developer", "user", "assistant", "tool"};

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(role, roles[i]) == 0)
            return true;
    return false;
}

static void count_message(struct decoding *decoding, const char *role, const char *text)
{
    for (int i = 0; i < QUESTION_MESSAGE_OVERHEAD; i++)
        count_token(decoding, span_text(role));
    count_text(decoding, span_text(text));
}

static enum status decode_message(struct decoding *decoding, const struct json *message)
{
    const char *role = json_text(json_member(message, "role"), "");

    if (!is_role(role))
        return refuse(decoding, "messages",
                      "Each message needs a role: system, developer, user, assistant or tool.");
    const char *text = content_text(decoding, json_member(message, "content"));
    if (text == NULL)
        return refuse(decoding, "messages",
                      "A message's content must be a string or a list of parts of type text.");

    count_message(decoding, role, text);
    if (strcmp(role, "user") == 0)
        decoding->question->asked = arena_copy(decoding->arena, span_text(text));
    return STATUS_OK;
}

static enum status decode_messages(struct decoding *decoding, const struct json *body)
{
    const struct json *messages = find(body, decoding->shape->messages);
    const char *system = content_text(decoding, find(body, decoding->shape->system));
    enum status status = STATUS_OK;

    if (system != NULL && system[0] != '\0')
        count_message(decoding, "system", system);
    if (json_type(messages) != JSON_ARRAY || json_count(messages) == 0)
        return refuse(decoding, "messages", "'messages' must be a list of at least one message.");
    for (size_t i = 0; status == STATUS_OK && i < json_count(messages); i++)
        status = decode_message(decoding, json_item(messages, i));
    return status;
}

static enum status decode_flag(struct decoding *decoding, const struct json *body,
                               const char *param, bool *out)
{
    const struct json *value = find(body, param);

    if (value == NULL || json_type(value) == JSON_NULL)
        return STATUS_OK;
    if (json_type(value) != JSON_BOOL)
        return refuse(decoding, param, "Must be true or false.");
    *out = json_bool(value, false);
    return STATUS_OK;
}

/* The smaller of the limits given. */
static enum status decode_limit(struct decoding *decoding, const struct json *body,
                                const char *param)
{
    const struct json *value = find(body, param);
    int64_t limit = json_int(value, 0);
    int64_t *out = &decoding->question->max_tokens;

    if (value == NULL || json_type(value) == JSON_NULL)
        return STATUS_OK;
    if (json_type(value) != JSON_INT || limit < 1 || limit > MAX_LIMIT)
        return refuse(decoding, param, "Must be a whole number from 1 to 1048576.");
    if (*out == 0 || limit < *out)
        *out = limit;
    return STATUS_OK;
}

static enum status decode_model(struct decoding *decoding, const struct json *body)
{
    static const char thinking[] = "-think";
    const char *model = json_text(json_member(body, "model"), "");
    size_t size = strlen(model);

    if (size == 0)
        return refuse(decoding, "model", "you must provide a model parameter");
    decoding->question->model = arena_text(decoding->arena, span_text(model));
    decoding->question->thinks =
        size >= sizeof thinking - 1 && strcmp(model + size - (sizeof thinking - 1), thinking) == 0;
    mix(&decoding->hash, span_text(model));
    return STATUS_OK;
}

static enum status decode_limits(struct decoding *decoding, const struct json *body)
{
    const struct question_shape *shape = decoding->shape;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < 2 && shape->limits[i] != NULL && status == STATUS_OK; i++)
        status = decode_limit(decoding, body, shape->limits[i]);
    if (status == STATUS_OK && shape->needs_limit && decoding->question->max_tokens == 0)
        status = refuse(decoding, shape->limits[0], "Field required.");
    return status;
}

static enum status decode_usage(struct decoding *decoding, const struct json *body)
{
    const struct question_shape *shape = decoding->shape;
    const struct json *options = json_member(body, "stream_options");
    struct question *question = decoding->question;

    if (shape->usage == NULL) {
        question->include_usage = true;
        return STATUS_OK;
    }
    if (options != NULL && json_type(options) != JSON_NULL && !question->stream)
        return refuse(decoding, "stream_options",
                      "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    enum status status = decode_flag(decoding, body, shape->usage, &question->include_usage);
    if (status == STATUS_OK)
        status = decode_flag(decoding, body, shape->every_usage, &question->every_usage);
    return status;
}

static enum status decode_options(struct decoding *decoding, const struct json *body)
{
    const struct question_shape *shape = decoding->shape;
    struct question *question = decoding->question;
    bool may_think = true, is_so = shape->must_be_true == NULL;

    question->stream = shape->streams_untold;
    enum status status = decode_flag(decoding, body, shape->stream, &question->stream);
    if (status == STATUS_OK)
        status = decode_usage(decoding, body);
    if (status == STATUS_OK)
        status = decode_limits(decoding, body);
    if (status == STATUS_OK)
        status = decode_flag(decoding, body, shape->thinking, &may_think);
    if (status == STATUS_OK)
        status = decode_flag(decoding, body, shape->must_be_true, &is_so);
    if (status == STATUS_OK && !is_so)
        status = refuse(decoding, shape->must_be_true, "This vendor wants it to be true.");
    if (status == STATUS_OK && json_int(json_member(body, "n"), 1) != 1)
        status = refuse(decoding, "n", "This vendor gives one answer to a question.");
    question->thinks &= may_think;
    return status;
}

static enum status decode_body(struct decoding *decoding, const struct json *body)
{
    if (json_type(body) != JSON_OBJECT)
        return refuse(decoding, NULL, "The body of the request must be a JSON object.");
    enum status status = decode_model(decoding, body);
    if (status == STATUS_OK)
        status = decode_options(decoding, body);
    if (status == STATUS_OK)
        status = decode_messages(decoding, body);
    if (status == STATUS_OK && arena_failed(decoding->arena))
        status = refuse(decoding, NULL, "The request is too large.");
    return status;
}

enum status question_decode(struct span body, const struct question_shape *shape,
                            struct arena *arena, struct question *out,
                            struct question_problem *problem)
{
    struct question question = {.model = ""};
    struct decoding decoding = {.arena = arena,
                                .shape = shape,
                                .question = &question,
                                .problem = problem,
                                .hash = 0xCBF29CE484222325u};
    struct json *json = NULL;
    char cause[160];

    if (json_parse(body, &json, cause) != STATUS_OK) {
        problem->param = NULL;
        snprintf(problem->message, sizeof problem->message,
                 "We could not parse the JSON body of your request: %.120s", cause);
        return STATUS_INVALID;
    }
    enum status status = decode_body(&decoding, json);
    if (status == STATUS_OK)
        *out = question;
    json_free(json);
    return status;
}
