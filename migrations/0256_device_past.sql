-- A robot's earlier connections and generations, which device_link knows the last of: the newest 64 of
-- each, in places that are used again, so that a robot that connects all day fills nothing.
-- The rows go with those of device_link, when a robot is erased or deleted: the column is no device_id,
-- which erasure would keep under the name that it gives.
CREATE TABLE myna.device_past (
    link_device     text NOT NULL REFERENCES myna.device_link (device_id) ON DELETE CASCADE,
    kind            text NOT NULL,                  -- "session", "generation"
    place           smallint NOT NULL,              -- number modulo 64
    number          bigint NOT NULL,
    began_at        timestamptz,                    -- NULL: before this table
    ended_at        timestamptz,                    -- of a session that said so
    PRIMARY KEY (link_device, kind, place)
) WITH (fillfactor = 80);

INSERT INTO myna.device_past (link_device, kind, place, number, began_at, ended_at)
SELECT device_id, 'session', session_number % 64, session_number, NULL,
    CASE WHEN ended_session >= session_number THEN ended_at END
FROM myna.device_link WHERE session_number > 0
UNION ALL
SELECT device_id, 'generation', reported_generation % 64, reported_generation, desired_since, NULL
FROM myna.device_link WHERE reported_generation > 0 AND reported_generation >= desired_generation;

CREATE FUNCTION myna.device_past_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.session_number IS DISTINCT FROM OLD.session_number AND NEW.session_number > 0 THEN
        INSERT INTO myna.device_past AS p (link_device, kind, place, number, began_at)
        VALUES (NEW.device_id, 'session', NEW.session_number % 64, NEW.session_number, now())
        ON CONFLICT (link_device, kind, place) DO UPDATE SET
            number = excluded.number, began_at = excluded.began_at, ended_at = NULL;
    END IF;
    IF NEW.ended_session IS DISTINCT FROM OLD.ended_session AND NEW.ended_session > 0 THEN
        UPDATE myna.device_past SET ended_at = NEW.ended_at WHERE link_device = NEW.device_id
            AND kind = 'session' AND place = NEW.ended_session % 64 AND number = NEW.ended_session;
    END IF;
    IF NEW.reported_generation > OLD.reported_generation THEN
        INSERT INTO myna.device_past AS p (link_device, kind, place, number, began_at)
        VALUES (NEW.device_id, 'generation', NEW.reported_generation % 64, NEW.reported_generation, now())
        ON CONFLICT (link_device, kind, place) DO UPDATE SET
            number = excluded.number, began_at = excluded.began_at;
    END IF;
    RETURN NULL;
END $$;
-- most updates of a link are none of these: the condition is all that they cost
CREATE TRIGGER device_past AFTER UPDATE ON myna.device_link FOR EACH ROW
    WHEN (NEW.session_number IS DISTINCT FROM OLD.session_number
        OR NEW.ended_session IS DISTINCT FROM OLD.ended_session
        OR NEW.reported_generation > OLD.reported_generation)
    EXECUTE FUNCTION myna.device_past_note();
