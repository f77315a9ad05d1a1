-- Pools by the names that people call them: a cap that has none by what it counts.

CREATE OR REPLACE VIEW myna.pool_item AS
SELECT p.pool_id, p.source, p.scope, p.subject, p.hard, p.period_from, p.period_to, p.is_active,
       p.is_closed, jsonb_build_object(
    'pool', p.pool_id, 'source', p.source, 'name',
    CASE WHEN p.source ~ '^cap:' THEN
             'cap ' || CASE WHEN p.source ~ ':caps/[0-9]+$'
                       THEN CASE WHEN p.is_money THEN 'spend' ELSE p.unit END
                       ELSE regexp_replace(p.source, '^cap:[^:]*:', '') END
             || ' of ' || split_part(p.source, ':', 2)
         ELSE replace(p.source, ':', ' ') END,
    'scope', p.scope, 'subject', nullif(p.subject, ''),
    'unit', p.unit, 'currency', CASE WHEN p.is_money THEN p.unit END, 'hard', p.hard,
    'period', jsonb_build_object('from', p.period_from,
        'to', CASE WHEN isfinite(p.period_to) THEN p.period_to END),
    'limit', trim_scale(p.limit_amount)::text, 'spent', trim_scale(p.spent)::text,
    'outstanding', trim_scale(p.outstanding::numeric / p.scale)::text,
    'free', trim_scale(greatest(0, p.limit_amount - p.spent
                                   - p.outstanding::numeric / p.scale))::text,
    'over', p.spent + p.outstanding::numeric / p.scale > p.limit_amount,
    'share', CASE WHEN p.limit_amount > 0
             THEN trim_scale(round(p.spent / p.limit_amount, 4))::text END) AS item
FROM myna.pool p;
