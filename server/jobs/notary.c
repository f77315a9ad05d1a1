#include "server/jobs/notary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/base/log.h"
#include "server/jobs/syslog_line.h"
#include "server/jobs/timer.h"
#include "server/store/alarm.h"
#include "server/store/audit.h"

#define TAIL_BYTES 4096 /* the last line is in there */

struct notary {
    struct store *store;
    struct timer *timer;
    int fd; /* -1: no file */
    bool to_syslog;
    bool has_last; /* of the timer's thread, like the next three */
    bool is_broken;
    enum told {
        TOLD_NOTHING,
        TOLD_UNPUBLISHED,
        TOLD_PUBLISHED
    } told; /* by alert, since the start */
    struct notary_line last;
};

enum status notary_write_line(const struct notary_line *line, int64_t wall_ms, char *out,
                              size_t out_size)
{
    char at[CLOCK_TEXT_SIZE];
    char hex[2 * CRYPTO_HASH_SIZE + 1];
    enum status status = encode_hex(span_of(line->hash, sizeof line->hash), hex, sizeof hex);

    clock_format(wall_ms, at);
    if (status != STATUS_OK)
        return status;
    const int size = snprintf(out, out_size, "{\"at\":\"%s\",\"seq\":%lld,\"hash\":\"%s\"}\n", at,
                              (long long)line->seq, hex);
    return size > 0 && (size_t)size < out_size ? STATUS_OK : STATUS_FULL;
}

static enum status read_line(struct span text, struct notary_line *out)
{
    struct notary_line line = {0};
    struct json *json;
    size_t size = 0;

    if (json_parse(text, &json, NULL) != STATUS_OK)
        return STATUS_CORRUPT;
    line.seq = json_int(json_member(json, "seq"), -1);
    const char *hex = json_text(json_member(json, "hash"), "");
    enum status status = encode_from_hex(span_text(hex), line.hash, sizeof line.hash, &size);
    json_free(json);
    if (status != STATUS_OK || size != sizeof line.hash || line.seq < 0)
        return STATUS_CORRUPT;
    *out = line;
    return STATUS_OK;
}

enum status notary_read_last(struct span text, struct notary_line *out)
{
    size_t end = text.size;

    /* what has no newline behind it was cut off by a crash: the one before counts */
    while (end > 0 && text.data[end - 1] != '\n')
        end--;
    if (end == 0)
        return STATUS_NOT_FOUND;
    size_t start = end - 1;
    while (start > 0 && text.data[start - 1] != '\n')
        start--;
    return read_line(span_of(text.data + start, end - 1 - start), out);
}

/* ---- one run ---- */

static enum status raise_broken(struct store_conn *conn, void *context)
{
    const struct notary *notary = context;
    struct arena *arena;

    if (arena_create(&arena, 65536) != STATUS_OK)
        return STATUS_MEMORY;
    const struct alarm alarm = {
        .kind = "audit_altered",
        .severity = "critical",
        .subject = "installation",
        .detail = arena_format(arena, "{\"row\":%lld}", (long long)notary->last.seq),
    };
    enum status status = alarm.detail != NULL ? alarm_raise(conn, arena, &alarm, 1) : STATUS_MEMORY;
    arena_free(arena);
    return status;
}

/* Told once, and again after each start: what is published from then on hides nothing, for the
 * line that does not fit stays in the file. */
static void check_last(struct notary *notary)
{
    bool stands = true;

    if (!notary->has_last || notary->is_broken ||
        audit_stands(notary->store, notary->last.seq,
                     span_of(notary->last.hash, sizeof notary->last.hash), &stands) != STATUS_OK ||
        stands)
        return;
    log_error("audit", "row %lld is not the one that was published: the audit was altered",
              (long long)notary->last.seq);
    enum status status = store_transaction(notary->store, raise_broken, notary);
    if (status == STATUS_OK)
        notary->is_broken = true;
    else
        log_warning("audit", "the alert cannot be raised: %s", status_text(status));
}

static enum status append(const struct notary *notary, const char *line)
{
    const size_t size = strlen(line);

    if (notary->fd < 0)
        return STATUS_OK;
    return write(notary->fd, line, size) == (ssize_t)size && fsync(notary->fd) == 0 ? STATUS_OK
                                                                                    : STATUS_IO;
}

static enum status raise_unpublished(struct store_conn *conn, void *context)
{
    const struct alarm alarm = {
        .kind = "audit_unpublished",
        .severity = "warning",
        .subject = "installation",
        .detail = "{}",
    };
    struct arena *arena;

