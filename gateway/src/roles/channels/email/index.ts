export { createEmailChannel, type EmailChannel, type EmailChannelOptions } from './channel.ts';
export { type EmailRoleSettings, emailRole } from './role.ts';
export type { EmailSettings } from './settings.ts';
export { emailSettingsSchema } from './settings.ts';
export type { SmtpSettings } from './transport.ts';
