#include "server/ctl/download.h"

#include <inttypes.h>
#include <string.h>

/* The head's first field is no period. */
static void end_line(struct download *download)
{
    if (download->lines > 0 && download->field_size > 0)
        snprintf(download->period, sizeof download->period, "%.*s", (int)download->field_size,
                 download->field);
    download->lines++;
    download->field_size = 0;
    download->is_beyond = false;
}

/* Fields behind the first may hold a line's end within quotes; periods are dates, and a count of
 * rows that is a little off harms nobody. */
void download_count(struct download *download, struct span piece)
{
    const uint8_t *at = piece.data;
    const uint8_t *end = at + piece.size;

    download->bytes += piece.size;
    for (; at < end; at++) {
        if (download->is_beyond) {
            at = memchr(at, '\n', (size_t)(end - at));
            if (at == NULL)
                return;
            end_line(download);
        } else if (*at == ',' || download->field_size == sizeof download->field) {
            download->is_beyond = true;
        } else {
            download->field[download->field_size++] = (char)*at;
        }
    }
}

void download_print(const struct download *download, FILE *out)
{
    const uint64_t rows = download->lines > 0 ? download->lines - 1 : 0;

    fprintf(out, "%s%s%" PRIu64 " rows  %.1f MB", download->period, *download->period ? "  " : "",
            rows, (double)download->bytes / 1e6);
}
