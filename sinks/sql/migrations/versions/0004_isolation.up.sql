-- What people changed, one row a change. Append-only, and a chain: a row's hash is the SHA-256 of the hash
-- before it and of its own content. The trigger fills in all but what, tenant, before and after.
create table audit_log (
    -- 1, 2, 3 and so on: a gap is a row that somebody took out.
    id bigint primary key,
    at timestamptz not null,
    -- Whom the command names, and whom PostgreSQL let in from where.
    who text not null,
    login text not null,
    address text,
    what text not null,
    tenant text,
    before jsonb,
    after jsonb,
    hash bytea not null check (octet_length(hash) = 32)
);

create function audit_link() returns trigger language plpgsql as $$
declare
    newest record;
begin
    perform pg_advisory_xact_lock(hashtext('weir.control'));
    select id, hash into newest from audit_log order by id desc limit 1;
    new.id := coalesce(newest.id, 0) + 1;
    new.at := clock_timestamp();
    new.who := coalesce(nullif(current_setting('weir.operator', true), ''), session_user);
    new.login := session_user;
    new.address := host(inet_client_addr());
    new.hash := sha256(coalesce(newest.hash, '') || convert_to(jsonb_build_array(
        new.id, (extract(epoch from new.at) * 1000000)::bigint, new.who, new.login, new.address, new.what,
        new.tenant, new.before, new.after)::text, 'UTF8'));
    return new;
end
$$;

create trigger link before insert on audit_log for each row execute function audit_link();

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end
$$;

create trigger refuse before update or delete or truncate on audit_log
for each statement execute function audit_refuse();

revoke update, delete, truncate on audit_log from current_user;

-- Roles: who may see and do what is a matter of membership, never of a variable. They belong to the
-- cluster, so another database of it may have made them before.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['weir_reader login', 'weir_writer', 'weir_operator'] loop
        begin
            if to_regrole(split_part(wanted, ' ', 1)) is null then
                execute 'create role ' || wanted;
            end if;
        exception when duplicate_object or unique_violation then
            null; -- another database's migration was quicker
        end;
    end loop;
    -- Policies are forced on the owner too, who sees what it does as a member.
    foreach wanted in array array['weir_writer', 'weir_operator'] loop
        if not pg_has_role(current_user, wanted, 'usage') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end
$$;

-- Whom a key speaks for: what the read API may ask about keys, and all that it may.
create function key_holder(hash bytea, out tenant text, out scopes text[]) returns setof record
language sql stable security definer parallel safe
begin atomic
    select k.tenant, k.scopes from api_keys k where k.key_hash = hash and k.revoked_at is null;
end;

-- The tenant whose key was shown in this transaction; null without one. A variable that named a tenant
-- could be set to any; this one has to hold the SHA-256 of a key, which nobody guesses.
create function bound_tenant() returns text
language sql stable security definer parallel safe
begin atomic
    select h.tenant from key_holder(decode(current_setting('weir.key_hash', true), 'hex')) h
    where 'read' = any(h.scopes);
end;

revoke all on function key_holder, bound_tenant from public;
grant execute on function key_holder, bound_tenant to weir_reader;

-- Keep the tenants of a table apart: for each that has a column `tenant`. The restrictive policy holds
-- whatever another policy may grant some day, and on whoever is a member of weir_reader.
create procedure keep_apart(kept regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security, force row level security', kept);
    execute format('create policy every_tenant on %s to weir_operator, weir_writer using (true)', kept);
    execute format('create policy readable on %s for select to weir_reader using (true)', kept);
    execute format(
        'create policy one_tenant on %s as restrictive to weir_reader using (tenant = (select bound_tenant()))',
        kept
    );
end
$$;

revoke all on procedure keep_apart from public;

call keep_apart('tenants');
call keep_apart('api_keys');
call keep_apart('placements');
call keep_apart('rollups');
call keep_apart('fate_counts');
call keep_apart('dead_letters');
call keep_apart('door_tallies');
call keep_apart('audit_log');

-- The read API: what its answers are made of. Packs of several tenants are in dead_letters, keys' hashes in
-- outbox, so it has neither.
grant select on
    rollups, fate_counts, door_tallies, placements, progress, topic_generations, catalog_versions,
    archive_files, lost_ranges, sink_offsets
to weir_reader;

-- The sinks: results, and nothing that people decided.
grant select on topic_generations to weir_writer;
grant select, insert, update on
    sink_offsets, lost_ranges, rollups, fate_counts, progress, archive_files, dead_letters, door_tallies
to weir_writer;

-- The command and what looks on from the side: every row to read, decisions to add, and of what is there
-- only what a decision may change.
grant select on
    tenants, api_keys, placements, catalog_versions, skips, topic_generations, outbox, sink_offsets,
    lost_ranges, rollups, fate_counts, progress, archive_files, dead_letters, door_tallies, audit_log
to weir_operator;
grant insert on tenants, api_keys, placements, catalog_versions, skips, topic_generations, outbox
to weir_operator;
grant insert (what, tenant, before, after) on audit_log to weir_operator;
grant update (events_per_month, rate_per_second, rate_burst) on tenants to weir_operator;
grant update (revoked_at, rate_per_second, rate_burst) on api_keys to weir_operator;
grant update (plan, anchor_ms, placed_at) on placements to weir_operator;
grant update (published_at) on outbox to weir_operator;
grant update (resolved_at, resolution) on dead_letters to weir_operator;

-- Alembic's own table, which the doctor reads.
do $$
begin
    if to_regclass('alembic_version') is not null then
        grant select on alembic_version to weir_operator;
    end if;
end
$$;
