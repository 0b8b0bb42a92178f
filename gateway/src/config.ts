/** The gateway's configuration: which roles run in this process, and what each of them needs to be told. */
import { channelSchema } from '@civicline/protocol';
import { z } from 'zod';
import {
  addressShape,
  allowedExposures,
  ConfigError,
  type ConfiguredRole,
  demoExposure,
  describeStorage,
  describeVariables,
  type Environment,
  type Exposure,
  exposuresOf,
  json,
  listSchema,
  publicUrlOf,
  type RoleDefinition,
  readSettings,
  type StorageSettings,
  safetyShape,
  storageSchema,
  storageVariables,
  urlSchema,
  type Variable,
  variablesOf,
} from './platform/run/index.ts';
import type { KeyedColumn } from './platform/storage/index.ts';
import { type CallsSettings, defineCalls } from './roles/calls/index.ts';
import { type EmailRoleSettings, emailRole } from './roles/channels/email/index.ts';
import { type SmsSettings, smsRole } from './roles/channels/sms/index.ts';
import type { IrmaClient } from './roles/directory/irma/index.ts';
import { type SmisSettings, smisRole } from './roles/smis/index.ts';

/** In the order of their creation: SMIS after its channels. */
export const ROLE_NAMES = ['calls', 'sms', 'email', 'smis'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

function definitionsOf(irma?: IrmaClient): { [Name in RoleName]: RoleDefinition<RoleSettings[Name]> } {
  return { calls: defineCalls(irma), sms: smsRole, email: emailRole, smis: smisRole };
}

/** What each role was told. */
export interface RoleSettings {
  calls: CallsSettings;
  sms: SmsSettings;
  email: EmailRoleSettings;
  smis: SmisSettings;
}

/** When CIVICLINE_ROLES is absent, a channel runs if the variable that it cannot do without is there. */
const CHANNEL_VARIABLES: Partial<Record<RoleName, string>> = { sms: 'CIVICLINE_SMS_ROUTES', email: 'CIVICLINE_EMAIL' };

const roleKeySchema = z.string().regex(/^[\w-]{43}$/, 'must be 32 bytes in base64url');

const remoteChannelSchema = z.strictObject({
  name: channelSchema,
  /** Where the channel's process answers, such as http://sms:3000 */
  url: urlSchema,
  /** The public halves of its CIVICLINE_ROLE_KEY: the current one, and during a rotation others. */
  publicKeys: z.array(roleKeySchema).min(1),
});

const processSchema = z
  .object({
    ...addressShape,
    ...safetyShape,
    CIVICLINE_ROLES: listSchema
      .pipe(z.array(z.enum(ROLE_NAMES, `must be some of ${ROLE_NAMES.join(', ')}, separated by commas`)))
      .describe(
        'which of `calls`, `sms`, `email`, `smis` run in this process, by comma; absent: calls, SMIS, and the channels that are configured',
      ),
    CIVICLINE_ROLE_KEY: roleKeySchema
      .optional()
      .describe('the private key of this process (`civicline keys role`), when SMIS and a channel run apart'),
    CIVICLINE_CHANNELS: json(z.array(remoteChannelSchema))
      .prefault('[]')
      .describe('of SMIS, JSON: channels in other processes: `name`, `url`, `publicKeys`'),
    CIVICLINE_SMIS_PUBLIC_KEYS: listSchema
      .pipe(z.array(roleKeySchema))
      .describe('of a channel: the public key of an SMIS in another process; several by comma while it changes'),
    CIVICLINE_DEMO: z.stringbool().default(false).describe('the demo municipality; not for production'),
    CIVICLINE_PHONES_URL: urlSchema.optional().describe('of the demonstration: where its simulated phones are'),
    CIVICLINE_LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('the least that is logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`'),
    CIVICLINE_TRUSTED_PROXIES: z
      .string()
      .min(1)
      .default('loopback')
      .transform((text) => text.split(',').map((part) => part.trim()))
      .describe(
        'whose `X-Forwarded-For` counts: addresses, ranges or the words `loopback`, `linklocal`, `uniquelocal`, by comma',
      ),
  })
  .refine(
    (values) =>
      values.CIVICLINE_ROLE_KEY !== undefined ||
      values.CIVICLINE_CHANNELS.length + values.CIVICLINE_SMIS_PUBLIC_KEYS.length === 0,
    { path: ['CIVICLINE_ROLE_KEY'], message: 'is missing; make one with: npx civicline keys role' },
  )
  .transform((values) => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(values.CIVICLINE_LISTEN) ?? [];
    return {
      listen: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) },
      publicUrl: publicUrlOf(values),
      roleKey: values.CIVICLINE_ROLE_KEY ?? null,
      remoteChannels: values.CIVICLINE_CHANNELS,
      smisPublicKeys: values.CIVICLINE_SMIS_PUBLIC_KEYS,
      demo: values.CIVICLINE_DEMO,
      allowInsecure: values.CIVICLINE_ALLOW_INSECURE,
      phonesUrl: values.CIVICLINE_PHONES_URL ?? null,
      logLevel: values.CIVICLINE_LOG_LEVEL,
      trustedProxies: values.CIVICLINE_TRUSTED_PROXIES,
    };
  });

