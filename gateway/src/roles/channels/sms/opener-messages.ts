/** In the thread behind {@link createOpener}: takes sealed parts, answers with what they hold. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SealedPart } from '@civicline/protocol';
import type { SealingPrivateKey } from '@civicline/protocol/sealing/node';
import { openSms } from './open-part.ts';

const keys = workerData as readonly SealingPrivateKey[];
parentPort?.on('message', (parts: SealedPart[]) => {
  parentPort?.postMessage(parts.map((part) => openSms(keys, part)));
});
