/** `channels` and `playbacks` of the stand-in. */
import type { Playback } from '../../generated/models.ts';
import { CAUSE_OF_REASON } from './causes.ts';
import {
  dial,
  type Exchange,
  hangUp,
  leaveStasis,
  ringingTimedOut,
  type StandInChannel,
  snapshotOf,
  tell,
  timestamp,
} from './exchange.ts';
import {
  bodyVariables,
  channelOf,
  controlledChannel,
  type Handler,
  type Handlers,
  parameter,
  Refusal,
  type StandInRequest,
} from './handlers.ts';

/** Operations of which nothing is seen but that the channel must be in Stasis. */
const onControlled: Handler = (exchange, request) => {
  controlledChannel(exchange, request);
};

const originate: Handler = (exchange, request) => {
  const endpoint = parameter(request, 'endpoint');
  const [technology, resource] = endpoint.split('/');
  if (!technology || !resource) throw new Refusal(400, 'Invalid endpoint specified');
  const originator = parameter(request, 'originator');
  if (originator && !exchange.channels.has(originator)) {
    throw new Refusal(400, 'Provided originator channel was not found');
  }
  const id = parameter(request, 'channelId') || exchange.nextId();
  if (exchange.channels.has(id)) throw new Refusal(409, 'Channel with given unique ID already exists');
  const target = exchange.endpoints.get(endpoint);
  if (!target?.online) throw new Refusal(500, 'Allocation failed');
  const channel = originatedChannel(exchange, request, id, endpoint);
  exchange.channels.set(id, channel);
  const seconds = Number(parameter(request, 'timeout') || 30);
  if (seconds > 0) channel.ringTimer = setTimeout(() => ringingTimedOut(exchange, channel), seconds * 1000);
  const before = snapshotOf(channel);
  dial(exchange, channel, target.phone);
  return before;
};

function originatedChannel(exchange: Exchange, request: StandInRequest, id: string, endpoint: string): StandInChannel {
  const [, name = '', number = ''] = /^"?([^"<]*?)"?\s*<?([^<>]*)>?$/.exec(parameter(request, 'callerId')) ?? [];
  const caller = { name, number };
  const variables = new Map(bodyVariables(request));
  return {
    snapshot: {
      id,
      name: `${endpoint}-${exchange.nextId()}`,
      state: 'Down',
      protocol_id: '',
      caller,
      connected: { ...caller },
      accountcode: '',
      dialplan: {
        context: 'civicline-no-dialling',
        exten: 's',
        priority: 1,
        app_name: 'AppDial2',
        app_data: '(Outgoing Line)',
      },
      creationtime: timestamp(),
      language: 'nl',
    },
    inStasis: null,
    originatedBy: parameter(request, 'app') || null,
    endpoint,
    appArgs: parameter(request, 'appArgs') ? parameter(request, 'appArgs').split(',') : [],
    bridgeId: null,
    variables,
    musicOnHold: false,
  };
}

const play: Handler = (exchange, request) => {
  const channel = controlledChannel(exchange, request);
  const [first = '', ...others] = parameter(request, 'media').split(',');
  const playback: Playback = {
    id: parameter(request, 'playbackId') || exchange.nextId(),
    media_uri: first,
    target_uri: `channel:${channel.snapshot.id}`,
    language: parameter(request, 'lang') || channel.snapshot.language,
    state: 'queued',
  };
  exchange.playbacks.set(playback.id, playback);
  const queued = { ...playback };
  playMedia(exchange, channel, playback, first, others);
  return queued;
};

