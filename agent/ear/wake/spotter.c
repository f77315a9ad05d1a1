#include "agent/ear/wake/spotter.h"

#include <pocketsphinx.h>
#include <stdlib.h>

#define MODEL       "/usr/share/pocketsphinx/model/en-us/en-us"
#define SEARCH      "wake"
#define FRAME       160               /* samples of one frame of the decoder: 10 ms */
#define MAX_SAMPLES (SPOTTER_HZ * 20) /* an utterance is begun anew after so long */

/* How each word is said, in the model's phonemes. A dictionary of the whole language would take ten
 * times the memory. */
static const struct {
    const char *word, *phonemes;
} words[] = {
    {"excuse", "IH K S K Y UW Z"},
    {"me", "M IY"},
    {"robot", "R OW B AA T"},
    {"up", "AH P"},
    {"wake", "W EY K"},
};

/* With the likelihood ratio from which on it was said: chosen by ./myna bench wake, which counts
 * misses and false alarms. Shorter ones, as "hello robot", were heard in other speech too often.
 * Said in one go: a phrase with a pause in it is missed. */
static const struct {
    const char *phrase;
    double threshold;
} phrases[] = {
    {"excuse me robot", 1e-40},
    {"wake up robot", 1e-18},
};

struct spotter {
    ps_decoder_t *decoder;
    bool is_listening;
    size_t fed; /* of this utterance */
};

static bool teach(ps_decoder_t *decoder)
{
    const size_t count = sizeof words / sizeof words[0];
    bool is_taught = true;

    for (size_t i = 0; i < count; i++)
        is_taught &= ps_add_word(decoder, words[i].word, words[i].phonemes, i + 1 == count) >= 0;
    return is_taught;
}

enum status spotter_open(struct spotter **out)
{
    struct spotter *spotter = calloc(1, sizeof *spotter);
    cmd_ln_t *config = NULL;

    if (!spotter)
        return STATUS_MEMORY;
    /* silence is left out by whoever feeds it: places stay true */
    config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", MODEL, "-remove_silence", "no", "-dither",
                         "yes", "-logfn", "/dev/null", NULL);
    spotter->decoder = config ? ps_init(config) : NULL;
    if (config)
        cmd_ln_free_r(config); /* the decoder keeps its own reference */
    if (!spotter->decoder || !teach(spotter->decoder)) {
        spotter_close(spotter);
        return STATUS_NOT_FOUND;
    }
    *out = spotter;
    return STATUS_OK;
}

void spotter_close(struct spotter *spotter)
{
    if (!spotter)
        return;
    if (spotter->decoder)
        ps_free(spotter->decoder);
    free(spotter);
}

static void begin(struct spotter *spotter)
{
    spotter->fed = 0;
    spotter->is_listening = ps_start_utt(spotter->decoder) == 0;
}

static void end(struct spotter *spotter)
{
    if (spotter->is_listening)
        ps_end_utt(spotter->decoder);
    spotter->is_listening = false;
}

enum status spotter_listen(struct spotter *spotter, struct span phrase)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (!span_equal_text(phrase, phrases[i].phrase))
            continue;
        end(spotter);
        cmd_ln_set_float_r(ps_get_config(spotter->decoder), "-kws_threshold", phrases[i].threshold);
        if (ps_set_keyphrase(spotter->decoder, SEARCH, phrases[i].phrase) < 0 ||
            ps_set_search(spotter->decoder, SEARCH) < 0)
            return STATUS_INVALID;
        begin(spotter);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

/* In samples since the utterance's beginning. */
static size_t phrase_end(struct spotter *spotter)
{
    int first = 0, last = 0;

    for (ps_seg_t *at = ps_seg_iter(spotter->decoder); at; at = ps_seg_next(at))
        ps_seg_frames(at, &first, &last);
    return (size_t)(last + 1) * FRAME;
}

bool spotter_feed(struct spotter *spotter, const int16_t *pcm, size_t count, uint32_t *ago)
{
    if (!spotter->is_listening || ps_process_raw(spotter->decoder, pcm, count, FALSE, FALSE) < 0)
        return false;
    spotter->fed += count;
    const bool is_heard = ps_get_hyp(spotter->decoder, NULL) != NULL;
    if (is_heard) {
        const size_t end_at = phrase_end(spotter);

        *ago = end_at < spotter->fed ? (uint32_t)(spotter->fed - end_at) : 0;
    }
    if (is_heard || spotter->fed > MAX_SAMPLES)
        spotter_gap(spotter);
    return is_heard;
}

void spotter_gap(struct spotter *spotter)
{
    if (!spotter->is_listening)
        return;
    end(spotter);
    begin(spotter);
}
