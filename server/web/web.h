/* web.h - the dashboard's files, built into the program
 *
 * The table is made from this folder by cmake/embed.cmake. Read-only; thread-safe.
 */
#ifndef SERVER_WEB_WEB_H
#define SERVER_WEB_WEB_H

#include "schema/base/span.h"

struct web_file {
    const char *path; /* "/app.css" */
    const char *type; /* "text/css; charset=utf-8" */
    const char *etag; /* with its quotes; differs when the content does */
    struct span data;
    struct span gzip; /* the same for Accept-Encoding: gzip; empty where it was not made */
    const char *gzip_etag;
};

/* All of them; the last one's path is NULL. */
extern const struct web_file web_files[];

/* The file that answers a request path: the one of that name, or index.html when the path is a
 * page's (its last segment has no dot), for pages are drawn in the browser. NULL: no such file. */
const struct web_file *web_find(const char *path);

#endif