/** A sound is over at once; a tone lasts until it is stopped, which Asterisk refuses in the moment of its beginning. */
function playMedia(
  exchange: Exchange,
  channel: StandInChannel,
  playback: Playback,
  media: string,
  [next, ...later]: string[],
): void {
  Object.assign(playback, { state: 'playing', media_uri: media });
  const started = { ...playback, ...(next ? { next_media_uri: next } : {}) };
  tell(exchange, channel, { type: 'PlaybackStarted', playback: started });
  if (media.startsWith('tone:')) {
    exchange.beginning.add(playback.id);
    return;
  }
  if (!next) {
    finishPlayback(exchange, playback);
    return;
  }
  tell(exchange, channel, { type: 'PlaybackContinuing', playback: { ...started, state: 'continuing' } });
  playMedia(exchange, channel, playback, next, later);
}

function finishPlayback(exchange: Exchange, playback: Playback): void {
  exchange.playbacks.delete(playback.id);
  const channel = exchange.channels.get(playback.target_uri.replace('channel:', ''));
  if (channel) tell(exchange, channel, { type: 'PlaybackFinished', playback: { ...playback, state: 'done' } });
}

function playbackOf(exchange: Exchange, request: StandInRequest): Playback {
  const playback = exchange.playbacks.get(parameter(request, 'playbackId'));
  if (!playback) throw new Refusal(404, 'Playback not found');
  return playback;
}

function setVariable(channel: StandInChannel, name: string, value: string): void {
  channel.variables.set(name, value);
  if (name === 'CHANNEL(language)') channel.snapshot.language = value;
}

export const channelHandlers: Handlers = {
  'channels.list': (exchange) => [...exchange.channels.values()].map(snapshotOf),
  'channels.get': (exchange, request) => snapshotOf(channelOf(exchange, request)),
  'channels.originate': originate,
  'channels.originateWithId': originate,
  'channels.hangup'(exchange, request) {
    const channel = channelOf(exchange, request);
    const reason = parameter(request, 'reason') || 'normal';
    const cause = Number(parameter(request, 'reason_code') || CAUSE_OF_REASON[reason]);
    if (!cause) throw new Refusal(400, 'Invalid Reason');
    hangUp(exchange, channel, { cause, byAsterisk: true });
  },
  'channels.continueInDialplan'(exchange, request) {
    const channel = controlledChannel(exchange, request);
    leaveStasis(exchange, channel);
    Object.assign(channel.snapshot.dialplan, {
      context: parameter(request, 'context') || channel.snapshot.dialplan.context,
      exten: parameter(request, 'extension') || channel.snapshot.dialplan.exten,
      priority: Number(parameter(request, 'priority') || channel.snapshot.dialplan.priority + 1),
      app_name: '',
      app_data: '',
    });
  },
  'channels.startMoh'(exchange, request) {
    controlledChannel(exchange, request).musicOnHold = true;
  },
  'channels.stopMoh'(exchange, request) {
    controlledChannel(exchange, request).musicOnHold = false;
  },
  'channels.answer': onControlled,
  'channels.ring': onControlled,
  'channels.ringStop': onControlled,
  'channels.mute': onControlled,
  'channels.unmute': onControlled,
  'channels.hold': onControlled,
  'channels.unhold': onControlled,
  'channels.startSilence': onControlled,
  'channels.stopSilence': onControlled,
  'channels.play': play,
  'channels.playWithId': play,
  'channels.setChannelVar'(exchange, request) {
    setVariable(controlledChannel(exchange, request), parameter(request, 'variable'), parameter(request, 'value'));
  },
  'channels.setChannelVars'(exchange, request) {
    const channel = controlledChannel(exchange, request);
    for (const [name, value] of bodyVariables(request)) setVariable(channel, name, value);
  },
  'channels.getChannelVar'(exchange, request) {
    const value = channelOf(exchange, request).variables.get(parameter(request, 'variable'));
    if (value === undefined) throw new Refusal(404, 'Provided variable was not found');
    return { value };
  },
  'playbacks.get': (exchange, request) => ({ ...playbackOf(exchange, request) }),
  'playbacks.stop'(exchange, request) {
    const playback = playbackOf(exchange, request);
    if (exchange.beginning.delete(playback.id)) throw new Refusal(500, 'Could not stop playback');
    finishPlayback(exchange, playback);
  },
};
