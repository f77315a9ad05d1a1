-- Which root has issued all that this installation's robots and servers show: a folder with another one
-- is of another installation, and no server starts with it. Written down by the next server that starts.
ALTER TABLE myna.installation ADD root bytea CHECK (length(root) = 32); -- SHA-256 of its certificate
