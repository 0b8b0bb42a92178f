/** `bridges` of the stand-in. */

import {
  destroyBridge,
  type Exchange,
  enterBridge,
  leaveBridge,
  type StandInChannel,
  snapshotOfBridge,
  timestamp,
} from './exchange.ts';
import { bodyVariables, type Handler, type Handlers, parameter, Refusal, type StandInRequest } from './handlers.ts';

const create: Handler = (exchange, request) => {
  const id = parameter(request, 'bridgeId') || exchange.nextId();
  if (exchange.bridges.has(id)) throw new Refusal(409, `Bridge with id '${id}' already exists`);
  exchange.bridges.set(id, {
    id,
    technology: 'simple_bridge',
    bridge_type: parameter(request, 'type').includes('holding') ? 'holding' : 'mixing',
    bridge_class: 'stasis',
    creator: 'Stasis',
    name: parameter(request, 'name'),
    channels: [],
    creationtime: timestamp(),
    video_mode: 'talker',
    application: request.application,
    variables: new Map(bodyVariables(request)),
  });
  return snapshotOfBridge(exchange, id);
};

function bridgeIdOf(exchange: Exchange, request: StandInRequest): string {
  const id = parameter(request, 'bridgeId');
  if (!exchange.bridges.has(id)) throw new Refusal(404, 'Bridge not found');
  return id;
}

/** Asterisk checks all of them before it moves any. */
function listedChannels(exchange: Exchange, request: StandInRequest): StandInChannel[] {
  return parameter(request, 'channel')
    .split(',')
    .map((id) => {
      const channel = exchange.channels.get(id);
      if (!channel) throw new Refusal(400, 'Channel not found');
      if (!channel.inStasis) throw new Refusal(422, 'Channel not in Stasis application');
      return channel;
    });
}

const onBridge: Handler = (exchange, request) => {
  bridgeIdOf(exchange, request);
};

export const bridgeHandlers: Handlers = {
  'bridges.list': (exchange) => [...exchange.bridges.keys()].map((id) => snapshotOfBridge(exchange, id)),
  'bridges.get': (exchange, request) => snapshotOfBridge(exchange, bridgeIdOf(exchange, request)),
  'bridges.create': create,
  'bridges.createWithId': create,
  'bridges.destroy': (exchange, request) => destroyBridge(exchange, bridgeIdOf(exchange, request)),
  'bridges.addChannel'(exchange, request) {
    const id = bridgeIdOf(exchange, request);
    for (const channel of listedChannels(exchange, request)) enterBridge(exchange, channel, id);
  },
  'bridges.removeChannel'(exchange, request) {
    const id = bridgeIdOf(exchange, request);
    const channels = listedChannels(exchange, request);
    if (channels.some(({ bridgeId }) => bridgeId !== id)) throw new Refusal(422, 'Channel not in this bridge');
    for (const channel of channels) leaveBridge(exchange, channel);
  },
  'bridges.startMoh': onBridge,
  'bridges.stopMoh': onBridge,
};
