-- Who leads how many robots to other routes without anybody's approval: whatever the edit is, it is
-- counted by what the layers say to robots before and after it.

-- The person behind an actor: an API key counts as whoever made it.
CREATE FUNCTION myna.person(actor text) RETURNS text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE who(name, n) AS (SELECT actor, 0
        UNION ALL SELECT k.created_by, who.n + 1 FROM who
        JOIN myna.api_key k ON who.name = 'api-key:' || k.key_id WHERE who.n < 16)
    SELECT name FROM who ORDER BY n DESC LIMIT 1
$$;

-- The robots that a person led to other routes alone within the last day: many small edits are a
-- large one.
CREATE TABLE myna.led_alone (
    person          text NOT NULL,
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    led_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, device_id)
);
CREATE INDEX led_alone_device ON myna.led_alone (device_id);

-- The routes of these robots (NULL: of all) as a hash by robot, and with all of them those of the
-- groups whose members come and go by themselves, as "group:ID".
CREATE FUNCTION myna.leading(ids text[]) RETURNS TABLE (who text, what text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF ids IS NOT NULL THEN
        RETURN QUERY SELECT s.device_id::text, md5(s.value::text) FROM myna.layered_setting s
            WHERE s.name = 'routes' AND s.device_id = ANY (ids);
        RETURN;
    END IF;
    RETURN QUERY SELECT s.device_id::text, md5(s.value::text) FROM myna.layered_setting s
        WHERE s.name = 'routes';
    RETURN QUERY SELECT 'group:' || g.group_id, md5(jsonb_build_array(g.filter, g.priority,
                                                    l.settings -> 'routes')::text)
        FROM myna.device_group g JOIN myna.layer l ON l.group_id = g.group_id
        WHERE l.settings ? 'routes'
          -- what of a robot only an operator changes
          AND EXISTS (SELECT FROM jsonb_array_elements(g.program -> 'terms') t
                      WHERE t ->> 'field' NOT IN ('id', 'name', 'serial', 'region', 'labels',
                                                  'group', 'claim'));
END $$;

-- To be called before an edit, in its transaction, and leading_after() after it, with the same ids.
CREATE FUNCTION myna.leading_before(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- one at a time: of two that cannot see each other's, neither would lead whom both lead together
    PERFORM pg_advisory_xact_lock(hashtextextended('myna.leading', 0));
    PERFORM set_config('myna.leading', (SELECT coalesce(jsonb_object_agg(l.who, l.what), '{}')
                                        FROM myna.leading(ids) l)::text, true);
END $$;

-- How many robots the edit leads, with those that this person led within the last day; 0: it leads
-- none. Up to most they are remembered. Who had no routes is led away from none.
CREATE FUNCTION myna.leading_after(ids text[], actor text, most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    before CONSTANT jsonb := current_setting('myna.leading')::jsonb;
    leader CONSTANT text := myna.person(actor);
    led text[];
    total bigint;
BEGIN
    WITH fresh AS MATERIALIZED (SELECT * FROM myna.leading(ids)),
    -- a group that robots join by themselves leads whoever may join it
    open AS MATERIALIZED (SELECT EXISTS (SELECT FROM fresh WHERE starts_with(fresh.who, 'group:')
                                         AND fresh.what IS DISTINCT FROM before ->> fresh.who) AS is_so)
    SELECT coalesce(array_agg(d.device_id::text), '{}') INTO led
    FROM jsonb_each_text(before) b JOIN myna.device d ON d.device_id = b.key
    CROSS JOIN open LEFT JOIN fresh ON fresh.who = b.key
    WHERE d.status NOT IN ('revoked', 'retired')
      AND (open.is_so OR fresh.what IS DISTINCT FROM b.value);
    IF cardinality(led) = 0 THEN
        RETURN 0;
    END IF;
    DELETE FROM myna.led_alone WHERE led_at < now() - interval '1 day';
    SELECT count(*) INTO total FROM (SELECT unnest(led) UNION
        SELECT h.device_id FROM myna.led_alone h WHERE h.person = leader) all_of_them;
    IF total <= most THEN
        INSERT INTO myna.led_alone (person, device_id) SELECT leader, unnest(led)
            ON CONFLICT (person, device_id) DO UPDATE SET led_at = now();
    END IF;
    RETURN total;
END $$;
