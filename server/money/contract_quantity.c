/* What is counted: metrics, levels, and how their samples become one quantity. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/money/contract_parts.h"

static const char *const metric_names[] = {
    [CONTRACT_INPUT_UNCACHED] = "input_uncached",
    [CONTRACT_INPUT_CACHED] = "input_cached",
    [CONTRACT_CACHE_WRITE_5M] = "cache_write_5m",
    [CONTRACT_CACHE_WRITE_1H] = "cache_write_1h",
    [CONTRACT_OUTPUT] = "output",
    [CONTRACT_REASONING] = "reasoning",
    [CONTRACT_AUDIO_IN_MS] = "audio_in_ms",
    [CONTRACT_AUDIO_OUT_CHARS] = "audio_out_chars",
    [CONTRACT_IMAGES] = "images",
    [CONTRACT_VIDEO_MS] = "video_ms",
    [CONTRACT_REQUESTS] = "requests",
};
_Static_assert(sizeof metric_names / sizeof *metric_names == CONTRACT_METRICS, "a name is missing");

/* Words that are no recorded metric, and where they may stand. */
static const struct {
    const char *word;
    enum contract_source source;
    const char *where;
} sources[] = {
    {"amount", CONTRACT_AMOUNT, "for charges of kind percentage, and soft caps and thresholds"},
    {"points", CONTRACT_POINTS,
     "what a charge of kind points counts, and credits of units pay: it cannot stand here; floors "
     "and ceilings of points are ones of spend"},
    {"active_devices", CONTRACT_ACTIVE_DEVICES, "no token: it cannot stand here"},
    {"terminals", CONTRACT_TERMINALS, "what a charge of kind licence counts: it cannot stand here"},
    {"spend", CONTRACT_SPEND, "for commitments, caps and thresholds"},
    {"concurrency", CONTRACT_CONCURRENCY, "a level, for caps and thresholds"},
    {"requests_per_minute", CONTRACT_REQUESTS_PER_MINUTE, "a level, for caps and thresholds"},
    {"tokens_per_minute", CONTRACT_TOKENS_PER_MINUTE, "a level, for caps and thresholds"},
};
#define WORDS                                                                                      \
    "input_uncached|input_cached|cache_write_5m|cache_write_1h|output|reasoning|audio_in_ms|"      \
    "audio_out_chars|images|video_ms|requests|input|tokens|amount|points|active_devices|"          \
    "terminals|"                                                                                   \
    "spend|concurrency|requests_per_minute|tokens_per_minute"

const char *contract_metric_name(enum contract_metric metric)
{
    assert(metric < CONTRACT_METRICS);
    return metric_names[metric];
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

bool contract_same_quantity(const struct contract_quantity *a, const struct contract_quantity *b)
{
    return a->source == b->source && a->metrics == b->metrics &&
           strcmp(text_of(a->gauge_name), text_of(b->gauge_name)) == 0;
}

static bool same_names(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; i < a_count; i++) {
        size_t k = 0;

        while (k < b_count && strcmp(a[i], b[k]) != 0)
            k++;
        if (k == b_count)
            return false;
    }
    return a_count == b_count;
}

bool contract_same_filter(const struct contract_filter *a, const struct contract_filter *b)
{
    return same_names(a->models, a->model_count, b->models, b->model_count) &&
           same_names(a->service_tiers, a->service_tier_count, b->service_tiers,
                      b->service_tier_count) &&
           a->has_hours == b->has_hours && a->hours_from_ms == b->hours_from_ms &&
           a->hours_to_ms == b->hours_to_ms && a->hours_by_end == b->hours_by_end &&
           a->has_input == b->has_input && a->input_over == b->input_over &&
           a->input_up_to == b->input_up_to;
}

unsigned contract_metrics_of(const char *word)
{
    if (strcmp(word, "input") == 0)
        return CONTRACT_ALL_INPUT;
    if (strcmp(word, "tokens") == 0)
        return CONTRACT_ALL_TOKENS;
    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        if (strcmp(metric_names[i], word) == 0)
            return CONTRACT_BIT(i);
    }
    return 0;
}

const char *contract_metrics_text(struct reading *reading, unsigned metrics)
{
    char text[160] = "";
    size_t used = 0;

    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        if (metrics & CONTRACT_BIT(i))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "+" : "",
                                     metric_names[i]);
    }
    assert(used < sizeof text);
    return reading_keep(reading, text);
}

