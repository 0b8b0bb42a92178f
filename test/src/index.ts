/** What tests and benchmarks of other packages play with: telephones, citizens, agents and their wallets. */
export * from './demo/index.ts';
export * from './phone/index.ts';
export * from './wallet/index.ts';
