/** The gateway's processes: one with all roles, or one for each role with a database and keys of its own. */
import { join } from 'node:path';
import type { RunningAsterisk } from '@civicline/asterisk';
import type { RunningYivi } from '@civicline/yivi';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';

export const OIDC_CLIENT_ID = 'civicline';

export interface GatewayProcess {
  name: string;
  port: number;
  /** Name of its log file, without the ending. */
  log: string;
  env: Record<string, string>;
}

/** What the processes need to know of everything around them. */
export interface Surroundings {
  directory: string;
  ports: Ports;
  organisationsFile: string;
  secrets: Secrets;
  issuer: string;
  asterisk: RunningAsterisk;
  yivi: RunningYivi;
}

export function localUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** All roles in one process. */
export function together(around: Surroundings): [GatewayProcess] {
  const env = {
    ...common(around, around.ports.gateway),
    DATABASE_URL: `file:${around.directory}`,
    CIVICLINE_DATA_KEY: around.secrets.dataKey,
    ...callsSettings(around),
    ...smisSettings(),
    ...smsSettings(around),
  };
  return [{ name: 'Gateway', port: around.ports.gateway, log: 'gateway', env }];
}

/** Each role by itself; the calls role, which citizens and agents see, comes first. */
export function apart(around: Surroundings): [GatewayProcess, ...GatewayProcess[]] {
  const { ports, secrets } = around;
  const { smis, sms } = secrets.roles;
  const own = (role: keyof Secrets['roles'], port: number) => ({
    ...common(around, port),
    CIVICLINE_ROLES: role,
    DATABASE_URL: ownDatabase(around, role),
    CIVICLINE_DATA_KEY: secrets.roles[role].dataKey,
  });
  const channel = { name: 'sms', url: localUrl(ports.sms), publicKeys: [sms.publicKey] };
  return [
    {
      name: 'Calls',
      port: ports.gateway,
      log: 'calls',
      env: { ...own('calls', ports.gateway), ...callsSettings(around) },
    },
    {
      name: 'SMIS',
      port: ports.smis,
      log: 'smis',
      env: {
        ...own('smis', ports.smis),
        ...smisSettings(),
        CIVICLINE_ROLE_KEY: smis.privateKey,
        CIVICLINE_CHANNELS: JSON.stringify([channel]),
      },
    },
    {
      name: 'SMS channel',
      port: ports.sms,
      log: 'sms',
      env: {
        ...own('sms', ports.sms),
        ...smsSettings(around),
        CIVICLINE_ROLE_KEY: sms.privateKey,
        CIVICLINE_SMIS_PUBLIC_KEYS: smis.publicKey,
      },
    },
  ];
}

/** The settings that `civicline` commands need. */
export function administration(around: Pick<Surroundings, 'directory' | 'secrets' | 'ports'>, separate: boolean) {
  const { directory, secrets, ports } = around;
  if (!separate) return { DATABASE_URL: `file:${directory}`, CIVICLINE_DATA_KEY: secrets.dataKey };
  const roles = Object.entries(secrets.roles).flatMap(([role, { dataKey }]) => [
    [`DATABASE_URL_${role.toUpperCase()}`, ownDatabase(around, role)],
    [`CIVICLINE_DATA_KEY_${role.toUpperCase()}`, dataKey],
  ]);
  const urls = [ports.gateway, ports.smis, ports.sms].map(localUrl);
  return { ...(Object.fromEntries(roles) as Record<string, string>), CIVICLINE_GATEWAY_URL: urls.join(',') };
}

function ownDatabase({ directory }: Pick<Surroundings, 'directory'>, role: string): string {
  return `file:${join(directory, role)}`;
}

function common({ ports }: Surroundings, port: number): Record<string, string> {
  return {
    CIVICLINE_LISTEN: `127.0.0.1:${port}`,
    CIVICLINE_PUBLIC_URL: localUrl(port),
    CIVICLINE_DEMO: 'true',
    CIVICLINE_PHONES_URL: localUrl(ports.phones),
  };
}

function callsSettings(around: Surroundings): Record<string, string> {
  const { ports, secrets, asterisk, yivi, organisationsFile, issuer } = around;
  return {
    CIVICLINE_ORGANISATIONS: organisationsFile,
    CIVICLINE_SESSION_KEY: secrets.sessionKey,
    CIVICLINE_ASTERISKS: JSON.stringify([
      {
        id: 'asterisk',
        url: asterisk.ariUrl,
        user: asterisk.ariUser,
        password: asterisk.ariPassword,
        softphoneUrl: asterisk.softphoneUrl,
        sipDomain: `127.0.0.1:${ports.sip}`,
      },
    ]),
    CIVICLINE_IRMA_URL: yivi.requestorUrl,
    CIVICLINE_IRMA_TOKEN: yivi.requestorToken,
    CIVICLINE_IRMA_CLIENT_URL: yivi.clientUrl,
    CIVICLINE_IRMA_CALLBACK_URL: localUrl(ports.gateway),
    CIVICLINE_OIDC_ISSUER: issuer,
    CIVICLINE_OIDC_CLIENT_ID: OIDC_CLIENT_ID,
    CIVICLINE_OIDC_CLIENT_SECRET: secrets.oidcClientSecret,
    CIVICLINE_EXCHANGE_KEYS: JSON.stringify([
      { organisation: 'voorbeeldstad', name: 'demo exchange', key: secrets.exchangeKey },
    ]),
  };
}

/** A message of the demonstration goes out at any hour. */
function smisSettings(): Record<string, string> {
  return { CIVICLINE_SEND_WINDOWS: JSON.stringify({ sms: { individual: null, informative: null, broadcast: null } }) };
}

function smsSettings({ directory, secrets }: Surroundings): Record<string, string> {
  return {
    CIVICLINE_SMS_ROUTES: join(directory, 'sms-routes.yaml'),
    // The simulator lets everybody in.
    CIVICLINE_SIMULATOR_PASSWORD: 'any',
    CIVICLINE_SMS_KEYS: JSON.stringify([secrets.smsKey]),
  };
}
