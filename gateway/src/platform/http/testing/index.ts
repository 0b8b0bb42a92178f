export { expectDescribed } from './described.ts';
