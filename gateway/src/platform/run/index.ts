/** What roles are made of, whatever they do. Pauses, loops and waiting are in `@civicline/protocol/run`. */
export {
  isOpenAt,
  type LocalDate,
  type LocalHours,
  type MinuteRange,
  minutesOf,
  nextOpenPeriod,
  type OpenPeriod,
} from './calendar.ts';
export {
  allowExposures,
  allowedExposures,
  demoExposure,
  type Exposure,
  exposuresOf,
  tellExposures,
} from './exposure.ts';
export { createListeners, type Listeners } from './listeners.ts';
export { type ConfiguredRole, type RunningProcess, startProcess } from './process.ts';
export type { Readiness, Role, RoleContext, RoleDefinition } from './role.ts';
export {
  createRoleTokenSigner,
  createRoleTokenVerifier,
  generateRoleKey,
  publicKeyOfRole,
  type RoleKey,
  RoleTokenError,
  type SignRoleToken,
} from './role-tokens.ts';
export {
  addressShape,
  ConfigError,
  dataKeysSchema,
  describeStorage,
  describeVariables,
  type Environment,
  isLoopback,
  json,
  keySchema,
  listSchema,
  publicUrlOf,
  readSettings,
  type StorageSettings,
  safetyShape,
  sealingKeysSchema,
  storageSchema,
  storageVariables,
  urlSchema,
  type Variable,
  variablesOf,
} from './settings.ts';
