#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/diagnosis.h"

#define DOCTOR_BYTES ((size_t)16 << 10)

/* The members of one trouble, into an object that is open. */
static void write_trouble(struct json_writer *writer, enum trouble trouble, const char *detail)
{
    const struct trouble_text *text = trouble_text(trouble);
    char code[TROUBLE_CODE_SIZE];

    json_write_member(writer, "code", trouble_code(trouble, code));
    json_write_member(writer, "word", text ? text->word : "");
    json_write_member(writer, "cause", text ? text->cause : "");
    json_write_member(writer, "cure", text ? text->cure : "");
    json_write_member(writer, "detail", detail);
}

static void write_optional(struct json_writer *writer, const char *name, const char *text)
{
    json_key(writer, name);
    if (text)
        json_write_text(writer, span_text(text));
    else
        json_write_null(writer);
}

static void write_findings(struct json_writer *writer, const struct doctor_finding *found,
                           size_t count)
{
    json_key(writer, "trouble");
    if (count > 0) {
        json_begin_object(writer);
        write_trouble(writer, found[0].trouble, found[0].detail);
        json_end_object(writer);
    } else {
        json_write_null(writer);
    }
    json_key(writer, "also");
    json_begin_array(writer);
    for (size_t i = 1; i < count; i++) {
        json_begin_object(writer);
        write_trouble(writer, found[i].trouble, found[i].detail);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static enum status write(const struct diagnosis *diagnosis, struct arena *arena, struct span *json)
{
    const struct doctor_facts *facts = &diagnosis->facts;
    struct doctor_finding found[DOCTOR_FINDINGS];
    const size_t count = doctor_diagnose(facts, found);
    char code[TROUBLE_CODE_SIZE];
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, DOCTOR_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_optional(&writer, "device", diagnosis->device_id);
    json_write_member(&writer, "name", diagnosis->name);
    json_write_member(&writer, "serial", diagnosis->serial);
    json_write_member(&writer, "as_of", diagnosis->as_of);
    json_key(&writer, "well");
    json_write_bool(&writer, count == 0);
    write_findings(&writer, found, count);
    json_write_member(&writer, "screen", trouble_code((enum trouble)facts->told, code));
    json_end_object(&writer);
    enum status status = buffer_status(&out);
    if (status == STATUS_OK) {
        *json = arena_copy(arena, buffer_span(&out));
        status = json->size > 0 ? STATUS_OK : STATUS_MEMORY;
    }
    buffer_release(&out);
    return status;
}

static void doctor(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *key = request_query(request, "robot");
    struct diagnosis diagnosis;
    struct span json = {0};

    if (key == NULL || *key == 0) {
        answer_bad(reply, "?robot", "must be there: a robot's id or its serial number");
        return;
    }
    enum status status = diagnosis_read(api->store, key, request->arena, &diagnosis);

    if (status == STATUS_OK)
        status = write(&diagnosis, request->arena, &json);
    answer_json(reply, status, json, answer_subject(request, "robot or serial number", key));
}

static void troubles(void *context, struct request *request, struct reply *reply)
{
    struct json_writer writer;
    struct buffer out;
    struct span json = {0};
    size_t count;
    const struct trouble_text *all = trouble_all(&count);

    (void)context;
    buffer_init(&out, DOCTOR_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&writer);
        write_trouble(&writer, all[i].trouble, "");
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_key(&writer, "next");
    json_write_null(&writer);
    json_end_object(&writer);
    enum status status = buffer_status(&out);
    if (status == STATUS_OK)
        json = arena_copy(request->arena, buffer_span(&out));
    buffer_release(&out);
    answer_json(reply, status, json, "troubles");
}

static const struct route rows[] = {
    {"GET", "/api/v1/doctor/codes", ROUTE_VIEWER, troubles, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/doctor", ROUTE_VIEWER, doctor, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_doctor, rows);
