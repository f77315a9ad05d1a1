#include "agent/chat/failure.h"

/* Where a code was found: the same number means different things to different vendors. */
enum shape { SHAPE_ERROR, SHAPE_BASE_RESP, SHAPE_ERROR_CODE, SHAPE_MESSAGE };

/* A weak code says less than any HTTP status of 400 and above: DeepSeek calls an empty account
 * "invalid_request_error" under 402. */
enum strength { STRONG, WEAK };

struct rule {
    enum shape shape;
    const char *code; /* a star at either end stands for anything */
    wire_ErrorClass error_class;
    enum strength strength;
};

static const struct rule rules[] = {
    /* OpenAI and most that speak its dialect */
    {SHAPE_ERROR, "rate_limit*", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "insufficient_quota", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "billing_hard_limit_reached", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "insufficient_balance", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "billing_not_active", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "invalid_api_key", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "authentication_error", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "permission_error", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "account_deactivated", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "content_filter", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "content_policy_violation", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "context_length_exceeded", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "model_not_found", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "overloaded*", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "invalid_request_error", wire_ErrorClass_REQUEST, WEAK},
    {SHAPE_ERROR, "internal_error", wire_ErrorClass_BUSY, WEAK},
    {SHAPE_ERROR, "server_error", wire_ErrorClass_BUSY, WEAK},
    {SHAPE_ERROR, "api_error", wire_ErrorClass_BUSY, WEAK},
    /* Anthropic; an account without credit is a bad request, told by its words alone */
    {SHAPE_ERROR, "billing_error", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "not_found_error", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "request_too_large", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "timeout_error", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_MESSAGE, "*credit balance is too low*", wire_ErrorClass_MONEY, STRONG},
    /* Ollama, whose error is a text */
    {SHAPE_MESSAGE, "*server busy*", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_MESSAGE, "*try pulling it first*", wire_ErrorClass_REQUEST, STRONG},
    /* DashScope */
    {SHAPE_ERROR, "Throttling*", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "limit_requests", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "Arrearage", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "InvalidApiKey", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "DataInspectionFailed", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "data_inspection_failed", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "InvalidParameter*", wire_ErrorClass_REQUEST, STRONG},
    /* Ark */
    {SHAPE_ERROR, "RateLimitExceeded*", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "ServerOverloaded", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "QuotaExceeded*", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "SetLimitExceeded", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "AccountOverdueError", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "AuthenticationError", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "*RiskDetection*", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "ModelNotOpen", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "InvalidEndpointOrModel*", wire_ErrorClass_REQUEST, STRONG},
    /* Zhipu GLM */
    {SHAPE_ERROR, "1000", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "1001", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "1002", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "1003", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "1004", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR, "1113", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "1210", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "1211", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "1212", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "1213", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "1214", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "1261", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "1301", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "1302", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "1303", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "1304", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "1305", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "1308", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "1309", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "1310", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "1312", wire_ErrorClass_BUSY, STRONG},
    /* Qianfan, also its older numbers */
    {SHAPE_ERROR, "rpm_rate_limit*", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "tpm_rate_limit*", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "malformed_json", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR_CODE, "336501", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR_CODE, "336502", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR_CODE, "17", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR_CODE, "18", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR_CODE, "19", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR_CODE, "110", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_ERROR_CODE, "111", wire_ErrorClass_AUTH, STRONG},
    /* Hunyuan */
    {SHAPE_ERROR, "LimitExceeded*", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "FailedOperation.EngineServerLimitExceeded", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "*ResourcePackExhausted", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "*ServiceStopArrears", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "*ChargeResourceExhaust", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "ResourceUnavailable.*", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_ERROR, "*IllegalDetected", wire_ErrorClass_CONTENT, STRONG},
    /* Spark */
    {SHAPE_ERROR, "10008", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "10006", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "10007", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "10016", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "10163", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "10110", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_ERROR, "10013", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "10014", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "10019", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "10021", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_ERROR, "10907", wire_ErrorClass_REQUEST, STRONG},
    {SHAPE_ERROR, "11200", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "11201", wire_ErrorClass_QUOTA, STRONG},
    {SHAPE_ERROR, "11202", wire_ErrorClass_RATE, STRONG},
    {SHAPE_ERROR, "11203", wire_ErrorClass_RATE, STRONG},
    /* MiniMax */
    {SHAPE_BASE_RESP, "1000", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_BASE_RESP, "1013", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_BASE_RESP, "1026", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_BASE_RESP, "2049", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_BASE_RESP, "1001", wire_ErrorClass_BUSY, STRONG},
    {SHAPE_BASE_RESP, "1002", wire_ErrorClass_RATE, STRONG},
    {SHAPE_BASE_RESP, "1004", wire_ErrorClass_AUTH, STRONG},
    {SHAPE_BASE_RESP, "1008", wire_ErrorClass_MONEY, STRONG},
    {SHAPE_BASE_RESP, "1027", wire_ErrorClass_CONTENT, STRONG},
    {SHAPE_BASE_RESP, "1039", wire_ErrorClass_RATE, STRONG},
    {SHAPE_BASE_RESP, "2013", wire_ErrorClass_REQUEST, STRONG},
};

