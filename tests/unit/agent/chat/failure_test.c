#include "agent/chat/failure.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct sample {
    int http_status;
    const char *body;
    wire_ErrorClass error_class;
};

/* The table of error classes that vendors document, with what their bodies look like. */
static const struct sample samples[] = {
    {429, "{\"error\":{\"code\":\"rate_limit_exceeded\",\"type\":\"requests\"}}",
     wire_ErrorClass_RATE},
    {429, "{\"error\":{\"code\":\"insufficient_quota\",\"type\":\"insufficient_quota\"}}",
     wire_ErrorClass_QUOTA},
    {429, "{\"error\":{\"message\":\"slow down\"}}", wire_ErrorClass_RATE},
    {429, "{\"error\":{\"code\":1113,\"message\":\"x\"}}", wire_ErrorClass_MONEY},
    {429, "{\"error\":{\"code\":\"1301\"}}", wire_ErrorClass_CONTENT},
    {429, "{\"error\":{\"code\":\"1302\"}}", wire_ErrorClass_RATE},
    {429, "{\"error\":{\"code\":\"1305\"}}", wire_ErrorClass_BUSY},
    {429, "{\"error\":{\"code\":\"1308\"}}", wire_ErrorClass_QUOTA},
    {400, "{\"error\":{\"code\":\"1261\"}}", wire_ErrorClass_REQUEST},
    {401, "{\"error\":{\"code\":\"1002\"}}", wire_ErrorClass_AUTH},
    {402, "{\"error\":{\"code\":\"invalid_request_error\",\"type\":\"unknown_error\"}}",
     wire_ErrorClass_MONEY},
    {400, "{\"error\":{\"type\":\"invalid_request_error\"}}", wire_ErrorClass_REQUEST},
    {401, "{\"error\":{\"code\":\"invalid_api_key\",\"type\":\"invalid_request_error\"}}",
     wire_ErrorClass_AUTH},
    {403, "{\"error\":{\"code\":\"AccountOverdueError\"}}", wire_ErrorClass_MONEY},
    {400, "{\"error\":{\"code\":\"InputTextRiskDetection\"}}", wire_ErrorClass_CONTENT},
    {400, "{\"error\":{\"code\":\"OutputImageRiskDetection.Sensitive\"}}", wire_ErrorClass_CONTENT},
    {429, "{\"error\":{\"code\":\"RateLimitExceeded.EndpointRPMExceeded\"}}", wire_ErrorClass_RATE},
    {429, "{\"error\":{\"code\":\"ServerOverloaded\"}}", wire_ErrorClass_BUSY},
    {429, "{\"error\":{\"code\":\"QuotaExceeded\"}}", wire_ErrorClass_QUOTA},
    {404, "{\"error\":{\"code\":\"InvalidEndpointOrModel.NotFound\"}}", wire_ErrorClass_REQUEST},
    {429, "{\"code\":\"Throttling.RateQuota\",\"message\":\"x\"}", wire_ErrorClass_RATE},
    {400, "{\"code\":\"Arrearage\",\"message\":\"x\"}", wire_ErrorClass_MONEY},
    {200, "{\"error\":{\"code\":\"tpm_rate_limit_exceeded\"}}", wire_ErrorClass_RATE},
    {200, "{\"error_code\":336501,\"error_msg\":\"x\"}", wire_ErrorClass_RATE},
    {200, "{\"error_code\":18,\"error_msg\":\"x\"}", wire_ErrorClass_RATE},
    {200, "{\"error_code\":110,\"error_msg\":\"x\"}", wire_ErrorClass_AUTH},
    {200, "{\"base_resp\":{\"status_code\":1002}}", wire_ErrorClass_RATE},
    {200, "{\"base_resp\":{\"status_code\":1004}}", wire_ErrorClass_AUTH},
    {200, "{\"base_resp\":{\"status_code\":1008}}", wire_ErrorClass_MONEY},
    {200, "{\"base_resp\":{\"status_code\":1027}}", wire_ErrorClass_CONTENT},
    {200, "{\"error\":{\"code\":\"FailedOperation.FreeResourcePackExhausted\"}}",
     wire_ErrorClass_QUOTA},
    {200, "{\"error\":{\"code\":\"ResourceUnavailable.InArrears\"}}", wire_ErrorClass_MONEY},
    {200, "{\"error\":{\"code\":\"OperationDenied.TextIllegalDetected\"}}",
     wire_ErrorClass_CONTENT},
    {200, "{\"code\":11200,\"message\":\"x\",\"sid\":\"s\"}", wire_ErrorClass_QUOTA},
    {200, "{\"code\":11203,\"message\":\"x\"}", wire_ErrorClass_RATE},
    {200, "{\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"code\":null}}",
     wire_ErrorClass_BUSY},
    {200, "{\"error\":{\"code\":402,\"message\":\"x\"}}", wire_ErrorClass_MONEY},
    {200, "{\"error\":{\"code\":\"529\"}}", wire_ErrorClass_BUSY},
    {200, "{\"error\":\"model is loading\"}", wire_ErrorClass_BUSY},
    {503, "{\"error\":\"model is loading\"}", wire_ErrorClass_BUSY},
    {500, "{\"error\":{\"code\":\"never_heard_of\"}}", wire_ErrorClass_BUSY},
    {422, "{\"error\":{\"code\":\"never_heard_of\"}}", wire_ErrorClass_REQUEST},
};

