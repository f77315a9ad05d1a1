#include "server/ctl/ctl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "server/ctl/help.h"
#include "server/ctl/noun.h"
#include "server/ctl/progress.h"
#include "server/ctl/printable.h"
#include "server/ctl/watch.h"
#include "server/ctl/yaml.h"
#include "server/money/reading.h"

#define FILE_LIMIT_BYTES (64u << 20)
#define NOT_LOGGED_IN    401
#define NOT_FOUND        404
#define PROBLEM_FROM     400
#define WORDS_BYTES      (8 << 10)

static bool fits(const struct ctl_verb *verb, int argc, char **argv)
{
    if (!verb->noun)
        return argc >= 1 && strcmp(argv[0], verb->verb) == 0;
    return argc >= 2 && strcmp(argv[0], verb->noun) == 0 && strcmp(argv[1], verb->verb) == 0;
}

/* "me password" rather than "me" with a word that it does not take. */
static const struct ctl_verb *find_verb(int argc, char **argv, int *used)
{
    const struct ctl_verb *found = NULL;
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++)
            if (fits(verb, argc, argv) && (found == NULL || verb->noun))
                found = verb;
    *used = found == NULL ? 0 : found->noun ? 2 : 1;
    return found;
}

/* What may stand at argv[0], or behind the noun that does, as reading_nearest() takes it. */
static void write_words(const char *noun, struct buffer *words)
{
    size_t count;

    if (noun == NULL) {
        const struct noun *nouns = noun_all(&count);

        for (size_t n = 0; n < count; n++)
            buffer_format(words, "%s|", nouns[n].word);
        return;
    }
    const struct ctl_verb *const *tables = noun_tables(&count);
    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++)
            if (verb->noun && strcmp(verb->noun, noun) == 0)
                buffer_format(words, "%s|", verb->verb);
}

/* Without a word everything, and of a noun alone its verbs. Of a wrong word only what is near it
 * and where help is: a page of words would push what was wrong off the screen. */
static void print_unknown(int argc, char **argv)
{
    const char *noun = argc > 0 && noun_find(argv[0]) ? argv[0] : NULL;
    char nearest[READING_WORD_SIZE];
    struct buffer words;

    if (argc == 0) {
        help_print(stderr);
        return;
    }
    if (noun && argc == 1) {
        fprintf(stderr, "mynactl: say what to do with \"%s\"\n", noun);
        help_print_noun(stderr, noun);
        return;
    }
    buffer_init(&words, WORDS_BYTES);
    write_words(noun, &words);
    fprintf(stderr, "mynactl: there is no \"%s%s%s\"", argv[0], noun ? " " : "",
            noun ? argv[1] : "");
    if (reading_nearest(argv[noun ? 1 : 0], buffer_cstring(&words), nearest))
        fprintf(stderr, ": did you mean \"%s%s%s\"?", noun ? noun : "", noun ? " " : "", nearest);
    fprintf(stderr, "\nSee mynactl %s%s--help\n", noun ? noun : "", noun ? " " : "");
    buffer_release(&words);
}

/* Flags that every verb knows. */
struct flags {
    bool help;
    bool watch;
    const char *context;
};

/* "--context NAME" and "--context=NAME" at argv[*i]. */
static bool take_context(int argc, char **argv, int *i, struct flags *flags)
{
    static const char name[] = "--context";
    const size_t size = sizeof name - 1;

    if (strncmp(argv[*i], name, size) != 0)
        return false;
    if (argv[*i][size] == '=')
        flags->context = argv[*i] + size + 1;
    else if (argv[*i][size] == '\0' && *i + 1 < argc)
        flags->context = argv[++*i];
    else
        return false;
    return true;
}

/* Takes them out of argv. */
static int take_flags(struct ctl *ctl, int argc, char **argv, struct flags *flags)
{
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            ctl->json = true;
        else if (strcmp(argv[i], "--watch") == 0)
            flags->watch = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            flags->help = true;
        else if (!take_context(argc, argv, &i, flags))
            argv[kept++] = argv[i];
    }
    return kept;
}

/* NOT_FOUND is told by the verb that needs a session: login does not. */
static int load_session(struct ctl *ctl, const char *context)
{
    char path[PATH_MAX] = "";

    switch (session_load(&ctl->session, context)) {
    case STATUS_CORRUPT:
        return ctl_fail("the login file is damaged; log in again with mynactl login --url URL");
    case STATUS_DENIED:
        if (session_path(path) != STATUS_OK)
            path[0] = '\0';
        return ctl_fail("others may read %s, which holds keys: chmod 600 %s", path, path);
    default:
        return CTL_DONE;
    }
}

