/* vendors/{id}/pack: what to know of a vendor before one sits down with it */
#include <string.h>

#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/money/zone.h"
#include "server/store/vendor_pack.h"

#define USUAL_DAYS   90
#define MOST_DAYS    1100 /* three years */
#define MOST_RECORDS VENDOR_PACK_RECORDS

static const char *date_of(struct arena *arena, int64_t day)
{
    char date[ZONE_DATE_SIZE];

    zone_format_date(day, date);
    return arena_text(arena, span_text(date));
}

/* ?name= as a day, else the usual one. False: a problem was answered. */
static bool read_day(const struct request *request, struct reply *reply, const char *name,
                     int64_t usual, int64_t *out)
{
    const char *text = request_query(request, name);

    *out = usual;
    if (text == NULL || (clock_is_date(text) && zone_parse_date(span_text(text), out) == STATUS_OK))
        return true;
    answer_bad(reply, strcmp(name, "from") == 0 ? "?from" : "?to",
               "must be a date like 2026-11-22");
    return false;
}

static bool read_order(struct store *store, struct request *request, struct reply *reply,
                       struct vendor_pack_order *order)
{
    int64_t today, from, to;
    const enum status status = vendor_pack_today(store, request_param(request, "id"), &today);

    if (status != STATUS_OK) {
        reply_status(reply, status, "the pack");
        return false;
    }
    if (!read_day(request, reply, "to", today, &to) ||
        !read_day(request, reply, "from", to - USUAL_DAYS + 1, &from))
        return false;
    if (from > to || to - from >= MOST_DAYS) {
        answer_bad(reply, "?from",
                   "must be at most 1,100 days before the last day, and not after it");
        return false;
    }
    *order = (struct vendor_pack_order){.vendor_id = request_param(request, "id"),
                                        .from = date_of(request->arena, from),
                                        .to = date_of(request->arena, to),
                                        .now_ms = clock_wall_ms(),
                                        .records = MOST_RECORDS};
    if (!arena_failed(request->arena))
        return true;
    reply_status(reply, STATUS_MEMORY, "the pack");
    return false;
}

static void pack(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct vendor_pack_order order;
    struct span json;

    if (!read_order(api->store, request, reply, &order))
        return;
    enum status status = vendor_pack_get(api->store, &order, request->arena, &json);
    if (status == STATUS_TIMEOUT)
        reply_problem(reply, 422, "this takes the database longer than 10 s: ask for fewer days");
    else
        answer_json(reply, status, json, answer_subject(request, "vendor", order.vendor_id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/vendors/{id}/pack", ROUTE_VIEWER, pack, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_packs, rows);
