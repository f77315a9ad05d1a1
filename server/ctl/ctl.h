/* ctl.h - one run of mynactl: finds the verb, sends requests, shows answers
 *
 * A verb returns the process's exit status: 0 done, 1 refused or failed, 2 usage, 3 the server
 * cannot be reached. What goes wrong has been told on standard error by then.
 */
#ifndef SERVER_CTL_CTL_H
#define SERVER_CTL_CTL_H

#include "server/ctl/args.h"
#include "server/ctl/client.h"
#include "server/ctl/view.h"

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_UNREACHABLE = 3 };

struct ctl_verb;

/* The file that a request's body was read from, so that a refusal can name its line: what stands
 * below root in the body ("/document", "": all of it) stands below part in the file. Borrowed. */
struct ctl_source {
    const char *path; /* NULL: none */
    struct span text;
    const char *root; /* JSON pointers */
    const char *part;
    bool is_lines; /* the body is the file, and pointers are its lines: "/12" */
};

/* Fields are for the verbs to read; source is theirs to set. */
struct ctl {
    const struct ctl_verb *verb; /* that runs */
    struct ctl_source source;
    struct client *client;
    struct session session;
    struct args args;
    bool json; /* --json: print exactly what the API answered */
};

struct ctl_verb {
    const char *noun; /* NULL: the verb stands alone, as in "mynactl login" */
    const char *verb;
    const char *words;  /* what it takes, for help: "DEVICE TEXT" */
    unsigned min_words; /* after noun and verb */
    unsigned max_words;
    const char *options; /* names and notes for args_parse() */
    const char *help;
    int (*run)(struct ctl *ctl);
};

/* The whole program after main(). */
int ctl_main(int argc, char **argv);

/* Sends; on a problem answer prints it, field by field in the words of who typed them (--at-most,
 * usage.json:12), and returns CTL_FAILED. On CTL_DONE *answer
 * stands until the next request. */
int ctl_send(struct ctl *ctl, const struct client_request *request, struct client_answer *answer);

/* What ctl_send() does with the answer to a request that was sent by other means. */
int ctl_judge(const struct ctl *ctl, const struct client_answer *answer);

/* As ctl_send(), for a path made from pieces; piece after piece is appended, odd ones (1st, 3rd,
 * ...) as they are, even ones escaped; NULL ends the list. */
int ctl_send_to(struct ctl *ctl, const char *method, struct span body, const char *if_match,
                struct client_answer *answer, ...);

/* Asks for path/ID: *found and, when it was, *answer. That it is not there is told to nobody; what
 * else goes wrong is. */
int ctl_find(struct ctl *ctl, const char *path, const char *id, bool *found,
             struct client_answer *answer);

/* The same for an address that is escaped already. */
int ctl_look(struct ctl *ctl, const char *address, bool *found, struct client_answer *answer);

/* Parses an answer's body; the caller frees *out. A body that is not JSON is CTL_FAILED. */
int ctl_parse(const struct client_answer *answer, struct json **out);

/* With --json the body as it came, else by columns: items as a table, one object as a sheet. */
int ctl_show(struct ctl *ctl, const struct client_answer *answer, const struct view_column *columns,
             size_t count);

/* With --json the body, else the text. */
int ctl_say(struct ctl *ctl, const struct client_answer *answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints "mynactl: ..." on standard error and returns CTL_FAILED. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what was typed: returns CTL_USAGE. */
int ctl_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what does not stop the work. */
void ctl_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads a file, or standard input for "-", with a NUL after it; the caller frees *data. */
int ctl_read_file(const char *path, uint8_t **data, size_t *size);

#endif
