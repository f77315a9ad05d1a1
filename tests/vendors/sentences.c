#include "tests/vendors/sentences.h"

#include <dirent.h>
#include <limits.h>

#include "schema/base/arena.h"
#include "schema/base/file.h"
#include "tests/support/dice.h"
#include "tests/vendors/utf8.h"

#define MAX_FILE_BYTES  (8u << 20)
#define MAX_TOTAL_BYTES (32u << 20)
#define MIN_ENGLISH     20
#define MAX_ENGLISH     150
#define MIN_HAN         6
#define MAX_HAN         48
#define MAX_LINES       4

struct shelf {
    struct span *items;
    size_t count, capacity;
};

struct sentences {
    struct arena *arena;
    struct shelf shelves[2];
};

/* Drawings, phrase books, and files with jokes that a robot in a living room should not tell. */
static const char *const skipped_files[] = {
    "art",      "ascii-art", "cookie", "definitions", "drugs",    "ethnic",
    "knghtbrd", "men-women", "off",    "politics",    "riddles",  "songs-poems",
    "perl",     "zippy",     "love",   "fortunes",    "limerick", "translate-me"};

/* Matched at the start of a word, in lower case. */
static const char *const rude_words[] = {
    "ass ",      "bastard", "bitch",  "breast", "bomb",  "booze",  "corpse", "damn",   "dead",
    "death",     "devil",   "die",    "dope",   "drug",  "drunk",  "fat ",   "fool",   "fuck",
    "girl",      "god ",    "gun",    "hang",   "hate",  "hell ",  "hitler", "idiot",  "jew",
    "kill",      "lesbian", "marri",  "murder", "naked", "negro",  "nigg",   "nude",   "orgasm",
    "piss",      "prostit", "rape",   "sex",    "shit",  "shot",   "slave",  "stupid", "suicid",
    "virgin",    "whor",    "wife",   "wives",  "woman", "women",  "nazi",   "lover",  "screw",
    "marijuana", "pants",   "kidnap", "crime",  "coke",  "lawyer", "jesus",  "christ", "satan",
    "bed ",      "kiss",    "vomit"};

static const char *const rude_han[] = {"死", "杀", "妓", "娼", "奸", "尸", "屎", "尿",  "嫖",
                                       "淫", "毒", "屠", "裸", "妾", "奴", "鬼", "虏",  "赌",
                                       "嫁", "婊", "屁", "妇", "娘", "狗", "贼", "强盗"};

static bool listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool contains(struct span text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static bool is_letter(uint8_t byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* word ends with a space when only the whole word counts; then any non-letter ends it too. */
static bool has_word_at(struct span text, size_t at, const char *word)
{
    size_t i = 0;

    for (; word[i] != '\0' && word[i] != ' '; i++)
        if (at + i >= text.size || (text.data[at + i] | 0x20) != word[i])
            return false;
    return word[i] == '\0' || at + i >= text.size || !is_letter(text.data[at + i]);
}

static bool is_rude_english(struct span text)
{
    for (size_t at = 0; at < text.size; at++) {
        if (at > 0 && is_letter(text.data[at - 1]))
            continue;
        for (size_t i = 0; i < sizeof rude_words / sizeof *rude_words; i++)
            if (has_word_at(text, at, rude_words[i]))
                return true;
    }
    return false;
}

static bool is_rude_chinese(struct span text)
{
    for (size_t i = 0; i < sizeof rude_han / sizeof *rude_han; i++)
        if (contains(text, rude_han[i]))
            return true;
    return false;
}

static bool is_speakable_ascii(uint8_t byte)
{
    static const char signs[] = " ,.;:!?'-";

    return is_letter(byte) || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr(signs, byte) != NULL);
}

static bool is_good_english(struct span text)
{
    if (text.size < MIN_ENGLISH || text.size > MAX_ENGLISH)
        return false;
    if (text.data[0] < 'A' || text.data[0] > 'Z' || strchr(".!?", text.data[text.size - 1]) == NULL)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_speakable_ascii(text.data[i]))
            return false;
    if (contains(text, "...") || contains(text, "--") || contains(text, ": "))
        return false;
    return !is_rude_english(text);
}

