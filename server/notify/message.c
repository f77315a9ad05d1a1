#include "server/notify/message.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/notify/mail.h"
#include "server/notify/sign.h"

#define BODY_BYTES ((size_t)128 << 10)
#define LEVELS     3

/* How a chat marks up its text, and what untrusted text must not be able to say in it. */
struct style {
    const char *bold_begin, *bold_end;
    const char *link_begin, *link_middle, *link_end; /* "[" text "](" address ")" */
    bool address_first;
    const char *line_end;
    struct {
        char from;
        const char *to;
    } escapes[6];
};

/* Markdown as DingTalk, WeCom and Feishu take it: an angle bracket could name everyone in the
 * group, a square one could begin a link. */
static const struct style markdown = {
    .bold_begin = "**",
    .bold_end = "**",
    .link_begin = "[",
    .link_middle = "](",
    .link_end = ")",
    .line_end = "\n\n",
    .escapes = {{'<', "‹"}, {'>', "›"}, {'[', "("}, {']', ")"}, {'`', "'"}},
};
/* Slack's mrkdwn: three characters are its control characters. */
static const struct style mrkdwn = {
    .bold_begin = "*",
    .bold_end = "*",
    .link_begin = "<",
    .link_middle = "|",
    .link_end = ">",
    .address_first = true,
    .line_end = "\n",
    .escapes = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'`', "'"}},
};

/* What a message is made of. */
struct making {
    const struct message_channel *channel;
    const struct notice *notices;
    size_t count;
    const char *dashboard;
    int64_t now_ms;
    struct arena *arena;
    struct post_request *out;
    struct json_writer writer;
    struct buffer body;
};

/* ---- text ---- */

static void add_escaped(struct buffer *out, const struct style *style, const char *text)
{
    for (; *text != '\0'; text++) {
        size_t i = 0;

        while (style->escapes[i].to != NULL && style->escapes[i].from != *text)
            i++;
        if (style->escapes[i].to != NULL)
            buffer_text(out, style->escapes[i].to);
        else
            buffer_byte(out, (uint8_t)*text);
    }
}

static void add_link(struct buffer *out, const struct style *style, const char *address)
{
    static const char text[] = "Open the dashboard";

    buffer_text(out, style->link_begin);
    buffer_text(out, style->address_first ? address : text);
    buffer_text(out, style->link_middle);
    buffer_text(out, style->address_first ? text : address);
    buffer_text(out, style->link_end);
}

static void add_notice(struct buffer *out, const struct style *style, const struct notice *notice,
                       const char *dashboard, int level, struct arena *arena)
{
    const char *headline = notice_headline(notice, arena);
    const char *link = notice_link(notice, dashboard, arena);

    if (headline == NULL || link == NULL) {
        buffer_fail(out, STATUS_FULL);
        return;
    }
    buffer_text(out, style->bold_begin);
    add_escaped(out, style, headline);
    buffer_text(out, style->bold_end);
    buffer_text(out, style->line_end);
    if (level < 1 && notice->words[0] != '\0') {
        add_escaped(out, style, notice->words);
        buffer_text(out, style->line_end);
    }
    if (level < 2 && notice->event == NOTICE_RAISED) {
        add_escaped(out, style, notice->cure);
        buffer_text(out, style->line_end);
    }
    add_link(out, style, link);
}

static const char *write_notices(const struct style *style, const struct notice *notices,
                                 size_t count, const char *dashboard, int level,
                                 struct arena *arena)
{
    const char *text = NULL;
    struct buffer out;

    buffer_init(&out, BODY_BYTES);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_text(&out, style->line_end);
        add_notice(&out, style, &notices[i], dashboard, level, arena);
    }
    if (buffer_status(&out) == STATUS_OK)
        text = arena_text(arena, buffer_span(&out));
    buffer_release(&out);
    return text;
}

const char *message_markdown(const struct notice *notices, size_t count, const char *dashboard,
                             int level, struct arena *arena)
{
    return write_notices(&markdown, notices, count, dashboard, level, arena);
}

