-- Lists of a hundred thousand robots of which few are meant, found by looking at few.

-- Whether a program holds for nobody but robots that were heard: it asks who is online, who is silent
-- or what a screen shows, and lets nobody else in beside them.
CREATE FUNCTION myna.filter_is_of_heard(program jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    stack boolean[] := '{}';
    top integer := 0;
    step integer;
BEGIN
    IF program IS NULL THEN
        RETURN false;
    END IF;
    FOR step IN SELECT jsonb_array_elements_text(program -> 'steps')::integer LOOP
        IF step >= 0 THEN
            top := top + 1;
            stack[top] := program -> 'terms' -> step ->> 'field' IN ('online', 'silent', 'trouble');
        ELSIF step = -1 THEN
            stack[top] := false;
        ELSE
            top := top - 1;
            stack[top] := CASE step WHEN -2 THEN stack[top] OR stack[top + 1]
                               ELSE stack[top] AND stack[top + 1] END;
        END IF;
    END LOOP;
    RETURN stack[1];
END $$;

-- Up to so many robots after an id that are heard, as device_fact has it, in no order: device_link is
-- read alone, for to join all robots to those few takes twice as long as to find them.
CREATE FUNCTION myna.devices_heard(after text, most bigint) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT l.device_id::text FROM myna.device_link l
    WHERE l.session_hello AND l.ended_session < l.session_number
        AND l.last_seen > now() - make_interval(secs => 10 + 3 * (
            SELECT greatest(max(i.report_interval_s), 60) FROM myna.device_shown i))
        AND l.device_id > coalesce(after, '') LIMIT most
$$;

-- As before; but a search by name alone goes through the robots in their order, to the end of the page,
-- and where only heard robots can be meant and these are few, nobody else is looked at.
CREATE OR REPLACE FUNCTION myna.device_page(program jsonb, after text, most bigint, state text,
                                 in_group text, part text, role text)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET work_mem = '32MB' AS $$
DECLARE
    near_count bigint := least(20 * most, 2000);
    near text[];
    narrowed text := CASE state
        WHEN 'revoked' THEN ' AND f.status = ''revoked'''
        WHEN 'online' THEN ' AND f.status = ''active'' AND f.heard AND f.online'
        WHEN 'offline' THEN ' AND f.status = ''active'' AND NOT f.online'
        WHEN 'silent' THEN ' AND f.status = ''active'' AND f.heard AND f.silent'
        WHEN 'behind' THEN ' AND f.status = ''active'' AND f.behind' ELSE '' END
        || CASE WHEN in_group IS NULL THEN '' ELSE ' AND EXISTS (SELECT FROM myna.group_member m'
               ' WHERE m.device_id = f.device_id AND m.group_id = $3)' END
        || CASE WHEN part IS NULL THEN '' ELSE ' AND position(lower($4) IN f.called) > 0' END
        || CASE WHEN role IS NULL THEN '' ELSE ' AND EXISTS (SELECT FROM myna.reach r'
               ' JOIN myna.group_member g ON g.group_id = ANY (r.groups)'
               ' WHERE r.reach_id = $5 AND g.device_id = f.device_id)' END;
    -- of those whose ids are $1
    of_some text := 'SELECT ARRAY(SELECT f.device_id::text FROM myna.device_fact f'
        ' WHERE f.device_id = ANY ($1) AND ' || myna.filter_condition(program, false, true)
        || narrowed || ' ORDER BY f.device_id LIMIT $2)';
    found text[];
BEGIN
    IF program IS NULL AND state IS NULL AND in_group IS NULL AND role IS NULL AND part IS NOT NULL THEN
        RETURN QUERY SELECT d.device_id::text FROM myna.device d WHERE d.device_id > coalesce(after, '')
            AND position(lower(part) IN d.called) > 0 ORDER BY d.device_id LIMIT most;
        RETURN;
    END IF;
    near := ARRAY(SELECT d.device_id::text FROM myna.device d WHERE d.device_id > coalesce(after, '')
                  ORDER BY d.device_id LIMIT near_count);
    EXECUTE of_some INTO found USING near, most, in_group, part, role;
    IF cardinality(found) >= most OR cardinality(near) < near_count THEN
        RETURN QUERY SELECT unnest(found);
        RETURN;
    END IF;
    IF state IN ('online', 'silent') OR myna.filter_is_of_heard(program) THEN
        near := ARRAY(SELECT h FROM myna.devices_heard(after, near_count + 1) h);
        IF cardinality(near) <= near_count THEN
            EXECUTE of_some INTO found USING near, most, in_group, part, role;
            RETURN QUERY SELECT unnest(found);
            RETURN;
        END IF;
    END IF;
    RETURN QUERY EXECUTE 'WITH meant AS MATERIALIZED (SELECT f.device_id FROM myna.device_fact f'
        ' WHERE f.device_id > $1 AND ' || myna.filter_condition(program, false, false)
        || narrowed || ') SELECT f.device_id::text FROM meant f ORDER BY f.device_id LIMIT $2'
        USING coalesce(after, ''), most, in_group, part, role;
END $$;
