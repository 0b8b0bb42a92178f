export { type DemoPerson, demoPerson } from './demo-person.ts';
export type { CredentialRequest, Issuer, SessionPtr } from './issuance.ts';
export { prepareWallet } from './prepare.ts';
export { type DisclosureOptions, startWallet, type Wallet, type WalletOptions, type WalletOutcome } from './wallet.ts';
