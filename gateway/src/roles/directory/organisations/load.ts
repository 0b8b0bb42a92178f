import { parseSettings, settingsText } from '@civicline/settings-file';
import { crossCheck } from './cross-check.ts';
import { type OrganisationsFile, organisationsFileSchema } from './schemas.ts';

/** Lists every mistake of the organisations file as `file:line:column: field: what is wrong`. */
export class OrganisationsError extends Error {
  readonly code = 'ORGANISATIONS_INVALID';
}

/** Reads and checks the organisations file. Throws {@link OrganisationsError}. */
export function readOrganisationsFile(file: string): OrganisationsFile {
  return parseOrganisations(settingsText(file, OrganisationsError), file);
}

/** As {@link readOrganisationsFile}, for a text that is already there; `file` is only named in errors. */
export function parseOrganisations(text: string, file: string): OrganisationsFile {
  const schema = organisationsFileSchema;
  const { content, refuse } = parseSettings(text, { file, schema, Failure: OrganisationsError });
  refuse(crossCheck(content));
  return content;
}
