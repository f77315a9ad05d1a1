#include "server/store/alert_words.h"

#include <stdio.h>
#include <string.h>

#include "server/money/fraction.h"

/* A gap: {path}, path through the detail's members; a number is grouped by thousands and, when it
 * is 1 or more, rounded to two places. {path#}: a number as it is, such as an id. {path%}: a share
 * in percent. {path:robot:robots}: a number and its noun. {-path}: nothing, for what people can do
 * without. What stands in [brackets] is left out when one of its gaps has nothing to fill it, or
 * zero; outside, a missing value is "?". */
static const struct phrase {
    const char *kind;
    const char *text;
} phrases[] = {
    {"audit_altered", "Row {row#} is not the one that was published outside the database"},
    {"audit_unpublished", "Nothing outside the database tells its newest hash"},
    {"ca_left_behind", "{robots:robot has:robots have} not come to the one that followed it"
                       "[; {online:of them is:of them are} online]"},
    {"config_failed", "[{problem}]"},
    {"credit_exhausted",
     "{robots:robot cannot:robots cannot} answer whoever asks: of {limit} {unit} of {source}, "
     "{spent} is spent and {held} held by robots[; the next period begins at {until}]"},
    {"credit_forged", "Credit line {line}: {problem}"},
    {"credit_refused", "It refused {lines:credit line:credit lines}"},
    {"database_restored", "Epoch {epoch#} began: {problem}"},
    {"delivery_failed", "{dead:message was:messages were} given up: {problem}"},
    {"forged_message",
     "[{problem}. ][{boxes:message:messages} for the robot did not come from this "
     "server][A message on its topic \"{kind}\" was not sealed by it]{-direction}"},
    {"journal_forked", "{problem}; journal {journal}"},
    {"journal_parent_unknown", "{problem}; journal {journal}"},
    {"journal_quarantined", "{problem}; journal {journal}"},
    {"key_leak", "[Invoice {invoice#} bills {unknown:quantity:quantities} of usage that no robot "
                 "recorded][Import {import#} lists {unknown:request:requests} that no robot "
                 "recorded][; {summed:more is:more are} in what robots told by its sum]"},
    {"last_admin",
     "[The identity provider gives the role {role}: admin stays, for nobody else has "
     "it][{refused:login was:logins were} refused, for none of the groups has a role]"},
    {"limit_too_small", "The whole limit is {limit} {unit}, and robot {device} takes {attempt} for "
                        "its shortest attempt{-problem}"},
    {"login_guessing", "{problem}; the last address was {address}"},
    {"malformed_message", "[{problem}][A message on topic \"{kind}\" cannot be read]"},
    {"message_refused", "Message \"{message}\": {problem}"},
    {"overrun", "{amount} {unit} more than reserved, at vendor {vendor}: {problem}"},
    {"pairing_failed", "Robot \"{robot}\" asked to be let in from {address}"},
    {"replayed_message", "A message on topic \"{kind}\" came again: session {session#}, number "
                         "{counter#}"},
    {"rollout_no_verdict", "Wave {wave}[: {problem}]{-rollout}"},
    {"rollout_red", "Wave {wave}[: {problem}]{-rollout}"},
    {"rollout_refused", "Wave {wave}[: {problem}]{-rollout}"},
    {"rollout_waits", "Wave {wave}[: {problem}]{-rollout}"},
    {"route_refused", "[{problem}]"},
    {"threshold",
     "[{rule.of} is at {seen.value}[ {seen.unit}][ of {seen.limit}][, {seen.share%}]; ]the "
     "threshold is {rule.at}[. As things go it is {seen.forecast.at_end} at the end of the "
     "period[, and used up on {seen.forecast.runs_out}]][. Done: {did}][. Only watching, or it "
     "would have "
     "done: {would}][. {robots:robot is:robots are} held to it]{-threshold}"},
    {"transfer_ended", "It is not handed to another owner: {problem}{-transfer}{-state}"},
    {"unpriced_usage", "Metric {metric}: {problem}"},
    {"unrated_usage", "Robot {device}: {problem}"},
    {"usage_differs", "{different:line differs:lines differ}[ in invoice {invoice#}][ in import "
                      "{import#}]"},
    {"usage_lost", "{requests:request:requests} in the records after {after#} until {until#} of "
                   "journal {journal}: {problem}"},
    {"usage_quarantined", "Record {seq#}: {problem}"},
    {"usage_totals_refused", "{problem}; journal {journal}"},
    {"vendor_drained",
     "{robots:robot is:robots are} led away from it[: {reason}][. It returns by itself at {until}]"
     "[. {kept:robot has:robots have} no other route for some use]"},
    {"vendor_failing", "{robots:robot leaves:robots leave} it out, because it failed, of {of} that "
                       "are online[. {silent:robot has:robots have} no other route and cannot "
                       "answer]"},
};

