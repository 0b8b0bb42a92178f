import { parseSettings, settingsText } from '@civicline/settings-file';
import { crossCheck } from './cross-check.ts';
import { type Logo, readLogos } from './logo.ts';
import { type OrganisationsFile, organisationsFileSchema } from './schemas.ts';

/** Lists every mistake of the organisations file as `file:line:column: field: what is wrong`. */
export class OrganisationsError extends Error {
  readonly code = 'ORGANISATIONS_INVALID';
}

/** The content of the organisations file, and the files that it names. */
export type LoadedOrganisations = OrganisationsFile & { logos: ReadonlyMap<string, Logo> };

/** Reads and checks the organisations file. Throws {@link OrganisationsError}. */
export function readOrganisationsFile(file: string): LoadedOrganisations {
  return parseOrganisations(settingsText(file, OrganisationsError), file);
}

/** As {@link readOrganisationsFile}, for a text that is already there; `file` is where paths begin, and named in errors. */
export function parseOrganisations(text: string, file: string): LoadedOrganisations {
  const schema = organisationsFileSchema;
  const { content, refuse } = parseSettings(text, { file, schema, Failure: OrganisationsError });
  refuse(crossCheck(content));
  return { ...content, logos: readLogos(content, file, refuse) };
}
