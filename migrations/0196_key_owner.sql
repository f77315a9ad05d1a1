-- An API key belongs to an operator: it does what its owner may do, as long as its owner may. What it
-- does counts as its owner's deed.

ALTER TABLE myna.api_key ADD COLUMN owner myna.slug REFERENCES myna.operator ON DELETE SET NULL;
CREATE INDEX api_key_owner ON myna.api_key (owner);
UPDATE myna.api_key k SET owner = o.operator_id FROM myna.operator o
WHERE 'operator:' || o.operator_id = myna.person(k.created_by);

-- The person behind an actor: an API key counts as its owner, and when that one is gone as whoever
-- made it.
CREATE OR REPLACE FUNCTION myna.person(actor text) RETURNS text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE who(name, n) AS (SELECT actor, 0
        UNION ALL SELECT coalesce('operator:' || k.owner, k.created_by), who.n + 1 FROM who
        JOIN myna.api_key k ON who.name = 'api-key:' || k.key_id WHERE who.n < 16)
    SELECT name FROM who ORDER BY n DESC LIMIT 1
$$;

-- Whether who has a role may do all that another one gives. Own roles are nobody's but their
-- holders' and admins'.
CREATE FUNCTION myna.role_covers(has text, asked text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT has = 'admin' OR has = asked
        OR coalesce(array_position('{viewer,support,operator,approver}', has)
                    >= array_position('{viewer,support,operator,approver}', asked), false)
$$;

-- Why a key opens nothing though it is neither revoked nor expired; NULL: it opens.
CREATE FUNCTION myna.key_stopped(k myna.api_key) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.owner IS NULL THEN 'owner_gone'
        WHEN o.disabled_at IS NOT NULL THEN 'owner_disabled'
        WHEN NOT myna.role_covers(o.role, k.role) THEN 'owner_role' END
    FROM (SELECT) one LEFT JOIN myna.operator o ON o.operator_id = k.owner
$$;
