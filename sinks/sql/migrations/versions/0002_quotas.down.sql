drop table placements;

alter table tenants drop column events_per_month;