type ProcessSettings = z.output<typeof processSchema>;

/** What the process was told; see the comments of the variables in each role's `settings.ts`. */
export interface Config extends ProcessSettings {
  roles: readonly ConfiguredRole[];
  /** What is insecure and was allowed. */
  exposures: readonly Exposure[];
  /** Of the roles that run in this process. */
  settings: Readonly<Partial<RoleSettings>>;
}

/** Parses the environment. Throws {@link ConfigError}; `irma` is a stand-in for the IRMA server, for tests. */
export function readConfig(environment: Environment, irma?: IrmaClient): Config {
  const definitions = definitionsOf(irma);
  const chosen = chosenRoles(environment).map((name) => definitions[name] as RoleDefinition);
  const parsed = readSettings(
    [
      ['process', processSchema],
      ...chosen.map(({ name, settings }) => [name, settings] as const),
      ...chosen.map(({ name, seals }) => [`storage of ${name}`, storageSchema(name, seals)] as const),
    ],
    environment,
  );
  const { remoteChannels, smisPublicKeys, demo, publicUrl, allowInsecure } = parsed.process as ProcessSettings;
  const found = exposuresOf(environment, variablesFor(chosen.map(({ name }) => name as RoleName)));
  const exposures = allowedExposures([...found, ...demoExposure(demo, publicUrl)], allowInsecure);
  const twice = remoteChannels.find(({ name }) => chosen.some((definition) => definition.name === name));
  if (twice) throw new ConfigError(`CIVICLINE_CHANNELS: "${twice.name}" runs in this very process`);
  const unreachable = chosen.find(({ name }) => name in CHANNEL_VARIABLES);
  if (unreachable && smisPublicKeys.length === 0 && !chosen.some(({ name }) => name === 'smis')) {
    throw new ConfigError(`CIVICLINE_SMIS_PUBLIC_KEYS: is missing; without it no SMIS reaches ${unreachable.name}`);
  }
  const roles = chosen.map((definition): ConfiguredRole => {
    const { name } = definition;
    return { definition, settings: parsed[name], storage: parsed[`storage of ${name}`] as StorageSettings };
  });
  const settings = Object.fromEntries(chosen.map(({ name }) => [name, parsed[name]])) as Partial<RoleSettings>;
  return Object.freeze({ ...(parsed.process as ProcessSettings), exposures, roles, settings });
}

/** What in a role's database depends on its data key. */
export function keyedColumnsOf(name: RoleName): readonly KeyedColumn[] {
  return definitionsOf()[name].keyedColumns ?? [];
}

/** Every variable of the gateway once, and the roles that need to be told. */
export function describeSettings(): (Variable & { roles: RoleName[] })[] {
  const found = new Map<string, Variable & { roles: RoleName[] }>();
  for (const variable of describeVariables(processSchema))
    found.set(variable.name, { ...variable, roles: [...ROLE_NAMES] });
  const definitions = definitionsOf();
  for (const role of ROLE_NAMES) {
    const { settings, seals } = definitions[role];
    for (const variable of [...describeStorage(seals), ...describeVariables(settings)]) {
      const known = found.get(variable.name) ?? { ...variable, roles: [] };
      if (!known.roles.includes(role)) known.roles.push(role);
      found.set(variable.name, known);
    }
  }
  return [...found.values()];
}

/** The variables that a process of these roles reads. */
export function variablesFor(names: readonly RoleName[]): Set<string> {
  const definitions = definitionsOf();
  const ofRoles = names.flatMap((name) => {
    const { settings, seals } = definitions[name];
    return [...variablesOf(settings), ...storageVariables(name, seals)];
  });
  return new Set([...variablesOf(processSchema), ...ofRoles]);
}

function chosenRoles(environment: Environment): RoleName[] {
  const wanted = listSchema.parse(environment.CIVICLINE_ROLES);
  if (wanted.length > 0) return ROLE_NAMES.filter((name) => wanted.includes(name));
  return ROLE_NAMES.filter((name) => {
    const variable = CHANNEL_VARIABLES[name];
    return variable === undefined || environment[variable];
  });
}
