#include "tests/fuzz/fuzz.h"

#include "agent/ear/vad.h"
#include "agent/ear/wav.h"

/* A WAV file: what is taken holds at most what its bytes can say at the lowest rate. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wav_sound sound = {0};
    int64_t sum = 0;

    if (wav_read(&sound, span_of(data, size)) == STATUS_OK) {
        FUZZ_CHECK(sound.count <= size / 2 * VAD_HZ / 8000 + 2);
        for (size_t i = 0; i < sound.count; i++)
            sum += sound.pcm[i];
        FUZZ_CHECK(sum >= -32768 * (int64_t)sound.count && sum <= 32767 * (int64_t)sound.count);
    } else {
        FUZZ_CHECK(sound.pcm == NULL && sound.count == 0);
    }
    wav_release(&sound);
    return 0;
}
