-- Budgets, pools and credit (design section 4, "Credit"; invariant I2). Lock order of every
-- transaction: credit_revision, device_link by device_id, journal, credit_account by key, pool by
-- pool_id, counters, audit_head, outbox flags.

-- One row, which every batch of usage shares and whatever changes budgets or pools as a whole owns
-- alone: so pools begin, end and move their limits while nothing is booked. revision tells others to
-- read the pools again; epoch: accounts are those of this epoch.
CREATE TABLE myna.credit_revision (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision        bigint NOT NULL DEFAULT 1,
    epoch           integer NOT NULL DEFAULT 1
);
INSERT INTO myna.credit_revision (epoch) SELECT epoch FROM myna.installation;

-- Our own caps; those of a contract are in its document.
CREATE TABLE myna.budget (
    budget_id       myna.slug PRIMARY KEY,
    scope           text NOT NULL CHECK (scope IN ('fleet', 'group', 'device', 'vendor', 'contract')),
    subject         text NOT NULL DEFAULT '',
    metric          text NOT NULL,                  -- "output", "input+output", "spend"
    currency        text,                           -- of spend
    at_most         numeric NOT NULL CHECK (at_most >= 0),
    per             text NOT NULL
                    CHECK (per IN ('day', 'week', 'month', 'quarter', 'year', 'term', 'once')),
    zone            text NOT NULL DEFAULT 'UTC',
    models          text[],                         -- NULL: all
    hard            boolean NOT NULL DEFAULT true,
    note            text NOT NULL DEFAULT '',
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    CHECK ((metric = 'spend') = (currency IS NOT NULL)),
    CHECK ((scope = 'fleet') = (subject = ''))
);

-- The running account of one cap in one period, with what it binds. Amounts are counts or money;
-- credit counts 1/scale of them.
CREATE TABLE myna.pool (
    pool_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text NOT NULL,                  -- "budget:<id>", "cap:<contract>:<name>"
    scope           text NOT NULL,
    subject         text NOT NULL,
    unit            text NOT NULL,                  -- "output", "CNY"
    is_money        boolean NOT NULL,
    metrics         integer NOT NULL,               -- bits of the token classes; 0 for money
    models          text[],
    hard            boolean NOT NULL,               -- else it is only counted
    period_from     timestamptz NOT NULL,
    period_to       timestamptz NOT NULL,           -- 'infinity': once
    limit_amount    numeric NOT NULL,
    spent           numeric NOT NULL DEFAULT 0,     -- exact
    outstanding     bigint NOT NULL DEFAULT 0,      -- credit out, in 1/scale
    scale           bigint NOT NULL,
    devices         bigint NOT NULL DEFAULT 1,      -- that want some of it: sizes grants
    is_active       boolean NOT NULL,               -- false: of a period to come
    is_closed       boolean NOT NULL DEFAULT false, -- its cap is gone
    starved_at      timestamptz,                    -- a wish was last refused
    UNIQUE (source, unit, period_from)
) WITH (fillfactor = 50);
CREATE INDEX pool_period ON myna.pool (period_to);

-- One measure of one credit line of one journal, in one epoch: server/fleet/grant.h.
CREATE TABLE myna.credit_account (
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    journal_id      uuid NOT NULL,
    line_id         text NOT NULL,
    measure         smallint NOT NULL,
    epoch           integer NOT NULL,
    vendor_id       text NOT NULL,                  -- of its route, like the next two
    model           text NOT NULL,
    contract_id     text NOT NULL,
    unit            text NOT NULL,
    weights         bigint[] NOT NULL,
    divisor         bigint NOT NULL,
    granted         bigint NOT NULL,
    returned        bigint NOT NULL,
    settled         bigint NOT NULL,
    charged         bigint NOT NULL,
    return_to       bigint NOT NULL,
    asked           bigint NOT NULL,
    presumed        bigint NOT NULL,
    used            bigint NOT NULL,
    open            bigint NOT NULL,
    wanted          bigint NOT NULL,
    resting         bigint NOT NULL,                -- -1: none
    granted_at      timestamptz,
    used_at         timestamptz NOT NULL,
    is_closed       boolean NOT NULL,
    pools           bigint[] NOT NULL,              -- that hold it
    confirmed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, journal_id, line_id, measure, epoch)
) WITH (fillfactor = 70);
CREATE INDEX credit_account_pools ON myna.credit_account USING gin (pools);

-- Devices that were heard in a later epoch than the first.
CREATE TABLE myna.credit_epoch (
    device_id       myna.slug PRIMARY KEY REFERENCES myna.device ON DELETE CASCADE,
    epoch           integer NOT NULL
);

-- A state that a device is owed for its credit alone.
ALTER TABLE myna.device_link ADD COLUMN state_due timestamptz,
    ADD COLUMN state_sends integer NOT NULL DEFAULT 0;
CREATE INDEX device_link_state_due ON myna.device_link (state_due) WHERE state_due IS NOT NULL;

-- Terms hold caps: whoever keeps them parsed reads them again, and pools follow.
CREATE FUNCTION myna.credit_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('myna_credit', '');
    RETURN NULL;
END $$;
CREATE TRIGGER contract_version_credit AFTER INSERT ON myna.contract_version
    FOR EACH STATEMENT EXECUTE FUNCTION myna.credit_changed();

-- Pools as people see them: outstanding is no spend and has a column of its own.
CREATE VIEW myna.pool_item AS
SELECT p.pool_id, p.source, p.scope, p.subject, p.hard, p.period_from, p.period_to, p.is_active,
       p.is_closed, jsonb_build_object(
    'pool', p.pool_id, 'source', p.source, 'scope', p.scope, 'subject', nullif(p.subject, ''),
    'unit', p.unit, 'currency', CASE WHEN p.is_money THEN p.unit END, 'hard', p.hard,
    'period', jsonb_build_object('from', p.period_from,
        'to', CASE WHEN isfinite(p.period_to) THEN p.period_to END),
    'limit', trim_scale(p.limit_amount)::text, 'spent', trim_scale(p.spent)::text,
    'outstanding', trim_scale(p.outstanding::numeric / p.scale)::text,
    'free', trim_scale(greatest(0, p.limit_amount - p.spent
                                   - p.outstanding::numeric / p.scale))::text,
    'over', p.spent + p.outstanding::numeric / p.scale > p.limit_amount,
    'share', CASE WHEN p.limit_amount > 0
             THEN trim_scale(round(p.spent / p.limit_amount, 4))::text END) AS item
FROM myna.pool p;
