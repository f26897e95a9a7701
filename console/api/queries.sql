-- name: key_holder
select tenant, scopes from api_keys where key_hash = %(key_hash)s and revoked_at is null;
