import { errors, importSPKI, type JWTPayload, jwtVerify } from 'jose';
import { IrmaError } from './errors.ts';
import { type SessionResult, sessionResultSchema } from './schemas.ts';

/** The two clocks may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** The callback's address can be guessed: forged results must not make this gateway ask for the key each time. */
const MIN_KEY_AGE_MS = 5_000;

type Key = Awaited<ReturnType<typeof importSPKI>>;

/**
 * Verifies the JWT in which the IRMA server delivers a result: RS256 by the server's own key, its issuer, not expired,
 * and a subject that goes with the session's type (`disclosing_result`, `signing_result`, `issuing_result`).
 * The key is kept; when a signature does not fit, it is fetched anew, since the server may have been given another.
 * @param fetchPem GET /publickey
 * @param now milliseconds, of which only differences count
 */
export function createResultVerifier(issuer: string, fetchPem: () => Promise<string>, now: () => number = Date.now) {
  let cached: { key: Promise<Key>; fetchedAt: number } | null = null;

  function fetchKey(): Promise<Key> {
    const key = fetchPem().then(importKey);
    cached = { key, fetchedAt: now() };
    key.catch(() => {
      cached = null;
    });
    return key;
  }

  /** Another key than the one whose signature did not fit, unless there is no point in asking again so soon. */
  function otherKey(used: Promise<Key>): Promise<Key> | null {
    if (cached && cached.key !== used) return cached.key;
    return cached && now() - cached.fetchedAt < MIN_KEY_AGE_MS ? null : fetchKey();
  }

  /** @throws IrmaError IRMA_RESULT_UNTRUSTED, or IRMA_UNREACHABLE when the key cannot be had */
  return async function verify(jwt: string): Promise<SessionResult> {
    const verifyWith = async (key: Promise<Key>) => resultIn(await payloadOf(jwt, await key, issuer));
    const key = cached?.key ?? fetchKey();
    try {
      return await verifyWith(key);
    } catch (error) {
      const other = error instanceof errors.JWSSignatureVerificationFailed ? otherKey(key) : null;
      if (!other) throw asIrmaError(error);
      return await verifyWith(other).catch((again) => {
        throw asIrmaError(again);
      });
    }
  };
}

async function importKey(pem: string): Promise<Key> {
  try {
    return await importSPKI(pem, 'RS256');
  } catch {
    throw new IrmaError('IRMA_UNREACHABLE', 'The IRMA server gives no public key; it needs jwt_privkey_file.');
  }
}

async function payloadOf(jwt: string, key: Key, issuer: string): Promise<JWTPayload> {
  const { payload } = await jwtVerify(jwt, key, {
    algorithms: ['RS256'],
    issuer,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  });
  return payload;
}

function resultIn(payload: JWTPayload): SessionResult {
  const parsed = sessionResultSchema.safeParse(payload);
  if (!parsed.success || payload.sub !== `${parsed.data.type}_result`) throw untrusted();
  return parsed.data;
}

function asIrmaError(error: unknown): IrmaError {
  return error instanceof IrmaError ? error : untrusted();
}

function untrusted(): IrmaError {
  return new IrmaError('IRMA_RESULT_UNTRUSTED', 'A session result is not signed by the IRMA server, or has expired.');
}
