#include "server/money/contract.h"

#include <string.h>

#include "server/money/contract_parts.h"
#include "server/money/currency.h"

#define TERM_DAYS 36525

#define MEMBERS                                                                                    \
    "contract|vendor|currency|zone|term|grace_days|termination|amendments|" CONTRACT_TERMS_MEMBERS

static void read_currency(struct reading *reading, const struct json *document,
                          struct contract *contract)
{
    const char *text = reading_text(reading, document, "currency", 64);

    if (!text)
        return;
    if (!currency_find(text, &contract->minor_places))
        reading_refuse(reading, "currency",
                       "must be the ISO 4217 code of a currency in use: CNY, EUR, JPY");
    contract->currency = text;
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
