export { expectDescribed, expectDescribedBy } from './described.ts';
export { generated, type JsonSchema } from './generated.ts';
