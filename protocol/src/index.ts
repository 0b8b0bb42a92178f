export * from './call-requests.ts';
export * from './console.ts';
export * from './invisible.ts';
export * from './languages.ts';
export * from './messages.ts';
export * from './problem.ts';
export * from './retry-after.ts';
export * from './telephony.ts';
