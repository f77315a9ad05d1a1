/* usage ... : what was used and what it cost; vendors' usage files */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/download.h"
#include "server/ctl/noun.h"

#define NOTHING      span_text("")
#define TELL_EACH_MS 200

static int show_table(struct ctl *ctl, const struct client_answer *answer)
{
    static const struct view_column columns[] = {
        {"hour", "hour", VIEW_TIME},
        {"day", "day", VIEW_TEXT},
        {"week of", "week", VIEW_TEXT},
        {"month of", "month", VIEW_TEXT},
        {"quarter of", "quarter", VIEW_TEXT},
        {"year of", "year", VIEW_TEXT},
        {"vendor", "vendor", VIEW_TEXT},
        {"model", "model", VIEW_TEXT},
        {"contract", "contract", VIEW_TEXT},
        {"group", "group", VIEW_TEXT},
        {"robot", "device", VIEW_TEXT},
        {"the rest", "rest", VIEW_TEXT},
        {"class", "class", VIEW_TEXT},
        {"quantity", "quantity", VIEW_NUMBER},
        {"attempts", "attempts", VIEW_NUMBER},
        {"failed", "failed", VIEW_COUNT},
        {"uncertain", "uncertain", VIEW_COUNT},
        {"input", "input_uncached", VIEW_NUMBER},
        {"cached", "input_cached", VIEW_COUNT},
        {"output", "output", VIEW_NUMBER},
        {"price", "price", VIEW_NUMBER},
        {"", "currency", VIEW_TEXT},
    };

    return ctl_show(ctl, answer, columns, sizeof columns / sizeof columns[0]);
}

/* A file on its way to standard output; whoever watches at a terminal sees how far it is. */
struct file {
    struct download so_far;
    bool is_watched;
    int64_t told_ms;
};

static bool take_piece(void *context, struct span piece)
{
    struct file *file = context;
    const int64_t now_ms = clock_mono_ms();

    download_count(&file->so_far, piece);
    if (file->is_watched && now_ms - file->told_ms >= TELL_EACH_MS) {
        file->told_ms = now_ms;
        fputs("\r", stderr);
        download_print(&file->so_far, stderr);
    }
    return fwrite(piece.data, 1, piece.size, stdout) == piece.size;
}

/* Rows that scroll by on the same terminal tell enough. */
static int get_file(struct ctl *ctl, const char *path)
{
    struct file file = {.is_watched = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
    const struct client_request request = {
        .method = "GET", .path = path, .take = take_piece, .take_context = &file};
    struct client_answer answer;
    int result = ctl_send(ctl, &request, &answer);

    if (file.told_ms > 0) {
        fputs("\r", stderr);
        download_print(&file.so_far, stderr);
        fputs("\n", stderr);
    }
    if (fflush(stdout) != 0)
        return ctl_fail("cannot write the file");
    if (result != CTL_DONE && file.so_far.bytes > 0)
        ctl_warn("what was written is not the whole file");
    return result;
}

static int show(struct ctl *ctl)
{
    static const char *const narrowed[] = {"from",     "to",    "zone",   "vendor", "model",
                                           "contract", "group", "device", "top",    "sort"};
    const bool csv = args_flag(&ctl->args, "csv");
    struct client_answer answer;
    struct buffer path;

    buffer_init(&path, 2048);
    buffer_text(&path, csv ? "/api/v1/usage?format=csv&by=" : "/api/v1/usage?by=");
    client_escape(&path, args_option(&ctl->args, "by", "vendor,model"));
    for (size_t i = 0; i < sizeof narrowed / sizeof *narrowed; i++) {
        buffer_format(&path, "&%s=", narrowed[i]);
        client_escape(&path, args_option(&ctl->args, narrowed[i], ""));
    }
    const struct client_request request = {.method = "GET", .path = buffer_cstring(&path)};
    int result;
    if (buffer_status(&path) != STATUS_OK)
        result = ctl_fail("the address is too long");
    else if (csv)
        result = get_file(ctl, buffer_cstring(&path));
    else
        result = ctl_send(ctl, &request, &answer);
    buffer_release(&path);
    return result == CTL_DONE && !csv ? show_table(ctl, &answer) : result;
}

static int import(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"rows", "rows", VIEW_TEXT},
        {"equal to the token", "equal", VIEW_TEXT},
        {"settled", "settled", VIEW_TEXT},
        {"different", "different", VIEW_TEXT},
        {"unknown to us", "unknown", VIEW_TEXT},
    };
    struct client_answer answer;
    uint8_t *data;
    size_t size;

    if (ctl_read_file(ctl->args.words[1], &data, &size) != CTL_DONE)
        return CTL_FAILED;
    struct buffer path;
    buffer_init(&path, 1024);
    buffer_text(&path, "/api/v1/vendors/");
    client_escape(&path, ctl->args.words[0]);
    buffer_text(&path, "/usage-imports");
    struct client_request request = {.method = "POST",
                                     .path = buffer_cstring(&path),
                                     .body = span_of(data, size),
                                     .body_type = "application/x-ndjson"};
    ctl->source = (struct ctl_source){.path = ctl->args.words[1], .is_lines = true};
    int result = ctl_send(ctl, &request, &answer);
    buffer_release(&path);
    free(data);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

