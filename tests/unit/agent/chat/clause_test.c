#include "agent/chat/clause.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Pieces as one text, "|" between them; emoji as "<n>" with their piece's number. */
struct heard {
    char pieces[2048];
    char emoji[64];
};

static void add(char *out, size_t out_size, const char *text, size_t size)
{
    size_t used = strlen(out);

    assert_true(used + size < out_size);
    memcpy(out + used, text, size);
    out[used + size] = 0;
}

static void on_clause(void *context, struct span text)
{
    struct heard *heard = context;

    assert_true(span_is_utf8(text));
    assert_true(text.size <= CLAUSE_MAX_BYTES);
    if (heard->pieces[0])
        add(heard->pieces, sizeof heard->pieces, "|", 1);
    add(heard->pieces, sizeof heard->pieces, (const char *)text.data, text.size);
}

static void on_emoji(void *context, uint32_t clause, uint32_t character)
{
    struct heard *heard = context;
    char text[24];
    int size = snprintf(text, sizeof text, "%u:%x ", (unsigned)clause, (unsigned)character);

    add(heard->emoji, sizeof heard->emoji, text, (size_t)size);
}

#define QUIET  ((struct clause_moment){1000, 0})
#define BUSY   ((struct clause_moment){1000, 5000})
#define MEDIUM ((struct clause_moment){1000, 1000})

static void start(struct clause *clause, struct heard *heard)
{
    const struct clause_listener listener = {heard, on_clause, on_emoji};

    *heard = (struct heard){{0}, {0}};
    clause_init(clause, &listener, false);
}

/* step bytes at a time; 0: all at once */
static void speak(struct heard *heard, const char *text, size_t step, struct clause_moment moment)
{
    struct clause clause;
    size_t size = strlen(text);

    start(&clause, heard);
    for (size_t at = 0; at < size; at += step ? step : size) {
        size_t rest = size - at;
        clause_feed(&clause, span_of(text + at, step && step < rest ? step : rest), moment);
    }
    clause_end(&clause);
}

static void expect_in(const char *text, const char *pieces, struct clause_moment moment)
{
    struct heard heard;

    for (size_t step = 0; step <= 5; step++) {
        speak(&heard, text, step, moment);
        assert_string_equal(heard.pieces, pieces);
    }
}

static void expect(const char *text, const char *pieces)
{
    expect_in(text, pieces, BUSY);
}

static void numbers_abbreviations_and_initials_do_not_end_a_sentence(void **state)
{
    (void)state;
    expect("Dr. Smith paid $3.50, i.e. 25% off, at 3:30 p.m. in the U.S. market. Great!",
           "Dr. Smith paid $3.50,|i.e. 25% off, at 3:30 p.m. in the U.S. market.|Great!");
    expect("Ask J. R. Tolkien about No. 7 then. Done.",
           "Ask J. R. Tolkien about No. 7 then.|Done.");
    expect("No. It is not so.", "No.|It is not so.");
}

static void chinese_sentences_end_without_looking_ahead(void **state)
{
    (void)state;
    expect("我们先打开 App，然后连接WiFi，最后点击OK。",
           "我们先打开 App，|然后连接WiFi，最后点击OK。");
    expect("好的。今天的温度是23.5度，版本2.0已经发布了……你想听什么？",
           "好的。|今天的温度是23.5度，版本2.0已经发布了…|你想听什么？");
}

static void
the_first_piece_comes_at_the_earliest_boundary_and_later_ones_as_the_queue_allows(void **state)
{
    const char *text = "One two three four, five six seven, eight nine ten eleven twelve thirteen, "
                       "and so on.";

    (void)state;
    expect_in(
        text,
        "One two three four,|five six seven, eight nine ten eleven twelve thirteen,|and so on.",
        QUIET);
    expect_in(
        text,
        "One two three four,|five six seven, eight nine ten eleven twelve thirteen, and so on.",
        BUSY);
    expect_in("一二三四，五六七八九十，一二三四五六七八九十一二三四五，好。",
              "一二三四，|五六七八九十，|一二三四五六七八九十一二三四五，|好。", QUIET);
    expect_in("一二三四，五六七八九十，一二三四五六七八九十一二三四五，好。",
              "一二三四，|五六七八九十，一二三四五六七八九十一二三四五，|好。", MEDIUM);
}

