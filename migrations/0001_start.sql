-- The first schema: who the robots are, what they are told, what they used, who changed what.
-- Device-owned facts (device_link) stand apart from operator-owned ones (device). Times are UTC.
-- Lock order of every transaction that takes more than one of these: device_link by device_id,
-- journal, (credit, pools,) usage_day, audit_head, outbox flags.

CREATE SCHEMA myna;

-- One row: the database's life. epoch is raised by a restore.
CREATE TABLE myna.installation (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch       integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO myna.installation DEFAULT VALUES;

CREATE TABLE myna.sealing_key (
    key_id          bytea PRIMARY KEY,              -- box_key_id() of the public key
    public_key      bytea NOT NULL,
    private_wrapped bytea NOT NULL,                 -- under the master key, purpose "sealing-key"
    valid_from      timestamptz NOT NULL DEFAULT now(),
    signature       bytea NOT NULL,                 -- the server CA's statement, as robots get it
    retired_at      timestamptz
);

CREATE DOMAIN myna.slug AS text CHECK (VALUE ~ '^[a-z0-9-]{1,48}$');

CREATE TABLE myna.device (
    device_id       myna.slug PRIMARY KEY,
    name            text NOT NULL DEFAULT '',
    serial          text NOT NULL DEFAULT '',
    region          text NOT NULL DEFAULT '',
    labels          jsonb NOT NULL DEFAULT '{}',
    status          text NOT NULL DEFAULT 'active'
                    CHECK (status IN ('active', 'revoked', 'retired', 'quarantined')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    certificate_serial  text NOT NULL,
    certificate_until   timestamptz NOT NULL,
    certificate_key_hash bytea NOT NULL DEFAULT '',  -- SHA-256 of its public key
    claim_id        bigint,                         -- that it enrolled by
    sealing_public  bytea NOT NULL,                 -- the device's X25519 key
    server_key_id   bytea NOT NULL REFERENCES myna.sealing_key,
    secret_wrapped  bytea NOT NULL,                 -- X25519 shared secret, purpose "pair:<device_id>"
    version         integer NOT NULL DEFAULT 1      -- optimistic lock of the operator's fields
);

-- What the device itself tells, and how far it has been served. Updated often: room for HOT.
CREATE TABLE myna.device_link (
    device_id           myna.slug PRIMARY KEY REFERENCES myna.device ON DELETE CASCADE,
    last_seen           timestamptz,
    -- session: highest authenticated, its replay window, and the last one known to have ended
    session_number      bigint NOT NULL DEFAULT 0,
    session_id          bytea,
    session_hello       boolean NOT NULL DEFAULT false,   -- its hello has been seen
    counter_top         bigint NOT NULL DEFAULT 0,
    counter_window      bigint NOT NULL DEFAULT 0,        -- bit n: counter_top - n was seen
    ended_session       bigint NOT NULL DEFAULT 0,        -- by its last will or by a later session
    ended_at            timestamptz,
    -- configuration
    desired_generation  bigint NOT NULL DEFAULT 1,
    desired_since       timestamptz NOT NULL DEFAULT now(),
    desired_hash        bytea,                            -- of its content, once sent
    held_generation     bigint NOT NULL DEFAULT 0,
    reported_generation bigint NOT NULL DEFAULT 0,        -- running
    reported_hash       bytea,
    reported_at         timestamptz,
    setting_status      jsonb NOT NULL DEFAULT '[]',
    config_sends        integer NOT NULL DEFAULT 0,       -- of the desired generation
    config_due          timestamptz NOT NULL DEFAULT now(),
    journal_id          uuid,                             -- the one its last hello named
    -- what hello and report said
    software            text NOT NULL DEFAULT '',
    hardware            text NOT NULL DEFAULT '',
    capabilities        jsonb NOT NULL DEFAULT '[]',
    health              jsonb NOT NULL DEFAULT '{}',
    credit              jsonb NOT NULL DEFAULT '[]',
    clock_offset_ms     bigint NOT NULL DEFAULT 0,
    stale_messages      bigint NOT NULL DEFAULT 0,
    forged_messages     bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 60);
CREATE INDEX device_link_behind ON myna.device_link (config_due)
    WHERE reported_generation < desired_generation;

CREATE TABLE myna.journal (
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    journal_id      uuid NOT NULL,
    parent_id       uuid,
    parent_seq      bigint NOT NULL DEFAULT 0,
    watermark_seq   bigint NOT NULL DEFAULT 0,
    watermark_hash  bytea NOT NULL,
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'forked', 'quarantined')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, journal_id)
) WITH (fillfactor = 70);

