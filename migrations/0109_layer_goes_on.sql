-- A layer that was deleted with its group or robot and is made anew goes on in the history of its name:
-- its first revision is none that stands there already.
CREATE FUNCTION myna.layer_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := NEW.revision + coalesce((SELECT max(r.revision) FROM myna.layer_revision r
                                             WHERE r.layer_id = NEW.layer_id), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER layer_goes_on BEFORE INSERT ON myna.layer
    FOR EACH ROW EXECUTE FUNCTION myna.layer_goes_on();
