-- What an API key may is at most what its role may; a scope narrows it further: to some areas, or to
-- lower levels in them, to some groups and to some vendors.

ALTER TABLE myna.api_key
    ADD COLUMN may     jsonb,  -- {"usage": "viewer"}, "*": every area not named; NULL: all that the role may
    ADD COLUMN groups  text[], -- of the role's: robots of these alone; NULL: all of the role's
    ADD COLUMN vendors text[]; -- likewise

-- A list of JSON as an array; NULL for null.
CREATE FUNCTION myna.texts(list jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE jsonb_typeof(list) WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(list)) END
$$;

-- What both allow; NULL: all.
CREATE FUNCTION myna.narrowed(one text[], other text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN one IS NULL THEN other WHEN other IS NULL THEN one
        ELSE ARRAY(SELECT unnest(one) INTERSECT SELECT unnest(other)) END
$$;

-- How far one who asks is let: a role, by its name, or a key with a scope, by that of the audit. NULL: all.
CREATE VIEW myna.reach AS
SELECT r.role_id::text AS reach_id, r.groups, r.vendors FROM myna.role r
UNION ALL
SELECT 'api-key:' || k.key_id, myna.narrowed(r.groups, k.groups), myna.narrowed(r.vendors, k.vendors)
FROM myna.api_key k JOIN myna.role r ON r.role_id = k.role
WHERE k.groups IS NOT NULL OR k.vendors IS NOT NULL;

-- As before, by how far one is let.
CREATE OR REPLACE FUNCTION myna.role_sees(by_role text, about text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT coalesce((SELECT CASE split_part(about, '/', 1)
        WHEN 'device' THEN r.groups IS NULL OR EXISTS (SELECT FROM myna.group_member m
            WHERE m.device_id = substr(about, 8) AND m.group_id = ANY (r.groups))
        WHEN 'group' THEN r.groups IS NULL OR substr(about, 7) = ANY (r.groups)
        WHEN 'vendor' THEN substr(about, 8) = ANY (r.vendors)
        WHEN 'contract' THEN EXISTS (SELECT FROM myna.contract c
            WHERE c.contract_id = substr(about, 10) AND c.vendor_id = ANY (r.vendors))
        END FROM myna.reach r WHERE r.reach_id = by_role), false)
$$;

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
        || CASE WHEN role IS NULL THEN '' ELSE ' AND EXISTS (SELECT FROM myna.reach r'
               ' JOIN myna.group_member g ON g.group_id = ANY (r.groups)'
               ' WHERE r.reach_id = $5 AND g.device_id = f.device_id)' END;
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

CREATE OR REPLACE FUNCTION myna.job_targets(ids text[], program jsonb, state text, in_group text, part text,
                                 role text, most bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF ids IS NULL THEN
        RETURN QUERY SELECT * FROM myna.device_page(program, NULL, most, state, in_group, part, role);
    ELSE
        RETURN QUERY SELECT d.device_id::text FROM myna.device d WHERE d.device_id = ANY (ids)
            AND (role IS NULL OR EXISTS (SELECT FROM myna.reach r JOIN myna.group_member m
                 ON m.group_id = ANY (r.groups) WHERE r.reach_id = role AND m.device_id = d.device_id));
    END IF;
END $$;
