/** Registration of phones in the stand-in, with the events of Asterisk 22.10.1 in their order. */
import type { ContactInfo } from '../../generated/models.ts';
import { type EventContent, type Exchange, endpointSources, type StandInEndpoint } from './exchange.ts';

/** A phone registers: the first event still says `offline`. */
export function register(exchange: Exchange, endpoint: StandInEndpoint): void {
  contactEvent(exchange, endpoint, 'NonQualified');
  endpoint.online = true;
  stateEvents(exchange, endpoint, 'Reachable');
  contactEvent(exchange, endpoint, 'Reachable');
}

export function unregister(exchange: Exchange, endpoint: StandInEndpoint): void {
  endpoint.online = false;
  stateEvents(exchange, endpoint, 'Unreachable');
  contactEvent(exchange, endpoint, 'Removed');
}

/** A new endpoint, or one whose channels have changed. */
export function endpointChanged(exchange: Exchange, endpoint: StandInEndpoint): void {
  tellSubscribers(exchange, endpoint, { type: 'EndpointStateChange', endpoint: endpointView(exchange, endpoint) });
}

export function endpointView(exchange: Exchange, { technology, resource, online }: StandInEndpoint) {
  const name = `${technology}/${resource}`;
  const legs = [...exchange.channels.values()].filter((channel) => channel.endpoint === name);
  const state = online ? ('online' as const) : ('offline' as const);
  return { technology, resource, state, channel_ids: legs.map(({ snapshot }) => snapshot.id) };
}

function stateEvents(exchange: Exchange, endpoint: StandInEndpoint, status: 'Reachable' | 'Unreachable'): void {
  endpointChanged(exchange, endpoint);
  const view = endpointView(exchange, endpoint);
  tellSubscribers(exchange, endpoint, { type: 'PeerStatusChange', endpoint: view, peer: { peer_status: status } });
}

function contactEvent(exchange: Exchange, endpoint: StandInEndpoint, status: ContactInfo['contact_status']): void {
  const { resource } = endpoint;
  const uri = `sip:${resource}@127.0.0.1:5060`;
  const contact = { uri, contact_status: status, aor: resource, roundtrip_usec: '0' };
  const view = endpointView(exchange, endpoint);
  tellSubscribers(exchange, endpoint, { type: 'ContactStatusChange', endpoint: view, contact_info: contact });
}

/** Once per subscription that covers the endpoint. */
function tellSubscribers(exchange: Exchange, { technology, resource }: StandInEndpoint, event: EventContent): void {
  const covering = endpointSources(`${technology}/${resource}`);
  for (const [application, sources] of exchange.subscriptions) {
    for (const _ of covering.filter((source) => sources.has(source))) exchange.publish(application, event);
  }
}