static void marks_in_a_row_stay_together_and_closers_go_with_the_sentence_before(void **state)
{
    (void)state;
    expect("What?! Really!!! Yes.", "What?!|Really!!!|Yes.");
    expect("He said \"Go.\" Then \"stop\" he said.", "He said \"Go.|Then \"stop\" he said.");
    expect("他说：“好。”然后走了。", "他说：“好。|然后走了。");
}

static void a_numbered_list_keeps_its_numbers(void **state)
{
    (void)state;
    expect("1. Open the lid\n2. Press the button\n", "1. Open the lid|2. Press the button");
}

static void a_text_without_boundaries_is_cut_between_words(void **state)
{
    char text[4000] = "";
    struct heard heard;

    (void)state;
    for (int i = 0; i < 60; i++)
        add(text, sizeof text, "banana ", 7);
    speak(&heard, text, 1, BUSY);
    char *bar = strchr(heard.pieces, '|');
    assert_non_null(bar);
    assert_int_equal((bar - heard.pieces + 1) % 7, 0);
    assert_in_range(bar - heard.pieces, 100, 120);

    text[0] = 0;
    for (int i = 0; i < 50; i++)
        add(text, sizeof text, "好", 3);
    speak(&heard, text, 1, BUSY);
    assert_non_null(strstr(heard.pieces, "|好好"));
    assert_int_equal(strchr(heard.pieces, '|') - heard.pieces, 48 * 3);
}

static void a_word_longer_than_a_piece_is_cut(void **state)
{
    char text[1201];
    struct heard heard;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    speak(&heard, text, 1, BUSY);
    assert_non_null(strchr(heard.pieces, '|'));
    assert_int_equal(strlen(heard.pieces), 1201);
}

static void markdown_is_not_spoken(void **state)
{
    (void)state;
    expect("# Title\n\n**Bold** and *thin* and ~~gone~~ and `code_word` here.\n- first\n+ second\n"
           "> quoted\n",
           "Title|Bold and thin and gone and code word here.|first|second|quoted");
    expect("-5 degrees today.", "-5 degrees today.");
    expect("2*3 is six.", "2 3 is six.");
    expect("| a1 | b2 |\n|----|----|\n| c3 | d4 |\n", "a1 b2|c3 d4");
}

static void a_code_block_is_named_once(void **state)
{
    (void)state;
    expect("Try this:\n```c\nint main(void) { return 0; }\n```\nThen this:\n```\nls\n```\nDone.",
           "Try this:|Code on screen.|Then this:|Done.");
    expect("看这个：\n```\nls\n```\n好。", "看这个：|代码见屏幕|好。");
}

static void links_keep_their_text_and_addresses_are_named(void **state)
{
    (void)state;
    expect("See [the manual](https://example.org/a(b)c) now.", "See the manual now.");
    expect("It is at https://example.org/a.b?c=d, or at WWW.example.org.",
           "It is at link,|or at link.");
    expect("请看https://example.org/路，好。", "请看链接路，|好。");
    expect("www is no address, nor is http here.", "www is no address,|nor is http here.");
    expect("How We Won", "How We Won");
    expect("Awww. So cute.", "Awww.|So cute.");
}

static void thoughts_and_tags_are_dropped(void **state)
{
    (void)state;
    expect("<think>He asks. 3 < 5 </thin </think>\n\nHello there.", "Hello there.");
    expect("One<br/>two <b>three</b> is 3 < 5 and x<y.", "Onetwo three is 3 < 5 and x<y.");
    expect("Hi. <tool_call>{\"name\":\"x\"}</tool_call>Bye.", "Hi.|Bye.");
}

