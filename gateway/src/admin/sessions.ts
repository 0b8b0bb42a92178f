import { createSessionAdministration } from '../roles/directory/sign-in/index.ts';
import { type Call, type Command, minute, noWords, oneWord, type Result, table } from './command.ts';

type SessionAdministration = Awaited<ReturnType<typeof createSessionAdministration>>;

export const sessionCommands: Command[] = [
  {
    name: 'sessions list',
    usage: 'sessions list',
    summary: 'Which agents and auditors are signed in, and when they were last seen.',
    options: {},
    run: (call) =>
      administer(call, async (sessions) => {
        noWords(call);
        const all = await sessions.list();
        const rows = all.map(({ agentId, since, lastSeen, until }) => [
          agentId,
          minute(since),
          minute(lastSeen),
          minute(until),
        ]);
        return { text: table(['AGENT', 'SINCE', 'LAST SEEN', 'UNTIL'], rows), json: all };
      }),
  },
  {
    name: 'sessions end',
    usage: 'sessions end AGENT',
    summary: 'Signs an agent out everywhere. Open consoles close within a minute, a call in hand with them.',
    options: {},
    run: (call) =>
      administer(call, async (sessions) => {
        const agentId = oneWord(call, 'agent');
        const ended = await sessions.end(agentId);
        return { text: `${agentId}: ${ended} ended.\n`, json: { agentId, ended } };
      }),
  },
];

function administer({ settings }: Call, work: (sessions: SessionAdministration) => Promise<Result>): Promise<Result> {
  return settings.withDatabase('calls', async (database) => work(await createSessionAdministration(database)));
}
