#include "server/notify/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/encode.h"
#include "schema/base/json.h"

#define MAIL_BYTES    ((size_t)64 << 10)
#define ADDRESS_MAX   254
#define LINE_BYTES    57 /* base64 makes 76 characters of them (RFC 2045 section 6.8) */
#define SUBJECT_BYTES 180
#define WORD_BYTES    39 /* of UTF-8 in an encoded word: with "Subject:" 76 characters (RFC 2047) */

bool mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');

    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        strlen(text) > ADDRESS_MAX)
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("<>()[],;:\\\"", *text) != NULL)
            return false;
    return true;
}

static enum status read_recipients(struct span json, struct arena *arena, struct post_request *out)
{
    struct json *list;
    enum status status = json_parse(json, &list, NULL);

    if (status != STATUS_OK)
        return STATUS_INVALID;
    out->to_count = json_count(list);
    if (out->to_count == 0 || out->to_count > POST_TO)
        status = STATUS_INVALID;
    for (size_t i = 0; status == STATUS_OK && i < out->to_count; i++) {
        const char *address = json_text(json_item(list, i), "");

        if (!mail_is_address(address))
            status = STATUS_INVALID;
        else if ((out->to[i] = arena_text(arena, span_text(address))) == NULL)
            status = STATUS_FULL;
    }
    json_free(list);
    return status;
}

/* "Sun, 22 Nov 2026 10:00:00 +0000". */
static void add_date(struct buffer *out, int64_t now_ms)
{
    const time_t now_s = (time_t)(now_ms / 1000);
    char text[48];
    struct tm parts;

    gmtime_r(&now_s, &parts);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &parts);
    buffer_format(out, "Date: %s\r\n", text);
}

static void add_base64(struct buffer *out, struct span bytes)
{
    char text[96];

    if (encode_base64(bytes, text, sizeof text) == STATUS_OK)
        buffer_text(out, text);
    else
        buffer_fail(out, STATUS_FULL);
}

/* As encoded words of whole characters, so that any text may stand in a header. */
static void add_subject(struct buffer *out, const char *text)
{
    struct span rest = span_text(text);

    if (rest.size > SUBJECT_BYTES)
        rest.size = SUBJECT_BYTES;
    buffer_text(out, "Subject:");
    while (rest.size > 0) {
        size_t size = 0;
        size_t step;

        while ((step = span_utf8_step(span_of(rest.data + size, rest.size - size))) > 0 &&
               size + step <= WORD_BYTES)
            size += step;
        if (size == 0)
            break;
        buffer_text(out, " =?UTF-8?B?");
        add_base64(out, span_of(rest.data, size));
        buffer_text(out, "?=\r\n");
        rest = span_of(rest.data + size, rest.size - size);
    }
}

static void add_body(struct buffer *out, struct span text)
{
    while (text.size > 0) {
        size_t size = text.size < LINE_BYTES ? text.size : LINE_BYTES;

        add_base64(out, span_of(text.data, size));
        buffer_text(out, "\r\n");
        text = span_of(text.data + size, text.size - size);
    }
}

static const char *subject(const struct notice *notices, size_t count, struct arena *arena)
{
    if (count == 1) {
        const char *headline = notice_headline(notices, arena);

        return headline != NULL ? arena_format(arena, "[Myna] %s", headline) : NULL;
    }
    return arena_format(arena, "[Myna] %zu alerts, the worst %s", count,
                        notice_worst(notices, count));
}

static void write_text(struct buffer *out, const struct notice *notices, size_t count,
                       const char *dashboard, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        const struct notice *notice = &notices[i];
        const char *headline = notice_headline(notice, arena);
        const char *link = notice_link(notice, dashboard, arena);

        if (headline == NULL || link == NULL) {
            buffer_fail(out, STATUS_FULL);
            return;
        }
        buffer_format(out, "%s%s\r\n", i > 0 ? "\r\n" : "", headline);
        if (notice->words[0] != '\0')
            buffer_format(out, "%s\r\n", notice->words);
        if (notice->event == NOTICE_RAISED)
            buffer_format(out, "%s\r\n", notice->cure);
        buffer_format(out, "%s\r\n", link);
    }
}

static void write_mail(struct buffer *out, const char *sender, const struct post_request *request,
                       const char *title, int64_t now_ms, int64_t delivery_id, struct span text)
{
    add_date(out, now_ms);
    buffer_format(out, "From: Myna <%s>\r\n", sender);
    for (size_t i = 0; i < request->to_count; i++)
        buffer_format(out, "%s<%s>", i == 0 ? "To: " : ",\r\n ", request->to[i]);
    buffer_text(out, "\r\n");
    add_subject(out, title);
    buffer_format(out, "Message-ID: <myna-%lld-%lld@%s>\r\n", (long long)delivery_id,
                  (long long)now_ms, strchr(sender, '@') + 1);
    buffer_text(out, "Auto-Submitted: auto-generated\r\n"
                     "MIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n");
    add_body(out, text);
}

enum status mail_build(const char *sender, struct span recipients, const struct notice *notices,
                       size_t count, const char *dashboard, int64_t now_ms, struct arena *arena,
                       struct post_request *out)
{
    struct post_request made = *out;
    struct buffer text;
    struct buffer mail;

    if (!mail_is_address(sender) || count == 0)
        return STATUS_INVALID;
    enum status status = read_recipients(recipients, arena, &made);
    if (status != STATUS_OK)
        return status;
    const char *title = subject(notices, count, arena);
    if (title == NULL)
        return STATUS_FULL;
    buffer_init(&text, MAIL_BYTES);
    buffer_init(&mail, MAIL_BYTES * 2);
    write_text(&text, notices, count, dashboard, arena);
    write_mail(&mail, sender, &made, title, now_ms, notices[0].delivery_id, buffer_span(&text));
    status = buffer_status(&text) != STATUS_OK ? buffer_status(&text) : buffer_status(&mail);
    made.method = POST_MAIL;
    made.from = arena_format(arena, "<%s>", sender);
    made.body = arena_copy(arena, buffer_span(&mail));
    if (status == STATUS_OK && arena_failed(arena))
        status = STATUS_FULL;
    if (status == STATUS_OK)
        *out = made;
    buffer_release(&text);
    buffer_release(&mail);
    return status;
}
