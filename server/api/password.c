#include "server/api/password.h"

#include <crypt.h>

#include "schema/base/crypto.h"

#define DIGITS_ALONE 16 /* from here on numbers are as good as words */

/* What is tried first, without the digits and signs that people put behind. */
static const char common[] =
    "password|passwort|passw0rd|p@ssword|p@ssw0rd|mypassword|password1|admin|administrator|"
    "root|toor|user|guest|test|testing|demo|operator|viewer|support|approver|default|"
    "changeme|changeit|letmein|welcome|hello|helloworld|secret|topsecret|qwerty|qwertyui|"
    "qwertyuiop|qwerty123|qwertz|qwertzui|azerty|azertyui|asdfghjk|asdfghjkl|zxcvbnm|"
    "1qaz2wsx|1q2w3e4r|q1w2e3r4|1qazxsw2|qazwsx|qazwsxedc|abc|abcd|iloveyou|woaini|loveyou|"
    "sunshine|princess|football|baseball|basketball|superman|batman|pokemon|starwars|trustno|"
    "whatever|dragon|monkey|master|shadow|michael|jennifer|jordan|computer|internet|samsung|"
    "google|robot|robots|robotics|summer|winter|spring|autumn|monday|friday|january|"
    "liverpool|chelsea|arsenal|corvette|mercedes|ferrari|cookie|charlie|access|login|"
    "nopassword|myna|mynad|mynactl|mynaadmin";

/* "aaaaaaaa", "12345678", "hgfedcba": each character is the same step from the one before. */
static bool is_run(const char *text)
{
    const int step = text[1] - text[0];

    for (size_t i = 1; text[i] != '\0'; i++) {
        const int here = text[i] - text[i - 1];
        const bool goes_round = text[i - 1] == '9' && text[i] == '0';

        if (here != step && !goes_round)
            return false;
    }
    return step >= -1 && step <= 1;
}

/* "Password2024!" is "password", and "12341234" is nothing. */
static void take_word(const char *password, char out[PASSWORD_MAX + 1])
{
    size_t size = 0;

    for (; size < PASSWORD_MAX && password[size] != '\0'; size++) {
        const char c = password[size];

        out[size] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    while (size > 0 && strchr("0123456789!@#$%&*.,?_-+= ", out[size - 1]) != NULL)
        size--;
    out[size] = '\0';
}

const char *password_problem(const char *password, const char *operator_id)
{
    char word[PASSWORD_MAX + 1];
    char name[PASSWORD_MAX + 1];

    if (strlen(password) < PASSWORD_MIN)
        return "must have 8 characters or more";
    take_word(password, word);
    take_word(operator_id, name);
    if (is_run(password))
        return "is one character or a run of them: whoever guesses begins with those";
    if (word[0] == '\0' && strlen(password) < DIGITS_ALONE)
        return "is digits and signs alone: whoever guesses begins with those";
    if (strcmp(word, name) == 0)
        return "is the operator's name: whoever guesses begins with that";
    if (span_is_choice(span_text(word), common))
        return "is among the commonest: whoever guesses begins with those";
    return NULL;
}

/* crypt_data is 32 KB: on the heap, wiped after use. */
static char *run(const char *password, const char *setting, struct crypt_data *data)
{
    char *out = crypt_rn(password, setting, data, sizeof *data);

    return out != NULL && out[0] != '*' ? out : NULL;
}

static bool make_salt(char out[CRYPT_GENSALT_OUTPUT_SIZE])
{
    char entropy[32];

    crypto_random(entropy, sizeof entropy);
    return crypt_gensalt_rn("$y$", 0, entropy, sizeof entropy, out, CRYPT_GENSALT_OUTPUT_SIZE) !=
           NULL;
}

enum status password_hash(const char *password, struct arena *arena, const char **hash)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    enum status status = STATUS_IO;

    if (data == NULL)
        return STATUS_MEMORY;
    const char *made = make_salt(salt) ? run(password, salt, data) : NULL;
    if (made != NULL) {
        *hash = arena_text(arena, span_text(made));
        status = *hash != NULL ? STATUS_OK : STATUS_MEMORY;
    }
    crypto_wipe(data, sizeof *data);
    free(data);
    return status;
}

bool password_fits(const char *password, const char *hash)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    bool fits = false;

    if (data == NULL)
        return false;
    const char *setting = hash != NULL ? hash : make_salt(salt) ? salt : NULL;
    const char *made = setting != NULL ? run(password, setting, data) : NULL;
    if (made != NULL && hash != NULL)
        fits = span_equal_secret(span_text(made), span_text(hash));
    crypto_wipe(data, sizeof *data);
    free(data);
    return fits;
}
