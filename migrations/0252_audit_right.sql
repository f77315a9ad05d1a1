-- Reading the audit is for who may change things: an own role that could read it by a lower level goes on.
UPDATE myna.role SET may = jsonb_set(may, '{audit}', '"operator"'), version = version + 1
WHERE is_own AND may ->> 'audit' IN ('viewer', 'support');
