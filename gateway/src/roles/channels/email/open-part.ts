import { type EmailContent, emailContentSchema } from '@civicline/protocol';
import { createPartOpener, type Opened as OpenedPart } from '../kit/open-part.ts';

export type Opened = OpenedPart<EmailContent>;

export const openEmail = createPartOpener('email', { schema: emailContentSchema, addressInvalid: 'ADDRESS_INVALID' });
