#include "server/api/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "schema/base/span.h"

#define DARK      1   /* the lowest bit of a module; the others say what it is of */
#define WIDTH_MAX 177 /* of version 40 */

static void write_rows(struct json_writer *writer, const QRcode *code, char *row)
{
    const size_t size = (size_t)code->width;

    json_begin_array(writer);
    for (size_t y = 0; y < size; y++) {
        for (size_t x = 0; x < size; x++)
            row[x] = (code->data[y * size + x] & DARK) != 0 ? '1' : '0';
        json_write_text(writer, span_of(row, size));
    }
    json_end_array(writer);
}

enum status qr_write(struct json_writer *writer, const char *text)
{
    char row[WIDTH_MAX];
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (code == NULL)
        return errno == ERANGE ? STATUS_FULL : errno == ENOMEM ? STATUS_MEMORY : STATUS_INVALID;
    write_rows(writer, code, row);
    QRcode_free(code);
    return STATUS_OK;
}
