-- Whoever looks at the audit sees what is written into it: also what tells of nothing else, as a key or a
-- budget in a quiet fleet. One word for a transaction however many rows it wrote: equal ones are told once.
CREATE FUNCTION myna.audit_grew() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM myna.tell('audit', 'head');
    RETURN NULL;
END
$$;

CREATE TRIGGER audit_grew AFTER UPDATE ON myna.audit_head
FOR EACH STATEMENT EXECUTE FUNCTION myna.audit_grew();
