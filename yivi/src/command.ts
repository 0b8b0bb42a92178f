import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Sees each line that the command writes on standard error. */
  onLine?: (line: string) => void;
}

export class CommandFailed extends Error {
  readonly output: string;

  constructor(command: string, ending: string, output: string) {
    super(`${command} ${ending}${output ? `:\n${output}` : ''}`);
    this.name = 'CommandFailed';
    this.output = output;
  }
}

/**
 * Runs a program to its end and returns what it wrote on standard output. Ends the program when this process exits.
 * @throws CommandFailed with the last lines of its output, when it cannot be started or ends with an error.
 */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const { env, cwd, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const endChild = () => child.kill('SIGKILL');
    process.once('exit', endChild);
    const out: string[] = [];
    const lastLines: string[] = [];
    const remember = (line: string) => {
      lastLines.push(line);
      if (lastLines.length > 15) lastLines.shift();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    eachLine(child.stderr, (line) => {
      remember(line);
      onLine?.(line);
    });
    const fail = (ending: string) =>
      reject(
        new CommandFailed(command, ending, [...lastLines, ...out.join('').trim().split('\n').slice(-15)].join('\n')),
      );
    child.on('error', (error) => {
      process.off('exit', endChild);
      fail(`could not be started (${error.message})`);
    });
    child.on('close', (code, signal) => {
      process.off('exit', endChild);
      if (code === 0) resolve(out.join(''));
      else fail(signal ? `was ended by ${signal}` : `ended with status ${code}`);
    });
  });
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim()) onLine(line.trimEnd());
  });
  stream.on('end', () => {
    if (rest.trim()) onLine(rest.trimEnd());
  });
}

/** The absolute path of a program on the PATH, or null. */
export function findOnPath(program: string, path = process.env.PATH ?? ''): string | null {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, program);
    if (isExecutable(file)) return file;
  }
  return null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
