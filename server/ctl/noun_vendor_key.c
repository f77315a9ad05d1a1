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

static void print_missing(const struct json *next)
{
    const struct json *first = json_member(next, "missing_first");

    printf("  may hold the old    %lld", number(next, "missing"));
    for (size_t i = 0; i < json_count(first); i++)
        printf("%s%s", i > 0 ? ", " : ": ", text(json_item(first, i), "device"));
    if (number(next, "missing") > (long long)json_count(first))
        printf(" and %lld more", number(next, "missing") - (long long)json_count(first));
    printf("\n");
}

static void print_next(const char *vendor, const struct json *next)
{
    printf("  next key given to   %s of the robots: %lld of %lld\n", text(next, "share"),
           number(next, "given"), number(next, "robots"));
    printf("  run with it         %lld\n", number(next, "carried"));
    if (number(next, "waiting") > 0)
        printf("  hold the old key    %lld, not given yet\n", number(next, "waiting"));
    print_missing(next);
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

static int key(struct ctl *ctl)
{
    const char *file = args_option(&ctl->args, "next-file", NULL);
    const char *share = args_option(&ctl->args, "switch", NULL);
    const char *reason = args_option(&ctl->args, "reason", NULL);
    const bool finish = args_flag(&ctl->args, "finish"), drop = args_flag(&ctl->args, "drop-next");
    struct client_answer answer;

    if (!!file + !!share + finish + drop > 1 || (reason && !finish))
        return ctl_misuse("give one of --next-file, --switch, --finish (with --reason) and"
                          " --drop-next");
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
     "next-file=FILE(its first line is the next key) "
     "switch=SHARE(share of the robots that get it) "
     "finish! "
     "reason=TEXT(to finish although robots may hold the old one) "
     "drop-next!",
     "how far robots are on their way to its next key, or one step of it\n"
     "How far robots are on their way to a vendor's next key, and which may hold the old one. "
     "--next-file keeps a next key beside the present one; --switch gives it to a share of all "
     "robots, which only grows: 1%, then 10%, then 100%. A robot counts as moved once it says "
     "that it runs a configuration with the next key, so that one that is offline holds the old "
     "key until then. --finish forgets the old key, which may be revoked at the vendor then; it "
     "is refused while some robot may hold it, unless a --reason says why it is done all the "
     "same. --drop-next gives the old key back to all.",
     key},
    {0},
};