static bool read_body(const char *body, int http_status, struct failure *failure)
{
    struct json *json;

    assert_int_equal(json_parse(span_text(body), &json, NULL), STATUS_OK);
    bool failed = failure_read(json, http_status, failure);
    json_free(json);
    return failed;
}

static void documented_refusals_have_their_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct failure failure;
        assert_true(read_body(samples[i].body, samples[i].http_status, &failure));
        if (failure.error_class != samples[i].error_class)
            fail_msg("%s is %s", samples[i].body, message_error_name(failure.error_class));
    }
}

static void ordinary_documents_are_no_failure(void **state)
{
    static const char *const documents[] = {
        "{\"choices\":[],\"error\":null}",
        "{\"base_resp\":{\"status_code\":0}}",
        "{\"code\":0,\"message\":\"Success\",\"choices\":[]}",
        "{}",
        "[]",
        "\"error\"",
    };
    struct failure failure = {.code = "before"};

    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        assert_false(read_body(documents[i], 200, &failure));
    assert_string_equal(failure.code, "before");
    assert_false(failure_read(NULL, 500, &failure));
}

static void the_vendors_own_word_is_kept_for_the_log(void **state)
{
    struct failure failure;

    (void)state;
    read_body("{\"error\":{\"code\":1113,\"type\":\"t\"}}", 429, &failure);
    assert_string_equal(failure.code, "1113");
    read_body("{\"error\":{\"code\":null,\"type\":\"server_error\"}}", 500, &failure);
    assert_string_equal(failure.code, "server_error");
}

static void without_a_body_the_status_decides(void **state)
{
    (void)state;
    assert_int_equal(failure_of_status(200), wire_ErrorClass_ERROR_NONE);
    assert_int_equal(failure_of_status(0), wire_ErrorClass_NET);
    assert_int_equal(failure_of_status(302), wire_ErrorClass_REQUEST);
    assert_int_equal(failure_of_status(400), wire_ErrorClass_REQUEST);
    assert_int_equal(failure_of_status(401), wire_ErrorClass_AUTH);
    assert_int_equal(failure_of_status(402), wire_ErrorClass_MONEY);
    assert_int_equal(failure_of_status(408), wire_ErrorClass_BUSY);
    assert_int_equal(failure_of_status(429), wire_ErrorClass_RATE);
    assert_int_equal(failure_of_status(451), wire_ErrorClass_CONTENT);
    assert_int_equal(failure_of_status(529), wire_ErrorClass_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_refusals_have_their_class),
        cmocka_unit_test(ordinary_documents_are_no_failure),
        cmocka_unit_test(the_vendors_own_word_is_kept_for_the_log),
        cmocka_unit_test(without_a_body_the_status_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
