-- Invoices that vendors sent, checked against what robots recorded; month statements, once locked
-- never edited; usage that a back office reports for a vendor.

CREATE TABLE myna.invoice (
    invoice_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id       myna.slug NOT NULL REFERENCES myna.vendor,
    file_hash       bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    zone            text NOT NULL,                  -- of its days
    tolerance       numeric NOT NULL,               -- per cent of the larger side
    first_day       date,                           -- of rows by day; NULL: none
    last_day        date,
    compared        bigint NOT NULL DEFAULT 0,      -- quantities
    matched         bigint NOT NULL DEFAULT 0,
    different       bigint NOT NULL DEFAULT 0,
    unknown         bigint NOT NULL DEFAULT 0,      -- that no robot recorded
    settled         bigint NOT NULL DEFAULT 0,      -- requests whose worst case it replaced
    UNIQUE (vendor_id, file_hash)
);

-- What differs: one quantity of one request, or of a day and a model.
CREATE TABLE myna.invoice_line (
    invoice_id      bigint NOT NULL REFERENCES myna.invoice ON DELETE CASCADE,
    line            bigint NOT NULL,                -- its place among those that differ
    file_line       bigint,                         -- NULL: we recorded it and it is not there
    request_id      text,
    device_id       text,
    day             date,
    model           text NOT NULL,
    metric          text NOT NULL,
    ours            numeric NOT NULL,
    theirs          numeric NOT NULL,
    problem         text NOT NULL,
    is_leak         boolean NOT NULL,
    PRIMARY KEY (invoice_id, line)
);
