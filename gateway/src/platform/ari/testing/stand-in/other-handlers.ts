/** `asterisk`, `endpoints`, `applications` and `events` of the stand-in. */

import { endpointChanged, endpointView } from './endpoints.ts';
import { type Exchange, type StandInEndpoint, timestamp } from './exchange.ts';
import { type Handlers, parameter, Refusal, type StandInRequest } from './handlers.ts';

type Fields = { attribute: string; value: string }[];
/** The parts of `GET /asterisk/info` that the stand-in has. */
const INFO = {
  system: { version: '22.10.1-stand-in', entity_id: '02:00:00:00:00:01' },
  status: { startup_time: timestamp(), last_reload_time: timestamp() },
};

const PJSIP_TYPES = new Set(['auth', 'aor', 'endpoint']);

/** `class/type/id` of a dynamic configuration object; 404 for a class or type that cannot be configured. */
function objectKey(request: StandInRequest): string {
  const [configClass, objectType, id] = ['configClass', 'objectType', 'id'].map((name) => parameter(request, name));
  if (configClass !== 'res_pjsip') throw new Refusal(404, `configClass '${configClass}' not found`);
  if (!PJSIP_TYPES.has(objectType ?? '')) throw new Refusal(404, `objectType '${objectType}' not found`);
  return `${configClass}/${objectType}/${id}`;
}

function storedObject(exchange: Exchange, request: StandInRequest): Fields {
  const fields = exchange.objects.get(objectKey(request));
  if (!fields) throw new Refusal(404, `Object with id '${parameter(request, 'id')}' not found`);
  return fields;
}

/** A new endpoint has no contact until its phone registers. */
function keepEndpoint(exchange: Exchange, request: StandInRequest): void {
  const resource = parameter(request, 'id');
  const name = `PJSIP/${resource}`;
  if (parameter(request, 'objectType') !== 'endpoint' || exchange.endpoints.has(name)) return;
  const endpoint: StandInEndpoint = { technology: 'PJSIP', resource, online: false, phone: 'ring' };
  exchange.endpoints.set(name, endpoint);
  endpointChanged(exchange, endpoint);
}

function endpointOf(exchange: Exchange, request: StandInRequest): StandInEndpoint {
  const endpoint = exchange.endpoints.get(`${parameter(request, 'tech')}/${parameter(request, 'resource')}`);
  if (!endpoint) throw new Refusal(404, 'Endpoint not found');
  return endpoint;
}

function applicationView(exchange: Exchange, name: string): unknown {
  const channels = [...exchange.channels.values()].filter((channel) => channel.inStasis === name);
  const bridges = [...exchange.bridges.values()].filter((bridge) => bridge.application === name);
  const sources = [...(exchange.subscriptions.get(name) ?? [])];
  return {
    name,
    channel_ids: channels.map(({ snapshot }) => snapshot.id),
    bridge_ids: bridges.filter(({ channels: inside }) => inside.length > 0).map(({ id }) => id),
    endpoint_ids: sources.filter((source) => source.startsWith('endpoint:')).map((source) => source.slice(9)),
    device_names: [],
    events_allowed: filterView(exchange.filters.get(name)?.allowed),
    events_disallowed: filterView(exchange.filters.get(name)?.disallowed),
  };
}

function filterView(types: Set<string> = new Set()): { type: string }[] {
  return [...types].map((type) => ({ type }));
}

/** `{ allowed: [{ type }], disallowed: [{ type }] }`, either may be absent. */
function filterTypes(body: Record<string, unknown>, name: string): Set<string> {
  const listed = body[name] ?? [];
  if (!Array.isArray(listed)) throw new Refusal(400, 'Invalid format definition');
  return new Set(listed.map(({ type }: { type: string }) => type));
}

function applicationOf(exchange: Exchange, request: StandInRequest): string {
  const name = parameter(request, 'applicationName');
  if (!exchange.isConnected(name)) throw new Refusal(404, 'Application not found');
  return name;
}

