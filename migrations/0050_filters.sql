-- Filters (schema/FILTER.md) answered by the database, and groups whose members a filter chooses.

ALTER TABLE myna.device_group
    ADD filter          text,                       -- canonical; NULL: members are put in by hand
    ADD program         jsonb,                      -- what server/fleet/filter.h makes of it
    ADD refreshed_at    timestamptz NOT NULL DEFAULT now(),
    ADD CHECK ((filter IS NULL) = (program IS NULL));
ALTER TABLE myna.group_member
    ADD by_filter       boolean NOT NULL DEFAULT false;

-- Whether the terms that a robot meets (bit n: term n) make the filter hold.
CREATE FUNCTION myna.filter_folds(mask bigint, steps integer[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    stack boolean[] := '{}';
    top integer := 0;
    step integer;
BEGIN
    FOREACH step IN ARRAY steps LOOP
        IF step >= 0 THEN
            top := top + 1;
            stack[top] := (mask >> step) & 1 = 1;
        ELSIF step = -1 THEN
            stack[top] := NOT stack[top];
        ELSE
            top := top - 1;
            stack[top] := CASE step WHEN -2 THEN stack[top] AND stack[top + 1]
                                    ELSE stack[top] OR stack[top + 1] END;
        END IF;
    END LOOP;
    RETURN stack[1];
END $$;

-- Route lists as the layers give them that no filter decides: what a group's filter may ask for
-- without its own layer changing the answer.
CREATE VIEW myna.settled_routes AS
SELECT DISTINCT ON (device_id) device_id, value
FROM (
    SELECT d.device_id, l.settings -> 'routes' AS value, 0 AS rank, 0 AS priority,
           NULL::timestamptz AS group_created
    FROM myna.layer l CROSS JOIN myna.device d
    WHERE l.layer_id = 'fleet' AND l.settings ? 'routes'
    UNION ALL
    SELECT m.device_id, l.settings -> 'routes', 1, g.priority, g.created_at
    FROM myna.layer l JOIN myna.device_group g ON g.group_id = l.group_id AND g.filter IS NULL
    JOIN myna.group_member m ON m.group_id = l.group_id WHERE l.settings ? 'routes'
    UNION ALL
    SELECT l.device_id, l.settings -> 'routes', 2, 0, NULL
    FROM myna.layer l WHERE l.device_id IS NOT NULL AND l.settings ? 'routes'
) layered
ORDER BY device_id, rank DESC, priority DESC, group_created DESC NULLS LAST;

-- The first number in a text as a version of four parts; NULL: there is none.
CREATE FUNCTION myna.version_of(said text) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    -- m is empty where nothing matches, and an array joined to NULL would not be NULL
    SELECT (string_to_array(m[1], '.')::bigint[] || '{0,0,0,0}'::bigint[])[1:4]
    FROM regexp_match(said, '[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}') m WHERE m IS NOT NULL
$$;

-- Whether a text's version is (op) one of these, each a JSON array of four numbers.
CREATE FUNCTION myna.version_meets(said text, op text, versions text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bool_or(v.own IS NOT NULL AND CASE op WHEN '=' THEN v.own = v.other WHEN '<' THEN v.own < v.other
                                    WHEN '<=' THEN v.own <= v.other WHEN '>' THEN v.own > v.other
                                    ELSE v.own >= v.other END), false)
    FROM (SELECT myna.version_of(said) AS own,
                 translate(t, '[] ', '{}')::bigint[] AS other FROM unnest(versions) t) v
$$;

-- The devices that a program holds for, of these (NULL: of all). of_group: routes are the settled
-- ones, and of groups those count whose members were put in by hand. Each kind of fact is only looked for when a term asks for it.
CREATE FUNCTION myna.filter_matches(program jsonb, ids text[], of_group boolean)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY WITH term AS MATERIALIZED (
        SELECT (t.ordinality - 1)::integer AS n, t.value ->> 'field' AS field,
               t.value ->> 'key' AS key, t.value ->> 'op' AS op,
               ARRAY(SELECT jsonb_array_elements_text(t.value -> 'texts')) AS texts,
               ARRAY(SELECT jsonb_array_elements_text(t.value -> 'amounts')::numeric) AS amounts,
               ARRAY(SELECT v::text FROM jsonb_array_elements(t.value -> 'versions') v) AS versions,
               CASE WHEN t.value ->> 'field' IN ('vendor', 'model', 'contract', 'any_vendor',
                                                 'any_contract') THEN 'route'
                    WHEN t.value ->> 'field' = 'group' THEN 'group'
                    WHEN t.value ->> 'field' = 'online' THEN 'online'
                    WHEN t.value ->> 'field' LIKE '%\_today' THEN 'usage'
                    WHEN t.value ->> 'field' LIKE '%\_month' THEN 'usage'
                    ELSE 'row' END AS kind
        FROM jsonb_array_elements(program -> 'terms') WITH ORDINALITY t),
    who AS MATERIALIZED (
        SELECT d.*, l.last_seen, l.software, l.hardware,
               l.reported_generation < l.desired_generation AS is_behind
        FROM myna.device d JOIN myna.device_link l USING (device_id)
        WHERE ids IS NULL OR d.device_id = ANY (ids)),
    fact AS (
        SELECT w.device_id, t.n, CASE t.field
                WHEN 'id' THEN w.device_id::text WHEN 'name' THEN w.name
                WHEN 'serial' THEN w.serial WHEN 'region' THEN w.region
                WHEN 'labels' THEN w.labels ->> t.key WHEN 'status' THEN w.status
                WHEN 'behind' THEN w.is_behind::text WHEN 'software' THEN w.software
                WHEN 'hardware' THEN w.hardware END AS said,
            CASE t.field
                WHEN 'claim' THEN w.claim_id::numeric
                WHEN 'last_seen' THEN
                    coalesce(extract(epoch FROM now() - w.last_seen), 'Infinity'::numeric)
                WHEN 'enrolled' THEN extract(epoch FROM now() - w.created_at)
                WHEN 'labels' THEN CASE
                    WHEN w.labels ->> t.key ~ '^-?[0-9]{1,15}(\.[0-9]{1,12})?$'
                    THEN (w.labels ->> t.key)::numeric END END AS amount
        FROM term t CROSS JOIN who w WHERE t.kind = 'row'
        UNION ALL
        SELECT w.device_id, t.n, o.online::text, NULL
        FROM term t CROSS JOIN who w JOIN myna.device_online o USING (device_id)
        WHERE t.kind = 'online' AND EXISTS (SELECT FROM term WHERE kind = 'online')
        UNION ALL
        SELECT m.device_id, t.n, m.group_id, NULL
        FROM term t CROSS JOIN myna.group_member m
        WHERE t.kind = 'group' AND (ids IS NULL OR m.device_id = ANY (ids))
          AND NOT (of_group AND m.by_filter)
        UNION ALL
        SELECT r.device_id, t.n, r.item ->> replace(t.field, 'any_', ''), NULL
        FROM term t CROSS JOIN (
            SELECT e.device_id, i.item, row_number() OVER (PARTITION BY e.device_id,
                       coalesce(i.item ->> 'use', 'chat') = 'chat' ORDER BY i.place) AS place
            FROM (SELECT device_id, value FROM myna.effective_setting
                  WHERE name = 'routes' AND NOT of_group
                    AND (ids IS NULL OR device_id = ANY (ids))
                  UNION ALL
                  SELECT device_id, value FROM myna.settled_routes
                  WHERE of_group AND (ids IS NULL OR device_id = ANY (ids))) e
            CROSS JOIN LATERAL jsonb_array_elements(e.value) WITH ORDINALITY i(item, place)
            WHERE EXISTS (SELECT FROM term WHERE kind = 'route')) r
        WHERE t.kind = 'route' AND (t.field LIKE 'any\_%'
              OR r.place = 1 AND coalesce(r.item ->> 'use', 'chat') = 'chat')
        UNION ALL
        SELECT w.device_id, t.n, NULL, coalesce(u.amount, 0)
        FROM term t CROSS JOIN who w LEFT JOIN (
            SELECT t.n, h.device_id, sum(CASE split_part(t.field, '_', 1)
                    WHEN 'attempts' THEN h.attempts WHEN 'failed' THEN h.failed
                    WHEN 'input' THEN h.input_uncached + h.input_cached + h.cache_write_5m
                                      + h.cache_write_1h
                    WHEN 'output' THEN h.output
                    WHEN 'cost' THEN CASE WHEN h.currency = t.key THEN h.price ELSE 0 END
                    END) AS amount
            FROM term t JOIN myna.usage_hour h
              ON h.hour >= date_trunc(CASE WHEN t.field LIKE '%\_month' THEN 'month' ELSE 'day' END,
                                      now())
            WHERE t.kind = 'usage' AND EXISTS (SELECT FROM term WHERE kind = 'usage')
              AND h.hour >= date_trunc('month', now())
              AND (ids IS NULL OR h.device_id = ANY (ids))
            GROUP BY 1, 2) u ON u.n = t.n AND u.device_id = w.device_id
        WHERE t.kind = 'usage'),
    held AS MATERIALIZED (
        SELECT w.device_id, coalesce(bit_or(1::bigint << f.n) FILTER (WHERE CASE
            WHEN cardinality(t.amounts) > 0 THEN CASE t.op
                WHEN '=' THEN f.amount = ANY (t.amounts) WHEN '<' THEN f.amount < t.amounts[1]
                WHEN '<=' THEN f.amount <= t.amounts[1] WHEN '>' THEN f.amount > t.amounts[1]
                ELSE f.amount >= t.amounts[1] END
            WHEN cardinality(t.versions) > 0 THEN myna.version_meets(f.said, t.op, t.versions)
            ELSE CASE t.op
                WHEN '=' THEN f.said = ANY (t.texts)
                WHEN 'contains' THEN position(lower(t.texts[1]) IN lower(f.said)) > 0
                ELSE starts_with(lower(f.said), lower(t.texts[1])) END END), 0) AS mask
        FROM who w LEFT JOIN fact f USING (device_id) LEFT JOIN term t ON t.n = f.n
        GROUP BY w.device_id)
    -- robots are many and the ways to meet the terms few: each is folded once
    SELECT held.device_id::text FROM held JOIN (
        SELECT mask FROM (SELECT DISTINCT mask FROM held) m
        WHERE myna.filter_folds(mask, ARRAY(SELECT jsonb_array_elements_text(program -> 'steps')
                                            ::integer))) good USING (mask);
END
$$;

-- Brings the members of groups up to date by their filters: of these groups (NULL: of all that have
-- one), as far as these devices are concerned (NULL: all). Whoever joins or leaves gets a new
-- generation, the audit tells whom. In the lock order it stands where device_link does; gives the
-- number of changes. Two that run at once may each see what the other has not committed: the next
-- minute's run corrects it.
CREATE FUNCTION myna.group_refresh(groups text[], ids text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    item record;
    joined text[];
    gone text[];
    changed text[] := '{}';
    notes jsonb := '[]';
    note jsonb;
BEGIN
    FOR item IN SELECT g.group_id, g.program FROM myna.device_group g
                WHERE g.filter IS NOT NULL AND (groups IS NULL OR g.group_id = ANY (groups))
                ORDER BY g.group_id
    LOOP
        WITH meant AS MATERIALIZED (
            SELECT m AS device_id FROM myna.filter_matches(item.program, ids, true) m),
        new AS (INSERT INTO myna.group_member (group_id, device_id, by_filter)
                SELECT item.group_id, device_id, true FROM meant
                WHERE NOT EXISTS (SELECT FROM myna.group_member o WHERE o.group_id = item.group_id
                                  AND o.device_id = meant.device_id)
                ON CONFLICT DO NOTHING RETURNING device_id),
        old AS (DELETE FROM myna.group_member m WHERE m.group_id = item.group_id
                AND (ids IS NULL OR m.device_id = ANY (ids))
                AND NOT EXISTS (SELECT FROM meant WHERE meant.device_id = m.device_id)
                RETURNING device_id)
        SELECT ARRAY(SELECT device_id::text FROM new ORDER BY 1),
               ARRAY(SELECT device_id::text FROM old ORDER BY 1) INTO joined, gone;
        CONTINUE WHEN cardinality(joined) + cardinality(gone) = 0;
        changed := changed || joined || gone;
        notes := notes || jsonb_build_object('group', item.group_id,
            'left', jsonb_build_object('devices', cardinality(gone), 'first', gone[1:200]),
            'joined', jsonb_build_object('devices', cardinality(joined), 'first', joined[1:200]));
    END LOOP;
    IF cardinality(changed) = 0 THEN
        RETURN 0;
    END IF;
    PERFORM myna.touch_devices(changed);
    FOR note IN SELECT jsonb_array_elements(notes) LOOP
        PERFORM myna.audit_append('mynad', '', 'group.refresh', 'group/' || (note ->> 'group'),
                                  jsonb_build_object('left', note -> 'left'),
                                  jsonb_build_object('joined', note -> 'joined'));
        PERFORM myna.tell('group', note ->> 'group');
    END LOOP;
    IF cardinality(changed) = 1 THEN
        PERFORM myna.tell('device', changed[1]);
    END IF;
    RETURN cardinality(changed);
END $$;
