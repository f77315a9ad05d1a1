#include "agent/config.h"

#include <stddef.h>
#include <stdlib.h>

#include "agent/face/face.h"
#include "schema/wire/window_size.h"

#define CONFIG_FILE MYNA_SYSCONFDIR "/myna/myna-agent.conf"

#define FIELD(name) .offset = offsetof(struct config, name)

static const struct option_spec specs[] = {
    {"state_dir", OPTION_TEXT, "/var/lib/myna-agent", FIELD(state_dir), .value = "FOLDER",
     .help = "folder of keys, journal and configuration"},
    {"socket", OPTION_TEXT, NULL, FIELD(socket), .value = "PATH",
     .help = "local socket; default agent.sock in the state folder",
     .more =
         "By it `ask`, `chat`, `status` and others reach the running robot. At most 107 bytes."},
    {"display", OPTION_CHOICE, "auto", .choices = "auto|window|headless", FIELD(display),
     .help = "where the face is drawn",
     .more = "`auto` opens a window when `DISPLAY` or `WAYLAND_DISPLAY` is set; otherwise the "
             "robot is headless: each answer becomes a short video, made by `ffmpeg`. For a bare "
             "console say `--video-driver kmsdrm`."},
    {"audio", OPTION_CHOICE, "auto", .choices = "auto|alsa|file", FIELD(audio),
     .help = "where the voice is heard; file: into the videos",
     .more = "`auto` uses the sound device when there is one; `alsa` fails without one; `file` "
             "plays to nobody, in real time, so that the sound is in the videos alone."},
    {"display_size", OPTION_TEXT, "480x480", FIELD(display_size), .value = "WIDTHxHEIGHT",
     .help = "width and height of the face's window, 240x240 to 1280x800",
     .more = "The window has that size when it opens. The server's setting `window_size` counts "
             "instead where it is not "
             "empty. A screen without windows is filled."},
    {"video_driver", OPTION_TEXT, "", FIELD(video_driver), .value = "NAME",
     .help = "SDL's video driver: x11, wayland, kmsdrm; empty: SDL chooses"},
    {"panel_latency_ms", OPTION_INT, "0", .min = -FACE_MAX_LATENCY_MS, .max = FACE_MAX_LATENCY_MS,
     FIELD(panel_latency_ms), .value = "NUMBER",
     .help = "how late the panel lights up; below 0: how late a loudspeaker (Bluetooth) sounds",
     .more =
         "Milliseconds from when its pixels were set; pictures are drawn so much further ahead. "
         "What the display's driver adds is known without this."},
    {"avatars", OPTION_TEXT, MYNA_DATADIR "/avatars", FIELD(avatars), .value = "FOLDER",
     .help = "folder of avatars, NAME.svg; the setting avatar chooses one",
     .more = "The built-in myna stands in for one that is "
             "missing or bad."},
    {"media_dir", OPTION_TEXT, NULL, FIELD(media_dir), .value = "FOLDER",
     .help = "videos of answers when headless; default media in the state folder"},
    {"voice", OPTION_TEXT, MYNA_BINDIR "/myna-voice", FIELD(voice), .value = "PROGRAM",
     .help = "the voice program"},
    {"vendor_voice", OPTION_TEXT, MYNA_BINDIR "/myna-voice-http", FIELD(vendor_voice),
     .value = "PROGRAM",
     .help = "the voice program that speaks by vendors, where routes are for speech",
     .more = "It asks the vendor's speech endpoint. Whatever it cannot say is said by the voice "
             "program."},
    {"ear", OPTION_CHOICE, "button", .choices = "off|button|wake", FIELD(ear),
     .help = "how it may be spoken to, at most: wake opens the microphone, for a phrase in English",
     .more =
         "It is the owner's word, which no server can go beyond; the setting `ear_mode` may take "
         "away from it."
         "\n\n"
         "With `button` the microphone is open from the moment at which its owner presses the "
         "button (the space bar in the face's window, or a line `{\"button\":true}` on the local "
         "socket) until the question ends: when the button is let go, or after a mere tap when the "
         "owner falls silent, at the latest after 15 seconds. At all other times it is closed."
         "\n\n"
         "With `wake` it is open unless the ear is muted, and the robot waits for the phrase of "
         "the setting `wake_phrase`, such as \"excuse me robot\"; its screen says so. What it "
         "hears until then stays in the robot's memory for some seconds, and goes to the program "
         "of --wake and nowhere else. What is said behind the phrase is the question. Whoever "
         "talks over an answer has the robot lower its voice, and stop when they go on: what they "
         "say is the next question. Where the setting `language` is `zh` the button is needed, and "
         "the screen says that. The button works all the same."
         "\n\n"
         "What is said is uploaded, while it is said, to the first vendor whose route is for "
         "transcription."},
    {"wake", OPTION_TEXT, MYNA_BINDIR "/myna-wake", FIELD(wake), .value = "PROGRAM",
     .help = "the program that waits for the wake phrase"},
    {"ear_device", OPTION_TEXT, "default", FIELD(ear_device), .value = "NAME",
     .help = "the microphone: an ALSA name, or file:PATH of a WAV file"},
    {"regions", OPTION_TEXT, "", FIELD(regions), .value = "LIST",
     .help = "vendors' regions this robot may use, as cn,sg; empty: any"},
    {"update_keys", OPTION_TEXT, MYNA_SYSCONFDIR "/myna/update-keys.pem", FIELD(update_keys),
     .value = "FILE",
     .help =
         "public keys by which software for this robot is signed; without the file it takes none",
     .more = "The file is PEM, with one key or several."},
    {"update_dir", OPTION_TEXT, MYNA_SYSCONFDIR "/myna/update.d", FIELD(update_dir),
     .value = "FOLDER", .help = "folder of the programs that install software, by its kind",
     .more = "Each is named for the kind that it installs; `schema/MANIFEST.md` tells what they "
             "are asked to do."},
    {"update_ca", OPTION_TEXT, NULL, FIELD(update_ca), .value = "FILE",
     .help = "PEM certificates of the servers of software; default the system's"},
    {"update_max_mib", OPTION_INT, "512", .min = 1, .max = 4096, FIELD(update_max_mib),
     .value = "MIB", .help = "MiB of the largest file of software"},
    {"update_rate_kib", OPTION_INT, "0", .min = 0, .max = 1048576, FIELD(update_rate_kib),
     .value = "KIB", .help = "KiB a second of such a file; 0: as fast as it comes"},
    {"log_level", OPTION_CHOICE, "info", .choices = "debug|info|warning|error", FIELD(log_level),
     .help = "least severe line that is logged"},
    {"url", OPTION_TEXT, NULL, FIELD(url), .value = "URL",
     .help =
         "enrol, pair: the company's enrolment address, https://host:port; a label's URI has it",
     .more = "Also where a robot renews that enrolled before addresses were kept."},
    {"claim", OPTION_TEXT, NULL, FIELD(claim), .value = "CODE",
     .help = "enrol: the claim code, or the URI of a label's QR code",
     .more = "Such a URI is `myna:enrol?claim=CODE&url=https://host:port`."},
    {"device_id", OPTION_TEXT, NULL, FIELD(device_id), .value = "ID",
     .help = "enrol, pair: this robot's id, 1 to 48 of a-z, 0-9 and dash"},
    {"serial", OPTION_TEXT, NULL, FIELD(serial), .value = "NUMBER",
     .help = "enrol, pair: the serial number on its label; default the id"},
    {"pair", OPTION_FLAG, NULL, FIELD(pair),
     .help = "a robot that belongs to nobody pairs first, then runs",
     .more = "One that belongs to somebody runs at once."},
    {"language", OPTION_CHOICE, "auto", .choices = "auto|en|zh", FIELD(language),
     .help = "pair: in which it speaks; auto: by LANG",
     .more = "The robot has no settings yet that could tell."},
    {"unattended", OPTION_FLAG, NULL, FIELD(unattended),
     .help = "pair: ask nobody at the robot whether it is right that it is let in",
     .more = "For a robot without button and terminal; whoever answers in the server's place may "
             "then take it, which shows in that no operator has typed its digits."},
    {"sheet", OPTION_TEXT, NULL, FIELD(sheet), .value = "FILE",
     .help = "avatar: draw every mouth, mood and feeling into this PNG file"},
    {"help", OPTION_FLAG, NULL, FIELD(help), .help = "print all this and exit"},
    {"version", OPTION_FLAG, NULL, FIELD(version), .help = "print the version and exit"},
};

