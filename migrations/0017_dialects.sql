-- A vendor may speak any dialect that the programs know: they check the name, so that one more needs
-- no migration. "minted": robots are given short-lived credentials made from the vendor's key.
ALTER TABLE myna.vendor
    DROP CONSTRAINT vendor_dialect_check,
    ADD CONSTRAINT vendor_dialect_check CHECK (dialect ~ '^[a-z0-9-]{1,24}$'),
    DROP CONSTRAINT vendor_credential_check,
    ADD CONSTRAINT vendor_credential_check CHECK (credential IN ('shared', 'minted'));
