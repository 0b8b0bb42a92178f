export { CommandFailed } from './command.ts';
export { createOnce } from './create-once.ts';
export { DEMO_SCHEME } from './demo-scheme.ts';
export { YiviError, type YiviErrorCode } from './errors.ts';
export { type Go, goBuild, prepareGo } from './go.ts';
export { prepareYivi, YIVI_VERSION, type YiviInstallation } from './prepare.ts';
export type { Log } from './progress.ts';
export { type RunningYivi, startYivi, type YiviOptions } from './server.ts';
