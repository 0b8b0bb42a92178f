/** Renders `asterisk/config/*.conf`: every `{{NAME}}` becomes the setting of that name. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The settings by the names that stand in the templates; `image/entrypoint` takes the same from its environment. */
export interface Settings {
  /** Unique among the Asterisks of one gateway. */
  NAME: string;
  /** Where etc/, data/, var/, spool/, run/ and log/ are. */
  DIRECTORY: string;
  /** `astmoddir => …`, or empty where Asterisk's own is right. */
  MODULES_LINE: string;
  HTTP_ADDRESS: string;
  HTTP_PORT: string;
  ARI_PASSWORD: string;
  /** Addresses or networks, comma-separated, from which ARI may be used. */
  ARI_PERMITTED: string;
  SIP_ADDRESS: string;
  SIP_PORT: string;
  /** Addresses or networks, comma-separated, from which SIP is answered at all: trunk, phones, reverse proxy. */
  SIP_PERMITTED: string;
  /** Addresses or networks, comma-separated, whose calls are the trunk's. */
  TRUNK_ADDRESSES: string;
  /** What the trunk and the phones are told of this machine's address, unless they are in a local network. */
  EXTERNAL_ADDRESS: string;
  /** Addresses or networks, comma-separated: Asterisk's own, and who reaches it there. */
  LOCAL_NETWORKS: string;
  /** The address that browsers send their sound to; 0.0.0.0: whichever they reach. */
  MEDIA_ADDRESS: string;
  /** Addresses or networks, comma-separated: those of this machine that browsers are offered. */
  ICE_PERMITTED: string;
  RTP_START: string;
  RTP_END: string;
  /** Country code, such as 31, of a trunk that delivers national numbers; empty: it delivers E.164. */
  TRUNK_COUNTRY: string;
  /** `PJSIP/phone-<agent>` joined by `&`, or empty: see extensions.conf. */
  FALLBACK_DIAL: string;
  LONGEST_CALL_SECONDS: string;
  /** How long to wait for the first digit after the prompt has been spoken. */
  FIRST_DIGIT_SECONDS: string;
}

const TEMPLATES = join(import.meta.dirname, '..', 'config');

/**
 * One template with its settings filled in. Throws `ASTERISK_SETTING_UNKNOWN` for a name that there is no setting for,
 * and `ASTERISK_SETTING_INVALID` for a value that would be more than a value in Asterisk's file format.
 */
export function render(template: string, settings: Settings): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value: string | undefined = settings[name as keyof Settings];
    if (value === undefined) throw new Error(`ASTERISK_SETTING_UNKNOWN: ${name}`);
    if (/[\p{Cc};{}\\]|\$/u.test(value)) {
      throw new Error(`ASTERISK_SETTING_INVALID: ${name} holds a control character, or one of ; { } $ \\`);
    }
    return value;
  });
}

/** Renders every template into `<DIRECTORY>/etc`, readable by this user only: one holds a password. */
export async function writeConfiguration(settings: Settings): Promise<void> {
  checkFallbackDial(settings.FALLBACK_DIAL);
  checkTrunkCountry(settings.TRUNK_COUNTRY);
  const etc = join(settings.DIRECTORY, 'etc');
  await mkdir(etc, { recursive: true, mode: 0o700 });
  for (const name of await templateNames()) {
    const template = await readFile(join(TEMPLATES, name), 'utf8');
    await writeFile(join(etc, name), render(template, settings), { mode: 0o600 });
  }
}

export async function templateNames(): Promise<string[]> {
  return (await readdir(TEMPLATES)).filter((name) => name.endsWith('.conf')).sort();
}

function checkTrunkCountry(value: string): void {
  if (value === '' || /^[1-9]\d{0,2}$/.test(value)) return;
  throw new Error('ASTERISK_SETTING_INVALID: TRUNK_COUNTRY is a country code without a plus sign, such as 31');
}

/** The fallback may ring agents and nothing else: no number, no provider. */
function checkFallbackDial(value: string): void {
  if (value === '' || /^PJSIP\/(phone|browser)-[a-z0-9-]+(&PJSIP\/(phone|browser)-[a-z0-9-]+)*$/.test(value)) return;
  throw new Error(
    'ASTERISK_SETTING_INVALID: FALLBACK_DIAL takes agents only: PJSIP/phone-<agent> or PJSIP/browser-<agent>, joined by &',
  );
}
