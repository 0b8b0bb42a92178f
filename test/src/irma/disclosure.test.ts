import {
  acceptedAttributes,
  createIrmaClient,
  type IrmaClient,
  type IrmaError,
  type StartedDisclosure,
  telUrl,
} from '@civicline/gateway/irma';
import { expect } from 'chai';
import { demoPerson, type Wallet } from '../wallet/index.ts';
import {
  type Callback,
  type CallbackReceiver,
  startCallbackReceiver,
  startTestYivi,
  type TestYivi,
} from './test-yivi.ts';

const PERSONAL_DATA = 'civicline-demo.gemeente.personalData';
const BSN = `${PERSONAL_DATA}.bsn`;
const MOBILE = 'civicline-demo.contact.mobilenumber.mobilenumber';
const EMAIL = 'civicline-demo.contact.email.email';
const RETURN_URL = telUrl({ number: '+31850000001', pauses: 2, code: '01234567' });

describe('a disclosure, with the real Yivi server and a real wallet', () => {
  const person = demoPerson(0);
  let server: TestYivi;
  let callbacks: CallbackReceiver;
  let wallet: Wallet;
  let client: IrmaClient;

  before(async function () {
    this.timeout(900_000);
    server = await startTestYivi();
    callbacks = await startCallbackReceiver();
    client = createIrmaClient({ url: server.yivi.requestorUrl, token: server.yivi.requestorToken });
    wallet = await server.newWallet();
    await wallet.issueDemoCredentials(person);
  });
  after(async () => {
    await callbacks?.stop();
    await server?.stop();
  });

  type Started = StartedDisclosure & { callback: Promise<Callback> };

  async function start(disclose: string[][][] = [[[BSN]]], timeoutSeconds = 60): Promise<Started> {
    const { url: callbackUrl, callback } = callbacks.expectOne();
    const request = { disclose, clientReturnUrl: RETURN_URL, callbackUrl, timeoutSeconds };
    return { ...(await client.startDisclosure(request)), callback };
  }

  /** What the server says in its callback, after checking that asking for it gives the same. */
  async function ending({ requestorToken, callback }: Started) {
    const { contentType, body } = await callback;
    expect(contentType).to.match(/^text\/plain/);
    const result = await client.verifyResultJwt(body);
    expect(result.token).to.equal(requestorToken);
    expect(await client.sessionResult(requestorToken)).to.deep.equal(result);
    expect(await client.sessionStatus(requestorToken)).to.equal(result.status);
    return result;
  }

  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: IrmaError) => error.code,
    );

  it('waits for the digits that the app shows where pairing is required, and for no others', async () => {
    const { url: callbackUrl } = callbacks.expectOne();
    const session = await client.startDisclosure({ disclose: [[[BSN]]], callbackUrl, timeoutSeconds: 60 });
    const { pairingCode } = await client.requirePairing(session);
    expect(await codeOf(client.completePairing(session))).to.equal('IRMA_REJECTED');
    const outcome = wallet.disclose(session.sessionPtr);
    expect(await wallet.pairingCode()).to.equal(pairingCode);
    expect(await client.sessionStatus(session.requestorToken)).to.equal('PAIRING');
    await client.completePairing(session);
    expect(await outcome)
      .to.include({ status: 'done' })
      .and.not.have.property('clientReturnUrl');
    const forged = { ...session, frontendRequest: { authorization: 'forged' } };
    expect(await codeOf(client.completePairing(forged))).to.equal('IRMA_REJECTED');
  });

  it('proves who somebody is, and sends the phone to the number with the code', async () => {
    const session = await start([[[BSN, `${PERSONAL_DATA}.fullname`]], [[MOBILE], [EMAIL]]]);
    expect(await client.sessionStatus(session.requestorToken)).to.equal('INITIALIZED');
    const outcome = await wallet.disclose(session.sessionPtr);
    const expected = [
      { id: BSN, value: person.bsn },
      { id: `${PERSONAL_DATA}.fullname`, value: person.fullname },
      { id: MOBILE, value: person.mobilenumber },
    ];
    expect(outcome).to.include({ status: 'done', clientReturnUrl: 'tel:+31850000001,,01234567' });
    expect(outcome.disclosed).to.deep.equal(expected);
    const result = await ending(session);
    expect(result).to.include({ status: 'DONE', proofStatus: 'VALID' });
    expect(acceptedAttributes(result)).to.deep.equal({ accepted: true, attributes: expected });
  });

  it('is started by the link in a QR code as well', async () => {
    const session = await start();
    const pointer = JSON.stringify({ ...session.sessionPtr, continueOnSecondDevice: true });
    const outcome = await wallet.disclose(`https://open.yivi.app/-/session#${encodeURIComponent(pointer)}`);
    expect(outcome).to.include({ status: 'done', clientReturnUrl: RETURN_URL });
    expect(acceptedAttributes(await ending(session)).accepted).to.equal(true);
  });

  it('does without what is optional and not there', async () => {
    const poorer = await server.newWallet();
    const { mobilenumber: _mobile, email: _email, ...withoutContact } = demoPerson(1);
    await poorer.issueDemoCredentials(withoutContact);
    const session = await start([[[BSN]], [[MOBILE], [EMAIL], []]]);
    expect(await poorer.disclose(session.sessionPtr)).to.have.property('status', 'done');
    const attributes = [{ id: BSN, value: demoPerson(1).bsn }];
    expect(acceptedAttributes(await ending(session))).to.deep.equal({ accepted: true, attributes });
  });

  it('leaves out an optional attribute that was issued empty', async () => {
    const withoutPrefix = await server.newWallet();
    const { prefix: _prefix, ...attributes } = { ...personalData(2) };
    await withoutPrefix.issue([{ credential: PERSONAL_DATA, attributes }]);
    const session = await start([[[`${PERSONAL_DATA}.familyname`, `${PERSONAL_DATA}.prefix`]]]);
    expect(await withoutPrefix.disclose(session.sessionPtr)).to.have.property('status', 'done');
    expect(acceptedAttributes(await ending(session))).to.deep.equal({
      accepted: true,
      attributes: [{ id: `${PERSONAL_DATA}.familyname`, value: attributes.familyname }],
    });
  });

  it('proves nothing when the person declines, and dials nothing', async () => {
    const session = await start();
    const outcome = await wallet.disclose(session.sessionPtr, { decline: true });
    expect(outcome.status).to.equal('cancelled');
    expect(outcome).not.to.have.property('clientReturnUrl');
    const result = await ending(session);
    expect(result.status).to.equal('CANCELLED');
    expect(acceptedAttributes(result)).to.deep.equal({ accepted: false, reason: 'cancelled' });
  });

  it('proves nothing when the wallet has not what is asked', async () => {
    const empty = await server.newWallet();
    const session = await start();
    expect(await empty.disclose(session.sessionPtr)).to.include({ status: 'cancelled', error: 'attributes-missing' });
    expect((await ending(session)).status).to.equal('CANCELLED');
  });

  it('proves nothing when the app is closed in the middle', async () => {
    const session = await start();
    const app = new AbortController();
    const closed = wallet.disclose(session.sessionPtr, { delayMs: 60_000, signal: app.signal }).catch(() => 'closed');
    while ((await client.sessionStatus(session.requestorToken)) !== 'CONNECTED');
    app.abort();
    expect(await closed).to.equal('closed');
    expect((await ending(session)).status).to.equal('CANCELLED');
    expect((await wallet.disclose((await start()).sessionPtr)).status).to.equal('done');
  });

  it('proves nothing with a credential that has expired, which only a dishonest app sends', async () => {
    const late = await server.newWallet();
    const inAMinute = Math.floor(Date.now() / 1000) + 60;
    await late.issue([{ credential: PERSONAL_DATA, attributes: personalData(3), validity: inAMinute }]);
    const refused = await start();
    expect(await late.disclose(refused.sessionPtr)).to.include({ status: 'cancelled', error: 'attributes-missing' });
    const session = await start();
    const outcome = await late.disclose(session.sessionPtr, { useExpired: true });
    expect(outcome).to.include({ status: 'failed', error: 'rejected: EXPIRED' });
    expect(outcome).not.to.have.property('clientReturnUrl');
    const result = await ending(session);
    expect(result).to.include({ status: 'DONE', proofStatus: 'EXPIRED' });
    expect(acceptedAttributes(result)).to.deep.equal({ accepted: false, reason: 'proof-expired' });
  });

  it('can be cancelled by us, also when it has ended already', async () => {
    const session = await start();
    await client.cancel(session.requestorToken);
    expect((await ending(session)).status).to.equal('CANCELLED');
    await client.cancel(session.requestorToken);
    expect((await wallet.disclose(session.sessionPtr)).status).to.equal('failed');
  });

  it('ends by itself when nobody scans it', async () => {
    const session = await start([[[BSN]]], 1);
    const result = await ending(session);
    expect(result.status).to.equal('TIMEOUT');
    expect(acceptedAttributes(result)).to.deep.equal({ accepted: false, reason: 'timed-out' });
  });

  it('can be done once', async () => {
    const session = await start();
    await wallet.disclose(session.sessionPtr);
    await ending(session);
    const second = await server.newWallet();
    await second.issueDemoCredentials(demoPerson(4));
    expect((await second.disclose(session.sessionPtr)).status).to.equal('failed');
    const acceptance = acceptedAttributes(await client.sessionResult(session.requestorToken));
    expect(acceptance).to.deep.equal({ accepted: true, attributes: [{ id: BSN, value: person.bsn }] });
  });

  it('keeps people apart who do it at the same time', async () => {
    const people = [5, 6, 7, 8].map(demoPerson);
    const proofs = people.map(async (somebody) => {
      const own = await server.newWallet();
      await own.issueDemoCredentials(somebody);
      const session = await start();
      await own.disclose(session.sessionPtr, { delayMs: 50 });
      return acceptedAttributes(await client.sessionResult(session.requestorToken));
    });
    const values = (await Promise.all(proofs)).map((proof) => proof.accepted && proof.attributes[0]?.value);
    expect(values).to.deep.equal(people.map(({ bsn }) => bsn));
  });

  it('waits for pairing when the frontend asks for it', async () => {
    const { sessionPtr, frontendRequest, requestorToken } = await start();
    const frontend = (path: string, body?: unknown) =>
      fetch(`${sessionPtr.u}/frontend/${path}`, {
        method: 'POST',
        headers: { Authorization: frontendRequest.authorization, 'Content-Type': 'application/json' },
        body: JSON.stringify(body ?? {}),
      });
    const asked = { '@context': 'https://irma.app/ld/request/frontendoptions/v1', pairingMethod: 'pin' };
    const { pairingCode } = (await (await frontend('options', asked)).json()) as { pairingCode: string };
    const outcome = wallet.disclose(sessionPtr);
    expect(await wallet.pairingCode()).to.equal(pairingCode);
    expect(await client.sessionStatus(requestorToken)).to.equal('PAIRING');
    await frontend('pairingcompleted');
    expect((await outcome).status).to.equal('done');
  });

  it('is refused when the organisation asks for what does not exist, or has the wrong key', async () => {
    expect(await codeOf(start([[[`${PERSONAL_DATA}.shoesize`]]]))).to.equal('IRMA_REJECTED');
    expect(await codeOf(start([]))).to.equal('IRMA_REJECTED');
    const stranger = createIrmaClient({ url: server.yivi.requestorUrl, token: 'wrong' });
    const request = {
      disclose: [[[BSN]]],
      clientReturnUrl: RETURN_URL,
      callbackUrl: 'http://127.0.0.1:9/',
      timeoutSeconds: 60,
    };
    expect(await codeOf(stranger.startDisclosure(request))).to.equal('IRMA_REJECTED');
  });

  it('is unknown under another token', async () => {
    for (const work of [client.sessionStatus, client.sessionResult, client.cancel]) {
      expect(await codeOf(work('AAAAAAAAAAAAAAAAAAAA'))).to.equal('IRMA_SESSION_UNKNOWN');
    }
  });

  it('is lost when the server is killed, which then works as before', async () => {
    const session = await start();
    await server.yivi.kill();
    expect(await codeOf(client.sessionStatus(session.requestorToken))).to.equal('IRMA_UNREACHABLE');
    expect(await codeOf(start())).to.equal('IRMA_UNREACHABLE');
    expect((await wallet.disclose(session.sessionPtr)).status).to.equal('failed');
    await server.restart();
    expect(await codeOf(client.sessionStatus(session.requestorToken))).to.equal('IRMA_SESSION_UNKNOWN');
    const next = await start();
    expect((await wallet.disclose(next.sessionPtr)).status).to.equal('done');
    expect(acceptedAttributes(await ending(next)).accepted).to.equal(true);
  });
});

function personalData(n: number) {
  const { fullname, firstnames, prefix, familyname, dateofbirth, bsn } = demoPerson(n);
  return { fullname, firstnames, prefix, familyname, dateofbirth, bsn };
}
