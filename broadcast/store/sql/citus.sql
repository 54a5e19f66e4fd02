-- name: citus_known
-- Whether this database has Citus; the statements below are for one that has.
SELECT to_regclass('pg_catalog.pg_dist_node') IS NOT NULL;

-- name: citus_nodes
-- Nodes of a cluster that have parts of what is spread, or are to have some.
SELECT nodename AS host, nodeport AS port FROM pg_dist_node
 WHERE isactive AND noderole = 'primary' AND shouldhaveshards ORDER BY nodeid;

-- name: citus_spread
-- Whether the subscribers are spread.
SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('subscriber'));

-- name: citus_hides_shards
-- Whether sessions of this database look for parts of what is spread in every query of the catalogue.
SELECT current_setting('citus.override_table_visibility')::boolean;

-- name: citus_show_shards
-- Sessions from now on do not look for parts of what is spread in every query of the catalogue: asyncpg's take seconds.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET citus.override_table_visibility TO off', current_database()); END $$;

-- name: citus_drop_counts
-- What is spread has no triggers, and is counted by its nodes.
DO $$ BEGIN
    DROP TRIGGER IF EXISTS counted_inserted ON subscriber;
    DROP TRIGGER IF EXISTS counted_updated ON subscriber;
    DROP TRIGGER IF EXISTS counted_deleted ON subscriber;
    DROP TRIGGER IF EXISTS counted_emptied ON subscriber;
    TRUNCATE subscriber_count;
END $$;

-- name: citus_spread_subscriber
-- By bucket; what there is moves to the nodes. 32 parts have the 64 buckets more evenly than more or fewer would.
SELECT create_distributed_table('subscriber', 'hash_bucket', colocate_with => 'none', shard_count => 32);

-- name: citus_drop_moved
-- The rows that were here before; nobody sees them.
SELECT truncate_local_data_after_distributing_table('subscriber');

-- name: citus_recover
-- What a node that was lost has yet to commit or to undo is done there, if it is back (access/apply.py).
SELECT broadcast_cluster.recover();

-- name: citus_decided
-- What was decided here and is not known to be done on all nodes.
SELECT gid FROM pg_dist_transaction WHERE groupid IN (SELECT groupid FROM pg_dist_node WHERE isactive);

-- name: citus_prepared
-- Of each node: how many transactions of this database are prepared there; null: it does not answer.
SELECT nodename || ':' || nodeport AS node, CASE WHEN success THEN result::bigint END AS prepared
  FROM run_command_on_all_nodes('SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()')
  JOIN pg_dist_node USING (nodeid)
 WHERE shouldhaveshards
 ORDER BY nodeid;
