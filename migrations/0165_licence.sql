-- A robot that came in the place of another goes on with its licences.

ALTER TABLE myna.device
    -- whose, after an exchange: of what it uses from licence_since on
    ADD licence_from    myna.slug REFERENCES myna.device,
    ADD licence_since   timestamptz,
    ADD CHECK ((licence_from IS NULL) = (licence_since IS NULL));
CREATE INDEX device_licence ON myna.device (licence_from) WHERE licence_from IS NOT NULL;

-- Exchanged before this: from the exchange on, which the audit has.
UPDATE myna.device d SET licence_from = d.replaces, licence_since = coalesce((SELECT max(a.at)
    FROM myna.audit a WHERE a.action = 'device.replace' AND a.subject = 'device/' || d.device_id), now())
WHERE d.replaces IS NOT NULL AND EXISTS (SELECT FROM myna.device o WHERE o.device_id = d.replaces);

-- As before, but that no other robot's row says whom it replaced (myna.device.replaces), while its
-- licence goes on from a name that leads to nobody.

-- Forgets a robot that is served no longer, in the lock order of the whole program. NULL: there is
-- none; {"status": ...} alone: it is still served, or forgotten already. Else what was forgotten,
-- by the name of the table, and what goes on under which name.
CREATE OR REPLACE FUNCTION myna.device_erase(author text, address text, id text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    device myna.device;
    instead text := 'erased-' || encode(substr(uuid_send(gen_random_uuid()), 9), 'hex');
    was text[];
    becomes text[];
    words text[];
    own text[];
    pairs text[];
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
        'sealing_public', '', 'secret_wrapped', '', 'replaces', NULL, 'version', d.version + 1))).*
    FROM myna.device d WHERE d.device_id = id;
    INSERT INTO myna.device_link (device_id, last_seen, session_number, ended_session, ended_at,
        desired_generation, held_generation, reported_generation, journal_id)
    SELECT instead, l.last_seen, l.session_number, l.session_number, coalesce(l.ended_at, now()),
        l.desired_generation, l.desired_generation, l.desired_generation, l.journal_id
    FROM myna.device_link l WHERE l.device_id = id;
    INSERT INTO myna.erased_key SELECT k FROM unnest(ARRAY[device.certificate_key_hash,
        device.previous_key_hash]) k WHERE k <> '' ON CONFLICT DO NOTHING;

    -- licences that went from one robot to the next go on, between names that lead to nobody
    pairs := ARRAY(SELECT d.licence_from || '>' || d.device_id FROM myna.device d
                   WHERE d.licence_from IS NOT NULL AND id IN (d.device_id, d.licence_from));
    -- tallies before all else that is renamed: prices of others may wait for them
    UPDATE myna.tally_head h SET revision = h.revision + 1
    WHERE h.contract_id IN (SELECT t.contract_id FROM myna.tally t
                            WHERE t.device_id = ANY (id || pairs)
                            ORDER BY t.contract_id);
    UPDATE myna.tally t SET device_id = CASE WHEN split_part(t.device_id, '>', 1) = id
        THEN instead || '>' || split_part(t.device_id, '>', 2)
        ELSE split_part(t.device_id, '>', 1) || '>' || instead END
    WHERE t.device_id = ANY (pairs);
    UPDATE myna.device d SET replaces = NULL WHERE d.replaces = id;
    -- whichever table names it, also one that came later than this
    FOR part IN SELECT c.relname AS name, a.attname AS col, c.relname IN ('bundle', 'command',
                    'device_health', 'device_shown', 'face_picture', 'layer', 'pairing', 'transfer') AS goes
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
    UPDATE myna.claim c SET serial = instead, labels = '{}',
        withdrawn_at = coalesce(c.withdrawn_at, now())
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