static bool ends_a_chinese_saying(struct span text)
{
    static const char *const ends[] = {"。", "！", "？"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (text.size >= 3 && memcmp(text.data + text.size - 3, ends[i], 3) == 0)
            return true;
    return false;
}

static bool is_chinese_sign(uint32_t character)
{
    static const uint32_t signs[] = {0x3001, 0x3002, 0xFF0C, 0xFF01, 0xFF1F, 0xFF1B, 0xFF1A};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (character == signs[i])
            return true;
    return false;
}

static bool is_good_chinese(struct span text)
{
    size_t han = utf8_count_han(text);

    if (han < MIN_HAN || han > MAX_HAN || !ends_a_chinese_saying(text))
        return false;
    for (struct span rest = text; rest.size > 0;) {
        size_t size;
        uint32_t character = utf8_first(rest, &size);

        if (!utf8_is_han(character) && !is_chinese_sign(character))
            return false;
        rest = span_of(rest.data + size, rest.size - size);
    }
    return !is_rude_chinese(text);
}

static struct span cut_line(struct span *rest)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    struct span line = span_of(rest->data, end != NULL ? (size_t)(end - rest->data) : rest->size);
    size_t used = end != NULL ? line.size + 1 : line.size;

    *rest = span_of(rest->data + used, rest->size - used);
    return line;
}

static struct span trim(struct span line)
{
    while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        line = span_of(line.data + 1, line.size - 1);
    while (line.size > 0 && (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\r'))
        line.size--;
    return line;
}

/* Copies line without terminal escapes (ESC [ ... letter) and with single spaces. */
static void add_plain(struct buffer *out, struct span line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] == ' ' && i > 0 && line.data[i - 1] == ' ')
            continue;
        if (line.data[i] != 0x1B) {
            buffer_byte(out, line.data[i]);
            continue;
        }
        while (i < line.size && !is_letter(line.data[i]))
            i++;
    }
}

static bool is_heading(struct span line)
{
    return span_starts_with(line, "《") || span_starts_with(line, "作者") ||
           span_starts_with(line, "题目");
}

/* Joins the lines of one saying, without its author's; false when it is no plain saying. Lines are
 * joined by a space unless the text before has no spaces of its own. */
static bool join_lines(struct span saying, struct buffer *out, struct buffer *line_text)
{
    size_t lines = 0;

    buffer_clear(out);
    while (saying.size > 0) {
        buffer_clear(line_text);
        add_plain(line_text, cut_line(&saying));
        struct span line = trim(buffer_span(line_text));

        if (line.size == 0 || is_heading(line))
            continue;
        if (span_starts_with(line, "--") || span_starts_with(line, "—"))
            break;
        if (++lines > MAX_LINES)
            return false;
        if (out->size > 0 && (out->data[out->size - 1] & 0x80) == 0)
            buffer_byte(out, ' ');
        buffer_add(out, line);
    }
    return buffer_status(out) == STATUS_OK && buffer_status(line_text) == STATUS_OK;
}

static enum status shelve(struct sentences *sentences, struct shelf *shelf, struct span text)
{
    if (shelf->count == shelf->capacity) {
        size_t capacity = shelf->capacity > 0 ? shelf->capacity * 2 : 256;
        struct span *items = realloc(shelf->items, capacity * sizeof *items);

        if (items == NULL)
            return STATUS_MEMORY;
        shelf->items = items;
        shelf->capacity = capacity;
    }
    struct span copy = arena_copy(sentences->arena, text);
    if (arena_failed(sentences->arena))
        return STATUS_MEMORY;
    shelf->items[shelf->count++] = copy;
    return STATUS_OK;
}

static enum status take_saying(struct sentences *sentences, struct span text)
{
    if (is_good_english(text))
        return shelve(sentences, &sentences->shelves[SENTENCES_ENGLISH], text);
    if (is_good_chinese(text))
        return shelve(sentences, &sentences->shelves[SENTENCES_CHINESE], text);
    return STATUS_OK;
}

static enum status read_sayings(struct sentences *sentences, struct span file)
{
    struct buffer text, line_text;
    enum status status = STATUS_OK;

    buffer_init(&text, 64u << 10);
    buffer_init(&line_text, 64u << 10);
    while (file.size > 0 && status == STATUS_OK) {
        const uint8_t *start = file.data;
        struct span line;

        do
            line = cut_line(&file);
        while (file.size > 0 && !span_equal_text(line, "%"));
        const uint8_t *end = span_equal_text(line, "%") ? line.data : file.data;
        if (join_lines(span_of(start, (size_t)(end - start)), &text, &line_text))
            status = take_saying(sentences, buffer_span(&text));
    }
    buffer_release(&text);
    buffer_release(&line_text);
    return status;
}

