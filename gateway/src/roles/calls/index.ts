export { defineCalls } from './role.ts';
export type { CallsSettings } from './settings.ts';
