-- A cause that comes and goes is one alert, and people hear of it once: its end is told when it has
-- stayed away for a while, and until then a return opens the same alert again.

ALTER TABLE myna.alert ADD COLUMN settles_until timestamptz; -- of one that may come back; else NULL
CREATE INDEX alert_settling ON myna.alert (kind, subject) WHERE settles_until IS NOT NULL;

CREATE OR REPLACE FUNCTION myna.alert_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    news text := CASE WHEN NEW.state = 'open' THEN 'raised'
                      WHEN NEW.state = 'cleared' AND OLD.state <> 'silenced' THEN 'cleared' END;
    due timestamptz := CASE WHEN news = 'cleared' THEN coalesce(NEW.settles_until, now())
                            ELSE now() END;
    is_back boolean := TG_OP = 'UPDATE' AND NEW.state <> 'cleared' AND OLD.state = 'cleared';
    is_worse boolean := is_back AND myna.severity_rank(NEW.severity) > myna.severity_rank(OLD.severity);
BEGIN
    -- an end that nobody was told of yet, of an alert that is back
    IF is_back THEN
        DELETE FROM myna.delivery d WHERE d.alert_id = NEW.alert_id AND d.status = 'waiting'
           AND d.event = 'cleared' AND d.attempts = 0
           AND EXISTS (SELECT FROM myna.delivery o WHERE o.alert_id = d.alert_id
                       AND o.channel_id = d.channel_id AND o.status = 'sent');
    END IF;
    IF news IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO myna.delivery AS d (channel_id, alert_id, event, next_due)
    SELECT c.channel_id, NEW.alert_id, news, due FROM myna.channel c
    CROSS JOIN LATERAL (
        SELECT bool_or(o.status = 'waiting') AS waits,
               (array_agg(o.event ORDER BY o.delivery_id DESC) FILTER (WHERE o.status = 'sent'))[1]
                   AS told
        FROM myna.delivery o WHERE o.alert_id = NEW.alert_id AND o.channel_id = c.channel_id) h
    WHERE c.enabled AND 'channel/' || c.channel_id <> NEW.subject
      AND myna.severity_rank(NEW.severity) >= myna.severity_rank(c.min_severity)
      AND (news = 'raised' OR h.waits IS NOT NULL)
      AND NOT (is_back AND NOT is_worse AND NOT coalesce(h.waits, false)
               AND coalesce(h.told = 'raised', false))
    ORDER BY c.channel_id
    ON CONFLICT (channel_id, alert_id) WHERE status = 'waiting'
        DO UPDATE SET event = excluded.event, revision = d.revision + 1,
            next_due = CASE WHEN excluded.event = 'cleared' THEN greatest(d.next_due, excluded.next_due)
                            WHEN d.event = 'cleared' AND d.attempts = 0 THEN excluded.next_due
                            ELSE d.next_due END;
    PERFORM pg_notify('myna_notices', '');
    RETURN NULL;
END $$;