function eventSources(exchange: Exchange, request: StandInRequest): string[] {
  const sources = parameter(request, 'eventSource').split(',');
  if (!sources.every((source) => sourceExists(exchange, source))) throw new Refusal(422, 'Event source does not exist');
  return sources;
}

function sourceExists(exchange: Exchange, source: string): boolean {
  const [, scheme, name = ''] = /^(\w+):(.+)$/.exec(source) ?? [];
  if (scheme === 'channel') return exchange.channels.has(name);
  return scheme === 'endpoint' && (name === 'PJSIP' || exchange.endpoints.has(name));
}

export const otherHandlers: Handlers = {
  'asterisk.getInfo'(_, request) {
    const only = parameter(request, 'only').split(',').filter(Boolean);
    return Object.fromEntries(Object.entries(INFO).filter(([part]) => only.length === 0 || only.includes(part)));
  },
  'asterisk.ping': () => ({ asterisk_id: '02:00:00:00:00:01', ping: 'pong', timestamp: new Date().toISOString() }),
  'asterisk.getGlobalVar': (exchange, request) => ({
    value: exchange.globals.get(parameter(request, 'variable')) ?? '',
  }),
  'asterisk.setGlobalVar'(exchange, request) {
    exchange.globals.set(parameter(request, 'variable'), parameter(request, 'value'));
  },
  'asterisk.getObject': storedObject,
  'asterisk.updateObject'(exchange, request) {
    const key = objectKey(request);
    const fields = (request.body.fields ?? []) as Fields;
    exchange.objects.set(key, fields);
    keepEndpoint(exchange, request);
    return fields;
  },
  'asterisk.deleteObject'(exchange, request) {
    storedObject(exchange, request);
    exchange.objects.delete(objectKey(request));
    if (parameter(request, 'objectType') === 'endpoint') exchange.endpoints.delete(`PJSIP/${parameter(request, 'id')}`);
  },
  'endpoints.list': (exchange) => [...exchange.endpoints.values()].map((endpoint) => endpointView(exchange, endpoint)),
  'endpoints.listByTech': (exchange, request) =>
    [...exchange.endpoints.values()]
      .filter(({ technology }) => technology === parameter(request, 'tech'))
      .map((endpoint) => endpointView(exchange, endpoint)),
  'endpoints.get': (exchange, request) => endpointView(exchange, endpointOf(exchange, request)),
  'applications.get': (exchange, request) => applicationView(exchange, applicationOf(exchange, request)),
  'applications.list': (exchange) => [...exchange.subscriptions.keys()].map((name) => applicationView(exchange, name)),
  'applications.subscribe'(exchange, request) {
    const name = applicationOf(exchange, request);
    const subscribed = exchange.subscriptions.get(name) ?? new Set();
    exchange.subscriptions.set(name, new Set([...subscribed, ...eventSources(exchange, request)]));
    return applicationView(exchange, name);
  },
  'applications.unsubscribe'(exchange, request) {
    const name = applicationOf(exchange, request);
    for (const source of eventSources(exchange, request)) exchange.subscriptions.get(name)?.delete(source);
    return applicationView(exchange, name);
  },
  'applications.filter'(exchange, request) {
    const name = applicationOf(exchange, request);
    const [allowed, disallowed] = [filterTypes(request.body, 'allowed'), filterTypes(request.body, 'disallowed')];
    exchange.filters.set(name, { allowed, disallowed });
    return applicationView(exchange, name);
  },
  'events.userEvent'(exchange, request) {
    const application = parameter(request, 'application');
    if (!exchange.isConnected(application)) throw new Refusal(404, 'Application not found');
    const eventname = parameter(request, 'eventName');
    const variables = (request.body.variables ?? {}) as Record<string, unknown>;
    exchange.publish(application, { type: 'ChannelUserevent', eventname, userevent: { ...variables, eventname } });
  },
};
