#include "agent/ear/wav.h"

#include <stdlib.h>

#include "agent/ear/vad.h"
#include "agent/speech/resample.h"
#include "schema/base/crypto.h"
#include "schema/base/file.h"

/* "RIFF" size "WAVE", then chunks of a name, a size and so many bytes, padded to even:
 *
 *    "fmt "   0 format (1 PCM, 0xfffe extensible)   2 channels   4 rate   14 bits
 *    "data"   the samples
 *
 * All numbers are little-endian. A size beyond the end of the file is what recorders and pipes
 * leave that never learned it: the data goes on to the end. */
#define RIFF_BYTES  12
#define CHUNK_BYTES 8
#define FORMAT_PCM  1
#define FORMAT_MORE 0xfffe

struct format {
    unsigned kind, channels, rate, bits;
};

static unsigned number16(const uint8_t *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static uint32_t number32(const uint8_t *at)
{
    return number16(at) | (uint32_t)number16(at + 2) << 16;
}

static bool read_format(struct span chunk, struct format *out)
{
    if (chunk.size < 16)
        return false;
    *out = (struct format){.kind = number16(chunk.data),
                           .channels = number16(chunk.data + 2),
                           .rate = number32(chunk.data + 4),
                           .bits = number16(chunk.data + 14)};
    return (out->kind == FORMAT_PCM || out->kind == FORMAT_MORE) && out->bits == 16 &&
           out->channels >= 1 && out->channels <= 8 && out->rate >= RESAMPLE_MIN_HZ &&
           out->rate <= RESAMPLE_MAX_HZ;
}

/* The format and the samples of the file. */
static enum status find_chunks(struct span bytes, struct format *format, struct span *data)
{
    bool has_format = false;

    if (bytes.size < RIFF_BYTES || memcmp(bytes.data, "RIFF", 4) != 0 ||
        memcmp(bytes.data + 8, "WAVE", 4) != 0)
        return STATUS_INVALID;
    for (size_t at = RIFF_BYTES; bytes.size - at >= CHUNK_BYTES;) {
        const uint8_t *chunk = bytes.data + at;
        const size_t left = bytes.size - at - CHUNK_BYTES;
        const size_t told = number32(chunk + 4);
        const struct span body = span_of(chunk + CHUNK_BYTES, told < left ? told : left);

        if (memcmp(chunk, "fmt ", 4) == 0)
            has_format = read_format(body, format);
        if (memcmp(chunk, "data", 4) == 0) {
            *data = body;
            return has_format ? STATUS_OK : STATUS_INVALID;
        }
        if (body.size + (body.size & 1) > left)
            break;
        at += CHUNK_BYTES + body.size + (body.size & 1);
    }
    return STATUS_INVALID;
}

struct filling {
    struct wav_sound *sound;
    size_t room;
};

static void take(void *context, const int16_t *pcm, size_t count)
{
    struct filling *filling = context;
    const size_t room = filling->room - filling->sound->count;
    const size_t taken = count < room ? count : room;

    memcpy(filling->sound->pcm + filling->sound->count, pcm, taken * sizeof *pcm);
    filling->sound->count += taken;
}

static void convert(const struct format *format, struct span data, struct resample *resample,
                    struct filling *filling)
{
    const size_t frame = 2 * (size_t)format->channels;
    int16_t piece[512];
    size_t count = 0;

    for (size_t at = 0; at + frame <= data.size; at += frame) {
        piece[count++] = (int16_t)number16(data.data + at);
        if (count == sizeof piece / sizeof piece[0]) {
            resample_feed(resample, piece, count, take, filling);
            count = 0;
        }
    }
    resample_feed(resample, piece, count, take, filling);
    resample_end(resample, take, filling);
}

enum status wav_read(struct wav_sound *out, struct span bytes)
{
    struct format format = {0};
    struct span data = {0};
    struct resample resample;
    struct wav_sound sound = {0};
    enum status status = find_chunks(bytes, &format, &data);

    if (status == STATUS_OK)
        status = resample_init(&resample, format.rate, VAD_HZ);
    if (status != STATUS_OK)
        return status;
    const uint64_t frames = data.size / (2 * (size_t)format.channels);
    struct filling filling = {&sound, (size_t)(frames * VAD_HZ / format.rate) + 2};
    sound.pcm = malloc(filling.room * sizeof *sound.pcm);
    if (sound.pcm)
        convert(&format, data, &resample, &filling);
    resample_release(&resample);
    if (!sound.pcm)
        return STATUS_MEMORY;
    *out = sound;
    return STATUS_OK;
}

enum status wav_load(struct wav_sound *out, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size;
    enum status status = file_read(path, WAV_MAX_BYTES, &bytes, &size);

    if (status == STATUS_OK) {
        status = wav_read(out, span_of(bytes, size));
        crypto_wipe(bytes, size);
    }
    free(bytes);
    return status;
}

void wav_release(struct wav_sound *sound)
{
    if (sound->pcm)
        crypto_wipe(sound->pcm, sound->count * sizeof *sound->pcm);
    free(sound->pcm);
    *sound = (struct wav_sound){0};
}

void wav_write_header(uint8_t out[WAV_HEADER_BYTES])
{
    static const uint8_t header[WAV_HEADER_BYTES] = {'R',
                                                     'I',
                                                     'F',
                                                     'F',
                                                     0xff,
                                                     0xff,
                                                     0xff,
                                                     0xff,
                                                     'W',
                                                     'A',
                                                     'V',
                                                     'E',
                                                     'f',
                                                     'm',
                                                     't',
                                                     ' ',
                                                     16,
                                                     0,
                                                     0,
                                                     0,
                                                     1,
                                                     0,
                                                     1,
                                                     0,
                                                     VAD_HZ & 0xff,
                                                     VAD_HZ >> 8,
                                                     0,
                                                     0,
                                                     2 * VAD_HZ & 0xff,
                                                     2 * VAD_HZ >> 8,
                                                     0,
                                                     0,
                                                     2,
                                                     0,
                                                     16,
                                                     0,
                                                     'd',
                                                     'a',
                                                     't',
                                                     'a',
                                                     0xff,
                                                     0xff,
                                                     0xff,
                                                     0xff};

    memcpy(out, header, sizeof header);
}
