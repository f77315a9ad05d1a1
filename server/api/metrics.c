#include "server/api/metrics.h"

#include <inttypes.h>

#include "server/api/guesses.h"
#include "server/bus/bus.h"
#include "server/bus/ingest.h"
#include "server/jobs/outbox.h"
#include "server/store/gauges.h"
#include "server/store/usage_report.h"

static void head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_format(out, "# HELP myna_%s %s\n# TYPE myna_%s %s\n", name, help, name, type);
}

static void one(struct buffer *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    head(out, name, type, help);
    buffer_format(out, "myna_%s %" PRIu64 "\n", name, value);
}

/* Of both listeners. */
static void write_connections(const struct api *api, const struct guests_counts *dashboard,
                              struct buffer *out)
{
    struct http_counts counts = {0};

    if (api->device_http != NULL)
        http_counts(api->device_http, &counts);
    const struct guests_counts *robots = &counts.connections;
    const struct {
        const char *name, *type, *help;
        uint64_t dashboard, robots;
    } families[] = {
        {"http_connections", "gauge", "open connections", dashboard->present, robots->present},
        {"http_connections_refused_total", "counter",
         "connections refused because too many were open", dashboard->refused, robots->refused},
        {"http_connections_cut_total", "counter", "connections cut because they took too long",
         dashboard->cut, robots->cut},
    };

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        head(out, families[i].name, families[i].type, families[i].help);
        buffer_format(out, "myna_%s{listener=\"dashboard\"} %" PRIu64 "\n", families[i].name,
                      families[i].dashboard);
        buffer_format(out, "myna_%s{listener=\"robots\"} %" PRIu64 "\n", families[i].name,
                      families[i].robots);
    }
}

static void write_http(const struct api *api, struct buffer *out)
{
    struct http_counts counts;

    http_counts(api->http, &counts);
    head(out, "http_answers_total", "counter", "HTTP answers by class of status");
    for (int i = 1; i < 6; i++)
        buffer_format(out, "myna_http_answers_total{class=\"%dxx\"} %" PRIu64 "\n", i,
                      counts.answers[i]);
    one(out, "http_refused_total", "counter", "requests refused because too many were waiting",
        counts.refused);
    write_connections(api, &counts.connections, out);
    one(out, "http_waiting", "gauge", "requests that wait for a worker", counts.queued);
    one(out, "event_streams", "gauge", "open event streams", hub_streams(api->hub));
    one(out, "event_streams_dropped_total", "counter", "event streams cut off for being slow",
        hub_dropped(api->hub));
}

static void write_logins(const struct api *api, struct buffer *out)
{
    struct guesses_counts counts;

    guesses_count(api->guesses, &counts);
    one(out, "logins_failed_total", "counter", "logins with a wrong name or password",
        counts.wrong);
    one(out, "logins_slowed_total", "counter", "logins refused because too many had failed",
        counts.slowed);
}

static void write_brokers(struct bus *bus, size_t count, struct buffer *out)
{
    struct bus_broker broker;

    head(out, "broker_connected", "gauge", "1 while connected to the broker");
    for (size_t i = 0; i < count; i++) {
        bus_read_broker(bus, i, &broker);
        buffer_format(out, "myna_broker_connected{broker=\"%s\"} %d\n", broker.address,
                      broker.is_connected);
    }
    head(out, "broker_connections_total", "counter", "connections made to the broker");
    for (size_t i = 0; i < count; i++) {
        bus_read_broker(bus, i, &broker);
        buffer_format(out, "myna_broker_connections_total{broker=\"%s\"} %" PRIu64 "\n",
                      broker.address, broker.connections);
    }
}

static void write_bus(const struct api *api, struct buffer *out)
{
    struct bus_stats stats;

    bus_read_stats(api->bus, &stats);
    write_brokers(api->bus, stats.brokers, out);
    one(out, "bus_received_total", "counter", "messages from robots", stats.received);
    one(out, "bus_refused_total", "counter", "messages lost to a full queue; robots send again",
        stats.refused);
    one(out, "bus_shed_total", "counter", "reports dropped because the queue was nearly full",
        stats.shed);
    one(out, "bus_published_total", "counter", "messages to robots", stats.published);
    one(out, "bus_unsent_total", "counter", "messages that the broker did not take", stats.unsent);
    one(out, "bus_queued", "gauge", "messages that wait for the ingest", stats.queued);
    one(out, "bus_in_flight", "gauge", "messages that the broker has not acknowledged",
        stats.in_flight);
}

static void write_ingest(const struct api *api, struct buffer *out)
{
    struct ingest_stats stats;

    ingest_read_stats(api->ingest, &stats);
    one(out, "ingest_batches_total", "counter", "transactions of the ingest", stats.batches);
    one(out, "ingest_messages_total", "counter", "messages taken into the database",
        stats.messages);
    one(out, "usage_records_total", "counter", "usage records booked", stats.records);
    one(out, "usage_duplicates_total", "counter", "usage records that were counted before",
        stats.duplicates);
    one(out, "usage_quarantined_total", "counter", "usage records that could not be booked",
        stats.quarantined);
    one(out, "journal_forks_total", "counter", "journals found forked", stats.forks);
    one(out, "journal_gaps_total", "counter", "gaps in journals", stats.gaps);
    one(out, "usage_adjustments_total", "counter", "lost records booked by their sum",
        stats.adjustments);
    one(out, "messages_stale_total", "counter", "authentic messages that came too late",
        stats.stale);
    one(out, "messages_replayed_total", "counter", "messages that were sent before",
        stats.replayed);
    one(out, "messages_forged_total", "counter", "messages that were not authentic", stats.forged);
    one(out, "messages_dropped_total", "counter",
        "messages of unknown or revoked robots, and unreadable ones", stats.dropped);
    one(out, "credit_grants_total", "counter", "credit given to robots' lines", stats.grants);
    one(out, "ingest_retries_total", "counter", "batches begun again", stats.retries);
}

