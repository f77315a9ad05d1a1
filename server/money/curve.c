#include "server/money/curve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HALVINGS 63

/* The summands at one n. */
struct sample {
    int64_t n;
    struct curve_part *parts;
    size_t count;
    struct fraction sum;
};

/* Segments while they are found, each made as long as it gets. */
struct finding {
    const struct curve_shape *shape;
    struct arena *arena;
    struct curve_segment *segments;
    size_t count, room;
};

/* The ends of a range and their inner neighbours: all that one look takes. */
struct look {
    struct sample *low, *low_next, *high_before, *high;
};

static enum status value_of(const struct curve_segment *segment, int64_t n, struct fraction *out)
{
    struct fraction steps;
    enum status status = fraction_multiply(segment->per_step, fraction_of(n), &steps);

    return status == STATUS_OK ? fraction_add(segment->fixed, steps, out) : status;
}

static enum status take_sample(struct finding *finding, int64_t n, struct sample **out)
{
    struct sample *sample = malloc(sizeof *sample + finding->shape->parts * sizeof *sample->parts);

    if (!sample)
        return STATUS_MEMORY;
    *sample =
        (struct sample){.n = n, .parts = (struct curve_part *)(sample + 1), .sum = FRACTION_ZERO};
    enum status status = finding->shape->sample(finding->shape->context, n, sample->parts,
                                                finding->shape->parts, &sample->count);
    for (size_t i = 0; status == STATUS_OK && i < sample->count; i++)
        status = fraction_add(sample->sum, sample->parts[i].value, &sample->sum);
    if (status != STATUS_OK) {
        free(sample);
        return status;
    }
    *out = sample;
    return STATUS_OK;
}

/* The place of the first that is equal to it. */
static size_t first_of(const int64_t numbers[4], size_t place)
{
    size_t first = 0;

    while (numbers[first] != numbers[place])
        first++;
    return first;
}

/* Equal numbers share a sample: a step of packages is short, and a sample is a whole bill. To be
 * freed on failure, too. */
static enum status take_samples(struct finding *finding, const int64_t numbers[4],
                                struct sample *out[4])
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < 4 && status == STATUS_OK; i++) {
        size_t first = first_of(numbers, i);

        if (first < i)
            out[i] = out[first];
        else
            status = take_sample(finding, numbers[i], &out[i]);
    }
    return status;
}

static void free_samples(const int64_t numbers[4], struct sample *const samples[4])
{
    for (size_t i = 0; i < 4; i++)
        if (first_of(numbers, i) == i)
            free(samples[i]);
}

static struct fraction part_of(const struct sample *sample, size_t *at, unsigned key)
{
    while (*at < sample->count && sample->parts[*at].key < key)
        (*at)++;
    return *at < sample->count && sample->parts[*at].key == key ? sample->parts[*at].value
                                                                : FRACTION_ZERO;
}

/* Whether three steps are one slope: a to b over one, c to d over one, a to d over width. */
static enum status has_one_slope(struct fraction a, struct fraction b, struct fraction c,
                                 struct fraction d, int64_t width, bool *straight)
{
    struct fraction first, last, whole, wanted;

    enum status status = fraction_subtract(b, a, &first);
    if (status == STATUS_OK)
        status = fraction_subtract(d, c, &last);
    if (status == STATUS_OK)
        status = fraction_subtract(d, a, &whole);
    if (status == STATUS_OK)
        status = fraction_multiply(first, fraction_of(width), &wanted);
    if (status == STATUS_OK)
        *straight = fraction_compare(first, last) == 0 && fraction_compare(whole, wanted) == 0;
    return status;
}

static enum status is_straight(const struct look *look, bool *straight)
{
    const struct sample *all[] = {look->low, look->low_next, look->high_before, look->high};
    size_t at[4] = {0};

    *straight = true;
    for (;;) {
        struct fraction values[4];
        bool found = false;
        unsigned key = 0;

        for (size_t i = 0; i < 4; i++)
            if (at[i] < all[i]->count && (!found || all[i]->parts[at[i]].key < key)) {
                key = all[i]->parts[at[i]].key;
                found = true;
            }
        if (!found)
            return STATUS_OK;
        for (size_t i = 0; i < 4; i++) {
            values[i] = part_of(all[i], &at[i], key);
            at[i] += at[i] < all[i]->count && all[i]->parts[at[i]].key == key;
        }
        enum status status = has_one_slope(values[0], values[1], values[2], values[3],
                                           look->high->n - look->low->n, straight);
        if (status != STATUS_OK || !*straight)
            return status;
    }
}