/* As much as fits into so many bytes. */
static struct span fit(const struct making *making, const struct style *style, size_t limit)
{
    struct span text = {0};

    for (int level = 0; level < LEVELS; level++) {
        text = span_text(write_notices(style, making->notices, making->count, making->dashboard,
                                       level, making->arena));
        if (text.size <= limit)
            break;
    }
    return text;
}

static const char *title(const struct making *making)
{
    if (making->count == 1)
        return notice_headline(making->notices, making->arena);
    return arena_format(making->arena, "%zu alerts, the worst %s", making->count,
                        notice_worst(making->notices, making->count));
}

static void member(struct making *making, const char *name, const char *text)
{
    json_key(&making->writer, name);
    json_write_text(&making->writer, span_text(text));
}

/* ---- webhook ---- */

static void member_time(struct making *making, const char *name, int64_t at_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(at_ms, text);
    member(making, name, text);
}

static void write_notice(struct making *making, const struct notice *notice)
{
    static const char *const events[] = {"raised", "cleared", "test"};
    struct json_writer *writer = &making->writer;

    json_begin_object(writer);
    json_key(writer, "delivery");
    json_write_int(writer, notice->delivery_id);
    member(making, "event", events[notice->event]);
    member(making, "link", notice_link(notice, making->dashboard, making->arena));
    if (notice->event != NOTICE_TEST) {
        json_key(writer, "alert");
        json_write_int(writer, notice->alert_id);
        member(making, "kind", notice->kind);
        member(making, "severity", notice->severity);
        member(making, "subject", notice->subject);
        member(making, "title", notice->title);
        member(making, "cure", notice->cure);
        member(making, "words", notice->words);
        json_key(writer, "detail");
        json_write_raw(writer, notice->detail);
        json_key(writer, "count");
        json_write_int(writer, notice->count);
        member_time(making, "first_at", notice->first_at_ms);
        member_time(making, "last_at", notice->last_at_ms);
    }
    json_end_object(writer);
}

static enum status make_webhook(struct making *making)
{
    json_begin_object(&making->writer);
    json_key(&making->writer, "version");
    json_write_int(&making->writer, 1);
    member_time(making, "sent_at", making->now_ms);
    json_key(&making->writer, "notices");
    json_begin_array(&making->writer);
    for (size_t i = 0; i < making->count; i++)
        write_notice(making, &making->notices[i]);
    json_end_array(&making->writer);
    json_end_object(&making->writer);
    return STATUS_OK;
}

/* Once the body is complete. */
static enum status sign_webhook_body(struct making *making)
{
    char signature[SIGN_WEBHOOK_SIZE];
    struct post_request *out = making->out;
    const char *timestamp = arena_format(making->arena, "%lld", (long long)(making->now_ms / 1000));

    if (timestamp == NULL)
        return STATUS_FULL;
    enum status status = sign_webhook(making->channel->secret, timestamp,
                                      buffer_span(&making->body), signature, sizeof signature);
    if (status != STATUS_OK)
        return status;
    out->headers[0] = arena_format(making->arena, "X-Myna-Timestamp: %s", timestamp);
    out->headers[1] = arena_format(making->arena, "X-Myna-Signature: %s", signature);
    out->header_count = 2;
    return STATUS_OK;
}

/* ---- chats ---- */

/* DingTalk and WeCom differ in one name. */
static void write_markdown(struct making *making, const char *text_member, size_t limit)
{
    struct json_writer *writer = &making->writer;

    json_begin_object(writer);
    member(making, "msgtype", "markdown");
    json_key(writer, "markdown");
    json_begin_object(writer);
    if (strcmp(text_member, "text") == 0)
        member(making, "title", title(making));
    json_key(writer, text_member);
    json_write_text(writer, fit(making, &markdown, limit));
    json_end_object(writer);
    json_end_object(writer);
}

static enum status make_dingtalk(struct making *making)
{
    char sign[SIGN_DINGTALK_SIZE];
    const char *url = making->channel->url;

