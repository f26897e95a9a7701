alter table api_keys drop column rate_per_second, drop column rate_burst;
alter table tenants drop column rate_per_second, drop column rate_burst;
