import { expect } from 'chai';
import { SignJWT } from 'jose';
import {
  createRoleTokenSigner,
  createRoleTokenVerifier,
  generateRoleKey,
  publicKeyOfRole,
  RoleTokenError,
} from './role-tokens.ts';

const MINUTE = 60_000;

describe('tokens between roles', () => {
  const now = Date.UTC(2026, 2, 4, 11);
  const [key, otherKey] = [generateRoleKey(), generateRoleKey()];
  const claims = { from: 'smis', to: 'sms', about: 'submit', body: '{"attempts":[]}' };
  const sign = createRoleTokenSigner(key.privateKey, () => now);
  const verifyAt = (at: number, keys = [key.publicKey]) => createRoleTokenVerifier(keys, () => at);
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail('It was accepted.'),
      (error: unknown) => expect(error).to.be.instanceOf(RoleTokenError),
    );

  it('are accepted for what they were made for, also while keys change', async () => {
    const { token, id } = await sign(claims);
    expect(await verifyAt(now)(token, claims)).to.equal(id);
    expect(await verifyAt(now, [otherKey.publicKey, key.publicKey])(token, claims)).to.equal(id);
    expect(publicKeyOfRole(key.privateKey)).to.equal(key.publicKey);
  });

  it('are refused for anything else', async () => {
    const { token } = await sign(claims);
    for (const change of [{ from: 'email' }, { to: 'email' }, { about: 'cancel' }, { body: '{}' }]) {
      await refusal(verifyAt(now)(token, { ...claims, ...change }));
    }
    for (const nonsense of ['', 'x', `${token}x`, token.slice(0, -4)]) await refusal(verifyAt(now)(nonsense, claims));
  });

  it('are refused when another key, another algorithm or none has signed them', async () => {
    const { token } = await createRoleTokenSigner(otherKey.privateKey, () => now)(claims);
    await refusal(verifyAt(now)(token, claims));
    await refusal(verifyAt(now, [])(token, claims));
    const byPublicKey = await new SignJWT({ about: 'submit' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('smis')
      .setAudience('sms')
      .sign(Buffer.from(key.publicKey, 'base64url'));
    await refusal(verifyAt(now)(byPublicKey, claims));
  });

  it('allow clocks to differ by two minutes, and are good for no more than one beside', async () => {
    const { token } = await sign(claims);
    for (const minutes of [-1.9, 0, 0.9, 2.9]) await verifyAt(now + minutes * MINUTE)(token, claims);
    for (const minutes of [-2.1, 3.1, 60]) await refusal(verifyAt(now + minutes * MINUTE)(token, claims));
  });
});
