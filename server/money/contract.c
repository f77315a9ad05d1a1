#include "server/money/contract.h"

#include <string.h>

#include "server/money/contract_parts.h"

#define TERM_DAYS 36525

#define MEMBERS                                                                                    \
    "contract|vendor|currency|zone|term|grace_days|termination|amendments|" CONTRACT_TERMS_MEMBERS

/* ISO 4217: the currencies whose minor unit is not a hundredth. */
static unsigned minor_places(const char *currency)
{
    static const char none[] =
        "BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF";
    static const char three[] = "BHD|IQD|JOD|KWD|LYD|OMR|TND";
    static const char four[] = "CLF|UYW";

    if (span_is_choice(span_text(currency), none))
        return 0;
    if (span_is_choice(span_text(currency), three))
        return 3;
    return span_is_choice(span_text(currency), four) ? 4 : 2;
}

static void read_currency(struct reading *reading, const struct json *document,
                          struct contract *contract)
{
    const char *text = reading_text(reading, document, "currency", 64);

    if (!text)
        return;
    if (strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        reading_refuse(reading, "currency", "must be an ISO 4217 code: CNY");
    contract->currency = text;
    contract->minor_places = minor_places(text);
}

static void read_term(struct reading *reading, const struct json *document,
                      struct contract *contract)
{
    const struct json *term = json_member(document, "term");
    size_t mark = reading_enter(reading, "term");

    contract->term_first = contract->term_end = CONTRACT_NO_DAY;
    if (term && reading_object(reading, term, "from|to", "from|to")) {
        reading_day(reading, term, "from", &contract->term_first);
        reading_day(reading, term, "to", &contract->term_end);
        if (contract->term_first >= contract->term_end)
            reading_refuse(reading, "to", "must be later than from; the term ends before this day");
        else if (contract->term_end - contract->term_first > TERM_DAYS)
            reading_refuse(reading, "to", "makes a term of more than a hundred years");
    }
    reading_leave(reading, mark);
}

enum status contract_read(const struct json *document, struct arena *arena, struct contract *out,
                          struct json_problem *problem)
{
    struct contract contract = {0};
    struct reading reading;

    reading_init(&reading, arena, problem);
    if (reading_object(&reading, document, MEMBERS, "contract|vendor|currency|zone|charges")) {
        contract.contract_id = reading_slug(&reading, document, "contract");
        contract.vendor_id = reading_slug(&reading, document, "vendor");
        contract.zone = reading_text(&reading, document, "zone", 64);
        read_currency(&reading, document, &contract);
        read_term(&reading, document, &contract);
        contract.grace_days = reading_int(&reading, document, "grace_days", 0, 366, 0);
        contract_termination_read(&reading, document, &contract);
        contract_versions_read(&reading, document, &contract);
    }
    if (!reading_failed(&reading))
        *out = contract;
    return reading_status(&reading);
}
