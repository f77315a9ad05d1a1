/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/synth.h"

#include <espeak-ng/speak_lib.h>

#include "agent/voice/espeak/script.h"

#define BUFFER_MS     20
#define DEFAULT_RATE  175
#define MIN_RATE      80
#define MAX_RATE      450 /* beyond, event samples are wrong (espeak-ng PR 2470) */
#define DEFAULT_PITCH 50

struct synth {
    unsigned sample_rate;
    enum voice_language language; /* of the voice that is set; AUTO: none yet */
    struct script script;

    /* of the clause being spoken */
    const struct synth_listener *listener;
    const struct script_run *run;
    uint32_t run_start; /* samples before this run */
    uint32_t samples;
    struct voice_mark mark; /* waits for its duration */
    bool has_mark;
    bool is_stopped;
};

static void flush_mark(struct synth *synth, uint32_t sample)
{
    if (!synth->has_mark)
        return;
    synth->mark.duration = sample > synth->mark.sample ? sample - synth->mark.sample : 0;
    synth->listener->on_mark(synth->listener->context, &synth->mark);
    synth->has_mark = false;
}

static void on_phoneme(struct synth *synth, const espeak_EVENT *event)
{
    char name[VOICE_PHONEME_SIZE] = {0};
    uint32_t sample = synth->run_start + (uint32_t)event->sample;

    /* eight bytes, not terminated when full */
    memcpy(name, event->id.string, sizeof event->id.string);
    /* from espeak-ng 1.52 on, the stress of its syllable stands before a vowel's name */
    if (strchr("',=", name[0]) != NULL && name[0] != '\0' && name[1] != '\0') {
        memmove(name, name + 1, sizeof name - 1);
        name[sizeof name - 1] = '\0';
    }
    if (name[0] == '\0' || name[0] == '(')
        return;
    flush_mark(synth, sample);
    synth->mark = (struct voice_mark){.language = synth->run->language, .sample = sample};
    memcpy(synth->mark.phoneme, name, sizeof name);
    synth->has_mark = true;
}

static void on_word(struct synth *synth, const espeak_EVENT *event)
{
    struct voice_word word = {.sample = synth->run_start + (uint32_t)event->sample};
    size_t position = event->text_position > 0 ? (size_t)event->text_position - 1 : 0;
    size_t length = event->length > 0 ? (size_t)event->length : 0;

    script_source(&synth->script, synth->run, position, length, &word.offset, &word.length);
    synth->listener->on_word(synth->listener->context, &word);
}

static int on_buffer(short *wav, int count, espeak_EVENT *events)
{
    struct synth *synth = events->user_data;

    if (wav && count > 0) {
        synth->is_stopped = !synth->listener->on_pcm(synth->listener->context, wav, (size_t)count);
        synth->samples += (uint32_t)count;
    }
    for (; events->type != espeakEVENT_LIST_TERMINATED; events++) {
        if (events->type == espeakEVENT_PHONEME)
            on_phoneme(synth, events);
        else if (events->type == espeakEVENT_WORD)
            on_word(synth, events);
    }
    return synth->is_stopped ? 1 : 0;
}

enum status synth_open(struct synth **out, unsigned *sample_rate)
{
    struct synth *synth = calloc(1, sizeof *synth);

    if (!synth)
        return STATUS_MEMORY;
    int rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, NULL,
                                 espeakINITIALIZE_PHONEME_EVENTS | espeakINITIALIZE_DONT_EXIT);
    if (rate <= 0) {
        free(synth);
        return STATUS_UNREACHABLE;
    }
    espeak_SetSynthCallback(on_buffer);
    synth->sample_rate = (unsigned)rate;
    *sample_rate = synth->sample_rate;
    *out = synth;
    return STATUS_OK;
}

void synth_close(struct synth *synth)
{
    if (!synth)
        return;
    espeak_Terminate();
    free(synth);
}

/* Debian's voice "cmn" speaks Han in English; the pinyin voice is the one that works. */
static enum status set_voice(struct synth *synth, enum voice_language language)
{
    const char *name = language == VOICE_LANGUAGE_ZH ? "cmn-latn-pinyin" : "en-us";

    if (synth->language == language)
        return STATUS_OK;
    if (espeak_SetVoiceByName(name) != EE_OK)
        return STATUS_NOT_FOUND;
    synth->language = language;
    return STATUS_OK;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void set_manner(const struct voice_clause *clause)
{
    int rate = clause->rate_wpm == 0 ? DEFAULT_RATE : clamp(clause->rate_wpm, MIN_RATE, MAX_RATE);
    int pitch = clause->pitch < 0 ? DEFAULT_PITCH : clamp(clause->pitch, 0, 99);

    espeak_SetParameter(espeakRATE, rate, 0);
    espeak_SetParameter(espeakPITCH, pitch, 0);
}

static enum status speak_run(struct synth *synth, const struct voice_clause *clause)
{
    const char *text = synth->script.text + synth->run->text;
    unsigned flags = espeakCHARS_UTF8 | (synth->run->has_pause ? espeakENDPAUSE : 0u);
    enum status status = set_voice(synth, synth->run->language);

    if (status != STATUS_OK)
        return status;
    set_manner(clause); /* setting a voice resets it */
    synth->run_start = synth->samples;
    if (espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, flags, NULL, synth) != EE_OK)
        return STATUS_IO;
    flush_mark(synth, synth->samples);
    return synth->is_stopped ? STATUS_CLOSED : STATUS_OK;
}

enum status synth_speak(struct synth *synth, const struct voice_clause *clause,
                        const struct synth_listener *listener, uint32_t *samples)
{
    enum status status = STATUS_OK;

    script_write(&synth->script, clause->text, clause->language);
    synth->listener = listener;
    synth->samples = 0;
    synth->has_mark = false;
    synth->is_stopped = false;
    for (size_t i = 0; i < synth->script.run_count && status == STATUS_OK; i++) {
        synth->run = &synth->script.runs[i];
        status = speak_run(synth, clause);
    }
    if (status == STATUS_OK)
        *samples = synth->samples;
    return status;
}
