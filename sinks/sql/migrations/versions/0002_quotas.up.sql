alter table tenants add column events_per_month bigint check (events_per_month >= 0);

create table placements (
    tenant text not null references tenants (tenant),
    customer text not null,
    plan text not null,
    anchor_ms bigint not null,
    placed_at timestamptz not null default now(),
    primary key (tenant, customer)
);

create index placements_plan on placements (plan);
