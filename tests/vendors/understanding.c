#include "tests/vendors/understanding.h"

#include <pocketsphinx.h>
#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#include <stdbool.h>
#include <stdlib.h>

#define MODEL           "/usr/share/pocketsphinx/model/en-us"
#define LANGUAGE_WEIGHT 6.5f /* pocketsphinx's own */

static const char grammar[] =
    "#JSGF V1.0;\n"
    "grammar demo;\n"
    "<thing> = the moon | the sea | a bird | a dragon | a robot | the weather;\n"
    "public <sentence> = what time is it | tell me a story [ about <thing> ] |\n"
    " how are you [ today ] | what is the weather like [ today ] | good morning | good night |\n"
    " what is your name | who are you | sing me a song | tell me a joke | how far is the moon |\n"
    " tell me about <thing> | what can you do | hello robot | please stop | thank you;\n";

/* ps_set_jsgf_string() would do the same and keep the grammar for ever. */
static bool teach(ps_decoder_t *decoder)
{
    jsgf_t *parsed = jsgf_parse_string(grammar, NULL);
    jsgf_rule_t *rule = parsed == NULL ? NULL : jsgf_get_public_rule(parsed);
    fsg_model_t *model =
        rule == NULL ? NULL
                     : jsgf_build_fsg(parsed, rule, ps_get_logmath(decoder), LANGUAGE_WEIGHT);
    const bool is_taught = model != NULL && ps_set_fsg(decoder, "demo", model) == 0 &&
                           ps_set_search(decoder, "demo") == 0;

    if (model != NULL)
        fsg_model_free(model);
    if (parsed != NULL)
        jsgf_grammar_free(parsed);
    return is_taught;
}

static ps_decoder_t *make(void)
{
    cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", MODEL "/en-us", "-dict",
                                   MODEL "/cmudict-en-us.dict", "-logfn", "/dev/null", NULL);
    ps_decoder_t *decoder = config == NULL ? NULL : ps_init(config);

    if (config != NULL)
        cmd_ln_free_r(config); /* the decoder keeps its own reference */
    if (decoder != NULL && !teach(decoder)) {
        ps_free(decoder);
        return NULL;
    }
    return decoder;
}

enum status understanding_read(struct span pcm, struct buffer *text)
{
    const size_t count = pcm.size / 2;
    int16_t *samples = malloc((count + 1) * sizeof *samples);
    ps_decoder_t *decoder = samples == NULL ? NULL : make();
    enum status status = samples == NULL ? STATUS_MEMORY : STATUS_NOT_FOUND;

    if (decoder != NULL && ps_start_utt(decoder) == 0) {
        for (size_t i = 0; i < count; i++)
            samples[i] = (int16_t)(pcm.data[2 * i] | pcm.data[2 * i + 1] << 8);
        ps_process_raw(decoder, samples, count, FALSE, TRUE);
        ps_end_utt(decoder);
        const char *words = ps_get_hyp(decoder, NULL);
        if (words != NULL)
            buffer_text(text, words);
        status = buffer_status(text);
    }
    if (decoder != NULL)
        ps_free(decoder);
    free(samples);
    return status;
}