    write_markdown(making, "text", 16000);
    if (making->channel->secret[0] == '\0')
        return STATUS_OK;
    enum status status = sign_dingtalk(making->channel->secret, making->now_ms, sign, sizeof sign);
    if (status == STATUS_OK)
        making->out->url =
            arena_format(making->arena, "%s%ctimestamp=%lld&sign=%s", url,
                         strchr(url, '?') != NULL ? '&' : '?', (long long)making->now_ms, sign);
    return status;
}

static enum status make_wecom(struct making *making)
{
    write_markdown(making, "content", 4000); /* it takes 4,096 bytes */
    return STATUS_OK;
}

static const char *header_colour(const struct making *making)
{
    const char *worst = notice_worst(making->notices, making->count);

    if (strcmp(worst, "critical") == 0)
        return "red";
    return strcmp(worst, "warning") == 0 ? "orange" : "blue";
}

static void write_card_text(struct making *making, const char *tag, struct span content)
{
    json_begin_object(&making->writer);
    member(making, "tag", tag);
    json_key(&making->writer, "content");
    json_write_text(&making->writer, content);
    json_end_object(&making->writer);
}

static void write_card(struct making *making)
{
    struct json_writer *writer = &making->writer;

    json_begin_object(writer);
    json_key(writer, "header");
    json_begin_object(writer);
    member(making, "template", header_colour(making));
    json_key(writer, "title");
    write_card_text(making, "plain_text", span_text(title(making)));
    json_end_object(writer);
    json_key(writer, "elements");
    json_begin_array(writer);
    json_begin_object(writer);
    member(making, "tag", "div");
    json_key(writer, "text");
    write_card_text(making, "lark_md", fit(making, &markdown, 16000)); /* it takes 20 KB */
    json_end_object(writer);
    json_end_array(writer);
    json_end_object(writer);
}

static enum status make_feishu(struct making *making)
{
    char sign[SIGN_FEISHU_SIZE];
    char timestamp[24];

    json_begin_object(&making->writer);
    if (making->channel->secret[0] != '\0') {
        const int64_t now_s = making->now_ms / 1000;
        enum status status = sign_feishu(making->channel->secret, now_s, sign, sizeof sign);

        if (status != STATUS_OK)
            return status;
        snprintf(timestamp, sizeof timestamp, "%lld", (long long)now_s);
        member(making, "timestamp", timestamp);
        member(making, "sign", sign);
    }
    member(making, "msg_type", "interactive");
    json_key(&making->writer, "card");
    write_card(making);
    json_end_object(&making->writer);
    return STATUS_OK;
}

static void write_section(struct making *making, const struct notice *notice)
{
    struct json_writer *writer = &making->writer;

    json_begin_object(writer);
    member(making, "type", "section");
    json_key(writer, "text");
    json_begin_object(writer);
    member(making, "type", "mrkdwn");
    member(making, "text", write_notices(&mrkdwn, notice, 1, making->dashboard, 0, making->arena));
    json_end_object(writer);
    json_end_object(writer);
}

static enum status make_slack(struct making *making)
{
    struct json_writer *writer = &making->writer;
    struct buffer fallback;

    buffer_init(&fallback, BODY_BYTES);
    add_escaped(&fallback, &mrkdwn, title(making));
    json_begin_object(writer);
    json_key(writer, "text"); /* what a notification shows */
    json_write_text(writer, buffer_span(&fallback));
    json_key(writer, "blocks");
    json_begin_array(writer);
    for (size_t i = 0; i < making->count; i++)
        write_section(making, &making->notices[i]);
    json_end_array(writer);
    json_end_object(writer);
    enum status status = buffer_status(&fallback);
    buffer_release(&fallback);
    return status;
}

/* ---- answers ---- */