static void emoji_are_told_apart_and_never_spoken(void **state)
{
    struct heard heard;

    (void)state;
    for (size_t step = 0; step < 5; step++) {
        speak(&heard, "很高兴见到你😀！今天好👩‍💻👍🏽吗？1️⃣", step,
              BUSY);
        assert_string_equal(heard.pieces, "很高兴见到你！|今天好 吗？|1");
        assert_string_equal(heard.emoji, "0:1f600 1:1f469 1:1f44d ");
    }
}

static void bytes_that_are_no_text_are_skipped(void **state)
{
    (void)state;
    expect("a\xff good\xe4\xbd day\xc0\xaf.", "a good day.");
}

static void a_full_stop_does_not_wait_long_for_its_next_character(void **state)
{
    struct clause clause;
    struct heard heard;

    (void)state;
    start(&clause, &heard);
    clause_feed(&clause, span_text("It is done."), (struct clause_moment){1000, 0});
    clause_tick(&clause, (struct clause_moment){1150, 0});
    assert_string_equal(heard.pieces, "");
    clause_tick(&clause, (struct clause_moment){1151, 0});
    assert_string_equal(heard.pieces, "It is done.");

    start(&clause, &heard);
    clause_feed(&clause, span_text("It costs 3."), (struct clause_moment){1000, 0});
    clause_tick(&clause, (struct clause_moment){1300, 0});
    clause_feed(&clause, span_text("50 now, Dr."), (struct clause_moment){1300, 0});
    clause_tick(&clause, (struct clause_moment){1600, 0});
    clause_feed(&clause, span_text(" Who."), (struct clause_moment){1600, 0});
    clause_end(&clause);
    assert_string_equal(heard.pieces, "It costs 3.50 now,|Dr. Who.");
}

static void a_silent_stream_lets_whole_words_go_when_nothing_is_left_to_hear(void **state)
{
    struct clause clause;
    struct heard heard;

    (void)state;
    start(&clause, &heard);
    clause_feed(&clause, span_text("We are looking into it "), (struct clause_moment){1000, 0});
    clause_tick(&clause, (struct clause_moment){1401, 300});
    assert_string_equal(heard.pieces, "");
    clause_tick(&clause, (struct clause_moment){1401, 100});
    assert_string_equal(heard.pieces, "We are looking into it");

    start(&clause, &heard);
    clause_feed(&clause, span_text("We are looking into i"), (struct clause_moment){1000, 0});
    clause_tick(&clause, (struct clause_moment){9000, 0});
    assert_string_equal(heard.pieces, "");
}

