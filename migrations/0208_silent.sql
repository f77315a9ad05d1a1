-- Robots that are online and cannot talk: what their screens show is kept beside the rest of their
-- last report, so that lists and counts find them.

-- The trouble that its last report named (schema/wire/trouble.h); 0: none.
ALTER TABLE myna.device_link ADD trouble bigint NOT NULL
    GENERATED ALWAYS AS (coalesce((health ->> 'trouble')::bigint, 0)) STORED;
CREATE INDEX device_link_trouble ON myna.device_link (trouble) WHERE trouble <> 0;

-- Whether such a trouble keeps a robot from answering whoever speaks to it: limits, vendors, its
-- microphone, its disk. What its owner chose (muted, quiet hours, daily minutes) does not count, and
-- weak Wi-Fi makes it slow.
CREATE FUNCTION myna.trouble_silences(trouble bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT trouble = ANY ('{31,32,41,42,43,44,45,46,51,53}'::bigint[])
$$;

-- As before, with two columns more. silent: it is online, and its screen shows what keeps it from
-- answering.
CREATE OR REPLACE VIEW myna.device_fact AS
SELECT d.device_id, d.name, d.serial, d.region, d.labels, d.status, d.claim_id, d.created_at,
    l.last_seen, l.software, l.hardware, l.reported_generation < l.desired_generation AS behind,
    myna.link_is_online(l.session_hello, l.ended_session, l.session_number, l.last_seen,
        s.report_interval_s) AS online,
    coalesce(s.generation = l.desired_generation, false) AS is_shown, s.list_id,
    l.session_hello AND l.ended_session < l.session_number
        AND l.last_seen > now() - make_interval(secs => 10 + 3 * (
            SELECT greatest(max(i.report_interval_s), 60) FROM myna.device_shown i)) AS heard,
    d.called, l.trouble, myna.trouble_silences(l.trouble) AND myna.link_is_online(l.session_hello,
        l.ended_session, l.session_number, l.last_seen, s.report_interval_s) AS silent
FROM myna.device d LEFT JOIN myna.device_link l ON l.device_id = d.device_id
LEFT JOIN myna.device_shown s ON s.device_id = d.device_id;

-- As before, with what screens show.
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
        WHEN field = 'silent' THEN RETURN '(f.heard AND f.silent)';
        WHEN field = 'trouble' THEN
            RETURN format('(f.heard AND f.online AND f.trouble = ANY (%L::bigint[]))',
                ARRAY(SELECT substr(t, 2)::bigint FROM unnest(texts) t));
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

-- As before, with those that are silent.
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
        WHEN 'silent' THEN ' AND f.status = ''active'' AND f.heard AND f.silent'
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