static const struct option_table table = {
    .program = "myna-agent",
    .env_prefix = "MYNA_AGENT",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static const struct {
    const char *name;
    enum config_command command;
    bool takes_text;
} commands[] = {
    {"enrol", CONFIG_ENROL, false},
    {"pair", CONFIG_PAIR, false},
    {"ask", CONFIG_ASK, true},
    {"chat", CONFIG_CHAT, false},
    {"status", CONFIG_STATUS, false},
    {"avatar", CONFIG_AVATAR, true},
    {"forget", CONFIG_FORGET, false},
    {"hear", CONFIG_HEAR, true},
    {"mute", CONFIG_MUTE, false},
    {"unmute", CONFIG_UNMUTE, false},
    {"consent", CONFIG_CONSENT, true},
    {"renew", CONFIG_RENEW, false},
    {"selftest", CONFIG_SELFTEST, false},
};

static enum status take_command(struct config *config, char **words, size_t count,
                                char problem[256])
{
    if (count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) != 0)
            continue;
        if (count != (commands[i].takes_text ? 2u : 1u)) {
            snprintf(problem, 256, "%s takes %s; put a question in quotes", words[0],
                     commands[i].takes_text ? "one text or file" : "options only");
            return STATUS_INVALID;
        }
        config->command = commands[i].command;
        config->text = commands[i].takes_text ? words[1] : NULL;
        return STATUS_OK;
    }
    snprintf(problem, 256, "no such command: \"%.80s\"; see --help", words[0]);
    return STATUS_INVALID;
}