static void refuse_word(struct reading *reading, const char *member, const char *word)
{
    char nearest[READING_WORD_SIZE];

    if (reading_nearest(word, WORDS, nearest))
        reading_refuse_form(reading, member, "\"%.40s\" is not known: did you mean \"%s\"?", word,
                            nearest);
    else
        reading_refuse_form(
            reading, member,
            "\"%.24s\" is no metric: input_uncached, output, requests, tokens, active_devices ...",
            word);
}

void contract_word_read(struct reading *reading, const char *member, const char *word,
                        unsigned allowed, struct contract_quantity *out)
{
    unsigned metrics = contract_metrics_of(word);

    if (metrics) {
        if (!(allowed & CONTRACT_SOURCE(CONTRACT_RECORDED)))
            reading_refuse(reading, member, "\"%s\" cannot stand here", word);
        *out = (struct contract_quantity){.text = reading_keep(reading, word), .metrics = metrics};
        return;
    }
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (strcmp(sources[i].word, word) != 0)
            continue;
        if (!(allowed & CONTRACT_SOURCE(sources[i].source)))
            reading_refuse(reading, member, "\"%s\" is %s", word, sources[i].where);
        *out = (struct contract_quantity){.text = sources[i].word, .source = sources[i].source};
        return;
    }
    refuse_word(reading, member, word);
}

static void read_sum(struct reading *reading, const struct json *object, unsigned allowed,
                     struct contract_quantity *out)
{
    size_t count = 0;
    const char *const *words = reading_texts(reading, object, "metric", CONTRACT_METRICS, &count);
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned metrics = contract_metrics_of(words[i]);

        if (!metrics || !(allowed & CONTRACT_SOURCE(CONTRACT_RECORDED)))
            reading_refuse(reading, "metric", "\"%.40s\" cannot be part of a sum here", words[i]);
        else if (sum & metrics)
            reading_refuse(reading, "metric", "counts \"%.40s\" twice", words[i]);
        sum |= metrics;
    }
    if (!reading_failed(reading))
        *out =
            (struct contract_quantity){.text = contract_metrics_text(reading, sum), .metrics = sum};
}

static void read_gauge(struct reading *reading, const struct json *metric, unsigned allowed,
                       struct contract_quantity *out)
{
    size_t mark = reading_enter(reading, "metric");

    if (reading_object(reading, metric, "gauge", "gauge")) {
        const char *name = reading_text(reading, metric, "gauge", 64);

        if (name && span_is_choice(span_text(name), WORDS))
            reading_refuse(reading, "gauge", "\"%.40s\" is counted by itself and is no gauge",
                           name);
        if (!(allowed & CONTRACT_SOURCE(CONTRACT_GAUGE)))
            reading_refuse(reading, "gauge", "cannot stand here");
        *out =
            (struct contract_quantity){.text = name, .source = CONTRACT_GAUGE, .gauge_name = name};
    }
    reading_leave(reading, mark);
}

void contract_quantity_read(struct reading *reading, const struct json *object, unsigned allowed,
                            struct contract_quantity *out)
{
    const struct json *metric = json_member(object, "metric");

    switch (json_type(metric)) {
    case JSON_TEXT:
        contract_word_read(reading, "metric", json_text(metric, ""), allowed, out);
        break;
    case JSON_ARRAY:
        read_sum(reading, object, allowed, out);
        break;
    case JSON_OBJECT:
        read_gauge(reading, metric, allowed, out);
        break;
    default:
        reading_refuse(reading, "metric",
                       "must be a word like output, a list of them, or {gauge: NAME}");
    }
}

void contract_measured_read(struct reading *reading, const struct json *object,
                            const struct contract_quantity *quantity, enum contract_measured *out)
{
    bool is_level =
        quantity->source == CONTRACT_ACTIVE_DEVICES || quantity->source == CONTRACT_GAUGE;

    *out = (enum contract_measured)reading_choice(reading, object, "measured",
                                                  "sum|peak|average|last|ever",
                                                  is_level ? CONTRACT_PEAK : CONTRACT_SUM);
    if (json_member(object, "measured") && !is_level)
        reading_refuse(reading, "measured",
                       "goes with active_devices and gauges; what is recorded is summed");
    if (is_level && *out == CONTRACT_SUM)
        reading_refuse(reading, "measured", "a level has no sum: peak, average, last%s",
                       quantity->source == CONTRACT_GAUGE ? "" : " or ever");
    if (quantity->source == CONTRACT_GAUGE && *out == CONTRACT_EVER)
        reading_refuse(reading, "measured",
                       "\"ever\" counts devices; a gauge has peak, average "
                       "or last");
}
