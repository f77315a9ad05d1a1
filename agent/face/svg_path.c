#include "agent/face/svg_path.h"

#include <math.h>
#include <string.h>

#define KAPPA      0.5522847498 /* handles that make a quarter of a circle */
#define MAX_NUMBER 1e6

/* --- numbers --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* The digits of a whole part and a fraction; false: there are none. */
static bool take_digits(const char **text, double *value)
{
    const char *at = *text;
    double scale = 1;
    bool has_digit = false;

    for (*value = 0; is_digit(*at); at++, has_digit = true)
        *value = *value * 10 + (*at - '0');
    if (*at == '.')
        for (at++; is_digit(*at); at++, has_digit = true)
            *value += (*at - '0') * (scale /= 10);
    if (has_digit)
        *text = at;
    return has_digit;
}

static double take_exponent(const char **text)
{
    const char *at = *text;
    int sign = 1, exponent = 0;

    if (*at != 'e' && *at != 'E')
        return 1;
    at++;
    if (*at == '-' || *at == '+')
        sign = *at++ == '-' ? -1 : 1;
    if (!is_digit(*at))
        return 1;
    for (; is_digit(*at); at++)
        exponent = exponent < 100 ? exponent * 10 + (*at - '0') : exponent;
    *text = at;
    return pow(10, sign * exponent);
}

bool svg_path_number(const char **text, double *number)
{
    const char *at = skip_blanks(*text);
    double sign = 1, value;

    if (*at == '-' || *at == '+')
        sign = *at++ == '-' ? -1 : 1;
    if (!take_digits(&at, &value))
        return false;
    value *= sign * take_exponent(&at);
    if (!(fabs(value) <= MAX_NUMBER))
        return false;
    at = skip_blanks(at);
    if (*at == ',')
        at = skip_blanks(at + 1);
    *text = at;
    *number = value;
    return true;
}

/* --- building --- */

static enum status make_room(struct arena *arena, size_t ops, struct svg_path *path)
{
    *path = (struct svg_path){.ops = arena_take(arena, ops),
                              .xy = arena_take(arena, ops * 6 * sizeof *path->xy)};
    return path->ops && path->xy ? STATUS_OK : STATUS_MEMORY;
}

static void add_point(struct svg_path *path, double x, double y)
{
    path->xy[2 * path->point_count] = x;
    path->xy[2 * path->point_count++ + 1] = y;
}

static void move_to(struct svg_path *path, double x, double y)
{
    path->ops[path->op_count++] = SVG_PATH_MOVE;
    add_point(path, x, y);
}

static void curve_to(struct svg_path *path, const double xy[6])
{
    path->ops[path->op_count++] = SVG_PATH_CURVE;
    for (size_t i = 0; i < 6; i += 2)
        add_point(path, xy[i], xy[i + 1]);
}

static void line_to(struct svg_path *path, double x, double y)
{
    const double *from = path->xy + 2 * (path->point_count - 1);
    double dx = x - from[0], dy = y - from[1];
    const double xy[6] = {
        from[0] + dx / 3, from[1] + dy / 3, from[0] + dx * 2 / 3, from[1] + dy * 2 / 3, x, y};

    curve_to(path, xy);
}

static void close_path(struct svg_path *path)
{
    path->ops[path->op_count++] = SVG_PATH_CLOSE;
}

/* --- path data --- */

struct cursor {
    struct svg_path *path;
    double x, y;             /* where the pen is */
    double start_x, start_y; /* of the subpath */
    double handle_x, handle_y;
    char last; /* command, in capitals */
};

static const struct command {
    char letter;
    unsigned numbers;
} commands[] = {{'M', 2}, {'L', 2}, {'H', 1}, {'V', 1}, {'C', 6}, {'S', 4}, {'Q', 4}, {'T', 2}};

static const struct command *find_command(char letter)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].letter == letter)
            return &commands[i];
    return NULL;
}

/* A quadratic curve lifted to a cubic one. */
static void quadratic_to(struct cursor *cursor, double hx, double hy, double x, double y)
{
    const double xy[6] = {cursor->x + (hx - cursor->x) * 2 / 3,
                          cursor->y + (hy - cursor->y) * 2 / 3,
                          x + (hx - x) * 2 / 3,
                          y + (hy - y) * 2 / 3,
                          x,
                          y};

    curve_to(cursor->path, xy);
    cursor->handle_x = hx;
    cursor->handle_y = hy;
}

static void cubic_to(struct cursor *cursor, double hx, double hy, const double rest[4])
{
    const double xy[6] = {hx, hy, rest[0], rest[1], rest[2], rest[3]};

    curve_to(cursor->path, xy);
    cursor->handle_x = rest[0];
    cursor->handle_y = rest[1];
}

