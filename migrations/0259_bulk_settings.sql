-- Two more deeds of bulk jobs: a region, and settings of the robots' own layers. What they take is
-- {"region"} and {"settings"}: null takes one out, as in a rollout's patch.
CREATE FUNCTION myna.settings_with(settings jsonb, changes jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(settings || changes)
    WHERE value <> 'null'
$$;

-- As before, with those two.
CREATE OR REPLACE FUNCTION myna.job_effects(deed text, asked jsonb, ids text[])
RETURNS TABLE (device_id text, effect text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF deed = 'label' THEN
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN myna.labels_with(d.labels, asked -> 'labels') = d.labels THEN 'unchanged'
            ELSE 'changes' END FROM myna.device d WHERE d.device_id = ANY (ids);
    ELSIF deed = 'region' THEN
        RETURN QUERY SELECT d.device_id::text, CASE d.region WHEN asked ->> 'region' THEN 'unchanged'
            ELSE 'changes' END FROM myna.device d WHERE d.device_id = ANY (ids);
    ELSIF deed = 'set' THEN
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN myna.settings_with(coalesce(l.settings, '{}'), asked -> 'settings')
                = coalesce(l.settings, '{}') THEN 'unchanged' ELSE 'changes' END
            FROM myna.device d LEFT JOIN myna.layer l ON l.device_id = d.device_id
            WHERE d.device_id = ANY (ids);
    ELSIF deed IN ('join', 'leave') THEN
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN (m.device_id IS NULL) = (deed = 'join') THEN 'changes' ELSE 'unchanged' END
            FROM myna.device d LEFT JOIN myna.group_member m ON m.device_id = d.device_id
            AND m.group_id = asked ->> 'group' WHERE d.device_id = ANY (ids);
    ELSE
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN deed = 'revoke' THEN CASE d.status WHEN 'revoked' THEN 'unchanged' ELSE 'changes' END
            WHEN deed = 'retire' THEN CASE d.status WHEN 'retired' THEN 'unchanged' ELSE 'changes' END
            WHEN d.status = 'active' THEN CASE deed WHEN 'release' THEN 'unchanged' ELSE 'changes' END
            WHEN d.status <> 'quarantined' THEN 'refused'
            WHEN deed = 'quarantine' THEN 'unchanged'
            WHEN deed = 'release' THEN 'changes'
            ELSE 'refused' END FROM myna.device d WHERE d.device_id = ANY (ids);
    END IF;
END $$;
