#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/usage_profile.h"
#include "server/store/usage_report.h"

#define MOST_DAYS 366

/* "vendor,model" as bits. STATUS_INVALID: another word. */
static enum status read_by(const char *text, unsigned *by)
{
    static const struct {
        const char *name;
        unsigned bit;
    } words[] = {
        {"vendor", USAGE_REPORT_VENDOR},
        {"model", USAGE_REPORT_MODEL},
        {"contract", USAGE_REPORT_CONTRACT},
        {"day", USAGE_REPORT_DAY},
    };
    unsigned bits = 0;

    while (text != NULL && *text != '\0') {
        struct span word = span_of(text, strcspn(text, ","));
        size_t i = 0;

        while (i < 4 && !span_equal_text(word, words[i].name))
            i++;
        if (i == 4)
            return STATUS_INVALID;
        bits |= words[i].bit;
        text += word.size + (text[word.size] == ',');
    }
    *by = bits;
    return STATUS_OK;
}

static void usage(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *from = request_query(request, "from");
    const char *to = request_query(request, "to");
    unsigned by;
    struct span json;

    if (read_by(request_query(request, "by"), &by) != STATUS_OK) {
        answer_bad(reply, "?by", "must be some of vendor,model,contract,day");
        return;
    }
    /* PostgreSQL takes "yesterday" and "infinity" for dates, too */
    if ((from != NULL && !clock_is_date(from)) || (to != NULL && !clock_is_date(to))) {
        answer_bad(reply, from != NULL && !clock_is_date(from) ? "?from" : "?to",
                   "must be a date like 2026-11-22");
        return;
    }
    enum status status = usage_report_sums(api->store, by, from, to, request->arena, &json);
    answer_json(reply, status, json, "usage");
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