/* n holds absolute numbers. Smooth commands mirror the handle of a curve of their kind. */
static void carry_out(struct cursor *cursor, char letter, const double n[6])
{
    bool was_cubic = cursor->last == 'C' || cursor->last == 'S';
    bool was_quadratic = cursor->last == 'Q' || cursor->last == 'T';
    double x = cursor->x, y = cursor->y;

    if (letter == 'M')
        move_to(cursor->path, n[0], n[1]);
    else if (letter == 'C')
        cubic_to(cursor, n[0], n[1], n + 2);
    else if (letter == 'S')
        cubic_to(cursor, was_cubic ? 2 * x - cursor->handle_x : x,
                 was_cubic ? 2 * y - cursor->handle_y : y, n);
    else if (letter == 'Q')
        quadratic_to(cursor, n[0], n[1], n[2], n[3]);
    else if (letter == 'T')
        quadratic_to(cursor, was_quadratic ? 2 * x - cursor->handle_x : x,
                     was_quadratic ? 2 * y - cursor->handle_y : y, n[0], n[1]);
    else
        line_to(cursor->path, n[0], n[1]);
    cursor->last = letter;
    cursor->x = cursor->path->xy[2 * cursor->path->point_count - 2];
    cursor->y = cursor->path->xy[2 * cursor->path->point_count - 1];
    if (letter == 'M') {
        cursor->start_x = cursor->x;
        cursor->start_y = cursor->y;
    }
}

/* Reads the numbers of one command and makes them absolute; H and V become L. */
static bool take_numbers(const char **at, const struct cursor *cursor,
                         const struct command *command, bool is_relative, double n[6])
{
    double dx = is_relative ? cursor->x : 0, dy = is_relative ? cursor->y : 0;

    for (unsigned i = 0; i < command->numbers; i++)
        if (!svg_path_number(at, &n[i]))
            return false;
    if (command->letter == 'V') {
        n[1] = n[0] + dy;
        n[0] = cursor->x;
        return true;
    }
    if (command->letter == 'H')
        n[1] = cursor->y - dy;
    for (unsigned i = 0; i < (command->letter == 'H' ? 2 : command->numbers); i++)
        n[i] += i % 2 ? dy : dx;
    return true;
}

static bool starts_number(char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.';
}

static enum status refuse(const char **why, const char *text)
{
    *why = text;
    return STATUS_INVALID;
}

/* One letter with all its numbers. */
static enum status take_command(const char **at, struct cursor *cursor, const char **why)
{
    char letter = *(*at)++;
    bool is_relative = letter >= 'a' && letter <= 'z';

    letter = is_relative ? (char)(letter - 'a' + 'A') : letter;
    *at = skip_blanks(*at);
    if (letter == 'Z') {
        if (cursor->last == '\0')
            return refuse(why, "the path begins without M");
        close_path(cursor->path);
        cursor->x = cursor->start_x;
        cursor->y = cursor->start_y;
        cursor->last = 'Z';
        return STATUS_OK;
    }
    if (letter == 'A')
        return refuse(why, "arcs (A) are not read: their number of curves depends on the angle; "
                           "convert the object to a path");
    const struct command *command = find_command(letter);
    if (!command)
        return refuse(why, "the path has a letter that is no command");
    if (letter != 'M' && cursor->last == '\0')
        return refuse(why, "the path begins without M");
    do {
        double n[6];

        if (cursor->path->op_count + 2 >= SVG_PATH_MAX_OPS)
            return refuse(why, "the path has too many nodes");
        if (!take_numbers(at, cursor, command, is_relative, n))
            return refuse(why, "a number is missing in the path, or it is too large");
        if (cursor->last == 'Z' && command->letter != 'M')
            move_to(cursor->path, cursor->x, cursor->y);
        carry_out(cursor, command->letter, n);
        if (command->letter == 'M')
            command = find_command('L');
    } while (starts_number(**at));
    return STATUS_OK;
}

static size_t bound_of(const char *data)
{
    size_t count = 4;

    for (const char *at = data; *at && count < SVG_PATH_MAX_OPS; at++)
        count +=
            (*at >= 'A' && *at <= 'z') + (starts_number(*at) && !(at > data && is_digit(at[-1])));
    return count < SVG_PATH_MAX_OPS ? count : SVG_PATH_MAX_OPS;
}

enum status svg_path_parse(struct arena *arena, const char *data, struct svg_path *path,
                           const char **why)
{
    struct svg_path made;
    struct cursor cursor = {.path = &made};
    /* every command has a letter or a number of its own, and may need a move before it */
    enum status status = make_room(arena, 2 * bound_of(data), &made);
    const char *at = skip_blanks(data);

    while (status == STATUS_OK && *at)
        status = take_command(&at, &cursor, why);
    if (status == STATUS_OK && made.op_count < 2)
        return refuse(why, "the path is empty");
    if (status == STATUS_OK)
        *path = made;
    return status;
}

/* --- basic shapes --- */

enum status svg_path_polygon(struct arena *arena, const double *xy, size_t count, bool is_closed,
                             struct svg_path *path)
{
    if (count < 2 || count > SVG_PATH_MAX_OPS - 2)
        return STATUS_INVALID;
    enum status status = make_room(arena, count + 2, path);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (i == 0)
            move_to(path, xy[0], xy[1]);
        else
            line_to(path, xy[2 * i], xy[2 * i + 1]);
    }
    if (status == STATUS_OK && is_closed)
        close_path(path);
    return status;
}

