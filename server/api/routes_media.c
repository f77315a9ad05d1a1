#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/media.h"
#include "server/api/routes.h"
#include "server/store/devices.h"

static void face(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *device = request_param(request, "id");
    struct span png;
    int64_t at_ms;
    enum status status = devices_face(api->store, device, request->arena, &png, &at_ms);

    if (status != STATUS_OK) {
        reply_status(reply, status, answer_subject(request, "picture of device", device));
        return;
    }
    reply_header(reply, "Last-Modified", media_date(request->arena, at_ms));
    reply_bytes(reply, 200, "image/png", png);
}

/* The newest video of a robot on this machine; -1: there is none. */
static int open_video(const struct api *api, struct request *request, struct stat *info)
{
    const char *device = request_param(request, "id");

    if (api->demo_media == NULL || strcmp(device, api->demo_device) != 0)
        return -1;
    const char *path = arena_format(request->arena, "%s/latest.mp4", api->demo_media);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0 && (fstat(fd, info) < 0 || !S_ISREG(info->st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

static void video(void *context, struct request *request, struct reply *reply)
{
    struct stat info;
    uint64_t offset = 0;
    int fd = open_video(context, request, &info);

    if (fd < 0) {
        reply_status(reply, STATUS_NOT_FOUND,
                     answer_subject(request, "video of device", request_param(request, "id")));
        return;
    }
    uint64_t size = (uint64_t)info.st_size;
    uint64_t count = size;
    enum status status = media_range(request_header(request, "Range"), size, &offset, &count);
    if (status == STATUS_INVALID) {
        close(fd);
        reply_header(reply, "Content-Range",
                     arena_format(request->arena, "bytes */%llu", (unsigned long long)size));
        reply_problem(reply, 416, "the video has %llu bytes", (unsigned long long)size);
        return;
    }
    reply_header(reply, "Accept-Ranges", "bytes");
    reply_header(reply, "Last-Modified",
                 media_date(request->arena, (int64_t)info.st_mtim.tv_sec * 1000));
    if (status == STATUS_OK)
        reply_header(
            reply, "Content-Range",
            arena_format(request->arena, "bytes %llu-%llu/%llu", (unsigned long long)offset,
                         (unsigned long long)(offset + count - 1), (unsigned long long)size));
    reply_file(reply, status == STATUS_OK ? 206 : 200, "video/mp4", fd, offset, count);
}

static const struct route rows[] = {
    {"GET", "/api/v1/devices/{id}/face", ROUTE_VIEWER, face, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/video", ROUTE_VIEWER, video, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_media, rows);
