#include "agent/face/svg_style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE  32
#define VALUE_SIZE 128

void svg_style_init(struct svg_style *style)
{
    *style = (struct svg_style){.fill.kind = SVG_STYLE_COLOR,
                                .fill_opacity = 1,
                                .stroke_opacity = 1,
                                .opacity = 1,
                                .stroke_width = 1,
                                .stop_opacity = 1,
                                .matrix = {.a = 1, .d = 1}};
}

/* --- values --- */

static enum status refuse(const char **why, const char *text)
{
    *why = text;
    return STATUS_INVALID;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* #rgb or #rrggbb */
static bool read_hex_color(const char *text, double rgb[3])
{
    size_t size = strspn(text, "0123456789abcdefABCDEF"), digits = size / 3;

    if ((size != 3 && size != 6) || text[size])
        return false;
    for (size_t i = 0; i < 3; i++) {
        int high = hex(text[i * digits]), low = hex(text[i * digits + digits - 1]);

        rgb[i] = (high * 16 + low) / 255.0;
    }
    return true;
}

static bool read_rgb(const char *text, double rgb[3])
{
    for (size_t i = 0; i < 3; i++)
        if (!svg_path_number(&text, &rgb[i]) || rgb[i] < 0 || rgb[i] > 255)
            return false;
    for (size_t i = 0; i < 3; i++)
        rgb[i] /= 255;
    return strcmp(text, ")") == 0;
}

static bool read_color(const char *text, double rgb[3])
{
    double gray = strcmp(text, "white") == 0 ? 1 : strcmp(text, "black") == 0 ? 0 : -1;

    if (text[0] == '#')
        return read_hex_color(text + 1, rgb);
    if (strncmp(text, "rgb(", 4) == 0)
        return read_rgb(text + 4, rgb);
    rgb[0] = rgb[1] = rgb[2] = gray;
    return gray >= 0;
}

bool svg_style_link(const char *text, char id[SVG_STYLE_ID_SIZE])
{
    return text[0] == '#' && text[1] &&
           snprintf(id, SVG_STYLE_ID_SIZE, "%s", text + 1) < SVG_STYLE_ID_SIZE;
}

/* url(#id), with or without quotes. */
static bool read_url(const char *text, char id[SVG_STYLE_ID_SIZE])
{
    char link[SVG_STYLE_ID_SIZE];

    if (strncmp(text, "url(", 4) != 0)
        return false;
    text += 4;
    text += *text == '"' || *text == '\'';
    size_t size = strcspn(text, "\"')");
    if (size >= sizeof link)
        return false;
    snprintf(link, sizeof link, "%.*s", (int)size, text);
    return svg_style_link(link, id);
}

static enum status read_paint(const char *text, struct svg_style_paint *paint, const char **why)
{
    *paint = (struct svg_style_paint){.kind = SVG_STYLE_NONE};
    if (strcmp(text, "none") == 0)
        return STATUS_OK;
    if (read_url(text, paint->id)) {
        paint->kind = SVG_STYLE_LINK;
        return STATUS_OK;
    }
    paint->kind = SVG_STYLE_COLOR;
    return read_color(text, paint->rgb)
               ? STATUS_OK
               : refuse(why,
                        "a colour is none of #rgb, #rrggbb, rgb(), black, white, none, url(#)");
}

/* A share, 0..1 or in per cent. */
static bool read_share(const char *text, double *share)
{
    if (!svg_path_number(&text, share))
        return false;
    if (*text == '%')
        *share /= 100;
    return *share >= 0 && *share <= 1;
}

static bool read_length(const char *text, double *length)
{
    return svg_path_number(&text, length) && (*text == '\0' || strcmp(text, "px") == 0) &&
           *length >= 0;
}

static bool is_plain(const char *value)
{
    return strcmp(value, "none") == 0 || strcmp(value, "normal") == 0;
}

/* --- properties --- */

static enum status apply_share(const char *value, double *share, double outer, const char **why)
{
    double own;

    if (!read_share(value, &own))
        return refuse(why, "an opacity is no number from 0 to 1");
    *share = own * outer;
    return STATUS_OK;
}

static bool is_effect(const char *name)
{
    static const char *const effects[] = {"filter",         "mask",         "stroke-dasharray",
                                          "mix-blend-mode", "marker-start", "marker-mid",
                                          "marker-end"};

    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++)
        if (strcmp(name, effects[i]) == 0)
            return true;
    return false;
}

static uint8_t word_of(const char *value, const char *one, const char *two)
{
    return strcmp(value, one) == 0 ? 1 : strcmp(value, two) == 0 ? 2 : 0;
}

/* What is a word. True when the property was one of these. */
static bool apply_word(struct svg_style *style, const char *name, const char *value)
{
    if (strcmp(name, "fill-rule") == 0)
        style->is_even_odd = strcmp(value, "evenodd") == 0;
    else if (strcmp(name, "stroke-linecap") == 0)
        style->cap = word_of(value, "round", "square");
    else if (strcmp(name, "stroke-linejoin") == 0)
        style->join = word_of(value, "round", "bevel");
    else if (strcmp(name, "display") == 0)
        style->is_hidden = strcmp(value, "none") == 0;
    else
        return false;
    return true;
}

