#include "agent/voice/espeak/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <espeak-ng/speak_lib.h>

/* What the source reads by rule and people say otherwise: neutral tones, 倒 for pouring and
 * backwards, and the rhotic ending, which this voice has not. */
static const char *const otherwise[] = {
    "了不起", "地方", "慢慢地", "悄悄地", "朝阳", "倒水", "倒是",   "倒退", "倒影", "几个",
    "商量",   "色子", "数数",   "一宿",   "呕吐", "舍弃", "舍不得", "匙子", "肚子", "凉一凉",
    "佣金",   "熨斗", "粘贴",   "哪儿",   "这儿", "那儿", "一会儿", "玩儿", NULL};

static bool is_otherwise(const char *word)
{
    for (size_t i = 0; otherwise[i]; i++) {
        if (strcmp(otherwise[i], word) == 0)
            return true;
    }
    return false;
}

static void phonemes_of(const char *text, char *out, size_t size)
{
    const void *at = text;
    size_t used = 0;

    out[0] = '\0';
    while (at && used + 1 < size)
        used += (size_t)snprintf(out + used, size - used, "%s ",
                                 espeak_TextToPhonemes(&at, espeakCHARS_UTF8, 0));
}

/* Each word of polyphones.tsv sounds as the dictionary's reading of it. */
static void words_with_several_readings_sound_as_the_dictionary_reads_them(void **state)
{
    static struct script script;
    char line[256], said[512], wanted[512];
    size_t words = 0, wrong = 0;
    FILE *file = fopen(MYNA_VECTORS "/polyphones.tsv", "r");

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *tab = strchr(line, '\t');

        if (line[0] == '#' || !tab)
            continue;
        *tab = '\0';
        tab[1 + strcspn(tab + 1, "\n")] = '\0';
        script_write(&script, span_text(line), VOICE_LANGUAGE_ZH);
        assert_int_equal(script.run_count, 1);
        phonemes_of(script.text, said, sizeof said);
        phonemes_of(tab + 1, wanted, sizeof wanted);
        words++;
        if (is_otherwise(line) || strcmp(said, wanted) == 0)
            continue;
        print_message("%s: \"%s\" instead of \"%s\"\n", line, script.text, tab + 1);
        wrong++;
    }
    fclose(file);
    assert_true(words > 900);
    assert_int_equal(wrong, 0);
}

static int open_voice(void **state)
{
    (void)state;
    if (espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT) <= 0)
        return -1;
    return espeak_SetVoiceByName("cmn-latn-pinyin") == EE_OK ? 0 : -1;
}

static int close_voice(void **state)
{
    (void)state;
    return espeak_Terminate() == EE_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_with_several_readings_sound_as_the_dictionary_reads_them),
    };

    return cmocka_run_group_tests(tests, open_voice, close_voice);
}
