/* SPDX-License-Identifier: GPL-3.0-or-later */
/* av_beeper.c - a voice that beeps once for each word, at uneven times
 *
 * myna-voice with another synth. The word lights up in the subtitle when its beep begins: flash and
 * beep, through everything that lies between a voice and the screen and the sink. A beep rises in
 * pitch, so that a recording tells its place to a fraction of a millisecond.
 */
#include <math.h>
#include <unistd.h>

#include "agent/voice/espeak/serve.h"
#include "agent/voice/voice_wire.h"

#define SAMPLE_RATE 22050
#define FIRST       (SAMPLE_RATE / 10)
#define BEEP        (SAMPLE_RATE * 60 / 1000)
#define LEAST       (SAMPLE_RATE * 170 / 1000)
#define SPREAD_MS   131
#define MAX_WORDS   256
#define LOUDNESS    12000.0

/* How far the pitch has turned, t seconds into a beep: from 700 Hz, 18 kHz a second up. */
static double phase(double t)
{
    return 6.283185307179586 * (700 * t + 9000 * t * t);
}

static size_t find_words(struct span text, struct voice_word words[MAX_WORDS])
{
    const uint8_t *bytes = text.data;
    uint32_t sample = FIRST;
    size_t count = 0;

    for (size_t i = 0; i < text.size && count < MAX_WORDS; i++) {
        size_t from = i;

        while (i < text.size && bytes[i] != ' ')
            i++;
        if (i == from)
            continue;
        words[count] = (struct voice_word){(uint32_t)from, (uint32_t)(i - from), sample};
        uint32_t uneven = (uint32_t)(count * 7919 + text.size * 31 + bytes[from] * 17);
        sample += LEAST + uneven % SPREAD_MS * SAMPLE_RATE / 1000;
        count++;
    }
    return count;
}

enum status synth_open(struct synth **out, unsigned *sample_rate)
{
    *out = NULL; /* nothing to remember */
    *sample_rate = SAMPLE_RATE;
    return STATUS_OK;
}

void synth_close(struct synth *synth)
{
    (void)synth;
}

enum status synth_speak(struct synth *synth, const struct voice_clause *clause,
                        const struct synth_listener *listener, uint32_t *samples)
{
    struct voice_word words[MAX_WORDS];
    size_t count = find_words(clause->text, words), begun = 0;
    uint32_t end = count > 0 ? words[count - 1].sample + LEAST : 0;
    int16_t pcm[441];

    (void)synth;
    for (uint32_t at = 0; at < end; at += sizeof pcm / sizeof *pcm) {
        size_t before = begun;

        for (size_t i = 0; i < sizeof pcm / sizeof *pcm; i++) {
            uint32_t sample = at + (uint32_t)i;

            if (begun < count && words[begun].sample <= sample)
                begun++;
            uint32_t into = begun > 0 ? sample - words[begun - 1].sample : BEEP;
            double t = (double)into / SAMPLE_RATE;
            pcm[i] = into < BEEP ? (int16_t)lrint(LOUDNESS * sin(phase(t))) : 0;
        }
        if (!listener->on_pcm(listener->context, pcm, sizeof pcm / sizeof *pcm))
            return STATUS_CLOSED;
        for (size_t i = before; i < begun; i++)
            listener->on_word(listener->context, &words[i]);
        *samples = at + sizeof pcm / sizeof *pcm;
    }
    return STATUS_OK;
}

int main(void)
{
    return serve_run(NULL, SAMPLE_RATE, STDIN_FILENO, STDOUT_FILENO) == STATUS_OK ? 0 : 1;
}
