import { DEMO_SCHEME } from '@civicline/yivi';
import type { DemoPerson } from './demo-person.ts';

/** Where credentials of the demo scheme come from: the requestor API of a running Yivi server. */
export interface Issuer {
  requestorUrl: string;
  requestorToken: string;
}

export interface SessionPtr {
  u: string;
  irmaqr: string;
}

export interface CredentialRequest {
  credential: string;
  attributes: Record<string, string>;
  /**
   * Unix time in seconds; absent: half a year on. Credentials expire at whole weeks, rounded down: a minute from now
   * gives one that has expired already.
   */
  validity?: number;
}

/** Starts an issuance session for a wallet to run. */
export async function startIssuance(issuer: Issuer, credentials: CredentialRequest[]): Promise<SessionPtr> {
  const response = await fetch(`${issuer.requestorUrl}/session`, {
    method: 'POST',
    // On a connection of its own, since the server ends an idle one after two seconds.
    headers: { 'Content-Type': 'application/json', Authorization: issuer.requestorToken, Connection: 'close' },
    body: JSON.stringify({ '@context': 'https://irma.app/ld/request/issuance/v2', credentials }),
  });
  if (!response.ok) throw new Error(`The Yivi server refuses to issue (${response.status}): ${await response.text()}`);
  const { sessionPtr } = (await response.json()) as { sessionPtr: SessionPtr };
  return sessionPtr;
}

/** What the municipality and the contact register would issue to this person. */
export function demoCredentials(person: DemoPerson): CredentialRequest[] {
  const { fullname, firstnames, prefix, familyname, dateofbirth, bsn } = person;
  const { street, houseNumber, zipcode, city, municipality, mobilenumber, email } = person;
  const credential = (id: string, attributes: Record<string, string>) => ({
    credential: `${DEMO_SCHEME}.${id}`,
    attributes,
  });
  return [
    credential('gemeente.personalData', { fullname, firstnames, prefix, familyname, dateofbirth, bsn }),
    credential('gemeente.address', { street, houseNumber, zipcode, city, municipality }),
    ...(mobilenumber ? [credential('contact.mobilenumber', { mobilenumber })] : []),
    ...(email ? [credential('contact.email', { email })] : []),
  ];
}
