/* apply, get, edit : fleets as files */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/file.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"
#include "server/ctl/object_find.h"
#include "server/ctl/wanted.h"
#include "server/ctl/yaml_print.h"

#define WOULD_CHANGE   4
#define PATH_BYTES     4096
#define DOCUMENT_BYTES (1 << 22)

static int read_all(struct ctl *ctl, struct wanted *wanted)
{
    int result = CTL_DONE;
    bool any = false;

    for (size_t i = 0; i < ctl->args.options; i++) {
        if (strcmp(ctl->args.option_names[i], "file") != 0)
            continue;
        any = true;
        if (wanted_read(wanted, ctl->args.option_values[i]) != CTL_DONE)
            result = CTL_FAILED;
    }
    return any ? result : ctl_misuse("which documents? give them with -f FILE or -f FOLDER");
}

static void tell(struct ctl *ctl, const struct wanted *wanted)
{
    struct buffer text;

    if (!ctl->json) {
        wanted_print(wanted, stdout);
        return;
    }
    buffer_init(&text, DOCUMENT_BYTES);
    wanted_write_json(wanted, &text);
    puts(buffer_cstring(&text));
    buffer_release(&text);
}

static int apply(struct ctl *ctl)
{
    const bool dry_run = args_flag(&ctl->args, "dry-run");
    struct wanted *wanted;
    int result = wanted_create(&wanted);

    if (result != CTL_DONE)
        return result;
    result = read_all(ctl, wanted);
    if (result == CTL_DONE)
        result = wanted_compare(wanted, ctl, args_flag(&ctl->args, "prune"));
    if (result != CTL_DONE) {
        fputs("nothing was changed\n", stderr);
        goto out;
    }
    tell(ctl, wanted);
    if (!dry_run)
        result = wanted_apply(wanted, ctl);
    else if (args_flag(&ctl->args, "exit-code") && wanted_changes(wanted) > 0)
        result = WOULD_CHANGE;

out:
    wanted_free(wanted);
    return result;
}

static const struct object_kind *read_kind(const struct ctl *ctl)
{
    const struct object_kind *kind = object_kind_find(ctl->args.words[0]);

    if (kind == NULL)
        ctl_misuse("\"%s\" is none of " OBJECT_KINDS_TEXT, ctl->args.words[0]);
    return kind;
}

static int fetch(struct ctl *ctl, const struct object_kind *kind, struct json **answer)
{
    struct object_found found;
    int result = object_find(ctl, kind, ctl->args.words[1], &found);

    *answer = found.answer;
    if (result == CTL_DONE && found.answer == NULL)
        return ctl_fail("there is no %s \"%s\"", kind->name, ctl->args.words[1]);
    return result;
}

/* The document as people edit it. */
static int print_document(const struct object_kind *kind, const struct json *theirs,
                          struct buffer *out)
{
    struct json *document;
    struct buffer text;
    int result = CTL_DONE;

    buffer_init(&text, DOCUMENT_BYTES);
    object_write_document(kind, theirs, &text);
    if (json_parse(buffer_span(&text), &document, NULL) == STATUS_OK) {
        yaml_print(document, out);
        json_free(document);
    } else {
        result = ctl_fail("the server's answer is none that could be edited");
    }
    buffer_release(&text);
    return result;
}

static int get(struct ctl *ctl)
{
    const struct object_kind *kind = read_kind(ctl);
    struct json *answer;
    struct buffer text;

    if (kind == NULL)
        return CTL_USAGE;
    int result = fetch(ctl, kind, &answer);
    if (result != CTL_DONE)
        return result;
    buffer_init(&text, DOCUMENT_BYTES);
    if (ctl->json) {
        json_dump(answer, &text);
        buffer_byte(&text, '\n');
    } else {
        result = print_document(kind, answer, &text);
    }
    if (result == CTL_DONE)
        fputs(buffer_cstring(&text), stdout);
    buffer_release(&text);
    json_free(answer);
    return result;
}

/* Runs $VISUAL, $EDITOR or vi on the file; by a shell, for the variables may have options. */
static int run_editor(const char *path)
{
    const char *visual = getenv("VISUAL");
    const char *editor = visual && *visual ? visual : getenv("EDITOR");
    char command[PATH_BYTES];
    int status;

    snprintf(command, sizeof command, "%s \"$1\"", editor && *editor ? editor : "vi");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return ctl_fail("the editor \"%s\" failed", editor && *editor ? editor : "vi");
    return CTL_DONE;
}

/* Whether a person wants to go on; without one at the terminal nobody does. */
static bool asks(const char *question)
{
    char line[16];

    if (!isatty(STDIN_FILENO))
        return false;
    fprintf(stderr, "%s [Y/n] ", question);
    return fgets(line, sizeof line, stdin) != NULL &&
           (line[0] == '\n' || line[0] == 'y' || line[0] == 'Y');
}

