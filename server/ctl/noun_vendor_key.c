/* vendor key ... : a vendor's next key, and who may still hold the old one */
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING    span_text("")
#define BODY_BYTES ((size_t)16384)

static int ask(struct ctl *ctl, const char *method, const char *tail, struct span body,
               struct client_answer *answer)
{
    return ctl_send_to(ctl, method, body, NULL, answer, "/api/v1/vendors/", ctl->args.words[0],
                       tail, (char *)NULL);
}

static const char *text(const struct json *object, const char *name)
{
    return json_text(json_member(object, name), "");
}

static long long number(const struct json *object, const char *name)
{
    return json_int(json_member(object, name), 0);
}

static void print_next(const char *vendor, const struct json *next)
{
    printf("  next key given to   %s of the robots: %lld of %lld\n", text(next, "share"),
           number(next, "given"), number(next, "robots"));
    printf("  run with it         %lld\n", number(next, "carried"));
    if (number(next, "waiting") > 0)
        printf("  hold the old key    %lld, not given yet\n", number(next, "waiting"));
    printf("  may hold the old    %lld%s%s%s\n", number(next, "missing"),
           number(next, "missing") > 0 ? ": mynactl vendor key " : "",
           number(next, "missing") > 0 ? vendor : "",
           number(next, "missing") > 0 ? " --missing" : "");
    if (number(next, "refused") > 0)
        printf("  refused with it     %lld attempts: look at the key before you go on\n",
               number(next, "refused"));
    if (json_bool(json_member(next, "can_finish"), false))
        printf("  nobody holds the old key: mynactl vendor key %s --finish\n", vendor);
}

static int show(struct ctl *ctl, const struct client_answer *answer)
{
    struct json *key;

    if (ctl->json)
        return ctl_say(ctl, answer, "%s", "");
    int result = ctl_parse(answer, &key);
    if (result != CTL_DONE)
        return result;
    const struct json *next = json_member(key, "next");

    printf("%s: %s key%s, number %lld\n", text(key, "vendor"), text(key, "credential"),
           json_bool(json_member(key, "has_key"), false) ? "" : " that is missing",
           number(key, "number"));
    if (json_type(next) == JSON_OBJECT)
        print_next(text(key, "vendor"), next);
    json_free(key);
    return CTL_DONE;
}

/* One member, or none when value is NULL. */
static int send_one(struct ctl *ctl, const char *method, const char *tail, const char *name,
                    struct span value)
{
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, BODY_BYTES);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    if (value.data) {
        json_key(&writer, name);
        json_write_text(&writer, value);
    }
    json_end_object(&writer);
    int result = ask(ctl, method, tail, buffer_span(&body), &answer);
    crypto_wipe(body.data, body.data ? body.size : 0);
    buffer_release(&body);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

static int put_next(struct ctl *ctl, const char *path)
{
    uint8_t *data;
    size_t size;

    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    int result = send_one(ctl, "PUT", "/key/next", "key",
                          span_of(data, strcspn((const char *)data, "\r\n")));
    crypto_wipe(data, size);
    free(data);
    return result;
}

static int list_missing(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"robot", "device", VIEW_TEXT},   {"name", "name", VIEW_TEXT},
        {"why", "state", VIEW_TEXT},      {"last seen", "last_seen", VIEW_TIME},
        {"runs", "running", VIEW_NUMBER}, {"is to run", "generation", VIEW_NUMBER},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/vendors/", ctl->args.words[0],
                    "/key/devices?state=missing&limit=", args_option(&ctl->args, "limit", "100"),
                    "&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int key(struct ctl *ctl)
{
    const char *file = args_option(&ctl->args, "next-file", NULL);
    const char *share = args_option(&ctl->args, "switch", NULL);
    const char *reason = args_option(&ctl->args, "reason", NULL);
    const bool finish = args_flag(&ctl->args, "finish"), drop = args_flag(&ctl->args, "drop-next");
    const bool missing = args_flag(&ctl->args, "missing");
    const bool is_paged =
        args_option(&ctl->args, "after", NULL) || args_option(&ctl->args, "limit", NULL);
    struct client_answer answer;

    if (!!file + !!share + finish + drop + missing > 1 || (reason && !finish) ||
        (is_paged && !missing))
        return ctl_misuse("give one of --missing (with --limit and --after), --next-file,"
                          " --switch, --finish (with --reason) and --drop-next");
    if (missing)
        return list_missing(ctl);
    if (file)
        return put_next(ctl, file);
    if (share)
        return send_one(ctl, "POST", "/key/switch", "share", span_text(share));
    if (finish)
        return send_one(ctl, "POST", "/key/finish", "reason",
                        reason ? span_text(reason) : (struct span){0});
    int result = drop ? ask(ctl, "DELETE", "/key/next", NOTHING, &answer)
                      : ask(ctl, "GET", "/key", NOTHING, &answer);

    return result == CTL_DONE ? show(ctl, &answer) : result;
}

const struct ctl_verb noun_vendor_key_verbs[] = {
    {"vendor", "key", "VENDOR", 1, 1,
     "missing!(list the robots that may hold the old one, and why) "
     "limit=NUMBER(of --missing: at most so many, 1 to 1000; default 100) "
     "after=ROBOT(of --missing: where to go on, what the page before told) "
     "next-file=FILE(its first line is the next key) "
     "switch=SHARE(share of the robots that get it) "
     "finish! "
     "reason=TEXT(to finish although robots may hold the old one) "
     "drop-next!",
     "how far robots are on their way to its next key, or one step of it\n"
     "How far robots are on their way to a vendor's next key, and how many may hold the old one. "
     "--missing names each of those: `offline` and `unanswered` ones were given the next key and "
     "have not said that they run with it; `kept_back` ones failed a rollout's trial of it. "
     "--next-file keeps a next key beside the present one; --switch gives it to a share of all "
     "robots, which only grows: 1%, then 10%, then 100%. A robot counts as moved once it says "
     "that it runs a configuration with the next key, so that one that is offline holds the old "
     "key until then. --finish forgets the old key, which may be revoked at the vendor then; it "
     "is refused while some robot may hold it, unless a --reason says why it is done all the "
     "same. --drop-next gives the old key back to all.",
     key},
    {0},
};
