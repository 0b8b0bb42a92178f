export { type Acceptance, acceptedAttributes, type RefusalReason } from './accepted-attributes.ts';
export {
  createIrmaClient,
  type DisclosureRequest,
  type IrmaClient,
  type IrmaClientOptions,
  type RequestedAttribute,
  type SessionFrontend,
  type StartedDisclosure,
} from './client.ts';
export { IrmaError, type IrmaErrorCode } from './errors.ts';
export type { SessionResult, SessionStatus } from './schemas.ts';
export { telUrl } from './tel-url.ts';
