export * from './route.ts';
export * from './text/index.ts';