static enum status line_through(const struct sample *a, const struct sample *b,
                                struct curve_segment *out)
{
    struct fraction steps;

    *out = (struct curve_segment){
        .from = a->n, .to = b->n, .fixed = a->sum, .per_step = FRACTION_ZERO};
    if (a->n == b->n)
        return STATUS_OK;
    enum status status = fraction_subtract(b->sum, a->sum, &out->per_step);
    if (status == STATUS_OK)
        status = fraction_divide(out->per_step, fraction_of(b->n - a->n), &out->per_step);
    if (status == STATUS_OK)
        status = fraction_multiply(out->per_step, fraction_of(a->n), &steps);
    if (status == STATUS_OK)
        status = fraction_subtract(a->sum, steps, &out->fixed);
    return status;
}

static bool is_same_line(const struct curve_segment *a, const struct curve_segment *b)
{
    return fraction_compare(a->fixed, b->fixed) == 0 &&
           fraction_compare(a->per_step, b->per_step) == 0;
}

/* Whether line goes through the segment's value at n. */
static enum status meets(const struct curve_segment *line, const struct curve_segment *segment,
                         int64_t n, bool *out)
{
    struct fraction a, b;
    enum status status = value_of(line, n, &a);

    if (status == STATUS_OK)
        status = value_of(segment, n, &b);
    if (status == STATUS_OK)
        *out = fraction_compare(a, b) == 0;
    return status;
}

static enum status append_apart(struct finding *finding, struct curve_segment next)
{
    if (finding->count == CURVE_SEGMENTS)
        return STATUS_FULL;
    if (finding->segments == NULL || finding->count == finding->room) {
        size_t room = finding->room > 0 ? 2 * finding->room : 256;
        struct curve_segment *grown = realloc(finding->segments, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        finding->segments = grown;
        finding->room = room;
    }
    finding->segments[finding->count++] = next;
    return STATUS_OK;
}

/* Appends what follows the newest segment and lengthens that one first, so that each reaches as far
 * as it can: two lines that differ share one number at most. */
static enum status append(struct finding *finding, struct curve_segment next)
{
    struct curve_segment *last = finding->count > 0 ? &finding->segments[finding->count - 1] : NULL;
    bool met = false;

    if (last && last->from == last->to) {
        enum status status = meets(&next, last, last->from, &met);

        if (status != STATUS_OK)
            return status;
        if (met && next.from < next.to) {
            next.from = last->from;
            *last = next;
            return STATUS_OK;
        }
        if (next.from == next.to) {
            const struct sample a = {.n = last->from, .sum = last->fixed};
            const struct sample b = {.n = next.from, .sum = next.fixed};

            return line_through(&a, &b, last);
        }
    } else if (last) {
        enum status status = meets(last, &next, next.from, &met);

        if (status != STATUS_OK)
            return status;
        if (met && (is_same_line(last, &next) || next.from == next.to)) {
            last->to = next.to;
            return STATUS_OK;
        }
        if (met) {
            last->to = next.from++;
            if (next.from == next.to) {
                status = value_of(&next, next.from, &next.fixed);
                if (status != STATUS_OK)
                    return status;
                next.per_step = FRACTION_ZERO;
            }
        }
    }
    return append_apart(finding, next);
}

static enum status search(struct finding *finding, const struct look *look, unsigned depth);

/* Halves: the inner neighbours of the middle are looked at anew. */
static enum status halve(struct finding *finding, const struct look *look, unsigned depth)
{
    int64_t middle = look->low->n + (look->high->n - look->low->n) / 2;
    int64_t numbers[4] = {middle > look->low->n ? middle - 1 : middle, middle, middle + 1,
                          middle + 2 <= look->high->n ? middle + 2 : middle + 1};
    struct sample *taken[4] = {0};
    enum status status = take_samples(finding, numbers, taken);

    if (status == STATUS_OK) {
        struct look left = {look->low, look->low_next, taken[0], taken[1]};

        status = search(finding, &left, depth + 1);
    }
    if (status == STATUS_OK) {
        struct look right = {taken[2], taken[3], look->high_before, look->high};

        status = search(finding, &right, depth + 1);
    }
    free_samples(numbers, taken);
    return status;
}

static enum status search(struct finding *finding, const struct look *look, unsigned depth)
{
    bool straight = true;

