#include "tests/fuzz/fuzz.h"

#include "agent/chat/filter.h"
#include "agent/chat/stop_word.h"

static const char list[] = "[crisis]\nab\n[drugs all]\nb c\n[hate child]\nbc*\n自杀\n";

/* A list of outside bytes is taken or refused; a text is read the same in one piece as word by
 * word. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    struct filter_stream whole, pieces;
    struct filter *filter;
    char problem[160];
    size_t start = 0;

    (void)stop_word_of(text);
    if (filter_create(&filter) != STATUS_OK)
        return 0;
    if (filter_add(filter, text, problem) != STATUS_OK)
        FUZZ_CHECK(problem[0] != '\0');
    FUZZ_CHECK(filter_add(filter, span_text(list), problem) == STATUS_OK);
    FUZZ_CHECK(filter_build(filter) == STATUS_OK);
    if (span_is_utf8(text)) {
        filter_begin(&whole, filter);
        filter_feed(&whole, text);
        filter_begin(&pieces, filter);
        for (size_t i = 0; i < size; i++) {
            if (data[i] == ' ') {
                filter_feed(&pieces, span_of(data + start, i + 1 - start));
                start = i + 1;
            }
        }
        filter_feed(&pieces, span_of(data + start, size - start));
        for (enum filter_audience audience = FILTER_OFF; audience <= FILTER_CHILD; audience++) {
            FUZZ_CHECK(filter_of_question(&whole, audience) ==
                       filter_of_question(&pieces, audience));
            FUZZ_CHECK(filter_of_answer(&whole, audience) == filter_of_answer(&pieces, audience));
        }
    }
    filter_free(filter);
    return 0;
}
