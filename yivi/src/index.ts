export { runCommand } from './command.ts';
export { createOnce } from './create-once.ts';
export { DEMO_SCHEME } from './demo-scheme.ts';
export { YiviError, type YiviErrorCode } from './errors.ts';
export { type Go, prepareGo } from './go.ts';
export { prepareYivi, YIVI_VERSION, type YiviInstallation } from './prepare.ts';
export { type Log, withProgress } from './progress.ts';
export { type RunningYivi, startYivi, type YiviOptions } from './server.ts';