CREATE TABLE myna.vendor (
    vendor_id       myna.slug PRIMARY KEY,
    name            text NOT NULL DEFAULT '',
    dialect         text NOT NULL DEFAULT 'openai' CHECK (dialect IN ('openai')),
    base_url        text NOT NULL,
    region          text NOT NULL DEFAULT '',
    credential      text NOT NULL DEFAULT 'shared' CHECK (credential IN ('shared')),
    key_wrapped     bytea,                          -- purpose "vendor-key:<vendor_id>"; write-only
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE myna.contract (
    contract_id     myna.slug PRIMARY KEY,
    vendor_id       myna.slug NOT NULL REFERENCES myna.vendor,
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    zone            text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE myna.contract_version (
    contract_id     myna.slug NOT NULL REFERENCES myna.contract,
    version         integer NOT NULL,
    effective_from  timestamptz NOT NULL,
    document        jsonb NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    announced       boolean NOT NULL DEFAULT false, -- robots were told that it is in force
    PRIMARY KEY (contract_id, version)
);

CREATE TABLE myna.device_group (
    group_id        myna.slug PRIMARY KEY,
    name            text NOT NULL DEFAULT '',
    priority        integer NOT NULL DEFAULT 100,   -- highest wins, ties to the newest
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE myna.group_member (
    group_id        myna.slug NOT NULL REFERENCES myna.device_group ON DELETE CASCADE,
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    PRIMARY KEY (group_id, device_id)
);
CREATE INDEX group_member_device ON myna.group_member (device_id);

-- The current content of each layer. layer_id: 'fleet', 'group:<id>', 'device:<id>'.
CREATE TABLE myna.layer (
    layer_id        text PRIMARY KEY,
    group_id        myna.slug REFERENCES myna.device_group ON DELETE CASCADE,
    device_id       myna.slug REFERENCES myna.device ON DELETE CASCADE,
    revision        integer NOT NULL DEFAULT 1,
    settings        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text NOT NULL
);
CREATE UNIQUE INDEX layer_group ON myna.layer (group_id) WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX layer_device ON myna.layer (device_id) WHERE device_id IS NOT NULL;
INSERT INTO myna.layer (layer_id, changed_by) VALUES ('fleet', 'installation');

CREATE TABLE myna.layer_revision (
    layer_id        text NOT NULL,
    revision        integer NOT NULL,
    settings        jsonb NOT NULL,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text NOT NULL,
    PRIMARY KEY (layer_id, revision)
);

-- The effective configuration, one row per device and setting, with the layer that gave it. The
-- only place that merges layers. Each kind of layer is joined apart, so that a few devices' settings
-- are found by index however many layers there are.
CREATE VIEW myna.effective_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT device_id, s.key AS name, s.value, layer_id, revision, rank, priority, group_created
    FROM (
        SELECT d.device_id, l.layer_id, l.revision, l.settings, 0 AS rank, 0 AS priority,
               NULL::timestamptz AS group_created
        FROM myna.device d CROSS JOIN myna.layer l WHERE l.layer_id = 'fleet'
        UNION ALL
        SELECT m.device_id, l.layer_id, l.revision, l.settings, 1, g.priority, g.created_at
        FROM myna.group_member m JOIN myna.device_group g USING (group_id)
        JOIN myna.layer l ON l.group_id = m.group_id
        UNION ALL
        SELECT l.device_id, l.layer_id, l.revision, l.settings, 2, 0, NULL
        FROM myna.layer l WHERE l.device_id IS NOT NULL
    ) reaching CROSS JOIN LATERAL jsonb_each(reaching.settings) s
) layered
ORDER BY device_id, name, rank DESC, priority DESC, group_created DESC NULLS LAST;

CREATE TABLE myna.claim (
    claim_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code_hash       bytea NOT NULL UNIQUE,          -- SHA-256 of the code's secret part
    serial          text,                           -- NULL: a batch, any serial
    group_id        myna.slug REFERENCES myna.device_group ON DELETE SET NULL,
    uses_allowed    integer NOT NULL CHECK (uses_allowed BETWEEN 1 AND 1000000),
    uses            integer NOT NULL DEFAULT 0,
    expires_at      timestamptz NOT NULL,
    withdrawn_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    CHECK (uses <= uses_allowed)
);

-- Usage: append-only, index-light (reference: measured cost of each index). Provenance, outcome and
-- error class hold the numbers of schema/wire.
CREATE TABLE myna.usage (
    device_id       text NOT NULL,
    journal_id      uuid NOT NULL,
    seq             bigint NOT NULL,
    at              timestamptz NOT NULL,           -- booking time: the attempt's start, bounded
    arrived_at      timestamptz NOT NULL DEFAULT now(),
    turn            uuid NOT NULL,
    attempt         integer NOT NULL,
    vendor_id       text NOT NULL,
    model           text NOT NULL,
    model_served    text NOT NULL,
    contract_id     text NOT NULL,
    contract_version integer NOT NULL,              -- that rated it
    vendor_request_id text NOT NULL,
    provenance      smallint NOT NULL,
    outcome         smallint NOT NULL,
    error_class     smallint NOT NULL,
    duration_ms     integer NOT NULL,
    first_token_ms  integer NOT NULL,
    first_audio_ms  integer NOT NULL,
    interrupted     boolean NOT NULL,
    generation      bigint NOT NULL,
    reserved_input  bigint NOT NULL,
    reserved_output bigint NOT NULL,
    input_uncached  bigint NOT NULL,
    input_cached    bigint NOT NULL,
    cache_write_5m  bigint NOT NULL,
    cache_write_1h  bigint NOT NULL,
    output          bigint NOT NULL,
    reasoning       bigint NOT NULL,
    audio_in_ms     bigint NOT NULL,
    audio_out_chars bigint NOT NULL,
    images          bigint NOT NULL,
    video_ms        bigint NOT NULL,
    requests        bigint NOT NULL,
    price           numeric NOT NULL,               -- exact, unrounded, in the contract's currency
    currency        text NOT NULL
) PARTITION BY RANGE (arrived_at);
CREATE TABLE myna.usage_default PARTITION OF myna.usage DEFAULT;
CREATE INDEX usage_arrived ON myna.usage USING brin (arrived_at);
CREATE INDEX usage_device ON myna.usage (device_id, arrived_at);
-- What an imported vendor usage file may settle: few rows, so that the index stays small.
CREATE INDEX usage_unsettled ON myna.usage (turn, attempt) WHERE provenance NOT IN (1, 5);

-- Records that no booking could store: kept whole for a human.
CREATE TABLE myna.usage_quarantine (
    device_id       text NOT NULL,
    journal_id      uuid NOT NULL,
    seq             bigint NOT NULL,
    arrived_at      timestamptz NOT NULL DEFAULT now(),
    record          bytea NOT NULL,
    problem         text NOT NULL
);

-- The vendor's word on attempts whose own record was not vendor_final; replaces its quantities.
CREATE TABLE myna.usage_import (
    import_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id       myna.slug NOT NULL REFERENCES myna.vendor,
    file_hash       bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    rows            bigint NOT NULL,
    equal           bigint NOT NULL,                -- records that agreed to the token
    settled         bigint NOT NULL,                -- estimates and worst cases replaced
    different       bigint NOT NULL,                -- vendor_final records that do not agree
    unknown         bigint NOT NULL,                -- requests no robot has recorded
    UNIQUE (vendor_id, file_hash)
);
CREATE TABLE myna.usage_settlement (
    device_id       text NOT NULL,
    journal_id      uuid NOT NULL,
    seq             bigint NOT NULL,
    import_id       bigint NOT NULL REFERENCES myna.usage_import,
    input_uncached  bigint NOT NULL,
    input_cached    bigint NOT NULL,
    output          bigint NOT NULL,
    reasoning       bigint NOT NULL,
    price           numeric NOT NULL,
    PRIMARY KEY (device_id, journal_id, seq)
);

-- Running sums by the contract's local day; booked in the same transaction as the records.
CREATE TABLE myna.usage_day (
    contract_id     text NOT NULL,
    day             date NOT NULL,
    vendor_id       text NOT NULL,
    model           text NOT NULL,
    currency        text NOT NULL,
    attempts        bigint NOT NULL DEFAULT 0,
    failed          bigint NOT NULL DEFAULT 0,
    uncertain       bigint NOT NULL DEFAULT 0,      -- neither vendor_final nor not_sent nor settled
    requests        bigint NOT NULL DEFAULT 0,
    input_uncached  bigint NOT NULL DEFAULT 0,
    input_cached    bigint NOT NULL DEFAULT 0,
    output          bigint NOT NULL DEFAULT 0,
    reasoning       bigint NOT NULL DEFAULT 0,
    price           numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (contract_id, day, vendor_id, model)
) WITH (fillfactor = 70);

CREATE TABLE myna.operator (
    operator_id     myna.slug PRIMARY KEY,
    role            text NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
    password_hash   text NOT NULL,                  -- crypt(3), yescrypt
    disabled_at     timestamptz,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE myna.login_session (
    token_hash      bytea PRIMARY KEY,
    operator_id     myna.slug NOT NULL REFERENCES myna.operator ON DELETE CASCADE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL
);
CREATE TABLE myna.api_key (
    key_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL,
    role            text NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
    key_hash        bytea NOT NULL UNIQUE,
    created_by      text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz
);
CREATE TABLE myna.idempotency (
    actor           text NOT NULL,
    key             text NOT NULL,
    request_hash    bytea NOT NULL,
    status          integer NOT NULL,
    response        text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);

-- Audit: each row is chained to the one before (invariant I7).
CREATE TABLE myna.audit_head (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq             bigint NOT NULL DEFAULT 0,
    hash            bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
);
INSERT INTO myna.audit_head DEFAULT VALUES;
CREATE TABLE myna.audit (
    seq             bigint PRIMARY KEY,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,                  -- "operator:anna", "api-key:7", "device:r1", "mynad"
    source          text NOT NULL,                  -- address, or ""
    action          text NOT NULL,                  -- "layer.update"
    subject         text NOT NULL,                  -- "layer/fleet"
    before          jsonb,
    after           jsonb,
    hash            bytea NOT NULL
);

-- What the hash of a row covers, in one place for writing and verifying.
CREATE FUNCTION myna.audit_hash(previous bytea, seq bigint, at timestamptz, actor text, source text,
                                action text, subject text, before jsonb, after jsonb)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(previous || convert_to(jsonb_build_array(
        seq, extract(epoch FROM at), actor, source, action, subject, before, after)::text, 'UTF8'))
$$;
CREATE FUNCTION myna.audit_append(actor text, source text, action text, subject text,
                                  before jsonb, after jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head myna.audit_head;
    row_at timestamptz := clock_timestamp();
    row_hash bytea;
BEGIN
    SELECT * INTO head FROM myna.audit_head FOR UPDATE;
    row_hash := myna.audit_hash(head.hash, head.seq + 1, row_at, actor, source, action, subject,
                                before, after);
    INSERT INTO myna.audit VALUES (head.seq + 1, row_at, actor, source, action, subject, before,
                                   after, row_hash);
    UPDATE myna.audit_head SET seq = head.seq + 1, hash = row_hash;
    RETURN head.seq + 1;
END $$;

CREATE TABLE myna.alert (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text NOT NULL,                  -- "forged_message", "replayed_message", ...
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    subject         text NOT NULL,                  -- "device/r1"
    detail          jsonb NOT NULL DEFAULT '{}',
    count           bigint NOT NULL DEFAULT 1,
    first_at        timestamptz NOT NULL DEFAULT now(),
    last_at         timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text
);
-- One open alert per kind and subject: repeats raise its count.
CREATE UNIQUE INDEX alert_open ON myna.alert (kind, subject) WHERE acknowledged_at IS NULL;

CREATE TABLE myna.command (
    command_id      uuid PRIMARY KEY,
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    kind            text NOT NULL,
    text            text NOT NULL DEFAULT '',
    status          text NOT NULL DEFAULT 'waiting'
                    CHECK (status IN ('waiting', 'sent', 'done', 'refused', 'failed', 'expired')),
    reason          text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    expires_at      timestamptz NOT NULL,
    send_due        timestamptz,                    -- NULL: nothing to send
    sends           integer NOT NULL DEFAULT 0,
    replied_at      timestamptz
);
CREATE INDEX command_due ON myna.command (send_due) WHERE send_due IS NOT NULL;
CREATE INDEX command_device ON myna.command (device_id, created_at);

-- The last picture of each face; replaced, never kept.
CREATE TABLE myna.face_picture (
    device_id       myna.slug PRIMARY KEY REFERENCES myna.device ON DELETE CASCADE,
    at              timestamptz NOT NULL,
    png             bytea NOT NULL
);

-- Waking other instances and dashboards. Channels: "myna_events" carries a small JSON object for
-- SSE ({"kind":"device","ids":["r1"]}), "myna_outbox" wakes the outbox.
CREATE FUNCTION myna.tell(kind text, id text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('myna_events', json_build_object('kind', kind, 'ids', json_build_array(id))::text)
$$;

-- Raises the desired generation of the devices that a layer reaches and wakes the outbox.
CREATE FUNCTION myna.touch_devices(ids text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE touched bigint;
BEGIN
    -- in id order, the order in which every transaction locks device rows
    PERFORM 1 FROM myna.device_link WHERE ids IS NULL OR device_id = ANY (ids)
        ORDER BY device_id FOR UPDATE;
    UPDATE myna.device_link
    SET desired_generation = greatest(desired_generation, held_generation, reported_generation) + 1,
        desired_since = now(), desired_hash = NULL, config_sends = 0, config_due = now()
    WHERE ids IS NULL OR device_id = ANY (ids);
    GET DIAGNOSTICS touched = ROW_COUNT;
    PERFORM pg_notify('myna_outbox', '');
    RETURN touched;
END $$;

-- A device is online while its session lives and it was heard within three of its own heartbeats.
CREATE VIEW myna.device_online AS
SELECT l.device_id, coalesce(l.session_hello AND l.ended_session < l.session_number
    AND l.last_seen > now() - make_interval(
        secs => 3 * coalesce((i.value #>> '{}')::integer, 60) + 10), false) AS online
FROM myna.device_link l
LEFT JOIN myna.effective_setting i ON i.device_id = l.device_id AND i.name = 'report_interval_s';

-- A device as lists and pages show it.
CREATE VIEW myna.device_item AS
SELECT d.device_id, d.version, jsonb_build_object(
    'id', d.device_id, 'name', d.name, 'serial', d.serial, 'region', d.region,
    'labels', d.labels, 'status', d.status, 'created_at', d.created_at,
    'online', (SELECT o.online FROM myna.device_online o WHERE o.device_id = d.device_id),
    'last_seen', l.last_seen, 'software', l.software,
    'desired_generation', l.desired_generation, 'reported_generation', l.reported_generation,
    'groups', coalesce((SELECT jsonb_agg(m.group_id ORDER BY m.group_id) FROM myna.group_member m
                        WHERE m.device_id = d.device_id), '[]'),
    'attempts_today', (SELECT count(*) FROM myna.usage u WHERE u.device_id = d.device_id
                       AND u.arrived_at >= date_trunc('day', now())),
    'cost_today', (SELECT coalesce(jsonb_agg(jsonb_build_object('currency', c.currency,
                                             'price', c.price::text)), '[]')
                   FROM (SELECT u.currency, trim_scale(sum(u.price)) AS price FROM myna.usage u
                         WHERE u.device_id = d.device_id
                         AND u.arrived_at >= date_trunc('day', now()) GROUP BY u.currency) c),
    'route', (SELECT e.value -> 0 FROM myna.effective_setting e
              WHERE e.device_id = d.device_id AND e.name = 'routes')) AS item
FROM myna.device d JOIN myna.device_link l USING (device_id);
