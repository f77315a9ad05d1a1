#include "server/ctl/points.h"

#include <stdio.h>
#include <string.h>

/* A word and what follows its colon; NULL: no colon. */
struct order {
    struct span word;
    struct span value;
    bool has_value;
};

static enum status refuse(char problem[160], const char *why, struct span text)
{
    snprintf(problem, 160, "\"%.*s\" %s", (int)(text.size < 60 ? text.size : 60),
             (const char *)text.data, why);
    return STATUS_INVALID;
}

/* Takes the text up to the mark off *rest. */
static struct span take(struct span *rest, char mark)
{
    const char *end = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    const size_t size = end != NULL ? (size_t)(end - (const char *)rest->data) : rest->size;
    const struct span taken = span_of(rest->data, size);
    const size_t skip = size + (end != NULL);

    *rest = span_of(rest->data + skip, rest->size - skip);
    return taken;
}

static struct order read_order(struct span text)
{
    struct order order = {.value = text};

    order.word = take(&order.value, ':');
    order.has_value = order.word.size < text.size;
    return order;
}

static void write_text(struct json_writer *writer, const char *name, struct span value)
{
    json_key(writer, name);
    json_write_text(writer, value);
}

static bool write_number(struct json_writer *writer, const char *name, struct span value)
{
    int64_t number;

    if (value.size == 0)
        return true;
    if (span_to_int64(value, &number) != STATUS_OK)
        return false;
    json_key(writer, name);
    json_write_int(writer, number);
    return true;
}

/* "3", "3/80", "/80" */
static bool write_throttle(struct json_writer *writer, struct span value)
{
    struct span tokens = value;
    const struct span turns = take(&tokens, '/');

    json_begin_object(writer);
    json_key(writer, "throttle");
    json_begin_object(writer);
    bool is_good = write_number(writer, "turns_per_minute", turns) &&
                   write_number(writer, "max_output_tokens", tokens);
    json_end_object(writer);
    json_end_object(writer);
    return is_good;
}

/* An action. False: it is none, or not written so. */
static bool write_action(struct json_writer *writer, const struct order *order)
{
    if (span_equal_text(order->word, "throttle"))
        return order->has_value && write_throttle(writer, order->value);
    if (span_equal_text(order->word, "fall_back_to")) {
        json_begin_object(writer);
        write_text(writer, "fall_back_to", order->value);
        json_end_object(writer);
        return order->has_value;
    }
    if (order->has_value || !span_is_choice(order->word, "alert|canned|block"))
        return false;
    json_write_text(writer, order->word);
    return true;
}

static bool is_besides(const struct order *order)
{
    return order->has_value ? span_is_choice(order->word, "rearm|name")
                            : span_equal_text(order->word, "shadow");
}

static enum status write_actions(struct json_writer *writer, struct span orders, char problem[160])
{
    json_key(writer, "do");
    json_begin_array(writer);
    while (orders.size > 0) {
        const struct span text = take(&orders, '+');
        const struct order order = read_order(text);

        if (!is_besides(&order) && !write_action(writer, &order))
            return refuse(problem,
                          "must be alert, canned, block, throttle:TURNS[/TOKENS], "
                          "fall_back_to:CONTRACT, shadow, rearm:SHARE or name:NAME",
                          text);
    }
    json_end_array(writer);
    return STATUS_OK;
}

static void write_besides(struct json_writer *writer, struct span orders)
{
    while (orders.size > 0) {
        const struct order order = read_order(take(&orders, '+'));

        if (span_equal_text(order.word, "shadow")) {
            json_key(writer, "shadow");
            json_write_bool(writer, true);
        } else if (is_besides(&order)) {
            write_text(writer, span_equal_text(order.word, "rearm") ? "rearm" : "name",
                       order.value);
        }
    }
}

enum status points_write(const char *text, struct json_writer *writer, char problem[160])
{
    struct span rest = span_text(text);
    enum status status = STATUS_OK;

    if (strcmp(text, "none") == 0)
        rest = span_of(NULL, 0);
    json_begin_array(writer);
    while (status == STATUS_OK && rest.size > 0) {
        const struct span point = take(&rest, ',');
        struct span orders = point;
        const struct span at = take(&orders, '=');

        if (at.size == 0 || orders.size == 0)
            return refuse(problem, "must be a share or amount and what is done there: 95%=block",
                          point);
        json_begin_object(writer);
        write_text(writer, "at", at);
        status = write_actions(writer, orders, problem);
        write_besides(writer, orders);
        json_end_object(writer);
    }
    json_end_array(writer);
    return status;
}

/* ---- the other way round ---- */

static void print_throttle(const struct json *throttle, struct buffer *out)
{
    const struct json *turns = json_member(throttle, "turns_per_minute");
    const struct json *tokens = json_member(throttle, "max_output_tokens");

    buffer_text(out, "throttle:");
    if (turns != NULL)
        buffer_format(out, "%lld", (long long)json_int(turns, 0));
    if (tokens != NULL)
        buffer_format(out, "/%lld", (long long)json_int(tokens, 0));
}

static void print_action(const struct json *action, struct buffer *out)
{
    const struct json *throttle = json_member(action, "throttle");

    if (json_type(action) == JSON_TEXT)
        buffer_text(out, json_text(action, ""));
    else if (throttle != NULL)
        print_throttle(throttle, out);
    else
        buffer_format(out, "fall_back_to:%s", json_text(json_member(action, "fall_back_to"), "?"));
}

static void print_point(const struct json *point, struct buffer *out)
{
    const struct json *actions = json_member(point, "do");
    const char *rearm = json_text(json_member(point, "rearm"), NULL);
    const char *name = json_text(json_member(point, "name"), NULL);

    buffer_text(out, json_text(json_member(point, "at"), "?"));
    for (size_t i = 0; i < json_count(actions); i++) {
        buffer_text(out, i == 0 ? "=" : "+");
        print_action(json_item(actions, i), out);
    }
    if (json_bool(json_member(point, "shadow"), false))
        buffer_text(out, "+shadow");
    if (rearm != NULL)
        buffer_format(out, "+rearm:%s", rearm);
    if (name != NULL)
        buffer_format(out, "+name:%s", name);
}

void points_print(const struct json *list, struct buffer *out)
{
    if (json_count(list) == 0)
        buffer_text(out, "none");
    for (size_t i = 0; i < json_count(list); i++) {
        buffer_text(out, i == 0 ? "" : ",");
        print_point(json_item(list, i), out);
    }
}
