#include "schema/wire/claim_uri.h"

#include <string.h>

#include "schema/base/encode.h"

/* What stands in a query as it is: unreserved signs, and those of an address that part nothing. */
static bool is_plain(char sign)
{
    return (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z') ||
           (sign >= '0' && sign <= '9') || (sign != '\0' && strchr("-._~:/@", sign) != NULL);
}

static void write_value(struct buffer *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (is_plain(*value))
            buffer_byte(out, (uint8_t)*value);
        else
            buffer_format(out, "%%%02X", (unsigned char)*value);
    }
}

void claim_uri_write(struct buffer *out, const char *code, const char *url)
{
    buffer_text(out, CLAIM_URI_PREFIX "claim=");
    write_value(out, code);
    buffer_text(out, "&url=");
    write_value(out, url);
}

static enum status read_value(struct span value, char *out, size_t room)
{
    size_t size = 0;

    for (size_t at = 0; at < value.size; at++) {
        uint8_t byte = value.data[at];
        size_t one;

        if (byte == '%') {
            if (value.size - at < 3 ||
                encode_from_hex(span_of(value.data + at + 1, 2), &byte, 1, &one) != STATUS_OK)
                return STATUS_INVALID;
            at += 2;
        }
        if (byte < ' ' || size + 1 >= room)
            return STATUS_INVALID;
        out[size++] = (char)byte;
    }
    out[size] = '\0';
    return size > 0 ? STATUS_OK : STATUS_INVALID;
}

/* One "name=value". */
static enum status read_member(struct span member, char *code, char *url)
{
    const bool is_code = span_starts_with(member, "claim=");
    const size_t skip = is_code ? strlen("claim=") : strlen("url=");
    char *out = is_code ? code : url;

    if (!is_code && !span_starts_with(member, "url="))
        return STATUS_OK;
    if (out[0] != '\0')
        return STATUS_INVALID;
    return read_value(span_of(member.data + skip, member.size - skip), out,
                      is_code ? CLAIM_URI_CODE : CLAIM_URI_URL);
}

enum status claim_uri_read(struct span text, char code[CLAIM_URI_CODE], char url[CLAIM_URI_URL])
{
    char found_code[CLAIM_URI_CODE] = "", found_url[CLAIM_URI_URL] = "";
    enum status status = STATUS_OK;

    if (!span_starts_with(text, CLAIM_URI_PREFIX))
        return STATUS_NOT_FOUND;
    for (size_t from = strlen(CLAIM_URI_PREFIX), to = from; from < text.size && status == STATUS_OK;
         from = ++to) {
        while (to < text.size && text.data[to] != '&')
            to++;
        status = read_member(span_of(text.data + from, to - from), found_code, found_url);
    }
    if (status != STATUS_OK || found_code[0] == '\0' || found_url[0] == '\0')
        return STATUS_INVALID;
    memcpy(code, found_code, sizeof found_code);
    memcpy(url, found_url, sizeof found_url);
    return STATUS_OK;
}
