#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/web/web.h"

static bool takes_gzip(const struct request *request)
{
    const char *accepted = request_header(request, "Accept-Encoding");

    return accepted != NULL && strstr(accepted, "gzip") != NULL;
}

static void send_file(const struct request *request, struct reply *reply,
                      const struct web_file *file)
{
    const char *known = request_header(request, "If-None-Match");

    if (file == NULL) {
        reply_problem(reply, 404, "there is nothing at this path");
        return;
    }
    const bool packed = file->gzip.size > 0 && takes_gzip(request);
    const char *etag = packed ? file->gzip_etag : file->etag;
    /* names do not change with their content, so browsers ask each time; the ETag makes that cheap
     */
    reply_header(reply, "Cache-Control", "no-cache");
    reply_header(reply, "ETag", etag);
    reply_header(reply, "Vary", "Accept-Encoding");
    if (known != NULL && strcmp(known, etag) == 0) {
        reply_empty(reply, 304);
        return;
    }
    if (packed)
        reply_header(reply, "Content-Encoding", "gzip");
    reply_bytes(reply, 200, file->type, packed ? file->gzip : file->data);
}

static void page(void *context, struct request *request, struct reply *reply)
{
    (void)context;
    send_file(request, reply,
              strncmp(request->path, "/api/", 5) != 0 ? web_find(request->path) : NULL);
}

static void reference(void *context, struct request *request, struct reply *reply)
{
    (void)context;
    send_file(request, reply, web_find("/reference.html"));
}

static void description(void *context, struct request *request, struct reply *reply)
{
    (void)context;
    send_file(request, reply, web_find("/openapi.yaml"));
}

static const struct route rows[] = {
    {"GET", "/api/v1/reference", ROUTE_ANYONE, reference, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/openapi.yaml", ROUTE_ANYONE, description, ROUTE_BODY_NORMAL},
    {"GET", "/", ROUTE_ANYONE, page, ROUTE_BODY_NORMAL},
    {"GET", "/*", ROUTE_ANYONE, page, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_pages, rows);
