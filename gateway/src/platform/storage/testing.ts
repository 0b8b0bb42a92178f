/** The former place of `testing/`, for the channels' tests until they import that. */
export * from './testing/index.ts';
