#include "agent/chat/excuse.h"

struct wording {
    const char *english;
    const char *chinese;
    const char *reason;
};

static const struct wording wordings[] = {
    [EXCUSE_NONE] = {"", "", "answered"},
    [EXCUSE_LIMIT] = {"I have used up what I may say for now. Please ask me again later.",
                      "我现在的用量已经用完了。请稍后再问我。",
                      "the allowance of every route is used up (hint: raise a cap or add a route)"},
    [EXCUSE_OFFLINE] = {"I cannot reach anyone who knows. Please try again in a moment.",
                        "我现在连不上网络。请稍后再试。",
                        "no vendor can be reached (hint: check the network and the routes)"},
    [EXCUSE_BUSY] = {"Everyone I could ask is busy. Please try again in a moment.",
                     "我这会儿太忙了。请稍后再试。",
                     "every vendor refused (hint: the device's last attempts tell why)"},
    [EXCUSE_CONTENT] = {"I would rather not talk about that.", "这个话题我不方便聊。",
                        "the vendor refused the content"},
    [EXCUSE_CUT] = {"Sorry, I lost the thread.", "抱歉，我说到一半断线了。",
                    "the answer broke off"},
    [EXCUSE_EMPTY] = {"I have nothing to say to that.", "这个我不知道该怎么说。",
                      "the vendor's answer was empty"},
    [EXCUSE_REST] = {"I need a little rest. Please ask me again in a moment.",
                     "我需要歇一小会儿。请过一会儿再问我。",
                     "questions come faster than the setting turns_per_minute allows"},
    [EXCUSE_BLOCKED] = {"I have used up what I may say for now. Please ask me again later.",
                        "我现在的用量已经用完了。请稍后再问我。",
                        "the setting limit_mode keeps this robot from asking a vendor"},
};
_Static_assert(sizeof wordings / sizeof *wordings == EXCUSE_BLOCKED + 1, "a wording for each");

const char *excuse_text(enum excuse excuse, bool chinese)
{
    return chinese ? wordings[excuse].chinese : wordings[excuse].english;
}

const char *excuse_reason(enum excuse excuse)
{
    return wordings[excuse].reason;
}
