-- Month statements: what finance was told, kept as it was told. What is learned later is a
-- correction in the next one.

CREATE TABLE myna.statement (
    contract_id     myna.slug NOT NULL REFERENCES myna.contract,
    month           date NOT NULL CHECK (extract(day FROM month) = 1),
    locked_at       timestamptz NOT NULL DEFAULT now(),
    locked_by       text NOT NULL,
    currency        text NOT NULL,
    total           numeric NOT NULL,
    document        jsonb NOT NULL,                 -- lines, corrections, rule, allocation
    PRIMARY KEY (contract_id, month)
);

CREATE FUNCTION myna.statement_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a statement is locked';
END $$;
CREATE TRIGGER statement_stands BEFORE UPDATE OR DELETE ON myna.statement
    FOR EACH ROW EXECUTE FUNCTION myna.statement_stands();

CREATE OR REPLACE VIEW myna.usage_month_closed AS
    SELECT contract_id::text AS contract_id, month FROM myna.statement;

-- Rows of usage that a back office reported, so that none is booked twice: the same row again is
-- known by its hash. The usage itself is in myna.usage, in a journal of the vendor's own.
CREATE TABLE myna.vendor_usage (
    vendor_id       myna.slug NOT NULL REFERENCES myna.vendor,
    request_id      text NOT NULL,
    row_hash        bytea NOT NULL,
    seq             bigint NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT now(),
    received_by     text NOT NULL,
    PRIMARY KEY (vendor_id, request_id)
);
CREATE INDEX vendor_usage_seq ON myna.vendor_usage (vendor_id, seq);
