/** Finds the operation of a request by the generated table, so that client and stand-in cannot disagree about paths. */
import { OPERATIONS } from '../../generated/operations.ts';
import type { OperationTable } from '../../operation.ts';

export interface Route {
  /** Such as `channels.hangup`. */
  operation: string;
  pathParameters: Record<string, string>;
}

const TABLE: OperationTable = OPERATIONS;

const ROUTES = Object.entries(TABLE).flatMap(([group, operations]) =>
  Object.entries(operations).map(([name, { method, path }]) => ({
    operation: `${group}.${name}`,
    method,
    names: [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? ''),
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '([^/]+)')}$`),
  })),
);

/** Fixed paths win over parameters, as `channels/create` over `channels/{channelId}`. */
const ORDERED = ROUTES.toSorted((a, b) => a.names.length - b.names.length);

export function findRoute(method: string, uri: string): Route | null {
  for (const { operation, method: routeMethod, names, pattern } of ORDERED) {
    const match = routeMethod === method ? pattern.exec(uri) : null;
    if (!match) continue;
    const values = match.slice(1).map(decodeURIComponent);
    return { operation, pathParameters: Object.fromEntries(names.map((name, i) => [name, values[i] ?? ''])) };
  }
  return null;
}
