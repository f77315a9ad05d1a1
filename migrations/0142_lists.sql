-- Lists of robots of a hundred thousand: a filter becomes one condition, which stops as soon as a page
-- is full, and asks for nothing that it does not need.

-- The lists of routes that robots have had: robots are many and their lists few, so they stay.
CREATE TABLE myna.route_list (
    list_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash            bytea NOT NULL UNIQUE,          -- SHA-256 of the list's text
    routes          jsonb NOT NULL,
    chat            jsonb                           -- the first for talking
);

-- Kept beside the robot (0078), so that lists and filters ask no layers.
ALTER TABLE myna.device_shown ADD list_id bigint;   -- NULL: it has no routes
UPDATE myna.device_shown SET generation = 0;        -- of no generation: the job writes it anew

CREATE FUNCTION myna.route_list_hash(routes jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(routes::text, 'UTF8'))
$$;

-- As before, with the list of routes.
CREATE OR REPLACE FUNCTION myna.device_show(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids text[] := ARRAY(SELECT l.device_id::text FROM myna.device_link l
                        LEFT JOIN myna.device_shown s USING (device_id)
                        WHERE s.generation IS DISTINCT FROM l.desired_generation LIMIT most);
BEGIN
    WITH own AS MATERIALIZED (
        SELECT e.device_id, d.region,
               (array_agg(e.value) FILTER (WHERE e.name = 'routes'))[1] AS routes,
               (array_agg(e.value) FILTER (WHERE e.name = 'report_interval_s'))[1] AS interval_s
        FROM myna.standing_setting e JOIN myna.device d ON d.device_id = e.device_id
        WHERE e.name IN ('routes', 'report_interval_s') AND e.device_id = ANY (ids)
        GROUP BY e.device_id, d.region),
    held AS MATERIALIZED (
        SELECT o.*, CASE
            WHEN jsonb_typeof(o.routes) <> 'array' THEN '{}'
            WHEN (SELECT EXISTS (SELECT FROM myna.vendor_drain
                                 WHERE state = 'active' AND kind = 'drill'))
            THEN coalesce(myna.drained_vendors(o.device_id), '{}')
            ELSE (SELECT coalesce(array_agg(DISTINCT vendor_id::text ORDER BY vendor_id::text), '{}')
                  FROM myna.vendor_drain WHERE state = 'active') END AS drained
        FROM own o),
    list AS MATERIALIZED (
        SELECT h.*, coalesce(myna.routes_left(h.routes, h.drained, h.region), h.routes) AS remaining
        FROM (SELECT DISTINCT routes, region, drained FROM held WHERE drained <> '{}' OFFSET 0) h),
    shown AS MATERIALIZED (
        SELECT h.device_id, h.interval_s, coalesce(i.remaining, h.routes) AS routes
        FROM held h LEFT JOIN list i
        ON i.routes = h.routes AND i.region = h.region AND i.drained = h.drained),
    list_of AS MATERIALIZED (
        SELECT routes, myna.route_list_hash(routes) AS hash FROM
            (SELECT DISTINCT routes FROM shown WHERE jsonb_typeof(routes) = 'array' OFFSET 0) r),
    new AS (
        INSERT INTO myna.route_list (hash, routes, chat)
        SELECT n.hash, n.routes, (SELECT i.item FROM jsonb_array_elements(n.routes)
                                  WITH ORDINALITY i(item, place)
                                  WHERE coalesce(i.item ->> 'use', 'chat') = 'chat'
                                  ORDER BY i.place LIMIT 1)
        FROM list_of n WHERE NOT EXISTS (SELECT FROM myna.route_list k WHERE k.hash = n.hash)
        ORDER BY n.hash
        -- whoever writes it at the same time has it too; DO NOTHING would not tell its number
        ON CONFLICT (hash) DO UPDATE SET routes = excluded.routes
        RETURNING list_id, hash),
    known AS (
        SELECT n.routes, coalesce(k.list_id, new.list_id) AS list_id
        FROM list_of n LEFT JOIN myna.route_list k USING (hash) LEFT JOIN new USING (hash))
    INSERT INTO myna.device_shown AS s (device_id, generation, route, report_interval_s, list_id)
    SELECT l.device_id, l.desired_generation, w.routes -> 0, (w.interval_s #>> '{}')::integer,
           f.list_id
    FROM myna.device_link l LEFT JOIN shown w ON w.device_id = l.device_id
    LEFT JOIN known f ON f.routes = w.routes
    WHERE l.device_id = ANY (ids) ORDER BY l.device_id
    ON CONFLICT (device_id) DO UPDATE SET generation = excluded.generation,
        route = excluded.route, report_interval_s = excluded.report_interval_s,
        list_id = excluded.list_id;
    RETURN cardinality(ids);
END $$;

-- What each robot used today and this month (UTC): of filters, and ten seconds old as usage_hour is,
-- which it is made of. Rows of days and months that are over may go.
CREATE TABLE myna.device_use (
    begins          timestamptz NOT NULL,
    is_month        boolean NOT NULL,
    currency        text NOT NULL,
    device_id       text NOT NULL,
    attempts        bigint NOT NULL,
    failed          bigint NOT NULL,
    input           bigint NOT NULL,                -- cached tokens too
    output          bigint NOT NULL,
    price           numeric NOT NULL,
    PRIMARY KEY (begins, is_month, currency, device_id)
) WITH (fillfactor = 70);

-- What a change of usage_hour adds to them, of either sign.
CREATE FUNCTION myna.device_use_add() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT 1 AS sign, n.* FROM new_rows n'
        WHEN 'DELETE' THEN 'SELECT -1 AS sign, o.* FROM old_rows o'
        ELSE 'SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1, o.* FROM old_rows o' END;
BEGIN
    EXECUTE 'INSERT INTO myna.device_use AS u (begins, is_month, currency, device_id, attempts,'
        ' failed, input, output, price)'
        ' SELECT p.begins, p.is_month, c.currency, c.device_id, sum(sign * attempts),'
        '   sum(sign * failed), sum(sign * (input_uncached + input_cached + cache_write_5m'
        '   + cache_write_1h)), sum(sign * output), sum(sign * price)'
        ' FROM (' || changed || ') c JOIN (VALUES (date_trunc(''day'', now(), ''UTC''), false),'
        '   (date_trunc(''month'', now(), ''UTC''), true)) p(begins, is_month)'
        '   ON c.hour >= p.begins'
        ' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4'
        ' ON CONFLICT (begins, is_month, currency, device_id) DO UPDATE SET'
        ' attempts = u.attempts + excluded.attempts, failed = u.failed + excluded.failed,'
        ' input = u.input + excluded.input, output = u.output + excluded.output,'
        ' price = u.price + excluded.price';
    RETURN NULL;
END $$;

-- Whoever writes the hours: they are added to in one transaction with these.
CREATE TRIGGER device_use_insert AFTER INSERT ON myna.usage_hour
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION myna.device_use_add();
CREATE TRIGGER device_use_update AFTER UPDATE ON myna.usage_hour
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION myna.device_use_add();
CREATE TRIGGER device_use_delete AFTER DELETE ON myna.usage_hour
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION myna.device_use_add();

-- Of all hours there are, in place of whatever stands there.
CREATE FUNCTION myna.device_use_make() RETURNS void LANGUAGE sql SET work_mem = '256MB' AS $$
    DELETE FROM myna.device_use;
    INSERT INTO myna.device_use (begins, is_month, currency, device_id, attempts, failed, input,
        output, price)
    SELECT p.begins, p.is_month, m.currency, m.device_id, p.attempts, p.failed, p.input, p.output,
        p.price
    FROM (SELECT h.currency, h.device_id, b.day, b.month, sum(attempts) AS attempts,
            sum(failed) AS failed, sum(n.input) AS input, sum(output) AS output,
            sum(price) AS price, max(h.hour) AS newest,
            sum(attempts) FILTER (WHERE h.hour >= b.day) AS attempts_today,
            sum(failed) FILTER (WHERE h.hour >= b.day) AS failed_today,
            sum(n.input) FILTER (WHERE h.hour >= b.day) AS input_today,
            sum(output) FILTER (WHERE h.hour >= b.day) AS output_today,
            sum(price) FILTER (WHERE h.hour >= b.day) AS price_today
          FROM (SELECT date_trunc('day', now(), 'UTC') AS day,
                       date_trunc('month', now(), 'UTC') AS month) b
          JOIN myna.usage_hour h ON h.hour >= b.month
          CROSS JOIN LATERAL (SELECT input_uncached + input_cached + cache_write_5m
                                     + cache_write_1h AS input) n
          GROUP BY 1, 2, 3, 4) m
    CROSS JOIN LATERAL (VALUES
        (m.month, true, m.attempts, m.failed, m.input, m.output, m.price),
        (m.day, false, m.attempts_today, m.failed_today, m.input_today, m.output_today,
         m.price_today)) p(begins, is_month, attempts, failed, input, output, price)
    WHERE p.is_month OR m.newest >= m.day;
$$;
SELECT myna.device_use_make();

-- A device is online while its session lives and it was heard within three of its own heartbeats.
-- Of one expression, which a query takes in.
CREATE FUNCTION myna.link_is_online(hello boolean, ended bigint, number bigint, seen timestamptz,
                                    interval_s integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(hello AND ended < number
        AND seen > now() - make_interval(secs => 3 * coalesce(interval_s, 60) + 10), false)
$$;
CREATE OR REPLACE VIEW myna.device_online AS
SELECT l.device_id, myna.link_is_online(l.session_hello, l.ended_session, l.session_number,
        l.last_seen, s.report_interval_s) AS online,
    l.reported_generation < l.desired_generation AS behind
FROM myna.device_link l LEFT JOIN myna.device_shown s USING (device_id);

-- All that a filter may ask about a robot itself. A table of which nothing is asked is not read.
CREATE VIEW myna.device_fact AS
SELECT d.device_id, d.name, d.serial, d.region, d.labels, d.status, d.claim_id, d.created_at,
    l.last_seen, l.software, l.hardware, l.reported_generation < l.desired_generation AS behind,
    myna.link_is_online(l.session_hello, l.ended_session, l.session_number, l.last_seen,
        s.report_interval_s) AS online,
    coalesce(s.generation = l.desired_generation, false) AS is_shown, s.list_id
FROM myna.device d LEFT JOIN myna.device_link l ON l.device_id = d.device_id
LEFT JOIN myna.device_shown s ON s.device_id = d.device_id;

CREATE INDEX device_labels ON myna.device USING gin (labels jsonb_path_ops);
CREATE INDEX device_inactive ON myna.device (device_id) WHERE status <> 'active';
CREATE INDEX device_link_software ON myna.device_link (software);
CREATE INDEX device_link_behind_id ON myna.device_link (device_id)
    WHERE reported_generation < desired_generation;

-- The routes of those of whom device_shown knows none yet (of_group: the settled ones of all), of
-- these devices (NULL: of all).
CREATE FUNCTION myna.routes_asked(ids text[], of_group boolean)
RETURNS TABLE (device_id text, item jsonb, is_chat boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
    missing text[];
BEGIN
    IF NOT of_group THEN
        missing := ARRAY(SELECT l.device_id::text FROM myna.device_link l
            LEFT JOIN myna.device_shown s USING (device_id)
            WHERE s.generation IS DISTINCT FROM l.desired_generation
              AND (ids IS NULL OR l.device_id = ANY (ids)));
    END IF;
    RETURN QUERY SELECT e.device_id::text, i.item, coalesce(i.item ->> 'use', 'chat') = 'chat'
        AND row_number() OVER (PARTITION BY e.device_id,
            coalesce(i.item ->> 'use', 'chat') = 'chat' ORDER BY i.place) = 1
    FROM (SELECT v.device_id, v.value FROM myna.effective_setting v
          WHERE NOT of_group AND v.name = 'routes' AND v.device_id = ANY (missing)
          UNION ALL
          SELECT r.device_id, r.value FROM myna.settled_routes r
          WHERE of_group AND (ids IS NULL OR r.device_id = ANY (ids))) e
    CROSS JOIN LATERAL jsonb_array_elements(e.value) WITH ORDINALITY i(item, place);
END $$;

-- Each of the software texts there are, from one to the next by the index.
CREATE FUNCTION myna.softwares() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE said AS (
        (SELECT l.software FROM myna.device_link l ORDER BY l.software LIMIT 1)
        UNION ALL
        SELECT (SELECT l.software FROM myna.device_link l WHERE l.software > said.software
                ORDER BY l.software LIMIT 1) FROM said WHERE said.software IS NOT NULL)
    SELECT software FROM said WHERE software IS NOT NULL
$$;

-- The conditions that follow are text for a statement: each value in them is quoted by format's %L,
-- all else is written here. Where nothing is known they are NULL, which counts as false.

-- A text beside texts.
CREATE FUNCTION myna.filter_said(expression text, op text, texts text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE op
        WHEN '=' THEN CASE WHEN cardinality(texts) = 1 THEN format('%s = %L', expression, texts[1])
            ELSE format('%s = ANY (%L::text[])', expression, texts) END
        WHEN 'contains' THEN format('position(lower(%L) IN lower(%s)) > 0', texts[1], expression)
        WHEN 'starts' THEN format('starts_with(lower(%s), lower(%L))', expression, texts[1]) END
$$;

-- A number beside numbers.
CREATE FUNCTION myna.filter_counted(expression text, op text, amounts numeric[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN op = '=' THEN format('%s = ANY (%L::numeric[])', expression, amounts)
        WHEN op IN ('<', '<=', '>', '>=')
        THEN format('%s %s %L::numeric', expression, op, amounts[1]) END
$$;

-- A time that lies so many seconds back. Never is longer ago than anything.
CREATE FUNCTION myna.filter_ago(expression text, op text, seconds numeric) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE WHEN op IN ('>', '>=') THEN '(%1$s IS NULL OR %1$s %2$s %3$s)'
                       ELSE '%1$s %2$s %3$s' END, expression,
        CASE op WHEN '>' THEN '<' WHEN '>=' THEN '<=' WHEN '<' THEN '>' WHEN '<=' THEN '>=' END,
        -- what is longer than three hundred years is longer than anything there is
        format('now() - make_interval(secs => %L)', least(seconds, 1e10)))
$$;

-- What a robot used. Most used nothing: whom zero does for are those that the opposite does not hold
-- of. of_some: $1 of the statement are the devices asked about.
CREATE FUNCTION myna.filter_used(field text, currency text, op text, amounts numeric[],
                                 of_some boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    measure text := split_part(field, '_', 1);
    is_month boolean := split_part(field, '_', 2) = 'month';
    zero boolean := CASE op WHEN '=' THEN 0 = ANY (amounts) WHEN '<' THEN 0 < amounts[1]
        WHEN '<=' THEN 0 <= amounts[1] WHEN '>' THEN 0 > amounts[1] ELSE 0 >= amounts[1] END;
BEGIN
    RETURN format('f.device_id %s (SELECT u.device_id FROM myna.device_use u'
        ' WHERE u.begins = date_trunc(%L, now(), ''UTC'') AND %s u.is_month%s'
        -- of one currency there is one row, of all there may be several
        || CASE measure WHEN 'cost' THEN ' AND u.currency = ' || quote_literal(currency)
               || ' AND (%s) = %L)' ELSE ' GROUP BY u.device_id HAVING (%s) = %L)' END,
        CASE WHEN zero THEN 'NOT IN' ELSE 'IN' END, CASE WHEN is_month THEN 'month' ELSE 'day' END,
        CASE WHEN is_month THEN '' ELSE 'NOT' END,
        CASE WHEN of_some THEN ' AND u.device_id = ANY ($1)' ELSE '' END,
        myna.filter_counted(CASE measure WHEN 'attempts' THEN 'sum(u.attempts)'
            WHEN 'failed' THEN 'sum(u.failed)' WHEN 'input' THEN 'sum(u.input)'
            WHEN 'output' THEN 'sum(u.output)' WHEN 'cost' THEN 'u.price' END, op, amounts),
        NOT zero);
END $$;

-- Routes: of the list that is shown, else as the layers say.
CREATE FUNCTION myna.filter_routed(field text, op text, texts text[], of_group boolean,
                                   of_some boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    is_any boolean := starts_with(field, 'any_');
    part text := format('%L', replace(field, 'any_', ''));
    item text := myna.filter_said('(r.item ->> ' || part || ')', op, texts);
    asked text := format('f.device_id IN (SELECT r.device_id FROM myna.routes_asked(%s, %L) r'
        ' WHERE %s %s)', CASE WHEN of_some THEN '$1' ELSE 'NULL' END, of_group,
        CASE WHEN is_any THEN '' ELSE 'r.is_chat AND' END, item);
BEGIN
    IF of_group THEN
        RETURN asked;
    END IF;
    RETURN format('CASE WHEN f.is_shown THEN f.list_id IN (SELECT n.list_id FROM myna.route_list n'
        ' WHERE %s) ELSE %s END', CASE WHEN is_any
        THEN format('EXISTS (SELECT FROM jsonb_array_elements(n.routes) r(item) WHERE %s)', item)
        ELSE myna.filter_said('(n.chat ->> ' || part || ')', op, texts) END, asked);
END $$;

-- One term of a program.
CREATE FUNCTION myna.filter_term(term jsonb, of_group boolean, of_some boolean) RETURNS text
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
        WHEN field = 'online' THEN RETURN 'f.online';
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

-- A program as a condition on myna.device_fact f; NULL holds for all. of_group: routes are the
-- settled ones, and of groups those count whose members were put in by hand. of_some: $1 of the
-- statement are the devices asked about.
CREATE FUNCTION myna.filter_condition(program jsonb, of_group boolean, of_some boolean)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    stack text[] := '{}';
    top integer := 0;
    step integer;
BEGIN
    IF program IS NULL THEN
        RETURN 'true';
    END IF;
    FOR step IN SELECT jsonb_array_elements_text(program -> 'steps')::integer LOOP
        IF step >= 0 THEN
            top := top + 1;
            stack[top] := myna.filter_term(program -> 'terms' -> step, of_group, of_some);
        ELSIF step = -1 THEN
            -- what is not known does not hold, and so its opposite does
            stack[top] := format('(%s) IS NOT TRUE', stack[top]);
        ELSE
            top := top - 1;
            stack[top] := format('(%s %s %s)', stack[top], CASE step WHEN -2 THEN 'AND' ELSE 'OR' END,
                                 stack[top + 1]);
        END IF;
    END LOOP;
    RETURN '(' || stack[1] || ')';
END $$;

-- The devices that a program holds for, of these (NULL: of all).
CREATE OR REPLACE FUNCTION myna.filter_matches(program jsonb, ids text[], of_group boolean)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET work_mem = '32MB' AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT f.device_id::text FROM myna.device_fact f WHERE '
        || CASE WHEN ids IS NOT NULL THEN 'f.device_id = ANY ($1) AND ' ELSE '' END
        || myna.filter_condition(program, of_group, ids IS NOT NULL) USING ids;
END $$;
DROP FUNCTION myna.filter_folds(bigint, integer[]);

-- The next so many devices after an id (NULL: the first), in order, that a program holds for (NULL:
-- all): of a state (NULL: any), in a group, with a text in what they are called, within a role's
-- groups. Where one of twenty is meant the next robots hold a page; where fewer are, all are looked
-- at together, which takes a third of the time of one after the other.
CREATE FUNCTION myna.device_page(program jsonb, after text, most bigint, state text,
                                 in_group text, part text, role text)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET work_mem = '32MB' AS $$
DECLARE
    near_count bigint := least(20 * most, 2000);
    near text[] := ARRAY(SELECT d.device_id::text FROM myna.device d WHERE d.device_id > coalesce(after, '')
                         ORDER BY d.device_id LIMIT near_count);
    narrowed text := CASE state
        WHEN 'revoked' THEN ' AND f.status = ''revoked'''
        WHEN 'online' THEN ' AND f.status = ''active'' AND f.online'
        WHEN 'offline' THEN ' AND f.status = ''active'' AND NOT f.online'
        WHEN 'behind' THEN ' AND f.status = ''active'' AND f.behind' ELSE '' END
        || CASE WHEN in_group IS NULL THEN '' ELSE ' AND EXISTS (SELECT FROM myna.group_member m'
               ' WHERE m.device_id = f.device_id AND m.group_id = $3)' END
        || CASE WHEN part IS NULL THEN '' ELSE ' AND position(lower($4) IN lower(concat_ws('' '','
               ' f.device_id, f.name, f.serial, f.region, f.labels::text))) > 0' END
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
