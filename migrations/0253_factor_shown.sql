-- A session of the provider's whose token was to tell of a second factor, and did not: it opens nothing
-- once the role asks for one.
ALTER TABLE myna.login_session ADD COLUMN lacks_factor boolean NOT NULL DEFAULT false;