static enum status read_file(struct sentences *sentences, const char *folder, const char *name)
{
    char path[PATH_MAX];
    uint8_t *data = NULL;
    size_t size = 0;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return STATUS_INVALID;
    enum status status = file_read(path, MAX_FILE_BYTES, &data, &size);
    if (status == STATUS_OK)
        status = read_sayings(sentences, span_of(data, size));
    free(data);
    return status;
}

static int by_bytes(const void *a, const void *b)
{
    const struct span *left = a, *right = b;
    size_t common = left->size < right->size ? left->size : right->size;
    int order = memcmp(left->data, right->data, common);

    if (order != 0)
        return order;
    return left->size < right->size ? -1 : left->size > right->size;
}

/* Folder order differs between machines; answers must not. */
static void sort_without_doubles(struct shelf *shelf)
{
    size_t kept = 0;

    if (shelf->count > 0)
        qsort(shelf->items, shelf->count, sizeof *shelf->items, by_bytes);
    for (size_t i = 0; i < shelf->count; i++)
        if (kept == 0 || !span_equal(shelf->items[kept - 1], shelf->items[i]))
            shelf->items[kept++] = shelf->items[i];
    shelf->count = kept;
}

static enum status read_folder(struct sentences *sentences, const char *folder, char problem[256])
{
    DIR *dir = opendir(folder);
    enum status status = STATUS_OK;

    if (dir == NULL) {
        snprintf(problem, 256, "cannot open folder \"%s\" (hint: install fortunes and fortunes-zh)",
                 folder);
        return STATUS_NOT_FOUND;
    }
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(dir)) != NULL;) {
        bool skipped =
            strchr(entry->d_name, '.') != NULL || entry->d_type == DT_DIR ||
            listed(entry->d_name, skipped_files, sizeof skipped_files / sizeof *skipped_files);

        if (!skipped)
            status = read_file(sentences, folder, entry->d_name);
        if (status != STATUS_OK)
            snprintf(problem, 256, "cannot read sayings from \"%s/%.100s\": %s", folder,
                     entry->d_name, status_text(status));
    }
    closedir(dir);
    return status;
}

enum status sentences_load(struct sentences **out, const char *folder, char problem[256])
{
    struct sentences *sentences = calloc(1, sizeof *sentences);
    enum status status = STATUS_MEMORY;

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (sentences == NULL)
        return STATUS_MEMORY;
    if (arena_create(&sentences->arena, MAX_TOTAL_BYTES) != STATUS_OK)
        goto fail;
    status = read_folder(sentences, folder, problem);
    if (status != STATUS_OK)
        goto fail;

    for (size_t i = 0; i < 2; i++) {
        sort_without_doubles(&sentences->shelves[i]);
        if (sentences->shelves[i].count > 0)
            continue;
        status = STATUS_NOT_FOUND;
        snprintf(problem, 256, "no %s saying in \"%s\" (hint: install %s)",
                 i == SENTENCES_CHINESE ? "Chinese" : "English", folder,
                 i == SENTENCES_CHINESE ? "fortunes-zh" : "fortunes");
        goto fail;
    }
    *out = sentences;
    return STATUS_OK;

fail:
    sentences_free(sentences);
    return status;
}

void sentences_free(struct sentences *sentences)
{
    if (sentences == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        free(sentences->shelves[i].items);
    arena_free(sentences->arena);
    free(sentences);
}

size_t sentences_count(const struct sentences *sentences, enum sentences_language language)
{
    return sentences->shelves[language].count;
}

struct span sentences_at(const struct sentences *sentences, enum sentences_language language,
                         size_t index)
{
    return sentences->shelves[language].items[index];
}

void sentences_answer(const struct sentences *sentences, struct span question, uint64_t salt,
                      struct buffer *out)
{
    bool chinese = utf8_count_han(question) > 0;
    const struct shelf *shelf =
        &sentences->shelves[chinese ? SENTENCES_CHINESE : SENTENCES_ENGLISH];
    struct dice dice;

    dice_init(&dice, salt, question);
    for (uint64_t left = 1 + dice_below(&dice, 3); left > 0; left--) {
        buffer_add(out, shelf->items[dice_below(&dice, shelf->count)]);
        if (left > 1 && !chinese)
            buffer_byte(out, ' ');
    }
}
