#include <stdatomic.h>
#include <stdlib.h>

#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/money/inquiry.h"
#include "server/store/terms.h"
#include "server/store/usage_profile.h"

#define ARENA_BYTES (96u << 20)
#define TEXT_BYTES  (8u << 20)

/* A bill takes tens of microseconds for a year, and operators' requests share few threads: this
 * keeps an answer within a second. Terms whose steps need more are told to be so. */
#define MOST_BILLS 4000

/* What a picture can show. */
static const struct comparison_shape shape = {
    .most_segments = 400, .most_intervals = 200, .points = 160};

/* One question at work. */
struct work {
    const struct json *question;
    struct terms *terms;
    struct json *measured; /* the answer of usage_profile_read() */
    struct arena *arena;
    struct inquiry inquiry;
    struct json_problem problems[INQUIRY_PROBLEMS];
    size_t problem_count;
    char refusal[256]; /* "": none, or why nothing can be told */
    struct buffer text;
};

static void release(struct work *work)
{
    comparison_release(&work->inquiry.comparison);
    terms_free(work->terms);
    json_free(work->measured);
    arena_free(work->arena);
    buffer_release(&work->text);
    free(work);
}

static enum status find(void *context, const char *contract_id, struct contract *out)
{
    const struct terms_contract *found = terms_find(context, contract_id);

    if (found == NULL)
        return STATUS_NOT_FOUND;
    *out = found->contract;
    return STATUS_OK;
}

/* What one robot uses, where the question does not say it. */
static enum status measure(const struct api *api, struct work *work, int64_t days,
                           struct request *request)
{
    struct span text;
    enum status status = usage_profile_read(api->store, days, request->arena, &text);

    if (status == STATUS_OK)
        status = json_parse(text, &work->measured, NULL);
    if (status == STATUS_OK && json_int(json_member(work->measured, "device_days"), 0) == 0) {
        snprintf(work->problems[0].pointer, sizeof work->problems[0].pointer, "/days");
        snprintf(work->problems[0].detail, sizeof work->problems[0].detail,
                 "no robot used anything in these days: bring a profile");
        status = STATUS_INVALID;
    }
    return status;
}

static enum status compute(struct work *work)
{
    struct comparison *comparison = &work->inquiry.comparison;

    comparison->most_bills = MOST_BILLS;
    comparison->explains = work->inquiry.wants_lines;
    enum status status = comparison_make(comparison, work->refusal);
    if (status == STATUS_OK && work->inquiry.wants_loads)
        status = comparison_step(comparison);
    return status;
}

static void write_answer(struct work *work)
{
    struct comparison_shape wanted = shape;
    struct json_writer writer;

    wanted.lines = work->inquiry.wants_lines;
    json_writer_init(&writer, &work->text);
    comparison_write(&work->inquiry.comparison, &wanted, &writer);
}

static enum status answer(const struct api *api, struct work *work, struct request *request)
{
    int64_t days;

    work->problem_count = 1;
    enum status status = inquiry_days(work->question, &days, work->problems);

    if (status == STATUS_OK && days > 0)
        status = measure(api, work, days, request);
    if (status == STATUS_OK)
        status = terms_read(api->store, &work->terms);
    if (status == STATUS_OK)
        status = arena_create(&work->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = inquiry_read(work->question, json_member(work->measured, "profile"),
                              days > 0 ? "measured" : "given", find, work->terms, work->arena,
                              &work->inquiry, work->problems, &work->problem_count);
    if (status == STATUS_OK)
        status = compute(work);
    if (status != STATUS_OK)
        return status;
    write_answer(work);
    return buffer_status(&work->text);
}

static void send(const struct work *work, enum status status, struct request *request,
                 struct reply *reply)
{
    if (status == STATUS_OK) {
        const struct span json = arena_copy(request->arena, buffer_span(&work->text));

        if (arena_failed(request->arena))
            reply_status(reply, STATUS_MEMORY, "the comparison");
        else
            reply_json(reply, 200, json);
    } else if (work->refusal[0] != '\0') {
        reply_problem(reply, 422, "%s", work->refusal);
    } else if (status == STATUS_INVALID) {
        reply_fields(reply, 422, work->problems, work->problem_count);
    } else {
        reply_status(reply, status, "the comparison");
    }
}

/* One at a time: whoever else asks is told to ask again. */
static void whatif(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct json_problem problem;
    struct work *work = calloc(1, sizeof *work);

    if (work == NULL) {
        reply_status(reply, STATUS_MEMORY, "the comparison");
        return;
    }
    buffer_init(&work->text, TEXT_BYTES);
    if (request_json(request, &work->question, &problem) != STATUS_OK) {
        reply_field(reply, 400, &problem);
    } else if (atomic_exchange(api->is_comparing, true)) {
        reply_header(reply, "Retry-After", "1");
        reply_problem(reply, 503, "another comparison is being made: ask again in a second");
    } else {
        send(work, answer(api, work, request), request, reply);
        atomic_store(api->is_comparing, false);
    }
    release(work);
}

static const struct route rows[] = {
    {"POST", "/api/v1/whatif", ROUTE_VIEWER, whatif, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_whatif, rows);
