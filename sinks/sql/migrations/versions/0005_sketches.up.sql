-- What rows of some meters keep beside their partial, in pages: different values, or a sketch of them.
-- A row's pages make one sketch; a page that a source record did not change keeps its older stamp.
create table sketches (
    tenant text not null,
    customer text not null,
    meter text not null,
    grp text not null,
    window_start_ms bigint not null,
    arrival_day int not null,
    page smallint not null check (page >= 0),
    -- As the aggregation's file in schemas/ writes it.
    content bytea not null,
    stamp bigint not null check (stamp >= 0),
    partition smallint not null,
    primary key (tenant, customer, meter, grp, window_start_ms, arrival_day, page)
) with (fillfactor = 70);

-- As `rollups`: tenants apart, written by the sinks, read by the read API and the operator.
call keep_apart('sketches');
grant select on sketches to weir_reader;
grant select, insert, update on sketches to weir_writer;
grant select on sketches to weir_operator;
