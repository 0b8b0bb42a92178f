/** For tests: the same suite on every engine, databases that fail on purpose, and PostgreSQL servers to kill. */
export { eachEngine, type Place } from './each-engine.ts';
export { losingAnswer, unavailable, withWrite } from './faults.ts';
export { type Cluster, startCluster } from './postgresql-cluster.ts';
