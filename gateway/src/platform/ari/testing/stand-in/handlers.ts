/** What a handler of the stand-in gets and gives; see `routes.ts` for how a request finds its handler. */
import type { Exchange, StandInChannel } from './exchange.ts';

export interface StandInRequest {
  /** The application on whose socket it came. */
  application: string;
  /** Parameters of path and query, as text. */
  parameters: Record<string, string>;
  /** The JSON body; `{}` when there is none. */
  body: Record<string, unknown>;
}

/** Answers with the body of a 200, or undefined for a 204. */
export type Handler = (exchange: Exchange, request: StandInRequest) => unknown;

/** By operation, such as `channels.hangup`. */
export type Handlers = Record<string, Handler>;

/** A refusal as Asterisk gives it. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function parameter({ parameters }: StandInRequest, name: string): string {
  return parameters[name] ?? '';
}

/** The channel that a request names; 404 when there is none. */
export function channelOf(exchange: Exchange, request: StandInRequest): StandInChannel {
  const channel = exchange.channels.get(parameter(request, 'channelId'));
  if (!channel) throw new Refusal(404, 'Channel not found');
  return channel;
}

/** The channel that a request names; 409 when it is not in Stasis. */
export function controlledChannel(exchange: Exchange, request: StandInRequest): StandInChannel {
  const channel = channelOf(exchange, request);
  if (!channel.inStasis) throw new Refusal(409, 'Channel not in Stasis application');
  return channel;
}

/** Variables of a body, `{ name: 'value' }` or `{ name: { value: 'value' } }`. */
export function bodyVariables({ body }: StandInRequest): [string, string][] {
  const entries = Object.entries((body.variables ?? {}) as Record<string, string | { value: string }>);
  return entries.map(([name, value]) => [name, typeof value === 'string' ? value : value.value]);
}
