-- Usage by month, rolled up by hour, counted for bills, and corrected without being edited.

-- A row's stamp is the number of the transaction that wrote it, so that a reader can tell by a
-- snapshot, not by a clock, which rows were committed before it looked: all those below the oldest
-- transaction still under way. base keeps stamps growing when the database moves to another
-- cluster, whose transactions start again at low numbers.
CREATE TABLE myna.usage_cursor (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    base        bigint NOT NULL DEFAULT 0,
    done        bigint NOT NULL DEFAULT 0       -- stamps below it are in usage_hour
);
INSERT INTO myna.usage_cursor DEFAULT VALUES;

CREATE FUNCTION myna.usage_stamp() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT base + pg_current_xact_id()::text::bigint FROM myna.usage_cursor
$$;

ALTER TABLE myna.usage
    ADD service_tier text NOT NULL DEFAULT '',
    ADD stamp bigint NOT NULL DEFAULT myna.usage_stamp();
CREATE INDEX usage_stamp ON myna.usage USING brin (stamp) WITH (autosummarize = on);

-- Partitions by the month of arrival (UTC). A month is made before it begins; the default partition
-- is for surprises. What it holds already becomes a partition of its own, so that nothing moves.
CREATE FUNCTION myna.usage_month_start(of_month date) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT date_trunc('month', of_month)::timestamp AT TIME ZONE 'UTC'
$$;

