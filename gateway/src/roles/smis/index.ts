export { createWebhookAdministration } from './feedback/index.ts';
export { createRecallAdministration, type Recall } from './messages/index.ts';
export { smisRole } from './role.ts';
export { createSenderAdministration, type SenderAdministration, SenderError } from './senders/index.ts';
export { SMIS_DEFAULTS, type SmisSettings } from './settings.ts';
export { createSmis, type Smis, type SmisOptions } from './smis.ts';
