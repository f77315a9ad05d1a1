-- Lists that operators come back to: what is asked of a page, under a name.

CREATE TABLE myna.saved_view (
    view_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner           text NOT NULL,                  -- "operator:anna"
    name            text NOT NULL,
    query           jsonb NOT NULL CHECK (jsonb_typeof(query) = 'object'),
    shared          boolean NOT NULL DEFAULT false, -- everybody sees it; its owner and admins change it
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner, name)
);
CREATE INDEX saved_view_shared ON myna.saved_view (view_id) WHERE shared;
