#include "tests/vendors/settings.h"

#include "schema/base/buffer.h"

#define MAX_LIST_BYTES (1u << 20)

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec specs[] = {
    {"listen", OPTION_TEXT, "127.0.0.1", AT(listen), .help = "numeric address to listen on"},
    {"port", OPTION_INT, "0", .max = 65535, AT(port), .help = "port; 0 chooses a free one"},
    {"keys", OPTION_TEXT, AT(keys), .help = "file of API keys, one per line; read again on change"},
    {"key", OPTION_TEXT, "", AT(key), .help = "an API key; may come several times"},
    {"models", OPTION_TEXT,
     "dahan-chat,dahan-chat-think,erxian-mini,erxian-mini-think,dahan-voice,dahan-ear", AT(models),
     .help = "models between commas; one whose name ends in -think thinks first"},
    {"sentences", OPTION_TEXT, "/usr/share/games/fortunes", AT(sentences),
     .help = "folder of fortune files that answers are drawn from"},
    {"voice", OPTION_TEXT, "myna-voice", AT(voice),
     .help = "program that says what /v1/audio/speech is asked for"},
    {"ledger", OPTION_TEXT, AT(ledger), .help = "file to append the ledger to, as JSON lines"},
    {"fault", OPTION_TEXT, "", AT(fault),
     .help = "NAME=VALUE: probability of 429 quota 500 503 cut stall no_usage mid_error under_200 "
             "filter, or "
             "tokens_per_s first_token_ms jitter_ms retry_after_s stall_s; may come several times"},
    {"seed", OPTION_INT, "1", .max = INT64_MAX, AT(seed), .help = "of all chance"},
    {"help", OPTION_FLAG, "false", AT(help), .help = "print this and exit"},
};

static const struct option_table table = {
    .program = "myna-vendors", .specs = specs, .count = sizeof specs / sizeof *specs};

/* The next value of option in argv behind *at; NULL: no more. */
static const char *next_value(int argc, char **argv, const char *option, int *at)
{
    size_t size = strlen(option);

    for (int i = *at + 1; i < argc; i++) {
        if (strncmp(argv[i], option, size) != 0)
            continue;
        *at = i;
        if (argv[i][size] == '=')
            return argv[i] + size + 1;
        if (argv[i][size] == '\0' && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}

/* The table keeps the last value of a repeated option alone: joins all of them by commas. NULL: out
 * of memory. */
static char *join(int argc, char **argv, const char *option, const char *parsed)
{
    int at = 0;
    const char *value = next_value(argc, argv, option, &at);
    struct buffer joined;

    if (value == NULL)
        return strdup(parsed);
    buffer_init(&joined, MAX_LIST_BYTES);
    buffer_text(&joined, value);
    while ((value = next_value(argc, argv, option, &at)) != NULL) {
        buffer_byte(&joined, ',');
        buffer_text(&joined, value);
    }
    char *text = buffer_status(&joined) == STATUS_OK ? strdup(buffer_cstring(&joined)) : NULL;
    buffer_release(&joined);
    return text;
}

enum status settings_parse(int argc, char **argv, struct settings *out, char problem[256])
{
    struct settings settings = {.port = 0};
    int rest = 0;
    enum status status = option_parse(&table, NULL, argc, argv, &settings, &rest, problem);

    if (status != STATUS_OK)
        return status;
    if (rest < argc) {
        snprintf(problem, 256, "\"%.100s\" is no option (hint: --help lists them)", argv[rest]);
        return STATUS_INVALID;
    }
    settings.key = settings.owned[0] = join(argc, argv, "--key", settings.key);
    settings.fault = settings.owned[1] = join(argc, argv, "--fault", settings.fault);
    if (settings.key == NULL || settings.fault == NULL) {
        settings_release(&settings);
        snprintf(problem, 256, "--key or --fault: %s", status_text(STATUS_MEMORY));
        return STATUS_MEMORY;
    }
    *out = settings;
    return STATUS_OK;
}

void settings_release(struct settings *settings)
{
    free(settings->owned[0]);
    free(settings->owned[1]);
}

void settings_print_help(FILE *out)
{
    option_print_help(&table, out);
}
