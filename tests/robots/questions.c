#include "tests/robots/questions.h"

struct language {
    const char *const *forms; /* each takes one topic */
    const char *const *topics;
    size_t form_count, topic_count;
};

static const char *const english_forms[] = {
    "What should I know about %s?",
    "Tell me something nice about %s.",
    "Why do people like %s so much?",
    "Can you explain %s to a child?",
    "I have been thinking about %s today. What do you think?",
    "Is %s a good idea for the weekend?",
    "How did you learn about %s?",
    "Give me one surprising fact about %s, please.",
};
static const char *const english_topics[] = {
    "the sea",         "old clocks",      "baking bread", "learning to swim",
    "the moon",        "growing tea",     "chess",        "trains",
    "birds in winter", "writing letters", "paper boats",  "the northern lights",
    "sleeping well",   "making friends",  "silence",
};

static const char *const chinese_forms[] = {
    "%s有什么好处？",         "请给我讲一个关于%s的故事。", "你觉得%s怎么样？",
    "小朋友应该怎样了解%s？", "今天我想聊聊%s，好吗？",     "为什么大家都喜欢%s？",
    "%s的秘密是什么？",
};
static const char *const chinese_topics[] = {"大海",     "月亮",   "喝茶",   "下棋",
                                             "早睡早起", "学游泳", "写信",   "火车",
                                             "冬天的鸟", "做饭",   "交朋友", "读书"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

void questions_draw(struct dice *dice, char out[QUESTIONS_SIZE])
{
    static const struct language languages[] = {
        {english_forms, english_topics, COUNT(english_forms), COUNT(english_topics)},
        {chinese_forms, chinese_topics, COUNT(chinese_forms), COUNT(chinese_topics)},
    };
    const struct language *language = &languages[dice_below(dice, 5) < 2];
    const char *form = language->forms[dice_below(dice, language->form_count)];
    const char *topic = language->topics[dice_below(dice, language->topic_count)];
    const char *gap = strstr(form, "%s");

    snprintf(out, QUESTIONS_SIZE, "%.*s%s%s", (int)(gap - form), form, topic, gap + 2);
}