static void write_outbox(const struct api *api, struct buffer *out)
{
    struct outbox_stats stats;

    outbox_read_stats(api->outbox, &stats);
    one(out, "configs_sent_total", "counter", "configurations sent to robots", stats.configs);
    one(out, "states_sent_total", "counter", "state messages sent to robots", stats.states);
    one(out, "commands_sent_total", "counter", "commands sent to robots", stats.commands);
    one(out, "outbox_failures_total", "counter", "messages that could not be made or sent",
        stats.failures);
}

static void write_fleet(const struct api *api, struct arena *arena, struct buffer *out)
{
    static const char *const states[] = {"total", "online", "offline", "silent", "behind"};
    struct span text;
    struct json *fleet;
    int64_t robots;

    bool there = usage_report_fleet(api->store, arena, &text, &robots) == STATUS_OK &&
                 json_parse(text, &fleet, NULL) == STATUS_OK;
    one(out, "database_up", "gauge", "1 while the database answers", there);
    if (!there)
        return;
    head(out, "devices", "gauge", "robots by state");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        buffer_format(out, "myna_devices{state=\"%s\"} %" PRId64 "\n", states[i],
                      json_int(json_member(fleet, states[i]), 0));
    one(out, "alerts_open", "gauge", "alerts that nobody has acknowledged",
        (uint64_t)json_int(json_member(fleet, "open_alerts"), 0));
    json_free(fleet);
}

/* A label's value as the text format wants it. */
static void put_quoted(struct buffer *out, const char *text)
{
    buffer_byte(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buffer_byte(out, '\\');
        buffer_byte(out, *text == '\n' ? ' ' : (uint8_t)*text);
    }
    buffer_byte(out, '"');
}

struct family {
    const char *name;
    const char *help;
    const char *member; /* of a row, that has its value */
};

/* Each family with all rows; labels: the members that tell a row from others, NULL behind the last.
 */
static void write_rows(const struct json *rows, const struct family *families, size_t count,
                       const char *const *labels, struct buffer *out)
{
    for (size_t i = 0; i < count && json_count(rows) > 0; i++) {
        head(out, families[i].name, "gauge", families[i].help);
        for (size_t k = 0; k < json_count(rows); k++) {
            const struct json *row = json_item(rows, k);
            const struct json *value = json_member(row, families[i].member);
            const char *amount = json_text(value, NULL);

            buffer_format(out, "myna_%s", families[i].name);
            for (size_t n = 0; labels[n] != NULL; n++) {
                buffer_format(out, "%c%s=", n == 0 ? '{' : ',', labels[n]);
                put_quoted(out, json_text(json_member(row, labels[n]), ""));
            }
            if (amount != NULL) /* an amount, which may have decimals */
                buffer_format(out, "} %s\n", amount);
            else
                buffer_format(out, "} %" PRId64 "\n", json_int(value, 0));
        }
    }
}

static void write_pools(const struct json *pools, struct buffer *out)
{
    static const struct family families[] = {
        {"pool_limit", "what a cap or budget allows in its period, in its unit", "limit"},
        {"pool_spent", "what is spent of a cap or budget, in its unit", "spent"},
        {"pool_held", "what robots hold of a cap or budget as credit, in its unit", "held"},
    };
    static const char *const labels[] = {"source", "unit", NULL};

    write_rows(pools, families, sizeof families / sizeof *families, labels, out);
}

static void write_vendors(const struct json *vendors, struct buffer *out)
{
    static const struct family families[] = {
        {"vendor_recent_attempts", "attempts since the hour before this one began", "attempts"},
        {"vendor_recent_failures", "those of vendor_recent_attempts that failed", "failed"},
    };
    static const char *const labels[] = {"vendor", NULL};

    write_rows(vendors, families, sizeof families / sizeof *families, labels, out);
}

static void write_owed(const struct json *owed, struct buffer *out)
{
    static const char *const kinds[] = {"config", "state", "command"};

    head(out, "outbox_oldest_seconds", "gauge",
         "how long what a connected robot is owed has been due, the longest, by kind");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        buffer_format(out, "myna_outbox_oldest_seconds{kind=\"%s\"} %.3f\n", kinds[i],
                      json_double(json_member(owed, kinds[i]), 0));
}

static void write_gauges(const struct api *api, struct arena *arena, struct buffer *out)
{
    struct span text;
    struct json *gauges;

    if (gauges_read(api->store, arena, &text) != STATUS_OK ||
        json_parse(text, &gauges, NULL) != STATUS_OK)
        return;
    write_pools(json_member(gauges, "pools"), out);
    write_vendors(json_member(gauges, "vendors"), out);
    write_owed(json_member(gauges, "owed"), out);
    json_free(gauges);
}

void metrics_write(const struct api *api, struct arena *arena, struct buffer *out)
{
    if (api->http != NULL)
        write_http(api, out);
    if (api->guesses != NULL)
        write_logins(api, out);
    if (api->bus != NULL)
        write_bus(api, out);
    if (api->ingest != NULL)
        write_ingest(api, out);
    if (api->outbox != NULL)
        write_outbox(api, out);
    write_fleet(api, arena, out);
    write_gauges(api, arena, out);
}