static int imports(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"import", "id", VIEW_TEXT},
        {"vendor", "vendor", VIEW_TEXT},
        {"when", "created_at", VIEW_TIME},
        {"rows", "rows", VIEW_NUMBER},
        {"equal", "equal", VIEW_NUMBER},
        {"settled", "settled", VIEW_NUMBER},
        {"different", "different", VIEW_NUMBER},
        {"unknown", "unknown", VIEW_NUMBER},
        {"by", "created_by", VIEW_TEXT},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/usage-imports", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 9) : result;
}

static void write_time(struct json_writer *writer, const char *name, const char *time)
{
    if (!time)
        return;
    json_key(writer, name);
    json_write_text(writer, span_text(time));
}

static int rerate(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"records", "records", VIEW_TEXT}, {"that cost something else", "changed", VIEW_TEXT},
        {"before", "before", VIEW_TEXT},   {"after", "after", VIEW_TEXT},
        {"", "currency", VIEW_TEXT},
    };
    const char *contract = args_option(&ctl->args, "contract", NULL);
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    if (!contract)
        return ctl_misuse("say which: --contract CONTRACT");
    buffer_init(&body, 1024);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    write_time(&writer, "from", args_option(&ctl->args, "from", NULL));
    write_time(&writer, "to", args_option(&ctl->args, "to", NULL));
    json_key(&writer, "dry_run");
    json_write_bool(&writer, args_flag(&ctl->args, "dry-run"));
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/contracts/",
                             contract, "/rerate", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 5) : result;
}

const struct ctl_verb noun_usage_verbs[] = {
    /* before the verb without a noun, which any word may follow */
    {"usage", "rerate", "", 0, 0,
     "contract=CONTRACT*(its id) "
     "from=TIME(a time with its offset: records booked since; default the first) "
     "to=TIME(a time with its offset: records booked before; default the last) "
     "dry-run!(only tell)",
     "price a contract's records again, with the terms known now\n"
     "Price the contract's records again, with the terms known now, and book what they cost "
     "more or less as corrections. With --from and --to it is refused when a record outside of "
     "these booking times would cost something else, too; --dry-run only tells.",
     rerate},
    {NULL, "usage", "", 0, 0,
     "by=LIST(vendor, model, contract, group, device and class, and one of hour, day, week, "
     "month, quarter and year, with commas; default vendor,model) "
     "from=DAY(a day, as 2026-01-31; default today) "
     "to=DAY(the last day; default today) "
     "zone=ZONE(of the days, as Europe/Berlin; default each contract's own) "
     "vendor=VENDOR(only this one's) "
     "model=MODEL(only this one's) "
     "contract=CONTRACT(only this one's) "
     "group=GROUP(only its robots') "
     "device=ROBOT(only this robot's) "
     "top=N(so many rows, and the rest in one) "
     "sort=MEASURE(attempts, input, output or cost: the most first; default by name) "
     "csv!(a file for a spreadsheet)",
     "what was used and what it cost\n"
     "What was used and what it cost, from one day to another with both of them, today unless "
     "told otherwise; LIST is some of `vendor`, `model`, `contract`, `group`, `device`, `class` "
     "and one of `hour`, `day`, `week`, `month`, `quarter`, `year`, with commas. A `class` is one "
     "of "
     "tokens, requests, sound, pictures or video: a row for each, with its quantity. A robot in "
     "two groups counts in both. Days are each contract's own unless a --zone is given; hours "
     "are those of UTC. --sort puts the most `attempts`, `input`, `output` or `cost` first, and "
     "--top sums up all rows but the first N. --csv prints a file for a spreadsheet (RFC 4180), "
     "always with the columns period, vendor, model, contract, group, device, class, quantity, "
     "attempts, failed, uncertain, requests, input_uncached, input_cached, cache_write_5m, "
     "cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms, price, "
     "currency; what was not asked for is empty.\n"
     "\n"
     "    mynactl usage --by day,contract --from 2026-01-01 --to 2026-01-31 --csv\n"
     "    mynactl usage --by device --sort cost --top 10",
     show},
    {"import", "usage", "VENDOR FILE", 2, 2, "",
     "settle uncertain attempts by a vendor's usage file\n"
     "Compare a vendor's usage file (one JSON object per line) with what the robots counted, "
     "and settle what they could not know.",
     import},
    {"import", "list", "", 0, 0, "", "vendor usage files taken in", imports},
    {0},
};
