/* inquiry.h - a what-if question, a document of JSON, made into a comparison
 *
 *     {"contracts": [{"contract": "dahan-2026"}, {"document": {...}, "as": {"m": "n", "*": "o"}}],
 *      "devices": {"from": 0, "to": 60000}, "at": 12000,
 *      "days": 30  or  "profile": {...},
 *      "load_percent": 100, "rates": [{"currency", "rate", "date"}], "term": {"from", "to"},
 *      "loads": true, "lines": true}
 *
 * No I/O but the time zone database.
 */
#ifndef SERVER_MONEY_INQUIRY_H
#define SERVER_MONEY_INQUIRY_H

#include "server/money/comparison.h"

#define INQUIRY_SIDES     8
#define INQUIRY_MOST_DAYS 366
#define INQUIRY_PROBLEMS  20

struct inquiry {
    struct comparison comparison;
    struct comparison_side sides[INQUIRY_SIDES];
    struct comparison_rate rates[INQUIRY_SIDES];
    struct whatif_profile profile;
    bool wants_loads; /* the costs under other loads, for a picture over usage */
    bool wants_lines; /* the bills at the chosen size, line by line */
};

/* Gives a contract by its id; what it points to lives as long as the inquiry. STATUS_NOT_FOUND. */
typedef enum status (*inquiry_find)(void *context, const char *contract_id, struct contract *out);

/* Over how many days usage is to be measured; 0: the question brings its profile. STATUS_INVALID:
 * *problem names the member. */
MUST_CHECK enum status inquiry_days(const struct json *question, int64_t *days,
                                    struct json_problem *problem);

/* profile: what was measured, or NULL where the question brings its own; source says where it is
 * from. Texts are copied into the arena. The caller releases the comparison with
 * comparison_release() whatever the status. STATUS_INVALID: problems, which has room for
 * INQUIRY_PROBLEMS, name the members, of one document all; STATUS_MEMORY; and what find gives
 * beside STATUS_NOT_FOUND. */
MUST_CHECK enum status inquiry_read(const struct json *question, const struct json *profile,
                                    const char *source, inquiry_find find, void *context,
                                    struct arena *arena, struct inquiry *out,
                                    struct json_problem *problems, size_t *problem_count);

#endif
