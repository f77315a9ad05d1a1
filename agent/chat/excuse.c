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
    [EXCUSE_FILTER] = {"I would rather not talk about that. Shall we talk about something else?",
                       "这个话题我们不聊吧。换个话题好吗？",
                       "the robot's own filter held it back (hint: see the setting audience)"},
    [EXCUSE_QUIET] = {"It is quiet time now. Let us talk again later.",
                      "现在是安静时间。我们晚点再聊吧。",
                      "the setting quiet_hours keeps this robot quiet now"},
    [EXCUSE_ENOUGH] = {"We have talked enough for today. Let us talk again tomorrow.",
                       "今天我们聊得够多了。明天再聊吧。", "today's daily_minutes are used up"},
};
_Static_assert(sizeof wordings / sizeof *wordings == EXCUSE_ENOUGH + 1, "a wording for each");

const char *excuse_text(enum excuse excuse, bool chinese)
{
    return chinese ? wordings[excuse].chinese : wordings[excuse].english;
}

const char *excuse_crisis_text(bool chinese)
{
    return chinese
               ? "谢谢你告诉我，听起来你现在很难受。你不是一个人。请现在就告诉一位你信任的人，"
                 "比如家人、老师或朋友，让他陪着你。如果你有危险，请马上拨打当地的急救电话。"
               : "Thank you for telling me. That sounds very hard, and you are not alone. Please "
                 "tell somebody you trust right now, a parent, a teacher, a friend, and let "
                 "them stay with you. If you are in danger, call your local emergency number "
                 "at once.";
}

const char *excuse_reason(enum excuse excuse)
{
    return wordings[excuse].reason;
}

enum status excuse_status(enum excuse excuse)
{
    switch (excuse) {
    case EXCUSE_NONE:
        return STATUS_OK;
    case EXCUSE_LIMIT:
    case EXCUSE_REST:
    case EXCUSE_BLOCKED:
    case EXCUSE_FILTER:
    case EXCUSE_QUIET:
    case EXCUSE_ENOUGH:
        return STATUS_DENIED;
    default:
        return STATUS_UNREACHABLE;
    }
}
