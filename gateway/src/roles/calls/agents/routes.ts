import type { Express } from 'express';
import { z } from 'zod';
import { mount, operation } from '../../../platform/http/index.ts';
import { AGENT_SESSION, type SignIn, signedInOf } from '../../directory/sign-in/index.ts';
import type { AsteriskSettings } from '../settings.ts';
import type { Secrets } from './secrets.ts';

export const sipPhoneOperation = operation({
  method: 'get',
  path: '/v1/agents/me/sip-phone',
  tag: 'Agents',
  summary: 'With what the own SIP phone registers',
  description: 'The user name and password stay the same for good, to be typed into a phone once.',
  security: AGENT_SESSION,
  answers: {
    200: {
      description: 'The phone registers with each of these servers.',
      schema: z.object({
        user: z.string(),
        password: z.string(),
        servers: z.array(z.object({ domain: z.string(), sipUri: z.string() })),
      }),
    },
    401: { description: 'Nobody is signed in.' },
    403: { description: 'Not an agent.' },
  },
});

export function mountAgents(
  http: Express,
  options: { secrets: Secrets; asterisks: readonly AsteriskSettings[]; signIn: Pick<SignIn, 'requireAgent'> },
): void {
  const { secrets, asterisks, signIn } = options;
  mount(http, sipPhoneOperation, [signIn.requireAgent], (_input, response) => {
    const { agent } = signedInOf(response);
    const user = `phone-${agent.id}`;
    response.set('Cache-Control', 'no-store').json({
      user,
      password: secrets.password(agent.id, 'phone'),
      servers: asterisks.map(({ sipDomain }) => ({ domain: sipDomain, sipUri: `sip:${user}@${sipDomain}` })),
    });
  });
}
