#include "agent/ear/wake/spotter.h"

#include <pocketsphinx.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MODEL       "/usr/share/pocketsphinx/model/en-us/en-us"
#define SEARCH      "wake"
#define FRAME       160               /* samples of one frame of the decoder: 10 ms */
#define MAX_SAMPLES (SPOTTER_HZ * 20) /* an utterance is begun anew after so long */
#define BEAM        "1e-200"          /* pruned less, a phrase in noise survives to its end */
#define MIN_FRAMES  60                /* of a phrase */
#define MAX_FRAMES  220
#define SIL_WORD    "hush"

/* How each word is said, in the model's phonemes. A dictionary of the whole language would take ten
 * times the memory. */
static const struct {
    const char *word, *phonemes;
} words[] = {
    {"dear", "D IH R"},
    {"excuse", "IH K S K Y UW Z"},
    {"good", "G UH D"},
    {SIL_WORD, "SIL"},
    {"hello", "HH AH L OW"},
    {"little", "L IH T AH L"},
    {"me", "M IY"},
    {"my", "M AY"},
    {"morning", "M AO R N IH NG"},
    {"robot", "R OW B AA T"},
    {"up", "AH P"},
    {"wake", "W EY K"},
};

/* Each is said in one go or with a pause before who is meant: SIL_WORD is silence of any length.
 * With the likelihood ratio from which on it was said. ./myna bench wake counted, of 36 ways to say
 * each and in ten minutes of speech about robots, in powers of ten: how unlikely the phrase was at
 * most in a quiet room, in a loud one, and how likely other speech was at most:
 *
 *    excuse me robot       -59 (all but one: -21)   -53   -65
 *    good morning robot     -6                      -36   -69
 *    hello my dear robot   -14                       -8   -46
 *    wake up little robot  -46 (all but one: -29)    12   -52
 *
 * A phrase that other speech is as like as people are, as "wake up robot" (-14, 9 and -4), is none.
 * Noise is kept out by how long a phrase lasts: it was taken for one for 2.5 s and more; people
 * take 0.7 to 1.8 s. */
static const struct {
    const char *phrase, *paused;
    double threshold;
} phrases[] = {
    {"excuse me robot", "excuse me " SIL_WORD " robot", 1e-55},
    {"good morning robot", "good morning " SIL_WORD " robot", 1e-52},
    {"hello my dear robot", "hello " SIL_WORD " my dear robot", 1e-30},
    {"wake up little robot", "wake up " SIL_WORD " little robot", 1e-40},
};

struct spotter {
    ps_decoder_t *decoder;
    bool is_listening;
    size_t fed;    /* of this utterance */
    size_t before; /* frames of those before: the search counts over all of them */
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
    config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", MODEL, "-remove_silence", "no", "-beam",
                         BEAM, "-dither", "yes", "-logfn", "/dev/null", NULL);
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
    if (!spotter->is_listening)
        return;
    ps_end_utt(spotter->decoder);
    spotter->before += (size_t)ps_get_n_frames(spotter->decoder);
    spotter->is_listening = false;
}

/* pocketsphinx takes more than one phrase from a file alone. */
static enum status search_for(struct spotter *spotter, size_t phrase)
{
    char path[32];
    const int fd = memfd_create("phrases", MFD_CLOEXEC);
    enum status status = STATUS_OK;

    if (fd < 0)
        return STATUS_IO;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (dprintf(fd, "%s /%g/\n%s /%g/\n", phrases[phrase].phrase, phrases[phrase].threshold,
                phrases[phrase].paused, phrases[phrase].threshold) < 0)
        status = STATUS_IO;
    else if (ps_set_kws(spotter->decoder, SEARCH, path) < 0 ||
             ps_set_search(spotter->decoder, SEARCH) < 0)
        status = STATUS_INVALID;
    close(fd);
    return status;
}

enum status spotter_listen(struct spotter *spotter, struct span phrase)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (!span_equal_text(phrase, phrases[i].phrase))
            continue;
        end(spotter);
        const enum status status = search_for(spotter, i);
        spotter->before = 0;
        if (status == STATUS_OK)
            begin(spotter);
        return status;
    }
    return STATUS_NOT_FOUND;
}

/* Whether one of what was taken for the phrase lasted as long as one does; *ended is its end, in
 * samples of this utterance. */
static bool is_said(struct spotter *spotter, size_t *ended)
{
    bool is_heard = false;
    int first, last;

    for (ps_seg_t *at = ps_seg_iter(spotter->decoder); at; at = ps_seg_next(at)) {
        ps_seg_frames(at, &first, &last);
        if (last - first < MIN_FRAMES || last - first > MAX_FRAMES)
            continue;
        *ended = ((size_t)last + 1 - spotter->before) * FRAME;
        is_heard = (size_t)last + 1 > spotter->before;
    }
    return is_heard;
}

bool spotter_feed(struct spotter *spotter, const int16_t *pcm, size_t count, uint32_t *ago)
{
    size_t ended = 0;

    if (!spotter->is_listening || ps_process_raw(spotter->decoder, pcm, count, FALSE, FALSE) < 0)
        return false;
    spotter->fed += count;
    const bool is_heard = ps_get_hyp(spotter->decoder, NULL) && is_said(spotter, &ended);
    if (is_heard)
        *ago = ended < spotter->fed ? (uint32_t)(spotter->fed - ended) : 0;
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
