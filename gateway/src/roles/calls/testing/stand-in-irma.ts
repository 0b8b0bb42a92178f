/** A stand-in for the IRMA server in unit tests: sessions in memory, which the test ends as it likes. */
import { type DisclosureRequest, type IrmaClient, IrmaError, type SessionResult } from '../../directory/irma/index.ts';

export interface StandInIrma extends IrmaClient {
  /** Every session begun, in order. */
  sessions: StandInSession[];
  /** The digits that the app shows, by session; whether they were confirmed. */
  pairing: Map<string, 'required' | 'completed'>;
  /** While false, the "server" cannot be reached. */
  reachable: boolean;
}

export interface StandInSession {
  request: DisclosureRequest;
  token: string;
  /** What the server would answer now; changing it is the citizen's doing. null: the server forgot the session. */
  result: SessionResult | null;
  /** The code that the phone would key. */
  code: string;
  disclose(proofStatus?: string): void;
  end(status: 'CANCELLED' | 'TIMEOUT'): void;
  /** The JWT that the server would post. */
  jwt(): string;
}

/** What every app shows that is to pair. */
export const PAIRING_CODE = '4321';

export function createStandInIrma(): StandInIrma {
  const sessions: StandInSession[] = [];
  const find = (token: string): SessionResult => {
    if (!irma.reachable) throw new IrmaError('IRMA_UNREACHABLE', 'The stand-in is away.');
    const result = sessions.find((session) => session.token === token)?.result;
    if (!result) throw new IrmaError('IRMA_SESSION_UNKNOWN', 'The stand-in has no such session.');
    return result;
  };
  const irma: StandInIrma = {
    sessions,
    pairing: new Map(),
    reachable: true,
    async startDisclosure(request) {
      if (!irma.reachable) throw new IrmaError('IRMA_UNREACHABLE', 'The stand-in is away.');
      const token = `token${sessions.length}x`.padEnd(20, '0');
      sessions.push(session(request, token));
      return {
        sessionPtr: { u: `https://irma.example/${sessions.length}`, irmaqr: 'disclosing' },
        frontendRequest: { authorization: `frontend${sessions.length}` },
        requestorToken: token,
      };
    },
    async requirePairing({ sessionPtr }) {
      irma.pairing.set(sessionPtr.u, 'required');
      return { pairingCode: PAIRING_CODE };
    },
    async completePairing({ sessionPtr }) {
      if (!irma.reachable) throw new IrmaError('IRMA_UNREACHABLE', 'The stand-in is away.');
      if (irma.pairing.get(sessionPtr.u) !== 'required') throw new IrmaError('IRMA_REJECTED', 'Nothing to pair.');
      irma.pairing.set(sessionPtr.u, 'completed');
    },
    sessionStatus: async (token) => find(token).status,
    sessionResult: async (token) => find(token),
    async cancel(token) {
      sessions.find((session) => session.token === token)?.end('CANCELLED');
    },
    async verifyResultJwt(jwt) {
      const [mark, json] = jwt.split('|');
      if (mark !== 'signed' || !json) throw new IrmaError('IRMA_RESULT_UNTRUSTED', 'Not signed by the stand-in.');
      return JSON.parse(json) as SessionResult;
    },
  };
  return irma;
}

function session(request: DisclosureRequest, token: string): StandInSession {
  const initial: SessionResult = { token, status: 'INITIALIZED', type: 'disclosing', disclosed: [] };
  const self: StandInSession = {
    request,
    token,
    result: initial,
    code: request.clientReturnUrl?.slice(-8) ?? '',
    disclose(proofStatus = 'VALID') {
      const disclosed = request.disclose.map((disjunction) =>
        (disjunction[0] ?? []).map((attribute) => {
          const id = typeof attribute === 'string' ? attribute : attribute.type;
          return { id, rawvalue: `value of ${id}`, value: { '': `value of ${id}` }, status: 'PRESENT' };
        }),
      );
      self.result = { ...initial, status: 'DONE', proofStatus, disclosed };
    },
    end(status) {
      self.result = { ...initial, status };
    },
    jwt: () => `signed|${JSON.stringify(self.result)}`,
  };
  return self;
}
