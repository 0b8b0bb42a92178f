import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import type { MessageView } from '../index.ts';
import { KEY, type StandInSmis, standInSmis } from '../testing/stand-in-smis.ts';
import { rowsOf } from './csv.ts';
import { send } from './send.ts';
import { stepsOf } from './steps.ts';

describe('civicline-send', () => {
  let smis: StandInSmis;
  let folder: string;

  beforeEach(async () => {
    smis = await standInSmis();
    folder = await mkdtemp(join(tmpdir(), 'civicline-send-'));
  });
  afterEach(async () => {
    await smis.close();
    await rm(folder, { recursive: true });
  });

  async function run(args: string[], more: { env?: NodeJS.ProcessEnv; stdin?: Buffer } = {}) {
    const said = { out: '', err: '' };
    const code = await send(args, {
      env: more.env ?? { CIVICLINE_URL: smis.url, CIVICLINE_KEY: KEY },
      stdin: (async function* () {
        if (more.stdin) yield more.stdin;
      })(),
      stdout: { write: (text) => (said.out += text) },
      stderr: { write: (text) => (said.err += text) },
    });
    return { code, ...said };
  }
  const one = ['--to', '+32470000001', '--text', 'Uw afspraak is morgen om 10:00'];

  /** As soon as it is accepted, this becomes of each message. */
  function then(...kinds: ['attempted' | 'delivered' | 'undeliverable', MessageView['state']][]) {
    let polls = 0;
    smis.trouble = ({ method, path }) => {
      const [, id] = /^\/v1\/messages\/([0-9a-f-]{36})$/.exec(path) ?? [];
      const next = kinds[polls];
      if (method !== 'GET' || !id || !next) return undefined;
      polls++;
      smis.happen(id, ...next, { reason: next[0] === 'undeliverable' ? 'NUMBER_UNKNOWN' : undefined });
      const stored = smis.messages.get(id);
      if (!stored) return undefined;
      const state = next[0] === 'attempted' ? 'handed-over' : next[0] === 'delivered' ? 'delivered' : 'failed';
      stored.view.attempts = [{ channel: 'sms', state, segments: 1, updatedAt: stored.view.updatedAt }];
      return undefined;
    };
  }

  it('shows a message on its way', async () => {
    then(['attempted', 'attempting'], ['delivered', 'delivered']);
    const { code, out, err } = await run(one);
    expect([code, err]).to.deep.equal([0, '']);
    expect(out.replace(/[0-9a-f-]{36}/, 'ID')).to.equal(
      'accepted      ID  (SMS: 1 segment, GSM)\nattempted     sms\ndelivered     sms, 1 segment\n',
    );
  });

  it('ends with 1 when it does not arrive', async () => {
    then(['undeliverable', 'undeliverable']);
    const { code, out } = await run(one);
    expect(code).to.equal(1);
    expect(out).to.match(/failed +sms, no reason given\nundeliverable +NUMBER_UNKNOWN\n$/);
    expect((await run([...one, '--wait', '0'])).err).to.include('No end after 0 s');
  });

  it('does not wait when told so, and speaks JSON', async () => {
    const { code, out } = await run([...one, '--no-wait', '--json', '--reference', 'r', '--urgency', 'urgent']);
    expect(code).to.equal(0);
    expect(JSON.parse(out)).to.include({ state: 'accepted', reference: 'r', urgency: 'urgent' });
  });

  it('reads the text from standard input', async () => {
    const { out } = await run(['--to', '+32470000001', '--text', '-', '--no-wait', '--json'], {
      stdin: Buffer.from('één\n'),
    });
    expect(await smis.opened(JSON.parse(out).id, 'sms')).to.include({ text: 'één' });
    const broken = await run(['--to', '+32470000001', '--text', '-'], { stdin: Buffer.from([0xff]) });
    expect(broken.code).to.equal(2);
  });

  it('finds the SMIS of a running demo, and keeps its key from others', async () => {
    const file = join(folder, 'run.json');
    const env = { CIVICLINE_RUN_FILE: file };
    expect((await run(one, { env })).err).to.include('npm start');
    await writeFile(file, JSON.stringify({ gatewayUrl: 'x' }));
    expect((await run(one, { env })).code).to.equal(2);
    await writeFile(file, JSON.stringify({ messages: { url: smis.url, key: KEY, phonesUrl: 'http://phones' } }));
    expect((await run([...one, '--no-wait'], { env })).out).to.include('http://phones');
    const other = await run([...one, '--url', 'http://127.0.0.1:9'], { env });
    expect([other.code, other.err.includes('no key')]).to.deep.equal([2, true]);
  });

  it('says what it did not understand, without the number', async () => {
    const wrong = [
      ['--to', '+32470000001'],
      ['--text', 'x'],
      ['+32470000001'],
      ['--too', '+32470000001'],
      [...one, '--strategy', 'fax'],
      [...one, '--wait', 'long'],
      [...one, '--category', 'loud'],
      [...one, '--file', 'x.csv'],
      ['--to', '+3247', '--text', 'x'],
      ['--to', '0470000001', '--text', 'x'],
      ['--file', join(folder, 'missing.csv')],
      ['--file', join(folder, 'messages.xlsx')],
      [...one, '--url', 'nowhere'],
      [...one, '--country', 'XX'],
    ];
    for (const args of wrong) {
      const { code, err } = await run(args);
      expect(code, args.join(' ')).to.equal(2);
      expect(err).not.to.match(/3247|0470/);
    }
    expect((await run(['--help'])).out).to.include('--strategy');
    expect((await run([...one, '--key', 'wrong'])).code).to.equal(1);
  });

  it('speaks of its own options, and of --country where a number lacks its country code', async () => {
    const national = await run(['--to', '0470', '--text', 'x']);
    expect(national.err).to.equal(
      'NUMBER_INVALID: --to is not a phone number with its country code, such as +32\n' +
        'A number without country code needs --country, such as --country BE.\n',
    );
    const international = await run(['--to', '+32 470', '--text', 'x']);
    expect(international.err).to.match(/^NUMBER_INVALID: --to .*\n$/);
    expect((await run(['--to', '0470', '--text', 'x', '--country', 'BE'])).err).not.to.include('--country');
    for (const [option, value] of [
      ['from', 'Gemeente Gent'],
      ['expires', 'soon'],
      ['category', 'loud'],
      ['reference', 'x'.repeat(129)],
      ['strategy', 'email'],
    ] as const) {
      const { err } = await run([...one, `--${option}`, value]);
      expect(err)
        .to.match(new RegExp(`^[A-Z_]+: --${option} `))
        .and.not.to.match(/ \//);
    }
    expect((await run(['--email', 'a@b.be', '--text', ''])).err)
      .to.include('--text is empty')
      .and.include('--subject');
    const file = join(folder, 'messages.csv');
    await writeFile(file, 'to,text\n0470 00 00 01,x\n');
    expect((await run(['--file', file])).err)
      .to.include('message 1: NUMBER_INVALID')
      .and.include('needs --country');
  });

  it('sends a CSV file as a spreadsheet writes it', async () => {
    const file = join(folder, 'messages.csv');
    const lines = [
      '\ufeffPhone;Text;Reference',
      '0470 00 00 01;"Dag ""Jan""; tot\nmorgen";r-1',
      '',
      'wrong;x;r-2',
      '+31612345678;kort;r-3',
    ];
    await writeFile(file, lines.join('\r\n'));
    const { code, out, err } = await run(['--file', file, '--country', 'be', '--category', 'informative', '--json']);
    expect(code).to.equal(1);
    expect(err).to.match(/2 accepted, 1 refused, \d+\/s\n$/);
    const answers = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map(({ reference }) => reference)).to.deep.equal(['r-1', 'r-2', 'r-3']);
    expect(answers[1].problem.code).to.equal('NUMBER_INVALID');
    const text = 'Dag "Jan"; tot\nmorgen';
    expect(await smis.opened(answers[0].id, 'sms')).to.deep.equal({ to: '+32470000001', text });
    expect(smis.messages.get(answers[0].id)?.view.category).to.equal('informative');
  });

  it('sends a file of JSON lines', async () => {
    const file = join(folder, 'messages.ndjson');
    const lines = [
      '{"to":"+32470000001","text":"a"}',
      '{"to":{"email":"a@b.be"},"subject":"s","text":"b"}',
      '{"to":',
      '5',
      '{"to":"a@b.be","subject":"s","text":"c"}',
    ];
    await writeFile(file, lines.join('\n'));
    const { code, err } = await run(['--file', file]);
    expect(code).to.equal(1);
    expect(err).to.include('message 3: INPUT_INVALID').and.to.include('3 accepted, 2 refused');
  });

  it('refuses files that are none', async () => {
    const contents: [string, Buffer | string, RegExp][] = [
      ['a.csv', Buffer.from([0xff, 0xfe, 0x00]), /not UTF-8/],
      ['b.csv', 'to,text\n+32470000001,"open', /within quotes/],
      ['c.csv', 'to,number\n1,2', /column 2/],
      ['d.csv', 'to,text\n"a"b,c', /closing quote/],
      ['f.csv', 'to,text\nDag "Jan",c', /quote within a field/],
      ['e.csv', `to,text\n+32470000001,"${'x'.repeat(1_000_001)}`, /quote left open/],
    ];
    for (const [name, content, expected] of contents) {
      await writeFile(join(folder, name), content);
      const { code, err } = await run(['--file', join(folder, name)]);
      expect(code, name).to.equal(2);
      expect(err).to.match(expected);
    }
  });

  it('says how much of a file was sent when a later line is wrong, and invites to no repetition', async () => {
    const file = join(folder, 'messages.csv');
    // Long e-mails, so that batches are short.
    const rows = Array.from({ length: 340 }, (_, i) => `a@b.be,s,r-${i},${'x'.repeat(20_000)}`);
    await writeFile(file, ['email,subject,reference,text', ...rows, 'a@b.be,s,r,"a"b'].join('\n'));
    const { code, out, err } = await run(['--file', file, '--json']);
    const answers = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).to.equal(1);
    expect(answers.map(({ id }) => id)).to.deep.equal([...smis.messages.keys()]);
    expect(answers.length).to.be.within(200, 340);
    expect(err).to.include('closing quote').and.to.include(`The first ${answers.length} messages were sent`);
  });

  it('runs as a command', async () => {
    const bin = resolve(import.meta.dirname, '../../bin/civicline-send.mjs');
    const env = { ...process.env, CIVICLINE_URL: smis.url, CIVICLINE_KEY: KEY };
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...one, '--no-wait'], { env, cwd: folder });
    expect(stdout).to.match(/^accepted/);
  });
});

