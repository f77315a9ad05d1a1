#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/usage_profile.h"
#include "server/store/usage_report.h"
#include "server/store/usage_sums.h"

#define MOST_DAYS 366

/* A word of ?by=: a column, or a length of time. */
struct by_word {
    const char *name;
    unsigned bit; /* 0: time */
};

static const struct by_word by_words[] = {
    {"vendor", USAGE_SUMS_VENDOR},
    {"model", USAGE_SUMS_MODEL},
    {"contract", USAGE_SUMS_CONTRACT},
    {"group", USAGE_SUMS_GROUP},
    {"device", USAGE_SUMS_DEVICE},
    {"class", USAGE_SUMS_CLASS},
    {"hour", 0},
    {"day", 0},
    {"week", 0},
    {"month", 0},
    {"quarter", 0},
    {"year", 0},
};
#define BY_WORDS (sizeof by_words / sizeof *by_words)

/* "vendor,model,day". STATUS_INVALID: another word, or two lengths of time. */
static enum status read_by(const char *text, struct usage_sums_order *order)
{
    while (text != NULL && *text != '\0') {
        const struct span word = span_of(text, strcspn(text, ","));
        size_t i = 0;

        while (i < BY_WORDS && !span_equal_text(word, by_words[i].name))
            i++;
        if (i == BY_WORDS || (by_words[i].bit == 0 && order->unit != NULL))
            return STATUS_INVALID;
        order->by |= by_words[i].bit;
        if (by_words[i].bit == 0)
            order->unit = by_words[i].name;
        text += word.size + (text[word.size] == ',');
    }
    return STATUS_OK;
}

/* PostgreSQL takes "yesterday" and "infinity" for dates, too. */
static bool read_days(const struct request *request, struct reply *reply,
                      struct usage_sums_order *order)
{
    order->from = request_query(request, "from");
    order->to = request_query(request, "to");
    const bool is_from_bad = order->from != NULL && !clock_is_date(order->from);

    if (!is_from_bad && (order->to == NULL || clock_is_date(order->to)))
        return true;
    answer_bad(reply, is_from_bad ? "?from" : "?to", "must be a date like 2026-11-22");
    return false;
}

/* False: a problem was answered. */
static bool read_order(const struct request *request, struct reply *reply,
                       struct usage_sums_order *order)
{
    *order = (struct usage_sums_order){
        .zone = request_query(request, "zone"),
        .vendor = request_query(request, "vendor"),
        .model = request_query(request, "model"),
        .contract = request_query(request, "contract"),
        .group = request_query(request, "group"),
        .device = request_query(request, "device"),
        .sort = request_query(request, "sort"),
    };
    if (read_by(request_query(request, "by"), order) != STATUS_OK)
        answer_bad(reply, "?by",
                   "must be some of vendor,model,contract,group,device,class and one of "
                   "hour,day,week,month,quarter,year");
    else if (order->sort != NULL &&
             !span_is_choice(span_text(order->sort), "attempts|input|output|cost"))
        answer_bad(reply, "?sort", "must be attempts, input, output or cost");
    else if (request_query_int(request, "top", 0, 1, USAGE_SUMS_MOST_TOP, &order->top) != STATUS_OK)
        answer_bad(reply, "?top", "must be a number from 1 to 1000");
    else
        return read_days(request, reply, order);
    return false;
}

static void refuse(struct reply *reply, enum status status)
{
    if (status == STATUS_NOT_FOUND)
        answer_bad(reply, "?zone", "there is no such time zone; an example is \"Asia/Shanghai\"");
    else if (status == STATUS_FULL)
        reply_problem(reply, 422,
                      "more than 10,000 rows: ask for fewer days or columns, for the first with "
                      "?top=, or for all as a file with ?format=csv");
    else if (status == STATUS_TIMEOUT)
        reply_problem(reply, 422,
                      "this takes the database longer than 10 s: ask for fewer days, or "
                      "for a file with ?format=csv");
    else
        reply_status(reply, status, "usage");
}

/* A file that is sent while it is written: the order, with texts that outlive the request. */
struct file {
    struct store *store;
    struct usage_sums_order order;
};

static enum status write_file(void *job, reply_add add, void *sink)
{
    const struct file *file = job;

    return usage_sums_csv(file->store, &file->order, add, sink);
}

static void keep_text(struct arena *arena, const char **text)
{
    if (*text != NULL)
        *text = arena_text(arena, span_text(*text));
}

static struct file *keep(struct arena *arena, struct store *store,
                         const struct usage_sums_order *order)
{
    struct file *file = arena_take(arena, sizeof *file);

    if (file == NULL)
        return NULL;
    *file = (struct file){store, *order};
    keep_text(arena, &file->order.from);
    keep_text(arena, &file->order.to);
    keep_text(arena, &file->order.zone);
    keep_text(arena, &file->order.vendor);
    keep_text(arena, &file->order.model);
    keep_text(arena, &file->order.contract);
    keep_text(arena, &file->order.group);
    keep_text(arena, &file->order.device);
    file->order.sort = NULL;
    return arena_failed(arena) ? NULL : file;
}

static void send_csv(const struct api *api, const struct usage_sums_order *order,
                     struct request *request, struct reply *reply)
{
    enum status status = usage_sums_check(api->store, order);
    struct file *file = NULL;

    if (status == STATUS_OK) {
        file = keep(request->arena, api->store, order);
        status = file != NULL ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        refuse(reply, status);
        return;
    }
    reply_header(reply, "Content-Disposition", "attachment; filename=\"usage.csv\"");
    reply_written(reply, 200, "text/csv; charset=utf-8", write_file, file);
}

static void usage(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *format = request_query(request, "format");
    struct usage_sums_order order;
    struct span json;

    if (!read_order(request, reply, &order))
        return;
    if (format != NULL && !span_is_choice(span_text(format), "json|csv")) {
        answer_bad(reply, "?format", "must be json or csv");
        return;
    }
    if (format != NULL && strcmp(format, "csv") == 0) {
        send_csv(api, &order, request, reply);
        return;
    }
    enum status status = usage_sums_read(api->store, &order, request->arena, &json);
    if (status == STATUS_OK)
        reply_json(reply, 200, json);
    else
        refuse(reply, status);
}

static void profile(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *text = request_query(request, "days");
    int64_t days = 30;
    struct span json;

    if (text != NULL &&
        (span_to_int64(span_text(text), &days) != STATUS_OK || days < 1 || days > MOST_DAYS)) {
        answer_bad(reply, "?days", "must be a number of days from 1 to 366");
        return;
    }
    enum status status = usage_profile_read(api->store, days, request->arena, &json);
    answer_json(reply, status, json, "usage");
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status =
        usage_report_imports(api->store, page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "imports");
}

static const struct route rows[] = {
    {"GET", "/api/v1/usage", ROUTE_VIEWER, usage, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/usage/profile", ROUTE_VIEWER, profile, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/usage-imports", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_usage, rows);