static int run_verb(struct ctl *ctl, const struct ctl_verb *verb, const struct flags *flags,
                    int argc, char **argv)
{
    char problem[160];

    if (args_parse(&ctl->args, verb->options, argc, argv, problem) != STATUS_OK) {
        fprintf(stderr, "mynactl: %s\n", problem);
        help_print_usage(stderr, verb);
        return CTL_USAGE;
    }
    if (ctl->args.count < verb->min_words || ctl->args.count > verb->max_words) {
        fprintf(stderr, "mynactl: %s words\n",
                ctl->args.count < verb->min_words ? "too few" : "too many");
        help_print_usage(stderr, verb);
        return CTL_USAGE;
    }
    int result = load_session(ctl, flags->context);
    if (result != CTL_DONE)
        return result;
    if (client_create(&ctl->client, &ctl->session) != STATUS_OK)
        return ctl_fail("out of memory");
    ctl->verb = verb;
    result = flags->watch ? watch_run(ctl) : verb->run(ctl);
    client_free(ctl->client);
    return result;
}

static bool is_noun_of_verbs(const char *word)
{
    const struct noun *noun = noun_find(word);

    return noun && noun->about;
}

/* "device list --help", "help device list": of a verb, of a noun, or of everything. */
static int print_help(int argc, char **argv)
{
    int used;

    if (argc > 0 && strcmp(argv[0], "help") == 0) {
        argc--;
        argv++;
    }
    const struct ctl_verb *verb = find_verb(argc, argv, &used);
    if (verb)
        help_print_verb(stdout, verb);
    if (argc == 0)
        help_print(stdout);
    else if (verb ? !verb->noun && is_noun_of_verbs(argv[0]) /* others begin with its word */
                  : argc == 1 && is_noun_of_verbs(argv[0]))
        help_print_noun(stdout, argv[0]);
    else if (!verb)
        print_unknown(argc, argv);
    return verb || argc == 0 || (argc == 1 && is_noun_of_verbs(argv[0])) ? CTL_DONE : CTL_USAGE;
}

int ctl_main(int argc, char **argv)
{
    struct ctl ctl = {0};
    struct flags flags = {0};
    int used = 0;

    argc = take_flags(&ctl, argc - 1, argv + 1, &flags);
    argv++;
    const struct ctl_verb *verb = find_verb(argc, argv, &used);
    if (flags.help || (argc > 0 && strcmp(argv[0], "help") == 0))
        return print_help(argc, argv);
    if (argc == 1 && strcmp(argv[0], "--version") == 0) {
        printf("mynactl %s\n", MYNA_VERSION);
        return CTL_DONE;
    }
    if (!verb) {
        print_unknown(argc, argv);
        return CTL_USAGE;
    }
    return run_verb(&ctl, verb, &flags, argc - used, argv + used);
}

__attribute__((format(printf, 2, 0))) static void complain(const char *kind, const char *format,
                                                           va_list values)
{
    progress_wipe();
    fprintf(stderr, "mynactl: %s", kind);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
}

int ctl_fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    complain("", format, values);
    va_end(values);
    return CTL_FAILED;
}

int ctl_misuse(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    complain("", format, values);
    va_end(values);
    return CTL_USAGE;
}

void ctl_warn(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    complain("warning: ", format, values);
    va_end(values);
}

/* Whether one is the other, but for a unit that is not typed (expires_in_s), or is a value that was
 * read from a file (key-file). */
static bool is_made_of(struct span member, struct span option)
{
    const size_t least = member.size < option.size ? member.size : option.size;
    const struct span more = member.size > least
                                 ? span_of(member.data + least, member.size - least)
                                 : span_of(option.data + least, option.size - least);

    return memcmp(member.data, option.data, least) == 0 &&
           (more.size == 0 || span_equal_text(more, member.size > least ? "-s" : "-file"));
}

