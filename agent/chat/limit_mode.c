#include "agent/chat/limit_mode.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct language {
    const char *label;
    const char *words;
};

static const struct {
    const char *name;
    struct language english, chinese;
} modes[] = {
    [LIMIT_MODE_NONE] = {"none", {"", ""}, {"", ""}},
    [LIMIT_MODE_THROTTLED] = {"throttled",
                              {"taking it slowly",
                               "I am to take it slowly for a while, so my answers may be shorter "
                               "or come a little later."},
                              {"慢慢说", "我这段时间要慢慢说，回答可能会短一点、晚一点。"}},
    [LIMIT_MODE_FALLBACK] = {"fallback",
                             {"second line",
                              "I am using my second line for a while. My answers may sound a "
                              "little different."},
                             {"备用线路", "我这段时间用的是备用线路，回答可能会有一点不一样。"}},
    [LIMIT_MODE_CANNED] = {"canned",
                           {"resting a little",
                            "I have to rest for a while, and can say only a little until then."},
                           {"小憩中", "我需要休息一段时间，这段时间只能简单说几句。"}},
    [LIMIT_MODE_BLOCKED] = {"blocked",
                            {"resting",
                             "I have used up what I may say for now. I will talk with you again as "
                             "soon as I may."},
                            {"休息中", "我现在的用量已经用完了。等可以的时候，我再陪你聊天。"}},
};

static_assert(sizeof modes / sizeof modes[0] == LIMIT_MODE_BLOCKED + 1, "a row for each");

enum limit_mode limit_mode_from_name(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, name) == 0)
            return (enum limit_mode)i;
    return LIMIT_MODE_NONE;
}

const char *limit_mode_label(enum limit_mode mode, bool chinese)
{
    return chinese ? modes[mode].chinese.label : modes[mode].english.label;
}

const char *limit_mode_words(enum limit_mode mode, bool chinese)
{
    return chinese ? modes[mode].chinese.words : modes[mode].english.words;
}

bool limit_mode_allows_asking(enum limit_mode mode)
{
    return mode != LIMIT_MODE_CANNED && mode != LIMIT_MODE_BLOCKED;
}
