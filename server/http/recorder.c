#include "server/http/recorder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_BYTES 512

/* The row's pattern, which openapi.yaml has as it is; of what is at no row, the path, as one word.
 */
static void write_path(const struct request *request, char out[PATH_BYTES])
{
    const char *path = request->route ? request->route->pattern : request->path;

    snprintf(out, PATH_BYTES, "%s", path && *path ? path : "-");
    for (char *at = out; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            *at = '?';
}

static struct span body_of(const struct reply *reply)
{
    const bool is_json = reply->type != NULL && strstr(reply->type, "json") != NULL;

    return reply->kind == REPLY_BYTES && is_json ? reply->body : span_text("");
}

/* "GET /api/v1/groups/{id} 200 2 application/json" and a line's end, then so many bytes and another
 * line's end; in one piece, for other threads write beside. Each process has a file of its own:
 * tests kill servers, which may cut the last piece short. */
void recorder_note(const struct request *request, const struct reply *reply)
{
    const char *files = getenv("MYNA_ANSWERS");
    const struct span body = body_of(reply);
    char path[PATH_BYTES], head[PATH_BYTES + 256], file[PATH_BYTES];

    if (files == NULL || request->method == NULL)
        return;
    write_path(request, path);
    snprintf(file, sizeof file, "%s.%ld", files, (long)getpid());
    const int size = snprintf(head, sizeof head, "%.16s %s %u %zu %.100s\n", request->method, path,
                              reply->status, body.size, reply->type != NULL ? reply->type : "-");
    const struct iovec parts[] = {{head, (size_t)size},
                                  {(void *)(uintptr_t)body.data, body.size},
                                  {(void *)(uintptr_t) "\n", 1}};
    const int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    const ssize_t written = writev(fd, parts, 3);
    (void)written; /* what is cut short is found by the reader */
    close(fd);
}