    assert(depth < HALVINGS);
    if (look->high->n - look->low->n > 1) {
        enum status status = is_straight(look, &straight);

        if (status != STATUS_OK)
            return status;
    }
    if (!straight)
        return halve(finding, look, depth);

    struct curve_segment line;
    enum status status = line_through(look->low, look->high, &line);
    return status == STATUS_OK ? append(finding, line) : status;
}

/* Between two cuts. */
static enum status search_range(struct finding *finding, int64_t from, int64_t to)
{
    int64_t numbers[4] = {from, from < to ? from + 1 : to, from < to ? to - 1 : from, to};
    struct sample *taken[4] = {0};
    enum status status = take_samples(finding, numbers, taken);

    if (status == STATUS_OK) {
        struct look look = {taken[0], taken[1], taken[2], taken[3]};

        status = search(finding, &look, 0);
    }
    free_samples(numbers, taken);
    return status;
}

static int by_number(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static enum status copy_segments(const struct curve_segment *segments, size_t count,
                                 struct arena *arena, struct curve *out)
{
    struct curve_segment *copy = arena_take(arena, count * sizeof *copy);

    if (!copy)
        return STATUS_MEMORY;
    if (count > 0)
        memcpy(copy, segments, count * sizeof *copy);
    *out = (struct curve){copy, count};
    return STATUS_OK;
}

enum status curve_find(const struct curve_shape *shape, int64_t from, int64_t to,
                       struct arena *arena, struct curve *out)
{
    assert(from <= to);
    struct finding finding = {.shape = shape, .arena = arena};
    int64_t *cuts = malloc((shape->cut_count + 1) * sizeof *cuts);
    enum status status = cuts ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK) {
        if (shape->cut_count > 0)
            memcpy(cuts, shape->cuts, shape->cut_count * sizeof *cuts);
        cuts[shape->cut_count] = to;
        qsort(cuts, shape->cut_count + 1, sizeof *cuts, by_number);
    }
    for (size_t i = 0; status == STATUS_OK && i <= shape->cut_count && from <= to; i++) {
        if (cuts[i] < from || cuts[i] > to)
            continue;
        status = search_range(&finding, from, cuts[i]);
        from = cuts[i] + 1;
    }
    if (status == STATUS_OK)
        status = copy_segments(finding.segments, finding.count, arena, out);
    free(cuts);
    free(finding.segments);
    return status;
}

/* The segment that holds n; count when none does. */
static size_t segment_at(const struct curve *curve, int64_t n)
{
    size_t low = 0, high = curve->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (curve->segments[middle].to < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low < curve->count && curve->segments[low].from <= n ? low : curve->count;
}

enum status curve_value(const struct curve *curve, int64_t n, struct fraction *out)
{
    size_t at = segment_at(curve, n);

    return at < curve->count ? value_of(&curve->segments[at], n, out) : STATUS_NOT_FOUND;
}

enum status curve_scale(const struct curve *curve, struct fraction factor, struct arena *arena,
                        struct curve *out)
{
    struct curve_segment *scaled = arena_take(arena, curve->count * sizeof *scaled);

    if (!scaled)
        return STATUS_MEMORY;
    for (size_t i = 0; i < curve->count; i++) {
        scaled[i] = curve->segments[i];
        enum status status = fraction_multiply(scaled[i].fixed, factor, &scaled[i].fixed);
        if (status == STATUS_OK)
            status = fraction_multiply(scaled[i].per_step, factor, &scaled[i].per_step);
        if (status != STATUS_OK)
            return status;
    }
    *out = (struct curve){scaled, curve->count};
    return STATUS_OK;
}

/* Curves between two neighbouring ends of segments, where each is a line. */
struct stretch {
    int64_t from, to;
    const struct curve_segment *lines[CURVE_MOST];
    size_t count;
};

static enum status order_at(const struct stretch *stretch, size_t a, size_t b, int64_t n, int *out)
{
    struct fraction left, right;
    enum status status = value_of(stretch->lines[a], n, &left);

    if (status == STATUS_OK)
        status = value_of(stretch->lines[b], n, &right);
    if (status == STATUS_OK)
        *out = fraction_compare(left, right);
    return status;
}

/* The last number of the stretch from from on at which a stands to b as it does at from. The
 * difference of two lines is monotone: once it changes, it stays so. */
static enum status same_order_until(const struct stretch *stretch, size_t a, size_t b, int64_t from,
                                    int64_t *until)
{
    int64_t low = from, high = stretch->to;
    int first = 0, order = 0;
    enum status status = order_at(stretch, a, b, from, &first);

    while (status == STATUS_OK && low < high) {
        int64_t middle = low + (high - low + 1) / 2;

        status = order_at(stretch, a, b, middle, &order);
        if (order == first)
            low = middle;
        else
            high = middle - 1;
    }
    *until = low;
    return status;
}

static enum status least_at(const struct stretch *stretch, int64_t n, size_t *best, unsigned *bits)
{
    *best = 0;
    *bits = 1;
    for (size_t i = 1; i < stretch->count; i++) {
        int order = 0;
        enum status status = order_at(stretch, i, *best, n, &order);

        if (status != STATUS_OK)
            return status;
        if (order < 0) {
            *best = i;
            *bits = 1u << i;
        } else if (order == 0) {
            *bits |= 1u << i;
        }
    }
    return STATUS_OK;
}

struct comparing {
    struct curve_interval *intervals;
    size_t count, room;
};

static enum status note(struct comparing *comparing, int64_t from, int64_t to, unsigned least)
{
    struct curve_interval *last =
        comparing->count > 0 ? &comparing->intervals[comparing->count - 1] : NULL;

    if (last && last->least == least) {
        last->to = to;
        return STATUS_OK;
    }
    if (comparing->count == comparing->room) {
        size_t room = comparing->room > 0 ? 2 * comparing->room : 64;
        struct curve_interval *grown =
            realloc(comparing->intervals, room * sizeof *comparing->intervals);

        if (!grown)
            return STATUS_MEMORY;
        comparing->intervals = grown;
        comparing->room = room;
    }
    comparing->intervals[comparing->count++] = (struct curve_interval){from, to, least};
    return STATUS_OK;
}

/* As long as every line stands to one of the least as it did, the least stay the same. */
static enum status compare_stretch(struct comparing *comparing, const struct stretch *stretch)
{
    int64_t from = stretch->from;

    while (from <= stretch->to) {
        size_t best;
        unsigned least;
        int64_t until = stretch->to;
        enum status status = least_at(stretch, from, &best, &least);

        for (size_t i = 0; status == STATUS_OK && i < stretch->count; i++) {
            int64_t same = until;

            if (i != best)
                status = same_order_until(stretch, i, best, from, &same);
            if (same < until)
                until = same;
        }
        if (status == STATUS_OK)
            status = note(comparing, from, until, least);
        if (status != STATUS_OK)
            return status;
        from = until + 1;
    }
    return STATUS_OK;
}

/* The stretch that begins at from. */
static void stretch_from(const struct curve *const *curves, size_t count, int64_t from,
                         struct stretch *out)
{
    *out = (struct stretch){.from = from, .to = INT64_MAX, .count = count};
    for (size_t i = 0; i < count; i++) {
        out->lines[i] = &curves[i]->segments[segment_at(curves[i], from)];
        if (out->lines[i]->to < out->to)
            out->to = out->lines[i]->to;
    }
}

enum status curve_compare(const struct curve *const *curves, size_t count, struct arena *arena,
                          const struct curve_interval **out, size_t *interval_count)
{
    assert(count > 0 && count <= CURVE_MOST && curves[0]->count > 0);
    const int64_t last = curves[0]->segments[curves[0]->count - 1].to;
    struct comparing comparing = {0};
    struct curve_interval *copy = NULL;
    enum status status = STATUS_OK;

    for (int64_t from = curves[0]->segments[0].from; status == STATUS_OK && from <= last;) {
        struct stretch stretch;

        stretch_from(curves, count, from, &stretch);
        status = compare_stretch(&comparing, &stretch);
        from = stretch.to + 1;
    }
    if (status == STATUS_OK) {
        copy = arena_take(arena, comparing.count * sizeof *copy);
        status = copy ? STATUS_OK : STATUS_MEMORY;
    }
    if (status == STATUS_OK) {
        if (comparing.count > 0)
            memcpy(copy, comparing.intervals, comparing.count * sizeof *copy);
        *out = copy;
        *interval_count = comparing.count;
    }
    free(comparing.intervals);
    return status;
}
