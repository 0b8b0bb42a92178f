/** An engine as a process of its own, for tests that kill it: told what to do, and telling each call's state, by IPC. */
import { openRoom } from './exchange-room.ts';

export type Order = { order: 'answer' | 'hangUp' | 'finishWrapUp'; agentId: string; callId: string };
export type Told = { told: 'available' } | { told: 'call'; id: string; state: string };

const [databaseUrl = '', ...asterisk] = process.argv.slice(2);
const [url = '', user = '', password = ''] = asterisk;
const tell = (told: Told) => process.send?.(told);

const room = await openRoom({
  asterisks: [{ id: 'asterisk-1', url, user, password }],
  databaseUrl,
});
const { agents, engine, asterisks } = room.core;
for (const { id, state } of room.calls()) tell({ told: 'call', id, state });
engine.live.onChange(({ after: { id, state } }) => tell({ told: 'call', id, state }));
asterisks.onAvailability((available) => available && tell({ told: 'available' }));
if (asterisks.anyAvailable()) tell({ told: 'available' });
process.on('message', (order: Order) => {
  // Refused orders show in what does not happen.
  carryOut(order).catch(() => undefined);
});

async function carryOut({ order, agentId, callId }: Order): Promise<void> {
  const { orders } = engine;
  if (order === 'answer') await agents.setPresence(agentId, 'ready', '');
  if (order === 'finishWrapUp') await orders.finishWrapUp(agentId, callId, '');
  else await orders[order](agentId, callId);
}
