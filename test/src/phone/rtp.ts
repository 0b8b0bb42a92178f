/**
 * RTP (RFC 3550): packets as plain data, and the audio of one call over a UDP port of its own.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { framesOf, type Sound } from './audio.ts';
import type { Cancel, Clock } from './clock.ts';
import { type DigitTiming, digitSchedule, digitsLastMs, encodeEvent } from './dtmf.ts';
import { createEar, type Ear } from './ear.ts';
import { type AudioDescription, CODECS, type Codec, mayBeSent, PAYLOAD_TYPE } from './sdp.ts';

export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  /** 16 bits. */
  sequence: number;
  /** 32 bits, 1/8000 s. */
  timestamp: number;
  /** 32 bits, the synchronisation source. */
  source: number;
  payload: Buffer;
}

const HEADER_BYTES = 12;
const FRAME_MS = 20;
const TICKS_PER_MS = 8;
/** Frames of all calls are sent on this grid, so that one wake-up serves many. */
const GRID_MS = 5;

export function serializeRtp(packet: RtpPacket): Buffer {
  const datagram = Buffer.allocUnsafe(HEADER_BYTES + packet.payload.length);
  datagram.writeUInt8(0x80, 0);
  datagram.writeUInt8((packet.marker ? 0x80 : 0) | packet.payloadType, 1);
  datagram.writeUInt16BE(packet.sequence, 2);
  datagram.writeUInt32BE(packet.timestamp, 4);
  datagram.writeUInt32BE(packet.source, 8);
  packet.payload.copy(datagram, HEADER_BYTES);
  return datagram;
}

/** undefined: not an RTP packet. Contributing sources, extension and padding are left out of the payload. */
export function parseRtp(datagram: Buffer): RtpPacket | undefined {
  if (datagram.length < HEADER_BYTES || datagram.readUInt8(0) >> 6 !== 2) return undefined;
  const first = datagram.readUInt8(0);
  const second = datagram.readUInt8(1);
  let start = HEADER_BYTES + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (datagram.length < start + 4) return undefined;
    start += 4 + 4 * datagram.readUInt16BE(start + 2);
  }
  const end = first & 0x20 ? datagram.length - datagram.readUInt8(datagram.length - 1) : datagram.length;
  if (end < start) return undefined;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    source: datagram.readUInt32BE(8),
    payload: datagram.subarray(start, end),
  };
}

/** The two directions of one call's audio. */
export interface AudioStream {
  /** The local UDP port. */
  readonly port: number;
  readonly ear: Ear;
  /** Where to send and how, from the peer's session description; may come again with another one. */
  connect(remote: AudioDescription): void;
  play(sound: Sound): void;
  /** Keys digits; ends when the last one ended. The sound pauses meanwhile, as on a phone. */
  sendDigits(digits: string, timing: DigitTiming): Promise<void>;
  close(): void;
}

/** Opens a UDP port for the audio of one call; nothing is sent before `connect`. */
export async function openAudio(options: { address: string; clock: Clock; sound: Sound }): Promise<AudioStream> {
  const { address, clock } = options;
  const socket = await bind(address);
  const ear = createEar(clock);
  const source = randomInt(2 ** 32);
  const epoch = clock.now();
  const firstTimestamp = randomInt(2 ** 32);
  let sequence = randomInt(2 ** 16);
  let remote: AudioDescription | undefined;
  let codec: Codec = CODECS[0];
  let sound = options.sound;
  let frame = 0;
  let keyingUntil = 0;
  let nextFrame: Cancel | undefined;
  let closed = false;

  socket.on('message', (datagram) => {
    const packet = parseRtp(datagram);
    if (packet) ear.hear(packet);
  });

  const send = (payloadType: number, payload: Buffer, timeMs: number, marker: boolean) => {
    if (closed || !remote || !mayBeSent(remote)) return;
    sequence = (sequence + 1) & 0xffff;
    const timestamp = (firstTimestamp + Math.round((timeMs - epoch) * TICKS_PER_MS)) >>> 0;
    socket.send(
      serializeRtp({ payloadType, marker, sequence, timestamp, source, payload }),
      remote.port,
      remote.address,
    );
  };
  const sendFrame = (dueMs: number) => {
    if (closed || sound === 'off') {
      nextFrame = undefined;
      return;
    }
    const now = clock.now();
    const frames = framesOf(sound, codec);
    const payload = frames[frame % frames.length];
    if (payload && now >= keyingUntil) {
      send(PAYLOAD_TYPE[codec], payload, dueMs, false);
      frame++;
    }
    // After a stall the missed frames are not sent in a burst: they would only be late.
    const next = dueMs + FRAME_MS < now - FRAME_MS ? ceilToGrid(now) : dueMs + FRAME_MS;
    nextFrame = clock.at(next, () => sendFrame(next));
  };
  const startSending = () => {
    if (closed || nextFrame || !remote || sound === 'off') return;
    const first = ceilToGrid(clock.now());
    nextFrame = clock.at(first, () => sendFrame(first));
  };

  return {
    port: socket.address().port,
    ear,
    connect(description) {
      remote = description;
      codec = description.codecs[0] ?? CODECS[0];
      startSending();
    },
    play(next) {
      sound = next;
      frame = 0;
      startSending();
    },
    sendDigits(digits, timing) {
      const packets = digitSchedule(digits, timing);
      const payloadType = remote?.telephoneEvent;
      if (payloadType === undefined) return Promise.reject(new Error('The peer takes no telephone-event digits.'));
      const start = Math.max(clock.now(), keyingUntil);
      keyingUntil = start + digitsLastMs(digits.length, timing);
      for (const packet of packets) {
        clock.at(start + packet.atMs, () => {
          send(payloadType, encodeEvent(packet), start + packet.startMs, packet.marker);
        });
      }
      return new Promise((resolve) => clock.at(keyingUntil, resolve));
    },
    close() {
      if (closed) return;
      closed = true;
      nextFrame?.();
      ear.close();
      socket.close();
    },
  };
}

function ceilToGrid(time: number): number {
  return Math.ceil(time / GRID_MS) * GRID_MS;
}

/** Addresses are numbers on this phone: no name is looked up for each packet. */
export function udpSocket(): Socket {
  return createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
}

function bind(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = udpSocket();
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.off('error', reject);
      // A peer that is gone answers with ICMP errors; the call's signalling tells what became of it.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
