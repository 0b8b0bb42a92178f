export * from './route.ts';
export * from './smpp/index.ts';
export * from './text/index.ts';