    (void)context;
    if (arena_create(&arena, 65536) != STATUS_OK)
        return STATUS_MEMORY;
    enum status status = alarm_raise(conn, arena, &alarm, 1);
    arena_free(arena);
    return status;
}

static enum status end_unpublished(struct store_conn *conn, void *context)
{
    (void)context;
    return alarm_end(conn, "audit_unpublished", "installation");
}

/* Once for each change, and when this server has just started. */
static void note(struct notary *notary, bool is_published)
{
    const enum told now = is_published ? TOLD_PUBLISHED : TOLD_UNPUBLISHED;

    if (notary->told == now)
        return;
    enum status status = store_transaction(
        notary->store, is_published ? end_unpublished : raise_unpublished, notary);
    if (status == STATUS_OK)
        notary->told = now;
    else if (status != STATUS_UNREACHABLE)
        log_warning("audit", "the alert cannot be kept: %s", status_text(status));
}

static void tell(char *line)
{
    char text[NOTARY_LINE_SIZE + sizeof "audit head "];

    line[strcspn(line, "\n")] = '\0';
    snprintf(text, sizeof text, "audit head %s", line);
    syslog_line_tell(text);
}

static void publish(struct notary *notary, const struct notary_line *head)
{
    char line[NOTARY_LINE_SIZE];
    enum status status = notary_write_line(head, clock_wall_ms(), line, sizeof line);

    if (status == STATUS_OK)
        status = append(notary, line);
    if (status != STATUS_OK) {
        log_error("audit", "the head cannot be published: %s (is the disk full?)",
                  status_text(status));
        note(notary, false);
        return;
    }
    note(notary, true);
    if (notary->to_syslog)
        tell(line);
    notary->last = *head;
    notary->has_last = true;
}

static void run_job(void *context, bool woken)
{
    struct notary *notary = context;
    struct notary_line head;

    (void)woken;
    if (notary->fd < 0 && !notary->to_syslog) {
        note(notary, false);
        return;
    }
    check_last(notary);
    if (audit_head(notary->store, &head.seq, head.hash) != STATUS_OK)
        return; /* the database is away: the next run tells as much */
    if (!notary->has_last || head.seq != notary->last.seq ||
        memcmp(head.hash, notary->last.hash, sizeof head.hash) != 0)
        publish(notary, &head);
    else
        note(notary, true); /* as it is, it stands there already */
}

/* ---- life ---- */

static enum status read_tail(struct notary *notary)
{
    char tail[TAIL_BYTES];
    const off_t end = lseek(notary->fd, 0, SEEK_END);
    const off_t from = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
    const ssize_t size = end < 0 ? -1 : pread(notary->fd, tail, sizeof tail, from);

    if (size < 0)
        return STATUS_IO;
    enum status status = notary_read_last(span_of(tail, (size_t)size), &notary->last);
    notary->has_last = status == STATUS_OK;
    if (size > 0 && tail[size - 1] != '\n' && write(notary->fd, "\n", 1) != 1)
        return STATUS_IO;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status open_file(struct notary *notary, const char *path, char problem[256])
{
    notary->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (notary->fd < 0) {
        snprintf(problem, 256, "audit_head_file \"%.150s\" cannot be opened: %s", path,
                 strerror(errno));
        return STATUS_IO;
    }
    enum status status = read_tail(notary);
    if (status != STATUS_OK)
        snprintf(problem, 256,
                 "audit_head_file \"%.150s\" does not end with a line of an audit head: is it "
                 "another file?",
                 path);
    return status;
}

enum status notary_start(struct notary **out, struct store *store,
                         const struct notary_options *options, char problem[256])
{
    struct notary *notary = calloc(1, sizeof *notary);

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (notary == NULL)
        return STATUS_MEMORY;
    notary->store = store;
    notary->fd = -1;
    notary->to_syslog = options->to_syslog;
    enum status status = STATUS_OK;
    if (options->path != NULL)
        status = open_file(notary, options->path, problem);
    if (notary->to_syslog)
        syslog_line_open();
    if (status == STATUS_OK)
        status = timer_start(&notary->timer, options->interval_ms, run_job, notary);
    if (status != STATUS_OK) {
        notary_stop(notary);
        return status;
    }
    *out = notary;
    return STATUS_OK;
}

void notary_stop(struct notary *notary)
{
    if (notary == NULL)
        return;
    timer_stop(notary->timer);
    if (notary->fd >= 0)
        close(notary->fd);
    if (notary->to_syslog)
        syslog_line_close();
    free(notary);
}
