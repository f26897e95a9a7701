alter table tenants
    add column rate_per_second bigint check (rate_per_second > 0),
    add column rate_burst bigint check (rate_burst > 0),
    add check ((rate_per_second is null) = (rate_burst is null));
alter table api_keys
    add column rate_per_second bigint check (rate_per_second > 0),
    add column rate_burst bigint check (rate_burst > 0),
    add check ((rate_per_second is null) = (rate_burst is null));
