#include "agent/chat/stop_word.h"

#include <string.h>

#include "agent/chat/fold.h"

#define MAX_BYTES 96 /* a longer utterance is no such wish */

/* Folded: small letters, one space between words, no signs. */
static const char *const stops[] = {
    "stop",     "stop it",  "stop that",      "stop now",      "stop talking", "stop speaking",
    "quiet",    "be quiet", "be silent",      "silence",       "shut up",      "hush",
    "shush",    "enough",   "that is enough", "that s enough", "停",           "停下",
    "停下来",   "停止",     "停一下",         "快停",          "别说了",       "别说话",
    "别说话了", "不要说了", "不要说话",       "别讲了",        "不要讲了",     "闭嘴",
    "住口",     "安静",     "安静点",         "安静一点",      "够了",
};

static const char *const forgets[] = {
    "forget it all",
    "forget everything",
    "forget our conversation",
    "forget this conversation",
    "forget what we talked about",
    "forget what we said",
    "forget what i said",
    "forget what i told you",
    "忘掉我们的对话",
    "忘了我们的对话",
    "忘掉我们聊过的",
    "忘掉我说的话",
    "忘了我说的话",
    "忘掉刚才的话",
    "忘掉一切",
    "全部忘掉",
    "都忘了吧",
    "把我们聊的都忘了",
    "清除对话",
    "清空对话",
};

/* Said around a wish without changing it; each is taken off once. */
static const char *const fronts[] = {"please ", "ok ",   "okay ", "now ",
                                     "hey ",    "just ", "请",    "好"};
static const char *const backs[] = {" please", " now", " ok", "吧", "啊", "了", "好吗", "好不好"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void append(char out[MAX_BYTES], size_t *size, struct span bytes)
{
    if (*size + bytes.size < MAX_BYTES)
        memcpy(out + *size, bytes.data, bytes.size);
    *size += bytes.size;
}

/* Returns the size; MAX_BYTES or more: too long. */
static size_t fold_text(struct span text, char out[MAX_BYTES])
{
    bool gap = false, in_word = false;
    size_t size = 0;

    for (uint32_t character; text.size > 0 && size < MAX_BYTES;) {
        const struct span rest = text;

        if (!fold_next(&text, &character))
            return MAX_BYTES;
        const struct fold fold = fold_of(character);
        const bool is_word = fold.kind == FOLD_LETTER || fold.kind == FOLD_STAND_IN;
        const char letter = (char)fold.character;

        if (is_word && gap && in_word)
            append(out, &size, span_text(" "));
        if (is_word && fold.character < 128)
            append(out, &size, span_of(&letter, 1));
        else if (is_word || fold.kind == FOLD_WIDE)
            append(out, &size, span_of(rest.data, rest.size - text.size));
        if (fold.kind == FOLD_GAP || fold.kind == FOLD_STOP)
            gap = true;
        else if (fold.kind != FOLD_NOTHING)
            gap = false, in_word = is_word;
    }
    return size;
}

static struct span strip_front(struct span text)
{
    for (size_t i = 0; i < COUNT(fronts); i++) {
        const size_t size = strlen(fronts[i]);

        if (span_starts_with(text, fronts[i]) && text.size > size)
            return span_of(text.data + size, text.size - size);
    }
    return text;
}

static struct span strip_back(struct span text)
{
    for (size_t i = 0; i < COUNT(backs); i++) {
        const size_t size = strlen(backs[i]);

        if (text.size > size && memcmp(text.data + text.size - size, backs[i], size) == 0)
            return span_of(text.data, text.size - size);
    }
    return text;
}

static bool is_among(struct span text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal_text(text, list[i]))
            return true;
    return false;
}

static enum stop_word look_up(struct span text)
{
    if (is_among(text, stops, COUNT(stops)))
        return STOP_WORD_STOP;
    return is_among(text, forgets, COUNT(forgets)) ? STOP_WORD_FORGET : STOP_WORD_NONE;
}

enum stop_word stop_word_of(struct span utterance)
{
    char folded[MAX_BYTES];
    const size_t size = fold_text(utterance, folded);

    if (size == 0 || size >= MAX_BYTES)
        return STOP_WORD_NONE;
    const struct span text = span_of(folded, size);
    const struct span bare = strip_front(text);
    const struct span variants[] = {text, bare, strip_back(text), strip_back(bare)};

    for (size_t i = 0; i < COUNT(variants); i++) {
        const enum stop_word word = look_up(variants[i]);

        if (word != STOP_WORD_NONE)
            return word;
    }
    return STOP_WORD_NONE;
}
