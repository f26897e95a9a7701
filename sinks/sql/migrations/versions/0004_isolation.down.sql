drop table audit_log;
drop function audit_link, audit_refuse;

-- The roles stay: they belong to the cluster, and other databases of it may use them.
do $$
declare
    kept regclass;
begin
    foreach kept in array array[
        'tenants', 'api_keys', 'placements', 'rollups', 'fate_counts', 'dead_letters', 'door_tallies'
    ]::regclass[] loop
        execute format('drop policy every_tenant on %s', kept);
        execute format('drop policy readable on %s', kept);
        execute format('drop policy one_tenant on %s', kept);
        execute format('alter table %s no force row level security, disable row level security', kept);
    end loop;
    execute format('revoke all on all tables in schema %I from weir_reader, weir_writer, weir_operator', current_schema());
end
$$;

drop procedure keep_apart;
drop function bound_tenant, key_holder;
