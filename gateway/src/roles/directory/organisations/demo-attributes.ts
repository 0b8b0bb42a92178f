import { type Exposure, isLoopback } from '../../../platform/run/index.ts';
import type { OrganisationsFile } from './schemas.ts';

/** Schemes whose issuer keys are public, for trying out: anybody makes such attributes, with any content. */
const DEMO_SCHEMES = ['irma-demo', 'civicline-demo'];

/** Attributes that prove nothing, asked for under a public name. */
export function demoAttributes(file: OrganisationsFile, publicUrl: string): Exposure[] {
  if (isLoopback(publicUrl)) return [];
  const schemes = DEMO_SCHEMES.filter((scheme) => namesOf(file).some((name) => name.startsWith(`${scheme}.`)));
  return schemes.map((scheme) => ({
    variable: 'CIVICLINE_ORGANISATIONS',
    why: `asks for attributes of ${scheme}, which anybody can issue to himself`,
  }));
}

function namesOf(file: OrganisationsFile): string[] {
  const asked = file.organisations.flatMap(({ purposes }) => purposes.flatMap(({ disclose }) => disclose.flat(2)));
  return [
    ...Object.keys(file.attributes),
    ...asked.map((attribute) => (typeof attribute === 'string' ? attribute : attribute.type)),
  ];
}
