/* How many records a second are counted and priced: bill_add() alone, no database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/money/bill.h"

#define RECORDS 200000
#define DEVICES 1000

static const struct {
    const char *what;
    const char *charges;
} contracts[] = {
    {"prices by class",
     "{\"kind\":\"matrix\",\"per\":\"month\",\"unit\":1000000,\"prices\":{\"input_uncached\":"
     "\"0.80\",\"input_cached\":\"0.20\",\"output\":\"2.00\"}}"},
    {"tiers by month",
     "{\"kind\":\"graduated\",\"metric\":\"output\",\"per\":\"month\",\"tiers\":[{\"up_to\":"
     "20000000,\"price\":\"0\"},{\"price\":\"2.00\",\"unit\":1000000}]}"},
    {"active devices",
     "{\"kind\":\"unit\",\"metric\":\"active_devices\",\"measured\":\"ever\",\"per\":\"month\","
     "\"price\":\"3.00\"}"},
};

static enum status count_all(struct tally *tally, struct decimal *sum)
{
    char device[16];
    enum status status = STATUS_OK;

    for (int i = 0; i < RECORDS && status == STATUS_OK; i++) {
        const int64_t at_ms = INT64_C(1767225600000) + i * INT64_C(10000);
        struct tally_usage usage = {
            .at_ms = at_ms,
            .end_ms = at_ms,
            .device = device,
            .model = "m",
            .service_tier = "",
            .replaces = "",
            .gauge = "",
            .is_activity = true,
        };
        struct decimal price;
        unsigned unpriced;

        snprintf(device, sizeof device, "desk-%d", i % DEVICES);
        if (!fraction_is_decimal(fraction_of(100 + i % 900),
                                 &usage.quantities[CONTRACT_INPUT_UNCACHED]) ||
            !fraction_is_decimal(fraction_of(1 + i % 300), &usage.quantities[CONTRACT_OUTPUT]))
            return STATUS_INVALID;
        status = bill_add(tally, &usage, &price, &unpriced);
        if (status == STATUS_OK)
            status = decimal_add(*sum, price, sum);
    }
    return status;
}

static enum status measure(const char *what, const char *charges)
{
    char text[1024];
    struct json *json = NULL;
    struct arena *arena = NULL;
    struct contract contract;
    struct zone *zone = NULL;
    struct tally *tally = NULL;
    struct json_problem problem;
    struct decimal sum = {0};

    snprintf(text, sizeof text,
             "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\","
             "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},\"charges\":[%s]}",
             charges);
    enum status status = json_parse(span_text(text), &json, NULL);
    if (status == STATUS_OK)
        status = arena_create(&arena, 1 << 20);
    if (status == STATUS_OK)
        status = contract_read(json, arena, &contract, &problem);
    if (status == STATUS_OK)
        status = zone_open(&zone, contract.zone);
    if (status == STATUS_OK)
        status = tally_create(&tally, &contract, zone);

    int64_t start_ns = clock_mono_ns();
    if (status == STATUS_OK)
        status = count_all(tally, &sum);
    double seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
    if (status == STATUS_OK)
        printf("%-20s %12.0f records/s\n", what, RECORDS / seconds);
    tally_free(tally);
    zone_close(zone);
    arena_free(arena);
    json_free(json);
    return status;
}

int main(void)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof contracts / sizeof *contracts && status == STATUS_OK; i++)
        status = measure(contracts[i].what, contracts[i].charges);
    if (status != STATUS_OK)
        fprintf(stderr, "bill_rate: %s\n", status_text(status));
    return status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
