import { EventEmitter, once } from 'node:events';
import type { InboundSms, OutgoingSms, Receipt, Route, SendResult } from '../../route.ts';
import { createSmppRoute, type SmppRouteOptions } from '../route.ts';

/** A route with a listener that remembers, for tests. */
export interface OpenRoute extends Route {
  receipts: Receipt[];
  inbound: InboundSms[];
  /** Codes of the log, oldest first. */
  codes: string[];
  /** Whether the listener can store; at first it can. */
  storing: { works: boolean };
  text(text: string, fields?: Partial<OutgoingSms>): Promise<SendResult>;
  /** Resolves once `condition` holds; it is looked at whenever something happens. */
  until(condition: () => boolean): Promise<void>;
}

const TIMES = { bindTimeoutMs: 2_000, responseTimeoutMs: 5_000, reconnectMinMs: 5, reconnectMaxMs: 50 };

/** Opens it and waits until it is up, unless `wait` is false. */
export async function openRoute(
  options: Partial<SmppRouteOptions> & { port: number },
  { wait = true } = {},
): Promise<OpenRoute> {
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const receipts: Receipt[] = [];
  const inbound: InboundSms[] = [];
  const codes: string[] = [];
  const storing = { works: true };
  const store = async <T>(list: T[], item: T) => {
    if (!storing.works) throw new Error('disk full');
    list.push(item);
    events.emit('something');
  };
  const log: SmppRouteOptions['log'] = ({ code }) => {
    codes.push(code);
    events.emit('something');
  };
  const login = { name: 'test', host: '127.0.0.1', systemId: 'civicline', password: 'secret', sender: 'Gemeente' };
  const route = createSmppRoute(
    { ...login, ...TIMES, log, ...options },
    {
      receipt: (receipt) => store(receipts, receipt),
      inbound: (sms) => store(inbound, sms),
      state: () => events.emit('something'),
    },
  );
  const until = async (condition: () => boolean) => {
    while (!condition()) await once(events, 'something');
  };
  if (wait) await until(() => route.up());
  const text = (text: string, fields: Partial<OutgoingSms> = {}) =>
    route.send({ id: '', to: '+32470000001', text, validUntil: Date.now() + 3_600_000, urgent: false, ...fields });
  return { ...route, receipts, inbound, codes, storing, text, until };
}