/* The option that a member of a body was made of; false: it is of no option. */
static bool print_option(const struct ctl_verb *verb, const char *name)
{
    const char *at = verb->options;
    struct args_allowed option;
    char typed[64];

    snprintf(typed, sizeof typed, "%s", name);
    for (char *c = typed; *c; c++)
        if (*c == '_')
            *c = '-';
    while (args_next(&at, &option)) {
        const size_t size = strlen(typed);
        if (!is_made_of(span_of(typed, size), option.name))
            continue;
        fprintf(stderr, "--%.*s", (int)option.name.size, (const char *)option.name.data);
        return true;
    }
    return false;
}

/* The word that it was made of: what is made by its id comes first. */
static bool print_word(const struct ctl *ctl, const char *name)
{
    const char *at = ctl->verb->words;
    size_t length = strlen(name);

    if (strcmp(name, "id") == 0)
        length = strcspn(at, " .");
    for (size_t i = 0; *at != '\0'; i++) {
        const size_t size = strcspn(at, " .");

        if (size == length && i < ctl->args.count && at[0] >= 'A' && at[0] <= 'Z' &&
            (strcmp(name, "id") == 0 || strncasecmp(at, name, size) == 0)) {
            fprintf(stderr, "%.*s \"%s\"", (int)size, at, ctl->args.words[i]);
            return true;
        }
        at += size;
        at += strspn(at, " .");
    }
    return false;
}

/* A place of a request in the words of who typed it: the line of a file, an option, a word. */
static void print_place(const struct ctl *ctl, const char *pointer)
{
    const struct ctl_source *source = &ctl->source;
    const size_t root = source->root ? strlen(source->root) : 0;
    char name[64], in_file[256];

    if (source->path && source->is_lines && pointer[0] == '/') {
        fprintf(stderr, "%s:%s", source->path, pointer + 1);
        return;
    }
    if (source->path && !source->is_lines && strncmp(pointer, source->root, root) == 0) {
        snprintf(in_file, sizeof in_file, "%s%s", source->part, pointer + root);
        fprintf(stderr, "%s:%zu%s%s", source->path, yaml_line(source->text, in_file),
                *in_file ? ": " : "", *in_file ? in_file + 1 : "");
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(pointer + (*pointer != '\0'), "/"),
             pointer + (*pointer != '\0'));
    if (!print_option(ctl->verb, name) && !print_word(ctl, name))
        fputs(pointer, stderr);
}

/* Where the fault lies, and what it is unless the line above has said so. */
static void print_fault(const struct ctl *ctl, const struct json *fault, const char *said)
{
    const char *detail = json_text(json_member(fault, "detail"), "");
    bool known = strcmp(detail, said) == 0;

    fputs("  ", stderr);
    print_place(ctl, json_text(json_member(fault, "pointer"), ""));
    fprintf(stderr, "%s%s\n", known ? "" : ": ", known ? "" : detail);
}

static void print_problem(const struct ctl *ctl, const struct client_answer *answer)
{
    struct json *problem;

    if (printable_parse(answer->body, &problem, NULL) != STATUS_OK) {
        ctl_fail("the server answered %ld", answer->status);
        return;
    }
    const struct json *errors = json_member(problem, "errors");
    const char *title = json_text(json_member(problem, "title"), "refused");
    const char *detail = json_text(json_member(problem, "detail"), "");
    if (*detail)
        ctl_fail("%s%s", json_count(errors) ? "refused: " : "", detail);
    else
        ctl_fail("%s", title);
    for (size_t i = 0; i < json_count(errors); i++)
        print_fault(ctl, json_item(errors, i), detail);
    json_free(problem);
}

static int send_request(struct ctl *ctl, const struct client_request *request,
                        struct client_answer *answer)
{
    char reason[256];

    if (!ctl->session.url[0])
        return ctl_fail("not logged in; use mynactl login --url URL, or set MYNACTL_URL and "
                        "MYNACTL_KEY");
    if (client_send(ctl->client, request, answer, reason) == STATUS_OK)
        return CTL_DONE;
    ctl_fail("cannot reach %s: %s", ctl->session.url, reason);
    return CTL_UNREACHABLE;
}

int ctl_judge(const struct ctl *ctl, const struct client_answer *answer)
{
    if (answer->status < PROBLEM_FROM)
        return CTL_DONE;
    print_problem(ctl, answer);
    if (answer->status == NOT_LOGGED_IN)
        fputs("  log in with mynactl login --url URL\n", stderr);
    return CTL_FAILED;
}