/* The number that a chat's answer holds instead of a status; 0: taken. */
static bool body_says(const struct post_result *result, const char *code, const char *text,
                      char problem[POST_PROBLEM])
{
    struct json *answer;
    bool taken = false;

    if (json_parse(span_text(result->answer), &answer, NULL) != STATUS_OK) {
        snprintf(problem, POST_PROBLEM, "its answer is not JSON: is that the right address?");
        return false;
    }
    int64_t number = json_int(json_member(answer, code), -1);
    taken = number == 0;
    if (!taken)
        snprintf(problem, POST_PROBLEM, "it refused: %lld %.100s", (long long)number,
                 json_text(json_member(answer, text), ""));
    json_free(answer);
    return taken;
}

static bool taken_errcode(const struct post_result *result, char problem[POST_PROBLEM])
{
    return body_says(result, "errcode", "errmsg", problem);
}

static bool taken_code(const struct post_result *result, char problem[POST_PROBLEM])
{
    return body_says(result, "code", "msg", problem);
}

/* ---- the kinds ---- */

static const struct kind {
    const char *name;
    enum status (*make)(struct making *making);
    enum status (*sign)(struct making *making); /* of the finished body; NULL: none */
    bool (*was_taken)(const struct post_result *result, char problem[POST_PROBLEM]);
    int64_t gap_ms; /* DingTalk and WeCom take 20 a minute, Feishu 100, Slack one a second */
} kinds[] = {
    {"webhook", make_webhook, sign_webhook_body, NULL, 0},
    {"dingtalk", make_dingtalk, NULL, taken_errcode, 3000},
    {"feishu", make_feishu, NULL, taken_code, 1000},
    {"wecom", make_wecom, NULL, taken_errcode, 3000},
    {"slack", make_slack, NULL, NULL, 1000},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static enum status make_body(struct making *making, const struct kind *kind)
{
    enum status status = kind->make(making);

    if (status == STATUS_OK)
        status = buffer_status(&making->body);
    if (status == STATUS_OK && kind->sign != NULL)
        status = kind->sign(making);
    making->out->body = arena_copy(making->arena, buffer_span(&making->body));
    return status == STATUS_OK && arena_failed(making->arena) ? STATUS_FULL : status;
}

enum status message_build(const struct message_channel *channel, const struct notice *notices,
                          size_t count, const char *dashboard, int64_t now_ms, struct arena *arena,
                          struct post_request *out)
{
    const struct kind *kind = find_kind(channel->kind);
    struct post_request made = {.method = POST_JSON, .url = channel->url};
    struct making making = {channel, notices, count, dashboard, now_ms, arena, &made, {0}, {0}};

    if (strcmp(channel->kind, "email") == 0) {
        made.login = channel->login;
        made.password = channel->secret;
        enum status status = mail_build(channel->sender, channel->recipients, notices, count,
                                        dashboard, now_ms, arena, &made);
        if (status == STATUS_OK)
            *out = made;
        return status;
    }
    if (kind == NULL || count == 0)
        return STATUS_INVALID;
    buffer_init(&making.body, BODY_BYTES);
    json_writer_init(&making.writer, &making.body);
    enum status status = make_body(&making, kind);
    buffer_release(&making.body);
    if (status == STATUS_OK)
        *out = made;
    return status;
}

bool message_was_taken(const char *kind_name, const struct post_result *result,
                       char problem[POST_PROBLEM])
{
    const struct kind *kind = find_kind(kind_name);

    if (result->status != STATUS_OK) {
        snprintf(problem, POST_PROBLEM, "%s", result->problem);
        return false;
    }
    if (kind == NULL) /* a mail: curl knows what its server said */
        return true;
    if (result->code / 100 == 3) {
        snprintf(problem, POST_PROBLEM,
                 "it answered %ld, a redirect: give the channel the final address", result->code);
        return false;
    }
    if (result->code / 100 != 2) {
        snprintf(problem, POST_PROBLEM, "it answered %ld", result->code);
        return false;
    }
    return kind->was_taken == NULL || kind->was_taken(result, problem);
}

int64_t message_gap_ms(const char *kind_name)
{
    const struct kind *kind = find_kind(kind_name);

    return kind != NULL ? kind->gap_ms : 1000;
}
