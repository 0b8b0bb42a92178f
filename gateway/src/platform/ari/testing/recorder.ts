/** For tests: keeps a client's events and waits for certain ones, without a clock. */
import type { Ari, AriEvent, AriListeners } from '../index.ts';

export interface Recorder {
  all(): AriEvent[];
  /** Types of the events about one channel, in order. */
  ofChannel(channelId: string): AriEvent['type'][];
  /** The first event of this type from now on that fits. */
  next<T extends AriEvent['type']>(
    type: T,
    fits: (event: Extract<AriEvent, { type: T }>) => boolean,
  ): Promise<Extract<AriEvent, { type: T }>>;
  /** Has Asterisk send an event with this name to the client's application; resolves when it came. */
  mark(name: string): Promise<void>;
}

export function record(ari: Ari): Recorder {
  const events: AriEvent[] = [];
  const waiting = new Set<(event: AriEvent) => void>();
  ari.on('event', (event) => {
    events.push(event);
    for (const look of [...waiting]) look(event);
  });

  const next: Recorder['next'] = (type, fits) =>
    new Promise((resolve) => {
      const look = (event: AriEvent) => {
        if (event.type !== type || !fits(event as Parameters<typeof fits>[0])) return;
        waiting.delete(look);
        resolve(event as Parameters<typeof fits>[0]);
      };
      waiting.add(look);
    });

  return {
    all: () => [...events],
    ofChannel: (channelId) => events.filter((event) => channelIdOf(event) === channelId).map(({ type }) => type),
    next,
    async mark(name) {
      const came = next('ChannelUserevent', ({ eventname }) => eventname === name);
      await ari.events.userEvent({ eventName: name, application: ari.application });
      await came;
    },
  };
}

function channelIdOf(event: AriEvent): string | undefined {
  if ('channel' in event) return event.channel?.id;
  return event.type === 'Dial' ? event.peer.id : undefined;
}

/** The next time that this is emitted, with its first value. */
export function whenever<K extends keyof AriListeners>(ari: Ari, name: K): Promise<Parameters<AriListeners[K]>[0]> {
  return new Promise((resolve) => {
    const stop = ari.on(name, ((value: Parameters<AriListeners[K]>[0]) => {
      stop();
      resolve(value);
    }) as AriListeners[K]);
  });
}
