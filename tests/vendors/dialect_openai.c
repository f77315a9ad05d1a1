#include "tests/vendors/dialect_openai.h"

#include "tests/vendors/completions.h"

#define ASKED_USAGE .usage = "stream_options.include_usage"

const struct dialect dialect_openai = {
    .path = "/v1/chat/completions",
    COMPLETIONS_ROW,
    .filter_word = "content_filter",
    .refusals = completions_refusals,
    .question = {COMPLETIONS_QUESTION, ASKED_USAGE, .thinking = "enable_thinking"},
};

const struct dialect dialect_openai_deepseek = {
    .path = "/deepseek/chat/completions",
    COMPLETIONS_ROW,
    .filter_word = "content_filter",
    .refusals = completions_refusals,
    .question = {COMPLETIONS_QUESTION, ASKED_USAGE},
    .habits = COMPLETIONS_HIT_FIELDS,
};

static const struct dialect_refusal glm_refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, NULL, "1002", "The Authorization token is invalid."},
    [DIALECT_BAD_REQUEST] = {400, NULL, "1210", "The parameters of the call are wrong."},
    [DIALECT_NO_MODEL] = {400, NULL, "1211", "The model does not exist."},
    [DIALECT_RATE] = {429, NULL, "1302", "Too many requests at once."},
    [DIALECT_QUOTA] = {429, NULL, "1113", "The account is in arrears."},
    [DIALECT_BROKEN] = {500, NULL, "500", "Internal error."},
    [DIALECT_OVERLOADED] = {429, NULL, "1305", "The platform is busy."},
};

const struct dialect dialect_openai_glm = {
    .path = "/glm/v4/chat/completions",
    COMPLETIONS_ROW,
    .filter_word = "sensitive",
    .key = DIALECT_KEY_TOKEN,
    .question = {COMPLETIONS_QUESTION},
    .refusals = glm_refusals,
    .habits = COMPLETIONS_FINISH_USAGE,
};

static const struct dialect_refusal ark_refusals[DIALECT_ERRORS] = {
    [DIALECT_NO_KEY] = {401, "Unauthorized", "AuthenticationError", "The API key is wrong."},
    [DIALECT_BAD_REQUEST] = {400, "BadRequest", "InvalidParameter", "A parameter is wrong."},
    [DIALECT_NO_MODEL] = {404, "NotFound", "InvalidEndpointOrModel.NotFound",
                          "The model or endpoint does not exist."},
    [DIALECT_RATE] = {429, "TooManyRequests", "RateLimitExceeded.EndpointRPMExceeded",
                      "Too many requests in a minute."},
    [DIALECT_QUOTA] = {403, "Forbidden", "AccountOverdueError", "The account is overdue."},
    [DIALECT_BROKEN] = {500, "InternalServerError", "InternalServiceError", "Internal error."},
    [DIALECT_OVERLOADED] = {429, "TooManyRequests", "ServerOverloaded", "The service is busy."},
};

const struct dialect dialect_openai_ark = {
    .path = "/ark/v3/chat/completions",
    COMPLETIONS_ROW,
    .filter_word = "content_filter",
    .question = {COMPLETIONS_QUESTION, ASKED_USAGE,
                 .every_usage = "stream_options.chunk_include_usage"},
    .refusals = ark_refusals,
};

const struct dialect dialect_openai_vllm = {
    .path = "/vllm/v1/chat/completions",
    COMPLETIONS_ROW,
    .filter_word = "content_filter",
    .refusals = completions_refusals,
    .question = {COMPLETIONS_QUESTION, ASKED_USAGE,
                 .every_usage = "stream_options.continuous_usage_stats"},
    .habits = COMPLETIONS_NULL_CHOICES,
};
