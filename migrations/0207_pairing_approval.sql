-- Where the server's configuration asks for it, a robot whose digits were right waits for a second
-- person's word before it is let in.

ALTER TABLE myna.pairing
    DROP CONSTRAINT pairing_state_check,
    ADD COLUMN heard_by text,                       -- who typed the right digits
    ADD CONSTRAINT pairing_state_check CHECK (state IN
        ('begun', 'waiting', 'heard', 'confirmed', 'paired', 'refused', 'failed', 'expired')),
    ADD CONSTRAINT pairing_heard_check CHECK
        (state <> 'heard' OR (robot_nonce IS NOT NULL AND heard_by IS NOT NULL));

-- Two people are behind the two actors: an API key counts as whoever made it.
CREATE FUNCTION myna.are_two(one text, other text) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH RECURSIVE who(side, actor, n) AS (
        VALUES ('one', one, 0), ('other', other, 0)
        UNION ALL
        SELECT who.side, k.created_by, who.n + 1 FROM who
        JOIN myna.api_key k ON who.actor = 'api-key:' || k.key_id WHERE who.n < 16)
    SELECT count(DISTINCT last.actor) = 2
    FROM (SELECT DISTINCT ON (side) actor FROM who ORDER BY side, n DESC) last
$$;
