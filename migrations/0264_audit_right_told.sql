-- 0252 raised the level by which own roles read the audit, and wrote no row about it: here is that row,
-- for roles that nobody has changed since.
SELECT myna.audit_append('mynad', '', 'role.update', 'role/' || r.role_id, told.after,
    jsonb_build_object('id', r.role_id, 'own', r.is_own, 'note', r.note, 'may', r.may,
        'groups', to_jsonb(r.groups), 'vendors', to_jsonb(r.vendors), 'second_factor', r.second_factor,
        'version', r.version, 'created_at', r.created_at))
FROM myna.role r CROSS JOIN LATERAL (SELECT a.after FROM myna.audit a
    WHERE a.subject = 'role/' || r.role_id AND a.action IN ('role.create', 'role.update')
    ORDER BY a.seq DESC LIMIT 1) told
WHERE r.is_own AND r.may ->> 'audit' = 'operator' AND told.after #>> '{may,audit}' IN ('viewer', 'support');
