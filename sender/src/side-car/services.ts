import { createHash } from 'node:crypto';
import type { ChannelName } from '@civicline/protocol';
import type { OutgoingMessage } from '../index.ts';
import type { ServiceConfig } from './config.ts';
import type { Service } from './side-car.ts';

/** Which service a caller is. */
export interface Services {
  /** Looked up by digest, so that the time a comparison takes tells nothing about keys. */
  withKey(apiKey: string): Service | null;
  /** The one that needs no key; null: all do. */
  open: Service | null;
}

export function servicesOf(services: readonly Service[]): Services {
  const byDigest = new Map(
    services.flatMap((service) => {
      const { apiKey } = service.config;
      return apiKey === undefined ? [] : [[digestOf(apiKey), service] as const];
    }),
  );
  return {
    withKey: (apiKey) => byDigest.get(digestOf(apiKey)) ?? null,
    open: services.find(({ config }) => config.apiKey === undefined) ?? null,
  };
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}

/** What a service's settings say about its messages; of its strategy, the steps over channels that there is an address for. */
export function defaultsOf(
  { category, urgency, strategy }: ServiceConfig,
  channels: readonly ChannelName[],
): Pick<OutgoingMessage, 'category' | 'urgency' | 'strategy'> {
  const steps = strategy?.filter(({ channel }) => channels.includes(channel));
  return { category, urgency, ...(steps && steps.length > 0 && { strategy: steps }) };
}