static enum status apply_property(struct svg_style *style, const char *name, const char *value,
                                  const char **why)
{
    if (strcmp(name, "fill") == 0)
        return read_paint(value, &style->fill, why);
    if (strcmp(name, "stroke") == 0)
        return read_paint(value, &style->stroke, why);
    if (strcmp(name, "opacity") == 0)
        return apply_share(value, &style->opacity, style->opacity, why);
    if (strcmp(name, "fill-opacity") == 0)
        return apply_share(value, &style->fill_opacity, 1, why);
    if (strcmp(name, "stroke-opacity") == 0)
        return apply_share(value, &style->stroke_opacity, 1, why);
    if (strcmp(name, "stop-opacity") == 0)
        return apply_share(value, &style->stop_opacity, 1, why);
    if (strcmp(name, "stop-color") == 0)
        return read_color(value, style->stop_rgb) ? STATUS_OK
                                                  : refuse(why, "a stop's colour cannot be read");
    if (strcmp(name, "stroke-width") == 0)
        return read_length(value, &style->stroke_width)
                   ? STATUS_OK
                   : refuse(why, "a stroke's width is no number");
    if (strcmp(name, "clip-path") == 0 && !is_plain(value))
        return read_url(value, style->clip) ? STATUS_OK : refuse(why, "a clip path is no url(#)");
    if (is_effect(name) && !is_plain(value))
        return refuse(why, "filters, masks, blend modes, markers and dashes are not drawn");
    apply_word(style, name, value);
    return STATUS_OK;
}

static const char *trimmed(const char *from, size_t size, char *out, size_t out_size)
{
    while (size > 0 && (*from == ' ' || *from == '\n' || *from == '\t' || *from == '\r'))
        from++, size--;
    while (size > 0 && (from[size - 1] == ' ' || from[size - 1] == '\n' || from[size - 1] == '\t'))
        size--;
    if (size >= out_size) /* a long value is a font or the like, never one that is read here */
        size = 0;
    snprintf(out, out_size, "%.*s", (int)size, from);
    return out;
}

/* name:value;name:value */
static enum status apply_declarations(struct svg_style *style, const char *text, const char **why)
{
    enum status status = STATUS_OK;

    while (*text && status == STATUS_OK) {
        char name[NAME_SIZE], value[VALUE_SIZE];
        size_t size = strcspn(text, ";"), colon = strcspn(text, ":;");

        if (colon < size) {
            trimmed(text, colon, name, sizeof name);
            trimmed(text + colon + 1, size - colon - 1, value, sizeof value);
            if (*value)
                status = apply_property(style, name, value, why);
        }
        text += size + (text[size] == ';');
    }
    return status;
}

enum status svg_style_apply(struct svg_style *style, const struct xml_element *element,
                            const char **why)
{
    const char *declarations = xml_attribute(element, "style");
    struct svg_path_matrix matrix;
    enum status status = STATUS_OK;

    style->clip[0] = '\0';
    style->is_hidden = false;
    if (svg_style_matrix(xml_attribute(element, "transform"), &matrix) != STATUS_OK)
        return refuse(why, "a transform cannot be read");
    style->matrix = svg_path_multiply(style->matrix, matrix);
    for (const char **at = element->attributes; at[0] && status == STATUS_OK; at += 2)
        status = apply_property(style, at[0], at[1], why);
    if (status == STATUS_OK && declarations)
        status = apply_declarations(style, declarations, why);
    return status;
}

/* --- transforms --- */

static struct svg_path_matrix rotation(const double *n, size_t count)
{
    double angle = n[0] * M_PI / 180;
    struct svg_path_matrix turn = {cos(angle), sin(angle), -sin(angle), cos(angle), 0, 0};

    if (count < 3)
        return turn;
    return svg_path_multiply(
        svg_path_multiply((struct svg_path_matrix){1, 0, 0, 1, n[1], n[2]}, turn),
        (struct svg_path_matrix){1, 0, 0, 1, -n[1], -n[2]});
}

static enum status one_transform(const char *name, const double *n, size_t count,
                                 struct svg_path_matrix *out)
{
    if (strcmp(name, "matrix") == 0 && count == 6)
        *out = (struct svg_path_matrix){n[0], n[1], n[2], n[3], n[4], n[5]};
    else if (strcmp(name, "translate") == 0 && count >= 1 && count <= 2)
        *out = (struct svg_path_matrix){1, 0, 0, 1, n[0], count > 1 ? n[1] : 0};
    else if (strcmp(name, "scale") == 0 && count >= 1 && count <= 2)
        *out = (struct svg_path_matrix){n[0], 0, 0, count > 1 ? n[1] : n[0], 0, 0};
    else if (strcmp(name, "rotate") == 0 && (count == 1 || count == 3))
        *out = rotation(n, count);
    else if (strcmp(name, "skewX") == 0 && count == 1)
        *out = (struct svg_path_matrix){1, 0, tan(n[0] * M_PI / 180), 1, 0, 0};
    else if (strcmp(name, "skewY") == 0 && count == 1)
        *out = (struct svg_path_matrix){1, tan(n[0] * M_PI / 180), 0, 1, 0, 0};
    else
        return STATUS_INVALID;
    return STATUS_OK;
}

enum status svg_style_matrix(const char *text, struct svg_path_matrix *matrix)
{
    struct svg_path_matrix made = {.a = 1, .d = 1};

    while (text && *text) {
        char name[NAME_SIZE];
        struct svg_path_matrix next;
        double n[6];
        size_t count = 0, size = strcspn(text, "(");

        trimmed(text, size, name, sizeof name);
        text += size;
        if (*text == '\0' && name[0] == '\0')
            break;
        if (*text++ != '(')
            return STATUS_INVALID;
        while (count < 6 && svg_path_number(&text, &n[count]))
            count++;
        if (*text++ != ')' || one_transform(name, n, count, &next) != STATUS_OK)
            return STATUS_INVALID;
        made = svg_path_multiply(made, next);
        text += strspn(text, " ,\t\r\n");
    }
    *matrix = made;
    return STATUS_OK;
}