-- False: it exists, or the default partition holds rows of that month, which is left alone.
CREATE FUNCTION myna.usage_make_month(of_month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name text := 'usage_' || to_char(of_month, 'YYYY_MM');
    begins timestamptz := myna.usage_month_start(of_month);
    ends timestamptz := myna.usage_month_start((of_month + interval '1 month')::date);
BEGIN
    IF to_regclass('myna.' || name) IS NOT NULL
        OR EXISTS (SELECT FROM myna.usage_default WHERE arrived_at >= begins AND arrived_at < ends)
    THEN
        RETURN false;
    END IF;
    -- whoever writes meanwhile waits; whoever cannot wait for us lets the job try again
    SET LOCAL lock_timeout = '2s';
    EXECUTE format('CREATE TABLE myna.%I PARTITION OF myna.usage FOR VALUES FROM (%L) TO (%L)',
                   name, begins, ends);
    RETURN true;
EXCEPTION WHEN duplicate_table OR invalid_object_definition THEN
    RETURN false; -- another instance made it, or an older partition reaches into the month
END $$;

DO $$
DECLARE
    next_month date := (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date;
BEGIN
    IF EXISTS (SELECT FROM myna.usage_default) THEN
        ALTER TABLE myna.usage DETACH PARTITION myna.usage_default;
        ALTER TABLE myna.usage_default RENAME TO usage_first;
        EXECUTE format('ALTER TABLE myna.usage ATTACH PARTITION myna.usage_first'
                       ' FOR VALUES FROM (MINVALUE) TO (%L)', myna.usage_month_start(next_month));
        CREATE TABLE myna.usage_default PARTITION OF myna.usage DEFAULT;
    ELSE
        PERFORM myna.usage_make_month((now() AT TIME ZONE 'UTC')::date);
    END IF;
    PERFORM myna.usage_make_month(next_month);
    PERFORM myna.usage_make_month((next_month + interval '1 month')::date);
END $$;

-- Months whose bills are final, by contract: their raw records may go. The migration that brings
-- statements replaces it.
CREATE VIEW myna.usage_month_closed AS
    SELECT NULL::text AS contract_id, NULL::date AS month WHERE false;

-- Partitions that end before a time, with everything in them rolled up, and every contract's local
-- months that they reach into closed.
CREATE FUNCTION myna.usage_months_that_may_go(before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    part record;
    is_kept boolean;
BEGIN
    FOR part IN
        SELECT c.relname AS name, substring(pg_get_expr(c.relpartbound, c.oid)
                                            FROM 'TO \(''([^'']+)''\)')::timestamptz AS ends
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'myna.usage'::regclass ORDER BY 2
    LOOP
        CONTINUE WHEN part.ends IS NULL OR part.ends > before;
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM myna.%1$I WHERE stamp >= (SELECT done FROM myna.usage_cursor))'
            ' OR EXISTS (SELECT FROM (SELECT u.contract_id,'
            '     date_trunc(''month'', u.at AT TIME ZONE c.zone)::date AS month'
            '   FROM myna.%1$I u JOIN myna.contract c USING (contract_id) GROUP BY 1, 2) used'
            '   WHERE NOT EXISTS (SELECT FROM myna.usage_month_closed closed'
            '     WHERE closed.contract_id = used.contract_id AND closed.month = used.month))',
            part.name) INTO is_kept;
        IF NOT is_kept THEN
            RETURN NEXT part.name;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION myna.usage_drop_month(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL lock_timeout = '2s';
    EXECUTE format('ALTER TABLE myna.usage DETACH PARTITION myna.%I', name);
    EXECUTE format('DROP TABLE myna.%I', name);
END $$;

-- What was booked wrong, as the difference that makes it right. Records are never edited: price and
-- quantities of a record are its own plus those of its corrections.
CREATE TABLE myna.usage_correction (
    correction_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id       text NOT NULL,
    journal_id      uuid NOT NULL,
    seq             bigint NOT NULL,
    at              timestamptz NOT NULL,           -- the record's
    vendor_id       text NOT NULL,
    model           text NOT NULL,
    contract_id     text NOT NULL,
    contract_version integer NOT NULL,              -- that rates it now
    currency        text NOT NULL,
    reason          text NOT NULL CHECK (reason IN ('rerate', 'import')),
    uncertain       bigint NOT NULL DEFAULT 0,      -- -1: settled by it
    input_uncached  bigint NOT NULL DEFAULT 0,
    input_cached    bigint NOT NULL DEFAULT 0,
    output          bigint NOT NULL DEFAULT 0,
    reasoning       bigint NOT NULL DEFAULT 0,
    price           numeric NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    stamp           bigint NOT NULL DEFAULT myna.usage_stamp()
);
CREATE INDEX usage_correction_stamp ON myna.usage_correction USING brin (stamp);
CREATE INDEX usage_correction_record ON myna.usage_correction (device_id, journal_id, seq);
CREATE INDEX usage_correction_contract ON myna.usage_correction (contract_id, at);

-- Hourly sums per device (UTC hours of the booking time), made from usage and its corrections by a
-- job: each row goes in once, in the transaction that moves the cursor past it.
CREATE TABLE myna.usage_hour (
    device_id       text NOT NULL,
    hour            timestamptz NOT NULL,
    contract_id     text NOT NULL,
    vendor_id       text NOT NULL,
    model           text NOT NULL,
    currency        text NOT NULL,
    attempts        bigint NOT NULL DEFAULT 0,
    failed          bigint NOT NULL DEFAULT 0,
    interrupted     bigint NOT NULL DEFAULT 0,
    uncertain       bigint NOT NULL DEFAULT 0,
    requests        bigint NOT NULL DEFAULT 0,
    input_uncached  bigint NOT NULL DEFAULT 0,
    input_cached    bigint NOT NULL DEFAULT 0,
    cache_write_5m  bigint NOT NULL DEFAULT 0,
    cache_write_1h  bigint NOT NULL DEFAULT 0,
    output          bigint NOT NULL DEFAULT 0,
    reasoning       bigint NOT NULL DEFAULT 0,
    audio_in_ms     bigint NOT NULL DEFAULT 0,
    audio_out_chars bigint NOT NULL DEFAULT 0,
    images          bigint NOT NULL DEFAULT 0,
    video_ms        bigint NOT NULL DEFAULT 0,
    price           numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (device_id, hour, contract_id, vendor_id, model, currency)
) WITH (fillfactor = 80);
CREATE INDEX usage_hour_hour ON myna.usage_hour USING brin (hour);

-- What contracts' charges count (server/money/tally.h); only ever added to, in the transaction that
-- books the records. After pools in the lock order.
CREATE TABLE myna.tally (
    contract_id     text NOT NULL,
    version         integer NOT NULL,
    charge          integer NOT NULL,
    cell            integer NOT NULL,
    device_id       text NOT NULL,                  -- "" when devices are not told apart
    at_day          bigint NOT NULL,                -- days since 1970-01-01, the contract's
    quantity        numeric NOT NULL,
    PRIMARY KEY (contract_id, version, charge, at_day, cell, device_id)
) WITH (fillfactor = 70);

-- Its lock orders the bookings of a contract whose prices depend on what was counted before; taken
-- after journals and before credit accounts. revision grows with each of them, so that who kept the
-- counts in memory sees whether they are still right.
CREATE TABLE myna.tally_head (
    contract_id     text PRIMARY KEY,
    revision        bigint NOT NULL
) WITH (fillfactor = 50);
