#include "tests/fuzz/fuzz.h"

#include "agent/voice/espeak/script.h"
#include "agent/voice/voice_wire.h"

/* Frames from a voice program, whatever it sends. */
static void read_frames(struct span bytes)
{
    struct voice_wire frame;
    size_t used;

    while (voice_wire_decode(bytes, &frame, &used) == STATUS_OK) {
        FUZZ_CHECK(used >= VOICE_WIRE_HEADER_BYTES && used <= bytes.size);
        FUZZ_CHECK(frame.bytes.size <= VOICE_WIRE_MAX_PAYLOAD);
        FUZZ_CHECK(strnlen(frame.phoneme, sizeof frame.phoneme) < sizeof frame.phoneme);
        bytes = span_of(bytes.data + used, bytes.size - used);
    }
}

/* What is written for espeak-ng is UTF-8, ends, and leads back into the clause. */
static void write_script(struct span bytes)
{
    static struct script script;

    script_write(&script, bytes, VOICE_LANGUAGE_AUTO);
    for (size_t i = 0; i < script.run_count; i++) {
        const struct script_run *run = &script.runs[i];

        FUZZ_CHECK(span_is_utf8(span_text(script.text + run->text)));
        for (size_t at = 0; at < run->chars; at++) {
            uint32_t offset, length;

            script_source(&script, run, at, 1, &offset, &length);
            FUZZ_CHECK((size_t)offset + length <= bytes.size);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_frames(span_of(data, size));
    write_script(span_of(data, size < 4096 ? size : 4096));
    return 0;
}