static enum status read_size(struct config *config, char problem[256])
{
    struct window_size size;
    enum status status = window_size_read(span_text(config->display_size), &size);

    if (status != STATUS_OK) {
        snprintf(problem, 256,
                 "display_size is \"%.40s\": write it as 480x480, from %dx%d to %dx%d",
                 config->display_size, WINDOW_SIZE_LEAST, WINDOW_SIZE_LEAST, WINDOW_SIZE_MAX_WIDTH,
                 WINDOW_SIZE_MAX_HEIGHT);
        return status;
    }
    config->width = size.width;
    config->height = size.height;
    return STATUS_OK;
}

/* "myna-agent A enrol B" is read as "myna-agent A B enrol": the table's parser stops at the first
 * word that is no option. */
enum status config_parse(int argc, char **argv, struct config *config, char problem[256])
{
    char **moved = calloc((size_t)argc + 1, sizeof *moved);
    int command_at = argc, rest = argc;
    enum status status = STATUS_MEMORY;

    snprintf(problem, 256, "out of memory");
    if (moved)
        status = option_parse(&table, CONFIG_FILE, argc, argv, config, &command_at, problem);
    if (status == STATUS_OK && command_at < argc) {
        memcpy(moved, argv, (size_t)argc * sizeof *moved);
        memmove(moved + command_at, moved + command_at + 1,
                (size_t)(argc - command_at - 1) * sizeof *moved);
        moved[argc - 1] = NULL;
        status = option_parse(&table, CONFIG_FILE, argc - 1, moved, config, &rest, problem);
    }
    if (status == STATUS_OK && command_at < argc) {
        /* what is left: the command, then the words behind the options */
        char *words[4] = {argv[command_at]};
        size_t count = 1;

        for (; rest < argc - 1 && count < 4; rest++)
            words[count++] = moved[rest];
        status = take_command(config, words, count, problem);
    }
    if (status == STATUS_OK)
        status = read_size(config, problem);
    free(moved);
    return status;
}

bool config_is_headless(const struct config *config)
{
    return strcmp(config->display, "headless") == 0 ||
           (strcmp(config->display, "auto") == 0 && !getenv("DISPLAY") &&
            !getenv("WAYLAND_DISPLAY") && !config->video_driver[0]);
}

void config_print_help(FILE *out)
{
    fputs(
        "usage: myna-agent [options]               run this robot\n"
        "       myna-agent [options] enrol         join a company: --url, --claim, --device-id\n"
        "       myna-agent [options] pair          the same by six spoken digits: --url, "
        "--device-id\n"
        "       myna-agent [options] renew         fetch this robot's next certificate now\n"
        "       myna-agent [options] selftest      tell whether this machine is fit to be a robot\n"
        "       myna-agent [options] ask TEXT      ask the running robot and print its answer\n"
        "       myna-agent [options] chat          talk with the running robot\n"
        "       myna-agent [options] status        tell how the running robot is\n"
        "       myna-agent [options] forget        wipe what was talked about\n"
        "       myna-agent [options] hear FILE     speak a WAV file to the running robot\n"
        "       myna-agent [options] mute          close the running robot's microphone for good\n"
        "       myna-agent [options] unmute        let it be opened again\n"
        "       myna-agent [options] consent yes|no answer what the company asks for\n"
        "       myna-agent [options] avatar FILE   check an avatar that somebody drew\n"
        "\n",
        out);
    option_print_help(&table, out);
}

const struct option_table *config_options(void)
{
    return &table;
}
