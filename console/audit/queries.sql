-- name: links
-- The content as the trigger `link` hashes it; hashed again by us, and not by a function of the database.
select id,
    jsonb_build_array(
        id, (extract(epoch from at) * 1000000)::bigint, who, login, address, what, tenant, before, after
    )::text,
    hash
from audit_log
order by id;

-- name: entries
select id, at, who, login, address, what, tenant, before, after
from audit_log
where (%(tenant)s::text is null or tenant = %(tenant)s)
    and at >= to_timestamp(%(from_ms)s / 1000.0) and at < to_timestamp(%(to_ms)s / 1000.0)
order by id;
