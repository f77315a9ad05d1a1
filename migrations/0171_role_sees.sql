-- Whether a role that is bound to groups or vendors may see an alert about something: robots and groups
-- of its groups, its vendors and their contracts. Who is bound to vendors alone sees all robots, as it
-- does elsewhere; who is bound to groups alone sees no vendor's money.
CREATE FUNCTION myna.role_sees(by_role text, about text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT coalesce((SELECT CASE split_part(about, '/', 1)
        WHEN 'device' THEN r.groups IS NULL OR EXISTS (SELECT FROM myna.group_member m
            WHERE m.device_id = substr(about, 8) AND m.group_id = ANY (r.groups))
        WHEN 'group' THEN r.groups IS NULL OR substr(about, 7) = ANY (r.groups)
        WHEN 'vendor' THEN substr(about, 8) = ANY (r.vendors)
        WHEN 'contract' THEN EXISTS (SELECT FROM myna.contract c
            WHERE c.contract_id = substr(about, 10) AND c.vendor_id = ANY (r.vendors))
        END FROM myna.role r WHERE r.role_id = by_role), false)
$$;
