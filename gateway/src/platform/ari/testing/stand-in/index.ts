/**
 * A stand-in for Asterisk, for unit tests: speaks ARI over WebSocket, keeps channels and bridges in memory, and does
 * what the test says callers, phones and the network do. The same conformance suite runs against it and the real one.
 */
import type { Channel } from '../../generated/models.ts';
import { register, unregister } from './endpoints.ts';
import {
  answer,
  type Exchange,
  enterStasis,
  hangUp,
  ringingTimedOut,
  type StandInChannel,
  type StandInEndpoint,
  timestamp,
} from './exchange.ts';
import { type Server, startServer } from './server.ts';

export type { StandInChannel, StandInEndpoint } from './exchange.ts';
export type { Faults } from './server.ts';

export interface IncomingCall {
  /** The number called, as the trunk gives it. */
  did: string;
  /** What was keyed; nothing unless told. */
  code?: string;
  /** None unless told. */
  callingNumber?: string;
  /** The caller withholds the number, and the network asserts it all the same. */
  withheld?: boolean;
  /** Chosen like Asterisk chooses it unless told. */
  channelId?: string;
}

/** A caller of the stand-in; the channel's place in the dialplan is in `channel.snapshot.dialplan`. */
export interface StandInCaller {
  channelId: string;
  channel: StandInChannel;
  hangUp(): void;
  /** The dialplan took a code once more and goes to Stasis again; false when the application is not there. */
  enterAgain(code: string): boolean;
}

/** An agent's phone or browser, by its endpoint's name such as `phone-agent-a`. */
export interface StandInPhone {
  /** Registers, and from then on does this with every call: rings until told otherwise, unless another is given. */
  register(behaviour?: StandInEndpoint['phone']): void;
  unregister(): void;
  /** Ids of the legs that ring it now. */
  ringing(): string[];
  answer(): void;
  busy(): void;
  reject(): void;
  /** The time that Asterisk lets it ring is over. */
  noAnswer(): void;
  /** Hangs up what it answered. */
  hangUp(): void;
  /** What it answered is lost for this Q.850 cause: 44, no sound any more, unless told. */
  lose(cause?: number): void;
}

export interface StandIn extends Server {
  readonly user: string;
  readonly password: string;
  makeCall(call: IncomingCall): StandInCaller;
  phone(name: string): StandInPhone;
}

/** Starts it on a free port. */
export async function startStandIn(options: { application?: string } = {}): Promise<StandIn> {
  const application = options.application ?? 'civicline';
  const [user, password] = ['civicline', 'stand-in-password'];
  const server = await startServer(user, password);
  const additions = {
    user,
    password,
    makeCall: (call: IncomingCall) => makeCall(server, application, call),
    phone: (name: string) => phone(server, name),
  };
  return Object.defineProperties(additions, Object.getOwnPropertyDescriptors(server)) as StandIn;
}

function makeCall(server: Server, application: string, call: IncomingCall): StandInCaller {
  const channel = server.happen((exchange) => {
    const id = call.channelId ?? exchange.nextId();
    const arrived = callerChannel(id, call);
    exchange.channels.set(id, arrived);
    return arrived;
  });

  function enterAgain(code: string): boolean {
    channel.variables.set('CIVICLINE_CODE', code);
    return server.happen((exchange) => {
      const args = ['caller', call.did, code, call.withheld ? 'withheld' : ''];
      const entered = enterStasis(exchange, channel, application, args);
      if (!entered) Object.assign(channel.snapshot.dialplan, { context: 'civicline-fallback', exten: 'gateway-away' });
      return entered;
    });
  }

  enterAgain(call.code ?? '');
  return {
    channelId: channel.snapshot.id,
    channel,
    hangUp: () => server.happen((exchange) => hangUp(exchange, channel, { cause: 16 })),
    enterAgain,
  };
}

function callerChannel(id: string, { did, callingNumber = '' }: IncomingCall): StandInChannel {
  const snapshot: Channel = {
    id,
    name: `PJSIP/trunk-${id}`,
    state: 'Up',
    protocol_id: `${id}@stand-in`,
    caller: { name: '', number: callingNumber },
    connected: { name: '', number: '' },
    accountcode: '',
    dialplan: { context: 'civicline-gateway', exten: 's', priority: 1, app_name: '', app_data: '' },
    creationtime: timestamp(),
    language: 'nl',
  };
  return {
    snapshot,
    inStasis: null,
    originatedBy: null,
    endpoint: 'PJSIP/trunk',
    appArgs: [],
    bridgeId: null,
    variables: new Map([['CIVICLINE_DID', did]]),
    musicOnHold: false,
  };
}

function phone(server: Server, resource: string): StandInPhone {
  const name = `PJSIP/${resource}`;

  function legs(state: 'Ringing' | 'Up'): StandInChannel[] {
    const all = [...server.exchange.channels.values()];
    return all.filter(({ endpoint, snapshot }) => endpoint === name && snapshot.state === state);
  }
  function withLegs(state: 'Ringing' | 'Up', act: (exchange: Exchange, leg: StandInChannel) => void): void {
    const found = legs(state);
    if (found.length === 0) throw new Error(`${name} has no leg that is ${state}`);
    server.happen((exchange) => {
      for (const leg of found) act(exchange, leg);
    });
  }
  /** Made when it is not there, as if the gateway had pushed it. */
  function endpoint(exchange: Exchange): StandInEndpoint {
    const known = exchange.endpoints.get(name) ?? { technology: 'PJSIP', resource, online: false, phone: 'ring' };
    exchange.endpoints.set(name, known);
    return known;
  }

  return {
    register: (behaviour = 'ring') =>
      server.happen((exchange) => register(exchange, Object.assign(endpoint(exchange), { phone: behaviour }))),
    unregister: () => server.happen((exchange) => unregister(exchange, endpoint(exchange))),
    ringing: () => legs('Ringing').map(({ snapshot }) => snapshot.id),
    answer: () => withLegs('Ringing', answer),
    busy: () =>
      withLegs('Ringing', (exchange, leg) => hangUp(exchange, leg, { cause: 17, techCause: 486, dialstatus: 'BUSY' })),
    reject: () =>
      withLegs('Ringing', (exchange, leg) =>
        hangUp(exchange, leg, { cause: 21, techCause: 603, dialstatus: 'CONGESTION' }),
      ),
    noAnswer: () => withLegs('Ringing', ringingTimedOut),
    hangUp: () => withLegs('Up', (exchange, leg) => hangUp(exchange, leg, { cause: 16 })),
    lose: (cause = 44) => withLegs('Up', (exchange, leg) => hangUp(exchange, leg, { cause, byAsterisk: cause === 44 })),
  };
}
