/**
 * Insecure settings are refused: what would cross a network in clear, and what belongs on one machine only. A setting is
 * safe when it is encrypted or stays on the loopback address. Whoever has a reason, such as containers in a network of
 * their own, names the variable in `CIVICLINE_ALLOW_INSECURE`; the log then repeats it at each start.
 */
import type { Logger } from '../http/index.ts';
import { ConfigError, type Environment, isLoopback } from './settings.ts';

export interface Exposure {
  /** The variable. */
  variable: string;
  /** What is wrong with it, as a clause that follows its name. Never repeats the value: it may contain a secret. */
  why: string;
}

/** A URL of a scheme that encrypts nothing, up to its path, anywhere in a value: several are JSON. */
const PLAIN_URL = /\b(?:http|ws|postgres(?:ql)?):\/\/[^\s"',/?]*(?:,[^\s"',/?]+)*[^\s"',]*/gi;
const TLS_MODES = /[?&]sslmode=(?:require|verify-ca|verify-full)(?:&|$)/;

/** What these variables would expose. Pure. */
export function exposuresOf(environment: Environment, variables: Iterable<string>): Exposure[] {
  return [...variables].flatMap((variable) => {
    const value = environment[variable] ?? '';
    const exposes = (value.match(PLAIN_URL) ?? []).some(leavesInClear);
    return exposes ? [{ variable, why: 'reaches another machine without encryption; use TLS' }] : [];
  });
}

/** The demonstration lets anybody sign in, as anybody. */
export function demoExposure(demo: boolean, publicUrl: string): Exposure[] {
  if (!demo || isLoopback(publicUrl)) return [];
  return [{ variable: 'CIVICLINE_DEMO', why: 'shows the demonstration under a public name' }];
}

/** Throws {@link ConfigError} with all that are not allowed; answers those that are, to be logged. */
export function allowedExposures(exposures: readonly Exposure[], allowed: readonly string[]): Exposure[] {
  const refused = exposures.filter(({ variable }) => !allowed.includes(variable));
  if (refused.length === 0) return [...exposures];
  const lines = refused.map(({ variable, why }) => `  ${variable}: ${why}`);
  const names = refused.map(({ variable }) => variable).join(',');
  throw new ConfigError(
    `The gateway's configuration is not safe:\n${lines.join('\n')}\nIf only you can reach these networks: CIVICLINE_ALLOW_INSECURE=${names}`,
  );
}

/** As {@link allowedExposures}, for what shows only after the start, such as the content of a file that is named. */
export function allowExposures(exposures: readonly Exposure[], allowed: readonly string[], log: Logger): void {
  tellExposures(allowedExposures(exposures, allowed), log);
}

export function tellExposures(exposures: readonly Exposure[], log: Logger): void {
  for (const { variable, why } of exposures) log.warn({ variable }, `insecure, and allowed: ${why}`);
}

function leavesInClear(url: string): boolean {
  if (/^postgres/i.test(url)) return !TLS_MODES.test(url) && databaseHosts(url).some((host) => !isHere(host));
  return !URL.canParse(url) || !isLoopback(url);
}

/** A database URL may name several hosts, or a folder of sockets, which is here. */
function databaseHosts(url: string): string[] {
  const [, authority = ''] = /^[a-z]+:\/\/([^/?]*)/i.exec(url) ?? [];
  const hosts = authority.slice(authority.lastIndexOf('@') + 1).split(',');
  return hosts.map((host) => decodeURIComponent(host.replace(/:\d+$/, '')));
}

function isHere(host: string): boolean {
  return host === '' || host.startsWith('/') || isLoopback(`http://${host}`);
}
