import { type SmsContent, smsContentSchema } from '@civicline/protocol';
import { createPartOpener, type Opened as OpenedPart } from '../kit/open-part.ts';

export type Opened = OpenedPart<SmsContent>;

export const openSms = createPartOpener('sms', { schema: smsContentSchema, addressInvalid: 'NUMBER_INVALID' });