/* ---- values ---- */

/* "budget:trial" as people say it: budget trial. */
static void put_named(struct buffer *out, const char *text)
{
    static const char *const sorts[] = {"budget", "cap", "commitment"};

    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        const size_t size = strlen(sorts[i]);

        if (strncmp(text, sorts[i], size) == 0 && text[size] == ':') {
            buffer_format(out, "%s %s", sorts[i], text + size + 1);
            return;
        }
    }
    buffer_text(out, text);
}

/* "1234567.891" as "1,234,567.89"; what is no plain number as it is. */
static void put_number(struct buffer *out, const char *text)
{
    char rounded[DECIMAL_TEXT_SIZE];
    struct fraction number;
    struct decimal shown;

    if (fraction_parse(span_text(text), &number) != STATUS_OK) {
        put_named(out, text);
        return;
    }
    if (fraction_compare(number, fraction_of(1)) >= 0 &&
        fraction_round(number, 2, &shown) == STATUS_OK) {
        decimal_format(shown, rounded);
        text = rounded;
    }
    const size_t whole = strspn(text, "0123456789");
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            buffer_byte(out, ',');
        buffer_byte(out, (uint8_t)text[i]);
    }
}

static void put_share(struct buffer *out, const char *text)
{
    char percent[DECIMAL_TEXT_SIZE];
    struct fraction share;
    struct decimal shown;

    if (fraction_parse(span_text(text), &share) != STATUS_OK ||
        fraction_multiply(share, fraction_of(100), &share) != STATUS_OK ||
        fraction_round(share, 1, &shown) != STATUS_OK)
        return;
    decimal_format(shown, percent);
    buffer_format(out, "%s %%", percent);
}

/* An alert goes without saying among what a threshold did. */
static void put_list(struct buffer *out, const struct json *list)
{
    const char *comma = "";

    for (size_t i = 0; i < json_count(list); i++) {
        const char *text = json_text(json_item(list, i), "");

        if (strcmp(text, "alert") == 0)
            continue;
        buffer_text(out, comma);
        buffer_text(out, text);
        comma = ", ";
    }
}

static void put_plain(struct buffer *out, const struct json *value)
{
    if (json_type(value) == JSON_TEXT)
        buffer_text(out, json_text(value, ""));
    else
        json_dump(value, out);
}

/* ---- gaps ---- */

static const struct json *find(const struct json *detail, struct span path)
{
    const struct json *at = detail;
    char name[64];

    while (at != NULL && path.size > 0) {
        size_t size = 0;

        while (size < path.size && path.data[size] != '.')
            size++;
        snprintf(name, sizeof name, "%.*s", (int)size, (const char *)path.data);
        at = json_member(at, name);
        size += size < path.size;
        path = span_of(path.data + size, path.size - size);
    }
    return at;
}

/* ":robot is:robots are", up to the brace. */
static void put_noun(struct buffer *out, const char *nouns, int64_t count)
{
    const char *one = nouns + 1;
    const char *many = strchr(one, ':') + 1;
    const struct span noun =
        count == 1 ? span_of(one, (size_t)(many - 1 - one)) : span_of(many, strcspn(many, "}"));

    buffer_byte(out, ' ');
    buffer_add(out, noun);
}

/* gap is what follows the opening brace. False: there is nothing to fill it. */
static bool fill(struct buffer *out, const char *gap, const struct json *detail)
{
    if (gap[0] == '-')
        return true;
    const size_t size = strcspn(gap, "#%:}");
    const struct json *value = find(detail, span_of(gap, size));
    const size_t before = buffer_span(out).size;
    char digits[24];

    if (value == NULL || json_type(value) == JSON_NULL ||
        (json_type(value) == JSON_INT && json_int(value, 0) == 0))
        return false;
    snprintf(digits, sizeof digits, "%lld", (long long)json_int(value, 0));
    const char *text = json_type(value) == JSON_INT ? digits : json_text(value, NULL);
    if (json_type(value) == JSON_ARRAY)
        put_list(out, value);
    else if (text == NULL || gap[size] == '#')
        put_plain(out, value);
    else if (gap[size] == '%')
        put_share(out, text);
    else
        put_number(out, text);
    if (gap[size] == ':')
        put_noun(out, gap + size, json_int(value, 0));
    return buffer_span(out).size > before;
}

