-- Robots behind two more numbers are lists: those that a fired threshold holds, by the threshold's name,
-- and those that leave a vendor out for one reason, as "vendor:class".

-- As before, with who is held by a threshold and why a vendor is left out.
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
        WHEN field = 'left_out' THEN
            RETURN format('EXISTS (SELECT FROM myna.device_link o, LATERAL (SELECT'
                ' jsonb_array_elements_text(o.left_out) AS v UNION ALL SELECT concat(c ->> ''vendor'', '':'','
                ' c ->> ''class'') FROM jsonb_array_elements(o.health -> ''circuits'') c'
                ' WHERE o.left_out ? (c ->> ''vendor'')) e'
                ' WHERE o.device_id = f.device_id AND o.left_out IS NOT NULL'
                ' AND o.last_seen > now() - interval ''10 minutes'' AND %s)', myna.filter_said('v', op, texts));
        WHEN field = 'threshold' THEN
            -- once for all robots: whom a threshold reaches is put together of many rows
            RETURN format('f.device_id IN (SELECT r.device_id FROM myna.threshold t'
                ' JOIN myna.threshold_reach r USING (threshold_id) WHERE %s AND (EXISTS (SELECT'
                ' FROM myna.enforcement e WHERE e.threshold_id = t.threshold_id) OR EXISTS (SELECT'
                ' FROM myna.contract_standing c WHERE c.threshold_id = t.threshold_id)))',
                myna.filter_said('t.source', op, texts));
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
