-- Alerts that reach people: the life of an alert, the channels it goes out by, and what is owed to
-- each of them.

-- One alert per cause (kind and subject) until it is cleared, by hand or because the cause is gone.
--   open          somebody should look
--   acknowledged  somebody does; repeats raise the count, only a worse severity opens it again
--   silenced      not before silenced_until; a cause that comes back meanwhile stays silenced
--   cleared       over; the cause's next time is a new alert
ALTER TABLE myna.alert
    ADD state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'acknowledged', 'silenced', 'cleared')),
    ADD silenced_until timestamptz,
    ADD silenced_by text,
    ADD cleared_at timestamptz,
    ADD cleared_by text;                            -- 'mynad': the cause was gone
-- Acknowledging used to end an alert.
UPDATE myna.alert SET state = 'cleared', cleared_at = acknowledged_at, cleared_by = acknowledged_by
WHERE acknowledged_at IS NOT NULL;
ALTER TABLE myna.alert
    ADD CHECK ((state = 'cleared') = (cleared_at IS NOT NULL)),
    ADD CHECK (state <> 'silenced' OR silenced_until IS NOT NULL);
DROP INDEX myna.alert_open;
CREATE UNIQUE INDEX alert_current ON myna.alert (kind, subject) WHERE state <> 'cleared';
CREATE INDEX alert_silence ON myna.alert (kind, subject) WHERE silenced_until IS NOT NULL;

CREATE FUNCTION myna.severity_rank(severity text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT array_position(ARRAY['info', 'warning', 'critical'], severity)
$$;

-- Where alerts go. What the address is made of may be a secret (a chat robot's key stands in it), so
-- it is wrapped whole; origin is the part that may be shown.
CREATE TABLE myna.channel (
    channel_id      myna.slug PRIMARY KEY,
    kind            text NOT NULL CHECK (kind IN ('webhook', 'dingtalk', 'feishu', 'wecom', 'slack',
                                                  'email')),
    url_wrapped     bytea NOT NULL,                 -- purpose "channel-url:<channel_id>"
    secret_wrapped  bytea,                          -- purpose "channel-secret:<channel_id>"
    origin          text NOT NULL,                  -- "https://hooks.example"
    login           text NOT NULL DEFAULT '',       -- email: who sends, for the mail server
    sender          text NOT NULL DEFAULT '',       -- email: From
    recipients      jsonb NOT NULL DEFAULT '[]',    -- email: To
    min_severity    text NOT NULL DEFAULT 'warning'
                    CHECK (min_severity IN ('info', 'warning', 'critical')),
    enabled         boolean NOT NULL DEFAULT true,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- one sender at a time, and no faster than the receiver takes it
    free_at         timestamptz NOT NULL DEFAULT now(),
    last_sent_at    timestamptz,
    last_problem    text NOT NULL DEFAULT '',
    CONSTRAINT channel_mail CHECK (CASE WHEN kind = 'email'
        THEN origin ~ '^smtps?://' AND sender <> '' AND jsonb_array_length(recipients) > 0
        ELSE origin ~ '^https?://' AND sender = '' AND login = '' AND recipients = '[]' END)
);

-- What is owed to a channel about an alert. The message says how the alert stands when it is sent, so
-- that a channel that was away is owed one message per alert, not its history.
CREATE TABLE myna.delivery (
    delivery_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id      myna.slug NOT NULL REFERENCES myna.channel ON DELETE CASCADE,
    alert_id        bigint REFERENCES myna.alert ON DELETE CASCADE,     -- NULL: a test
    event           text NOT NULL CHECK (event IN ('raised', 'cleared', 'test')),
    status          text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sent', 'dead')),
    revision        integer NOT NULL DEFAULT 1,     -- of what is to be told
    attempts        integer NOT NULL DEFAULT 0,     -- also says whose claim it is
    next_due        timestamptz NOT NULL DEFAULT now(),
    problem         text NOT NULL DEFAULT '',       -- of the last attempt
    created_at      timestamptz NOT NULL DEFAULT now(),
    done_at         timestamptz,
    CHECK ((event = 'test') = (alert_id IS NULL))
);
CREATE UNIQUE INDEX delivery_waiting ON myna.delivery (channel_id, alert_id)
    WHERE status = 'waiting';
CREATE INDEX delivery_due ON myna.delivery (channel_id, next_due) WHERE status = 'waiting';
CREATE INDEX delivery_alert ON myna.delivery (alert_id);

-- Whoever changes an alert, the channels are owed the news in the same transaction. What is wrong
-- with a channel is not told to that channel.
CREATE FUNCTION myna.alert_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    news text := CASE WHEN NEW.state = 'open' THEN 'raised'
                      WHEN NEW.state = 'cleared' AND OLD.state <> 'silenced' THEN 'cleared' END;
BEGIN
    IF news IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO myna.delivery AS d (channel_id, alert_id, event)
    SELECT c.channel_id, NEW.alert_id, news FROM myna.channel c
    WHERE c.enabled AND 'channel/' || c.channel_id <> NEW.subject
      AND myna.severity_rank(NEW.severity) >= myna.severity_rank(c.min_severity)
      AND (news = 'raised' OR EXISTS (SELECT FROM myna.delivery o WHERE o.alert_id = NEW.alert_id
                                      AND o.channel_id = c.channel_id))
    ORDER BY c.channel_id
    ON CONFLICT (channel_id, alert_id) WHERE status = 'waiting'
        DO UPDATE SET event = excluded.event, revision = d.revision + 1;
    PERFORM pg_notify('myna_notices', '');
    RETURN NULL;
END $$;
CREATE TRIGGER alert_raised AFTER INSERT ON myna.alert FOR EACH ROW WHEN (NEW.state = 'open')
    EXECUTE FUNCTION myna.alert_changed();
CREATE TRIGGER alert_changed AFTER UPDATE ON myna.alert FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR NEW.state = 'open'
          AND myna.severity_rank(NEW.severity) > myna.severity_rank(OLD.severity))
    EXECUTE FUNCTION myna.alert_changed();