int ctl_send(struct ctl *ctl, const struct client_request *request, struct client_answer *answer)
{
    int result = send_request(ctl, request, answer);

    return result == CTL_DONE ? ctl_judge(ctl, answer) : result;
}

int ctl_send_to(struct ctl *ctl, const char *method, struct span body, const char *if_match,
                struct client_answer *answer, ...)
{
    struct buffer path;
    va_list pieces;
    bool escaped = false;

    buffer_init(&path, 2048);
    va_start(pieces, answer);
    for (const char *piece; (piece = va_arg(pieces, const char *)); escaped = !escaped) {
        if (escaped)
            client_escape(&path, piece);
        else
            buffer_text(&path, piece);
    }
    va_end(pieces);

    struct client_request request = {
        .method = method, .path = buffer_cstring(&path), .body = body, .if_match = if_match};
    int result = buffer_status(&path) == STATUS_OK ? ctl_send(ctl, &request, answer)
                                                   : ctl_fail("the address is too long");
    buffer_release(&path);
    return result;
}

int ctl_find(struct ctl *ctl, const char *path, const char *id, bool *found,
             struct client_answer *answer)
{
    struct buffer url;

    buffer_init(&url, 2048);
    buffer_format(&url, "%s/", path);
    client_escape(&url, id);
    int result = ctl_look(ctl, buffer_cstring(&url), found, answer);
    buffer_release(&url);
    return result;
}

int ctl_look(struct ctl *ctl, const char *address, bool *found, struct client_answer *answer)
{
    const struct client_request request = {.method = "GET", .path = address};
    int result = send_request(ctl, &request, answer);

    if (result != CTL_DONE)
        return result;
    *found = answer->status != NOT_FOUND;
    return *found ? ctl_judge(ctl, answer) : CTL_DONE;
}

int ctl_parse(const struct client_answer *answer, struct json **out)
{
    char problem[160];

    if (printable_parse(answer->body, out, problem) != STATUS_OK)
        return ctl_fail("the server's answer is not JSON: %s", problem);
    return CTL_DONE;
}

static void print_body(const struct client_answer *answer)
{
    if (answer->body.size)
        printf("%.*s\n", (int)answer->body.size, (const char *)answer->body.data);
}

/* When a list was true, for whoever reads it; a program that reads it has --json. By the server's
 * word where it gives one. */
static void print_as_of(const struct json *list)
{
    char now[CLOCK_TEXT_SIZE];

    if (!isatty(STDOUT_FILENO))
        return;
    clock_format(clock_wall_ms(), now);
    printf("as of %s\n", json_text(json_member(list, "as_of"), now));
}

int ctl_show(struct ctl *ctl, const struct client_answer *answer, const struct view_column *columns,
             size_t count)
{
    struct json *json;

    if (ctl->json) {
        print_body(answer);
        return CTL_DONE;
    }
    int result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    const struct json *items = json_member(json, "items");
    if (items)
        view_table(stdout, items, columns, count, clock_wall_ms());
    else
        view_sheet(stdout, json, columns, count, clock_wall_ms());
    const struct json *next = json_member(json, "next");
    if (json_type(next) == JSON_TEXT)
        printf("more: --after %s\n", json_text(next, ""));
    else if (json_type(next) == JSON_INT)
        printf("more: --after %lld\n", (long long)json_int(next, 0));
    if (items)
        print_as_of(json);
    json_free(json);
    return CTL_DONE;
}

/* What an answer says to heed, for a person. */
static void print_warnings(const struct client_answer *answer)
{
    struct json *json;

    if (answer->body.size == 0 || printable_parse(answer->body, &json, NULL) != STATUS_OK)
        return;
    const struct json *warnings = json_member(json, "warnings");
    for (size_t i = 0; warnings && i < json_count(warnings); i++)
        fprintf(stderr, "warning: %s\n", json_text(json_item(warnings, i), ""));
    json_free(json);
}

int ctl_say(struct ctl *ctl, const struct client_answer *answer, const char *format, ...)
{
    va_list values;

    if (ctl->json) {
        print_body(answer);
        return CTL_DONE;
    }
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    fflush(stdout);
    print_warnings(answer);
    return CTL_DONE;
}

int ctl_read_file(const char *path, uint8_t **data, size_t *size)
{
    enum status status =
        file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_LIMIT_BYTES, data, size);

    return status == STATUS_OK ? CTL_DONE : ctl_fail("\"%s\": %s", path, status_text(status));
}