/* Examples of what vendors really stream; each is fed in pieces of every size up to five bytes. */
static void sentences_of_every_kind_are_cut_where_a_voice_would_breathe(void **state)
{
    static const char *const lines[][2] = {
        {"Prof. Lee and Mrs. Wu met vs. Inc. rivals.",
         "Prof. Lee and Mrs. Wu met vs. Inc. rivals."},
        {"Version 2.0.1 is out. See fig. 3 and no. 7.",
         "Version 2.0.1 is out.|See fig. 3 and no. 7."},
        {"At 3:30, or 15:45, or at 12:00:30 exactly.",
         "At 3:30,|or 15:45, or at 12:00:30 exactly."},
        {"It costs $1,234.56, which is 5.5% more.", "It costs $1,234.56,|which is 5.5% more."},
        {"Really?! No way!! Yes...", "Really?!|No way!!|Yes..."},
        {"It was in 1980. Then came more.", "It was in 1980.|Then came more."},
        {"He has 3. She has 4.", "He has 3.|She has 4."},
        {"A. First. B. Second.", "A. First.|B. Second."},
        {"U.S. and U.K. agreed. Good.", "U.S. and U.K. agreed.|Good."},
        {"See e.g. this, i.e. that, etc. and more.", "See e.g. this, i.e. that,|etc. and more."},
        {"(It is in brackets.) And this is not.", "(It is in brackets.|And this is not."},
        {"She said: \"Stop!\" Then she left.", "She said: \"Stop!|Then she left."},
        {"One\nTwo\n\nThree", "One|Two|Three"},
        {"1) Boil water. 2) Add tea.", "1) Boil water.|2) Add tea."},
        {"He can't, won't and didn't. OK?", "He can't, won't and didn't.|OK?"},
        {"I don’t. You do.", "I don’t.|You do."},
        {"file.txt and a.out are files.", "file.txt and a.out are files."},
        {"Mail me at a.b@c.org. Thanks.", "Mail me at a.b@c.org.|Thanks."},
        {"He paid (about $3.50) to Dr. No. Fine.", "He paid (about $3.50) to Dr. No. Fine."},
        {"好。", "好。"},
        {"你好！我是小鸟，你呢？", "你好！|我是小鸟，你呢？"},
        {"价格是3.5元。太贵了！", "价格是3.5元。|太贵了！"},
        {"“好的。”他说。", "“好的。|他说。"},
        {"先打开App；再点OK。", "先打开App；|再点OK。"},
        {"（括号里的话。）外面的话。", "（括号里的话。|外面的话。"},
        {"**标题**\n- 第一项\n- 第二项\n", "标题|第一项|第二项"},
        {"今天是2026-11-22，晴。", "今天是2026-11-22，|晴。"},
        {"这是iPhone 15 Pro。It is new. 好吗？", "这是iPhone 15 Pro。|It is new.|好吗？"},
        {"嗯……让我想想。", "嗯…|让我想想。"},
        {"现在是3:30，气温23.5度。", "现在是3:30，|气温23.5度。"},
        {"《红楼梦》很好看！你看过吗？？", "《红楼梦》很好看！|你看过吗？"},
        {"第一、水；第二、茶。", "第一、水；|第二、茶。"},
        {"他说了“不。”而我说：“好！”", "他说了“不。|而我说：“好！"},
        {"| 名 | 价 |\n|---|---|\n| 茶 | 3元 |\n", "名 价|茶 3元"},
        {"看[这里](https://a.example/x)，再试试。", "看这里，再试试。"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect(lines[i][0], lines[i][1]);
}

static void a_number_at_the_end_of_a_silent_stream_is_let_go_at_last(void **state)
{
    struct clause clause;
    struct heard heard;

    (void)state;
    start(&clause, &heard);
    clause_feed(&clause, span_text("That was in 1980."), (struct clause_moment){1000, 0});
    clause_tick(&clause, (struct clause_moment){2400, 0});
    assert_string_equal(heard.pieces, "");
    clause_tick(&clause, (struct clause_moment){2501, 0});
    assert_string_equal(heard.pieces, "That was in 1980.");
}

static void signs_alone_are_not_a_piece(void **state)
{
    (void)state;
    expect("... !! 。。 -- \n\n", "");
    expect("Hmm. Shh!", "Hmm.|Shh!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_abbreviations_and_initials_do_not_end_a_sentence),
        cmocka_unit_test(chinese_sentences_end_without_looking_ahead),
        cmocka_unit_test(
            the_first_piece_comes_at_the_earliest_boundary_and_later_ones_as_the_queue_allows),
        cmocka_unit_test(marks_in_a_row_stay_together_and_closers_go_with_the_sentence_before),
        cmocka_unit_test(a_numbered_list_keeps_its_numbers),
        cmocka_unit_test(a_text_without_boundaries_is_cut_between_words),
        cmocka_unit_test(a_word_longer_than_a_piece_is_cut),
        cmocka_unit_test(markdown_is_not_spoken),
        cmocka_unit_test(a_code_block_is_named_once),
        cmocka_unit_test(links_keep_their_text_and_addresses_are_named),
        cmocka_unit_test(thoughts_and_tags_are_dropped),
        cmocka_unit_test(emoji_are_told_apart_and_never_spoken),
        cmocka_unit_test(bytes_that_are_no_text_are_skipped),
        cmocka_unit_test(a_full_stop_does_not_wait_long_for_its_next_character),
        cmocka_unit_test(a_silent_stream_lets_whole_words_go_when_nothing_is_left_to_hear),
        cmocka_unit_test(sentences_of_every_kind_are_cut_where_a_voice_would_breathe),
        cmocka_unit_test(a_number_at_the_end_of_a_silent_stream_is_let_go_at_last),
        cmocka_unit_test(signs_alone_are_not_a_piece),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
