import { type Channel, ChannelError } from '@civicline/protocol/channel';
import express, { type Express, type Request, type Response } from 'express';
import { AppError, createEventStreams, type Logger } from '../platform/http/index.ts';
import { createRoleTokenSigner, createRoleTokenVerifier, type RoleDefinition } from '../platform/run/index.ts';
import {
  ANSWER_TOKEN,
  CALLS_PATH,
  type CallName,
  calls,
  HINTS_PATH,
  LARGEST_REQUEST,
  perform,
  type Reply,
} from './calls.ts';

export interface ChannelServerSettings {
  /** The channel's own: signs its answers. */
  privateKey: string;
  /** Of SMIS, the current one and during a rotation others. */
  smisPublicKeys: readonly string[];
}

/** Offers a channel to an SMIS in another process. */
export interface ChannelServer {
  mount(http: Express): void;
  /** Ends the streams of hints. */
  close(): void;
}

export function createChannelServer(
  channel: Channel,
  { privateKey, smisPublicKeys }: ChannelServerSettings,
  { log, now }: { log: Logger; now: () => number },
): ChannelServer {
  const sign = createRoleTokenSigner(privateKey, now);
  const verify = createRoleTokenVerifier(smisPublicKeys, now);
  const streams = createEventStreams();
  const readBody = express.raw({ type: () => true, limit: LARGEST_REQUEST });

  /** Resolves with the id of the caller's token. */
  async function admit(request: Request, about: string): Promise<string> {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const body = Buffer.isBuffer(request.body) ? request.body : '';
    return verify(token, { from: 'smis', to: channel.name, about, body }).catch((error: unknown) => {
      log.warn({ error }, 'a call of another role was refused');
      throw new AppError(401, 'ROLE_TOKEN_REFUSED', 'Only SMIS may call this.');
    });
  }

  async function answer(name: CallName, request: Request, response: Response): Promise<void> {
    // SMIS asks several times a second.
    response.locals.isRoutine = true;
    const requestId = await admit(request, name);
    const body = JSON.stringify(await replyTo(name, request.body));
    const { token } = await sign({ from: channel.name, to: 'smis', about: requestId, body });
    response.setHeader(ANSWER_TOKEN, token).type('json').send(body);
  }

  async function replyTo(name: CallName, body: unknown): Promise<Reply> {
    const input = calls[name].input.safeParse(parsed(body));
    // SMIS isolates an attempt that its channel does not understand, as it does one that cannot be stored.
    if (!input.success) return { error: name === 'submit' ? 'ATTEMPT_REFUSED' : 'CHANNEL_REFUSED' };
    try {
      return { result: (await perform[name](channel, input.data as never)) ?? {} };
    } catch (error) {
      if (error instanceof ChannelError) return { error: error.code };
      log.error({ error, call: name }, 'a call of SMIS failed');
      return { error: 'CHANNEL_UNAVAILABLE' };
    }
  }

  return {
    mount(http) {
      for (const name of Object.keys(calls) as CallName[]) {
        http.post(`${CALLS_PATH}/${name}`, readBody, (request, response) => answer(name, request, response));
      }
      http.get(HINTS_PATH, async (request, response) => {
        await admit(request, 'hints');
        const stream = streams.open(response);
        const stopListening = channel.onOutcome(() => stream.send('outcomes'));
        stream.onClose(stopListening);
        // What came while nobody listened.
        stream.send('outcomes');
      });
    },
    close: streams.close,
  };
}

/** A role whose channel, if it is one, is offered to an SMIS elsewhere when `settings` are there. */
export function offered(definition: RoleDefinition, settings: ChannelServerSettings | null): RoleDefinition {
  if (!settings) return definition;
  return {
    ...definition,
    async create(own, context) {
      const role = await definition.create(own, context);
      if (!role.channel) return role;
      const server = createChannelServer(role.channel, settings, context);
      return {
        ...role,
        mount(http) {
          role.mount(http);
          server.mount(http);
        },
        async detach() {
          server.close();
          await role.detach?.();
        },
      };
    },
  };
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}
