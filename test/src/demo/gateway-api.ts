/** The gateway's citizen API, as far as a demo caller needs it. */
import {
  type CallRequestCreated,
  type CallRequestInput,
  callRequestCreatedSchema,
  type PurposeView,
  problemSchema,
  purposeViewSchema,
} from '@civicline/protocol';

/** Begins a call request: the disclosure can start. */
export async function createCallRequest(gatewayUrl: string, input: CallRequestInput): Promise<CallRequestCreated> {
  const response = await request(`${gatewayUrl}/v1/call-requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  return callRequestCreatedSchema.parse(response);
}

export async function fetchPurpose(gatewayUrl: string, organisation: string, purpose: string): Promise<PurposeView> {
  const path = `${encodeURIComponent(organisation)}/purposes/${encodeURIComponent(purpose)}`;
  return purposeViewSchema.parse(await request(`${gatewayUrl}/v1/organisations/${path}`));
}

/** @throws Error with the command that starts it when nobody answers there. */
export async function requireGateway(gatewayUrl: string): Promise<void> {
  await request(`${gatewayUrl}/health`);
}

/** JSON of a 2xx; otherwise an Error with what the gateway says is wrong. */
async function request(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init).catch(() => {
    throw new Error(`Nobody answers at ${new URL(url).origin}. Start Civicline with: npm start`);
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  const problem = problemSchema.safeParse(body);
  throw new Error(
    problem.success ? `${problem.data.title} (${problem.data.code})` : `The gateway answered ${response.status}.`,
  );
}
