-- A robot's owner may ask for everything about it to be forgotten. What bills stand on stays, under a
-- name that leads to nobody; what the audit told of it is blanked, and the chain still verifies.

-- Who reads a dump shall not find out what a blanked row said by trying names: the hash of a row covers
-- bytes that go with its content. (Rows from before this migration have none.)
ALTER TABLE myna.audit
    ADD salt        bytea,
    ADD erased_by   bigint;                         -- the newest row that blanked some of it

CREATE OR REPLACE FUNCTION myna.audit_append(actor text, source text, action text, subject text,
                                             before jsonb, after jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head myna.audit_head;
    row_at timestamptz := clock_timestamp();
    row_salt bytea := uuid_send(gen_random_uuid());
    row_hash bytea;
BEGIN
    SELECT * INTO head FROM myna.audit_head FOR UPDATE;
    row_hash := myna.audit_hash(head.hash || row_salt, head.seq + 1, row_at, actor, source, action,
                                subject, before, after);
    INSERT INTO myna.audit (seq, at, actor, source, action, subject, before, after, hash, salt)
    VALUES (head.seq + 1, row_at, actor, source, action, subject, before, after, row_hash, row_salt);
    UPDATE myna.audit_head SET seq = head.seq + 1, hash = row_hash;
    RETURN head.seq + 1;
END $$;

-- What stands for a blanked row in the chain. digest covers the hash before it, its own, and what is
-- left of it; the row that blanked it names the hash of all its digests, and is in the chain itself.
CREATE TABLE myna.audit_erasure (
    seq             bigint NOT NULL,
    erased_by       bigint NOT NULL,
    salt            bytea,                          -- NULL: a later erasure blanked more of the row
    digest          bytea NOT NULL,
    PRIMARY KEY (seq, erased_by)
);
CREATE INDEX audit_erasure_by ON myna.audit_erasure (erased_by, seq);

-- Whether a row is what was written, or what an erasure left of it; previous: the hash before it.
CREATE FUNCTION myna.audit_row_stands(a myna.audit, previous bytea) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    entry myna.audit_erasure;
BEGIN
    IF a.erased_by IS NULL THEN
        IF a.hash <> myna.audit_hash(previous || coalesce(a.salt, ''), a.seq, a.at, a.actor,
                                     a.source, a.action, a.subject, a.before, a.after) THEN
            RETURN false;
        END IF;
        -- nobody takes a digest away, puts one in, or changes it
        RETURN a.action <> 'device.erase' OR coalesce((
            SELECT count(*)::text = a.after ->> 'audit_rows' AND a.after ->> 'receipt' = encode(sha256(
                coalesce(string_agg(int8send(e.seq) || e.digest, '' ORDER BY e.seq), '')), 'hex')
            FROM myna.audit_erasure e WHERE e.erased_by = a.seq), false);
    END IF;
    SELECT * INTO entry FROM myna.audit_erasure e WHERE e.seq = a.seq AND e.erased_by = a.erased_by;
    RETURN coalesce(
        entry.digest = myna.audit_hash(entry.salt || previous || a.hash, a.seq, a.at, a.actor, a.source,
                                       a.action, a.subject, a.before, a.after), false)
        AND EXISTS (SELECT FROM myna.audit e WHERE e.seq = a.erased_by AND e.seq > a.seq
                    AND e.action = 'device.erase' AND e.erased_by IS NULL);
END $$;

-- Names in texts that hold more: as whole words, where a word is what an id may be made of.
CREATE FUNCTION myna.erase_words(said text, words text[], instead text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    word text;
BEGIN
    FOREACH word IN ARRAY words LOOP
        said := regexp_replace(said, '(?<![[:alnum:]-])(plan-)?'
            || regexp_replace(word, '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]-])',
            '\1' || instead, 'g');
    END LOOP;
    RETURN said;
END $$;

-- Whole texts in a document: what was[n] said becomes instead[n].
CREATE FUNCTION myna.erase_texts(document jsonb, was text[], instead text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    said text := document::text;
BEGIN
    FOR n IN 1 .. cardinality(was) LOOP
        said := replace(said, to_jsonb(was[n])::text, to_jsonb(instead[n])::text);
    END LOOP;
    RETURN said::jsonb;
END $$;

CREATE FUNCTION myna.erase_says(document jsonb, was text[], words text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (SELECT FROM unnest(was) w WHERE strpos(document::text, to_jsonb(w)::text) > 0)
        OR EXISTS (SELECT FROM unnest(words) w WHERE strpos(document::text, w) > 0)
$$;

ALTER TABLE myna.device ADD erased_at timestamptz;

-- The keys of erased robots: none of them comes back by renewing the certificate that it still has.
CREATE TABLE myna.erased_key (
    key_hash        bytea PRIMARY KEY               -- of the certificate's public key
);

-- Blanks what the audit says of a robot; to be called with the audit's head locked. known: rows to look
-- at besides those after seen. Gives their number and the receipt.
CREATE FUNCTION myna.erase_audit(id text, instead text, was text[], becomes text[],
                                 words text[], own text[], known bigint[], seen bigint,
                                 by_seq bigint)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    a myna.audit;
    was_said myna.audit;
    whole boolean;
    entry_salt bytea;
BEGIN
    FOR a IN SELECT * FROM myna.audit x
             WHERE x.seq = ANY (known) OR x.seq > seen
               AND (x.subject = ANY (own) OR x.actor = 'device:' || id
                    OR myna.erase_says(jsonb_build_array(x.before, x.after), was, words))
             ORDER BY x.seq
    LOOP
        was_said := a;
        whole := a.subject = ANY (own);
        -- an address is the robot's own where no operator acted
        IF a.actor = 'device:' || id OR whole AND a.actor LIKE 'claim:%' THEN
            a.source := '';
        END IF;
        a.actor := coalesce(becomes[array_position(was, a.actor)], a.actor);
        a.subject := myna.erase_words(coalesce(becomes[array_position(was, a.subject)], a.subject),
                                      words, instead);
        a.before := CASE WHEN NOT whole THEN myna.erase_words(
            myna.erase_texts(a.before, was, becomes)::text, words, instead)::jsonb END;
        a.after := CASE WHEN NOT whole THEN myna.erase_words(
            myna.erase_texts(a.after, was, becomes)::text, words, instead)::jsonb END;
        CONTINUE WHEN a IS NOT DISTINCT FROM was_said; -- another's, whose name begins alike
        entry_salt := uuid_send(gen_random_uuid());
        UPDATE myna.audit_erasure e SET salt = NULL WHERE e.seq = a.seq;
        INSERT INTO myna.audit_erasure (seq, erased_by, salt, digest)
        SELECT a.seq, by_seq, entry_salt, myna.audit_hash(
            entry_salt || coalesce((SELECT p.hash FROM myna.audit p WHERE p.seq = a.seq - 1),
                                   decode(repeat('00', 32), 'hex')) || a.hash,
            a.seq, a.at, a.actor, a.source, a.action, a.subject, a.before, a.after);
        UPDATE myna.audit x SET actor = a.actor, source = a.source, subject = a.subject,
            before = a.before, after = a.after, salt = NULL, erased_by = by_seq WHERE x.seq = a.seq;
    END LOOP;
    RETURN (SELECT jsonb_build_object('audit_rows', count(*), 'receipt', encode(sha256(coalesce(
                string_agg(int8send(e.seq) || e.digest, '' ORDER BY e.seq), '')), 'hex'))
            FROM myna.audit_erasure e WHERE e.erased_by = by_seq);
END $$;

-- Forgets a robot that is served no longer, in the lock order of the whole program. NULL: there is
-- none; {"status": ...} alone: it is still served, or forgotten already. Else what was forgotten,
-- by the name of the table, and what goes on under which name.
CREATE FUNCTION myna.device_erase(author text, address text, id text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    device myna.device;
    instead text := 'erased-' || encode(substr(uuid_send(gen_random_uuid()), 9), 'hex');
    was text[];
    becomes text[];
    words text[];
    own text[];
    known bigint[];
    seen bigint;
    part record;
    n bigint;
    forgotten jsonb := '{}';
    receipt jsonb;
BEGIN
    SELECT * INTO device FROM myna.device d WHERE d.device_id = id;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF device.status IN ('active', 'quarantined') OR device.erased_at IS NOT NULL THEN
        RETURN jsonb_build_object('status', CASE WHEN device.erased_at IS NULL THEN device.status
                                                 ELSE 'erased' END);
    END IF;
    -- what says who it is; a serial number that is a short number could be anybody's amount
    was := ARRAY[id, 'device/' || id, 'device:' || id, 'layer/device:' || id, 'plan-' || id,
                 'budget/plan-' || id, 'budget:plan-' || id];
    becomes := ARRAY(SELECT myna.erase_words(w, ARRAY[id], instead)
                     FROM unnest(was) WITH ORDINALITY u(w, n) ORDER BY u.n);
    -- amid other words a short plain one could mean anything
    words := CASE WHEN id ~ '[0-9-]' AND length(id) > 3 THEN ARRAY[id] ELSE '{}' END;
    IF device.serial ~ '[[:alpha:]]' AND length(device.serial) > 3 OR length(device.serial) > 7 THEN
        was := was || device.serial;
        becomes := becomes || instead;
        words := words || device.serial;
    END IF;
    IF length(device.name) > 3 AND NOT EXISTS (SELECT FROM myna.device o WHERE o.device_id <> id
                                               AND o.name = device.name) THEN
        words := words || device.name;
    END IF;
    own := ARRAY['device/' || id, 'layer/device:' || id, 'budget/plan-' || id]
        || ARRAY(SELECT 'alert/' || x.alert_id FROM myna.alert x WHERE x.subject = 'device/' || id)
        || ARRAY(SELECT 'budget/' || b.budget_id FROM myna.budget b
                 WHERE b.scope = 'device' AND b.subject = id)
        || ARRAY(SELECT 'command/' || c.command_id FROM myna.command c WHERE c.device_id = id);

    -- the long look through the audit holds nobody up
    SELECT h.seq INTO seen FROM myna.audit_head h;
    known := ARRAY(SELECT a.seq FROM myna.audit a WHERE a.seq <= seen AND (a.subject = ANY (own)
        OR a.actor = 'device:' || id
        OR myna.erase_says(jsonb_build_array(a.before, a.after), was, words)));

    -- sums by hour are made of records while nobody renames these
    PERFORM FROM myna.usage_cursor FOR UPDATE;
    UPDATE myna.credit_revision SET revision = revision + 1;
    PERFORM FROM myna.device_link l WHERE l.device_id = id FOR UPDATE;

    -- under the new name there is what bills, credit and rollouts refer to, and nothing else
    INSERT INTO myna.device SELECT (jsonb_populate_record(d, jsonb_build_object('device_id', instead,
        'name', '', 'serial', '', 'labels', '{}'::jsonb, 'erased_at', now(),
        'certificate_serial', '', 'certificate_key_hash', '', 'previous_key_hash', '',
        'sealing_public', '', 'secret_wrapped', '', 'version', d.version + 1))).*
    FROM myna.device d WHERE d.device_id = id;
    INSERT INTO myna.device_link (device_id, last_seen, session_number, ended_session, ended_at,
        desired_generation, held_generation, reported_generation, journal_id)
    SELECT instead, l.last_seen, l.session_number, l.session_number, coalesce(l.ended_at, now()),
        l.desired_generation, l.desired_generation, l.desired_generation, l.journal_id
    FROM myna.device_link l WHERE l.device_id = id;
    INSERT INTO myna.erased_key SELECT k FROM unnest(ARRAY[device.certificate_key_hash,
        device.previous_key_hash]) k WHERE k <> '' ON CONFLICT DO NOTHING;

    -- tallies before all else that is renamed: prices of others may wait for them
    UPDATE myna.tally_head h SET revision = h.revision + 1
    WHERE h.contract_id IN (SELECT t.contract_id FROM myna.tally t WHERE t.device_id = id
                            ORDER BY t.contract_id);
    -- whichever table names it, also one that came later than this
    FOR part IN SELECT c.relname AS name, a.attname AS col, c.relname IN ('bundle', 'command',
                    'device_health', 'device_shown', 'face_picture', 'layer', 'pairing') AS goes
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace = 'myna'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition AND NOT a.attisdropped
                AND (a.attname = 'device_id' AND c.relname NOT IN ('device', 'device_link')
                     OR c.relname <> 'device_link' AND EXISTS (SELECT FROM pg_constraint k
                        WHERE k.conrelid = c.oid AND k.confrelid = 'myna.device'::regclass
                        AND k.conkey = ARRAY[a.attnum]))
                ORDER BY array_position(ARRAY['journal', 'tally', 'credit_account'], c.relname::text),
                    c.relname
    LOOP
        IF part.goes THEN
            EXECUTE format('DELETE FROM myna.%I WHERE %I = $1', part.name, part.col) USING id;
        ELSE
            EXECUTE format('UPDATE myna.%1$I SET %2$I = $2 WHERE %2$I = $1', part.name, part.col)
                USING id, instead;
        END IF;
        GET DIAGNOSTICS n = ROW_COUNT;
        IF part.goes AND n > 0 THEN
            forgotten := forgotten || jsonb_build_object(part.name, n);
        END IF;
    END LOOP;
    DELETE FROM myna.device d WHERE d.device_id = id;

    DELETE FROM myna.layer_revision r WHERE r.layer_id = 'device:' || id;
    GET DIAGNOSTICS n = ROW_COUNT;
    forgotten := forgotten || jsonb_build_object('layer_revision', n);
    DELETE FROM myna.alert x WHERE x.subject = 'device/' || id;
    GET DIAGNOSTICS n = ROW_COUNT;
    forgotten := forgotten || jsonb_build_object('alert', n);
    UPDATE myna.alert x SET detail = myna.erase_words(
        myna.erase_texts(x.detail, was, becomes)::text, words, instead)::jsonb
    WHERE myna.erase_says(x.detail, was, words);
    UPDATE myna.claim c SET serial = instead, withdrawn_at = coalesce(c.withdrawn_at, now())
    WHERE c.serial = device.serial AND device.serial <> '';
    UPDATE myna.budget b SET budget_id = myna.erase_words(b.budget_id, ARRAY[id], instead),
        subject = instead, note = '' WHERE b.scope = 'device' AND b.subject = id;
    UPDATE myna.threshold t SET source = myna.erase_words(t.source, ARRAY[id], instead),
        subject = instead, rule = myna.erase_texts(t.rule, was, becomes)
    WHERE t.scope = 'device' AND t.subject = id;
    UPDATE myna.pool p SET source = myna.erase_words(p.source, ARRAY[id], instead),
        subject = instead
    WHERE p.scope = 'device' AND p.subject = id;
    UPDATE myna.saved_view v SET name = myna.erase_words(v.name, words, instead),
        query = myna.erase_words(v.query::text, words, instead)::jsonb
    WHERE (v.name, v.query::text) IS DISTINCT FROM (myna.erase_words(v.name, words, instead),
        myna.erase_words(v.query::text, words, instead));
    UPDATE myna.device_group g SET filter = myna.erase_words(g.filter, words, instead),
        program = myna.erase_words(g.program::text, words, instead)::jsonb
    WHERE g.filter <> myna.erase_words(g.filter, words, instead);
    UPDATE myna.rollout r SET plan = myna.erase_texts(r.plan, was, becomes),
        preflight = myna.erase_texts(r.preflight, was, becomes),
        state_reason = myna.erase_words(r.state_reason, words, instead)
    WHERE myna.erase_says(jsonb_build_array(r.plan, r.preflight), was, words)
        OR r.state_reason <> myna.erase_words(r.state_reason, words, instead);
    -- answers to what was posted say who it is, and are kept for a day at most
    DELETE FROM myna.idempotency i WHERE strpos(i.response, to_jsonb(id)::text) > 0
        OR device.serial <> '' AND strpos(i.response, to_jsonb(device.serial)::text) > 0;

    SELECT h.seq INTO n FROM myna.audit_head h FOR UPDATE;
    receipt := myna.erase_audit(id, instead, was, becomes, words, own, known, seen, n + 1);
    PERFORM myna.audit_append(author, address, 'device.erase', 'device/' || instead, NULL, receipt);
    PERFORM myna.tell('device', instead), pg_notify('myna_outbox', 'revoked');
    RETURN jsonb_build_object('status', 'erased', 'id', instead,
        'forgotten', forgotten || jsonb_build_object('audit', receipt -> 'audit_rows'));
END $$;

-- Everything that is held about a robot, as it stands in the tables, but for what is a key: its own row
-- first, then whatever names it.
CREATE FUNCTION myna.device_holdings(id text) RETURNS TABLE (kind text, item jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT c.relname AS name, min(a.attname) FILTER (WHERE a.attname = 'device_id') AS col,
                    coalesce(array_agg(a.attname::text) FILTER (
                        WHERE a.attname LIKE '%\_wrapped' OR a.attname = 'session_id'), '{}') AS keys
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                WHERE c.relnamespace = 'myna'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition AND NOT a.attisdropped AND c.relname <> 'bundle'
                GROUP BY c.relname HAVING bool_or(a.attname = 'device_id')
                ORDER BY array_position(ARRAY['device', 'device_link'], c.relname::text), c.relname
    LOOP
        RETURN QUERY EXECUTE format('SELECT %L::text, to_jsonb(t) - $2 FROM myna.%I t'
            ' WHERE t.device_id = $1', part.name, part.name) USING id, part.keys;
    END LOOP;
    RETURN QUERY SELECT 'bundle', to_jsonb(b) - 'document' || jsonb_build_object('document',
        convert_from(b.document, 'UTF8')::jsonb) FROM myna.bundle b WHERE b.device_id = id;
    RETURN QUERY SELECT 'layer_revision', to_jsonb(r) FROM myna.layer_revision r
        WHERE r.layer_id = 'device:' || id ORDER BY r.revision;
    RETURN QUERY SELECT 'budget', to_jsonb(b) FROM myna.budget b
        WHERE b.scope = 'device' AND b.subject = id;
    RETURN QUERY SELECT 'claim', to_jsonb(c) - 'code_hash' FROM myna.claim c JOIN myna.device d
        ON d.device_id = id AND (c.serial = d.serial AND d.serial <> '' OR c.claim_id = d.claim_id);
    RETURN QUERY SELECT 'alert', to_jsonb(x) FROM myna.alert x WHERE x.subject = 'device/' || id
        ORDER BY x.alert_id;
    RETURN QUERY SELECT 'audit', to_jsonb(a) - ARRAY['salt', 'hash', 'erased_by'] FROM myna.audit a
        WHERE a.subject IN ('device/' || id, 'layer/device:' || id, 'budget/plan-' || id)
        OR a.actor = 'device:' || id OR strpos(a.before::text, to_jsonb(id)::text) > 0
        OR strpos(a.after::text, to_jsonb(id)::text) > 0 ORDER BY a.seq;
END $$;