/* Renders to the end of the text or of the bracket at hand; where that is. *whole: no gap of it
 * was left without anything, brackets within aside. */
static const char *render(struct buffer *out, const char *at, const struct json *detail,
                          bool *whole)
{
    *whole = true;
    while (*at != '\0' && *at != ']') {
        if (*at == '[') {
            struct buffer part;
            bool is_whole;

            buffer_init(&part, ALERT_WORDS_MAX * 16);
            at = render(&part, at + 1, detail, &is_whole) + 1;
            if (is_whole)
                buffer_add(out, buffer_span(&part));
            buffer_release(&part);
        } else if (*at == '{') {
            if (!fill(out, at + 1, detail)) {
                *whole = false;
                buffer_byte(out, '?');
            }
            at += strcspn(at, "}") + 1;
        } else {
            buffer_byte(out, (uint8_t)*at++);
        }
    }
    return at;
}

/* ---- all of it ---- */

static const struct phrase *find_phrase(const char *kind)
{
    static const struct phrase none = {"", ""};

    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (strcmp(phrases[i].kind, kind) == 0)
            return &phrases[i];
    return &none;
}

static bool is_said(const struct phrase *phrase, const char *name)
{
    const size_t size = strlen(name);

    for (const char *at = phrase->text; (at = strchr(at, '{')) != NULL;) {
        at += at[1] == '-' ? 2 : 1;
        if (strncmp(at, name, size) == 0 && strchr(".#%:}", at[size]) != NULL)
            return true;
    }
    return false;
}

static void put_rest(struct buffer *out, const struct phrase *phrase, const struct json *detail)
{
    for (size_t i = 0; json_type(detail) == JSON_OBJECT && i < json_count(detail); i++) {
        const char *name;
        const struct json *value = json_member_at(detail, i, &name);

        if (is_said(phrase, name))
            continue;
        buffer_text(out, buffer_span(out).size > 0 ? "; " : "");
        for (; *name != '\0'; name++)
            buffer_byte(out, *name == '_' ? ' ' : (uint8_t)*name);
        buffer_text(out, ": ");
        put_plain(out, value);
    }
}

/* One line of whole characters, at most so many bytes, that begins and ends like a sentence. */
static const char *finish(struct span text, struct arena *arena)
{
    size_t size = 0;

    while (size < text.size) {
        const size_t step = span_utf8_step(span_of(text.data + size, text.size - size));

        if (step == 0 || size + step > ALERT_WORDS_MAX - 1)
            break;
        size += step;
    }
    while (size > 0 && text.data[size - 1] == ' ')
        size--;
    const bool is_open = size > 0 && strchr(".!?", text.data[size - 1]) == NULL;
    char *line =
        arena_format(arena, "%.*s%s", (int)size, (const char *)text.data, is_open ? "." : "");
    for (char *at = line; line != NULL && *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    if (line != NULL && line[0] >= 'a' && line[0] <= 'z')
        line[0] = (char)(line[0] - 'a' + 'A');
    return line;
}

const char *alert_words(const char *kind, const struct json *detail, struct arena *arena)
{
    const struct phrase *phrase = find_phrase(kind);
    struct buffer out;
    bool whole;

    if (json_count(detail) == 0)
        return "";
    buffer_init(&out, (size_t)1 << 20);
    render(&out, phrase->text, detail, &whole);
    put_rest(&out, phrase, detail);
    const char *words = buffer_status(&out) == STATUS_OK ? finish(buffer_span(&out), arena) : "";
    buffer_release(&out);
    return words;
}

const char *alert_words_of(const char *kind, struct span detail, struct arena *arena)
{
    struct json *json;

    if (detail.size == 0 || json_parse(detail, &json, NULL) != STATUS_OK)
        return "";
    const char *words = alert_words(kind, json, arena);
    json_free(json);
    return words;
}