/* The document that was edited, looked at afresh: somebody else may have changed it meanwhile. */
static int carry_out(struct ctl *ctl, const char *path, const char *id, bool *is_same)
{
    struct wanted *wanted;
    int result = wanted_create(&wanted);

    if (result != CTL_DONE)
        return result;
    result = wanted_read(wanted, path);
    if (result == CTL_DONE && !wanted_has(wanted, ctl->args.words[0], id))
        result = ctl_fail("the document is of another object than %s %s", ctl->args.words[0], id);
    if (result == CTL_DONE)
        result = wanted_compare(wanted, ctl, false);
    if (result == CTL_DONE) {
        *is_same = wanted_changes(wanted) == 0;
        if (!*is_same)
            tell(ctl, wanted);
        result = wanted_apply(wanted, ctl);
    }
    wanted_free(wanted);
    return result;
}

static int edit_until_good(struct ctl *ctl, const char *path)
{
    bool is_same = false;

    for (;;) {
        int result = run_editor(path);

        if (result == CTL_DONE)
            result = carry_out(ctl, path, ctl->args.words[1], &is_same);
        if (result == CTL_DONE) {
            if (is_same)
                puts("nothing was changed");
            unlink(path);
            return CTL_DONE;
        }
        if (!asks("edit it again?")) {
            fprintf(stderr, "what you wrote is in %s; try again with mynactl apply -f %s\n", path,
                    path);
            return result;
        }
    }
}

static int edit(struct ctl *ctl)
{
    const char *folder = getenv("TMPDIR");
    const struct object_kind *kind = read_kind(ctl);
    struct json *answer;
    struct buffer text;
    char path[PATH_BYTES];

    if (kind == NULL)
        return CTL_USAGE;
    int result = fetch(ctl, kind, &answer);
    if (result != CTL_DONE)
        return result;
    buffer_init(&text, DOCUMENT_BYTES);
    result = print_document(kind, answer, &text);
    json_free(answer);
    snprintf(path, sizeof path, "%s/myna-XXXXXX.yaml", folder && *folder ? folder : "/tmp");
    int fd = result == CTL_DONE ? mkstemps(path, 5) : -1;
    if (result == CTL_DONE && fd < 0)
        result = ctl_fail("\"%s\": %s", path, strerror(errno));
    if (fd >= 0) {
        close(fd);
        if (file_replace(path, buffer_span(&text), 0600) != STATUS_OK)
            result = ctl_fail("\"%s\" cannot be written", path);
    }
    buffer_release(&text);
    return result == CTL_DONE ? edit_until_good(ctl, path) : result;
}

const struct ctl_verb noun_apply_verbs[] = {
    {NULL, "apply", "", 0, 0,
     "file=PATH*(a document, YAML or JSON, a folder of them, or - for standard input; may be "
     "given more than once) "
     "dry-run!(tell what would change and change nothing) "
     "exit-code!(with --dry-run: exit status 4 where something would change) "
     "prune!(delete groups, budgets, regions, own roles, channels and blackouts that no document "
     "names, of those kinds that have one) "
     "yes!(also where something that is kept goes for good, by a shorter retention)",
     "bring groups, layers, contracts, vendors, channels and more to what documents say\n"
     "Bring the server to what documents say: those of a file, of a folder and the folders in "
     "it, or of standard input for `-`. All are read and checked, and the server is asked for "
     "each, before anything is written; each difference is told. Applied again, they change "
     "nothing. When one is refused on the way, what was done and what was not is told, and the "
     "exit status is 1: applied again, it goes on from there.\n"
     "\n"
     "A document is one object in YAML or JSON. Its first member names kind and id: `region: cn`, "
     "`vendor: dahan`, `contract: dahan-2026`, `group: kitchen`, `layer: group:kitchen` with "
     "`settings`, `budget: fleet-day`, `channel: ops`, `role: desk`, `retention: commands` with "
     "`keep`, `view: Behind in cn` (by its name) with `query`, `blackout: Spring festival` (by its "
     "reason) with `from` and `until`. The others are those of the API; what a document leaves out "
     "stays as it is, but contracts, the settings of a layer and the thresholds of a budget are "
     "whole: what is not in them goes. Keys of vendors stand in no document. A channel's address "
     "and secret stand on the first lines of files beside it, named by `url_file` and "
     "`secret_file`; an address without a secret in it may be its `url`. A blackout that is over "
     "need not be there.\n"
     "\n"
     "    mynactl apply -f fleet/ --dry-run --exit-code\n"
     "    mynactl apply -f fleet/ --prune",
     apply},
    {NULL, "get", "KIND ID", 2, 2, "",
     "an object as a document that apply takes\n"
     "KIND is one of " OBJECT_KINDS_TEXT ". What a channel keeps secret is not in it.\n"
     "\n"
     "    mynactl get layer group:kitchen",
     get},
    {NULL, "edit", "KIND ID", 2, 2, "",
     "change an object's document in $EDITOR; what is wrong is told, and nothing is lost\n"
     "Change that document in VISUAL, EDITOR or vi(1). What changed is told and applied; what "
     "is wrong is told with its line, and can be edited again. What was written is kept until "
     "it is applied.",
     edit},
    {0},
};
