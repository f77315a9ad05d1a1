#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/base/json.h"
#include "server/api/enrolment.h"

/* What robots without a certificate send to enrol, to pair and to renew: each body has these. */
static const struct json_field fields[] = {
    {.name = "device_id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct enrolment_keys, device_id),
     .required = true},
    {.name = "csr",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct enrolment_keys, csr),
     .required = true,
     .max = PKI_PEM_SIZE - 1},
    {.name = "sealing_public",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct enrolment_keys, sealing_public_text),
     .required = true,
     .max = 64},
    {.name = "signature",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct enrolment_keys, signature_text),
     .required = true,
     .max = 160},
};

/* Keys that pass are whole: the request is signed, and by a name that is the robot's. */
static void check_keys(struct enrolment_keys *keys, struct reply *reply)
{
    char name[PKI_NAME_SIZE];

    if (enrolment_check(keys, reply)) {
        FUZZ_CHECK(pki_check_csr(span_text(keys->csr), name) == STATUS_OK);
        FUZZ_CHECK(strcmp(name, keys->device_id) == 0);
    } else {
        FUZZ_CHECK(reply->status == 400);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct enrolment_keys keys = {0};
    struct json_problem problem;
    struct json *body = NULL;
    struct arena *arena = NULL;
    struct reply reply;

    if (json_parse(span_of(data, size), &body, NULL) != STATUS_OK)
        return 0;
    FUZZ_CHECK(arena_create(&arena, 1u << 20) == STATUS_OK);
    reply_init(&reply, arena);
    if (json_decode(body, fields, sizeof fields / sizeof *fields, &keys, arena, &problem) ==
        STATUS_OK)
        check_keys(&keys, &reply);
    arena_free(arena);
    json_free(body);
    return 0;
}
