export { auditExportOperation, auditOperation, mountAudit } from './routes.ts';
export { type Audit, auditMigrations, createAudit, type Showing, type ShowingReason } from './store.ts';
