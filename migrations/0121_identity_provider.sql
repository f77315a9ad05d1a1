-- Operators who log in at an identity provider: it says who they are and what role they have.

ALTER TABLE myna.operator ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE myna.operator ADD COLUMN provider_subject text UNIQUE; -- issuer and subject; NULL: a password's operator
ALTER TABLE myna.login_session ADD COLUMN by_provider boolean NOT NULL DEFAULT false; -- which asked for its own second factor
