#include "server/ctl/arithmetic.h"

#include <string.h>

#include "server/money/amount.h"

/* How a step's numbers stand: %q quantity, %p price, %u what the price is for. */
static const struct {
    const char *kind, *says;
} forms[] = {
    {"weight", "%q x %p%u points"},
    {"included", "included %q"},
    {"pack", "paid by packs %q"},
    {"free", "free %q"},
    {"units", "%q x %p%u"},
    {"packages", "%q in packages of %n, each started one x %p"},
    {"fee", "fee %q x %p"},
    {"days", "for %q of %p days only"},
    {"discount", "less %q x %p"},
    {"earlier", "less what %q under earlier terms come to"},
    {"maximum", "by the maximum of %q"},
    {"minimum", "by the minimum of %q"},
    {"promised", "promised %q"},
    {"counted", "less counted %q"},
    {"kept", "less kept from before %q"},
    {"missing", "missing %q x %p"},
    {"listed", "discounts withdrawn"},
    {"share", "%q x %p"},
    {"billed", "less what is billed already"},
    {"bound", "no more is left to take off"},
    {"amount", "amount"},
    {"was", "less what was stated"},
    {"rounding", "rounding"},
};

static const char *member(const struct json *step, const char *name)
{
    return json_text(json_member(step, name), "");
}

static void put_number(FILE *out, const char *before, const char *number)
{
    char text[AMOUNT_SIZE];

    snprintf(text, sizeof text, "%s", number);
    amount_group(text);
    fprintf(out, "%s%s", before, text);
}

static void put_form(FILE *out, const struct json *step, const char *says)
{
    for (; *says != '\0'; says++) {
        if (*says != '%') {
            fputc(*says, out);
            continue;
        }
        says++;
        if (*says == 'q')
            put_number(out, "", member(step, "quantity"));
        else if (*says == 'p')
            put_number(out, "", member(step, "price"));
        else if (*says == 'n')
            put_number(out, "", member(step, "per"));
        else if (*member(step, "per") != '\0')
            put_number(out, " / ", member(step, "per"));
    }
}

/* "output, small, above 10 up to 20: ", whatever of it there is. */
static void put_about(FILE *out, const struct json *step)
{
    static const struct {
        const char *member, *before;
        bool is_number;
    } abouts[] = {
        {"name", "", false},
        {"metric", "", false},
        {"of", "", false},
        {"above", "above ", true},
        {"up_to", "up to ", true},
        {"input_above", "input above ", true},
        {"input_up_to", "input up to ", true},
    };
    const char *between = "";

    for (size_t i = 0; i < sizeof abouts / sizeof *abouts; i++) {
        const char *text = member(step, abouts[i].member);

        if (*text == '\0')
            continue;
        fprintf(out, "%s%s", between, abouts[i].before);
        if (abouts[i].is_number)
            put_number(out, "", text);
        else
            fputs(text, out);
        between = ", ";
    }
    if (*between != '\0')
        fputs(": ", out);
}

void arithmetic_show(FILE *out, const struct json *line)
{
    const struct json *steps = json_member(line, "steps");

    for (size_t i = 0; i < json_count(steps); i++) {
        const struct json *step = json_item(steps, i);
        const char *kind = member(step, "kind"), *says = kind;

        for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
            if (strcmp(forms[k].kind, kind) == 0)
                says = forms[k].says;
        fputs("    ", out);
        put_about(out, step);
        put_form(out, step, says);
        put_number(out, " = ", member(step, "amount"));
        fputc('\n', out);
    }
}
