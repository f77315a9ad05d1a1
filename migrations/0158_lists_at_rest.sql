-- Lists of a hundred thousand robots of which hardly one is meant: those that are online while nobody
-- is, and those called something that nobody is called.

-- What a robot is called, in lower case, for a search in it: to build it of each robot for each search
-- took nearly all the time of one.
ALTER TABLE myna.device ADD called text NOT NULL DEFAULT '';

CREATE FUNCTION myna.device_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.called := lower(concat_ws(' ', NEW.device_id, NEW.name, NEW.serial, NEW.region, NEW.labels::text));
    RETURN NEW;
END $$;
CREATE TRIGGER device_call BEFORE INSERT OR UPDATE OF device_id, name, serial, region, labels
    ON myna.device FOR EACH ROW EXECUTE FUNCTION myna.device_call();
UPDATE myna.device SET called =
    lower(concat_ws(' ', device_id, name, serial, region, labels::text));

-- The longest heartbeats there are, found at once.
CREATE INDEX device_shown_interval ON myna.device_shown (report_interval_s)
    WHERE report_interval_s IS NOT NULL;

-- As before, with two columns more. heard: who is online has a session, and was heard within the
-- longest heartbeats of all; that is asked of device_link alone, and leaves few to join.
CREATE OR REPLACE VIEW myna.device_fact AS
SELECT d.device_id, d.name, d.serial, d.region, d.labels, d.status, d.claim_id, d.created_at,
    l.last_seen, l.software, l.hardware, l.reported_generation < l.desired_generation AS behind,
    myna.link_is_online(l.session_hello, l.ended_session, l.session_number, l.last_seen,
        s.report_interval_s) AS online,
    coalesce(s.generation = l.desired_generation, false) AS is_shown, s.list_id,
    l.session_hello AND l.ended_session < l.session_number
        AND l.last_seen > now() - make_interval(secs => 10 + 3 * (
            SELECT greatest(max(i.report_interval_s), 60) FROM myna.device_shown i)) AS heard,
    d.called
FROM myna.device d LEFT JOIN myna.device_link l ON l.device_id = d.device_id
LEFT JOIN myna.device_shown s ON s.device_id = d.device_id;

