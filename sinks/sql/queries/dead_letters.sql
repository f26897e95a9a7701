-- Dead letters.

-- name: keep_dead_letter
-- The same letter may come twice. Other bytes at the same position: the topic was made anew since.
insert into dead_letters as kept (topic, partition, "offset", stage, reason, detail, tenant, key, original)
values (%(topic)s, %(partition)s, %(offset)s, %(stage)s, %(reason)s, %(detail)s, %(tenant)s, %(key)s,
    %(original)s)
on conflict (topic, partition, "offset", stage) do update
set reason = excluded.reason,
    detail = excluded.detail,
    tenant = excluded.tenant,
    key = excluded.key,
    original = excluded.original,
    created_at = excluded.created_at,
    resolved_at = null,
    resolution = null
where (kept.key, kept.original) is distinct from (excluded.key, excluded.original)
