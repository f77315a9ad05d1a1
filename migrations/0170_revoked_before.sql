-- Who is in revoked_before was revoked, and then the database was restored to before it knew the robot.
-- The id stays taken, as it would had the row not been lost: its certificate still opens the broker's
-- door to whoever has it, and nobody else should be thrown out by it.
CREATE FUNCTION myna.device_was_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM myna.revoked_before b WHERE b.device_id = NEW.device_id) THEN
        RAISE unique_violation USING
            MESSAGE = format('"%s" was revoked before the database was restored', NEW.device_id);
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER device_was_revoked BEFORE INSERT ON myna.device
FOR EACH ROW EXECUTE FUNCTION myna.device_was_revoked();
