-- name: key_holder
select tenant, scopes from key_holder(%(key_hash)s);

-- name: show_key
-- Until the end of this transaction, rows of the tenant whose key has this SHA-256 can be seen.
select set_config('weir.key_hash', encode(%(key_hash)s, 'hex'), true);

-- name: sees_all
-- Whether we are, or could become, somebody whom no policy holds to one tenant.
select rolsuper or rolbypassrls
    or pg_has_role(rolname, 'weir_operator', 'member')
    or pg_has_role(rolname, 'weir_writer', 'member')
    or pg_has_role(rolname, (select relowner from pg_class where oid = 'rollups'::regclass), 'member')
from pg_roles
where rolname = session_user;

-- name: forget
-- Whatever a request may have left in its session: settings, temporary tables, prepared statements, channels.
discard all;