describe('CSV', () => {
  it('reads what was written, however the file is cut into chunks', async () => {
    const fields = fc.array(
      fc.array(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', 'é', ' ') }), { minLength: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(fields, fc.integer({ min: 1, max: 5 }), async (rows, size) => {
        const text = rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join('\n');
        const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
        const read: string[][] = [];
        for await (const row of rowsOf(
          (async function* () {
            yield* chunks;
          })(),
        ))
          read.push(row);
        expect(read).to.deep.equal(rows);
      }),
    );
  });

  it('takes the separator from the first line alone, and any line end', async () => {
    const files: [string, string[][]][] = [
      [
        'to;text\r\n1;a,b\tc\r\n',
        [
          ['to', 'text'],
          ['1', 'a,b\tc'],
        ],
      ],
      [
        'to\ttext\r1\ta;b',
        [
          ['to', 'text'],
          ['1', 'a;b'],
        ],
      ],
      ['text\n"a;b"\n\nc;d', [['text'], ['a;b'], ['c;d']]],
      ['', []],
    ];
    for (const [text, rows] of files) {
      const read: string[][] = [];
      for await (const row of rowsOf(
        (async function* () {
          yield text;
        })(),
      ))
        read.push(row);
      expect(read, text).to.deep.equal(rows);
    }
  });
});

describe('steps of a message', () => {
  const at = '2026-06-01T10:00:00Z';
  const view: MessageView = {
    ...{ id: '01900000-0000-7000-8000-000000000000', state: 'accepted', category: 'individual', urgency: 'normal' },
    ...{ createdAt: at, updatedAt: at, expiresAt: at, attempts: [] },
  };

  it('tells a fallback and an uncertain attempt', () => {
    const steps = stepsOf({
      ...view,
      state: 'delivered',
      attempts: [
        { channel: 'app', state: 'failed', reason: 'NO_DEVICE', updatedAt: at },
        { channel: 'sms', state: 'unknown', updatedAt: at },
        { channel: 'email', state: 'delivered', updatedAt: at },
      ],
    });
    expect(steps.map((step) => step.split(/ +/).slice(0, 2).join(' '))).to.deep.equal([
      'failed app,',
      'attempted sms',
      'unknown sms:',
      'attempted email',
      'delivered email',
    ]);
    expect(stepsOf({ ...view, state: 'deferred' })[0]).to.include('send window');
    expect(stepsOf({ ...view, state: 'cancelled' })).to.deep.equal(['cancelled']);
  });
});