-- As before; asked about those that were heard.
CREATE OR REPLACE FUNCTION myna.filter_term(term jsonb, of_group boolean, of_some boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    field text := term ->> 'field';
    key text := term ->> 'key';
    op text := term ->> 'op';
    texts text[] := ARRAY(SELECT jsonb_array_elements_text(term -> 'texts'));
    amounts numeric[] := ARRAY(SELECT jsonb_array_elements_text(term -> 'amounts')::numeric);
    versions text[] := ARRAY(SELECT v::text FROM jsonb_array_elements(term -> 'versions') v);
BEGIN
    IF cardinality(versions) > 0 THEN
        -- robots are many and what they run little: each text is compared once
        RETURN format('f.software = ANY (%L::text[])', ARRAY(SELECT s FROM myna.softwares() s
            WHERE myna.version_meets(s, op, versions)));
    END IF;
    CASE
        WHEN field = 'online' THEN RETURN '(f.heard AND f.online)';
        WHEN field = 'behind' THEN RETURN 'f.behind';
        WHEN field = 'last_seen' THEN RETURN myna.filter_ago('f.last_seen', op, amounts[1]);
        WHEN field = 'enrolled' THEN RETURN myna.filter_ago('f.created_at', op, amounts[1]);
        WHEN field = 'claim' THEN RETURN myna.filter_counted('f.claim_id', op, amounts);
        WHEN field LIKE '%\_today' OR field LIKE '%\_month' THEN
            RETURN myna.filter_used(field, key, op, amounts, of_some);
        WHEN field IN ('vendor', 'model', 'contract', 'any_vendor', 'any_contract') THEN
            RETURN myna.filter_routed(field, op, texts, of_group, of_some);
        WHEN field = 'group' THEN
            RETURN format('EXISTS (SELECT FROM myna.group_member m WHERE m.device_id = f.device_id'
                ' AND %s%s)', myna.filter_said('m.group_id', op, texts),
                CASE WHEN of_group THEN ' AND NOT m.by_filter' ELSE '' END);
        WHEN field = 'labels' AND cardinality(amounts) > 0 THEN
            RETURN format('CASE WHEN f.labels ->> %1$L ~ ''^-?[0-9]{1,15}(\.[0-9]{1,12})?$'''
                ' THEN %2$s END', key,
                myna.filter_counted(format('(f.labels ->> %L)::numeric', key), op, amounts));
        WHEN field = 'labels' AND op = '=' THEN
            -- labels are texts; this way an index finds them
            RETURN '(' || (SELECT string_agg(format('f.labels @> %L', jsonb_build_object(key, t)),
                ' OR ') FROM unnest(texts) t) || ')';
        WHEN field = 'labels' THEN
            RETURN myna.filter_said(format('(f.labels ->> %L)', key), op, texts);
        WHEN field = 'id' THEN RETURN myna.filter_said('f.device_id', op, texts);
        WHEN field IN ('name', 'serial', 'region', 'status', 'software', 'hardware') THEN
            RETURN myna.filter_said('f.' || field, op, texts);
        ELSE RAISE EXCEPTION 'there is no field %', field;
    END CASE;
END $$;

-- As before; asked about those that were heard, and searching in what robots are called.
CREATE OR REPLACE FUNCTION myna.device_page(program jsonb, after text, most bigint, state text,
                                 in_group text, part text, role text)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET work_mem = '32MB' AS $$
DECLARE
    near_count bigint := least(20 * most, 2000);
    near text[] := ARRAY(SELECT d.device_id::text FROM myna.device d WHERE d.device_id > coalesce(after, '')
                         ORDER BY d.device_id LIMIT near_count);
    narrowed text := CASE state
        WHEN 'revoked' THEN ' AND f.status = ''revoked'''
        WHEN 'online' THEN ' AND f.status = ''active'' AND f.heard AND f.online'
        WHEN 'offline' THEN ' AND f.status = ''active'' AND NOT f.online'
        WHEN 'behind' THEN ' AND f.status = ''active'' AND f.behind' ELSE '' END
        || CASE WHEN in_group IS NULL THEN '' ELSE ' AND EXISTS (SELECT FROM myna.group_member m'
               ' WHERE m.device_id = f.device_id AND m.group_id = $3)' END
        || CASE WHEN part IS NULL THEN '' ELSE ' AND position(lower($4) IN f.called) > 0' END
        || CASE WHEN role IS NULL THEN '' ELSE ' AND EXISTS (SELECT FROM myna.role r'
               ' JOIN myna.group_member g ON g.group_id = ANY (r.groups)'
               ' WHERE r.role_id = $5 AND g.device_id = f.device_id)' END;
    found text[];
BEGIN
    EXECUTE 'SELECT ARRAY(SELECT f.device_id::text FROM myna.device_fact f'
        ' WHERE f.device_id = ANY ($1) AND ' || myna.filter_condition(program, false, true)
        || narrowed || ' ORDER BY f.device_id LIMIT $2)'
        INTO found USING near, most, in_group, part, role;
    IF cardinality(found) >= most OR cardinality(near) < near_count THEN
        RETURN QUERY SELECT unnest(found);
        RETURN;
    END IF;
    RETURN QUERY EXECUTE 'WITH meant AS MATERIALIZED (SELECT f.device_id FROM myna.device_fact f'
        ' WHERE f.device_id > $1 AND ' || myna.filter_condition(program, false, false)
        || narrowed || ') SELECT f.device_id::text FROM meant f ORDER BY f.device_id LIMIT $2'
        USING coalesce(after, ''), most, in_group, part, role;
END $$;
