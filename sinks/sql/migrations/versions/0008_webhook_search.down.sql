drop function webhooks_marked;
alter table webhook_deliveries drop column marks; -- and its index
create index webhook_deliveries_type on webhook_deliveries (tenant, type, recorded_at_ms);
create index webhook_deliveries_object on webhook_deliveries (tenant, object_id, recorded_at_ms);
-- The release before archives no webhooks; one that does begins anew.
delete from archive_files where stream = 'stripe';
update sink_offsets set next_offset = 0 where sink = 'archive' and topic = 'stripe';
alter table archive_files drop constraint archive_files_stream_check;
alter table archive_files add constraint archive_files_stream_check check (stream in ('usage', 'verdicts'));