struct status_rule {
    int first, last;
    wire_ErrorClass error_class;
};

/* The first that fits. */
static const struct status_rule status_rules[] = {
    {200, 299, wire_ErrorClass_ERROR_NONE}, {401, 401, wire_ErrorClass_AUTH},
    {402, 402, wire_ErrorClass_MONEY},      {403, 403, wire_ErrorClass_AUTH},
    {408, 409, wire_ErrorClass_BUSY},       {425, 425, wire_ErrorClass_BUSY},
    {429, 429, wire_ErrorClass_RATE},       {451, 451, wire_ErrorClass_CONTENT},
    {300, 499, wire_ErrorClass_REQUEST},    {500, 599, wire_ErrorClass_BUSY},
};

wire_ErrorClass failure_of_status(int http_status)
{
    for (size_t i = 0; i < sizeof status_rules / sizeof *status_rules; i++)
        if (http_status >= status_rules[i].first && http_status <= status_rules[i].last)
            return status_rules[i].error_class;
    return wire_ErrorClass_NET;
}

static bool fits(const char *pattern, const char *code)
{
    size_t size = strlen(pattern), code_size = strlen(code);
    bool open_start = pattern[0] == '*', open_end = pattern[size - 1] == '*';
    const char *fixed = pattern + open_start;
    size_t fixed_size = size - open_start - open_end;

    if (code_size < fixed_size)
        return false;
    if (open_start && open_end) {
        for (; strlen(code) >= fixed_size; code++)
            if (!strncmp(code, fixed, fixed_size))
                return true;
        return false;
    }
    if (open_start)
        return !strcmp(code + code_size - fixed_size, fixed);
    return open_end ? !strncmp(code, fixed, fixed_size) : !strcmp(code, fixed);
}

static wire_ErrorClass of_code(enum shape shape, enum strength strength, const char *code)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].shape == shape && rules[i].strength == strength && fits(rules[i].code, code))
            return rules[i].error_class;
    return wire_ErrorClass_ERROR_NONE;
}

/* Codes are strings with some vendors and numbers with others: compared as text. */
static void code_text(const struct json *json, char out[FAILURE_CODE_SIZE])
{
    out[0] = 0;
    if (!json)
        return;
    if (json_type(json) == JSON_INT)
        snprintf(out, FAILURE_CODE_SIZE, "%lld", (long long)json_int(json, 0));
    else
        snprintf(out, FAILURE_CODE_SIZE, "%s", json_text(json, ""));
}

struct finding {
    enum shape shape;
    char code[FAILURE_CODE_SIZE];
    char type[FAILURE_CODE_SIZE];
    const char *message; /* borrowed */
};

static bool find_error(const struct json *document, struct finding *out)
{
    const struct json *error = json_member(document, "error");
    const struct json *base = json_member(document, "base_resp");

    *out = (struct finding){.shape = SHAPE_ERROR, .message = ""};
    if (error && json_type(error) != JSON_NULL) {
        out->message = json_text(json_member(error, "message"), json_text(error, ""));
        code_text(json_member(error, "code"), out->code);
        code_text(json_member(error, "type"), out->type);
        return true;
    }
    if (json_int(json_member(base, "status_code"), 0)) {
        out->shape = SHAPE_BASE_RESP;
        code_text(json_member(base, "status_code"), out->code);
        return true;
    }
    if (json_member(document, "error_code")) {
        out->shape = SHAPE_ERROR_CODE;
        code_text(json_member(document, "error_code"), out->code);
        return true;
    }
    code_text(json_member(document, "code"), out->code);
    return out->code[0] && strcmp(out->code, "0");
}

static wire_ErrorClass classify(const struct finding *found, int http_status)
{
    wire_ErrorClass by_status = failure_of_status(http_status);
    const char *names[] = {found->code, found->type};
    int64_t number = 0;

    for (size_t i = 0; i < 2; i++) {
        wire_ErrorClass strong = of_code(found->shape, STRONG, names[i]);
        if (strong != wire_ErrorClass_ERROR_NONE)
            return strong;
    }
    wire_ErrorClass told = of_code(SHAPE_MESSAGE, STRONG, found->message);
    if (told != wire_ErrorClass_ERROR_NONE)
        return told;
    if (by_status != wire_ErrorClass_ERROR_NONE)
        return by_status;
    /* Some gateways put the HTTP status of their own upstream into the code. */
    if (span_to_int64(span_text(found->code), &number) == STATUS_OK && number >= 400 &&
        number <= 599)
        return failure_of_status((int)number);
    for (size_t i = 0; i < 2; i++) {
        wire_ErrorClass weak = of_code(found->shape, WEAK, names[i]);
        if (weak != wire_ErrorClass_ERROR_NONE)
            return weak;
    }
    return wire_ErrorClass_BUSY;
}

bool failure_read(const struct json *document, int http_status, struct failure *out)
{
    struct finding found;

    if (!document || json_type(document) != JSON_OBJECT || !find_error(document, &found))
        return false;
    out->error_class = classify(&found, http_status);
    snprintf(out->code, sizeof out->code, "%s", found.code[0] ? found.code : found.type);
    return true;
}
