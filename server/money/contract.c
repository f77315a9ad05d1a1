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
        reading_refuse_form(reading, "currency",
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
        bool has_both = reading_day(reading, term, "from", &contract->term_first);

        has_both = reading_day(reading, term, "to", &contract->term_end) && has_both;

        if (has_both && contract->term_first >= contract->term_end)
            reading_refuse(reading, "to", "must be later than from; the term ends before this day");
        else if (has_both && contract->term_end - contract->term_first > TERM_DAYS)
            reading_refuse(reading, "to", "makes a term of more than a hundred years");
    }
    reading_leave(reading, mark);
}

/* What is wrong with one member says nothing about the others; with the term it does. */
static void read_head(struct reading *reading, const struct json *document,
                      struct contract *contract)
{
    contract->contract_id = reading_slug(reading, document, "contract");
    contract->vendor_id = reading_slug(reading, document, "vendor");
    contract->zone = reading_text(reading, document, "zone", 64);
    read_currency(reading, document, contract);
    reading_next(reading, READING_SURE);
    read_term(reading, document, contract);
    reading_next(reading, reading_failed(reading) ? READING_FORM : READING_SURE);
    contract->grace_days = reading_int(reading, document, "grace_days", 0, 366, 0);
    contract_termination_read(reading, document, contract);
    reading_next(reading, READING_SURE);
}

static enum status read_document(struct reading *reading, const struct json *document,
                                 struct contract *out)
{
    struct contract contract = {0};

    if (reading_object(reading, document, MEMBERS, "contract|vendor|currency|zone|charges") ||
        reading_next(reading, READING_SURE)) {
        read_head(reading, document, &contract);
        contract_versions_read(reading, document, &contract);
    }
    enum status status = reading_status(reading);
    if (status == STATUS_OK)
        *out = contract;
    return status;
}

enum status contract_read(const struct json *document, struct arena *arena, struct contract *out,
                          struct json_problem *problem)
{
    struct reading reading;

    reading_init(&reading, arena, problem);
    return read_document(&reading, document, out);
}

enum status contract_check(const struct json *document, struct arena *arena, struct contract *out,
                           struct json_problem *problems, size_t room, size_t *count)
{
    struct reading reading;

    reading_collect(&reading, arena, problems, room);
    enum status status = read_document(&reading, document, out);
    *count = reading.count;
    return status;
}
