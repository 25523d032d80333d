-- Spreads the tables that belong to accounts over the nodes of a Citus cluster (13 or newer, PostgreSQL 15 or newer), by account. To be run
-- once, as the owner, on the coordinator, on a database that `wharfage migrate` has brought up to date and that takes no traffic meanwhile.
-- What finance relies on triggers for (invoices, postings, the audit trail) stays on the coordinator, as do the catalog and the number series.
-- The usage tables, which are what grows, are spread. test/platform/spreading.e2e.spec.ts checks that they can be.

drop trigger if exists usage_event_is_final on usage_event;
drop trigger if exists event_identity_is_final on event_identity;
drop trigger if exists event_identity_stays on event_identity;

select create_distributed_table('event_identity', 'account_id');
select create_distributed_table(name, 'account_id', colocate_with => 'event_identity')
from unnest(array[
  'usage_event', 'usage_void', 'usage_watermark', 'usage_late_touch',
  'usage_rollup', 'usage_rollup_tail',
  'usage_point', 'usage_resource', 'usage_snapshot', 'usage_snapshot_gate', 'usage_jump',
  'usage_level_tail', 'usage_level_cell', 'usage_level_month', 'usage_level_span']) as t(name);