/* A quarter from the pen to (x, y), leaving upright or level. */
static void corner_to(struct svg_path *path, double x, double y, bool is_upright)
{
    const double *from = path->xy + 2 * (path->point_count - 1);
    double dx = (x - from[0]) * KAPPA, dy = (y - from[1]) * KAPPA;
    const double xy[6] = {from[0] + (is_upright ? 0 : dx),
                          from[1] + (is_upright ? dy : 0),
                          x - (is_upright ? dx : 0),
                          y - (is_upright ? 0 : dy),
                          x,
                          y};

    curve_to(path, xy);
}

enum status svg_path_ellipse(struct arena *arena, double x, double y, double rx, double ry,
                             struct svg_path *path)
{
    enum status status = make_room(arena, 6, path);

    if (status != STATUS_OK)
        return status;
    move_to(path, x + rx, y);
    corner_to(path, x, y + ry, true);
    corner_to(path, x - rx, y, false);
    corner_to(path, x, y - ry, true);
    corner_to(path, x + rx, y, false);
    close_path(path);
    return STATUS_OK;
}

/* Always eight curves: rounded or not, rectangles have the same nodes. */
enum status svg_path_rectangle(struct arena *arena, const double box[4], double rx, double ry,
                               struct svg_path *path)
{
    double x = box[0], y = box[1], right = box[0] + box[2], low = box[1] + box[3];
    enum status status = make_room(arena, 10, path);

    if (status != STATUS_OK)
        return status;
    rx = fmin(rx, box[2] / 2);
    ry = fmin(ry, box[3] / 2);
    move_to(path, x + rx, y);
    line_to(path, right - rx, y);
    corner_to(path, right, y + ry, false);
    line_to(path, right, low - ry);
    corner_to(path, right - rx, low, true);
    line_to(path, x + rx, low);
    corner_to(path, x, low - ry, false);
    line_to(path, x, y + ry);
    corner_to(path, x + rx, y, true);
    close_path(path);
    return STATUS_OK;
}

/* --- places --- */

struct svg_path_matrix svg_path_multiply(struct svg_path_matrix a, struct svg_path_matrix b)
{
    return (struct svg_path_matrix){
        .a = a.a * b.a + a.c * b.b,
        .b = a.b * b.a + a.d * b.b,
        .c = a.a * b.c + a.c * b.d,
        .d = a.b * b.c + a.d * b.d,
        .e = a.a * b.e + a.c * b.f + a.e,
        .f = a.b * b.e + a.d * b.f + a.f,
    };
}

void svg_path_transform(struct svg_path *path, struct svg_path_matrix matrix)
{
    for (size_t i = 0; i < path->point_count; i++) {
        double x = path->xy[2 * i], y = path->xy[2 * i + 1];

        path->xy[2 * i] = matrix.a * x + matrix.c * y + matrix.e;
        path->xy[2 * i + 1] = matrix.b * x + matrix.d * y + matrix.f;
    }
}

static void widen(double box[4], size_t axis, double value)
{
    box[axis] = fmin(box[axis], value);
    box[axis + 2] = fmax(box[axis + 2], value);
}

/* Where the curve of one coordinate turns: the zeros of its derivative. */
static void widen_by_curve(double box[4], size_t axis, double p0, double p1, double p2, double p3)
{
    double a = -p0 + 3 * p1 - 3 * p2 + p3, b = 2 * (p0 - 2 * p1 + p2), c = p1 - p0;
    double root = b * b - 4 * a * c;
    double zeros[2] = {-1, -1};

    if (fabs(a) < 1e-9)
        zeros[0] = fabs(b) < 1e-9 ? -1 : -c / b;
    else if (root >= 0)
        zeros[0] = (-b + sqrt(root)) / (2 * a), zeros[1] = (-b - sqrt(root)) / (2 * a);
    for (size_t i = 0; i < 2; i++) {
        double t = zeros[i], u = 1 - t;

        if (t > 0 && t < 1)
            widen(box, axis,
                  u * u * u * p0 + 3 * u * u * t * p1 + 3 * u * t * t * p2 + t * t * t * p3);
    }
}

void svg_path_extent(const struct svg_path *path, double box[4])
{
    const double *point = path->xy;

    memset(box, 0, 4 * sizeof *box);
    if (path->point_count == 0)
        return;
    box[0] = box[2] = point[0];
    box[1] = box[3] = point[1];
    for (size_t i = 0; i < path->op_count; i++) {
        if (path->ops[i] == SVG_PATH_CLOSE)
            continue;
        if (path->ops[i] == SVG_PATH_MOVE) {
            widen(box, 0, point[0]);
            widen(box, 1, point[1]);
            point += 2;
            continue;
        }
        const double *from = point - 2;
        for (size_t axis = 0; axis < 2; axis++) {
            widen(box, axis, point[4 + axis]);
            widen_by_curve(box, axis, from[axis], point[axis], point[2 + axis], point[4 + axis]);
        }
        point += 6;
    }
}
