#include "agent/software/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/chat/http.h"
#include "schema/base/digest.h"

#define CONNECT_TIMEOUT_MS 10000
#define STALL_TIMEOUT_MS   30000
#define TELL_EVERY_BYTES   (1 << 20)
#define RESERVE_BYTES      (INT64_C(16) << 20) /* of the disk, for everybody else */
#define OK                 200
#define PARTIAL            206
#define RANGE_REFUSED      416

struct fetching {
    const struct fetch *fetch;
    int fd;
    int64_t done_bytes;
    int64_t told_bytes;
    int64_t from_bytes; /* the first that was asked for */
    int http_status;
    bool is_judged; /* the headers were looked at */
    int64_t range_from;
    int64_t range_total; /* -1: not told */
    char etag[FETCH_ETAG_SIZE];
    char new_etag[FETCH_ETAG_SIZE];
    char *reason;
};

static enum status fail(struct fetching *fetching, enum status status, const char *reason)
{
    snprintf(fetching->reason, LIMIT_REASON + 1, "%s", reason);
    return status;
}

static void tell(struct fetching *fetching)
{
    fetching->told_bytes = fetching->done_bytes;
    fetching->fetch->on_progress(fetching->fetch->context, fetching->done_bytes, fetching->etag);
}

static void on_status(void *context, int status)
{
    struct fetching *fetching = context;

    fetching->http_status = status;
}

/* "bytes 100-199/200" */
static void take_range(struct fetching *fetching, struct span value)
{
    const char *text = (const char *)value.data;
    const char *dash = memchr(text, '-', value.size);
    const char *slash = memchr(text, '/', value.size);

    if (!span_starts_with(value, "bytes ") || !dash || !slash || slash < dash ||
        span_to_int64(span_of(text + 6, (size_t)(dash - text) - 6), &fetching->range_from) !=
            STATUS_OK ||
        span_to_int64(span_of(slash + 1, value.size - (size_t)(slash + 1 - text)),
                      &fetching->range_total) != STATUS_OK)
        fetching->range_from = -1;
}

/* Only what says "the very same bytes" may go into If-Range: no weak tag. */
static void on_header(void *context, struct span name, struct span value)
{
    struct fetching *fetching = context;
    char text[32];

    if (span_to_text(name, text, sizeof text) != STATUS_OK)
        return;
    if (strcasecmp(text, "etag") == 0 && value.size > 0 && value.data[0] == '"' &&
        span_to_text(value, fetching->new_etag, sizeof fetching->new_etag) != STATUS_OK)
        fetching->new_etag[0] = 0;
    else if (strcasecmp(text, "content-range") == 0)
        take_range(fetching, value);
}

static enum status start_over(struct fetching *fetching)
{
    fetching->done_bytes = 0;
    return ftruncate(fetching->fd, 0) < 0 || lseek(fetching->fd, 0, SEEK_SET) < 0
               ? fail(fetching, STATUS_IO, "the disk failed")
               : STATUS_OK;
}

/* Whether what comes now is the rest of what is here, the whole, or none of it. */
static enum status judge(struct fetching *fetching)
{
    enum status status = STATUS_OK;

    fetching->is_judged = true;
    if (fetching->http_status == PARTIAL) {
        if (fetching->range_from != fetching->from_bytes ||
            fetching->range_total != fetching->fetch->size_bytes)
            return fail(fetching, STATUS_INVALID,
                        "the server's file has another size than was signed");
    } else if (fetching->http_status == OK) {
        status = start_over(fetching);
    } else {
        snprintf(fetching->reason, LIMIT_REASON + 1, "the server answered %d",
                 fetching->http_status);
        return STATUS_UNREACHABLE;
    }
    memcpy(fetching->etag, fetching->new_etag, sizeof fetching->etag);
    if (status == STATUS_OK)
        tell(fetching);
    return status;
}

static enum status put(struct fetching *fetching, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(fetching->fd, bytes.data, bytes.size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno == ENOSPC || errno == EDQUOT
                       ? fail(fetching, STATUS_FULL, "the disk has no room")
                       : fail(fetching, STATUS_IO, "the disk failed");
        bytes = span_of(bytes.data + written, bytes.size - (size_t)written);
        fetching->done_bytes += written;
    }
    return STATUS_OK;
}

static enum status on_body(void *context, struct span bytes)
{
    struct fetching *fetching = context;
    enum status status = fetching->is_judged ? STATUS_OK : judge(fetching);

    if (status != STATUS_OK)
        return status;
    if ((int64_t)bytes.size > fetching->fetch->size_bytes - fetching->done_bytes)
        return fail(fetching, STATUS_INVALID, "the server's file is larger than was signed");
    status = put(fetching, bytes);
    if (fetching->done_bytes - fetching->told_bytes >= TELL_EVERY_BYTES)
        tell(fetching);
    return status;
}

static enum status ask(struct fetching *fetching)
{
    const struct fetch *fetch = fetching->fetch;
    char range[48];
    struct http_header headers[3] = {{"Accept-Encoding", "identity"}};
    struct http_request request = {
        .url = fetch->url,
        .headers = headers,
        .header_count = 1,
        .ca_pem = fetch->ca_pem,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .stall_timeout_ms =
            fetch->stall_timeout_ms > 0 ? fetch->stall_timeout_ms : STALL_TIMEOUT_MS,
        .max_bytes_per_s = fetch->max_bytes_per_s,
        .cancel = fetch->cancel,
    };
    const struct http_listener listener = {
        .context = fetching, .on_status = on_status, .on_header = on_header, .on_body = on_body};
    struct http_result result;
    struct http *http = NULL;
    enum status status = http_create(&http);

    if (status != STATUS_OK)
        return status;
    if (fetching->from_bytes > 0) {
        snprintf(range, sizeof range, "bytes=%lld-", (long long)fetching->from_bytes);
        headers[request.header_count++] = (struct http_header){"Range", range};
        if (fetching->etag[0])
            headers[request.header_count++] = (struct http_header){"If-Range", fetching->etag};
    }
    status = http_send(http, &request, &listener, &result);
    http_free(http);
    if (status == STATUS_OK && !fetching->is_judged) /* an answer without a body */
        status = judge(fetching);
    if (status != STATUS_OK && fetching->reason[0] == 0)
        snprintf(fetching->reason, LIMIT_REASON + 1, "%.*s", LIMIT_REASON,
                 result.problem[0] ? result.problem : status_text(status));
    return status;
}

/* What is here, and whether the rest has room. */
static enum status prepare(struct fetching *fetching)
{
    const struct fetch *fetch = fetching->fetch;
    struct statvfs disk;
    struct stat file;

    fetching->fd = open(fetch->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fetching->fd < 0 || fstat(fetching->fd, &file) < 0 || fstatvfs(fetching->fd, &disk) < 0)
        return fail(fetching, STATUS_IO, "the disk failed");
    fetching->done_bytes = file.st_size;
    if (file.st_size > fetch->size_bytes && start_over(fetching) != STATUS_OK)
        return STATUS_IO;
    if ((int64_t)(disk.f_bavail * disk.f_frsize) <
        fetch->size_bytes - fetching->done_bytes + RESERVE_BYTES)
        return fail(fetching, STATUS_FULL, "the disk has no room");
    if (lseek(fetching->fd, 0, SEEK_END) < 0)
        return fail(fetching, STATUS_IO, "the disk failed");
    fetching->from_bytes = fetching->done_bytes;
    return STATUS_OK;
}

/* Network and server pass; what the body's own look found is told apart. */
static enum status simplify(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_CLOSED:
    case STATUS_FULL:
    case STATUS_INVALID:
        return status;
    default:
        return STATUS_UNREACHABLE;
    }
}

static enum status fetch_rest(struct fetching *fetching)
{
    const struct fetch *fetch = fetching->fetch;

    if (fetching->done_bytes == fetch->size_bytes)
        return STATUS_OK;
    enum status status = simplify(ask(fetching));
    if (fetching->http_status == RANGE_REFUSED)
        status = fail(fetching, STATUS_INVALID, "the server's file is shorter than what is here");
    if (status == STATUS_OK && fetching->done_bytes < fetch->size_bytes)
        status = fail(fetching, STATUS_INVALID, "the server's file is shorter than was signed");
    if (status == STATUS_OK && fsync(fetching->fd) < 0)
        status = fail(fetching, STATUS_IO, "the disk failed");
    tell(fetching);
    return status;
}

static enum status check_hash(struct fetching *fetching)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    int64_t size_bytes;

    if (digest_file(fetching->fetch->path, hash, &size_bytes) != STATUS_OK)
        return fail(fetching, STATUS_IO, "the disk failed");
    if (size_bytes != fetching->fetch->size_bytes ||
        memcmp(hash, fetching->fetch->sha256, sizeof hash) != 0)
        return fail(fetching, STATUS_FORGED, "the file is not the one that was signed");
    return STATUS_OK;
}

enum status fetch_run(const struct fetch *fetch, const char *etag, char reason[LIMIT_REASON + 1])
{
    struct fetching fetching = {.fetch = fetch, .fd = -1, .range_from = -1, .range_total = -1};

    reason[0] = 0;
    fetching.reason = reason;
    snprintf(fetching.etag, sizeof fetching.etag, "%s", etag);
    enum status status = prepare(&fetching);
    if (status == STATUS_OK)
        status = fetch_rest(&fetching);
    if (status == STATUS_OK)
        status = check_hash(&fetching);
    if (fetching.fd >= 0)
        close(fetching.fd);
    if (status == STATUS_FORGED || status == STATUS_INVALID)
        unlink(fetch->path);
    return status;
}
